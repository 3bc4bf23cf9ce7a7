"""Views: a pair or a series as its lines have it now, period by period and as a whole."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.core.baskets import active
from streams.core.lines import Growing, Instrument, Line, Store
from streams.core.returns import Signs, active_signs
from streams.core.series import Closes, common

# The levels of a basket of at most 2**10 members are right to within 2**-42 of themselves, each
# relative to those beside it; that of a product of two is twice that.
_CERTAIN = 2.0**-40

# Signs are found one by one for a few periods, and in arrays of a block for more.
_FEW, _BLOCK = 8, 256


@dataclass(frozen=True, slots=True)
class History:
    """The levels of a pair at its common periods, ascending: three arrays of one shape (n,).

    Levels are float64, up to one constant factor for each leg; closes are in micro-units.
    """

    periods: npt.NDArray[np.int64]
    asset: npt.NDArray[np.float64]
    benchmark: npt.NDArray[np.float64]

    def index(self, period: int) -> int:
        """Where a period that the history has stands in it."""
        return int(self.periods.searchsorted(period))


@dataclass(frozen=True, slots=True)
class PairView:
    """A pair's legs as they are; ``steps`` rounds returns to 1/steps."""

    asset: Growing
    benchmark: Growing
    steps: int | None = None

    def touched(self, period: int) -> bool:
        """Whether a change in a period is one of the pair: both legs have it, or one of them
        goes on from it to periods that both have."""
        bends = self.asset.bends(period) or self.benchmark.bends(period)
        return bends or self.reached(period)

    def reached(self, period: int) -> bool:
        """Whether both legs have a period."""
        return self.asset.has(period) and self.benchmark.has(period)

    def rows_after(self, period: int | None) -> Iterator[tuple[int, int]]:
        """The common periods after one, each with the sign of its active return.

        Without a period, all of them; the first then has the sign 0.
        """
        later = self.asset.periods
        later = later[0 if period is None else bisect_right(later, period) :]
        asset, benchmark = self.asset, self.benchmark
        if (
            len(later) > _FEW
            and isinstance(asset, Instrument)
            and isinstance(benchmark, Instrument)
        ):
            return self._in_blocks(asset.closes, benchmark.closes, period, later)
        return self._one_by_one(period, later)

    def _one_by_one(self, previous: int | None, later: Sequence[int]) -> Iterator[tuple[int, int]]:
        for period in later:
            if self.benchmark.has(period):
                yield period, self.sign(previous, period)
                previous = period

    def _in_blocks(
        self, asset: Closes, benchmark: Closes, previous: int | None, later: Sequence[int]
    ) -> Iterator[tuple[int, int]]:
        """The same in arrays, for instruments; whoever reads it may stop early."""
        for at in range(0, len(later), _BLOCK):
            first = later[at] if previous is None else previous
            last = later[min(at + _BLOCK, len(later)) - 1]
            days, mine, other = common(asset, benchmark, first, last)
            signs = active_signs(mine, other, self.steps).tolist()
            block = days.tolist()
            if previous is None and block:
                yield block[0], 0
            yield from zip(block[1:], signs, strict=True)
            previous = block[-1] if block else previous

    def sign(self, previous: int | None, period: int) -> int:
        """The sign of the active return between two common periods, exactly; 0 for the first."""
        if previous is None:
            return 0
        return active(self.asset, self.benchmark, previous, period, self.steps)

    def signs(self, history: History) -> Signs:
        """The signs of all active returns of a history of this pair, exactly: int8, (n - 1,)."""
        if isinstance(self.asset, Instrument) and isinstance(self.benchmark, Instrument):
            asset, benchmark = (h.astype(np.int64) for h in (history.asset, history.benchmark))
            return active_signs(asset, benchmark, self.steps)
        days = history.periods.tolist()
        signs = np.zeros(max(0, len(days) - 1), np.int8)
        unsure: npt.NDArray[np.intp] = np.arange(len(signs))
        if self.steps is None and len(days) > 1:
            left = history.asset[1:] * history.benchmark[:-1]
            right = history.benchmark[1:] * history.asset[:-1]
            signs = np.sign(left - right).astype(np.int8)
            unsure = np.flatnonzero(np.abs(left - right) <= _CERTAIN * (left + right))
        signs[unsure] = [self.sign(days[at], days[at + 1]) for at in unsure.tolist()]
        return signs

    def last_before(self, period: int) -> int | None:
        """The last common period before one; None without."""
        periods = self.asset.periods
        for at in range(bisect_left(periods, period) - 1, -1, -1):
            if self.benchmark.has(periods[at]):
                return periods[at]
        return None

    def lacking(self, period: int) -> tuple[str, ...]:
        """The symbols that have no close for a period, in order."""
        symbols = {*self.asset.lacking(period), *self.benchmark.lacking(period)}
        return tuple(sorted(symbols))

    def until(self, period: int) -> int | None:
        """The last period whose return a change in ``period`` can touch, beside the next one."""
        return _latest(leg.growth_until(period) for leg in (self.asset, self.benchmark))

    def over(self, closes: Store, period: int) -> PairView:
        """The pair over other closes, which differ in a period."""
        asset: Any = self.asset.over(closes)
        benchmark: Any = self.benchmark.over(closes)
        asset.settle(period)
        benchmark.settle(period)
        return PairView(asset, benchmark, self.steps)

    def history(self, until: int | None = None) -> History:
        """The common periods up to one, included (without one: all), with the levels of both
        legs."""
        if isinstance(self.asset, Instrument) and isinstance(self.benchmark, Instrument):
            closes = common(self.asset.closes, self.benchmark.closes, None, until)
            periods, asset, benchmark = closes
            return History(periods, asset.astype(np.float64), benchmark.astype(np.float64))
        mine, other = (np.array(leg.periods, np.int64) for leg in (self.asset, self.benchmark))
        periods, at, other_at = np.intersect1d(mine, other, assume_unique=True, return_indices=True)
        end = len(periods) if until is None else int(periods.searchsorted(until, "right"))
        levels = self.asset.levels()[at[:end]], self.benchmark.levels()[other_at[:end]]
        return History(periods[:end], *levels)

    def ratio(self, period: int) -> float:
        """The asset's value over the benchmark's in a common period, as the nearest float64."""
        if isinstance(self.asset, Instrument) and isinstance(self.benchmark, Instrument):
            return self.asset.micros(period) / self.benchmark.micros(period)
        return float(self.asset.value(period) / self.benchmark.value(period))


