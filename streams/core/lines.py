"""Lines: series derived live from closes. A line has one number for each of its periods.

An instrument's line is its closes. A derived line (a basket, a ratio, a spread, a breadth) has a
period as soon as all of its parts have it. Values are exact (``Fraction``, in the series' own
units); only the level of an equal-weight basket, a chain of many growths, is held in float64.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from streams.core.prices import SCALE
from streams.core.returns import simple_return
from streams.core.series import Closes

Store = Mapping[str, Closes]
Levels = npt.NDArray[np.float64]
Exact = int | Fraction


class Line(Protocol):
    """A series over closes; periods as in :mod:`streams.core.periods`, ascending."""

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols whose closes the series needs."""
        ...

    @property
    def periods(self) -> Sequence[int]:
        """The periods that it has a value for, ascending."""
        ...

    def has(self, period: int) -> bool:
        """Whether it has a value for a period."""
        ...

    def value(self, period: int) -> Fraction:
        """The value of a period that it has, exactly, in its own units."""
        ...

    def knows(self, period: int) -> bool:
        """Whether all that it is made of has a period."""
        ...

    def bends(self, period: int) -> bool:
        """Whether values of other periods, or growths across this one, depend on it."""
        ...

    def lacking(self, period: int) -> frozenset[str]:
        """The symbols that have no close for a period."""
        ...

    def settle(self, period: int) -> None:
        """Take note that a close of ``period`` is new, changed, or gone."""
        ...

    def value_until(self, period: int) -> int | None:
        """The last period whose value a change in ``period`` can touch; None for the end."""
        ...

    def over(self, closes: Store) -> Line:
        """The same line, with the periods that it has now, over other closes."""
        ...


class Growing(Line, Protocol):
    """A line that can be a leg of a pair: it has returns."""

    def growth(self, previous: int, period: int) -> tuple[Exact, Exact]:
        """The growth from one of its periods to a later one, as an exact quotient.

        ``period`` itself may lie ahead of what the line has settled, if its parts have it.
        """
        ...

    def gain(self, previous: int, period: int) -> float:
        """The simple return from one of its periods to a later one, for display."""
        ...

    def levels(self) -> Levels:
        """All values as float64, shape (len(periods),), up to one constant factor."""
        ...

    def growth_until(self, period: int) -> int | None:
        """The last period to which a growth may change by a change in ``period``, beside the next.

        None for the end.
        """
        ...


def has(periods: Sequence[int], period: int) -> bool:
    """Whether an ascending sequence has a period."""
    at = bisect_left(periods, period)
    return at < len(periods) and periods[at] == period


class Instrument:
    """The closes of one symbol."""

    def __init__(self, symbol: str, closes: Store) -> None:
        self.symbol = symbol
        self.symbols = frozenset({symbol})
        self.closes = closes[symbol]

    @property
    def periods(self) -> Sequence[int]:
        """See :class:`Line`."""
        return self.closes.periods

    def has(self, period: int) -> bool:
        """See :class:`Line`."""
        return self.closes.get(period) is not None

    def micros(self, period: int) -> int:
        """The close in micro-units."""
        return self.closes[period]

    def value(self, period: int) -> Fraction:
        """See :class:`Line`."""
        return Fraction(self.closes[period], SCALE)

    def levels(self) -> Levels:
        """See :class:`Growing`."""
        return self.closes.columns()[1].astype(np.float64)

    knows = has

    def bends(self, period: int) -> bool:
        """See :class:`Line`."""
        return False

    def lacking(self, period: int) -> frozenset[str]:
        """See :class:`Line`."""
        return frozenset() if self.has(period) else self.symbols

    def settle(self, period: int) -> None:
        """See :class:`Line`: it looks at the closes themselves."""

    def value_until(self, period: int) -> int | None:
        """See :class:`Line`."""
        return period

    growth_until = value_until

    def growth(self, previous: int, period: int) -> tuple[Exact, Exact]:
        """See :class:`Growing`."""
        return self.closes[period], self.closes[previous]

    def gain(self, previous: int, period: int) -> float:
        """See :class:`Growing`."""
        return simple_return(self.closes[previous], self.closes[period])

    def over(self, closes: Store) -> Instrument:
        """See :class:`Line`."""
        return Instrument(self.symbol, closes)


