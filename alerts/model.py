"""Alerts and the milestones that they tell, as frozen values.

Periods are ``datetime.date`` here: what leaves the pure core is meant to be read.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What kind of fact a milestone is; declared from the strongest to the weakest."""

    RECORD_BROKEN = "record.broken"
    RECORD_EXTENDED = "record.extended"
    RECORD_TIED = "record.tied"
    THRESHOLD = "threshold"
    RECORD_APPROACHED = "record.approached"
    ENDED = "ended"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Holder:
    """An earlier streak that a milestone is measured by; ``source`` only where published.

    ``begins_known`` says that it begins with the first return known: it may have been longer.
    """

    length: int
    start: date
    end: date
    source: str = ""
    begins_known: bool = False


@dataclass(frozen=True, slots=True)
class Milestone:
    """A fact worth telling about one streak.

    ``level`` is the streak's length when it happened; ``scope`` is ``all``, ``since DATE``,
    ``last N years`` or ``this year`` for records, else empty; ``holder`` is the record that the
    streak is measured by.
    """

    kind: Kind
    level: int
    scope: str = ""
    holder: Holder | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an alert rests on.

    Returns are fractions (0.0954 = 9.54%) from the close before the streak to its last close.
    ``known_from`` is the first period with closes of both legs and ``known_returns`` the number
    of active returns since. ``begins_known`` is true when the streak starts with the first
    return known, so that it may have begun earlier. ``missed`` are the calendar's sessions within
    the streak for which a leg has no close. ``ended_by`` is empty while the streak runs.
    """

    asset_return: float
    benchmark_return: float
    longest_since: Holder | None
    known_from: date
    known_returns: int
    begins_known: bool
    ties: str
    round_returns_to: str
    seeds: tuple[str, ...] = ()
    missing: str = "hold"
    missed: tuple[date, ...] = ()
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """The close that brought an alert about: its place in the log and its arrival there."""

    topic: str
    partition: int
    offset: int
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One message: the strongest milestone of a pair in a period, and the others with it.

    ``definition`` is the hash of what decides the pair's streaks. ``follows`` is the id of an
    earlier alert that this one corrects or restores; ``late`` says that a correction or late
    close brought it about, after the fact.
    """

    id: str
    watchlist: str
    asset: str
    benchmark: str
    direction: str
    start: date
    end: date
    length: int
    period: date
    milestone: Milestone
    also: tuple[Milestone, ...]
    evidence: Evidence
    definition: str
    trigger: Trigger
    late: bool = False
    follows: str = ""

    @property
    def rule(self) -> str:
        """The milestone's kind, as metrics and logs name it."""
        return self.milestone.kind.value

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: dates as ISO text."""
        return asdict(self, dict_factory=_plain)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Alert:
        """The inverse of :meth:`to_dict`.

        Raises:
            KeyError, TypeError, ValueError: the data are not those of an alert.
        """
        wrong = [n for n, kind in _TYPES.items() if n in data and type(data[n]) is not kind]
        if wrong:
            raise TypeError(f"{wrong[0]} is not of type {_TYPES[wrong[0]].__name__}")
        evidence = dict(data["evidence"])
        evidence |= {
            "longest_since": _holder(evidence["longest_since"]),
            "known_from": date.fromisoformat(evidence["known_from"]),
            "seeds": tuple(evidence["seeds"]),
            "missed": tuple(map(date.fromisoformat, evidence["missed"])),
        }
        dates = {name: date.fromisoformat(data[name]) for name in ("start", "end", "period")}
        parts = {
            "milestone": _milestone(data["milestone"]),
            "also": tuple(_milestone(m) for m in data["also"]),
            "evidence": Evidence(**evidence),
            "trigger": Trigger(**data["trigger"]),
        }
        return cls(**{**data, **dates, **parts})


_TYPES: dict[str, type] = {
    **dict.fromkeys(("id", "watchlist", "asset", "benchmark", "direction"), str),
    **dict.fromkeys(("definition", "follows"), str),
    "length": int,
    "late": bool,
}


def alert_id(*parts: object) -> str:
    """A deterministic id: the same facts give the same 20 hex digits anywhere."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: _iso(value) for name, value in items}


def _iso(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return [_iso(item) for item in value] if isinstance(value, (tuple, list)) else value


def _holder(data: dict[str, Any] | None) -> Holder | None:
    if data is None:
        return None
    dates = {name: date.fromisoformat(data[name]) for name in ("start", "end")}
    return Holder(**{**data, **dates})


def _milestone(data: dict[str, Any]) -> Milestone:
    return Milestone(**{**data, "kind": Kind(data["kind"]), "holder": _holder(data["holder"])})
