"""The bell: a period is over when no tick says so, and is told once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
from aiokafka.errors import KafkaConnectionError

from streams.bell import Bell
from streams.columns.ticks import encode_tick
from streams.folds.bars import BarsFold
from streams.plans import BarsPlan
from streams.records import Place, Topic
from streams.works import FoldWork

PLACE = Place(Topic.TICKS, 0)
SECOND = 1_000_000_000
PLAN = BarsPlan(("A",), frozenset(), {("XNYS", "1d"): (0,)}, frozenset(), 2 * SECOND, SECOND, 0)


def at(text: str) -> int:
    return int(pd.Timestamp(text).value)


@dataclass
class Hand:
    """A clock that is set by hand."""

    time: float = 0.0

    def now(self) -> float:
        return self.time


class Worker:
    """One partition of ticks, its bars and its bell."""

    def __init__(self, harness: Any) -> None:
        self.harness = harness
        self.clock = Hand()
        self.bell = Bell(self.clock, harness.outbox)
        self.folds: dict[int, BarsFold] = {}
        self.runner = harness.runner(
            lambda place: FoldWork(place, self.make, harness.outbox, harness.metrics),
            Topic.TICKS,
            "bars",
        )

    def make(self, place: Place) -> BarsFold:
        self.folds[place.partition] = BarsFold(place, PLAN)
        return self.folds[place.partition]

    async def tick(self, time: str) -> None:
        value = encode_tick("A", at(time), 5_000_000)
        await self.runner.take(0, self.harness.log.append(PLACE, value))

    async def look(self, time: str) -> int:
        """How many records are due by then, which are folded too."""
        self.clock.time = at(time) / SECOND
        before = len(self.harness.log.records.get(PLACE, []))
        await self.bell.look(self.runner.lanes, self.folds)
        return len(self.harness.log.records.get(PLACE, [])) - before

    async def fold(self) -> list[bytes | None]:
        """The closes, when all there is is folded."""
        await self.runner.take(0, self.harness.log.records[PLACE])
        return self.harness.log.values(Topic.CLOSES)


async def test_a_session_is_closed_when_its_grace_is_over(harness: Any) -> None:
    worker = Worker(harness)
    await worker.runner.attach([0])
    assert await worker.look("2026-01-22T21:30:00Z") == 0
    await worker.tick("2026-01-22T15:00:00Z")
    assert await worker.look("2026-01-22T21:00:02Z") == 0
    assert await worker.look("2026-01-22T21:00:02.001Z") == 1
    assert harness.log.values(Topic.TICKS)[-1] == b'{"due":"2026-01-22T21:00:00Z"}'
    assert await worker.fold() == [
        b'{"symbol":"A","period":"2026-01-22","close":"5","interval":"1d","source":"ticks"}'
    ]
    assert await worker.look("2026-01-23T00:00:00Z") == 0


async def test_what_is_on_its_way_is_waited_for_and_then_told_again(harness: Any) -> None:
    worker = Worker(harness)
    await worker.runner.attach([0])
    await worker.tick("2026-01-22T15:00:00Z")
    assert await worker.look("2026-01-22T21:00:03Z") == 1
    worker.runner.lanes[0].cursor += 1  # as if it had been folded, and then been lost
    assert await worker.look("2026-01-22T21:00:12Z") == 0
    assert await worker.look("2026-01-22T21:00:13Z") == 1


async def test_ticks_that_lie_in_the_log_already_come_first(harness: Any) -> None:
    worker = Worker(harness)
    await worker.runner.attach([0])
    await worker.tick("2026-01-22T15:00:00Z")
    harness.log.append(PLACE, encode_tick("A", at("2026-01-22T20:59:00Z"), 6_000_000))
    assert await worker.look("2026-01-22T21:00:03Z") == 0
    await worker.fold()
    assert await worker.look("2026-01-22T21:00:04Z") == 1
    assert len(await worker.fold()) == 1


async def test_what_could_not_be_sent_is_sent_the_next_time(harness: Any) -> None:
    worker = Worker(harness)
    await worker.runner.attach([0])
    await worker.tick("2026-01-22T15:00:00Z")

    async def away(_: object) -> None:
        harness.outbox.before = None
        raise KafkaConnectionError

    harness.outbox.before = away
    with pytest.raises(KafkaConnectionError):
        await worker.look("2026-01-22T21:00:03Z")
    assert await worker.look("2026-01-22T21:00:04Z") == 1


async def test_a_partition_of_another_worker_is_left_alone(harness: Any) -> None:
    worker = Worker(harness)
    await worker.runner.attach([0])
    await worker.tick("2026-01-22T15:00:00Z")
    await worker.runner.release(1)
    assert await worker.look("2026-01-22T21:00:03Z") == 0
