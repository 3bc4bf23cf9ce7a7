"""Baskets: several instruments as one series that can be the leg of a pair."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import fsum, prod

import numpy as np
import numpy.typing as npt

from streams.core.lines import Derived, Exact, Growing, Instrument, Levels, Store
from streams.core.prices import SCALE
from streams.core.returns import active_sign

#: What a basket's index is at its first period.
BASE_LEVEL = 100

# An estimate of one step's growth has at most seven roundings, each of relative size 2**-53; over
# at most 60 steps of a chain that is below 2**-44.
_CERTAIN, _MOST_STEPS = 2.0**-44, 60


class Basket(Derived, ABC):
    """What the baskets share: members that are instruments."""

    def __init__(self, members: Sequence[Instrument]) -> None:
        super().__init__(members)
        self.members = tuple(members)

    def growth_until(self, period: int) -> int | None:
        """See :class:`Growing`."""
        return period

    def gain(self, previous: int, period: int) -> float:
        """See :class:`Growing`."""
        return float(self.value(period) / self.value(previous) - 1)

    @abstractmethod
    def value(self, period: int) -> Fraction:
        """See :class:`Line`."""

    def _columns(self) -> npt.NDArray[np.float64]:
        """The members' closes at the basket's periods, micro-units, shape (members, periods)."""
        wanted = np.array(self._periods, np.int64)
        columns = []
        for member in self.members:
            at = np.searchsorted(np.array(member.periods, np.int64), wanted)
            columns.append(member.levels()[at])
        return np.array(columns)


class PriceWeighted(Basket):
    """The sum of the members' closes."""

    def value(self, period: int) -> Fraction:
        """The sum of the closes, in the units of price."""
        return Fraction(self._sum(period), SCALE)

    def levels(self) -> Levels:
        """See :class:`Growing`."""
        return np.asarray(self._columns().sum(axis=0))

    def growth(self, previous: int, period: int) -> tuple[Exact, Exact]:
        """See :class:`Growing`."""
        return self._sum(period), self._sum(previous)

    def over(self, closes: Store) -> PriceWeighted:
        """See :class:`Line`."""
        copy = PriceWeighted([member.over(closes) for member in self.members])
        copy._periods = self._periods[:]
        return copy

    def _sum(self, period: int) -> int:
        return sum(member.micros(period) for member in self.members)


class FixedWeight(Basket):
    """Holdings bought in fixed weights on the first of its periods from a date on, and kept.

    Args:
        weights: of the members, positive; they are taken as shares of their sum.
        as_of: the date's first period.
    """

    def __init__(
        self, members: Sequence[Instrument], weights: Sequence[Fraction], as_of: int
    ) -> None:
        super().__init__(members)
        self._weights = tuple(weight / sum(weights) for weight in weights)
        self._as_of = as_of

    def value(self, period: int) -> Fraction:
        """The worth of the holdings, 100 on the day on which they were bought."""
        return BASE_LEVEL * Fraction(self._worth(period))

    def levels(self) -> Levels:
        """See :class:`Growing`."""
        columns = self._columns()
        if not len(self._periods):
            return columns.reshape(0)
        weights = np.array([float(weight) for weight in self._weights])
        return np.asarray((weights / columns[:, 0]) @ columns * BASE_LEVEL)

    def growth(self, previous: int, period: int) -> tuple[Exact, Exact]:
        """See :class:`Growing`."""
        return self._worth(period), self._worth(previous)

    def value_until(self, period: int) -> int | None:
        """See :class:`Line`; everything hangs on the day on which it was bought."""
        return None if self.bends(period) else period

    growth_until = value_until

    def bends(self, period: int) -> bool:
        """See :class:`Line`."""
        return bool(self._periods) and period == self._periods[0]

    def over(self, closes: Store) -> FixedWeight:
        """See :class:`Line`."""
        members = [member.over(closes) for member in self.members]
        copy = FixedWeight(members, self._weights, self._as_of)
        copy._periods = self._periods[:]
        return copy

    def _complete(self, period: int) -> bool:
        return period >= self._as_of and super()._complete(period)

    def _worth(self, period: int) -> Fraction:
        bought = self._periods[0]
        held = zip(self._weights, self.members, strict=True)
        return sum(
            (w * Fraction(m.micros(period), m.micros(bought)) for w, m in held), start=Fraction(0)
        )


