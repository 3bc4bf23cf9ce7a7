"""What one period of a subject has to tell: before it becomes an alert, and comparable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from alerts.evidence import Absence, Conditions, Overview, Reading
from alerts.model import Alert, Instead, Milestone, Trigger
from config.rules import SimpleRule
from streams.core.subjects import Key


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the alerts about a series, on several conditions, missing closes or all streaks come
    from."""

    watchlist: str
    interval: str
    definition: str
    about: str

    def alert(
        self,
        *,
        identity: str,
        period: str,
        told: tuple[Milestone, ...],
        evidence: Reading | Conditions | Absence | Overview,
        trigger: Trigger,
    ) -> Alert:
        """An alert about one period; there is neither a streak nor a benchmark."""
        return Alert(
            id=identity,
            watchlist=self.watchlist,
            asset=self.about,
            benchmark="",
            direction="",
            start=period,
            end=period,
            length=0,
            period=period,
            milestone=told[0],
            also=told[1:],
            evidence=evidence,
            definition=self.definition,
            trigger=trigger,
            interval=self.interval,
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
