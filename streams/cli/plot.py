"""A picture of a pair: the ratio asset/benchmark over time, its streaks shaded."""

from __future__ import annotations

import datetime
import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from config.errors import UsageError
from streams.cli.options import counted
from streams.core.streaks import DIRECTION_NAMES, OUTPERFORMING, UNDERPERFORMING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = npt.NDArray[np.float64]

# Blue and vermillion of Okabe and Ito, "Color Universal Design" (2008), told apart with any colour
# vision. For grey printing each direction also has its own edge of the picture, and one a hatch.
_COLOURS = {OUTPERFORMING: "#0072B2", UNDERPERFORMING: "#D55E00"}
_HATCHES = {OUTPERFORMING: "", UNDERPERFORMING: "////"}
_BARS = {OUTPERFORMING: (0.975, 1.0), UNDERPERFORMING: (0.0, 0.025)}
_INK, _GREY = "#222222", "#666666"

# Only matplotlib's own defaults and these: no matplotlibrc of the folder or the user has a say.
_STYLE: Any = {
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.constrained_layout.w_pad": 0.12,
    "font.size": 9,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",  # text stays text: it can be found and read aloud
    "svg.hashsalt": "streakwatch",
    "text.color": _INK,
    "text.parse_math": False,  # a $ in a symbol begins no formula
    "timezone": "UTC",
    "xtick.color": _GREY,
    "ytick.color": _GREY,
}
_INCHES, _DPI = (8.0, 4.5), 150
_TITLE_COLUMNS = 72
_FEW = 60


@dataclass(frozen=True, slots=True)
class Shade:
    """A streak to shade: its first and last period, and what is told about it."""

    start: datetime.date
    end: datetime.date
    direction: int
    """+1 outperforming, -1 underperforming."""
    is_open: bool
    """Whether it still runs: it is drawn with an edge and its length."""
    length: int


def draw(
    path: Path,
    *,
    title: str,
    days: Sequence[datetime.date],
    ratio: Sequence[float],
    streaks: Sequence[Shade],
    label: str,
    source: str = "",
) -> None:
    """Write a picture of 1200 x 675 pixels, or an SVG that is the same bytes each time.

    All text is drawn as it is: a ``$`` begins no formula.

    Args:
        path: ends with .png or .svg; a file that is there is replaced.
        title: above the picture, on the left.
        days: the periods, ascending, at least one; dates, or all of them datetimes.
        ratio: asset / benchmark for each of the days.
        streaks: what to shade; the same kind of values as the days, and among them.
        label: of the ratio, such as RUT / SPX.
        source: small, below the picture; nothing if empty.

    Raises:
        UsageError: another ending, matplotlib is not installed, or the file cannot be written.
    """
    form = _form(path)
    with _matplotlib() as figure:
        axes = figure.add_subplot()
        x = _numbers(axes, days)
        _shade(axes, x, streaks)
        _line(axes, x, ratio, label)
        _words(figure, axes, title, source)
        _legend(axes, streaks)
        picture = io.BytesIO()
        figure.savefig(picture, format=form, metadata={"Date": None} if form == "svg" else None)
    try:
        path.write_bytes(picture.getvalue())
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from None


def _form(path: Path) -> str:
    form = path.suffix.lower().removeprefix(".")
    if form not in ("png", "svg"):
        ending = f"a picture cannot end with {path.suffix!r}" if form else "it has no ending"
        raise UsageError(f"{path}: {ending}", "let the file's name end with .png or .svg")
    return form


@contextmanager
def _matplotlib() -> Iterator[Figure]:
    """An empty figure in our own style; the settings are as before afterwards."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("pictures need matplotlib", "pip install 'streakwatch[plot]'") from None
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")


def _dates() -> Any:
    """matplotlib.dates, which has no types."""
    from matplotlib import dates

    return dates


def _numbers(axes: Axes, days: Sequence[datetime.date]) -> Values:
    """The days as numbers of matplotlib, with an axis of dates in the days' time zone."""
    dates = _dates()
    zone = getattr(days[0], "tzinfo", None)
    least = 5 if isinstance(days[0], datetime.datetime) else min(5, len(days))  # no hours of a date
    locator = dates.AutoDateLocator(tz=zone, minticks=least, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
    return np.asarray(dates.date2num(days), np.float64)


def _shade(axes: Axes, x: Values, streaks: Sequence[Shade]) -> None:
    date2num = _dates().date2num
    for number, streak in enumerate(streaks, 1):
        left, right = _edges(x, date2num(streak.start), date2num(streak.end))
        colour, bar = _COLOURS[streak.direction], _BARS[streak.direction]
        look = _look(streak.direction)
        axes.axvspan(left, right, **look, lw=0.5, zorder=1, gid=f"streak-{number}")
        axes.axvspan(left, right, *bar, color=colour, lw=0.5, zorder=4)
        if streak.is_open:
            _mark(axes, left, right, _length(streak))


def _look(direction: int) -> dict[str, Any]:
    colour = _COLOURS[direction]
    return {
        "facecolor": (colour, 0.22),
        "edgecolor": (colour, 0.55),
        "hatch": _HATCHES[direction],
    }


def _edges(x: Values, start: float, end: float) -> tuple[float, float]:
    """Halfway to the periods beside it, so that a streak of one period has a width."""
    half = _half_gaps(x)
    first, last = np.searchsorted(x, (start, end))
    return float(x[first] - half[first]), float(x[last] + half[last + 1])


def _half_gaps(x: Values) -> Values:
    """Half the gaps before the periods, and after the last: (n + 1,).

    None is larger than the median: a night or a week without trading belongs to no period.
    """
    if len(x) == 1:
        return np.full(2, 1.5)
    gaps = np.diff(x)
    return np.pad(np.minimum(gaps, np.median(gaps)) / 2, 1, mode="edge")


def _length(streak: Shade) -> str:
    timed = isinstance(streak.start, datetime.datetime)
    return counted(streak.length, "period" if timed else "session") + ", open"


def _mark(axes: Axes, left: float, right: float, text: str) -> None:
    axes.axvspan(left, right, fill=False, edgecolor=_INK, lw=1.2, zorder=5, clip_on=False)
    axes.annotate(
        text,
        (right, 1),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        weight="bold",
    )


def _line(axes: Axes, x: Values, ratio: Sequence[float], label: str) -> None:
    few = len(x) <= _FEW
    axes.plot(x, ratio, color=_INK, lw=1.4 if few else 0.9, marker="o" if few else "", ms=3)
    axes.set_xlim(*_edges(x, x[0], x[-1]))
    axes.margins(y=0.1)
    axes.set_ylabel(label)
    axes.grid(color="#DDDDDD", lw=0.6)
    axes.set_axisbelow(True)
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")


def _words(figure: Figure, axes: Axes, title: str, source: str) -> None:
    lines = textwrap.fill(title, _TITLE_COLUMNS)
    axes.set_title(lines, loc="left", pad=24, size=11, weight="bold")
    if source:
        figure.supxlabel(source, x=0.016, size=7, color=_GREY, ha="left")


def _legend(axes: Axes, streaks: Sequence[Shade]) -> None:
    from matplotlib.patches import Patch

    present = {streak.direction for streak in streaks}
    shown = [way for way in (OUTPERFORMING, UNDERPERFORMING) if way in present]
    patches = [Patch(label=DIRECTION_NAMES[way], **_look(way)) for way in shown]
    axes.legend(
        handles=patches,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.3,
        borderpad=0,
        frameon=False,
        ncols=2,
    )
