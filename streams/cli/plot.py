"""A picture of a pair: the ratio asset/benchmark over time, its streaks shaded."""

from __future__ import annotations

import datetime
import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.pictures.canvas import COLOURS, GREY, INK, Values, date_axis, dates, edges, figure
from alerts.pictures.canvas import line as draw_line
from alerts.pictures.canvas import look as look_of
from config.errors import UsageError
from streams.cli.options import counted
from streams.core.streaks import DIRECTION_NAMES, OUTPERFORMING, UNDERPERFORMING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BARS = {OUTPERFORMING: (0.975, 1.0), UNDERPERFORMING: (0.0, 0.025)}
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
    with needing_matplotlib(), figure(_INCHES, _DPI, "constrained") as made:
        axes = made.add_subplot()
        x = date_axis(axes, days)
        _shade(axes, x, streaks)
        _line(axes, x, ratio, label)
        _words(made, axes, title, source)
        _legend(axes, streaks)
        picture = io.BytesIO()
        made.savefig(picture, format=form, metadata={"Date": None} if form == "svg" else None)
    write_picture(path, picture.getvalue())


def write_picture(path: Path, data: bytes) -> None:
    """Write a picture; UsageError where the file cannot be written."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from None


@contextmanager
def needing_matplotlib() -> Iterator[None]:
    """Say how to get matplotlib, where it is not installed."""
    try:
        yield
    except ImportError:
        raise UsageError("pictures need matplotlib", "pip install 'streakwatch[plot]'") from None


def _form(path: Path) -> str:
    form = path.suffix.lower().removeprefix(".")
    if form not in ("png", "svg"):
        ending = f"a picture cannot end with {path.suffix!r}" if form else "it has no ending"
        raise UsageError(f"{path}: {ending}", "let the file's name end with .png or .svg")
    return form


def _shade(axes: Axes, x: Values, streaks: Sequence[Shade]) -> None:
    date2num = dates().date2num
    for number, streak in enumerate(streaks, 1):
        left, right = edges(x, date2num(streak.start), date2num(streak.end))
        colour, bar = COLOURS[streak.direction], _BARS[streak.direction]
        look = look_of(streak.direction)
        axes.axvspan(left, right, **look, lw=0.5, zorder=1, gid=f"streak-{number}")
        axes.axvspan(left, right, *bar, color=colour, lw=0.5, zorder=4)
        if streak.is_open:
            _mark(axes, left, right, _length(streak))


def _length(streak: Shade) -> str:
    timed = isinstance(streak.start, datetime.datetime)
    return counted(streak.length, "period" if timed else "session") + ", open"


def _mark(axes: Axes, left: float, right: float, text: str) -> None:
    axes.axvspan(left, right, fill=False, edgecolor=INK, lw=1.2, zorder=5, clip_on=False)
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
    look = {"lw": 1.4 if few else 0.9, "marker": "o" if few else "", "ms": 3}
    draw_line(axes, x, ratio, label, **look)


def _words(figure: Figure, axes: Axes, title: str, source: str) -> None:
    lines = textwrap.fill(title, _TITLE_COLUMNS)
    axes.set_title(lines, loc="left", pad=24, size=11, weight="bold")
    if source:
        figure.supxlabel(source, x=0.016, size=7, color=GREY, ha="left")


def _legend(axes: Axes, streaks: Sequence[Shade]) -> None:
    from matplotlib.patches import Patch

    present = {streak.direction for streak in streaks}
    shown = [way for way in (OUTPERFORMING, UNDERPERFORMING) if way in present]
    patches = [Patch(label=DIRECTION_NAMES[way], **look_of(way)) for way in shown]
    axes.legend(
        handles=patches,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.3,
        borderpad=0,
        frameon=False,
        ncols=2,
    )
