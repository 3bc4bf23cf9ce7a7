"""Alerts and the milestones that they tell, as frozen values.

Periods are text here, as messages and JSON have them: ``2026-01-22``, or ``2026-01-22T14:30Z`` for
an interval within a day. What leaves the pure core is meant to be read.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from streams.core import periods
from streams.core.aftermath import Followed, Outcome


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


@dataclass(frozen=True, slots=True)
class Holder:
    """An earlier streak that a milestone is measured by; ``source`` only where published.

    ``begins_known`` says that it begins with the first return known: it may have been longer.
    """

    length: int
    start: str
    end: str
    source: str = ""
    begins_known: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """An earlier value of a series that the newest is measured by; in the series' own units."""

    value: float
    period: str


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
class Missed:
    """A period of the calendar without a value, and the symbols that have no close for it."""

    period: str
    symbols: tuple[str, ...]
    more: int = 0
    """How many symbols more than those that are listed."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A streak among all of its direction that are known, itself included; 1 is the longest.

    ``shared`` others are as long. ``reached`` of ``of`` were at least as long:
    ``reached_expected`` is the share that independent signs with the observed share of wins
    would give.
    """

    rank: int
    of: int
    shared: int
    reached: int
    reached_expected: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an alert about a pair rests on.

    Returns are fractions (0.0954 = 9.54%) from the close before the streak to its last close;
    ``*_year_return`` from the last common close of the year before to the period told, None where
    there is none. ``record`` is the longest of the earlier streaks that are known or published,
    ``record_before`` the one that held the record before it. ``ratio`` is asset / benchmark,
    as the closes are; ``ratio_since`` the last period at which it was as high (for an
    underperforming streak: as low), None if never. ``rsi_14`` is Wilder's relative strength index
    of the ratio. ``known_from`` is the first period with values of both legs and
    ``known_returns`` the number of active returns since. ``begins_known`` is true when the streak
    starts with the first return known, so that it may have begun earlier. ``missed`` are the
    calendar's periods within the streak for which a leg has no value, ``missing_periods`` how many
    there are in all. ``ended_by`` is empty while the streak runs.
    """

    asset_return: float
    benchmark_return: float
    longest_since: Holder | None
    known_from: str
    known_returns: int
    begins_known: bool
    ties: str
    round_returns_to: str
    seeds: tuple[str, ...] = ()
    missing: str = "hold"
    missed: tuple[Missed, ...] = ()
    missed_more: int = 0
    ended_by: str = ""
    asset_year_return: float | None = None
    benchmark_year_return: float | None = None
    record: Holder | None = None
    record_before: Holder | None = None
    rank: Rank | None = None
    followed: tuple[Followed, ...] = ()
    ratio: float | None = None
    ratio_since: str | None = None
    rsi_14: float | None = None
    missing_periods: int = 0
    asset_closes: str = "price"
    benchmark_closes: str = "price"
    overnight: str = "include"


@dataclass(frozen=True, slots=True)
class Reading:
    """What an alert about one series rests on.

    ``value`` and ``previous`` are in the series' own units, ``previous`` None at its beginning.
    ``since`` is the last earlier period at which it was as high (for a falling one: as low).
    ``count`` of ``members`` are behind a breadth. ``made_of`` says what the series is.
    """

    value: float
    previous: float | None
    since: Standing | None
    known_from: str
    known_values: int
    made_of: str
    count: int | None = None
    members: int | None = None
    missing: str = "hold"
    missed: tuple[Missed, ...] = ()
    missed_more: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What an alert on several conditions rests on; the conditions are its other milestones."""

    rule: str
    """``all`` or ``any``."""
    of: int
    """How many conditions the rule has."""
    holding: int = 0
    """For how many conditions and subjects it held, listed or not."""


@dataclass(frozen=True, slots=True)
class Instead:
    """The streak that ran at the end of a period, by what is known now; ``length`` 0 if none."""

    direction: str
    length: int
    start: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """The close that brought an alert about: its place in the log and its arrival there."""

    topic: str
    partition: int
    offset: int
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One message: the strongest milestone of a pair or series in a period, and others with it.

    For one about a series, ``asset`` is its name; ``benchmark`` and ``direction`` are empty and
    ``length`` is 0. ``definition`` is the hash of what decides the streaks or values.
    ``follows`` is the id of an earlier alert that this one corrects, restores, confirms or
    withdraws; ``revision`` says what a correction did: ``retracted``, ``amended`` or
    ``restored``, and ``instead`` what the period of a retracted one was in truth. ``late`` says
    that a correction or late close brought it about, after the fact.
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
    evidence: Evidence | Reading | Conditions
    definition: str
    trigger: Trigger
    late: bool = False
    follows: str = ""
    revision: str = ""
    instead: Instead | None = None
    interval: str = "1d"

    @property
    def rule(self) -> str:
        """The milestone's kind, as metrics and logs name it."""
        return self.milestone.kind.value

    @property
    def provisional(self) -> bool:
        """Whether it speaks of a period that has not closed."""
        return self.milestone.kind is Kind.PROVISIONAL

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
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
        for name in ("start", "end", "period"):
            periods.from_text(data[name], data.get("interval", "1d"))
        parts = {
            "milestone": milestone_from(data["milestone"]),
            "also": tuple(milestone_from(m) for m in data["also"]),
            "evidence": _evidence(dict(data["evidence"])),
            "trigger": Trigger(**data["trigger"]),
            "instead": data.get("instead") and Instead(**data["instead"]),
        }
        return cls(**{**data, **parts})


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


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: _lists(value) for name, value in items}


def _lists(value: Any) -> Any:
    return [_lists(item) for item in value] if isinstance(value, (tuple, list)) else value


def _evidence(data: dict[str, Any]) -> Evidence | Reading | Conditions:
    if "rule" in data:
        return Conditions(**data)
    data["missed"] = tuple(Missed(**{**m, "symbols": tuple(m["symbols"])}) for m in data["missed"])
    if "value" in data:
        return Reading(**{**data, "since": _standing(data["since"])})
    for name in ("longest_since", "record", "record_before"):
        data[name] = _holder(data[name])
    data["seeds"] = tuple(data["seeds"])
    data["rank"] = data["rank"] and Rank(**data["rank"])
    data["followed"] = tuple(_followed(one) for one in data["followed"])
    return Evidence(**data)


def _followed(data: dict[str, Any]) -> Followed:
    legs = {leg: data[leg] and Outcome(**data[leg]) for leg in ("asset", "benchmark", "active")}
    return Followed(**{**data, **legs})


def _holder(data: dict[str, Any] | None) -> Holder | None:
    return None if data is None else Holder(**data)


def _standing(data: dict[str, Any] | None) -> Standing | None:
    return None if data is None else Standing(**data)


def milestone_from(data: dict[str, Any]) -> Milestone:
    """A milestone from its plain values; KeyError, TypeError or ValueError for others."""
    parts = {"holder": _holder(data["holder"]), "standing": _standing(data["standing"])}
    return Milestone(**{**data, "kind": Kind(data["kind"]), **parts})
