"""The labels of axes as a locale writes them; who imports this needs matplotlib."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import Formatter

from alerts.words.locales import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = re.compile("|".join(_ENGLISH))


def localise(axes: Axes, style: Style) -> None:
    """Write the dates of the one axis and the numbers of the other in a style.

    What is to be written, and where, stays with the formatters that the axes have.
    """
    named = dict(zip(_ENGLISH, style.months, strict=True))
    _rewrite(axes.xaxis, lambda label: _MONTH.sub(lambda found: named[found[0]], label))
    _rewrite(axes.yaxis, style.number)


def _rewrite(axis: Axis, write: Callable[[str], str]) -> None:
    axis.set_major_formatter(_Rewritten(axis.get_major_formatter(), write))


class _Rewritten(Formatter):
    """The labels of another formatter, written otherwise."""

    def __init__(self, plain: Formatter, write: Callable[[str], str]) -> None:
        self._plain, self._write = plain, write

    def set_axis(self, axis: Any) -> None:
        super().set_axis(axis)
        self._plain.set_axis(axis)

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self._write(self._plain(x, pos))

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        return [self._write(label) for label in self._plain.format_ticks(list(values))]

    def get_offset(self) -> str:
        return self._write(self._plain.get_offset())
