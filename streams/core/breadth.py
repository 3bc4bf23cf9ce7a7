"""Breadth: the share of a group of instruments that rose, fell, or beat a benchmark."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from streams.core.lines import Derived, Instrument, Store
from streams.core.returns import active_sign


class Breadth(Derived):
    """The share of the members that rose, fell, or beat a benchmark, over so many periods.

    ``direction`` is 1 for rose and beat, -1 for fell; without a benchmark a member is measured
    against its own earlier close.
    """

    def __init__(
        self,
        members: Sequence[Instrument],
        direction: int,
        periods: int,
        benchmark: Instrument | None = None,
    ) -> None:
        super().__init__((*members, benchmark) if benchmark else members)
        self.members = tuple(members)
        self._direction = direction
        self._span = periods
        self._benchmark = benchmark

    def has(self, period: int) -> bool:
        """See :class:`Line`: it needs the closes of ``periods`` of its periods before."""
        return super().has(period) and self.back(period, self._span) is not None

    @property
    def periods(self) -> Sequence[int]:
        """See :class:`Line`."""
        return self._periods[self._span :]

    def count(self, period: int) -> int:
        """How many of the members did."""
        base = self.back(period, self._span)
        assert base is not None
        if self._benchmark is None:
            grown, stood = 1, 1
        else:
            grown, stood = self._benchmark.micros(period), self._benchmark.micros(base)
        signs = (active_sign(m.micros(base), m.micros(period), stood, grown) for m in self.members)
        return sum(sign == self._direction for sign in signs)

    def value(self, period: int) -> Fraction:
        """The share, 0 to 1."""
        return Fraction(self.count(period), len(self.members))

    def value_until(self, period: int) -> int | None:
        """See :class:`Line`: up to the last period that looks back over the changed one."""
        at = bisect_left(self._periods, period) + self._span
        return self._periods[at] if at < len(self._periods) else None

    def over(self, closes: Store) -> Breadth:
        """See :class:`Line`."""
        members = [member.over(closes) for member in self.members]
        benchmark = self._benchmark and self._benchmark.over(closes)
        copy = Breadth(members, self._direction, self._span, benchmark)
        copy._periods = self._periods[:]
        return copy
