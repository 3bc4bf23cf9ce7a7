"""The log as folds see it: bounds, and records read again by range."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, TopicPartition

from config.settings import Kafka
from streams.connection import client_options
from streams.records import Place, Record, Topic

_POLL_MS = 1000


class Log(Protocol):
    """The port to a log; :class:`KafkaLog` is the real one."""

    async def bounds(self, place: Place) -> tuple[int, int]:
        """The first offset that is kept, and the offset after the last record."""
        ...

    def read(self, place: Place, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """The records from ``start`` to before ``end``, in batches; the log may have holes."""
        ...

    async def partitions(self, topic: Topic) -> list[int]:
        """The partitions of a topic."""
        ...


class KafkaLog:
    """Reads partitions outside any consumer group."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._client = self._consumer()

    async def start(self) -> None:
        """Connect.

        Raises:
            aiokafka.errors.KafkaConnectionError: no broker answers.
        """
        await self._client.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._client.stop()

    async def bounds(self, place: Place) -> tuple[int, int]:
        """See :class:`Log`."""
        tp = self._partition(place)
        first = await self._client.beginning_offsets([tp])
        end = await self._client.end_offsets([tp])
        return first[tp], end[tp]

    async def read(self, place: Place, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """See :class:`Log`."""
        if start >= end:
            return  # a consumer that stops without an await in between leaks a cancellation
        tp, reader = self._partition(place), self._consumer()
        try:
            await reader.start()
            reader.assign([tp])
            reader.seek(tp, start)
            while await reader.position(tp) < end:
                fetched = await reader.getmany(tp, timeout_ms=_POLL_MS)
                records = [r for r in fetched.get(tp, []) if r.offset < end]
                if records:
                    yield records
        finally:
            await reader.stop()

    async def partitions(self, topic: Topic) -> list[int]:
        """See :class:`Log`."""
        client = AIOKafkaClient(**client_options(self._kafka))
        try:
            await client.bootstrap()
            cluster = await client.fetch_all_metadata()
        finally:
            await client.close()
        return sorted(cluster.partitions_for_topic(self._kafka.topic_prefix + topic) or ())

    def _partition(self, place: Place) -> TopicPartition:
        return TopicPartition(self._kafka.topic_prefix + place.topic, place.partition)

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **client_options(self._kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=10_000,
            fetch_max_wait_ms=100,
            isolation_level="read_committed",
        )
