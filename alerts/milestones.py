"""Which milestones one period brought a pair: a pure function of the rules and its state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from alerts.evidence import Holder
from alerts.model import Kind, Milestone
from alerts.steps import Step, honest, scope_start
from alerts.year import crossings, year_beyond
from config.rules import (
    EndedRule,
    ProvisionalRule,
    RecordRule,
    SimpleRule,
    ThresholdRule,
    YearToDateRule,
)
from streams.core import periods
from streams.core.book import Entry
from streams.core.pairs import Tracker
from streams.core.streaks import Streak


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
        return self.milestone.kind.rank, width, -self.milestone.level


def milestones(rules: Iterable[SimpleRule], step: Step) -> list[tuple[Streak, Milestone]]:
    """The milestones that a period brought about, strongest first."""
    found = [one for rule in rules for one in _of_rule(rule, step)]
    found.sort(key=lambda one: one.order)
    return list(dict.fromkeys((one.streak, one.milestone) for one in found))


def ahead(rules: Iterable[ProvisionalRule], step: Step) -> Milestone | None:
    """What a streak would be, where a rule wants to know it before the close."""
    streak = step.grown
    for rule in rules:
        if streak is not None and _wanted(rule, streak) and _is_clear(rule, streak, step):
            return Milestone(Kind.PROVISIONAL, streak.length)
    return None


def _is_clear(rule: ProvisionalRule, streak: Streak, step: Step) -> bool:
    """Whether a streak would be long enough, by a period that has led enough so far."""
    if streak.length < rule.min_length:
        return False
    return rule.margin == 0 or step.lead() * streak.direction >= Fraction(rule.margin)


def condition(rule: SimpleRule, step: Step) -> Milestone | None:
    """What a condition of a rule on several says of a pair in a period, if it holds."""
    match rule:
        case ThresholdRule():
            streak = step.tracker.running
            if streak is None or not _wanted(rule, streak) or streak.length < min(rule.at):
                return None
            worth = _is_worth(rule, streak, step)
            return Milestone(Kind.THRESHOLD, streak.length) if worth else None
        case YearToDateRule():
            return year_beyond(rule, step)
        case _:
            return next((one.milestone for one in _of_rule(rule, step)), None)


def _of_rule(rule: SimpleRule, step: Step) -> Iterator[Found]:
    match rule:
        case ThresholdRule():
            streak = step.grown
            if streak is not None and _rings(rule, streak, step):
                yield Found(streak, Milestone(Kind.THRESHOLD, streak.length))
        case RecordRule():
            streak = step.grown
            if streak is not None and _wanted(rule, streak):
                yield from _records(rule, streak, step)
        case EndedRule():
            streak = step.turn.ended
            if streak is not None and _wanted(rule, streak) and streak.length >= rule.min_length:
                yield Found(streak, Milestone(Kind.ENDED, streak.length))
        case YearToDateRule():
            yield from (Found(*one) for one in crossings(rule, step))


def _wanted(rule: ThresholdRule | RecordRule | EndedRule | ProvisionalRule, streak: Streak) -> bool:
    return rule.direction in ("any", streak.direction_name)


def _rings(rule: ThresholdRule, streak: Streak, step: Step) -> bool:
    reached = _wanted(rule, streak) and _reaches(rule, streak.length)
    return reached and _is_worth(rule, streak, step)


def _reaches(rule: ThresholdRule, length: int) -> bool:
    beyond = length - max(rule.at)
    again = rule.every is not None and beyond > 0 and beyond % rule.every == 0
    return again or length in rule.at


def _is_worth(rule: ThresholdRule, streak: Streak, step: Step) -> bool:
    least = rule.min_active_return
    return least == 0 or step.active_return(streak) * streak.direction >= least


# --- records --------------------------------------------------------------------------------


def holder(entry: Entry, interval: str = "1d") -> Holder:
    """A book's entry with dates."""
    if entry.source:  # what was published has days
        start, end = (str(periods.to_date(p, interval)) for p in (entry.start, entry.end))
    else:
        start, end = (periods.to_text(p, interval) for p in (entry.start, entry.end))
    return Holder(entry.length, start, end, entry.source, entry.begins_known)


def enough_history(tracker: Tracker, streak: Streak, since: int | None = None) -> bool:
    """Whether a record since a period may be claimed: enough is known, or published."""
    return tracker.returns >= tracker.terms.min_history or vouched(tracker, streak, since)


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


def _records(rule: RecordRule, streak: Streak, step: Step) -> Iterator[Found]:
    tracker = step.tracker
    for scope in rule.scopes if streak.length >= rule.min_length else ():
        since = scope_start(scope, streak.end, step.interval)
        record = tracker.books[streak.direction].record(since)
        if record is None or not enough_history(tracker, streak, since):
            continue
        kind = _against(rule, streak.length, record.length)
        if kind is not None:
            known = vouched(tracker, streak, since)
            name = str(scope) if known else honest(scope, since, tracker.first, step.interval)
            held = holder(record, step.interval)
            yield Found(streak, Milestone(kind, streak.length, name, held), since)


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
