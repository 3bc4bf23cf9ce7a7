"""Closes taken in columns bring about what they bring about one by one, however they are sent.

Random closes (mostly in order, some repeated, late, corrected or provisional, some in forms that
are read by themselves, some in Arrow streams) go through two folds: one that takes every record
by itself, and one that takes all in columns, in random frames and with takeovers from snapshots.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from config.watchlists import Watchlist
from streams.batches import Single
from streams.columns.closes import FEW, ORIGIN
from streams.core import periods
from streams.core.board import LONG
from streams.definitions import missing_rules, summary_rules
from streams.folds import router, watcher, watchlist_state
from streams.folds.router import RouterFold
from streams.folds.watcher import WatcherFold
from streams.formats import arrow
from streams.records import Headers, Output, Place, Topic
from streams.wire import (
    Close,
    Due,
    Look,
    Routed,
    encode_close,
    encode_due,
    encode_look,
    encode_routed,
)

FIRST = 20_000
SYMBOLS = ("A", "B", "C", "D")
ALWAYS, NEVER = 1, 10**9

RULES: dict[str, list[dict[str, Any]]] = {
    "simple": [
        {"kind": "threshold", "at": [2, 4], "every": 3},
        {"kind": "record", "on": ["approached", "tied", "broken", "extended"], "min_length": 1},
        {"kind": "ended", "min_length": 2},
    ],
    "lengths": [
        {"kind": "threshold", "at": [2, 5], "direction": "underperforming"},
        {"kind": "threshold", "at": [3]},
        {"kind": "threshold", "at": [4, 7], "pair": "D/A", "direction": "outperforming"},
    ],
    "every": [
        {"kind": "threshold", "at": [1], "every": 4, "direction": "outperforming"},
        {"kind": "threshold", "at": [2], "pair": "C/B"},
    ],
    "short records": [
        {"kind": "threshold", "at": [2]},
        {
            "kind": "record",
            "on": ["approached", "broken", "extended"],
            "short_by": 2,
            "min_length": 3,
            "direction": "underperforming",
            "scopes": ["last 1 years"],
        },
        {"kind": "ended", "min_length": 6, "direction": "outperforming"},
    ],
    "scopes": [{"kind": "record", "min_length": 2, "scopes": ["all", "this year"]}],
    "one": [{"kind": "threshold", "at": [3], "pair": "A/B", "direction": "outperforming"}],
    "ahead": [{"kind": "threshold", "at": [3]}, {"kind": "provisional", "min_length": 1}],
    "each price": [
        {"kind": "provisional", "min_length": 2, "every": 0, "margin": 0.01},
        {"kind": "record", "min_length": 1},
    ],
    "ahead of one": [
        {"kind": "provisional", "min_length": 1, "every": 2, "direction": "underperforming"},
        {"kind": "provisional", "min_length": 1, "pair": "C/B", "margin": 0.1},
    ],
    "ahead of all": [
        {"kind": "provisional", "min_length": 1, "every": 1},
        {"kind": "year-to-date", "crosses": [0.1]},
    ],
    "missing": [{"kind": "threshold", "at": [2]}, {"kind": "missing"}],
    "summary": [
        {"kind": "threshold", "at": [3]},
        {"kind": "summary", "min_length": 1, "near": 1, "most": 2},
    ],
    "year": [{"kind": "year-to-date", "crosses": [0.1, -0.1]}],
    "together": [
        {
            "kind": "all",
            "name": "both",
            "of": [{"kind": "threshold", "at": 2}, {"kind": "ended", "min_length": 1}],
        }
    ],
}
UNUSED = {"kind": "basket", "weighting": "price", "members": ["D", "E", "A"]}
"""Nothing is told about it, and one of its members is in no pair."""
SEED = {
    "direction": "outperforming",
    "length": 3,
    "start": "2024-01-03",
    "end": "2024-01-05",
    "source": "the archive",
}


def watchlist(draw: Any, name: str) -> Watchlist:
    pairs: list[dict[str, Any]] = [
        {"asset": "A", "benchmark": "B"},
        {"asset": "C", "benchmark": "B"},
        {"asset": "D", "benchmark": "A"},
    ]
    if draw(st.booleans()):
        pairs[1]["records"] = [SEED]
    interval = draw(st.sampled_from(["1d", "1d", "1h"]))
    nights = ["include"] if interval == "1d" else ["include", "exclude"]
    return Watchlist.model_validate(
        {
            "calendar": "24/7",
            "interval": interval,
            "overnight": draw(st.sampled_from(nights)),
            "series": draw(st.sampled_from([{}, {}, {"UNUSED": UNUSED}])),
            "pairs": pairs,
            "rules": RULES[draw(st.sampled_from(list(RULES)))],
            "targets": ["t"],
            "ties": draw(st.sampled_from(["break", "extend", "skip"])),
            "missing": draw(st.sampled_from(["hold", "break"])),
            "round_returns_to": draw(st.sampled_from([None, "0.01"])),
            "min_history": draw(st.sampled_from([0, 5])),
        }
    )


FORMS = st.sampled_from(
    ["plain"] * 9
    + ["provisional"] * 6
    + ["ticks"] * 4
    + ["ticks ahead", "escaped", "more", "digits", "direct", "live"]
)
#: Between two arrivals, in milliseconds; clocks of producers differ, and may be wrong.
PAUSES = st.sampled_from([0, 0, 1, 400, 1000, 3000, 5000, 60_000, -500, -7000, 10**9, -(10**9)])
PRICES = st.sampled_from([90, 99, 100, 100, 101, 101.5, 110, 0.000001, 10**9])
#: For how many periods all go on steadily after a step, up or down, so that streaks are long too.
STEADY = st.sampled_from([0] * 12 + [3, 6, 9, -4, -8])
#: By how much the price of each symbol changes in one of them.
PACE = {"A": 1, "B": 0, "C": -1, "D": 2}


@st.composite
def logs(draw: st.DrawFn) -> tuple[dict[str, Watchlist], list[Single]]:
    watchlists = {name: watchlist(draw, name) for name in ("u", "v")}
    clock, records = dict.fromkeys([(w, s) for w in watchlists for s in SYMBOLS], 0), []
    arrived = 10**12
    steps = st.tuples(
        st.sampled_from(list(watchlists)),
        st.sampled_from(SYMBOLS),
        st.sampled_from([1] * 16 + [2, 3, 0, -1, -3]),
        PRICES,
        FORMS,
        PAUSES,
        STEADY,
    )
    by_day = draw(st.booleans())
    for step in draw(st.lists(steps, min_size=10, max_size=60)):
        name, symbol, on, price, form, pause, steady = step
        arrived = max(0, arrived + pause)
        chosen = SYMBOLS if by_day else (symbol,)
        for one in chosen:
            at = max(0, clock[name, one] + on)
            if form not in ("provisional", "live"):
                clock[name, one] = at
            made = close(watchlists[name], one, at, price + len(one))
            records.append(
                record(watchlists[name], Routed(name, made, 0, len(records), arrived), form)
            )
        for one in SYMBOLS * abs(steady):
            clock[name, one] = at = clock[name, one] + 1
            made = close(
                watchlists[name], one, at, 1000 + at * PACE[one] * (1 if steady > 0 else -1)
            )
            routed = Routed(name, made, 0, len(records), arrived)
            records.append(record(watchlists[name], routed, "plain"))
        if draw(st.sampled_from([False] * 8 + [True])):
            value = encode_look(Look(name, arrived + 4000))
            records.append(Single(0, arrived, name.encode(), value))
    if draw(st.booleans()):
        for name, one in watchlists.items():
            records.insert(len(records) // 2, due(name, one))
    records = draw(st.sampled_from([records, as_streams(records, watchlists)]))
    return watchlists, [
        Single(at, r.timestamp, r.key, r.value, r.headers) for at, r in enumerate(records)
    ]


def close(watched: Watchlist, symbol: str, at: int, price: float) -> Close:
    interval = watched.interval
    period = FIRST + at if interval == "1d" else FIRST * 1440 + 60 * at
    return Close(symbol, period, round(min(price, 10**9) * 10**6), interval)


def record(watched: Watchlist, routed: Routed, form: str) -> Single:
    fields = json.loads(encode_routed(routed))
    fields["close"] = float(fields["close"])
    value = json.dumps(fields).encode()
    if form == "escaped":
        value = value.replace(b'"symbol"', b'"symbo\\u006c"')
    if form == "more":
        value = json.dumps(fields | {"venue": ["X"]}, indent=1).encode()
    if form == "digits":
        value = encode_routed(routed)
    if form in ("direct", "live"):
        del fields["origin"]
    if form == "live":
        fields["provisional"] = True
    if form in ("direct", "live"):
        value = json.dumps(fields, separators=(",", ":")).encode()
    if form.startswith("ticks"):
        made = {"source": "ticks", "revision": routed.offset % 3}
        value = json.dumps(fields | made | {"provisional": form == "ticks ahead"}).encode()
    if form == "provisional":
        value = json.dumps(fields | {"provisional": True}).encode()
    return Single(0, routed.arrived_ms, routed.watchlist.encode(), value)


def due(name: str, watched: Watchlist) -> Single:
    at = FIRST + 3 if watched.interval == "1d" else FIRST * 1440 + 180
    rule = next(iter({**missing_rules(watched), **summary_rules(watched, {})}), "none")
    one = Due(name, at, watched.interval, rule, 10**9, 10**10)
    return Single(0, 0, name.encode(), encode_due(one))


def as_streams(records: list[Single], watchlists: dict[str, Watchlist]) -> list[Single]:
    """The plain ones among neighbours of one watchlist as Arrow streams."""
    made: list[Single] = []
    waiting: list[dict[str, Any]] = []

    def flush() -> None:
        if waiting:
            name = waiting[0]["watchlist"]
            made.append(stream(name, watchlists[name].interval, waiting))
            waiting.clear()

    for one in records:
        fields = json.loads(one.value or b"")
        plain = "close" in fields and "origin" in fields
        if not plain or (waiting and waiting[0]["watchlist"] != fields["watchlist"]):
            flush()
        if plain:
            waiting.append(fields)
        else:
            made.append(one)
    flush()
    return made


def stream(name: str, interval: str, rows: list[dict[str, Any]]) -> Single:
    symbols = sorted({row["symbol"] for row in rows})
    origin = np.array([[*row["origin"][:2], 0, row["origin"][2]] for row in rows], np.int64)
    table = {
        "symbol": arrow.dictionary(symbols, np.array([symbols.index(r["symbol"]) for r in rows])),
        "period": np.array([periods.from_text(row["period"], interval) for row in rows]),
        "micros": np.array([round(float(row["close"]) * 10**6) for row in rows]),
        **dict(zip(ORIGIN, origin.T, strict=True)),
    }
    live = [row.get("provisional", False) for row in rows]
    if any(live):
        table["provisional"] = np.array(live)
    value = arrow.write(table, {"interval": interval})
    return Single(0, rows[-1]["origin"][2], name.encode(), value, arrow.HEADERS)


@contextmanager
def columns_from(few: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (watcher, watchlist_state, router):
            patch.setattr(module, "FEW", few)
        yield


Told = tuple[list[tuple[bytes | None, bytes | None, Headers]], dict[bytes | None, bytes | None]]


def told(
    watchlists: dict[str, Watchlist], records: list[Single], cuts: list[tuple[int, bool]]
) -> Told:
    """Alerts and dead letters in order for each key, with their headers, and the last word on each
    streak; all alerts go with the history that their picture shows."""
    place = Place(Topic.WATCH, 0)
    fold, outputs, at = WatcherFold(place, watchlists, charted=bool), list[Output](), 0
    streaks: dict[bytes | None, bytes | None] = {}
    for cut, handed_over in [*sorted(cuts), (len(records), False)]:
        outputs += fold.apply(records[at:cut])
        at = max(at, cut)
        streaks |= {output.key: output.value for output in fold.latest()}
        if handed_over:
            state = msgpack.decode(msgpack.encode(fold.snapshot()))
            fold = WatcherFold(place, watchlists, charted=bool)
            fold.restore(state)
    standing = {output.key: output.value for output in fold.standing()}
    assert standing | streaks == standing
    return [(output.key, output.value, output.headers) for output in outputs], standing


@given(logs(), st.lists(st.tuples(st.integers(1, 250), st.booleans()), max_size=4))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_columns_are_records_one_by_one(
    log: tuple[dict[str, Watchlist], list[Single]], cuts: list[tuple[int, bool]]
) -> None:
    watchlists, records = log
    with columns_from(NEVER):
        expected = told(watchlists, records, [])
    with columns_from(ALWAYS):
        found = told(watchlists, records, cuts)
    assert found == expected


@pytest.mark.parametrize(
    ("at", "every", "lengths"),
    [
        ([3, LONG - 1], None, [3, LONG - 1]),
        ([2, LONG + 7, 10**30], None, [2, LONG + 7]),
        ([LONG - 4], 6, [LONG - 4, LONG + 2, LONG + 8]),
        ([LONG + 1], 3, [LONG + 1, LONG + 4, LONG + 7]),
    ],
)
def test_streaks_longer_than_lengths_that_are_told_apart(
    at: list[int], every: int | None, lengths: list[int]
) -> None:
    rule = {"kind": "threshold", "at": at, "every": every, "direction": "underperforming"}
    pairs = [{"asset": "C", "benchmark": "B"}, {"asset": "A", "benchmark": "B"}]
    watched = Watchlist.model_validate(
        {"calendar": "24/7", "pairs": pairs, "rules": [rule], "targets": ["t"]}
    )
    made = [close(watched, one, day, 1000 + day * PACE[one])
            for day in range(LONG + 9) for one in "ABC"]  # fmt: skip
    records = [record(watched, Routed("u", one, 0, at, 0), "plain") for at, one in enumerate(made)]
    with columns_from(NEVER):
        expected = told({"u": watched}, records, [])
    with columns_from(ALWAYS):
        found = told({"u": watched}, records, [(50, True), (300, False)])
    assert found == expected
    assert [json.loads(value or b"")["length"] for _, value, _ in found[0]] == lengths


@given(logs(), st.lists(st.integers(1, 250), max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_router_sends_together_what_it_sends_one_by_one(
    log: tuple[dict[str, Watchlist], list[Single]], cuts: list[int]
) -> None:
    watchlists, records = log
    closes = [closed(one) for one in records if one.headers == () and b'"at_ms"' not in one.value]  # type: ignore[operator]
    closes = [Single(at, 10**15, r.key, r.value) for at, r in enumerate(closes)]
    with columns_from(NEVER):
        expected = routed(watchlists, closes, [], together=False)
    with columns_from(ALWAYS):
        found = routed(watchlists, closes, cuts, together=True)
        alone = routed(watchlists, closes, cuts, together=False)
    assert alone == expected
    copies = {key: [v for k, v in found[0] if k == key] for key in (b"u", b"v")}
    assert copies == {key: [v for k, v in expected[0] if k == key] for key in (b"u", b"v")}
    assert found[1] == expected[1]


def closed(record: Single) -> Single:
    fields = json.loads(record.value or b"")
    return Single(0, 0, fields["symbol"].encode(), record.value)


def routed(
    watchlists: dict[str, Watchlist], records: list[Single], cuts: list[int], *, together: bool
) -> tuple[list[Any], list[Any]]:
    """Copies in order as one JSON each, and dead letters."""
    from streams.calendars import by_name
    from streams.columns.reader import Reader

    sessions = by_name((w.calendar, w.interval) for w in watchlists.values())
    fold = RouterFold(Place(Topic.CLOSES, 3), watchlists, sessions, together=together)
    reader = Reader(SYMBOLS, frozenset(), watchlists)
    copies: list[Any] = []
    dead: list[Any] = []
    at = 0
    for cut in [*sorted(cuts), len(records)]:
        for output in fold.apply(records[at:cut]):
            if output.topic is Topic.DEAD_LETTERS:
                dead.append((output.value, output.headers))
            elif output.headers:
                one = Single(0, 0, output.key, output.value, output.headers)
                copies += [(output.key, encode_routed(each)) for each in reader.routed(one)]
            else:
                copies.append((output.key, output.value))
        at = max(at, cut)
    return copies, dead


def test_few_records_are_not_worth_columns() -> None:
    assert FEW > 1
    assert encode_close(Close("A", FIRST, 10**6)).startswith(b"{")
