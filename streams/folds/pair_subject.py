"""A pair of a watchlist: what its rules make of each of its periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from alerts.context import evidence, longest_since
from alerts.milestones import ahead, condition, milestones
from alerts.model import Alert, Instead, Kind, Milestone, Trigger, alert_id
from alerts.steps import Step
from config.rules import (
    EndedRule,
    PairRule,
    ProvisionalRule,
    RecordRule,
    SimpleRule,
    ThresholdRule,
    YearToDateRule,
)
from config.scopes import Scope
from config.watchlists import Pair, Watchlist
from streams.core import periods
from streams.core.board import LONG, NEVER
from streams.core.streaks import Mask, Streak
from streams.core.subjects import PairKey
from streams.definitions import Instruments, made_of, pair_definition
from streams.folds.happenings import Happening, Subject

#: Signed lengths, as :class:`streams.core.board.Floors` has them, and those of a rule's direction.
_LENGTHS = np.arange(-LONG, LONG + 1)
_OF = {
    "any": _LENGTHS != 0,
    "outperforming": _LENGTHS > 0,
    "underperforming": _LENGTHS < 0,
}


def _told_by(rule: ThresholdRule) -> Mask:
    """The lengths that a threshold may tell."""
    lengths = np.abs(_LENGTHS)
    told = np.isin(lengths, [min(length, LONG) for length in rule.at])
    return told if rule.every is None else told | (lengths > max(rule.at))


class PairSubject(Subject):
    """A pair: streaks, and the year to date."""

    def __init__(
        self, name: str, watchlist: Watchlist, pair: Pair, instruments: Instruments
    ) -> None:
        self.key = PairKey(pair.asset, pair.benchmark)
        self.label = pair.name
        self._watchlist = name
        self._interval = watchlist.interval
        self._definition = pair_definition(watchlist, pair, instruments)
        self._is_seeded = bool(pair.records)
        self._closes = (
            made_of(pair.asset, watchlist, instruments),
            made_of(pair.benchmark, watchlist, instruments),
        )
        own = [rule for rule in watchlist.rules if self.concerned(rule)]  # type: ignore[arg-type]
        self.before_close = [rule for rule in own if isinstance(rule, ProvisionalRule)]
        """The rules that ask for what a streak would be before the close."""
        self._rules: list[Any] = [rule for rule in own if not isinstance(rule, ProvisionalRule)]

    def floors(self) -> tuple[Mask, int, int, int] | None:
        """As in :class:`streams.core.board.Floors`: grown, record, short, ended.

        None where each period may have something to tell.
        """
        grown = np.zeros_like(_LENGTHS, np.bool_)
        record = ended = NEVER
        short = 0
        for rule in self._rules:
            match rule:
                case ThresholdRule():
                    grown |= _OF[rule.direction] & _told_by(rule)
                case RecordRule() if self._is_seeded or rule.scopes != [Scope()]:
                    long_enough = np.abs(_LENGTHS) >= min(rule.min_length, LONG)
                    grown |= _OF[rule.direction] & long_enough
                case RecordRule():
                    record = min(record, rule.min_length)
                    short = max(short, rule.short_by if "approached" in rule.on else 0)
                case EndedRule():
                    ended = min(ended, rule.min_length)
                case _:
                    return None
        return grown, record, short, ended

    def concerned(self, rule: SimpleRule) -> bool:
        """See :class:`Subject`."""
        return isinstance(rule, PairRule | YearToDateRule) and rule.pair in (None, self.label)

    def step(self, tracker: Any, turn: Any, view: Any) -> Step:
        """See :class:`Subject`."""
        return Step(tracker, turn, view, self._interval)

    def happenings(self, step: Step) -> Iterator[Happening]:
        """See :class:`Subject`: one for each streak that has something to tell."""
        found = milestones(self._rules, step)
        for streak in dict.fromkeys(streak for streak, _ in found):
            told = tuple(milestone for other, milestone in found if other == streak)
            yield self._happening(step, streak, told)

    def holds(self, rule: SimpleRule, step: Step) -> Milestone | None:
        """See :class:`Subject`."""
        return condition(rule, step)

    def instead(self, step: Step) -> Instead:
        """What ran at the end of the period."""
        streak = step.tracker.running
        if streak is None:
            return Instead("", 0, "")
        return Instead(streak.direction_name, streak.length, self._text(streak.start))

    def ahead(self, step: Step) -> Happening | None:
        """What is worth telling of a period that has not closed; the rest is listed with it."""
        first, streak = ahead(self.before_close, step), step.grown
        if first is None or streak is None:
            return None
        further = tuple(m for other, m in milestones(self._rules, step) if other == streak)
        return self._happening(step, streak, (first, *further))

    def settled(self, step: Step, told: Alert, trigger: Trigger) -> Alert:
        """What became of something told before the close: it is confirmed or withdrawn."""
        streak = step.grown
        came = streak is not None and (
            streak.direction_name,
            self._text(streak.start),
            streak.length,
            self._text(step.period),
        ) == (told.direction, told.start, told.length, told.period)
        kind = Kind.CONFIRMED if came else Kind.WITHDRAWN
        known = told.evidence
        if came and streak is not None:
            known = evidence(step, streak, kind, self._closes)
        return replace(
            told,
            id=alert_id(told.id, kind.value),
            milestone=Milestone(kind, told.length),
            also=(),
            evidence=known,
            follows=told.id,
            trigger=trigger,
            instead=None if came else self.instead(step),
            so_far=None,
        )

    def _happening(self, step: Step, streak: Streak, told: tuple[Milestone, ...]) -> Happening:
        first, period = told[0], self._text(step.period)
        parts = [first.kind.value, first.level, first.scope, self._definition]
        if first.kind is Kind.YEAR_TO_DATE:
            parts += [first.value, first.direction, period]
        if first.kind is Kind.PROVISIONAL:
            parts += [period]
        start = self._text(streak.start)
        identity = alert_id(self._watchlist, *self.key, streak.direction_name, start, *parts)
        legs = (step.view.asset, step.view.benchmark)
        year = first.kind is Kind.YEAR_TO_DATE
        gains = [round(step.gain(leg, streak, nights=year), 4) for leg in legs]
        since = None if year else longest_since(step.tracker, streak, self._interval)
        kept = Step(step.tracker.copy(), step.turn, step.view, step.interval)
        return Happening(
            identity,
            step.period,
            (period, streak, told, since, *gains),
            lambda trigger: self._alert(kept, streak, told, identity, trigger),
        )

    def _alert(
        self,
        step: Step,
        streak: Streak,
        told: tuple[Milestone, ...],
        identity: str,
        trigger: Trigger,
    ) -> Alert:
        return Alert(
            id=identity,
            watchlist=self._watchlist,
            asset=self.key[0],
            benchmark=self.key[1],
            direction=streak.direction_name,
            start=self._text(streak.start),
            end=self._text(streak.end),
            length=streak.length,
            period=self._text(step.period),
            milestone=told[0],
            also=told[1:],
            evidence=evidence(step, streak, told[0].kind, self._closes),
            definition=self._definition,
            trigger=trigger,
            interval=self._interval,
        )

    def _text(self, period: int) -> str:
        return periods.to_text(period, self._interval)


class PairSubjects(dict[PairKey, PairSubject]):
    """The pairs of a watchlist; each is made when it first has something to tell."""

    def __init__(self, name: str, watchlist: Watchlist, instruments: Instruments) -> None:
        super().__init__()
        self._name = name
        self._watchlist = watchlist
        self._instruments = instruments
        self._pairs = {PairKey(pair.asset, pair.benchmark): pair for pair in watchlist.pairs}

    def __missing__(self, key: PairKey) -> PairSubject:
        pair = self._pairs[key]
        self[key] = PairSubject(self._name, self._watchlist, pair, self._instruments)
        return self[key]
