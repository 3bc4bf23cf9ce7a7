"""Alerts and the milestones that they tell, as frozen values.

Periods are text here, as messages and JSON have them: ``2026-01-22``, or ``2026-01-22T14:30Z`` for
an interval within a day. What leaves the pure core is meant to be read.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from alerts.evidence import (
    Absence,
    Conditions,
    Evidence,
    Holder,
    Overview,
    Reading,
    Standing,
    evidence_from,
    holder_from,
    standing_from,
)
from streams.core import periods


class Kind(StrEnum):
    """What kind of fact a milestone is; declared from the strongest to the weakest."""

    RECORD_BROKEN = "record.broken"
    RECORD_EXTENDED = "record.extended"
    RECORD_TIED = "record.tied"
    TOGETHER = "together"
    LEVEL_HIGHEST = "level.highest"
    LEVEL_LOWEST = "level.lowest"
    THRESHOLD = "threshold"
    LEVEL_CROSSED = "level.crossed"
    BREADTH = "breadth"
    YEAR_TO_DATE = "year-to-date"
    RECORD_APPROACHED = "record.approached"
    ENDED = "ended"
    PROVISIONAL = "provisional"
    CONFIRMED = "provisional.confirmed"
    WITHDRAWN = "provisional.withdrawn"
    CORRECTION = "correction"
    DATA_MISSING = "data.missing"
    DATA_ARRIVED = "data.arrived"
    SUMMARY = "summary"

    @property
    def rank(self) -> int:
        """0 for the strongest kind, and one more for each weaker one."""
        return _RANKS[self]


_RANKS = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Milestone:
    """A fact worth telling about one streak, or one series.

    ``level`` is the streak's length when it happened, 0 where it is not about one; ``scope`` is
    ``all``, ``since DATE``, ``last N years``, ``last N periods`` or ``this year`` for records and
    extremes, else empty; ``holder`` is the record that the streak is measured by, ``standing``
    the extreme that the value is. ``value`` has the digits of what was crossed or reached, and
    ``direction`` says how: ``rising`` or ``falling``. ``subject`` names what a condition of an
    alert on several is about; a condition of a name of its own has it in ``name``.
    """

    kind: Kind
    level: int = 0
    scope: str = ""
    holder: Holder | None = None
    value: str = ""
    direction: str = ""
    standing: Standing | None = None
    subject: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Instead:
    """The streak that ran at the end of a period, by what is known now; ``length`` 0 if none."""

    direction: str
    length: int
    start: str


@dataclass(frozen=True, slots=True)
class SoFar:
    """A period that has not closed: the legs' returns since the last common close, as fractions.

    ``seconds_left`` is how long it was until its close when it was looked at; None where the
    calendar does not say, or the time has passed.
    """

    asset_return: float
    benchmark_return: float
    seconds_left: int | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """The close that brought an alert about: its place in the log and its arrival there.

    Missing closes are told by the record that asks for them, in the topic ``watch``; so are the
    last prices before the close, where nothing comes after them.
    """

    topic: str
    partition: int
    offset: int
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One message: the strongest milestone of a pair or series in a period, and others with it.

    For one about a series, ``asset`` is its name, and for a summary or one about missing closes
    that of the watchlist; ``benchmark`` and ``direction`` are empty and ``length`` is 0.
    ``definition`` is the hash of what decides the streaks or values, or of the rule about missing
    closes. ``follows`` is the id of an earlier alert that this one corrects, restores, confirms,
    withdraws or settles; ``revision`` says what a correction did: ``retracted``, ``amended`` or
    ``restored``, and ``instead`` what the period of a retracted one was in truth. ``so_far`` is the
    period of one that was told before its close. ``late`` says that a correction or late close
    brought it about, after the fact.
    """

    id: str
    watchlist: str
    asset: str
    benchmark: str
    direction: str
    start: str
    end: str
    length: int
    period: str
    milestone: Milestone
    also: tuple[Milestone, ...]
    evidence: Evidence | Reading | Conditions | Absence | Overview
    definition: str
    trigger: Trigger
    late: bool = False
    follows: str = ""
    revision: str = ""
    instead: Instead | None = None
    interval: str = "1d"
    so_far: SoFar | None = None

    @property
    def rule(self) -> str:
        """The milestone's kind, as metrics and logs name it."""
        return self.milestone.kind.value

    @property
    def of_year(self) -> bool:
        """Whether it is about the year to date, and no streak; one that is taken back too."""
        taken_back = self.also[:1] if self.milestone.kind is Kind.CORRECTION else ()
        return any(m.kind is Kind.YEAR_TO_DATE for m in (self.milestone, *taken_back))

    @property
    def provisional(self) -> bool:
        """Whether it speaks of a period that has not closed."""
        return self.milestone.kind is Kind.PROVISIONAL

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return _plain(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Alert:
        """The inverse of :meth:`to_dict`.

        Raises:
            KeyError, TypeError, ValueError: the data are not those of an alert.
        """
        wrong = [n for n, kind in _TYPES.items() if n in data and type(data[n]) is not kind]
        if wrong:
            raise TypeError(f"{wrong[0]} is not of type {_TYPES[wrong[0]].__name__}")
        if not _ID.fullmatch(data["id"]):
            raise ValueError("id has other characters than letters and digits, or more than 64")
        for name in ("start", "end", "period"):
            periods.from_text(data[name], data.get("interval", "1d"))
        parts = {
            "milestone": milestone_from(data["milestone"]),
            "also": tuple(milestone_from(m) for m in data["also"]),
            "evidence": evidence_from(dict(data["evidence"])),
            "trigger": _trigger(Trigger(**data["trigger"])),
            "instead": data.get("instead") and Instead(**data["instead"]),
            "so_far": data.get("so_far") and SoFar(**data["so_far"]),
        }
        return cls(**{**data, **parts})


_ID = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


def _trigger(trigger: Trigger) -> Trigger:
    numbers = (trigger.partition, trigger.offset, trigger.arrived_ms)
    if not isinstance(trigger.topic, str) or any(type(number) is not int for number in numbers):
        raise TypeError("trigger is not a topic and three whole numbers")
    return trigger


_TYPES: dict[str, type] = {
    **dict.fromkeys(("id", "watchlist", "asset", "benchmark", "direction", "interval"), str),
    **dict.fromkeys(("start", "end", "period", "definition", "follows", "revision"), str),
    "length": int,
    "late": bool,
}


def alert_id(*parts: object) -> str:
    """A deterministic id: the same facts give the same 20 hex digits anywhere."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _plain(value: Any) -> Any:
    """Frozen values as dicts and lists; what they hold is shared, for nothing can change it."""
    kind: Any = type(value)
    if kind in _LEAVES:
        return value
    if kind in (tuple, list):
        return [_plain(item) for item in value]
    names = _names(kind)
    return {name: _plain(getattr(value, name)) for name in names} if names else value


_LEAVES = {str, int, float, bool, type(None)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def milestone_from(data: dict[str, Any]) -> Milestone:
    """A milestone from its plain values; KeyError, TypeError or ValueError for others."""
    parts = {"holder": holder_from(data["holder"]), "standing": standing_from(data["standing"])}
    if type(data["direction"]) is not str:
        raise TypeError("direction is not of type str")
    return Milestone(**{**data, "kind": Kind(data["kind"]), **parts})
