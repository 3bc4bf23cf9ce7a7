"""What any test may ask for: a real Kafka, and names of its own in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from streams.embedded import Broker


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the whole run, started for the first test that asks for it."""
    with Broker(tmp_path_factory.mktemp("kafka"), port=0) as broker:
        yield broker


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that no other test has, such as ``t3f9a61c0-``."""
    return f"t{uuid.uuid4().hex[:8]}-"
