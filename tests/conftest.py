"""What any test may ask for: a real Kafka, and names of its own in it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from streams.embedded import Broker, ports


@pytest.fixture(scope="session", autouse=True)
def ports_of_its_own() -> None:
    """Tests that run beside each other choose among other ports: one that was free stays free."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports._CHOICE = ports._CHOICE[number::count]


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the whole run, started for the first test that asks for it."""
    with Broker(tmp_path_factory.mktemp("kafka"), port=0) as broker:
        yield broker


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that no other test has, such as ``t3f9a61c0-``."""
    return f"t{uuid.uuid4().hex[:8]}-"
