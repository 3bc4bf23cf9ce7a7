"""Lanes side by side: a slow one holds up no other, takes bounded memory, and misses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from streams import fold
from streams.fold import Runner
from streams.records import Output, Place, Record, Topic

SLOW, QUICK = Place(Topic.CLOSES, 0), Place(Topic.CLOSES, 1)


class Work:
    """Notes what it takes; the work of a held partition waits at the point that is held."""

    definition = "notes"

    def __init__(self, place: Place, desk: Desk) -> None:
        self.place = place
        self.desk = desk
        self.taken: list[int] = []
        self.closed = 0

    async def settle(self) -> None:
        await self.desk.wait("settle", self.place)

    async def take(self, records: Sequence[Record]) -> None:
        await self.desk.wait("take", self.place)
        self.taken += [record.offset for record in records]

    async def refuse(self, record: Record, error: Exception) -> None:
        raise AssertionError

    def snapshot(self) -> dict[str, Any]:
        return {"taken": list(self.taken)}

    def has_moved(self) -> bool:
        return False

    async def restore(self, state: dict[str, Any] | None) -> None:
        await self.desk.wait("restore", self.place)
        self.taken = [] if state is None else list(state["taken"])

    async def close(self, grace: float) -> None:
        self.closed += 1

    def drop(self) -> None:
        self.closed += 1


class Desk:
    """A runner over two partitions, of which each can be held."""

    def __init__(self, harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fold, "_PATIENCE", 0.01)
        monkeypatch.setattr(fold, "_SWEEP_PATIENCE", 0.02)
        self.harness = harness
        self.held: dict[tuple[str, Place], asyncio.Event] = {}
        self.failed: list[Exception] = []
        self.works: dict[Place, Work] = {}

    def runner(self, **options: Any) -> Runner:
        harness = self.harness
        return Runner(
            "test",
            Topic.CLOSES,
            make_work=self.make,
            log=harness.log,
            snapshots=harness.snapshots,
            metrics=harness.metrics,
            fail=self.failed.append,
            **options,
        )

    def make(self, place: Place) -> Work:
        self.works[place] = Work(place, self)
        return self.works[place]

    def hold(self, what: str, place: Place) -> asyncio.Event:
        self.held[what, place] = asyncio.Event()
        return self.held[what, place]

    async def wait(self, what: str, place: Place) -> None:
        if (what, place) in self.held:
            await self.held[what, place].wait()

    def append(self, place: Place, count: int) -> list[Record]:
        records: list[Record] = self.harness.log.append(place, *[b"x"] * count)
        return records


@pytest.fixture
def desk(harness: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(harness, monkeypatch)


async def test_a_slow_lane_keeps_no_other_waiting(desk: Desk, eventually: Any) -> None:
    slow, quick = desk.append(SLOW, 9), desk.append(QUICK, 9)
    runner = desk.runner()
    await runner.attach([0, 1])
    free = desk.hold("take", SLOW)
    await runner.offer(0, slow[:3])
    await runner.offer(1, quick[:3])
    await runner.offer(0, slow[3:6])  # waits a moment, and is passed over
    await runner.offer(0, slow[6:])
    await runner.offer(1, quick[3:])
    await eventually(lambda: desk.works[QUICK].taken == list(range(9)))
    assert desk.works[SLOW].taken == []
    assert not runner.caught_up
    free.set()
    await eventually(lambda: desk.works[SLOW].taken == list(range(9)))
    await eventually(lambda: runner.caught_up)


async def test_a_lane_that_is_soon_free_gets_its_next_frame(desk: Desk, eventually: Any) -> None:
    records = desk.append(SLOW, 6)
    runner = desk.runner()
    await runner.attach([0])
    desk.harness.log.reads.clear()
    for at in range(6):
        await runner.offer(0, records[at : at + 1])
    await eventually(lambda: desk.works[SLOW].taken == list(range(6)))
    assert desk.harness.log.reads == []


async def test_a_frame_waits_for_a_sweep(desk: Desk, eventually: Any) -> None:
    """A look at the log's end is soon over; passing over a frame would read all of it again."""
    records = desk.append(SLOW, 6)
    runner = desk.runner()
    await runner.attach([0])
    await runner.offer(0, records[:3])
    await eventually(lambda: desk.works[SLOW].taken == [0, 1, 2])
    desk.harness.log.reads.clear()
    free = desk.hold("settle", SLOW)
    sweep = asyncio.create_task(runner.sweep())
    await eventually(lambda: runner.lanes[0].busy)
    offer = asyncio.create_task(runner.offer(0, records[3:]))
    await asyncio.sleep(0)
    free.set()
    await asyncio.gather(sweep, offer)
    await eventually(lambda: desk.works[SLOW].taken == list(range(6)))
    assert desk.harness.log.reads == []


