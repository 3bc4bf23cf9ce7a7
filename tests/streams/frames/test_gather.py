"""gather.c: against messages made by hand, and against those of the real library."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_size_t, c_ssize_t, c_void_p
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import Producer
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as some

from config.settings import Kafka
from streams.batches import Single, joined
from streams.embedded.ports import free_port
from streams.frames import gather
from streams.frames.gather import Gather, Gathered
from streams.frames.library import Library, library
from streams.frames.librdkafka import Librdkafka
from streams.frames.source import MOST_BYTES, MOST_RECORDS

pytestmark = pytest.mark.skipif(gather.compiled() is None, reason="gather.c is not compiled")

BYTES = some.one_of(some.none(), some.binary(max_size=20))
HEADERS = some.lists(
    some.tuples(
        some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=5), BYTES
    ),
    max_size=3,
)


class Message(ctypes.Structure):
    """rd_kafka_message_t."""

    _fields_ = [
        ("err", c_int), ("topic", c_void_p), ("partition", ctypes.c_int32),
        ("payload", c_void_p), ("len", c_size_t), ("key", c_void_p), ("key_len", c_size_t),
        ("offset", c_int64), ("opaque", c_void_p),
    ]  # fmt: skip


@dataclass
class Queue:
    """Stands for librdkafka and one of its queues: the functions that gather.c calls."""

    records: Sequence[Single]
    errors: frozenset[int] = frozenset()
    """Positions in the queue of messages that are errors, with the code -195."""
    destroyed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._kept: list[Any] = []
        self._messages = [self._message(i, record) for i, record in enumerate(self.records)]
        self._at = {ctypes.addressof(m): i for i, m in enumerate(self._messages)}
        self._next = 0
        self._functions = {
            "consume_batch_queue": CFUNCTYPE(
                c_ssize_t, c_void_p, c_int, POINTER(c_void_p), c_size_t
            )(self._consume),
            "message_destroy": CFUNCTYPE(None, c_void_p)(
                lambda m: self.destroyed.append(self._at[m])
            ),
            "message_timestamp": CFUNCTYPE(c_int64, c_void_p, c_void_p)(
                lambda m, _: self.records[self._at[m]].timestamp
            ),
            "message_headers": CFUNCTYPE(c_int, c_void_p, POINTER(c_void_p))(self._headers),
            "header_get_all": CFUNCTYPE(
                c_int, c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_void_p), POINTER(c_size_t)
            )(self._header),
        }

    def address(self, name: str) -> int | None:
        return ctypes.cast(self._functions[name], c_void_p).value

    def _bytes(self, text: bytes | None) -> tuple[int | None, int]:
        if text is None:
            return None, 0
        self._kept.append(ctypes.create_string_buffer(text, len(text) + 1))
        return ctypes.addressof(self._kept[-1]), len(text)

    def _message(self, at: int, record: Single) -> Message:
        payload, size = self._bytes(record.value)
        key, key_size = self._bytes(record.key)
        error = -195 if at in self.errors else 0
        return Message(error, None, 0, payload, size, key, key_size, record.offset, None)

    def _consume(self, _: Any, __: int, into: Any, size: int) -> int:
        those = self._messages[self._next : self._next + size]
        for i, message in enumerate(those):
            into[i] = ctypes.addressof(message)
        self._next += len(those)
        return len(those)

    def _headers(self, message: int, found: Any) -> int:
        number = self._at[message]
        found[0] = number + 1
        return 0 if self.records[number].headers else -156

    def _header(self, headers: int, at: int, name: Any, value: Any, size: Any) -> int:
        found = self.records[headers - 1].headers
        if at >= len(found):
            return -156
        self._kept.append(found[at][0].encode())
        name[0] = self._kept[-1]
        value[0], size[0] = self._bytes(found[at][1])
        return 0


def gathering(queue: Queue) -> Gather:
    made = gather.compiled()
    assert made is not None
    return Gather(queue, made)  # type: ignore[arg-type]


@some.composite
def queues(draw: some.DrawFn) -> Queue:
    steps = draw(some.lists(some.integers(1, 3), max_size=30))
    records = [
        Single(sum(steps[: i + 1]), draw(some.integers(-1, 2**41)), draw(BYTES), draw(BYTES),
               tuple(draw(HEADERS)))  # type: ignore[arg-type]
        for i in range(len(steps))
    ]  # fmt: skip
    errors = draw(some.frozensets(some.integers(0, 29), max_size=3))
    return Queue(records, frozenset(e for e in errors if e < len(records)))


@given(queues(), some.data())
def test_every_message_is_copied_whole_and_given_back_once(queue: Queue, data: Any) -> None:
    batch, _, error = gathering(queue).batch(1)
    assert sorted(queue.destroyed) == list(range(len(queue.records)))
    assert error == (-195 if queue.errors else 0)
    good = [r for i, r in enumerate(queue.records) if i not in queue.errors]
    if batch is None:
        assert not good
        return
    first = data.draw(some.integers(0, len(good)))
    end = data.draw(some.integers(first, len(good)))
    for part, those in ((batch, good), (batch[first:end], good[first:end])):
        assert list(part) == those
        assert part.offsets.tolist() == [r.offset for r in those]
        assert part.timestamps.tolist() == [r.timestamp for r in those]
        values = part.values
        cells = zip(values.starts, values.ends, strict=True)
        assert [bytes(values.buffer[a:b]) for a, b in cells] == [r.value or b"" for r in those]
    assert bytes(batch.values.buffer) == joined([r.value or b"" for r in good]).buffer
    with pytest.raises(ValueError, match="no step"):
        batch[::2]


def test_a_batch_is_bounded_in_records_and_in_bytes() -> None:
    many = Queue([Single(i, 0, None, b"v") for i in range(MOST_RECORDS + 5)])
    gathered = gathering(many)
    assert [len(gathered.batch(1)[0] or ()) for _ in range(3)] == [MOST_RECORDS, 5, 0]
    large = Queue([Single(i, 0, None, b"v" * 10_000) for i in range(3000)])
    gathered = gathering(large)
    sizes = []
    while (found := gathered.batch(1))[0] is not None:
        sizes.append(found[1])
    assert len(sizes) > 2
    assert max(sizes) < 2 * MOST_BYTES + 256 * 10_000


@contextmanager
def mock_broker() -> Iterator[tuple[Producer, str]]:
    """The broker that librdkafka carries for tests, with a producer."""
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = producer.list_topics(timeout=10).brokers.values()
    yield producer, f"{broker.host}:{broker.port}"


SENT: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
    (b"k", b"v", []),
    (None, b"v\n", [("a", b"1"), ("a", None), ("", b"")]),
    (b"", b"", []),
    (b"\0k", None, [("ä€", b"\0\n")]),
]


async def test_the_layout_of_a_message_is_that_of_the_real_library() -> None:
    with mock_broker() as (producer, server):
        for key, value, headers in SENT:
            time = 1_000_000_000_000 + len(headers)
            producer.produce("t", value, key, 0, timestamp=time, headers=headers)  # type: ignore[arg-type]
        producer.flush(10)
        source = Gathered(Kafka(bootstrap_servers=[server]))
        try:
            found: list[Any] = []
            async with asyncio.timeout(20):
                while len(found) < len(SENT):
                    at = len(found)
                    got = await source.poll({TP("t", 0): at}, {TP("t", 0)}, 1)
                    found += got.get(TP("t", 0), ())
        finally:
            source.close()
        source.close()
        assert await source.poll({}, set(), 0) == {}
    assert found == [
        Single(i, 1_000_000_000_000 + len(headers), key, value, tuple(headers))  # type: ignore[arg-type]
        for i, (key, value, headers) in enumerate(SENT)
    ]


@pytest.mark.parametrize("form", [Gathered, Librdkafka])
async def test_a_source_may_be_closed_while_it_is_polled(form: type[Gathered | Librdkafka]) -> None:
    with mock_broker() as (_, server):
        source = form(Kafka(bootstrap_servers=[server]))
        polls = asyncio.create_task(source.poll({TP("t", 0): 0}, {TP("t", 0)}, 0.5))
        await asyncio.sleep(0)
        source.close()
        assert await polls == {}
        assert await source.poll({TP("t", 0): 0}, {TP("t", 0)}, 0.5) == {}


async def warned(
    source: Gathered | Librdkafka, caplog: pytest.LogCaptureFixture, times: int
) -> None:
    """Poll a source whose broker is away until there are so many warnings."""
    async with asyncio.timeout(60):
        while len(caplog.records) < times:
            assert await source.poll({TP("t", 0): 0}, {TP("t", 0)}, 0.1) == {}


@pytest.mark.parametrize("form", [Gathered, Librdkafka])
async def test_a_broker_that_is_away_is_one_kind_of_warning(
    form: type[Gathered | Librdkafka], caplog: pytest.LogCaptureFixture
) -> None:
    """So that the limit of repeats holds them back."""
    source = form(Kafka(bootstrap_servers=[f"127.0.0.1:{free_port()}"]))
    await warned(source, caplog, 3)
    source.close()
    assert {(r.name, r.levelname) for r in caplog.records} == {("librdkafka", "WARNING")}
    assert len({r.msg for r in caplog.records}) == 1


@pytest.mark.parametrize("form", [Gathered, Librdkafka])
async def test_a_source_that_is_closed_says_nothing_more(
    form: type[Gathered | Librdkafka], caplog: pytest.LogCaptureFixture
) -> None:
    """One that polls in a thread is closed a moment later, and reads what was not read before."""
    before = set(threading.enumerate())
    kafka = Kafka(bootstrap_servers=[f"127.0.0.1:{free_port()}"])
    source, other = form(kafka), form(kafka)
    await warned(source, caplog, 1)
    await warned(other, caplog, 12)  # meanwhile the first fails, too, and is not polled
    source.close()
    other.close()
    caplog.clear()
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join, 30)
        assert not thread.is_alive()
    assert caplog.messages == []


def test_the_library_is_the_one_that_was_read() -> None:
    found = library()
    assert isinstance(found, Library)
    assert found.version_str() == b"2.16.0"
