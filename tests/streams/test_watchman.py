"""The watchman asks for what is due: once, by the clock, in the log that has the closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from alerts.model import Alert
from config.watchlists import Watchlist
from streams.core.periods import from_text, to_text
from streams.folds.router import RouterFold
from streams.folds.watcher import WatcherFold
from streams.records import Place, Topic
from streams.topics import partition_of
from streams.watchman import Passage, Watchman
from streams.wire import (
    Close,
    Due,
    Look,
    Routed,
    decode_alert,
    decode_watch,
    encode_close,
    encode_routed,
)
from streams.works import FoldWork

WATCH = Place(Topic.WATCH, 0)
CLOSES = Place(Topic.CLOSES, 0)


def watchlist(*rules: dict[str, Any], **changes: Any) -> Watchlist:
    data = {
        "calendar": "XNYS",
        "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
        "rules": [{"kind": "missing", **rule} for rule in rules or ({},)],
        "targets": ["desk"],
    }
    return Watchlist.model_validate(data | changes)


class FakeClock:
    """Shows what it is set to."""

    time = 0.0

    def now(self) -> float:
        return self.time


class Workers:
    """Workers that take over from one another: the log stays, the rest begins anew."""

    def __init__(self, harness: Any, **watchlists: Watchlist) -> None:
        self.harness = harness
        self.clock = FakeClock()
        self.watchlists = watchlists or {"us": watchlist()}
        self.is_current = True
        self.take_over()

    def take_over(self) -> None:
        """Another worker folds the log, and has a watchman of its own."""
        self.folded = 0
        self.fold = WatcherFold(WATCH, self.watchlists)
        self.told: list[Alert] = []
        self.catch_up()
        self.told = []

        async def is_current() -> bool:
            return self.is_current

        self.watchman = Watchman(
            self.watchlists,
            {},
            self.clock,
            self.harness.outbox,
            last_asked=self.fold.last_asked,
            waiting_since=self.fold.waiting_since,
            is_current=is_current,
        )

    def catch_up(self) -> None:
        """Fold what is new in the log."""
        records = self.harness.log.records.get(WATCH, [])[self.folded :]
        self.folded += len(records)
        outputs = self.fold.apply(records)
        self.told += [decode_alert(o.value) for o in outputs if o.topic is Topic.ALERTS]

    def close(
        self, symbol: str, period: str, name: str = "us", price: float = 1, **more: Any
    ) -> None:
        """A close that the router has passed on."""
        interval, micros = self.watchlists[name].interval, round(price * 1_000_000)
        close = Close(symbol, from_text(period, interval), micros, interval, **more)
        offset = len(self.harness.log.records.get(WATCH, []))
        now_ms = int(self.clock.now() * 1000)
        self.harness.log.append(WATCH, encode_routed(Routed(name, close, 0, offset, now_ms)))
        self.catch_up()

    async def look(
        self, at: str, is_mine: Callable[[str], bool] = lambda _: True
    ) -> list[tuple[str, str]]:
        """What is told when the clock shows a time, by kind and period."""
        self.clock.time = datetime.fromisoformat(at).timestamp()
        await self.watchman.look(is_mine)
        before = len(self.told)
        self.catch_up()
        return [(alert.rule, alert.period) for alert in self.told[before:]]

    def asked(self) -> list[Due]:
        """What is due, as the log has it."""
        found = (decode_watch(record.value) for record in self.harness.log.records.get(WATCH, []))
        return [one for one in found if isinstance(one, Due)]

    def periods(self) -> list[str]:
        return [to_text(one.period, one.interval) for one in self.asked()]


def missing(*periods: str) -> list[tuple[str, str]]:
    return [("data.missing", period) for period in periods]


async def test_a_session_is_asked_for_when_its_time_is_over(harness: Any) -> None:
    workers = Workers(harness)
    assert await workers.look("2026-01-22T22:00Z") == missing("2026-01-22")
    assert await workers.look("2026-01-23T21:29:59Z") == []
    assert await workers.look("2026-01-23T21:30:00Z") == missing("2026-01-23")
    for minute in range(31, 60):
        assert await workers.look(f"2026-01-23T21:{minute}Z") == []
    assert workers.periods() == ["2026-01-22", "2026-01-23"]
    last = workers.asked()[-1]
    assert last.at_ms - last.ended_ms == 30 * 60_000
    (record, *_) = harness.log.records[WATCH]
    assert record.key == b"us"


async def test_closes_that_have_come_are_not_missed(harness: Any) -> None:
    workers = Workers(harness)
    workers.close("RUT", "2026-01-23")
    workers.close("SPX", "2026-01-23")
    assert await workers.look("2026-01-23T21:30Z") == []
    assert workers.periods() == ["2026-01-23"]


async def test_a_late_close_completes_it(harness: Any) -> None:
    workers = Workers(harness)
    workers.close("RUT", "2026-01-23")
    assert await workers.look("2026-01-23T21:30Z") == missing("2026-01-23")
    assert await workers.look("2026-01-23T23:10Z") == []
    workers.close("SPX", "2026-01-23")
    assert [alert.rule for alert in workers.told] == ["data.missing", "data.arrived"]
    assert workers.told[-1].evidence.after_seconds == 7800


@pytest.mark.parametrize(
    ("day", "end"),
    [
        ("2025-11-26", "2025-11-26T21:30Z"),
        ("2025-11-28", "2025-11-28T18:30Z"),  # an early close, the day after Thanksgiving
        ("2026-03-06", "2026-03-06T21:30Z"),  # the last session of winter time
        ("2026-03-09", "2026-03-09T20:30Z"),  # the first one of summer time
    ],
)
async def test_each_day_ends_when_it_ends(day: str, end: str, harness: Any) -> None:
    workers = Workers(harness)
    at = datetime.fromisoformat(end)
    await workers.look(str(at - timedelta(days=1)))
    await workers.look(str(at - timedelta(seconds=1)))
    assert day not in workers.periods()
    assert await workers.look(str(at)) == missing(day)


async def test_holidays_and_weekends_are_silent(harness: Any) -> None:
    """From Friday's close to Tuesday's: Monday 2026-01-19 is a holiday."""
    workers = Workers(harness)
    assert await workers.look("2026-01-16T21:30Z") == missing("2026-01-16")
    for hour in range(1, 96):
        at = datetime.fromisoformat("2026-01-16T21:29Z") + timedelta(hours=hour)
        assert await workers.look(str(at)) == []
    assert await workers.look("2026-01-20T21:30Z") == missing("2026-01-20")


async def test_a_new_rule_begins_with_the_last_session(harness: Any) -> None:
    workers = Workers(harness)
    assert await workers.look("2026-01-18T12:00Z") == missing("2026-01-16")
    assert workers.periods() == ["2026-01-16"]


async def test_a_worker_that_was_away_asks_for_the_last_three(harness: Any) -> None:
    workers = Workers(harness)
    await workers.look("2026-01-12T22:00Z")
    workers.take_over()
    for symbol in ("RUT", "SPX"):
        workers.close(symbol, "2026-01-22")
    assert await workers.look("2026-01-24T12:00Z") == missing("2026-01-21", "2026-01-23")
    assert workers.periods() == ["2026-01-12", "2026-01-21", "2026-01-22", "2026-01-23"]


async def test_whoever_takes_over_asks_for_nothing_again(harness: Any) -> None:
    workers = Workers(harness)
    assert await workers.look("2026-01-23T21:30Z") == missing("2026-01-23")
    workers.take_over()
    assert await workers.look("2026-01-23T21:31Z") == []
    assert workers.periods() == ["2026-01-23"]
    workers.close("RUT", "2026-01-23")
    workers.take_over()
    workers.close("SPX", "2026-01-23")
    assert [alert.rule for alert in workers.told] == ["data.arrived"]


async def test_two_that_ask_for_the_same_tell_it_once(harness: Any) -> None:
    """A worker that has lost its partition, and does not know it yet."""
    workers = Workers(harness)
    lost = workers.watchman
    workers.take_over()
    workers.clock.time = datetime.fromisoformat("2026-01-23T21:30Z").timestamp()
    await lost.look(lambda _: True)
    assert await workers.look("2026-01-23T21:30Z") == missing("2026-01-23")
    assert workers.periods() == ["2026-01-23", "2026-01-23"]


async def test_nothing_is_sent_twice_before_it_is_folded(harness: Any) -> None:
    workers = Workers(harness)
    workers.clock.time = datetime.fromisoformat("2026-01-23T21:30Z").timestamp()
    for _ in range(3):
        await workers.watchman.look(lambda _: True)
    assert workers.periods() == ["2026-01-23"]


async def test_what_could_not_be_sent_is_sent_the_next_time(harness: Any) -> None:
    workers = Workers(harness)

    async def away(_: object) -> None:
        harness.outbox.before = None
        raise KafkaConnectionError

    harness.outbox.before = away
    with pytest.raises(KafkaConnectionError):
        await workers.look("2026-01-23T21:30Z")
    assert await workers.look("2026-01-23T21:31Z") == missing("2026-01-23")


async def test_a_backlog_of_closes_is_waited_for(harness: Any) -> None:
    workers = Workers(harness)
    workers.is_current = False
    assert await workers.look("2026-01-23T21:30Z") == []
    workers.close("RUT", "2026-01-23")
    workers.close("SPX", "2026-01-23")
    workers.is_current = True
    assert await workers.look("2026-01-23T21:31Z") == []
    assert workers.periods() == ["2026-01-23"]


async def test_only_watchlists_of_this_worker_with_such_a_rule(harness: Any) -> None:
    quiet = watchlist(rules=[{"kind": "threshold", "at": 3}])
    workers = Workers(harness, us=watchlist(), them=watchlist(), quiet=quiet)
    await workers.look("2026-01-23T21:30Z", lambda name: name != "them")
    assert [one.watchlist for one in workers.asked()] == ["us"]
    await workers.look("2026-01-23T21:31Z")
    assert [one.watchlist for one in workers.asked()] == ["us", "them"]


async def test_each_rule_has_its_own_time(harness: Any) -> None:
    rules = ({"after": 0, "symbols": ["SPX"]}, {"after": 900, "symbols": ["RUT"]})
    workers = Workers(harness, us=watchlist(*rules))
    assert await workers.look("2026-01-22T21:00Z") == missing("2026-01-22", "2026-01-21")
    assert await workers.look("2026-01-23T11:59Z") == []
    assert await workers.look("2026-01-23T12:00Z") == missing("2026-01-22")


async def test_intervals_are_asked_for_one_by_one(harness: Any) -> None:
    hours = watchlist({"after": 5}, interval="1h")
    workers = Workers(harness, us=hours)
    await workers.look("2025-11-28T16:00Z")
    asked = 0
    for minute in range(0, 180):
        at = datetime.fromisoformat("2025-11-28T16:00Z") + timedelta(minutes=minute)
        await workers.look(str(at))
        if len(workers.asked()) > asked:
            asked = len(workers.asked())
            last = workers.asked()[-1]
            assert last.at_ms == last.ended_ms + 5 * 60_000 or asked == 1
    assert workers.periods() == ["2025-11-28T14:30Z", "2025-11-28T15:30Z", "2025-11-28T16:30Z",
                                 "2025-11-28T17:30Z"]  # fmt: skip
    assert workers.asked()[-1].ended_ms == 1_764_352_800_000  # 13:00 in New York


# --- summaries --------------------------------------------------------------------------------


def summed_up(**rule: Any) -> Watchlist:
    return watchlist(rules=[{"kind": "summary"} | rule])


def summaries(*periods: str) -> list[tuple[str, str]]:
    return [("summary", period) for period in periods]


def begun(harness: Any, at: str, watched: Watchlist) -> Workers:
    """A worker that has begun at a time."""
    workers = Workers(harness, us=watched)
    workers.clock.time = datetime.fromisoformat(at).timestamp()
    workers.take_over()
    return workers


async def test_a_summary_is_due_after_the_close(harness: Any) -> None:
    workers = begun(harness, "2026-01-22T21:00Z", summed_up())
    assert await workers.look("2026-01-22T21:29:59Z") == []
    assert await workers.look("2026-01-22T21:30:01Z") == summaries("2026-01-22")
    assert await workers.look("2026-01-23T21:29Z") == []
    assert await workers.look("2026-01-23T21:31Z") == summaries("2026-01-23")
    last = workers.asked()[-1]
    assert (last.ended_ms, last.at_ms - last.ended_ms) == (1_769_203_800_000, 60_000)


async def test_a_new_rule_on_summaries_begins_with_the_next(harness: Any) -> None:
    workers = begun(harness, "2026-01-22T23:00Z", summed_up())
    assert await workers.look("2026-01-23T12:00Z") == []
    assert await workers.look("2026-01-23T21:30Z") == summaries("2026-01-23")


async def test_of_summaries_due_while_nobody_looked_the_last_is_told(harness: Any) -> None:
    watched = summed_up(at="18:00", zone="America/New_York")
    workers = begun(harness, "2026-01-14T22:00Z", watched)
    assert await workers.look("2026-01-14T23:30Z") == summaries("2026-01-14")
    workers.clock.time = datetime.fromisoformat("2026-01-22T09:00Z").timestamp()
    workers.take_over()
    assert await workers.look("2026-01-22T09:00Z") == summaries("2026-01-21")
    assert await workers.look("2026-01-22T09:01Z") == []


async def test_missing_closes_and_summaries_have_their_own_times(harness: Any) -> None:
    rules = [{"kind": "missing", "after": 10}, {"kind": "summary", "at": "close + 20m"}]
    workers = begun(harness, "2026-01-22T23:00Z", watchlist(rules=rules))
    await workers.look("2026-01-22T23:00Z")
    assert await workers.look("2026-01-23T21:10Z") == missing("2026-01-23")
    assert await workers.look("2026-01-23T21:20Z") == summaries("2026-01-23")


# --- before the close -------------------------------------------------------------------------


class Prices(Workers):
    """Prices before the close of 2026-01-23, looked at every five seconds."""

    def __init__(self, harness: Any, **rule: Any) -> None:
        rules = [{"kind": "provisional", "min_length": 1, "every": 5} | rule]
        super().__init__(harness, us=watchlist(rules=rules))
        for symbol in ("RUT", "SPX"):
            self.close(symbol, "2026-01-22")

    async def at(self, second: float, price: float | None = None) -> list[str]:
        """What is told when RUT's price comes, or when the watchman looks, in a minute's second."""
        if price is None:
            return [rule for rule, _ in await self.look(f"2026-01-23T20:00:{second:06.3f}Z")]
        self.clock.time = datetime.fromisoformat(f"2026-01-23T20:00:{second:06.3f}Z").timestamp()
        before = len(self.told)
        self.close("SPX", "2026-01-23", provisional=True)
        self.close("RUT", "2026-01-23", price=price, provisional=True)
        return [alert.rule for alert in self.told[before:]]

    def looks(self) -> list[float]:
        """The seconds at which a look was asked for, as the log has them."""
        found = (decode_watch(record.value) for record in self.harness.log.records[WATCH])
        return [one.at_ms % 60_000 / 1000 for one in found if isinstance(one, Look)]


async def test_the_last_prices_before_a_silence_are_looked_at(harness: Any) -> None:
    workers = Prices(harness)
    assert await workers.at(0, 1) == []  # looked at, all but RUT's, which comes after SPX's
    assert await workers.at(2, 1.01) == []
    assert await workers.at(4.9) == []
    assert await workers.at(5) == ["provisional"]
    for second in range(6, 60):
        assert await workers.at(second) == []
    assert workers.looks() == [5]
    (record,) = [r for r in harness.log.records[WATCH] if b'"look"' in r.value]
    assert record.key == b"us"


async def test_nothing_is_written_where_nothing_has_changed(harness: Any) -> None:
    workers = Prices(harness)
    for second in range(0, 20, 4):
        await workers.at(second, 1)
        await workers.at(second + 1)
    before = len(harness.log.records[WATCH])
    for second in range(20, 60):
        await workers.at(second)
    assert len(harness.log.records[WATCH]) <= before + 1
    assert len(workers.looks()) <= 1  # RUT's first price came just after the first look


async def test_a_look_is_asked_for_once_before_it_is_folded(harness: Any) -> None:
    workers = Prices(harness)
    await workers.at(0, 1)
    workers.clock.time += 10
    for _ in range(3):
        await workers.watchman.look(lambda _: True)
    assert workers.looks() == [10]
    await workers.watchman.look(lambda _: False)


async def test_whoever_takes_over_asks_for_what_waits(harness: Any) -> None:
    workers = Prices(harness)
    await workers.at(0, 1)
    await workers.at(1, 1.01)
    workers.take_over()
    assert await workers.at(3) == []
    assert await workers.at(30) == ["provisional"]
    workers.take_over()
    assert await workers.at(40) == []
    assert workers.looks() == [30]


async def test_a_look_that_could_not_be_sent_is_asked_for_again(harness: Any) -> None:
    workers = Prices(harness)
    await workers.at(0, 1)
    await workers.at(1, 1.01)

    async def away(_: object) -> None:
        harness.outbox.before = None
        raise KafkaConnectionError

    harness.outbox.before = away
    with pytest.raises(KafkaConnectionError):
        await workers.at(6)
    assert await workers.at(7) == ["provisional"]


async def test_what_has_closed_waits_for_nothing(harness: Any) -> None:
    workers = Prices(harness)
    await workers.at(0, 1)
    for symbol in ("RUT", "SPX"):
        workers.close(symbol, "2026-01-23")
    assert await workers.at(50) == []
    assert workers.looks() == []


async def test_each_price_is_looked_at_where_every_is_nothing(harness: Any) -> None:
    workers = Prices(harness, every=0)
    assert await workers.at(0, 1.01) == ["provisional"]
    assert await workers.at(1) == []
    assert workers.looks() == []


# --- what the router has passed on ------------------------------------------------------------


def routing(harness: Any) -> Any:
    """A runner of the router, upon the log in memory."""
    make = partial(RouterFold, watchlists={"us": watchlist(calendar="24/7")}, sessions={})
    return harness.runner(
        lambda place: FoldWork(place, make, harness.outbox, harness.metrics), name="router"
    )


async def test_the_router_has_passed_on_what_there_was(harness: Any) -> None:
    runner = routing(harness)
    passage = Passage(lambda: runner)
    assert await passage()
    await runner.attach([0])
    assert await passage()
    close = encode_close(Close("RUT", from_text("2026-01-23"), 1_000_000))
    first = harness.log.append(CLOSES, close)
    assert not await passage()
    second = harness.log.append(CLOSES, close)  # what comes later is not waited for
    await runner.take(0, first)
    assert len(harness.outbox.to(Topic.WATCH)) == 1
    assert await passage()
    assert not await passage()
    await runner.take(0, second)
    assert await passage()
    await runner.release(1)


async def test_a_partition_that_is_gone_is_not_waited_for(harness: Any) -> None:
    runner = routing(harness)
    passage = Passage(lambda: runner)
    await runner.attach([0])
    harness.log.append(CLOSES, b"{}")
    assert not await passage()
    await runner.attach([])
    assert await passage()


async def test_the_routers_of_other_workers_cannot_be_seen() -> None:
    assert await Passage(lambda: None)()


async def test_a_broker_that_is_away_is_told(harness: Any) -> None:
    runner = routing(harness)
    await runner.attach([0])

    async def away(_: Place) -> tuple[int, int]:
        await asyncio.sleep(0)
        raise KafkaConnectionError

    harness.log.bounds = away
    with pytest.raises(KafkaConnectionError):
        await Passage(lambda: runner)()


def test_keys_lie_where_kafka_puts_them() -> None:
    """By figures of Kafka's own tests of murmur2."""
    for key, hashed in {"21": -973932308, "foobar": -790332482, "abc": 479470107}.items():
        for partitions in (1, 2, 7):
            assert partition_of(key.encode(), partitions) == (hashed & 0x7FFFFFFF) % partitions