class Derived:
    """A line over other lines: the periods that all of its parts have."""

    def __init__(self, parts: Sequence[Line]) -> None:
        self.parts = tuple(parts)
        self.symbols = frozenset[str]().union(*(part.symbols for part in parts))
        self._periods = array("q")
        self._lacking = 0

    @property
    def periods(self) -> Sequence[int]:
        """See :class:`Line`."""
        return self._periods

    def has(self, period: int) -> bool:
        """See :class:`Line`."""
        return has(self._periods, period)

    def knows(self, period: int) -> bool:
        """See :class:`Line`."""
        return has(self._periods, period)

    def bends(self, period: int) -> bool:
        """See :class:`Line`."""
        return any(part.bends(period) for part in self.parts)

    def lacking(self, period: int) -> frozenset[str]:
        """See :class:`Line`."""
        return frozenset[str]().union(*(part.lacking(period) for part in self.parts))

    def settle(self, period: int) -> None:
        """See :class:`Line`."""
        at = bisect_left(self._periods, period)
        known = at < len(self._periods) and self._periods[at] == period
        if self._complete(period):
            if not known:
                self._periods.insert(at, period)
        elif known:
            del self._periods[at]

    def value_until(self, period: int) -> int | None:
        """See :class:`Line`."""
        return period

    def load(self) -> None:
        """Take up all periods that the parts have; for a line over closes that are there."""
        self._periods = array("q", filter(self._complete, self.parts[0].periods))

    def back(self, period: int, steps: int) -> int | None:
        """The period so many of its own before one; None where it has not as many."""
        at = bisect_left(self._periods, period) - steps
        return self._periods[at] if at >= 0 else None

    def _complete(self, period: int) -> bool:
        """Whether all parts have a period; the part that was missing last is asked first."""
        parts = self.parts
        for ahead in range(len(parts)):
            at = (self._lacking + ahead) % len(parts)
            if not parts[at].has(period):
                self._lacking = at
                return False
        return True


class Combined(Derived):
    """Ratio or spread: two lines, period by period."""

    def __init__(self, over: Line, under: Line, *, divide: bool) -> None:
        super().__init__((over, under))
        self._divide = divide

    def settle(self, period: int) -> None:
        """See :class:`Line`; the parts of a copy are its own."""
        for part in self.parts:
            part.settle(period)
        super().settle(period)

    def value(self, period: int) -> Fraction:
        """``over / under``, or ``over - under``."""
        over, under = (part.value(period) for part in self.parts)
        return over / under if self._divide else over - under

    def value_until(self, period: int) -> int | None:
        """See :class:`Line`."""
        untils = [part.value_until(period) for part in self.parts]
        return None if None in untils else max(until for until in untils if until is not None)

    def over(self, closes: Store) -> Combined:
        """See :class:`Line`."""
        over, under = (part.over(closes) for part in self.parts)
        copy = Combined(over, under, divide=self._divide)
        copy._periods = self._periods[:]
        return copy


class Lines(dict[str, Any]):
    """Lines by name; a name that is not there yet becomes an instrument of its own closes."""

    def __init__(self) -> None:
        super().__init__()
        self.closes: dict[str, Closes] = {}

    def __missing__(self, symbol: str) -> Instrument:
        self.need(symbol)
        self[symbol] = Instrument(symbol, self.closes)
        return self[symbol]  # type: ignore[no-any-return]

    def need(self, name: str) -> frozenset[str]:
        """The symbols that a line needs; those that nothing has needed yet are added."""
        if name in self:
            return self[name].symbols  # type: ignore[no-any-return]
        if name not in self.closes:
            self.closes[name] = Closes()
        return frozenset({name})
