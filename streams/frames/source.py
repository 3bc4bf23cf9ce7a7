"""Sources: where records are fetched from when aiokafka keeps only the group and the positions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Protocol

from faust.types import TP

from streams.batches import Batch

#: A batch has at most so many records, and no more are added to so many bytes.
MOST_RECORDS = 65_536
MOST_BYTES = 8 << 20


class Source(Protocol):
    """Fetches from where it is told to, and belongs to no group.

    Not to be used by several tasks at once.
    """

    async def poll(
        self,
        positions: Mapping[TP, int],
        active: Collection[TP],
        timeout: float,  # noqa: ASYNC109
    ) -> Mapping[TP, Batch]:
        """At most one batch of each active partition, beginning at its position.

        Waits at most ``timeout`` seconds for the first record.

        Args:
            positions: of every partition that is assigned, the offset to go on from.
            active: the partitions that records are wanted of now.

        Raises:
            aiokafka.errors.KafkaError: the broker refuses the topic.
        """
        ...

    def close(self) -> None:
        """End all connections, perhaps a moment later, and without a line in the log.

        What is polled meanwhile comes to nothing.
        """
        ...


class Follower(ABC):
    """The part of a source that follows the positions with assignments of librdkafka's."""

    def __init__(self) -> None:
        self._next: dict[TP, int] = {}

    @abstractmethod
    def _assign(self, positions: Mapping[TP, int]) -> None: ...

    @abstractmethod
    def _unassign(self, partitions: Collection[TP]) -> None: ...

    def _follow(self, positions: Mapping[TP, int]) -> None:
        """Fetch exactly these partitions; those anew that are to go on from elsewhere."""
        moved = {tp: at for tp, at in positions.items() if self._next.get(tp) != at}
        gone = [tp for tp in self._next if tp in moved or tp not in positions]
        if gone:
            self._unassign(gone)
        if moved:
            self._assign(moved)
        self._next = dict(positions)

    def _handed_on(self, batches: Mapping[TP, Batch]) -> None:
        """Where librdkafka goes on by itself."""
        self._next |= {tp: batch[-1].offset + 1 for tp, batch in batches.items()}