@dataclass(frozen=True, slots=True)
class LevelView:
    """A series as it is."""

    line: Line

    def touched(self, period: int) -> bool:
        """Whether a change in a period is one of the series."""
        return self.line.knows(period) or self.line.bends(period)

    def reached(self, period: int) -> bool:
        """Whether the series may have gone on with a period."""
        return self.line.knows(period)

    def rows_after(self, period: int | None) -> Iterator[tuple[int, Fraction]]:
        """The periods of the series after one (without one: all), each with its value."""
        periods = self.line.periods
        for at in range(0 if period is None else bisect_right(periods, period), len(periods)):
            yield periods[at], self.line.value(periods[at])

    def last_before(self, period: int) -> int | None:
        """The last period of the series before one; None without."""
        periods = self.line.periods
        at = bisect_left(periods, period) - 1
        return periods[at] if at >= 0 else None

    def lacking(self, period: int) -> tuple[str, ...]:
        """The symbols that have no close for a period, in order."""
        return tuple(sorted(self.line.lacking(period)))

    def until(self, period: int) -> int | None:
        """The last period whose value a change in ``period`` can touch."""
        return self.line.value_until(period)

    def over(self, closes: Store, period: int) -> LevelView:
        """The series over other closes, which differ in a period."""
        line = self.line.over(closes)
        line.settle(period)
        return LevelView(line)


def _latest(periods: Iterator[int | None]) -> int | None:
    known = list(periods)
    return None if None in known else max(p for p in known if p is not None)
