"""Several kinds of trouble at once, in every run of the tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.rig import Figures, Rig
from chaos.trouble import (
    Rude,
    a_moment,
    damage_snapshots,
    newest,
    sleep,
    start_on_a_full_disk,
    with_holes,
)
from harness import eventually

from streams.embedded import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]


def test_kills_among_rubbish_before_bad_manners(
    rig: Callable[..., Rig], tell: Callable[[Figures], None]
) -> None:
    """One worker, killed again and again, once on a full disk; 500, 429, hangs, half answers."""
    run = rig(receiver=Rude, market={"rubbish": 2000})
    for number, records in enumerate(run.slices(4)):
        worker = start_on_a_full_disk(run) if number == 1 else run.start("one")
        with run.publishing(records):
            a_moment(run, worker)
            run.kill(worker)
    run.start("one")
    tell(run.judge(240))


def test_two_workers_of_which_one_sleeps_and_one_dies(
    rig: Callable[..., Rig], tell: Callable[[Figures], None]
) -> None:
    """A zombie, kills, and holes in the log of closes."""
    run = rig()
    one, two = run.start("one").ready(), run.start("two").ready()
    for records in run.slices(2):
        with run.publishing(records, with_holes(run)):
            a_moment(run, one, two)
            sleep(run, two)
            run.kill(one)
            one = run.start("one")
    tell(run.judge())
    assert two.process.poll() is None


def test_a_broker_that_dies_and_snapshots_that_are_damaged(
    rig: Callable[..., Rig], tell: Callable[[Figures], None], tmp_path: Path
) -> None:
    """SIGKILL, a clean restart, and a worker that finds nothing but damage."""
    with Broker(tmp_path / "kafka", port=0) as broker:
        run = rig(broker.bootstrap_servers)
        worker = run.start("one").ready()
        first, second, third = run.slices(3)
        for records, how in ((first, broker.kill), (second, broker.stop)):
            with run.publishing(records):
                a_moment(run, worker)
                how()
                run.broken += 1
                time.sleep(run.chance.uniform(0, 2))
                broker.start()
        eventually(lambda: len(newest(run, "watcher")) == 4, "snapshots")
        assert worker.end()[0] == 0, worker.stderr.read_text()[-3000:]
        damage_snapshots(run)
        again = run.start("one")
        run.publish(third)
        tell(run.judge())
        assert again.stderr.read_text().count("is not used") >= 3
        run.end()
