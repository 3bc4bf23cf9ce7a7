"""What one period of a subject has to tell: before it becomes an alert, and comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alerts import readings
from alerts.context import evidence
from alerts.milestones import Step, ahead, condition, milestones
from alerts.model import Alert, Conditions, Instead, Kind, Milestone, Trigger, alert_id
from alerts.readings import LevelStep
from alerts.together import Together
from config.rules import (
    AllRule,
    AnyRule,
    BreadthRule,
    LevelRule,
    ProvisionalRule,
    SimpleRule,
)
from config.watchlists import Pair, Watchlist
from streams.core import periods
from streams.core.streaks import Streak
from streams.core.watch import Key, PairKey
from streams.definitions import (
    Instruments,
    made_of,
    pair_definition,
    rule_definition,
    series_definition,
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to tell: its id, what must be told anew when it changes, and how to tell it."""

    id: str
    period: int
    facts: tuple[Any, ...]
    make: Callable[[Trigger], Alert]


class Subject:
    """A pair or a series of a watchlist: what its rules make of each of its periods."""

    key: Key
    label: str

    def step(self, tracker: Any, turn: Any, view: Any) -> Any:
        """A period as the rules take it."""
        raise NotImplementedError

    def happenings(self, step: Any) -> Iterator[Happening]:
        """What the period has to tell; usually nothing."""
        raise NotImplementedError

    def holds(self, rule: SimpleRule, step: Any) -> Milestone | None:
        """What a condition of a rule on several says of the period, if it holds."""
        raise NotImplementedError

    def concerned(self, rule: SimpleRule) -> bool:
        """Whether a condition is about this subject."""
        raise NotImplementedError

    def instead(self, step: Any) -> Instead | None:
        """What to tell of a period where something told of it is taken back."""
        return None


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
        self._closes = (
            made_of(pair.asset, watchlist, instruments),
            made_of(pair.benchmark, watchlist, instruments),
        )
        own = [rule for rule in watchlist.rules if self.concerned(rule)]  # type: ignore[arg-type]
        self._ahead = [rule for rule in own if isinstance(rule, ProvisionalRule)]
        self._rules: list[Any] = [rule for rule in own if not isinstance(rule, ProvisionalRule)]

    def concerned(self, rule: SimpleRule) -> bool:
        """See :class:`Subject`."""
        if isinstance(rule, LevelRule | BreadthRule | AllRule | AnyRule):
            return False
        return rule.pair in (None, self.label)

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
        first, streak = ahead(self._ahead, step), step.grown
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
        gains = [round(leg.gain(streak.base, streak.end), 4)
                 for leg in (step.view.asset, step.view.benchmark)]  # fmt: skip
        kept = replace(step, tracker=step.tracker.copy())
        return Happening(
            identity,
            step.period,
            (period, streak, told, *gains),
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


class SeriesSubject(Subject):
    """A series: what it crosses, and where it stands."""

    def __init__(
        self, name: str, watchlist: Watchlist, series: str, instruments: Instruments
    ) -> None:
        self.key = self.label = series
        self._watchlist = name
        self._interval = watchlist.interval
        self._definition = series_definition(watchlist, series, instruments)
        self._made_of = made_of(series, watchlist, instruments)
        self._rules: list[Any] = [r for r in watchlist.rules if self.concerned(r)]  # type: ignore[arg-type]

    def concerned(self, rule: SimpleRule) -> bool:
        """See :class:`Subject`."""
        return isinstance(rule, LevelRule | BreadthRule) and rule.series == self.key

    def step(self, tracker: Any, turn: Any, view: Any) -> LevelStep:
        """See :class:`Subject`."""
        return LevelStep(tracker, turn, view, self._interval)

    def happenings(self, step: LevelStep) -> Iterator[Happening]:
        """See :class:`Subject`: one for a period, whatever it brought."""
        told = tuple(readings.milestones(self._rules, step))
        if not told:
            return
        first, period = told[0], periods.to_text(step.period, self._interval)
        parts = (first.kind.value, first.scope, first.value, first.direction, self._definition)
        identity = alert_id(self._watchlist, self.label, period, *parts)
        kept = replace(step, tracker=step.tracker.copy())
        facts = (period, told, step.turn.value)
        yield Happening(
            identity,
            step.period,
            facts,
            lambda trigger: self._alert(kept, told, identity, trigger),
        )

    def holds(self, rule: SimpleRule, step: LevelStep) -> Milestone | None:
        """See :class:`Subject`."""
        return readings.condition(rule, step)

    def _alert(
        self, step: LevelStep, told: tuple[Milestone, ...], identity: str, trigger: Trigger
    ) -> Alert:
        period = periods.to_text(step.period, self._interval)
        return Alert(
            id=identity,
            watchlist=self._watchlist,
            asset=self.label,
            benchmark="",
            direction="",
            start=period,
            end=period,
            length=0,
            period=period,
            milestone=told[0],
            also=told[1:],
            evidence=readings.reading(step, told[0], self._made_of),
            definition=self._definition,
            trigger=trigger,
            interval=self._interval,
        )


class TogetherSubject:
    """A rule on several conditions of a watchlist, and the subjects that they are about.

    It is told once in a period, when enough conditions hold; what joins them later in the same
    period changes nothing.
    """

    def __init__(
        self,
        name: str,
        watchlist: Watchlist,
        rule: AllRule | AnyRule,
        instruments: Instruments,
    ) -> None:
        self.state = Together(rule)
        self._rule = rule
        self._watchlist = name
        self._interval = watchlist.interval
        self._definition = rule_definition(watchlist, rule, instruments)

    def take(
        self, subject: Subject, steps: Iterable[Any]
    ) -> tuple[dict[str, Happening], dict[str, Happening]]:
        """Take what the conditions say of a subject in some periods; what was told, and is."""
        found = [(step.period, self._found(subject, step)) for step in steps]
        touched = sorted({at for period, _ in found for at in self.state.touched(period)})
        before = self._told(touched)
        for period, said in found:
            self.state.put(period, subject.label, said)
        return before, self._told(touched)

    def _found(self, subject: Subject, step: Any) -> dict[int, Milestone]:
        said = {
            number: subject.holds(rule, step)
            for number, rule in enumerate(self._rule.of)
            if subject.concerned(rule)
        }
        label = subject.label
        return {n: replace(m, subject=label) for n, m in said.items() if m is not None}

    def concerns(self, subject: Subject) -> bool:
        """Whether one of the conditions is about a subject."""
        return any(subject.concerned(rule) for rule in self._rule.of)

    def _told(self, touched: Sequence[int]) -> dict[str, Happening]:
        found = (self._happening(period) for period in touched)
        return {one.id: one for one in found if one is not None}

    def _happening(self, period: int) -> Happening | None:
        told, text = self.state.told(period), periods.to_text(period, self._interval)
        if not told:
            return None
        identity = alert_id(self._watchlist, self._rule.name, text, self._definition)
        return Happening(
            identity,
            period,
            (text,),
            lambda trigger: self._alert(text, told, identity, trigger),
        )

    def _alert(
        self, period: str, told: tuple[Milestone, ...], identity: str, trigger: Trigger
    ) -> Alert:
        return Alert(
            id=identity,
            watchlist=self._watchlist,
            asset=self._rule.name,
            benchmark="",
            direction="",
            start=period,
            end=period,
            length=0,
            period=period,
            milestone=Milestone(Kind.TOGETHER, name=self._rule.name),
            also=told,
            evidence=Conditions(self._rule.kind, len(self._rule.of)),
            definition=self._definition,
            trigger=trigger,
            interval=self._interval,
        )
