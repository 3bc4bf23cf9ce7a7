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
from streams.folds.happenings import Happening, Origin, Subject


class SeriesSubject(Subject):
    """A series: what it crosses, and where it stands."""

    def __init__(
        self, name: str, watchlist: Watchlist, series: str, instruments: Instruments
    ) -> None:
        self.key = self.label = series
        definition = series_definition(watchlist, series, instruments)
        self._origin = Origin(name, watchlist.interval, definition, series)
        self._made_of = made_of(series, watchlist, instruments)
        self._rules: list[Any] = [r for r in watchlist.rules if self.concerned(r)]  # type: ignore[arg-type]

    def concerned(self, rule: SimpleRule) -> bool:
        """See :class:`Subject`."""
        return isinstance(rule, LevelRule | BreadthRule) and rule.series == self.key

    def step(self, tracker: Any, turn: Any, view: Any) -> LevelStep:
        """See :class:`Subject`."""
        return LevelStep(tracker, turn, view, self._origin.interval)

    def happenings(self, step: LevelStep) -> Iterator[Happening]:
        """See :class:`Subject`: one for a period, whatever it brought."""
        told = tuple(readings.milestones(self._rules, step))
        if not told:
            return
        first, period = told[0], periods.to_text(step.period, self._origin.interval)
        kind = (first.kind.value, first.scope, first.value, first.direction)
        whence = self._origin
        identity = alert_id(whence.watchlist, self.label, period, *kind, whence.definition)
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
        period = periods.to_text(step.period, self._origin.interval)
        return self._origin.alert(
            identity=identity,
            period=period,
            told=told,
            evidence=readings.reading(step, told[0], self._made_of),
            trigger=trigger,
        )
