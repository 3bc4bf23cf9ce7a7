"""Which milestones one period brought: a pure function of the rules and the pair's state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alerts.model import Holder, Kind, Milestone
from config.watchlists import EndedRule, RecordRule, Rule, Scope, ThresholdRule
from streams.core import periods
from streams.core.book import Entry
from streams.core.pairs import Tracker
from streams.core.streaks import Streak, Turn

_STRENGTH = {kind: rank for rank, kind in enumerate(Kind)}


def holder(entry: Entry) -> Holder:
    """A book's entry with dates."""
    return Holder(
        entry.length, periods.to_date(entry.start), periods.to_date(entry.end), entry.source
    )


def milestones(
    rules: Iterable[Rule], tracker: Tracker, turn: Turn, min_history: int
) -> list[tuple[Streak, Milestone]]:
    """The milestones of the period that ``turn`` describes, strongest first.

    Args:
        rules: of the watchlist.
        tracker: the pair after that period.
        turn: what the period did.
        min_history: active returns that must be known (or a seed) before a record is claimed.
    """
    found = [pair for rule in rules for pair in _of_rule(rule, tracker, turn, min_history)]
    found.sort(key=lambda pair: (_STRENGTH[pair[1].kind], _since(pair[1]), -pair[1].level))
    return list(dict.fromkeys(found))


def _of_rule(
    rule: Rule, tracker: Tracker, turn: Turn, min_history: int
) -> Iterator[tuple[Streak, Milestone]]:
    streak = turn.ended if isinstance(rule, EndedRule) else _grown(turn)
    if streak is None or rule.direction not in ("any", streak.direction_name):
        return
    match rule:
        case ThresholdRule():
            if streak.length in rule.at:
                yield streak, Milestone(Kind.THRESHOLD, streak.length)
        case RecordRule():
            yield from ((streak, m) for m in _records(rule, streak, tracker, min_history))
        case EndedRule():
            if streak.length >= rule.min_length:
                yield streak, Milestone(Kind.ENDED, streak.length)


def _grown(turn: Turn) -> Streak | None:
    return turn.running if turn.counted else None


def enough_history(
    tracker: Tracker, streak: Streak, min_history: int, since: int | None = None
) -> bool:
    """Whether a record since a period may be claimed: enough is known, or published."""
    return tracker.returns >= min_history or vouched(tracker, streak, since)


def vouched(tracker: Tracker, streak: Streak, since: int | None = None) -> bool:
    """Whether the published records since a period say something of streaks of this length."""
    shortest = tracker.terms.vouched_from(streak.direction)
    long_enough = shortest is not None and streak.length >= shortest
    return long_enough and bool(seeds(tracker, streak.direction, since))


def seeds(tracker: Tracker, direction: int, since: int | None = None) -> list[Entry]:
    """The published records since a period that precede the pair's first known one."""
    first = tracker.first
    assert first is not None
    published = (entry for way, entry in tracker.terms.seeds if way == direction)
    return [e for e in published if e.end < first and (since is None or e.end >= since)]


def _records(
    rule: RecordRule, streak: Streak, tracker: Tracker, min_history: int
) -> Iterator[Milestone]:
    for scope in rule.scopes:
        since = None if scope.since is None else periods.from_date(scope.since)
        record = tracker.books[streak.direction].record(since)
        if record is None or not enough_history(tracker, streak, min_history, since):
            continue
        name = str(scope) if vouched(tracker, streak, since) else _honest(scope, tracker)
        if "tied" in rule.on and streak.length == record.length:
            yield Milestone(Kind.RECORD_TIED, streak.length, name, holder(record))
        if "broken" in rule.on and streak.length == record.length + 1:
            yield Milestone(Kind.RECORD_BROKEN, streak.length, name, holder(record))


def _honest(scope: Scope, tracker: Tracker) -> str:
    """The scope that can be vouched for without a seed: nothing before the first period."""
    assert tracker.first is not None
    first = periods.to_date(tracker.first)
    return str(scope) if scope.since and scope.since >= first else f"since {first}"


def _since(milestone: Milestone) -> str:
    """Sorts the widest scope first: 'all', then the earliest date."""
    return "" if milestone.scope == "all" else milestone.scope
