"""The second judge: plain loops over the final closes, which share no code with the engine.

What the alerts say in the end, less what was taken back, must be what is found here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, NamedTuple


class Fact(NamedTuple):
    """What is told of a pair in a session; ``record`` is the length and end of the holder."""

    watchlist: str
    pair: tuple[str, str]
    kind: str
    length: int
    direction: str
    start: str
    session: str
    record: tuple[int, str] | None


class Streak(NamedTuple):
    """A streak that has ended, or runs on: ``end`` is its last session."""

    sign: int
    length: int
    start: str
    end: str


Closes = dict[str, dict[str, Decimal]]


def final_closes(values: Iterable[bytes | None], known: set[str], sessions: set[str]) -> Closes:
    """The last price of each symbol and session; what is no close is passed over."""
    closes: Closes = {symbol: {} for symbol in known}
    for value in values:
        try:
            close = json.loads(value or b"")
            symbol, session, price = close["symbol"], close["period"], Decimal(close["close"])
        except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError):
            continue
        if symbol in known and session in sessions and price > 0:
            closes[symbol][session] = price
    return closes


def facts(watchlists: Mapping[str, Any], closes: Closes) -> set[Fact]:
    """Everything that should be told, by the final closes."""
    found = set()
    for name, watchlist in watchlists.items():
        for pair in watchlist["pairs"]:
            legs = (pair["asset"], pair["benchmark"])
            for fact in _pair(name, legs, closes[legs[0]], closes[legs[1]]):
                assert fact not in found
                found.add(fact)
    return found


def _pair(
    name: str, legs: tuple[str, str], asset: dict[str, Decimal], benchmark: dict[str, Decimal]
) -> Iterator[Fact]:
    running: Streak | None = None
    past: list[Streak] = []
    for before, session in pairwise(sorted(asset.keys() & benchmark.keys())):
        over = asset[session] * benchmark[before] - benchmark[session] * asset[before]
        sign = (over > 0) - (over < 0)
        if running is not None and sign != running.sign:
            past.append(running)
            if running.length >= 8:
                yield _fact(name, legs, "ended", running, session, None)
            running = None
        if sign:
            begun = running or Streak(sign, 0, session, session)
            running = Streak(sign, begun.length + 1, begun.start, session)
            yield from _grown(name, legs, running, past)


def _grown(
    name: str, legs: tuple[str, str], streak: Streak, past: Sequence[Streak]
) -> Iterator[Fact]:
    """A tied or broken record speaks before a threshold; one message a session."""
    alike = [(one.length, one.end) for one in past if one.sign == streak.sign]
    holder = max(alike, default=None)
    lead = None if holder is None or streak.length < 7 else streak.length - holder[0]
    if lead == 0:
        yield _fact(name, legs, "record.tied", streak, streak.end, holder)
    elif lead == 1:
        yield _fact(name, legs, "record.broken", streak, streak.end, holder)
    elif streak.length == 8:
        yield _fact(name, legs, "threshold", streak, streak.end, None)


def _fact(
    name: str,
    legs: tuple[str, str],
    kind: str,
    streak: Streak,
    session: str,
    holder: tuple[int, str] | None,
) -> Fact:
    direction = "outperforming" if streak.sign > 0 else "underperforming"
    return Fact(name, legs, kind, streak.length, direction, streak.start, session, holder)


def standing(alerts: Iterable[Mapping[str, Any]]) -> set[Fact]:
    """What the alerts say in the end: of each id the first, less what was taken back."""
    seen, kept = set(), {}
    for alert in alerts:
        if alert["id"] in seen:
            continue
        seen.add(alert["id"])
        if alert["revision"] in ("retracted", "amended"):
            del kept[alert["follows"]]
        if alert["revision"] != "retracted":
            kept[alert["id"]] = _told(alert)
    assert len(set(kept.values())) == len(kept)
    return set(kept.values())


def _told(alert: Mapping[str, Any]) -> Fact:
    milestone = alert["milestone"]
    held = milestone["holder"]
    record = None if held is None else (held["length"], held["end"])
    return Fact(
        alert["watchlist"],
        (alert["asset"], alert["benchmark"]),
        milestone["kind"],
        milestone["level"],
        alert["direction"],
        alert["start"],
        alert["period"],
        record,
    )
