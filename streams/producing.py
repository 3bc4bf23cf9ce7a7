"""Sending closes from outside a worker: idempotent, in order, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from config.settings import Kafka
from streams.clients import Producer
from streams.connection import client_options
from streams.reaching import reach
from streams.records import Topic
from streams.refusals import is_about_rights
from streams.topics import LARGEST_REQUEST
from streams.wire import Close, encode_close

_BATCH = 1000


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
    kafka: Kafka, closes: Sequence[Close], done: Callable[[int], None] = lambda _: None
) -> None:
    """Send closes, each keyed by its symbol; ``done`` is told how many more were acknowledged.

    Raises:
        StreakwatchError: no broker answers, or lets us in.
        Unacknowledged: it stops answering, or has no topic for closes.
    """
    await reach(kafka)
    acknowledged, sender = 0, producer(kafka)
    try:
        await sender.start()
        for start in range(0, len(closes), _BATCH):
            batch = closes[start : start + _BATCH]
            await _send_batch(sender, kafka.topic_prefix + Topic.CLOSES, batch)
            acknowledged += len(batch)
            done(len(batch))
    except KafkaError as error:
        raise Unacknowledged(acknowledged, error) from error
    finally:
        await sender.stop()


async def _send_batch(sender: Producer, topic: str, batch: Sequence[Close]) -> None:
    acks = [await sender.send(topic, encode_close(c), key=c.symbol.encode()) for c in batch]
    await asyncio.gather(*acks)
