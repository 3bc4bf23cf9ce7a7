"""A series of a watchlist: what it crosses, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from alerts import readings
from alerts.model import Alert, Milestone, Trigger, alert_id
from alerts.readings import LevelStep
from config.rules import BreadthRule, LevelRule, SimpleRule
from config.watchlists import Watchlist
from streams.core import periods
from streams.definitions import Instruments, made_of, series_definition
from streams.folds.happenings import Happening, Subject


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
        facts = (period, told, step.turn.value, readings.since(step, first))
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
