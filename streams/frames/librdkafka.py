"""Frames from confluent-kafka: librdkafka fetches, and makes an object of each message."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from faust.types import TP

from config.settings import Kafka
from streams.batches import Batch, Column, Single, Values, joined
from streams.frames.properties import properties
from streams.frames.refusing import Warnings, refused, unusable
from streams.frames.source import MOST_BYTES, MOST_RECORDS, Follower
from streams.records import Record

_CHUNK = 1000  # messages taken before their bytes are counted


class Messages(Batch):
    """Records that are confluent-kafka's messages; of each only the value is looked at."""

    def __init__(self, messages: Sequence[Message], values: Sequence[bytes | None]) -> None:
        self._messages = messages
        self._values = values

    def __len__(self) -> int:
        return len(self._messages)

    def _part(self, part: slice) -> Batch:
        return Messages(self._messages[part], self._values[part])

    def _one(self, at: int) -> Record:
        message = self._messages[at]
        return Single(
            _offset(message),
            message.timestamp()[1],
            message.key(),
            self._values[at],
            tuple(message.headers() or ()),  # type: ignore[arg-type]
        )

    @cached_property
    def offsets(self) -> Column:
        """See :class:`streams.batches.Batch`."""
        first, last, count = _offset(self._messages[0]), _offset(self._messages[-1]), len(self)
        if last - first == count - 1:
            return np.arange(first, last + 1)
        return np.fromiter(map(_offset, self._messages), np.int64, count)

    @cached_property
    def timestamps(self) -> Column:
        """See :class:`streams.batches.Batch`."""
        return np.array([message.timestamp()[1] for message in self._messages], np.int64)

    @cached_property
    def values(self) -> Values:
        """See :class:`streams.batches.Batch`."""
        return joined([value or b"" for value in self._values])


class Librdkafka(Follower):
    """Polls in a thread of its own, so that the group's heartbeats go on.

    What comes of a partition that is not active is kept until it is; the partition is paused, and
    fetched no further, when that is a batch or more.
    """

    def __init__(self, kafka: Kafka) -> None:
        """Raises StreakwatchError when librdkafka cannot do what the configuration asks for."""
        super().__init__()
        self._warnings = Warnings()
        try:
            self._consumer = Consumer(properties(kafka), logger=self._warnings)
        except KafkaException as error:
            raise unusable(error.args[0].str()) from None
        self._thread = ThreadPoolExecutor(1, "librdkafka")
        self._closed = False
        self._kept: dict[tuple[str | None, int | None], list[Message]] = {}
        self._paused: set[TP] = set()

    async def poll(
        self,
        positions: Mapping[TP, int],
        active: Collection[TP],
        timeout: float,  # noqa: ASYNC109
    ) -> Mapping[TP, Batch]:
        """See :class:`streams.frames.source.Source`."""
        if self._closed:
            return {}
        loop = asyncio.get_running_loop()
        wanted = frozenset(active)
        return await loop.run_in_executor(self._thread, self._poll, positions, wanted, timeout)

    def close(self) -> None:
        """See :class:`streams.frames.source.Source`."""
        self._closed = True
        self._warnings.close()
        self._thread.submit(self._consumer.close)
        self._thread.shutdown(wait=False)

    def _poll(
        self, positions: Mapping[TP, int], active: Collection[TP], timeout: float
    ) -> Mapping[TP, Batch]:
        if self._closed:
            return {}
        self._follow(positions)
        self._resume([tp for tp in self._paused if not self._kept.get(tp)])
        here = any(self._kept.get(tp) for tp in active)
        self._keep(self._take(0 if here else timeout))
        batches = {tp: self._batch(tp) for tp in active if self._kept.get(tp)}
        self._pause([tp for tp in positions if len(self._kept[tp]) >= MOST_RECORDS])
        self._handed_on(batches)
        return batches

    def _keep(self, messages: Sequence[Message]) -> None:
        kept = self._kept
        for message in messages:
            kept[message.topic(), message.partition()].append(message)

    def _batch(self, tp: TP) -> Batch:
        kept = self._kept[tp]
        some, self._kept[tp] = kept[:MOST_RECORDS], kept[MOST_RECORDS:]
        return Messages(some, [message.value() for message in some])

    def _pause(self, partitions: Collection[TP]) -> None:
        new = [tp for tp in partitions if tp not in self._paused]
        self._paused.update(new)
        if new:
            self._consumer.pause([TopicPartition(tp.topic, tp.partition) for tp in new])

    def _resume(self, partitions: Collection[TP]) -> None:
        self._paused.difference_update(partitions)
        if partitions:
            self._consumer.resume([TopicPartition(tp.topic, tp.partition) for tp in partitions])

    def _take(self, timeout: float) -> list[Message]:
        """Wait for the first message, and then take what is there."""
        taken: list[Message] = []
        more = self._consumer.consume(1, timeout)
        size = 0
        failed: KafkaError | None = None
        while more:
            taken += [message for message in more if message.error() is None]
            failed = next((m.error() for m in more if m.error() is not None), failed)
            size += sum(map(len, more))
            if size >= MOST_BYTES or len(taken) > MOST_RECORDS - _CHUNK:
                break
            more = self._consumer.consume(_CHUNK, 0)
        if failed is not None and not taken:
            refused(failed.code(), failed.str())
        return taken

    def _assign(self, positions: Mapping[TP, int]) -> None:
        self._consumer.incremental_assign(
            [TopicPartition(tp.topic, tp.partition, at) for tp, at in positions.items()]
        )
        self._kept |= {tp: [] for tp in positions}

    def _unassign(self, partitions: Collection[TP]) -> None:
        self._consumer.incremental_unassign(
            [TopicPartition(tp.topic, tp.partition) for tp in partitions]
        )
        for tp in partitions:
            del self._kept[tp]
        self._paused.difference_update(partitions)


def _offset(message: Message) -> int:
    offset = message.offset()
    assert offset is not None
    return offset
