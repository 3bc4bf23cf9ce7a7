"""The doubles that the tests of the runner and of delivery share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from streams.fold import Runner
from streams.lane import Work
from streams.metrics import Metrics
from streams.records import Output, Place, Record, Topic
from streams.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class Stored:
    """A record in a :class:`MemoryLog`."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


class MemoryLog:
    """A log in memory; ``fail`` is raised by the next reads, ``hold`` makes them wait."""

    def __init__(self) -> None:
        self.records: dict[Place, list[Stored]] = {}
        self.first: dict[Place, int] = {}
        self.ends: dict[Place, int] = {}
        self.failures: list[Exception] = []
        self.reads: list[tuple[Place, int, int]] = []

    def append(
        self,
        place: Place,
        *values: bytes | None,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> list[Stored]:
        """Records at the end of a partition."""
        start = self.end(place)
        added = [Stored(start + i, key, v, headers=headers) for i, v in enumerate(values)]
        self.records.setdefault(place, []).extend(added)
        self.ends[place] = start + len(added)
        return added

    def end(self, place: Place) -> int:
        """The offset after the last record."""
        return self.ends.get(place, self.first.get(place, 0))

    def forget(self, place: Place, first: int) -> None:
        """Retention: what lies before ``first`` is gone."""
        self.first[place] = first
        self.records[place] = [r for r in self.records.get(place, []) if r.offset >= first]

    def values(self, topic: Topic) -> list[bytes | None]:
        """All values of a topic."""
        return [r.value for p, stored in self.records.items() if p.topic == topic for r in stored]

    async def bounds(self, place: Place) -> tuple[int, int]:
        """See :class:`streams.log.Log`."""
        await asyncio.sleep(0)
        return self.first.get(place, 0), self.end(place)

    async def read(self, place: Place, start: int, end: int) -> AsyncIterator[Sequence[Record]]:
        """See :class:`streams.log.Log`; three records at a time."""
        self.reads.append((place, start, end))
        await asyncio.sleep(0)
        if self.failures and start < end:
            raise self.failures.pop(0)
        wanted = [r for r in self.records.get(place, []) if start <= r.offset < end]
        for at in range(0, len(wanted), 3):
            yield wanted[at : at + 3]
            await asyncio.sleep(0)

    async def partitions(self, topic: Topic) -> list[int]:
        """See :class:`streams.log.Log`."""
        return sorted(place.partition for place in self.records if place.topic == topic)


class MemoryOutbox:
    """Appends what is sent to a log; ``before`` is awaited first and may hang or raise."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.sent: list[Output] = []
        self.before: Callable[[Sequence[Output]], Any] | None = None

    async def send(self, outputs: Sequence[Output]) -> None:
        """See :class:`streams.outbox.Outbox`."""
        await asyncio.sleep(0)
        if self.before is not None:
            await self.before(outputs)
        for output in outputs:
            place = Place(output.topic, output.partition or 0)
            self.log.append(place, output.value, key=output.key, headers=output.headers)
            self.sent.append(output)

    def to(self, topic: Topic) -> list[Output]:
        """What was sent to a topic."""
        return [output for output in self.sent if output.topic is topic]


@dataclass
class Harness:
    """A log and an outbox in memory, and runners upon them."""

    log: MemoryLog = field(default_factory=MemoryLog)
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.outbox = MemoryOutbox(self.log)
        self.snapshots = Snapshots(self.log, self.outbox)

    def runner(
        self, make_work: Callable[[Place], Work], topic: Topic = Topic.CLOSES, name: str = "test"
    ) -> Runner:
        """A worker of its own: what it knows of another comes from the log alone."""
        return Runner(
            name,
            topic,
            make_work=make_work,
            log=self.log,
            snapshots=self.snapshots,
            metrics=self.metrics,
        )


async def eventually(condition: Callable[[], object], turns: int = 2000) -> None:
    """Let the loop turn until a condition holds."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never happened")


async def until_done(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and see them out, so that a failed test leaves none behind."""
    pending = list(tasks)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


@pytest.fixture
def harness() -> Harness:
    """A new harness."""
    return Harness()


@pytest.fixture(scope="session", name="new_harness")
def _new_harness() -> type[Harness]:
    """For tests that need a harness for each example."""
    return Harness


@pytest.fixture(scope="session", name="eventually")
def _eventually() -> Callable[..., Any]:
    """Wait for a condition."""
    return eventually


@pytest.fixture(scope="session", name="until_done")
def _until_done() -> Callable[..., Any]:
    """Cancel and wait."""
    return until_done
