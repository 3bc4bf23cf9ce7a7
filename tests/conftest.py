"""What any test may ask for: a real Kafka, names of its own in it, and Hypothesis profiles."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from streams import logs
from streams.embedded import Broker, ports

for name, options in {
    "quick": {"max_examples": 200},
    "ci": {"max_examples": 3000},
    "mutants": {"max_examples": 60, "derandomize": True},
}.items():  # how long an example takes says more about the machine than about us
    slow = [HealthCheck.too_slow]
    settings.register_profile(name, deadline=None, suppress_health_check=slow, **options)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def ports_of_its_own() -> None:
    """Tests that run beside each other choose among other ports: one that was free stays free."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports._CHOICE = ports._CHOICE[number::count]


@pytest.fixture(autouse=True)
def libraries_as_loud_as_before() -> Iterator[None]:
    """A command silences them for its process; here there are other tests after it."""
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the whole run, started for the first test that asks for it."""
    with Broker(tmp_path_factory.mktemp("kafka"), port=0) as broker:
        yield broker


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that no other test has, such as ``t3f9a61c0-``."""
    return f"t{uuid.uuid4().hex[:8]}-"
