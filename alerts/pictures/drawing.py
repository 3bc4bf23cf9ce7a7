"""The picture of an alert: a PNG for messages, and what it says in words."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from alerts.pictures import wording
from alerts.pictures.canvas import (
    COLOURS,
    GREY,
    INK,
    Values,
    date_axis,
    dates,
    edges,
    figure,
    line,
    look,
    moment,
)
from alerts.pictures.chart import Chart, Span
from alerts.words.locales import DEFAULT, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# 1200 x 750 pixels, shown 600 wide: sharp on dense screens. Type of 9 points is 16 pixels high
# there, and 9 on a telephone, which shows it 340 wide.
WIDTH = 600
_INCHES, _DPI = (4.8, 3.0), 250
_FRAME = {"left": 0.115, "right": 0.965, "bottom": 0.175, "top": 0.785}
_LEFT = 0.02
_MOST_DATES, _MOST_VALUES, _COLOURS_MOST = 6, 5, 128


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with its alternative text, and a name for its file: letters, digits and ``-``."""

    png: bytes
    text: str
    name: str


def picture(chart: Chart) -> Picture:
    """Draw a chart; one thread at a time.

    Raises:
        ImportError: matplotlib is not installed.
    """
    return Picture(draw(chart), wording.alternative(chart), name(chart))


def name(chart: Chart) -> str:
    """What the file is called: ``RUT-SPX-2026-01-22.png``."""
    end = moment(chart.periods[-1], chart.interval).isoformat()[:16]
    words = "-".join((*chart.symbols, end))
    return re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-") + ".png"


def draw(chart: Chart) -> bytes:
    """The PNG: the ratio, the streak shaded, the record before it hatched, the year's begin.

    Its ground is white and not transparent, so that it can be read on a dark one.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from alerts.pictures.localised import localise

    chart = _legible(chart)
    with figure(_INCHES, _DPI) as made:
        FigureCanvasAgg(made)
        axes = made.add_subplot()
        made.subplots_adjust(**_FRAME)
        x = date_axis(axes, [moment(p, chart.interval) for p in chart.periods], _MOST_DATES)
        axes.locator_params(axis="y", nbins=_MOST_VALUES)
        line(axes, x, chart.ratio, " / ".join(chart.symbols), lw=1.3, zorder=3)
        localise(axes, style(chart.locale))
        axes.plot(x[-1:], chart.ratio[-1:], "o", color=INK, ms=4, zorder=4, clip_on=False)
        _marks(axes, x, chart)
        _words(made, axes, chart)
        _make_room(made, axes)
        return _png(made)


def _marks(axes: Axes, x: Values, chart: Chart) -> None:
    """The streak and the record before it, each with its length above the frame.

    The one's label goes to the right, the other's to the left, so that they never meet.
    """
    colour, held, written = COLOURS[chart.direction], chart.seen_record, style(chart.locale)
    left, right = _ends(x, chart, chart.streak)
    axes.axvspan(left, right, **look(chart.direction), lw=0.5, zorder=1)
    if not chart.is_year:
        _label(axes, left, written.number(f"{chart.streak.length:,}"), ha="left", color=colour)
    if held is not None:
        left, right = _ends(x, chart, held)
        axes.axvspan(left, right, facecolor="none", edgecolor=(GREY, 0.6), hatch=r"\\\\", lw=0.5,
                     zorder=1)  # fmt: skip
        _label(axes, right, written.number(f"record {held.length:,}"), ha="right",
               color=GREY)  # fmt: skip
    if chart.year is not None and not chart.is_year:
        begin = dates().date2num(moment(chart.year, chart.interval))
        axes.axvline(edges(x, begin, begin)[0], color=GREY, lw=0.8, ls=(0, (4, 3)), zorder=2)


def _ends(x: Values, chart: Chart, span: Span) -> tuple[float, float]:
    """A span as numbers of the axis, as far as the chart goes."""
    date2num = dates().date2num
    first, last = (date2num(moment(p, chart.interval)) for p in (span.first, span.last))
    return edges(x, max(first, x[0]), min(last, x[-1]))


def _label(axes: Axes, at: float, text: str, **look: Any) -> None:
    axes.annotate(text, (at, 1), xycoords=axes.get_xaxis_transform(), xytext=(0, 3),
                  textcoords="offset points", size=9, weight="bold", **look)  # fmt: skip


def _words(made: Figure, axes: Axes, chart: Chart) -> None:
    """Above and below the frame; what is too long for the picture is drawn smaller."""
    both = zip(chart.names, chart.symbols, strict=True)
    title = " / ".join(name if _can_draw(name) else symbol for name, symbol in both)
    colour = COLOURS[chart.direction]
    texts = [
        made.text(_LEFT, 0.94, title, size=11, weight="bold", va="center"),
        made.text(_LEFT, 0.875, wording.told(chart), size=9, va="center", color=colour),
        made.text(_LEFT, 0.03, wording.record(chart), size=8, va="center", color=GREY),
    ]
    for text in texts:
        _fit(text, "width", made.bbox.width * (1 - 2 * _LEFT))
    _fit(axes.yaxis.label, "height", axes.bbox.height)


def _make_room(made: Figure, axes: Axes) -> None:
    """Let the numbers of the ratio, however long they are, begin at the left edge of the words."""
    canvas: Any = made.canvas
    box = axes.yaxis.get_tightbbox(canvas.get_renderer())
    assert box is not None
    made.subplots_adjust(left=_FRAME["left"] + _LEFT - box.x0 / made.bbox.width)


def _fit(text: Text, side: Literal["width", "height"], room: float) -> None:
    """Smaller until it fits: letters have whole pixels, so a text does not shrink as its type."""
    while (size := getattr(text.get_window_extent(), side)) > room:
        text.set_fontsize(float(text.get_fontsize()) * min(room / size, 0.97))


def _legible(chart: Chart) -> Chart:
    """The chart, in the default locale where our font lacks letters of its own."""
    words = (*style(chart.locale).months, wording.told(chart), wording.record(chart))
    return chart if _can_draw("".join(words)) else replace(chart, locale=DEFAULT)


def _can_draw(text: str) -> bool:
    """Whether our font has all the characters; it comes with matplotlib, and has no Chinese."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(weight="bold")))
    return all(font.get_char_index(ord(character)) for character in text)


def _png(made: Figure) -> bytes:
    """With a palette, which is a third of the size of full colour."""
    from PIL import Image

    canvas: Any = made.canvas
    canvas.draw()
    size = canvas.get_width_height()
    image = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    few = image.convert("RGB").quantize(_COLOURS_MOST, method=Image.Quantize.FASTOCTREE)
    png = io.BytesIO()
    few.save(png, "PNG", compress_level=6)
    return png.getvalue()
