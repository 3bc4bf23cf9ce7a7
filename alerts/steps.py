"""One period of a pair, and what its milestones and those of a series share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from alerts.evidence import Missed
from config.scopes import Scope
from streams.core import periods
from streams.core.lines import Growing
from streams.core.pairs import Tracker
from streams.core.streaks import Streak, Turn
from streams.core.views import LevelView, PairView


@dataclass(frozen=True, slots=True)
class Step:
    """A pair after one period: its state, what the period did, and its legs."""

    tracker: Tracker
    turn: Turn
    view: PairView
    interval: str = "1d"

    @property
    def period(self) -> int:
        """The period."""
        assert self.tracker.last is not None
        return self.tracker.last

    @property
    def grown(self) -> Streak | None:
        """The streak that grew (or began) in the period."""
        return self.turn.running if self.turn.counted else None

    @property
    def previous(self) -> int:
        """The last common period before it, from which its returns go."""
        previous = self.view.last_before(self.period)
        assert previous is not None
        return previous

    def lead(self) -> Fraction:
        """The asset's return of the period minus the benchmark's, exactly."""
        previous, period = self.previous, self.period
        legs = (self.view.asset, self.view.benchmark)
        asset, benchmark = (Fraction(*leg.growth(previous, period)) for leg in legs)
        return asset - benchmark

    def active_return(self, streak: Streak) -> float:
        """The asset's return over a streak minus the benchmark's, a fraction."""
        legs = (self.view.asset, self.view.benchmark)
        asset, benchmark = (self.gain(leg, streak) for leg in legs)
        return asset - benchmark

    def gain(self, leg: Growing, streak: Streak, *, nights: bool = False) -> float:
        """A leg's simple return over a streak.

        Where nights are not counted they are left out, but for the year to date (``nights``).
        """
        gain = leg.gain(streak.base, streak.end)
        if nights or self.tracker.terms.nights is None:
            return gain
        growth, previous = 1 + gain, streak.base
        for period, _ in self.view.rows_after(streak.base):
            if period > streak.end:
                break
            if self.tracker.terms.passes_over(previous, period):
                growth /= 1 + leg.gain(previous, period)
            previous = period
        return growth - 1


def scope_start(scope: Scope, period: int, interval: str) -> int | None:
    """The first period of a scope as seen from a period; None for all history."""
    start = scope.start(periods.to_date(period, interval))
    return None if start is None else periods.from_date(start, interval)


def honest(scope: Scope, since: int | None, first: int | None, interval: str) -> str:
    """The scope that can be vouched for: nothing before the first period that is known."""
    assert first is not None
    is_known = since is not None and since >= first
    return str(scope) if is_known else f"since {periods.to_text(first, interval)}"


#: How many periods without a value, and symbols without a close, an alert lists.
MOST_LISTED = 20


def absent(
    missing: Sequence[int], view: PairView | LevelView, interval: str
) -> tuple[tuple[Missed, ...], int]:
    """The periods that are missing with who has no close, as far as they are listed; how many
    more there are."""
    listed = tuple(_absent(period, view, interval) for period in missing[:MOST_LISTED])
    return listed, len(missing) - len(listed)


def _absent(period: int, view: PairView | LevelView, interval: str) -> Missed:
    symbols = view.lacking(period)
    more = max(0, len(symbols) - MOST_LISTED)
    return Missed(periods.to_text(period, interval), symbols[:MOST_LISTED], more)
