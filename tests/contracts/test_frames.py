"""Frames on a real broker, with each way to fetch: the same records, in order, none lost.

These fail loudly when Faust, aiokafka or librdkafka behave in another way than was read.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from faust.types import TP
from frame_rig import BESIDE, NEEDS_GATHER, Rig, Shared, until

from config.settings import Fetch
from streams.batches import Batch, Records
from streams.embedded import Broker
from streams.frames import refusing
from streams.frames.choice import _open
from streams.records import Record

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that compacts at once, and may be killed."""
    folder = tmp_path_factory.mktemp("frames")
    with Broker(folder, port=0, overrides={"log.cleaner.backoff.ms": "50"}) as broker:
        yield broker


@pytest.fixture
def rig(own: Broker) -> Rig:
    return Rig(own)


def plain(record: Record) -> tuple[Any, ...]:
    return (record.offset, record.timestamp, record.key, record.value, tuple(record.headers))


def all_plain(batches: list[Batch]) -> list[tuple[Any, ...]]:
    return [plain(record) for batch in batches for record in batch]


def columns(batch: Batch) -> list[tuple[int, int, bytes]]:
    """The columns of a batch, each value from the buffer."""
    values = batch.values
    cells = [bytes(values.buffer[a:b]) for a, b in zip(values.starts, values.ends, strict=True)]
    assert b"\n".join(cells) == bytes(values.buffer[values.starts[0] : values.ends[-1]])
    return list(zip(batch.offsets.tolist(), batch.timestamps.tolist(), cells, strict=True))


async def fetched(rig: Rig, fetch: Fetch, tp: TP, end: int) -> list[Batch]:
    """All batches of a partition up to an offset."""
    found: list[Batch] = []
    at = 0
    if fetch == "aiokafka":
        consumer = AIOKafkaConsumer(bootstrap_servers=rig.broker.bootstrap_servers,
                                    isolation_level="read_committed")  # fmt: skip
        await consumer.start()
        consumer.assign([TopicPartition(*tp)])
        consumer.seek(TopicPartition(*tp), 0)
        while at < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found.append(Records(records))
                at = records[-1].offset + 1
        await consumer.stop()
        return found
    source = _open(fetch, rig.kafka(fetch))
    try:
        async with asyncio.timeout(30):
            while at < end:
                got = await source.poll({tp: at}, {tp}, 0.5)
                if tp in got:
                    found.append(got[tp])
                    at = got[tp][-1].offset + 1
    finally:
        source.close()
    return found


@NEEDS_GATHER
async def test_the_three_ways_give_the_same(rig: Rig) -> None:
    """Nulls, empty values, line feeds, headers, keys, timestamps, aborted transactions, gaps."""
    topic = await rig.create("same", 1, {"cleanup.policy": "compact", "segment.ms": "100",
                                         "min.cleanable.dirty.ratio": "0.01"})  # fmt: skip
    headers = [("h", b"1"), ("h", b"2\n"), ("empty", b""), ("null", None), ("ä€", b"\xff\0x")]
    async with rig.producer() as producer:
        for i in range(300):
            await producer.send(topic, b"old %d" % i, key=b"%d" % (i % 7))
        await producer.flush()
        for number, (key, value) in enumerate(
            [
                (b"k", b"v"),
                (b"n", None),
                (b"", b""),
                (b"e", b""),
                (b"\n", b"\n\n"),
                (b"\0", b"\0\0"),
            ]
        ):
            more: list[Any] = headers if number % 2 else []
            await producer.send_and_wait(
                topic, value, key=key, headers=more, timestamp_ms=1_000_000_000_000 + number
            )
    async with rig.producer(transactional_id=f"{rig.prefix}t") as producer:
        for number in range(4):
            await producer.begin_transaction()
            for i in range(30):
                await producer.send_and_wait(topic, b"t %d" % i, key=b"t%d-%d" % (number, i))
            await (producer.abort_transaction if number % 2 else producer.commit_transaction)()
    await rig.send(topic, [b"last"])
    tp, end = TP(topic, 0), 306 + 4 * 31 + 1

    async def compacted() -> bool:
        await rig.send(topic, [b"roll"])
        return len([r for b in await fetched(rig, "aiokafka", tp, end) for r in b]) < 250

    async with asyncio.timeout(30):
        while not await compacted():
            pass
    ways: list[Fetch] = ["aiokafka", "librdkafka", "gather"]
    found: dict[Fetch, list[Batch]] = {}
    async with asyncio.timeout(30):
        before: list[Any] = []
        while not before or all_plain(found["aiokafka"]) != before:  # still being compacted
            before = all_plain(await fetched(rig, "aiokafka", tp, end))
            found = {way: await fetched(rig, way, tp, end) for way in reversed(ways)}
    records = {way: all_plain(batches) for way, batches in found.items()}
    end = min(those[-1][0] for those in records.values())
    records = {way: [one for one in those if one[0] <= end] for way, those in records.items()}
    offsets = [offset for offset, *_ in records["aiokafka"]]
    assert len(offsets) > 60
    assert offsets != list(range(offsets[0], offsets[-1] + 1))
    assert records["aiokafka"] == records["librdkafka"]
    assert records["aiokafka"] == records["gather"]
    for way, batches in found.items():
        told = [cell for b in batches for cell in columns(b)]
        assert told == [(o, t, v or b"") for o, t, _, v, _ in all_plain(batches)], way
        for b in batches:
            middle = len(b) // 2
            assert [plain(r) for r in b[middle:]] == [plain(r) for r in b][middle:]
            assert columns(b[middle:]) == columns(b)[middle:]


