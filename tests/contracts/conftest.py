"""Fixtures of the tests against real parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Deployment, eventually
from secure_kafka import SecureKafka, secure_kafka

from streams.demo.receivers import HttpReceiver, SmtpReceiver
from streams.embedded import Broker


@pytest.fixture
def deployment(kafka: Broker, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment of its own on the shared broker; its workers are ended with the test."""
    yield from _deployment(kafka, topic_prefix, tmp_path)


def _deployment(broker: Broker, prefix: str, folder: Path) -> Iterator[Deployment]:
    with HttpReceiver() as webhook, SmtpReceiver() as mail:
        made = Deployment(folder, broker.bootstrap_servers, prefix, webhook, mail)
        yield made
        for worker in made.workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """A broker with a listener for each way to secure it; started for the modules that ask."""
    made = secure_kafka(tmp_path_factory.mktemp("secure"))
    with made.broker:
        eventually(made.is_open, "all listeners")
        yield made


@pytest.fixture
def secured(secure: SecureKafka, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment on it, whose commands and workers use the listener that they are given."""
    yield from _deployment(secure.broker, topic_prefix, tmp_path)
