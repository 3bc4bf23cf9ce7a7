"""Which milestones one period brought a pair: a pure function of the rules and its state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import takewhile

from alerts.model import Holder, Kind, Milestone, Missed
from config.rules import (
    EndedRule,
    ProvisionalRule,
    RecordRule,
    SimpleRule,
    ThresholdRule,
    YearToDateRule,
)
from config.scopes import Scope
from streams.core import periods
from streams.core.baskets import EqualWeight
from streams.core.book import Entry
from streams.core.lines import Growing
from streams.core.pairs import Tracker
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Streak, Turn
from streams.core.views import LevelView, PairView

_STRENGTH = {kind: rank for rank, kind in enumerate(Kind)}

RISING, FALLING = "rising", "falling"


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


def milestones(rules: Iterable[SimpleRule], step: Step) -> list[tuple[Streak, Milestone]]:
    """The milestones that a period brought about, strongest first."""
    found = [one for rule in rules for one in _of_rule(rule, step)]
    found.sort(key=lambda one: one.order)
    return list(dict.fromkeys((one.streak, one.milestone) for one in found))


def ahead(rules: Iterable[ProvisionalRule], step: Step) -> Milestone | None:
    """What a streak would be, where a rule wants to know it before the close."""
    streak = step.grown
    for rule in rules:
        if streak is not None and _wanted(rule, streak) and streak.length >= rule.min_length:
            return Milestone(Kind.PROVISIONAL, streak.length)
    return None


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
            return _beyond(rule, step)
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
            yield from _crossings(rule, step)


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


def scope_start(scope: Scope, period: int, interval: str) -> int | None:
    """The first period of a scope as seen from a period; None for all history."""
    start = scope.start(periods.to_date(period, interval))
    return None if start is None else periods.from_date(start, interval)


def honest(scope: Scope, since: int | None, first: int | None, interval: str) -> str:
    """The scope that can be vouched for: nothing before the first period that is known."""
    assert first is not None
    is_known = since is not None and since >= first
    return str(scope) if is_known else f"since {periods.to_text(first, interval)}"


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


# --- the year to date -----------------------------------------------------------------------


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


def year_base(step: Step, period: int) -> int | None:
    """The last common period of the year before a period's; None where it is not known."""
    first_day = periods.to_date(period, step.interval).replace(month=1, day=1)
    base = step.view.last_before(periods.from_date(first_day, step.interval))
    if base is None or periods.to_date(base, step.interval).year != first_day.year - 1:
        return None
    return base


def year_to_date(step: Step, period: int) -> Fraction | None:
    """The active return since the year's beginning, exactly; None where its base is not known."""
    base = year_base(step, period)
    if base is None:
        return None
    asset, benchmark = (_grown(leg, base, period) for leg in (step.view.asset, step.view.benchmark))
    return asset - benchmark


def _grown(leg: Growing, base: int, period: int) -> Fraction:
    """A leg's growth, exactly; that of a basket whose level is a chain, as float64 has it."""
    if isinstance(leg, EqualWeight):
        return Fraction(round(1 + leg.gain(base, period), 12))
    grown, stood = leg.growth(base, period)
    return Fraction(grown) / Fraction(stood)


def crossed(before: Fraction, now: Fraction, value: Decimal, wanted: str) -> str | None:
    """How a value was crossed, ``rising`` or ``falling``; None if it was not, or not as wanted."""
    level = Fraction(value)
    if before < level <= now:
        way = RISING
    elif before > level >= now:
        way = FALLING
    else:
        return None
    return way if wanted in ("any", way) else None


def _crossings(rule: YearToDateRule, step: Step) -> Iterator[Found]:
    """From nothing at the year's beginning; the year so far stands as a streak of its own."""
    now, base = year_to_date(step, step.period), year_base(step, step.period)
    if now is None or base is None:
        return
    previous = step.view.last_before(step.period)
    known = None if previous is None or previous <= base else year_to_date(step, previous)
    for value in rule.crosses:
        way = crossed(known or Fraction(0), now, value, rule.direction)
        if way is not None:
            milestone = Milestone(Kind.YEAR_TO_DATE, value=str(value), direction=way)
            yield Found(_year(step, base, now), milestone)


def _year(step: Step, base: int, now: Fraction) -> Streak:
    later = (period for period, _ in step.view.rows_after(base))
    days = list(takewhile(lambda period: period <= step.period, later))
    direction = OUTPERFORMING if now >= 0 else UNDERPERFORMING
    return Streak(direction, len(days), base, days[0], step.period)


def _beyond(rule: YearToDateRule, step: Step) -> Milestone | None:
    """The farthest of the values that the year to date is beyond, as a condition."""
    now = year_to_date(step, step.period)
    return None if now is None else beyond(Kind.YEAR_TO_DATE, rule.crosses, rule.direction, now)


def beyond(kind: Kind, values: Sequence[Decimal], wanted: str, now: Fraction) -> Milestone | None:
    """The farthest of some values that a value is beyond, upwards unless ``falling`` is wanted."""
    falling = wanted == FALLING
    reached = [v for v in values if (now <= Fraction(v) if falling else now >= Fraction(v))]
    if not reached:
        return None
    value, way = (min(reached), FALLING) if falling else (max(reached), RISING)
    return Milestone(kind, value=str(value), direction=way)
