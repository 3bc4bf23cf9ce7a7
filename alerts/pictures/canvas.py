"""What all our pictures share: style, colours of the directions, an axis of dates, shades."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from streams.core import periods
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = npt.NDArray[np.float64]

# Blue and vermillion of Okabe and Ito, "Color Universal Design" (2008), told apart with any colour
# vision. For grey printing each direction also has its own edge of the picture, and one a hatch.
COLOURS = {OUTPERFORMING: "#0072B2", UNDERPERFORMING: "#D55E00"}
_HATCHES = {OUTPERFORMING: "", UNDERPERFORMING: "////"}
INK, GREY, PALE = "#222222", "#666666", "#DDDDDD"

# Only matplotlib's own defaults and these: no matplotlibrc of the folder or the user has a say.
_STYLE: Any = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.constrained_layout.w_pad": 0.12,
    "font.size": 9,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",  # text stays text: it can be found and read aloud
    "svg.hashsalt": "streakwatch",
    "text.color": INK,
    "text.parse_math": False,  # a $ in a symbol begins no formula
    "timezone": "UTC",
    "xtick.color": GREY,
    "ytick.color": GREY,
}


@contextmanager
def figure(inches: tuple[float, float], dpi: int, layout: str = "none") -> Iterator[Figure]:
    """An empty figure in our own style; matplotlib's settings are as before afterwards.

    They are those of the whole process: only one thread at a time may be in here.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield Figure(figsize=inches, dpi=dpi, layout=layout)  # type: ignore[arg-type]


def dates() -> Any:
    """matplotlib.dates, which has no types."""
    from matplotlib import dates

    return dates


def date_axis(axes: Axes, days: Sequence[datetime.date], most: int = 9) -> Values:
    """The days as numbers of matplotlib, with an axis of dates in the days' time zone.

    Args:
        days: ascending, at least one; dates, or all of them datetimes.
        most: so many ticks at most.
    """
    of = dates()
    zone = getattr(days[0], "tzinfo", None)
    least = 5 if isinstance(days[0], datetime.datetime) else min(5, len(days))  # no hours of a date
    locator = of.AutoDateLocator(tz=zone, minticks=min(least, most), maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(of.ConciseDateFormatter(locator, tz=zone))
    return np.asarray(of.date2num(days), np.float64)


def moment(period: int, interval: str) -> datetime.date:
    """A period as a date, or as a datetime in UTC where it is shorter than a day."""
    if interval == "1d":
        return periods.to_date(period)
    return datetime.datetime.fromtimestamp(period * 60, datetime.UTC)


def look(direction: int) -> dict[str, Any]:
    """How a streak of a direction is shaded."""
    colour = COLOURS[direction]
    return {
        "facecolor": (colour, 0.22),
        "edgecolor": (colour, 0.55),
        "hatch": _HATCHES[direction],
    }


def edges(x: Values, start: float, end: float) -> tuple[float, float]:
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


def line(axes: Axes, x: Values, ratio: Sequence[float], label: str, **look: Any) -> None:
    """The ratio over time, with a grid and plain numbers."""
    axes.plot(x, ratio, color=INK, **look)
    axes.set_xlim(*edges(x, x[0], x[-1]))
    axes.margins(y=0.1)
    axes.set_ylabel(label)
    axes.grid(color=PALE, lw=0.6)
    axes.set_axisbelow(True)
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
