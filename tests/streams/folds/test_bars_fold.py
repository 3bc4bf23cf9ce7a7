"""The fold of ticks: closes in bytes, dead letters, snapshots, and what is due."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ticks_oracle import Oracle, Tick, Told
from ticks_streams import LINES, SECOND, SYMBOLS, streams

from config.settings import Settings
from streams.batches import Single
from streams.columns.ticks import encode_due, encode_ticks
from streams.core import periods
from streams.core.instants import to_text
from streams.core.rings import TickColumns
from streams.folds.bars import BarsFold
from streams.plans import BarsPlan, bars_plan
from streams.records import Output, Place, Topic
from streams.wire import Reason, decode_close

PLACE = Place(Topic.TICKS, 0)


def plan(lines: Any = LINES, **options: Any) -> BarsPlan:
    of = {(c, i): tuple(SYMBOLS.index(s) for s in symbols) for c, i, symbols in lines}
    ahead = frozenset(SYMBOLS.index(s) for s in options.get("ahead", ()))
    grace, most = options.get("grace", 2 * SECOND), options.get("max_ahead", 5 * SECOND)
    return BarsPlan(tuple(SYMBOLS), frozenset(), of, ahead, grace, most, options.get("every", 0))


def at(text: str) -> int:
    return int(pd.Timestamp(text).value)


def tick(symbol: str, time: str | int, price: float | str, form: int = 0) -> bytes:
    instant = at(time) if isinstance(time, str) else time
    fields: dict[str, Any] = {"symbol": symbol, "price": price}
    fields |= {"time_ns": instant} if form else {"time": to_text(instant)}
    return json.dumps(fields).encode()


def message(symbols: list[str], times: list[int], prices: list[int]) -> bytes:
    columns = (np.arange(len(symbols)), np.array(times), np.array(prices))
    return encode_ticks(symbols, TickColumns(*columns))


class Log:
    """Records one after the other; a value with the time at which it came, in milliseconds."""

    def __init__(self) -> None:
        self.records: list[Single] = []

    def add(self, value: bytes, came_ms: int = 0) -> None:
        self.records.append(Single(len(self.records), came_ms, None, value))


def to(outputs: list[Output], topic: Topic) -> list[bytes]:
    return [output.value or b"" for output in outputs if output.topic is topic]


def reasons(outputs: list[Output]) -> list[str]:
    letters = [output for output in outputs if output.topic is Topic.DEAD_LETTERS]
    return [dict(letter.headers)["reason"].decode() for letter in letters]


def fold(*values: bytes, came: str | None = None, **options: Any) -> list[Output]:
    log = Log()
    for value in values:
        log.add(value, 0 if came is None else at(came) // 10**6)
    return BarsFold(PLACE, plan(**options)).apply(log.records)


def encoded(one: Told) -> bytes:
    """A close, field by field."""
    fields = {
        "symbol": one.symbol,
        "period": periods.to_text(one.period, one.interval),
        "close": f"{one.price / 10**6:f}".rstrip("0").rstrip("."),
        "interval": one.interval,
    }
    fields |= {"provisional": True} if one.provisional else {}
    fields |= {"source": "ticks"} | ({"revision": one.revision} if one.revision else {})
    return json.dumps(fields, separators=(",", ":")).encode()


def records(ticks: list[Tick], data: st.DataObject) -> list[Single]:
    """The same ticks as JSON of several forms, and as Arrow messages of a few."""
    log, start = Log(), 0
    while start < len(ticks):
        one = ticks[start]
        few = [t for t in ticks[start : start + data.draw(st.integers(1, 5))] if t.symbol]
        if not one.symbol:
            log.add(encode_due(one.instant))
            start += 1
        elif few == ticks[start : start + len(few)] and data.draw(st.booleans()):
            instants, prices = ([getattr(t, name) for t in few] for name in ("instant", "price"))
            log.add(message([t.symbol for t in few], instants, prices))
            start += len(few)
        else:
            price: float | str = one.price / 10**6
            price = f"{one.price / 10**6:f}" if data.draw(st.booleans()) else price
            log.add(tick(one.symbol, one.instant, price, data.draw(st.integers(0, 1))))
            start += 1
        if data.draw(st.integers(0, 5)) == 0:
            log.add(data.draw(st.sampled_from([b"rubbish", tick("nobody", one.instant, 1)])))
    return log.records


@given(
    streams(),
    st.sampled_from([0, 2 * SECOND, 59 * SECOND]),
    st.sampled_from([0, 5 * SECOND]),
    st.data(),
)
def test_any_framing_and_any_restart_send_what_one_tick_after_the_other_does(
    stream: Any, grace: int, every: int, data: st.DataObject
) -> None:
    window, ticks = stream
    oracle = Oracle(LINES, grace, every, {"A", "C"}, window)
    for one in ticks:
        oracle.take(one)
    terms = plan(grace=grace, every=every, ahead={"A", "C"})
    taken, sent, start = records(ticks, data), [], 0
    once = BarsFold(PLACE, terms).apply(taken)
    folded = BarsFold(PLACE, terms)
    while start < len(taken):
        end = data.draw(st.integers(start + 1, len(taken)))
        sent += folded.apply(taken[start:end])
        if data.draw(st.booleans()):
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(folded.snapshot()))
            folded = BarsFold(PLACE, terms)
            folded.restore(state)
        start = end
    assert to(sent, Topic.CLOSES) == [encoded(one) for one in oracle.told]
    for topic in (Topic.CLOSES, Topic.DEAD_LETTERS):
        assert to(sent, topic) == to(once, topic)
    assert reasons(sent) == reasons(once)


# --- case by case -------------------------------------------------------------------------------

SESSION = [("XNYS", "1d", ["A", "B"])]


def test_a_close_says_what_a_close_says() -> None:
    closes = fold(tick("A", "2026-01-22T20:59:59.812Z", 2718.77),
                  encode_due(at("2026-01-22T21:00:00Z")), lines=SESSION)  # fmt: skip
    (close,) = to(closes, Topic.CLOSES)
    assert close == (
        b'{"symbol":"A","period":"2026-01-22","close":"2718.77","interval":"1d","source":"ticks"}'
    )
    assert closes[0].key == b"A"
    assert decode_close(close) == closes[0].about


def test_ticks_of_the_future_and_such_a_time_are_refused_and_move_nothing() -> None:
    outputs = fold(
        tick("A", "2026-01-22T15:00:00Z", 1),
        tick("A", "2026-01-22T15:00:05Z", 2),
        tick("A", "2026-01-22T15:00:05.000000001Z", 3),
        encode_due(at("2026-01-22T15:00:05.000000001Z")),
        tick("A", "2026-01-26T15:00:00Z", 4),
        came="2026-01-22T15:00:00Z",
        lines=[("XNYS", "1m", ["A"])],
    )
    assert reasons(outputs) == ["future-tick"] * 3
    assert to(outputs, Topic.CLOSES) == []


def test_each_reason() -> None:
    outputs = fold(
        tick("A", "2026-01-24T15:00:00Z", 1),  # a Saturday
        tick("A", "2026-01-26T21:30:00Z", 1),  # after the close
        tick("A", "2026-01-22T20:00:00Z", 1),  # two sessions before
        tick("A", "2026-01-26T15:00:00Z", 0),
        tick("nobody", "2026-01-26T15:00:00Z", 0),
        lines=SESSION,
    )
    assert reasons(outputs) == ["out-of-session", "out-of-session", "stale-tick", "bad-price"]
    (late,) = [o for o in outputs if dict(o.headers)["reason"] == b"stale-tick"]
    assert dict(late.headers)["detail"] == (
        b"A: 2026-01-22T20:00:00Z is of a session before the last one"
    )
    assert late.value == tick("A", "2026-01-22T20:00:00Z", 1)


def test_a_message_with_bad_ticks_is_one_dead_letter_and_its_good_ones_count() -> None:
    times = [at("2026-01-24T15:00:00Z"), at("2026-01-23T15:00:00Z"), at("2026-01-24T15:00:00Z")]
    data = message(["A", "A", "B"], times, [1, 2, 3])
    outputs = fold(data, encode_due(at("2026-01-23T21:00:00Z")), lines=SESSION)
    assert reasons(outputs) == ["out-of-session"]
    (letter,) = [o for o in outputs if o.topic is Topic.DEAD_LETTERS]
    assert letter.value == data
    assert dict(letter.headers)["detail"] == (
        b"tick 0 of the message: A: 2026-01-24T15:00:00Z is in no session, and 1 more of its ticks"
    )
    assert [json.loads(c)["close"] for c in to(outputs, Topic.CLOSES)] == ["0.000002"]


def test_what_became_of_ticks_is_counted() -> None:
    counts = Counter[str]()
    folded = BarsFold(PLACE, plan([("XNYS", "1m", ["A"])]), counts.update)
    values = [
        tick("A", "2026-01-26T15:00:00Z", 1),
        tick("A", "2026-01-26T15:01:02Z", 1),
        tick("A", "2026-01-26T15:00:30Z", 1),
        tick("A", "2026-01-21T15:00:00Z", 1),
        tick("A", "2026-01-26T14:00:00Z", 1),
        tick("A", "2026-01-26T16:00:00Z", 1),
        tick("A", "2026-01-26T15:00:30Z", -1),
        tick("nobody", "2026-01-26T15:00:30Z", 1),
        b"rubbish",
        encode_due(at("2026-01-26T15:01:00Z")),
    ]
    log = Log()
    for value in values:
        log.add(value, at("2026-01-26T15:02:00Z") // 10**6)
    folded.apply(log.records)
    assert counts == {"taken": 2, "late": 1, "stale": 1, "out-of-session": 1, "future": 1,
                      "unreadable": 2, "unwatched": 1}  # fmt: skip
    assert folded.open_bars() == 1


def test_what_is_due() -> None:
    folded = BarsFold(PLACE, plan(SESSION))
    log = Log()
    log.add(tick("A", "2026-01-22T15:00:00Z", 1), at("2026-01-22T15:00:01Z") // 10**6)
    assert folded.due(at("2026-01-23T00:00:00Z") // 10**6) is None
    folded.apply(log.records)
    close = at("2026-01-22T21:00:00Z")
    assert folded.due(close // 10**6 + 2000) is None
    assert folded.due(close // 10**6 + 2001) == close
    log.add(tick("B", "2026-01-22T15:00:00Z", 1), close // 10**6 + 1500)
    folded.apply(log.records[1:])
    assert folded.due(close // 10**6 + 3499) is None  # ticks still come
    assert folded.due(close // 10**6 + 3500) == close
    log.add(encode_due(close), close // 10**6 + 3501)
    assert len(to(folded.apply(log.records[2:]), Topic.CLOSES)) == 2
    assert folded.due(close // 10**6 + 10**7) is None


def test_a_storm_leaves_a_snapshot_as_small_as_it_was() -> None:
    folded, log = BarsFold(PLACE, plan([("XNYS", "1m", ["A"])])), Log()
    for number in range(5000):
        log.add(tick("A", at("2026-01-22T15:00:00Z") + number, 1.5))
    folded.apply(log.records[:1])
    before = len(json.dumps(folded.snapshot()))
    folded.apply(log.records[1:])
    assert len(json.dumps(folded.snapshot())) <= before + 10


# --- which closes -------------------------------------------------------------------------------


def settings(**sections: Any) -> Settings:
    base = {
        "targets": {"console": {"url": "console://"}},
        "watchlists": {
            "days": watchlist("XNYS", "1d"),
            "any-day": watchlist("none", "1d"),
            "minutes": watchlist("XNYS", "1m") | {
                "pairs": [{"asset": "SPX", "benchmark": "NDX"}],
                "rules": [{"kind": "provisional"}],
            },
        },
    }  # fmt: skip
    return Settings.model_validate(base | sections)


def watchlist(calendar: str, interval: str) -> dict[str, Any]:
    return {
        "calendar": calendar,
        "interval": interval,
        "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
        "rules": [{"kind": "threshold", "at": 3}],
        "targets": ["console"],
    }


def test_the_plan_is_what_the_watchlists_need() -> None:
    found = bars_plan(settings())
    assert found.symbols == ("NDX", "RUT", "SPX")
    assert dict(found.lines) == {("XNYS", "1d"): (1, 2), ("XNYS", "1m"): (0, 2)}
    assert found.ahead == {0, 2}
    assert (found.grace, found.max_ahead, found.ahead_every) == (2 * SECOND, *[5 * SECOND] * 2)
    assert bars_plan(settings(bars={"symbols": ["RUT"]})).symbols == ("RUT",)


def test_a_definition_is_that_of_what_the_ticks_bring() -> None:
    same = bars_plan(settings()).definition
    assert bars_plan(settings()).definition == same
    others = [
        settings(bars={"grace": 3}),
        settings(bars={"symbols": ["RUT"]}),
        settings(bars={"provisional_every": 0}),
        settings(instruments={"SPX": {"name": "x", "closes": "number"}}),
    ]
    assert len({same, *(bars_plan(one).definition for one in others)}) == 5


def test_numbers_may_be_negative() -> None:
    number = {"SPX": {"name": "a yield", "closes": "number"}}
    found = bars_plan(settings(instruments=number))
    folded, log = BarsFold(PLACE, found), Log()
    log.add(tick("SPX", "2026-01-22T15:00:00Z", -0.25))
    log.add(tick("RUT", "2026-01-22T15:00:00Z", -0.25))
    log.add(encode_due(at("2026-01-22T21:00:00Z")))
    outputs = folded.apply(log.records)
    assert reasons(outputs) == [Reason.BAD_PRICE]
    assert {json.loads(c)["close"] for c in to(outputs, Topic.CLOSES)} == {"-0.25"}


@pytest.mark.parametrize("interval", ["1d", "5m"])
def test_nothing_is_as_it_was(interval: str) -> None:
    folded = BarsFold(PLACE, plan([("XNYS", interval, ["A"])]))
    before = folded.snapshot()
    assert folded.apply([]) == []
    assert folded.snapshot() == before
    assert folded.standing() == []