@pytest.mark.parametrize("fetch", [*BESIDE, "aiokafka"])
async def test_a_rebalance_with_frames_in_flight(rig: Rig, fetch: Fetch) -> None:
    topic = await rig.create("rebalanced", 4)
    values = [b"%06d" % i for i in range(10_000)]
    shared = Shared()
    for partition in range(4):
        await rig.send(topic, values, partition)
    async with rig.app(fetch, shared, topic):
        await until(lambda: shared.order, "a first frame")
        shared.shut.add(topic)
        await rig.send(topic, values[:100], 0)
        async with rig.app(fetch, shared, topic) as second:
            await until(second.consumer.assignment, "partitions for the second")
            shared.shut.clear()
            for partition in range(4):
                await rig.send(topic, values, partition)
            await until(lambda: sum(shared.cursors.values()) >= 80_100, "all records")
        await rig.send(topic, values[:10], 1)
        await until(lambda: sum(shared.cursors.values()) >= 80_110, "what comes after it left")
    assert shared.gaps == []
    assert shared.values(TP(topic, 3)) == values * 2
    assert shared.values(TP(topic, 1)) == values * 2 + values[:10]


@pytest.mark.parametrize("fetch", BESIDE)
async def test_a_paused_partition_goes_on_where_it_was(rig: Rig, fetch: Fetch) -> None:
    topic, shared = await rig.create("paused"), Shared()
    first, second = TP(topic, 0), TP(topic, 1)
    async with rig.app(fetch, shared, topic) as app:
        await rig.send(topic, [b"a"])
        await until(lambda: shared.cursors.get(first) == 1, "the first record")
        app.consumer.pause_partitions({first})
        await rig.send(topic, [b"b"])
        for count in range(1, 6):
            await rig.send(topic, [b"other"], 1)
            await until(lambda n=count: shared.cursors.get(second) == n, "the other partition")
        assert shared.cursors[first] == 1
        app.consumer.resume_partitions({first})
        await rig.send(topic, [b"c"])
        await until(lambda: shared.cursors[first] == 3, "what was sent meanwhile")
    assert shared.values(first) == [b"a", b"b", b"c"]
    assert shared.gaps == []


@pytest.mark.parametrize("fetch", BESIDE)
async def test_what_was_sought_begins_there(rig: Rig, fetch: Fetch) -> None:
    topic, shared = await rig.create("sought", 1), Shared()
    tp = TP(topic, 0)
    async with rig.app(fetch, shared, topic) as app:
        await rig.send(topic, [b"%d" % i for i in range(1000)])
        await until(lambda: shared.cursors.get(tp) == 1000, "all records")
        shared.cursors[tp], shared.batches[tp] = 700, []
        await app.consumer.perform_seek()
        await until(lambda: shared.cursors[tp] == 1000, "the last 300 again")
    assert shared.values(tp) == [b"%d" % i for i in range(700, 1000)]


