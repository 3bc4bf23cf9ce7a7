"""Sending closes from outside a worker: idempotent, in order, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from config.settings import Kafka
from streams import arrow
from streams.clients import Producer
from streams.connection import client_options
from streams.reaching import reach
from streams.records import Topic
from streams.refusals import is_about_rights
from streams.topics import LARGEST_REQUEST, partition_of
from streams.wire import Close, encode_close

_BATCH, _MANY = 1000, 100_000
#: Rows of one Arrow stream, so that it stays far below the largest message of a broker.
_ROWS = 4096


class Unacknowledged(Exception):  # noqa: N818
    """The broker did not acknowledge everything; ``acknowledged`` counts what it did."""

    def __init__(self, acknowledged: int, error: KafkaError) -> None:
        super().__init__(type(error).__name__)
        self.acknowledged = acknowledged
        self.cure = "is it running? send all again: the same close twice changes nothing"
        if is_about_rights(error):
            self.cure = "give the user the rights that docs/operations.md lists, and send all again"
        if isinstance(error, UnknownTopicOrPartitionError):
            self.cure = "run `streakwatch topics create` with the same configuration"


def producer(kafka: Kafka) -> Producer:
    """A producer that neither loses nor repeats what it was given."""
    return Producer(
        **client_options(kafka),
        acks="all",
        enable_idempotence=True,
        max_request_size=LARGEST_REQUEST,
        request_timeout_ms=15_000,
    )


async def send_closes(
    kafka: Kafka,
    closes: Sequence[Close],
    done: Callable[[int], None] = lambda _: None,
    *,
    together: bool = False,
) -> None:
    """Send closes, each keyed by its symbol; ``done`` is told how many more were acknowledged.

    Args:
        together: as Arrow streams of thousands, each to the partition of its symbols.

    Raises:
        StreakwatchError: no broker answers, or lets us in.
        Unacknowledged: it stops answering, or has no topic for closes.
    """
    await reach(kafka)
    acknowledged, sender = 0, producer(kafka)
    try:
        await sender.start()
        topic = kafka.topic_prefix + Topic.CLOSES
        send, size = (_send_streams, _MANY) if together else (_send_batch, _BATCH)
        for start in range(0, len(closes), size):
            batch = closes[start : start + size]
            await send(sender, topic, batch)
            acknowledged += len(batch)
            done(len(batch))
    except KafkaError as error:
        raise Unacknowledged(acknowledged, error) from error
    finally:
        await sender.stop()


async def _send_batch(sender: Producer, topic: str, batch: Sequence[Close]) -> None:
    acks = [await sender.send(topic, encode_close(c), key=c.symbol.encode()) for c in batch]
    await asyncio.gather(*acks)


async def _send_streams(sender: Producer, topic: str, batch: Sequence[Close]) -> None:
    """The same as Arrow streams; the closes of a symbol stay in their order, on its partition."""
    partitions = len(await sender.partitions_for(topic))
    waiting: dict[tuple[int, str], list[Close]] = {}
    for close in batch:
        home = partition_of(close.symbol.encode(), partitions)
        waiting.setdefault((home, close.interval), []).append(close)
    acks = [
        await sender.send(topic, stream(part), partition=home, headers=list(arrow.HEADERS))
        for (home, _), closes in waiting.items()
        for part in (closes[at : at + _ROWS] for at in range(0, len(closes), _ROWS))
    ]
    await asyncio.gather(*acks)


def stream(closes: Sequence[Close]) -> bytes:
    """An Arrow IPC stream of closes of one interval; it goes with ``arrow.HEADERS``.

    Raises:
        ValueError: there are none, or of several intervals.
    """
    intervals = {close.interval for close in closes}
    if len(intervals) != 1:
        raise ValueError(f"closes of one interval, not of {sorted(intervals)}")
    symbols, symbol = _codes([close.symbol for close in closes])
    table: dict[str, Any] = {
        "symbol": arrow.dictionary(symbols, symbol),
        "period": np.array([close.period for close in closes], np.int64),
        "micros": np.array([close.price for close in closes], np.int64),
    }
    if any(close.source for close in closes):
        table["source"] = arrow.dictionary(*_codes([close.source for close in closes]))
    if any(close.provisional for close in closes):
        table["provisional"] = np.array([close.provisional for close in closes])
    return arrow.write(table, {"interval": intervals.pop()})


def _codes(texts: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    known: dict[str, int] = {}
    codes = [known.setdefault(text, len(known)) for text in texts]
    return list(known), np.array(codes, np.int64)
