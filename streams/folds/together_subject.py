"""A rule on several conditions of a watchlist: when it is told, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from alerts.evidence import Conditions
from alerts.model import Alert, Kind, Milestone, Trigger, alert_id
from alerts.together import Together
from config.rules import AllRule, AnyRule
from config.watchlists import Watchlist
from streams.core import periods
from streams.definitions import Instruments, rule_definition
from streams.folds.happenings import Happening, Origin, Subject


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
        definition = rule_definition(watchlist, rule, instruments)
        self._origin = Origin(name, watchlist.interval, definition, rule.name)

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
        told, text = self.state.told(period), periods.to_text(period, self._origin.interval)
        if not told:
            return None
        identity = alert_id(self._origin.watchlist, self._rule.name, text, self._origin.definition)
        holding = self.state.holding(period)
        return Happening(
            identity,
            period,
            (text,),
            lambda trigger: self._alert(text, told, holding, identity, trigger),
        )

    def _alert(
        self,
        period: str,
        told: tuple[Milestone, ...],
        holding: int,
        identity: str,
        trigger: Trigger,
    ) -> Alert:
        return self._origin.alert(
            identity=identity,
            period=period,
            told=(Milestone(Kind.TOGETHER, name=self._rule.name), *told),
            evidence=Conditions(self._rule.kind, len(self._rule.of), holding),
            trigger=trigger,
        )