@pytest.mark.parametrize("fetch", BESIDE)
async def test_a_stop_in_the_middle_of_a_frame(rig: Rig, fetch: Fetch) -> None:
    topic, shared = await rig.create("stopped", 1), Shared()
    values = [b"%d" % i for i in range(60_000)]
    await rig.send(topic, values)
    threads = threading.active_count()
    async with rig.app(fetch, shared, topic):
        await until(lambda: shared.order, "a first frame")
        shared.shut.add(topic)
        await until(lambda: shared.order, "a frame that is held")
    shared.shut.clear()
    async with rig.app(fetch, shared, topic):
        await until(lambda: shared.cursors[TP(topic, 0)] == 60_000, "all records")
    assert shared.values(TP(topic, 0)) == values
    assert shared.gaps == []
    await until(lambda: threading.active_count() <= threads, "no thread that stays behind")


@pytest.mark.parametrize("fetch", BESIDE)
async def test_no_partition_and_no_topic_starves(rig: Rig, fetch: Fetch) -> None:
    large, small, shared = await rig.create("large"), await rig.create("small", 1), Shared()
    await rig.send(large, [b"x" * 200] * 60_000, 0)
    await rig.send(large, [b"one"], 1)
    shared.shut.add(large)
    async with rig.app(fetch, shared, large, small):
        for count in range(1, 4):  # while the other agent stands still
            await rig.send(small, [b"s"])
            await until(lambda n=count: shared.cursors.get(TP(small, 0)) == n, "the small one")
        assert not shared.batches.get(TP(large, 0))
        shared.shut.clear()
        await until(lambda: shared.cursors.get(TP(large, 0)) == 60_000, "the large one")
        await until(lambda: TP(large, 1) in shared.cursors, "its neighbour")
    assert max(len(b) for b in shared.batches[TP(large, 0)]) <= 65_536
    assert shared.gaps == []


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("fetch", BESIDE)
async def test_a_slow_agent_bounds_the_memory(rig: Rig, fetch: Fetch) -> None:
    """A backlog of 200 MB before an agent that stands still: a part of it is held, and no more."""
    topic, shared = await rig.create("slow", 1), Shared()
    async with rig.producer() as producer:
        for _ in range(20):
            sent = [
                await producer.send(topic, os.urandom(100_000), partition=0) for _ in range(100)
            ]
            await asyncio.gather(*sent)
    shared.shut.add(topic)
    before = resident()
    async with rig.app(fetch, shared, topic) as app:
        (agent,) = app.agents.values()
        queue = agent.channel.queue
        await until(lambda: TP(topic, 0) in app.consumer._buffered_partitions, "a full queue")
        await asyncio.sleep(0)
        assert resident() - before < 150_000_000
        assert queue.qsize() <= 6
        shared.take = lambda tp, batch: shared.cursors.update({tp: batch[-1].offset + 1})  # type: ignore[method-assign]
        shared.shut.clear()
        await until(lambda: shared.cursors.get(TP(topic, 0)) == 2000, "all records")


@pytest.mark.parametrize("fetch", BESIDE)
async def test_a_record_larger_than_a_fetch_and_a_broker_that_dies(rig: Rig, fetch: Fetch) -> None:
    topic, shared = await rig.create("large", 1), Shared()
    tp, large = TP(topic, 0), os.urandom(30 << 20)
    async with rig.app(fetch, shared, topic):
        await rig.send(topic, [b"before", large, b"after"])
        await until(lambda: shared.cursors.get(tp) == 3, "the large record")
        rig.broker.kill()
        rig.broker.start()
        await rig.send(topic, [b"again"])
        await until(lambda: shared.cursors[tp] == 4, "the record after the broker's death")
    assert shared.values(tp) == [b"before", large, b"after", b"again"]
    assert shared.gaps == []


def test_what_may_not_be_read_is_an_error_and_all_else_is_tried_again() -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        refusing.refused(29, "Broker: Topic authorization failed")
    refusing.refused(-195, "Local: Broker transport failure")
