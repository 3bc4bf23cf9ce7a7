"""The runner: each record once and in order, whatever is repeated, missing, cancelled or broken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from streams.fold import Runner
from streams.lane import LogShrunkError
from streams.records import Output, Place, Record, Topic
from streams.snapshots import Snapshot
from streams.works import FoldWork

PLACE = Place(Topic.CLOSES, 0)
POISON = b"poison"


class Totals:
    """A fold that a repeat, a loss or a change of order would show in: running totals."""

    def __init__(self, _: Place, definition: str = "totals") -> None:
        self.definition = definition
        self.total = 0
        self.next = 0

    def apply(self, records: Sequence[Record]) -> list[Output]:
        return self.read(records)()

    def read(self, records: Sequence[Record]) -> Callable[[], list[Output]]:
        return lambda: [self._add(record) for record in records]

    def _add(self, record: Record) -> Output:
        if record.value == POISON:
            self.total += 1_000_000  # what an error leaves behind must not last
            raise ValueError(record.value)
        self.total += int(record.value or b"0")
        about = f"{record.offset}:{self.total}"
        return Output(Topic.ALERTS, None, about.encode(), 0, about=about)

    def latest(self, _: int | None = None) -> list[Output]:
        return []

    def snapshot(self) -> dict[str, Any]:
        return {"total": self.total}

    def standing(self) -> list[Output]:
        return []

    def restore(self, state: dict[str, Any]) -> None:
        self.total = state["total"]


def totals(harness: Any, definition: str = "totals") -> Callable[[Place], FoldWork]:
    def make(place: Place) -> FoldWork:
        return FoldWork(
            place,
            lambda place: Totals(place, definition),
            harness.outbox,
            harness.metrics,
        )

    return make


async def a_runner(harness: Any, definition: str = "totals") -> Runner:
    runner = harness.runner(totals(harness, definition))
    await runner.attach([0])
    return runner


def expected(values: Sequence[bytes]) -> list[str]:
    total, told = 0, []
    for offset, value in enumerate(values):
        if value != POISON:
            total += int(value)
            told.append(f"{offset}:{total}")
    return told


def told(harness: Any) -> list[str]:
    return [output.about for output in harness.outbox.to(Topic.ALERTS)]


def dead(harness: Any) -> list[tuple[int, str, str]]:
    letters = [dict(output.headers) for output in harness.outbox.to(Topic.DEAD_LETTERS)]
    return [(int(h["offset"]), h["reason"].decode(), h["detail"].decode()) for h in letters]


def lag(harness: Any, partition: int = 0) -> float | None:
    labels = {"fold": "test", "topic": "closes", "partition": str(partition)}
    return harness.metrics.registry.get_sample_value("streakwatch_lag_records", labels)


def value_of(harness: Any, name: str) -> float:
    return harness.metrics.registry.get_sample_value(name, {"fold": "test"}) or 0.0


NINE = [b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"]


async def test_frames_in_order(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    for frame in (records[:4], records[4:5], records[5:]):
        await runner.take(0, frame)
    assert told(harness) == expected(NINE)
    assert runner.lanes[0].cursor == 9
    assert runner.caught_up
    assert value_of(harness, "streakwatch_records_folded_total") == 9


async def test_what_is_below_the_cursor_is_passed_over(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:5])
    await runner.take(0, records[2:4])
    await runner.take(0, records[3:])
    await runner.take(0, [])
    assert told(harness) == expected(NINE)


async def test_a_gap_is_read_again(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:2])
    harness.log.reads.clear()
    await runner.take(0, records[7:])
    assert harness.log.reads == [(PLACE, 2, 7)]
    assert told(harness) == expected(NINE)


async def test_holes_in_the_log_are_no_gaps_for_ever(harness: Any) -> None:
    """Markers of transactions take offsets that no consumer ever sees."""
    first = harness.log.append(PLACE, b"1")
    harness.log.ends[PLACE] = 5
    later = harness.log.append(PLACE, b"2")
    runner = await a_runner(harness)
    await runner.take(0, first)
    await runner.take(0, later)
    assert told(harness) == ["0:1", "5:3"]
    harness.log.ends[PLACE] = 9
    for _ in range(2):
        await runner.sweep()
    assert runner.lanes[0].cursor == 9
    assert runner.caught_up


async def test_a_sweep_finds_a_missing_tail(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:4])
    await runner.sweep()
    assert told(harness) == expected(NINE[:4])
    assert (lag(harness), runner.caught_up) == (5, False)
    await runner.sweep()
    assert told(harness) == expected(NINE)
    assert (lag(harness), runner.caught_up) == (0, True)


async def test_a_busy_partition_is_not_swept(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    for frame in (records[:4], records[4:6]):
        await runner.sweep()
        await runner.take(0, frame)
    await runner.sweep()
    assert told(harness) == expected(NINE[:6])


async def test_partitions_are_folded_apart(harness: Any) -> None:
    other = Place(Topic.CLOSES, 1)
    records = {p: harness.log.append(p, *NINE[: p.partition + 2]) for p in (PLACE, other)}
    runner = harness.runner(totals(harness))
    assert await runner.attach([0, 1]) == {0: 0, 1: 0}
    await asyncio.gather(*(runner.take(p.partition, r) for p, r in records.items()))
    assert sorted(told(harness)) == ["0:1", "0:1", "1:3", "1:3", "2:6"]
    assert await runner.attach([1]) == {1: 3}
    await runner.take(0, records[PLACE])
    assert sorted(runner.lanes) == [1]
    assert (lag(harness, 0), lag(harness, 1)) == (None, 0)


async def test_nothing_is_taken_without_a_partition(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = harness.runner(totals(harness))
    await runner.take(0, records)
    await runner.sweep()
    await runner.attach([0])
    await runner.release(1)
    await runner.take(0, records)
    await runner.sweep()
    assert told(harness) == []
    assert await runner.attach([0]) == {0: 0}
    await runner.take(0, records)
    assert told(harness) == expected(NINE)


# --- snapshots ------------------------------------------------------------------------------


async def test_another_worker_goes_on_from_the_snapshot(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:6])
    await runner.release(1)
    assert value_of(harness, "streakwatch_snapshots_written_total") == 1
    other = harness.runner(totals(harness))
    assert await other.attach([0]) == {0: 6}
    await other.take(0, records[6:])
    assert told(harness) == expected(NINE)


async def test_another_worker_goes_on_from_an_older_snapshot(harness: Any) -> None:
    """The first one died: what it sent after its snapshot is sent again, the same."""
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:3])
    await runner.save()
    await runner.take(0, records[3:])
    other = await a_runner(harness)
    for _ in range(2):
        await other.sweep()
    assert told(harness) == expected(NINE) + expected(NINE)[3:]


async def test_a_snapshot_is_written_only_when_something_moved(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.save()
    await runner.take(0, records)
    for _ in range(3):
        await runner.save()
    assert len(harness.outbox.to(Topic.SNAPSHOTS)) == 1
    again = await a_runner(harness)
    await again.save()
    assert len(harness.outbox.to(Topic.SNAPSHOTS)) == 1


async def test_a_snapshot_of_another_definition_is_not_used(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records)
    await runner.release(1)
    other = harness.runner(totals(harness, "new totals"))
    assert await other.attach([0]) == {0: 0}
    for _ in range(2):
        await other.sweep()
    assert told(harness) == expected(NINE) * 2


async def test_a_partition_that_comes_back_goes_on_where_another_worker_left_it(
    harness: Any,
) -> None:
    records = harness.log.append(PLACE, *NINE)
    first, second = await a_runner(harness), harness.runner(totals(harness))
    await first.take(0, records[:2])
    await first.release(1)
    await second.attach([0])
    await second.take(0, records[2:5])
    await second.release(1)
    assert await first.attach([0]) == {0: 5}
    await first.take(0, records[5:])
    assert told(harness) == expected(NINE)


async def test_a_log_that_has_shrunk_is_an_error(harness: Any) -> None:
    harness.log.append(PLACE, b"1", b"2")
    await harness.snapshots.write(Snapshot("test", PLACE, 7, "totals", {"total": 1}))
    with pytest.raises(LogShrunkError) as caught:
        await harness.runner(totals(harness)).attach([0])
    assert "test has taken closes-0 up to offset 7, but the log ends at 2" in str(caught.value)


async def test_retention_that_overtook_the_fold_is_told(
    harness: Any, caplog: pytest.LogCaptureFixture
) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:2])
    await runner.release(1)
    harness.log.forget(PLACE, 5)
    other = harness.runner(totals(harness))
    with caplog.at_level(logging.WARNING, "streams.lane"):
        assert await other.attach([0]) == {0: 5}
    assert "offsets 2 to 4 were removed by retention before they were folded" in caplog.text
    await other.take(0, records[5:])
    assert told(harness)[-1] == f"8:{1 + 2 + 6 + 7 + 8 + 9}"


async def test_without_a_snapshot_a_fold_begins_at_the_first_record_kept(harness: Any) -> None:
    harness.log.append(PLACE, *NINE)
    harness.log.forget(PLACE, 5)
    assert await harness.runner(totals(harness)).attach([0]) == {0: 5}


# --- cancellation and errors ----------------------------------------------------------------


class Gate:
    """Holds the outbox in the middle of a send."""

    def __init__(self, topic: Topic = Topic.ALERTS) -> None:
        self.topic = topic
        self.reached = 0
        self.opened = asyncio.Event()

    async def __call__(self, outputs: Sequence[Output]) -> None:
        if any(output.topic is self.topic for output in outputs):
            self.reached += 1
            await self.opened.wait()


async def test_a_cancelled_send_is_made_good(
    harness: Any, eventually: Any, until_done: Any
) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:2])
    await runner.save()
    await runner.take(0, records[2:4])
    harness.outbox.before = gate = Gate()
    task = asyncio.create_task(runner.take(0, records[4:7]))
    await eventually(lambda: gate.reached)
    await until_done([task])
    assert task.cancelled()
    assert not runner.caught_up
    assert runner.lanes[0].stale
    harness.outbox.before = None
    await runner.take(0, records[7:])
    assert told(harness) == expected(NINE)[:4] + expected(NINE)[2:]
    assert runner.caught_up


async def test_a_cancelled_send_is_made_good_by_a_sweep(
    harness: Any, eventually: Any, until_done: Any
) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    harness.outbox.before = gate = Gate()
    task = asyncio.create_task(runner.take(0, records))
    await eventually(lambda: gate.reached)
    await until_done([task])
    harness.outbox.before = None
    await runner.save()
    assert harness.outbox.to(Topic.SNAPSHOTS) == []
    for _ in range(2):
        await runner.sweep()
    assert told(harness) == expected(NINE)


async def test_release_interrupts_what_hangs(harness: Any, eventually: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:3])
    harness.outbox.before = gate = Gate()
    task = asyncio.create_task(runner.take(0, records[3:]))
    await eventually(lambda: gate.reached)
    await asyncio.wait_for(runner.release(0.01), 1)
    await asyncio.wait_for(task, 1)
    harness.outbox.before = None
    other = await a_runner(harness)
    for _ in range(2):
        await other.sweep()
    assert dict.fromkeys(told(harness)) == dict.fromkeys(expected(NINE))


async def test_release_waits_for_what_can_still_end(harness: Any, eventually: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    harness.outbox.before = gate = Gate()
    task = asyncio.create_task(runner.take(0, records))
    await eventually(lambda: gate.reached)
    release = asyncio.create_task(runner.release(5))
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.wait_for(asyncio.gather(task, release), 1)
    assert told(harness) == expected(NINE)
    assert await harness.runner(totals(harness)).attach([0]) == {0: 9}


async def test_release_is_not_held_up_by_what_waits_behind_the_work(
    harness: Any, eventually: Any, until_done: Any
) -> None:
    """A frame may wait behind a sweep (or another frame); once released it must not begin."""
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    harness.outbox.before = gate = Gate()
    tasks = [asyncio.create_task(runner.take(0, records[:3]))]
    await eventually(lambda: gate.reached)
    tasks.append(asyncio.create_task(runner.take(0, records[3:])))
    await asyncio.sleep(0)
    release = asyncio.create_task(runner.release(0.01))
    done, _ = await asyncio.wait([release], timeout=0.5)
    reached = gate.reached
    await until_done([*tasks, release])
    assert done
    assert reached == 1


async def test_only_the_record_that_fails_goes_to_the_dead_letters(harness: Any) -> None:
    values = [*NINE[:4], POISON, *NINE[4:]]
    records = harness.log.append(PLACE, *values)
    runner = await a_runner(harness)
    await runner.take(0, records[:2])
    await runner.save()
    await runner.take(0, records[2:3])
    await runner.take(0, records[3:])
    assert dead(harness) == [(4, "internal-error", "ValueError")]
    assert harness.outbox.to(Topic.DEAD_LETTERS)[0].value == POISON
    assert list(dict.fromkeys(told(harness))) == expected(values)
    assert value_of(harness, "streakwatch_fold_recoveries_total") == 1
    counted = harness.metrics.registry.get_sample_value(
        "streakwatch_dead_letters_total", {"topic": "closes", "reason": "internal-error"}
    )
    assert counted == 1


async def test_several_records_that_fail(harness: Any) -> None:
    values = [POISON, b"1", POISON, POISON, b"2", POISON]
    runner = await a_runner(harness)
    await runner.take(0, harness.log.append(PLACE, *values))
    assert [offset for offset, *_ in dead(harness)] == [0, 2, 3, 5]
    assert told(harness) == ["1:1", "4:3"]


async def test_a_broker_in_trouble_is_no_fault_of_the_records(harness: Any) -> None:
    records = harness.log.append(PLACE, *NINE)
    runner = await a_runner(harness)
    await runner.take(0, records[:2])

    async def refuse(outputs: Sequence[Output]) -> None:
        raise KafkaConnectionError

    harness.outbox.before = refuse
    with pytest.raises(KafkaConnectionError):
        await runner.take(0, records[2:5])
    assert not runner.caught_up
    harness.outbox.before = None
    await runner.take(0, records[5:])
    assert list(dict.fromkeys(told(harness))) == expected(NINE)
    assert dead(harness) == []


async def test_a_broker_in_trouble_during_a_recovery(harness: Any) -> None:
    """The fold has been taken forward part of the way: that part must not be taken twice."""
    values = [*NINE, POISON, b"10"]
    records = harness.log.append(PLACE, *values)
    runner = await a_runner(harness)
    await runner.take(0, records[:9])
    read, breaks = harness.log.read, [True]

    async def reading(place: Place, start: int, end: int) -> Any:
        async for batch in read(place, start, end):
            yield batch
            if place == PLACE and breaks:
                breaks.pop()
                raise KafkaConnectionError

    harness.log.read = reading
    with pytest.raises(KafkaConnectionError):
        await runner.take(0, records[9:])
    await runner.take(0, records[9:])
    assert set(told(harness)) == set(expected(values))
    assert told(harness)[-1] == expected(values)[-1]


async def test_a_cancellation_during_a_recovery(
    harness: Any, eventually: Any, until_done: Any
) -> None:
    values = [*NINE, POISON, b"10"]
    records = harness.log.append(PLACE, *values)
    runner = await a_runner(harness)
    await runner.take(0, records[:9])
    harness.outbox.before = gate = Gate(Topic.DEAD_LETTERS)
    task = asyncio.create_task(runner.take(0, records[9:]))
    await eventually(lambda: gate.reached)
    await until_done([task])
    harness.outbox.before = None
    await runner.take(0, records[9:])
    assert set(told(harness)) == set(expected(values))
    assert told(harness)[-1] == expected(values)[-1]
    assert dead(harness) == [(9, "internal-error", "ValueError")]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), st.integers(0, 12), st.integers(1, 6)),
        st.tuples(st.just("cancel"), st.integers(0, 12), st.integers(1, 6)),
        st.tuples(st.just("cancelled refusal"), st.integers(0, 12), st.integers(1, 6)),
        st.tuples(st.just("trouble"), st.integers(0, 12), st.integers(1, 6)),
        st.tuples(st.sampled_from(["save", "sweep", "worker", "unreadable"])),
    ),
    max_size=14,
)
VALUES = st.lists(
    st.integers(1, 99).map(lambda n: str(n).encode()) | st.just(POISON), min_size=1, max_size=14
)


@given(VALUES, STEPS)
def test_whatever_happens_each_record_counts_once(
    new_harness: Any, eventually: Any, until_done: Any, values: list[bytes], steps: list[Any]
) -> None:
    """Frames lost, repeated and cancelled, errors of ours and of the broker, other workers."""

    async def scenario() -> None:
        harness = new_harness()
        records = harness.log.append(PLACE, *values)
        runner = await a_runner(harness)
        for name, *at in steps:
            frame = records[at[0] : at[0] + at[1]] if at else []
            try:
                if name == "save":
                    await runner.save()
                elif name == "worker":
                    runner = await a_runner(harness)
                elif name == "sweep":
                    await runner.sweep()
                elif name == "unreadable":
                    harness.log.failures.append(KafkaConnectionError())
                elif name == "frame":
                    await runner.take(0, frame)
                elif name == "trouble":
                    await with_trouble(harness, runner, frame)
                else:
                    topic = Topic.ALERTS if name == "cancel" else Topic.DEAD_LETTERS
                    await cancelled(harness, runner, frame, topic, eventually, until_done)
            except KafkaConnectionError:
                pass
            harness.outbox.before = None
        harness.log.failures.clear()
        for _ in range(2):
            await runner.sweep()
        assert runner.caught_up
        assert set(told(harness)) == set(expected(values))
        poisoned = {offset for offset, value in enumerate(values) if value == POISON}
        assert {offset for offset, *_ in dead(harness)} == poisoned

    with without_logs():
        asyncio.run(scenario())


@contextmanager
def without_logs() -> Iterator[None]:
    """The runner logs each recovery with its traceback; of hundreds nobody reads one."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


async def with_trouble(harness: Any, runner: Runner, frame: Sequence[Record]) -> None:
    async def refuse(_: Sequence[Output]) -> None:
        raise KafkaConnectionError

    harness.outbox.before = refuse
    await runner.take(0, frame)


async def cancelled(
    harness: Any,
    runner: Runner,
    frame: Sequence[Record],
    topic: Topic,
    eventually: Any,
    until_done: Any,
) -> None:
    harness.outbox.before = gate = Gate(topic)
    task = asyncio.create_task(runner.take(0, frame))
    await eventually(lambda: gate.reached or task.done())
    if task.done():
        task.result()
    await until_done([task])


async def test_a_runner_that_has_lost_everything_has_nothing_to_catch_up_with(
    harness: Any,
) -> None:
    """A spare worker is ready, though it had partitions before."""
    harness.log.append(Place(Topic.CLOSES, 0), b"1")
    runner = harness.runner(totals(harness))
    await runner.attach([0])
    assert not runner.caught_up
    await runner.release(0.1)
    await runner.attach([])
    assert runner.caught_up
    assert runner.unseen() == 0.0
