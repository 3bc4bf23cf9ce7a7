"""SIGKILL and SIGSTOP of workers, in the middle of the closes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chaos.extent import alone, sizes
from chaos.rig import Figures, Rig
from chaos.trouble import a_moment, sleep

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(3600)]


@alone
def test_one_worker_is_killed(rig: Callable[..., Rig], tell: Callable[[Figures], None]) -> None:
    run = rig()
    kills = sizes(5, 50)
    for records in run.slices(kills):
        worker = run.start("one")
        with run.publishing(records):
            a_moment(run, worker)
            run.kill(worker)
    run.start("one")
    tell(run.judge())


@alone
def test_two_workers_are_killed_in_turn(
    rig: Callable[..., Rig], tell: Callable[[Figures], None]
) -> None:
    """And sometimes both."""
    run = rig()
    kills = sizes(4, 50)
    workers = {name: run.start(name) for name in ("one", "two")}
    for records in run.slices(kills):
        with run.publishing(records):
            a_moment(run)
            for name in run.chance.choice((["one"], ["two"], ["one"], ["two"], ["one", "two"])):
                run.kill(workers[name])
                workers[name] = run.start(name)
    tell(run.judge())


@alone
def test_a_worker_sleeps_for_longer_than_its_session(
    rig: Callable[..., Rig], tell: Callable[[Figures], None]
) -> None:
    """The zombie: the other has its partitions when it wakes up, and does not know it."""
    run = rig()
    workers = [run.start(name).ready() for name in ("one", "two")]
    for number, records in enumerate(run.slices(sizes(1, 10))):
        sleeper = workers[number % 2]
        with run.publishing(records):
            a_moment(run, sleeper)
            sleep(run, sleeper)
    tell(run.judge())
    assert all(worker.process.poll() is None for worker in workers)
