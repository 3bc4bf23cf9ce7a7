"""Which milestones one period brought a series: what it crossed, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from alerts.crossings import FALLING, RISING, beyond, crossed
from alerts.evidence import Reading, Standing
from alerts.model import Kind, Milestone
from alerts.steps import absent, honest, scope_start
from config.rules import BreadthRule, LevelRule, SimpleRule
from config.scopes import Scope
from streams.core import periods
from streams.core.breadth import Breadth
from streams.core.levels import HIGHEST, LOWEST, LevelTracker, LevelTurn, Peak, Stand
from streams.core.views import LevelView


@dataclass(frozen=True, slots=True)
class LevelStep:
    """A series after one period: its state, what the period did, and the series itself."""

    tracker: LevelTracker
    turn: LevelTurn
    view: LevelView
    interval: str = "1d"

    @property
    def period(self) -> int:
        """The period."""
        assert self.tracker.last is not None
        return self.tracker.last


def milestones(rules: Iterable[SimpleRule], step: LevelStep) -> list[Milestone]:
    """The milestones that a period brought a series, strongest first."""
    found = [one for rule in rules for one in _of_rule(rule, step)]
    found.sort(key=lambda milestone: milestone.kind.rank)
    return list(dict.fromkeys(found))


def condition(rule: SimpleRule, step: LevelStep) -> Milestone | None:
    """What a condition of a rule on several says of a series in a period, if it holds."""
    value = step.turn.value
    match rule:
        case BreadthRule(at_least=least, at_most=most):
            if least is not None and value >= Fraction(least):
                return _reached(least, RISING)
            return _reached(most, FALLING) if most is not None and value <= most else None
        case LevelRule():
            stands = [one for side in _SIDES for one in _stands(rule, side, step, 1)]
            if stands:
                return stands[0]
            return beyond(Kind.LEVEL_CROSSED, rule.crosses, rule.direction, value)
        case _:
            return None


def _of_rule(rule: SimpleRule, step: LevelStep) -> Iterator[Milestone]:
    match rule:
        case BreadthRule():
            yield from _breadth(rule, step.turn)
        case LevelRule():
            yield from _crossed(rule, step.turn)
            for side in _SIDES:
                yield from _stands(rule, side, step, rule.min_age)


def _reached(share: Decimal, way: str) -> Milestone:
    return Milestone(Kind.BREADTH, value=str(share), direction=way)


def _breadth(rule: BreadthRule, turn: LevelTurn) -> Iterator[Milestone]:
    before, now = turn.previous, turn.value
    least, most = rule.at_least, rule.at_most
    if least is not None and now >= Fraction(least) and (before is None or before < least):
        yield _reached(least, RISING)
    if most is not None and now <= Fraction(most) and (before is None or before > most):
        yield _reached(most, FALLING)


def _crossed(rule: LevelRule, turn: LevelTurn) -> Iterator[Milestone]:
    for value in rule.crosses if turn.previous is not None else ():
        assert turn.previous is not None
        way = crossed(turn.previous, turn.value, value, rule.direction)
        if way is not None:
            yield Milestone(Kind.LEVEL_CROSSED, value=str(value), direction=way)


Side = Literal[1, -1]
_SIDES = (HIGHEST, LOWEST)
_KINDS: dict[Side, Kind] = {HIGHEST: Kind.LEVEL_HIGHEST, LOWEST: Kind.LEVEL_LOWEST}


def _stands(rule: LevelRule, side: Side, step: LevelStep, min_age: int) -> Iterator[Milestone]:
    """Where the newest value stands beyond all others of a scope, the widest scope first."""
    turn, tracker = step.turn, step.tracker
    stand = turn.highest if side == HIGHEST else turn.lowest
    found: list[tuple[int, Milestone]] = []
    for scope in rule.highest if side == HIGHEST else rule.lowest:
        since, best = _best(scope, stand, step)
        if best is None or side * turn.value <= side * best.value:
            continue
        if stand.number - best.number < min_age or not _known(scope, step):
            continue
        name = str(scope) if scope.periods else honest(scope, since, tracker.first, step.interval)
        way = RISING if side == HIGHEST else FALLING
        standing = Standing(float(best.value), periods.to_text(best.period, step.interval))
        milestone = Milestone(_KINDS[side], scope=name, direction=way, standing=standing)
        found.append((since if since is not None else -(10**12), milestone))
    yield from (milestone for _, milestone in sorted(found, key=lambda one: one[0]))


def _best(scope: Scope, stand: Stand, step: LevelStep) -> tuple[int | None, Peak | None]:
    """Where a scope begins, and the farthest value in it before the newest."""
    if scope.periods is not None:
        best = stand.within(scope.periods)
        return (None if best is None else best.period), best
    since = scope_start(scope, step.period, step.interval)
    return since, stand.before(-(10**12) if since is None else since)


def _known(scope: Scope, step: LevelStep) -> bool:
    """Whether enough values are known for a claim about a scope."""
    least = step.tracker.terms.min_history if scope.periods is None else scope.periods
    return step.tracker.returns >= least


def reading(step: LevelStep, milestone: Milestone, made_of: str) -> Reading:
    """What an alert about a series rests on."""
    turn, tracker, line = step.turn, step.tracker, step.view.line
    missed, more = absent(_missed(step), step.view, step.interval)
    breadth = line if isinstance(line, Breadth) else None
    assert tracker.first is not None
    return Reading(
        value=float(turn.value),
        previous=None if turn.previous is None else float(turn.previous),
        since=since(step, milestone),
        known_from=periods.to_text(tracker.first, step.interval),
        known_values=tracker.count,
        made_of=made_of,
        count=None if breadth is None else breadth.count(step.period),
        members=None if breadth is None else len(breadth.members),
        missing=tracker.terms.missing.value,
        missed=missed,
        missed_more=more,
    )


def since(step: LevelStep, milestone: Milestone) -> Standing | None:
    """The last earlier value that was as far, upwards or (where it is falling) downwards."""
    stand = step.turn.lowest if milestone.direction == FALLING else step.turn.highest
    return _standing(stand.since, step.interval)


def _standing(peak: Peak | None, interval: str) -> Standing | None:
    if peak is None:
        return None
    return Standing(float(peak.value), periods.to_text(peak.period, interval))


def _missed(step: LevelStep) -> Sequence[int]:
    """The calendar's periods between the value before and this one."""
    before = step.view.last_before(step.period)
    sessions = step.tracker.terms.sessions
    return () if before is None else periods.between(sessions, before, step.period)
