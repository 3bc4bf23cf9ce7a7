"""Sending closes and ticks from outside a worker: idempotent, in order, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from config.settings import Kafka
from streams.clients import Producer
from streams.columns.ticks import encode_tick, encode_ticks
from streams.connection import client_options
from streams.core.groups import groups
from streams.core.rings import TickColumns
from streams.formats import arrow
from streams.reaching import reach
from streams.records import Output, Topic
from streams.refusals import is_about_rights
from streams.topics import LARGEST_REQUEST, partition_of
from streams.wire import Close, encode_close

_BATCH = 1000
#: Rows of one Arrow stream, so that it stays far below the largest message of a broker.
_ROWS = 4096


Counted = tuple[Output, int]
"""A record to be sent, and how many closes or ticks it has."""


class Unacknowledged(Exception):  # noqa: N818
    """The broker did not acknowledge everything; ``acknowledged`` counts what it did."""

    def __init__(self, acknowledged: int, error: KafkaError) -> None:
        super().__init__(type(error).__name__)
        self.acknowledged = acknowledged
        self.cure = "is it running? send all again: what is sent twice changes nothing"
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
    make = _streams if together else _closes
    await _send(kafka, make(closes, kafka.partitions), done)


def _closes(closes: Sequence[Close], _: int) -> Iterator[Counted]:
    for one in closes:
        yield Output(Topic.CLOSES, one.symbol.encode(), encode_close(one)), 1


def _streams(closes: Sequence[Close], partitions: int) -> Iterator[Counted]:
    """The closes of a symbol stay in their order, on its partition."""
    waiting: dict[tuple[int, str], list[Close]] = {}
    for close in closes:
        home = partition_of(close.symbol.encode(), partitions)
        waiting.setdefault((home, close.interval), []).append(close)
    for (home, _), some in waiting.items():
        for start in range(0, len(some), _ROWS):
            part = some[start : start + _ROWS]
            yield Output(Topic.CLOSES, None, stream(part), home, arrow.HEADERS), len(part)


async def send_ticks(
    kafka: Kafka,
    symbols: Sequence[str],
    ticks: TickColumns,
    done: Callable[[int], None] = lambda _: None,
    *,
    together: bool = False,
) -> None:
    """Send ticks in their order; ``done`` is told how many more were acknowledged.

    Args:
        symbols: what the numbers of the ticks stand for.
        together: as Arrow streams of thousands, each to the partition of its symbols.

    Raises:
        StreakwatchError: no broker answers, or lets us in.
        Unacknowledged: it stops answering, or has no topic for ticks.
    """
    make = _tick_streams if together else _ticks
    await _send(kafka, make(symbols, ticks, kafka.partitions), done)


def _ticks(symbols: Sequence[str], ticks: TickColumns, _: int) -> Iterator[Counted]:
    for number, instant, price in zip(*(column.tolist() for column in ticks), strict=True):
        symbol = symbols[number]
        yield Output(Topic.TICKS, symbol.encode(), encode_tick(symbol, instant, price)), 1


def _tick_streams(symbols: Sequence[str], ticks: TickColumns, partitions: int) -> Iterator[Counted]:
    homes = np.array([partition_of(s.encode(), partitions) for s in symbols], np.int64)
    home = homes[ticks.symbols]
    for partition, places in groups(home):
        for start in range(0, len(places), _ROWS):
            part = ticks.at(places[start : start + _ROWS])
            value, rows = encode_ticks(symbols, part), len(part.symbols)
            yield Output(Topic.TICKS, None, value, partition, arrow.HEADERS), rows


async def _send(kafka: Kafka, counted: Iterable[Counted], done: Callable[[int], None]) -> None:
    await reach(kafka)
    acknowledged, sender, waiting = 0, producer(kafka), iter(counted)
    try:
        await sender.start()
        while batch := list(islice(waiting, _BATCH)):
            acks = [
                await sender.send(
                    kafka.topic_prefix + one.topic,
                    one.value,
                    key=one.key,
                    partition=one.partition,
                    headers=list(one.headers),
                )
                for one, _ in batch
            ]
            await asyncio.gather(*acks)
            count = sum(count for _, count in batch)
            acknowledged += count
            done(count)
    except KafkaError as error:
        raise Unacknowledged(acknowledged, error) from error
    finally:
        await sender.stop()


def stream(closes: Sequence[Close]) -> bytes:
    """An Arrow IPC stream of closes of one interval; it goes with ``arrow.HEADERS``.

    Raises:
        ValueError: there are none, or of several intervals.
    """
    intervals = {close.interval for close in closes}
    if len(intervals) != 1:
        raise ValueError(f"closes of one interval, not of {sorted(intervals)}")
    table: dict[str, Any] = {
        "symbol": arrow.dictionary(*_codes([close.symbol for close in closes])),
        "period": np.array([close.period for close in closes], np.int64),
        "micros": np.array([close.price for close in closes], np.int64),
    }
    if any(close.source for close in closes):
        table["source"] = arrow.dictionary(*_codes([close.source for close in closes]))
    if any(close.provisional for close in closes):
        table["provisional"] = np.array([close.provisional for close in closes])
    if any(close.revision for close in closes):
        table["revision"] = np.array([close.revision for close in closes], np.int64)
    return arrow.write(table, {"interval": intervals.pop()})


def _codes(texts: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    known: dict[str, int] = {}
    codes = [known.setdefault(text, len(known)) for text in texts]
    return list(known), np.array(codes, np.int64)
