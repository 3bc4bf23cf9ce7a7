"""SIGKILL and clean restarts of the broker, in the middle of the closes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.extent import alone, sizes
from chaos.rig import Figures, Rig

from streams.embedded import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(3600)]


@alone
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_the_broker_goes_and_comes_back(
    rig: Callable[..., Rig], tell: Callable[[Figures], None], tmp_path: Path, how: str
) -> None:
    """Killed, or stopped in order: the worker outlives it."""
    with Broker(tmp_path / "kafka", port=0) as broker:
        run = rig(broker.bootstrap_servers)
        worker = run.start("one").ready()
        for records in run.slices(sizes(2, 10)):
            with run.publishing(records):
                time.sleep(run.chance.uniform(0, 3))
                getattr(broker, how)()
                run.broken += 1
                time.sleep(run.chance.uniform(0, 2))
                broker.start()
        tell(run.judge())
        assert worker.end()[0] == 0, worker.stderr.read_text()[-3000:]
        run.end()
