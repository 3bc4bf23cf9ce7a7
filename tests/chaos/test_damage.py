"""Damaged snapshots, holes in the logs, rubbish among the closes, a disk that is full."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from chaos.extent import alone, sizes
from chaos.rig import PARTITIONS, Figures, Rig
from chaos.trouble import a_moment, damage_snapshots, newest, start_on_a_full_disk, with_holes
from harness import eventually

from streams import snapshots

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(3600)]


@alone
def test_snapshots_that_cannot_be_used(
    rig: Callable[..., Rig], tell: Callable[[Figures], None]
) -> None:
    """Truncated, corrupted, and of a newer format: told, and the work is done without them."""
    run = rig()
    first, second = run.slices(2)
    worker = run.start("one").ready()
    run.publish(first)
    eventually(lambda: newest(run, "watcher").keys() == set(range(PARTITIONS)), "snapshots")
    assert worker.end()[0] == 0
    damage_snapshots(run)
    again = run.start("one")
    run.publish(second)
    tell(run.judge())
    said = again.stderr.read_text()
    assert "is not used: it is damaged" in said
    assert f"it has the format {snapshots.FORMAT + 1}, and this version reads" in said


@alone
def test_logs_with_holes(rig: Callable[..., Rig], tell: Callable[[Figures], None]) -> None:
    """Transactions, some of them aborted, leave offsets in the log that nobody ever sees."""
    run = rig()

    worker = run.start("one").ready()
    for records in run.slices(2):
        with run.publishing(records, with_holes(run)):
            a_moment(run, worker)
            run.kill(worker)
            worker = run.start("one")
    tell(run.judge())


@alone
def test_rubbish_by_the_thousand(rig: Callable[..., Rig], tell: Callable[[Figures], None]) -> None:
    """Each lies in the dead letters (verify counts them); all good ones are folded."""
    rubbish = sizes(2_000, 20_000)
    run = rig(market={"rubbish": rubbish})
    run.start("one")
    run.publish_all()
    figures = run.judge()
    letters = run.read("dead-letters")
    assert len({dict(r.headers)["partition"] + b":" + dict(r.headers)["offset"]
                for r in letters}) == rubbish  # fmt: skip
    figures.broken = rubbish
    tell(figures)


@alone
def test_a_disk_that_is_full(rig: Callable[..., Rig], tell: Callable[[Figures], None]) -> None:
    """No line of the log, of the console or of any file can be written: work goes on."""
    run = rig()

    first, second = run.slices(2)
    worker = start_on_a_full_disk(run)
    run.publish(first)
    eventually(lambda: worker.total("streakwatch_snapshots_written_total") > 0, "snapshots")
    run.kill(worker)
    start_on_a_full_disk(run)
    run.publish(second)
    tell(run.judge())


def test_what_retention_has_removed(rig: Callable[..., Rig]) -> None:
    """Rules that change want the whole history: what is gone of it is told, and not claimed."""
    run = rig()
    worker = run.start("one").ready()
    first, second = run.slices(2)
    run.publish(first)
    run.settle()
    assert worker.end()[0] == 0
    ends = {record.partition: record.offset for record in run.read("watch")}

    async def remove() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=run.servers)
        await admin.start()
        try:
            await admin.delete_records(
                {
                    TopicPartition(f"{run.prefix}watch", partition): RecordsToDelete(end // 2)
                    for partition, end in ends.items()
                }
            )
        finally:
            await admin.close()

    asyncio.run(remove())
    run.config.write_text(run.config.read_text().replace("min_length: 8", "min_length: 9"))
    again = run.start("one")
    run.publish(second)
    eventually(run.is_quiet, "a worker that has nothing to do", 120)
    for partition, end in ends.items():
        warning = f"watcher on watch-{partition}: the log begins at offset {end // 2}; what lay"
        assert warning in again.stderr.read_text()
    verdict = run.verify()
    assert len(verdict.gaps) == PARTITIONS
    assert verdict.faults == 0, "\n".join(verdict.lines())
    assert not verdict.is_exact
    alerts = {r.offset: json.loads(r.value) for r in run.read("alerts") if r.partition == 0}
    known = {alert["evidence"]["known_from"] for alert in alerts.values()}
    assert min(known) == run.market.periods[0]  # told before
    # told since: the evidence begins later; how much, the closes that were copied together decide
    assert max(known) > run.market.periods[0]
