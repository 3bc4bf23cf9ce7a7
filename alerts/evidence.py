"""What alerts rest on, as frozen values: of pairs, series, several conditions, missing closes, all
streaks at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams.core import periods
from streams.core.aftermath import Followed, Outcome


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
class Absence:
    """What an alert about missing closes rests on.

    ``symbols`` have, or had, no close for a period, and ``more`` others likewise, ``of`` so many
    that the rule is about. ``ended`` is when the period did, such as ``2026-01-23T21:00Z``, and
    ``after_seconds`` how much later they were asked for. For closes that have arrived it is how
    much later the last one did, that of ``last``.
    """

    symbols: tuple[str, ...]
    more: int
    of: int
    ended: str
    after_seconds: int
    last: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A streak that runs, as a summary lists it.

    Returns are fractions, over the streak to its last period, ``period``. ``record`` is the longest
    of the earlier streaks of its pair and direction, None where not enough is known.
    ``begins_known`` is true when the streak starts with the first return known, so that it may have
    begun earlier.
    """

    asset: str
    benchmark: str
    direction: str
    length: int
    start: str
    period: str
    asset_return: float
    benchmark_return: float
    record: Holder | None
    begins_known: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What a summary of a watchlist's streaks rests on.

    ``due`` is when it was due, such as ``2026-01-23T21:30Z``, and ``until`` the last period of any
    pair, empty while there is none. Of ``pairs``, ``running`` are on streaks of ``min_length`` or
    more, and ``near`` of these at most ``within`` periods short of their record, or beyond it.
    ``streaks`` lists the first of them: those near their record, the nearest first, then by length.
    """

    due: str
    until: str
    pairs: int
    running: int
    near: int
    min_length: int
    within: int
    streaks: tuple[Running, ...] = ()


def evidence_from(data: dict[str, Any]) -> Evidence | Reading | Conditions | Absence | Overview:
    """Evidence from its plain values; KeyError, TypeError or ValueError for others."""
    if "rule" in data:
        return Conditions(**data)
    if "after_seconds" in data:
        _whole(data, "more", "of")
        return Absence(**{**data, "symbols": tuple(data["symbols"])})
    if "streaks" in data:
        _whole(data, "pairs", "running", "near", "min_length", "within")
        periods.from_text(data["due"], "1m")
        return Overview(**{**data, "streaks": tuple(_running(one) for one in data["streaks"])})
    data["missed"] = tuple(Missed(**{**m, "symbols": tuple(m["symbols"])}) for m in data["missed"])
    if "value" in data:
        return Reading(**{**data, "since": standing_from(data["since"])})
    for name in ("longest_since", "record", "record_before"):
        data[name] = holder_from(data[name])
    data["seeds"] = tuple(data["seeds"])
    data["rank"] = data["rank"] and Rank(**data["rank"])
    data["followed"] = tuple(_followed(one) for one in data["followed"])
    return Evidence(**data)


def _whole(data: dict[str, Any], *names: str) -> None:
    wrong = [name for name in names if type(data[name]) is not int]
    if wrong:
        raise TypeError(f"{wrong[0]} is not a whole number")


def _running(data: dict[str, Any]) -> Running:
    _whole(data, "length")
    return Running(**{**data, "record": holder_from(data["record"])})


def _followed(data: dict[str, Any]) -> Followed:
    legs = {leg: data[leg] and Outcome(**data[leg]) for leg in ("asset", "benchmark", "active")}
    return Followed(**{**data, **legs})


def holder_from(data: dict[str, Any] | None) -> Holder | None:
    """A holder from its plain values; KeyError or TypeError for others."""
    if data is None:
        return None
    _whole(data, "length")
    return Holder(**data)


def standing_from(data: dict[str, Any] | None) -> Standing | None:
    """A standing value from its plain values."""
    return None if data is None else Standing(**data)
