"""Fixtures of the tests against real parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Deployment

from streams.demo.receivers import HttpReceiver, SmtpReceiver
from streams.embedded import Broker


@pytest.fixture
def deployment(kafka: Broker, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    """A deployment of its own on the shared broker; its workers are ended with the test."""
    with HttpReceiver() as webhook, SmtpReceiver() as mail:
        made = Deployment(tmp_path, kafka.bootstrap_servers, topic_prefix, webhook, mail)
        yield made
        for worker in made.workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()