async def test_a_lane_that_restores_for_long_keeps_no_other_waiting(
    desk: Desk, eventually: Any
) -> None:
    """It wants its frames from the log's end on, and reads by itself what lies before."""
    desk.append(SLOW, 5)
    quick = desk.append(QUICK, 5)
    free = desk.hold("restore", SLOW)
    runner = desk.runner()
    assert await runner.attach([0, 1], 0.01) == {0: 5, 1: 0}
    assert not runner.caught_up
    await runner.offer(1, quick)
    await runner.offer(0, desk.append(SLOW, 2))
    await eventually(lambda: desk.works[QUICK].taken == list(range(5)))
    free.set()
    await eventually(lambda: desk.works[SLOW].taken == list(range(7)))
    await eventually(lambda: runner.caught_up)


async def test_what_is_taken_for_long_is_kept_in_snapshots(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.lane._SHARE", 0)
    records = desk.append(SLOW, 9)
    runner = desk.runner(snapshot_every=0.0)
    await runner.attach([0])
    await runner.take(0, records[8:])
    snapshots = desk.harness.outbox.to(Topic.SNAPSHOTS)
    assert len(snapshots) == 4  # three batches read again, and the frame
    other = desk.runner()
    assert await other.attach([0]) == {0: 9}


async def test_snapshots_take_a_small_share_of_the_time(desk: Desk) -> None:
    """One that takes long to write is written more rarely."""
    loop = asyncio.get_running_loop()
    records = desk.append(SLOW, 9)
    runner = desk.runner(snapshot_every=0.0)
    await runner.attach([0])
    now = [loop.time()]

    async def slowly(outputs: Sequence[Output]) -> None:
        now[0] += 2.0 * any(output.topic is Topic.SNAPSHOTS for output in outputs)

    desk.harness.outbox.before = slowly
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.lane._now", lambda: now[0])
        for record in records:
            await runner.take(0, [record])
            now[0] += 10.0
    assert len(desk.harness.outbox.to(Topic.SNAPSHOTS)) == 3


async def test_release_ends_what_is_on_its_way_and_closes_the_works(
    desk: Desk, eventually: Any
) -> None:
    records = desk.append(SLOW, 3)
    runner = desk.runner()
    await runner.attach([0, 1])
    desk.hold("take", SLOW)
    await runner.offer(0, records)
    await eventually(lambda: runner.lanes[0].busy)
    await asyncio.wait_for(runner.release(0.01), 1)
    assert [work.closed for work in desk.works.values()] == [1, 1]
    assert not runner.lanes[0].busy
    desk.held.clear()
    await runner.offer(0, records)
    assert await runner.attach([0, 1]) == {0: 0, 1: 0}
    await runner.offer(0, records)
    await eventually(lambda: desk.works[SLOW].taken == [0, 1, 2])
    assert desk.failed == []


async def test_a_release_in_the_middle_of_a_restoration(desk: Desk) -> None:
    desk.append(SLOW, 3)
    desk.hold("restore", SLOW)
    runner = desk.runner()
    await runner.attach([0], 0.01)
    await asyncio.wait_for(runner.release(0.01), 1)
    desk.held.clear()
    assert await runner.attach([0]) == {0: 0}
    for _ in range(2):
        await runner.sweep()
    assert desk.works[SLOW].taken == [0, 1, 2]


async def test_what_nobody_waits_for_is_told_when_it_is_fatal(desk: Desk, eventually: Any) -> None:
    records = desk.append(SLOW, 3)
    runner = desk.runner()
    await runner.attach([0])

    async def broken(_: Any) -> None:
        raise OSError("of ours")

    desk.works[SLOW].restore = broken  # type: ignore[method-assign]
    runner.lanes[0].stale = True
    await runner.offer(0, records)
    await eventually(lambda: desk.failed)
    assert [str(error) for error in desk.failed] == ["of ours"]


async def test_a_sweep_waits_for_no_lane_that_is_long_about_it(desk: Desk, eventually: Any) -> None:
    desk.append(SLOW, 3)
    desk.append(QUICK, 3)
    runner = desk.runner()
    await runner.attach([0, 1])
    free = desk.hold("take", SLOW)
    await runner.sweep()
    await asyncio.wait_for(runner.sweep(), 1)
    assert desk.works[QUICK].taken == [0, 1, 2]
    free.set()
    await eventually(lambda: desk.works[SLOW].taken == [0, 1, 2])


async def test_what_is_taken_away_while_it_is_attached_has_no_position(
    desk: Desk, eventually: Any
) -> None:
    desk.append(SLOW, 5)
    desk.append(QUICK, 5)
    desk.hold("restore", SLOW)
    runner = desk.runner()
    attaching = asyncio.create_task(runner.attach([0, 1], 60))
    await eventually(lambda: len(desk.works) == 2)
    await runner.release(0.001)
    assert await attaching == {}


async def test_a_lane_that_comes_back_begins_with_the_newest_snapshot(desk: Desk) -> None:
    """Another worker may have taken it further, and its work was closed."""
    records = desk.append(SLOW, 3)
    runner = desk.runner()
    await runner.attach([0])
    await runner.take(0, records[:1])
    await runner.release(0.1)
    desk.works[SLOW].taken = ["what it has kept is not believed"]  # type: ignore[list-item]
    assert await runner.attach([0]) == {0: 1}
    assert desk.works[SLOW].taken == [0]
