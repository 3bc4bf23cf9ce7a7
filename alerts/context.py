"""What an alert rests on, computed from the pair's closes and its record book."""

from __future__ import annotations

from datetime import date

from alerts.milestones import enough_history, holder, seeds, vouched
from alerts.model import Evidence, Holder
from streams.core import periods
from streams.core.pairs import Tracker
from streams.core.returns import simple_return
from streams.core.streaks import Streak, Turn
from streams.core.watch import History


def evidence(
    tracker: Tracker, turn: Turn, streak: Streak, history: History, min_history: int
) -> Evidence:
    """The evidence for a milestone of ``streak``, which runs or has just ended.

    Args:
        tracker: the pair after the milestone's period.
        turn: what that period did.
        history: the pair's closes, up to that period at least.
        min_history: below so many known returns, and without a seed, no "longest since" is given.
    """
    assert tracker.first is not None
    (a0, b0), (a1, b1) = history.at(streak.base), history.at(streak.end)
    terms, published = tracker.terms, seeds(tracker, streak.direction)
    return Evidence(
        asset_return=simple_return(a0, a1),
        benchmark_return=simple_return(b0, b1),
        longest_since=_longest_since(tracker, streak, min_history),
        known_from=periods.to_date(tracker.first),
        known_returns=tracker.returns,
        begins_known=streak.base == tracker.first,
        ties=terms.ties.value,
        round_returns_to="" if terms.steps is None else f"1/{terms.steps}",
        seeds=tuple(dict.fromkeys(entry.source for entry in published)),
        missing=terms.missing.value,
        missed=_missed(tracker, streak, history),
        ended_by=turn.ended_by.value if streak == turn.ended else "",
    )


def active_return(history: History, streak: Streak) -> float:
    """The asset's simple return over a streak minus the benchmark's, a fraction."""
    (a0, b0), (a1, b1) = history.at(streak.base), history.at(streak.end)
    return simple_return(a0, a1) - simple_return(b0, b1)


def _missed(tracker: Tracker, streak: Streak, history: History) -> tuple[date, ...]:
    """The sessions from base to end for which a leg has no close."""
    inner = periods.between(tracker.terms.sessions, streak.base, streak.end)
    known = set(history.within(streak.base, streak.end)) if inner else set()
    return tuple(periods.to_date(session) for session in inner if session not in known)


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