class EqualWeight(Basket):
    """Equal weights, restored at each of its periods: the mean of the members' returns."""

    def __init__(self, members: Sequence[Instrument]) -> None:
        super().__init__(members)
        self._chain = array("d")

    def settle(self, period: int) -> None:
        """See :class:`Line`."""
        super().settle(period)
        del self._chain[bisect_left(self._periods, period) :]

    def load(self) -> None:
        """See :class:`Derived`."""
        super().load()
        del self._chain[:]

    def value(self, period: int) -> Fraction:
        """The chained index, 100 at its first period, to eleven figures: what the roundings of a
        long chain add is less, and must make no new high of a value that only came back."""
        return Fraction(f"{self._level(period):.11g}")

    def levels(self) -> Levels:
        """See :class:`Growing`."""
        return np.array(self._linked(), np.float64)

    def growth(self, previous: int, period: int) -> tuple[Exact, Exact]:
        """See :class:`Growing`: the product of the mean growths of each step between the two."""
        steps = self._steps(previous, period)
        growths = [
            sum((Fraction(m.micros(p1), m.micros(p0)) for m in self.members), start=Fraction(0))
            for p0, p1 in steps
        ]
        return prod(growths, start=Fraction(1)), len(self.members) ** len(steps)

    def estimate(self, previous: int, period: int) -> float | None:
        """The growth in float64, right to within 2**-44 of itself; None where there are too many
        steps for that."""
        steps = self._steps(previous, period)
        if len(steps) > _MOST_STEPS:
            return None
        return prod((self._mean(*step) for step in steps), start=1.0)

    def value_until(self, period: int) -> int | None:
        """See :class:`Line`."""
        return None

    bends = Basket.knows

    def over(self, closes: Store) -> EqualWeight:
        """See :class:`Line`."""
        copy = EqualWeight([member.over(closes) for member in self.members])
        copy._periods = self._periods[:]
        return copy

    def gain(self, previous: int, period: int) -> float:
        """See :class:`Growing`."""
        return self._level(period) / self._level(previous) - 1

    def _level(self, period: int) -> float:
        return self._linked()[bisect_left(self._periods, period)]

    def _mean(self, p0: int, p1: int) -> float:
        return fsum(m.micros(p1) / m.micros(p0) for m in self.members) / len(self.members)

    def _steps(self, previous: int, period: int) -> list[tuple[int, int]]:
        first, last = bisect_left(self._periods, previous), bisect_left(self._periods, period)
        own = [*self._periods[first:last], period]
        return list(pairwise(own))

    def _linked(self) -> array[float]:
        """The index at each period; what is known already is only gone on with."""
        chain, own = self._chain, self._periods
        if not chain and own:
            chain.append(float(BASE_LEVEL))
        for at in range(len(chain), len(own)):
            chain.append(chain[-1] * self._mean(own[at - 1], own[at]))
        return chain


def active(
    asset: Growing, benchmark: Growing, previous: int, period: int, steps: int | None
) -> int:
    """The sign of a pair's active return between two periods that both legs have, exactly.

    ``steps`` as in :func:`streams.core.returns.active_sign`.
    """
    if steps is None:
        sign = _estimated(asset, benchmark, previous, period)
        if sign:
            return sign
    a1, a0 = asset.growth(previous, period)
    b1, b0 = benchmark.growth(previous, period)
    return active_sign(a0, a1, b0, b1, steps)


def _estimated(asset: Growing, benchmark: Growing, previous: int, period: int) -> int:
    """The sign where an estimate decides it, else 0; only for what is costly to know exactly."""
    if not isinstance(asset, EqualWeight) and not isinstance(benchmark, EqualWeight):
        return 0
    grown = [_estimate(leg, previous, period) for leg in (asset, benchmark)]
    if grown[0] is None or grown[1] is None:
        return 0
    difference = grown[0] - grown[1]
    if abs(difference) <= 2 * _CERTAIN * (grown[0] + grown[1]):
        return 0
    return 1 if difference > 0 else -1


def _estimate(leg: Growing, previous: int, period: int) -> float | None:
    if isinstance(leg, EqualWeight):
        return leg.estimate(previous, period)
    grown, stood = leg.growth(previous, period)
    return float(Fraction(grown) / Fraction(stood))
