"""Which milestones one period brought: a pure function of the rules and the pair's state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from alerts.model import Holder, Kind, Milestone
from config.watchlists import EndedRule, RecordRule, Rule, Scope, ThresholdRule
from streams.core import periods
from streams.core.book import Entry
from streams.core.pairs import Tracker
from streams.core.streaks import Streak, Turn

_STRENGTH = {kind: rank for rank, kind in enumerate(Kind)}

ActiveReturn = Callable[[Streak], float]


@dataclass(frozen=True, slots=True)
class Found:
    """A milestone of a streak; ``since`` is where its scope begins, None for all history."""

    streak: Streak
    milestone: Milestone
    since: int | None = None

    @property
    def order(self) -> tuple[int, float, int]:
        """The strongest first; of records that of the widest scope."""
        width = float("-inf") if self.since is None else self.since
        return _STRENGTH[self.milestone.kind], width, -self.milestone.level


def holder(entry: Entry) -> Holder:
    """A book's entry with dates."""
    start, end = periods.to_date(entry.start), periods.to_date(entry.end)
    return Holder(entry.length, start, end, entry.source, entry.begins_known)


def milestones(
    rules: Iterable[Rule],
    tracker: Tracker,
    turn: Turn,
    min_history: int,
    active_return: ActiveReturn,
) -> list[tuple[Streak, Milestone]]:
    """The milestones of the period that ``turn`` describes, strongest first.

    Args:
        rules: of the watchlist.
        tracker: the pair after that period.
        turn: what the period did.
        min_history: active returns that must be known (or a seed) before a record is claimed.
        active_return: the asset's return over a streak minus the benchmark's, a fraction; it is
            asked for only where a rule sets a least one.
    """
    found = [
        one for rule in rules for one in _of_rule(rule, tracker, turn, min_history, active_return)
    ]
    found.sort(key=lambda one: one.order)
    return list(dict.fromkeys((one.streak, one.milestone) for one in found))


def _of_rule(
    rule: Rule, tracker: Tracker, turn: Turn, min_history: int, active_return: ActiveReturn
) -> Iterator[Found]:
    streak = turn.ended if isinstance(rule, EndedRule) else _grown(turn)
    if streak is None or rule.direction not in ("any", streak.direction_name):
        return
    match rule:
        case ThresholdRule():
            if _reaches(rule, streak.length) and _is_worth(rule, streak, active_return):
                yield Found(streak, Milestone(Kind.THRESHOLD, streak.length))
        case RecordRule():
            yield from _records(rule, streak, tracker, min_history)
        case EndedRule():
            if streak.length >= rule.min_length:
                yield Found(streak, Milestone(Kind.ENDED, streak.length))


def _grown(turn: Turn) -> Streak | None:
    return turn.running if turn.counted else None


def _reaches(rule: ThresholdRule, length: int) -> bool:
    beyond = length - max(rule.at)
    again = rule.every is not None and beyond > 0 and beyond % rule.every == 0
    return again or length in rule.at


def _is_worth(rule: ThresholdRule, streak: Streak, active_return: ActiveReturn) -> bool:
    least = rule.min_active_return
    return least == 0 or active_return(streak) * streak.direction >= least


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
) -> Iterator[Found]:
    for scope in rule.scopes:
        start = scope.start(periods.to_date(streak.end))
        since = None if start is None else periods.from_date(start)
        record = tracker.books[streak.direction].record(since)
        if record is None or not enough_history(tracker, streak, min_history, since):
            continue
        long_enough = streak.length >= rule.min_length
        kind = _against(rule, streak.length, record.length) if long_enough else None
        if kind is not None:
            name = str(scope) if vouched(tracker, streak, since) else _honest(scope, since, tracker)
            yield Found(streak, Milestone(kind, streak.length, name, holder(record)), since)


def _against(rule: RecordRule, length: int, record: int) -> Kind | None:
    """What a streak of a length is to a record, if the rule wants to know."""
    beyond = length - record
    event, kind = None, None
    if beyond == 0:
        event, kind = "tied", Kind.RECORD_TIED
    elif beyond == 1:
        event, kind = "broken", Kind.RECORD_BROKEN
    elif beyond == -rule.short_by:
        event, kind = "approached", Kind.RECORD_APPROACHED
    elif beyond > 1 and (beyond - 1) % rule.extended_every == 0:
        event, kind = "extended", Kind.RECORD_EXTENDED
    return kind if event in rule.on else None


def _honest(scope: Scope, since: int | None, tracker: Tracker) -> str:
    """The scope that can be vouched for without a seed: nothing before the first period."""
    assert tracker.first is not None
    is_known = since is not None and since >= tracker.first
    return str(scope) if is_known else f"since {periods.to_date(tracker.first)}"
