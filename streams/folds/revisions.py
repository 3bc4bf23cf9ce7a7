"""What was told and holds no longer, holds otherwise, or holds only now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from alerts.model import Alert, Instead, Kind, Milestone, Trigger, alert_id
from streams.folds.happenings import Happening


@dataclass(frozen=True, slots=True)
class Revision:
    """What a stretch of history told before a close, and what it tells with it, by id.

    ``late`` says that the close was a correction, or late; ``instead`` what the periods of
    ``before`` were in truth.
    """

    before: Mapping[str, Happening]
    after: Mapping[str, Happening]
    late: bool
    instead: Mapping[int, Instead | None] = field(default_factory=dict)


class Revisions:
    """The ids under which facts were told last, where they were ever revised."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def alerts(self, revision: Revision, trigger: Trigger) -> Iterator[Alert]:
        """What is to be told: first what does not hold any more, then what has changed."""
        for identity, happening in revision.before.items():
            if identity not in revision.after:
                alert = self._retract(happening.make(trigger))
                yield replace(alert, instead=revision.instead.get(happening.period))
        for identity, happening in revision.after.items():
            known = revision.before.get(identity)
            if known is None:
                alert = self._tell(happening.make(trigger))
                yield replace(alert, late=True) if revision.late else alert
            elif known.facts != happening.facts:
                yield self._amend(happening.make(trigger))

    def dump(self) -> dict[str, str]:
        """The state as plain values, for a snapshot."""
        return dict(self._told)

    def load(self, state: dict[str, str]) -> None:
        """The inverse of :meth:`dump`."""
        self._told = dict(state)

    def _tell(self, alert: Alert) -> Alert:
        """An alert as it is, or under a new id where the same was told once and retracted."""
        return self._again(alert, "again", "restored") if alert.id in self._told else alert

    def _amend(self, alert: Alert) -> Alert:
        return replace(self._again(alert, "amended", "amended"), late=True)

    def _again(self, alert: Alert, how: str, revision: str) -> Alert:
        told = self._told.get(alert.id, alert.id)
        again = _next(told, how, alert.trigger)
        self._told[alert.id] = again
        return replace(alert, id=again, follows=told, revision=revision)

    def _retract(self, alert: Alert) -> Alert:
        told = self._told.setdefault(alert.id, alert.id)
        first = alert.milestone
        milestone = Milestone(Kind.CORRECTION, first.level, first.scope)
        return replace(
            alert,
            id=_next(told, "retracted", alert.trigger),
            milestone=milestone,
            also=(alert.milestone, *alert.also),
            follows=told,
            late=True,
            revision="retracted",
        )


def _next(told: str, how: str, trigger: Trigger) -> str:
    return alert_id(told, how, trigger.partition, trigger.offset)
