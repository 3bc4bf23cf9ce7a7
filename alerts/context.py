"""What an alert rests on, computed from the pair's closes and its record book."""

from __future__ import annotations

from collections.abc import Callable

from alerts.milestones import enough_history, holder, seeds, vouched
from alerts.model import Evidence, Holder
from streams.core import periods
from streams.core.pairs import Tracker
from streams.core.returns import simple_return
from streams.core.streaks import Streak

ClosesAt = Callable[[int], tuple[int, int]]


def evidence(tracker: Tracker, streak: Streak, closes_at: ClosesAt, min_history: int) -> Evidence:
    """The evidence for a milestone of ``streak``, which runs or has just ended.

    Args:
        tracker: the pair after the milestone's period.
        closes_at: both closes (micro-units) of a common period.
        min_history: below so many known returns, and without a seed, no "longest since" is given.
    """
    assert tracker.first is not None
    (a0, b0), (a1, b1) = closes_at(streak.base), closes_at(streak.end)
    published = seeds(tracker, streak.direction)
    return Evidence(
        asset_return=simple_return(a0, a1),
        benchmark_return=simple_return(b0, b1),
        longest_since=_longest_since(tracker, streak, min_history),
        known_from=periods.to_date(tracker.first),
        known_returns=tracker.returns,
        begins_known=streak.base == tracker.first,
        ties=tracker.terms.ties.value,
        round_returns_to="" if tracker.terms.steps is None else f"1/{tracker.terms.steps}",
        seeds=tuple(dict.fromkeys(entry.source for entry in published)),
    )


def _longest_since(tracker: Tracker, streak: Streak, min_history: int) -> Holder | None:
    """The last streak at least as long, where the closes or the published records vouch for it."""
    runs = tracker.running is not None and tracker.running.start == streak.start
    book = tracker.books[streak.direction]
    entry = book.longest_since(streak.length) if runs else tracker.matched
    if entry is None or not enough_history(tracker, streak, min_history):
        return None
    assert tracker.first is not None
    is_known = entry.end >= tracker.first or vouched(tracker, streak)
    return holder(entry) if is_known else None
