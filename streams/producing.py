"""Sending closes and ticks from outside a worker: idempotent, in order, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from config.settings import Kafka
from streams.clients import Producer
from streams.connection import client_options
from streams.core.rings import Columns
from streams.reaching import reach
from streams.records import Output, Topic
from streams.refusals import is_about_rights
from streams.ticks import encode_tick
from streams.ticks_arrow import CONTENT_TYPE, write_table
from streams.topics import LARGEST_REQUEST, partition_of
from streams.wire import Close, encode_close

_BATCH = 1000
#: Ticks in one Arrow message.
_TICKS = 4096


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
    kafka: Kafka, closes: Sequence[Close], done: Callable[[int], None] = lambda _: None
) -> None:
    """Send closes, each keyed by its symbol; ``done`` is told how many more were acknowledged.

    Raises:
        StreakwatchError: no broker answers, or lets us in.
        Unacknowledged: it stops answering, or has no topic for closes.
    """
    outputs = (Output(Topic.CLOSES, c.symbol.encode(), encode_close(c)) for c in closes)
    await _send(kafka, outputs, done)


async def send_ticks(
    kafka: Kafka,
    symbols: Sequence[str],
    ticks: Columns,
    done: Callable[[int], None] = lambda _: None,
    *,
    arrow: bool = False,
) -> None:
    """Send ticks in their order; ``done`` is told how many more records were acknowledged.

    Args:
        symbols: what the numbers of the ticks stand for.
        arrow: send Arrow messages, of the ticks of one partition each, instead of JSON.

    Raises:
        StreakwatchError: no broker answers, or lets us in.
        Unacknowledged: it stops answering, or has no topic for ticks.
    """
    make = _arrow if arrow else _json
    await _send(kafka, make(symbols, ticks, kafka.partitions), done)


def _json(symbols: Sequence[str], ticks: Columns, _: int) -> Iterator[Output]:
    for number, instant, price in zip(*(column.tolist() for column in ticks), strict=True):
        symbol = symbols[number]
        yield Output(Topic.TICKS, symbol.encode(), encode_tick(symbol, instant, price))


def _arrow(symbols: Sequence[str], ticks: Columns, partitions: int) -> Iterator[Output]:
    homes = np.array([partition_of(s.encode(), partitions) for s in symbols], np.int64)
    home = homes[ticks.symbols]
    for partition in np.unique(home).tolist():
        places = np.flatnonzero(home == partition)
        for start in range(0, len(places), _TICKS):
            numbers, instants, prices = ticks.at(places[start : start + _TICKS])
            value = write_table([symbols[n] for n in numbers.tolist()], instants, prices)
            headers = (("content-type", CONTENT_TYPE.encode()),)
            yield Output(Topic.TICKS, None, value, partition, headers)


async def _send(kafka: Kafka, outputs: Iterable[Output], done: Callable[[int], None]) -> None:
    await reach(kafka)
    acknowledged, sender, waiting = 0, producer(kafka), iter(outputs)
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
                for one in batch
            ]
            await asyncio.gather(*acks)
            acknowledged += len(batch)
            done(len(batch))
    except KafkaError as error:
        raise Unacknowledged(acknowledged, error) from error
    finally:
        await sender.stop()
