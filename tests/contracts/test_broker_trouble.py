"""Trouble with the broker: not there yet, without quorum, a full disk, deleted topics."""

from __future__ import annotations

import asyncio
import base64
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from harness import Deployment, WorkerProcess, close_json, eventually, january

from streams import topics
from streams.app import build
from streams.demo.receivers import HttpReceiver, SmtpReceiver
from streams.embedded import Broker
from streams.embedded.ports import free_port
from streams.producing import producer
from streams.records import Topic

pytestmark = pytest.mark.kafka

CLOSES = [close_json(*close) for close in january()]
LINES = 60
"""Lines that a worker may write about one trouble."""


@pytest.fixture
def own(tmp_path: Path, topic_prefix: str) -> Iterator[tuple[Broker, Deployment]]:
    """A broker of the test's own, not yet started, and a deployment on it."""
    broker = Broker(tmp_path / "kafka", 0)
    with HttpReceiver() as webhook, SmtpReceiver() as mail:
        made = Deployment(tmp_path, broker.bootstrap_servers, topic_prefix, webhook, mail)
        yield broker, made
        for worker in made.workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()
        broker.kill()


def all_told(deployment: Deployment) -> None:
    """The four alerts of January at their three targets, and none twice."""
    eventually(lambda: len(deployment.ledger()) == 12, "12 entries in the ledger", 90)
    assert set(deployment.ledger().values()) == {"delivered"}
    assert len({alert["id"] for alert in deployment.alerts()}) == 4
    assert len(deployment.webhook.inbox.messages) == 4


def test_a_worker_starts_before_its_broker(own: tuple[Broker, Deployment]) -> None:
    broker, deployment = own
    broker.start()
    deployment.create_topics()
    broker.stop()
    worker = deployment.start()
    eventually(lambda: "waiting for Kafka" in worker.stderr.read_text(), "the line")
    broker.start()
    worker.ready()
    deployment.send(*CLOSES, key=b"RUT")
    all_told(deployment)
    assert worker.end()[0] == 0
    (line,) = [one for one in worker.stderr.read_text().splitlines() if "waiting" in one]
    assert line.endswith(f"waiting for Kafka at {broker.bootstrap_servers} (nobody listens there)")


class Pair:
    """Two brokers, the first of which is the controller too; every record is on both."""

    def __init__(self, folder: Path) -> None:
        controller, *public = (free_port() for _ in range(3))
        cluster = ("--cluster-id", base64.urlsafe_b64encode(b"S" * 16).decode().rstrip("="))
        replicas = {
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "offsets.topic.replication.factor": "2",
            "replica.lag.time.max.ms": "1000",
        }
        alone = {
            "process.roles": "broker",
            "node.id": "2",
            "listeners": f"PLAINTEXT://127.0.0.1:{public[1]}",
        }
        self.first = Broker(folder / "1", public[0], controller_port=controller,
                            overrides=replicas, formatting=cluster)  # fmt: skip
        self.second = Broker(folder / "2", public[1], overrides=replicas | alone,
                             formatting=cluster)  # fmt: skip


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    with made.first, made.second:
        yield made


def ask_for_two(deployment: Deployment) -> None:
    """A record of these topics is acknowledged only when two brokers have it."""
    names = {deployment.prefix + t for t in (Topic.WATCH, Topic.ALERTS, Topic.NOTIFICATIONS)}
    changes = [
        ConfigResource(
            ConfigResourceType.TOPIC, spec.name, {**spec.config, "min.insync.replicas": "2"}
        )
        for spec in topics.specs(deployment.settings.kafka)
        if spec.name in names
    ]

    async def change() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=deployment.servers)
        await admin.start()
        try:
            for answer in await admin.alter_configs(changes):
                assert all(row[0] == 0 for row in answer.resources), answer
        finally:
            await admin.close()

    asyncio.run(change())


def test_a_leader_without_quorum_is_waited_for(
    pair: Pair, topic_prefix: str, tmp_path: Path
) -> None:
    """One of two brokers is away in the middle of the closes."""
    line = "waiting: the broker has not taken"
    with HttpReceiver() as webhook, SmtpReceiver() as mail:
        servers = pair.first.bootstrap_servers
        deployment = Deployment(tmp_path, servers, topic_prefix, webhook, mail)
        deployment.overrides["kafka"] = {
            "bootstrap_servers": [servers, pair.second.bootstrap_servers],
            "topic_prefix": topic_prefix, "group": f"{topic_prefix}group", "partitions": 2,
            "replication": 2, "session_timeout": 6,
        }  # fmt: skip
        worker = deployment.create_topics().start(instance="one").ready()
        ask_for_two(deployment)
        deployment.send(*CLOSES[:20], key=b"RUT")
        eventually(lambda: folded(worker) == 20, "20")
        pair.second.kill()
        deployment.send(*CLOSES[20:], key=b"RUT")
        eventually(lambda: line in worker.stderr.read_text(), "the line")
        assert worker.process.poll() is None
        assert folded(worker) == 20
        pair.second.start()
        all_told(deployment)
        worker.ready()
        assert worker.end()[0] == 0
    said = worker.stderr.read_text()
    assert "Traceback" not in said
    assert said.count(line) <= 6, "once for each partition of each fold"
    assert len(said.splitlines()) < LINES


def folded(worker: WorkerProcess) -> float:
    return worker.total("streakwatch_records_folded_total", fold="watcher")


def send_all(deployment: Deployment) -> subprocess.CompletedProcess[str]:
    file = Path(__file__).parents[2] / "config/examples/january-2026.csv"
    command = [sys.executable, "-m", "streams", "send", "closes", str(file)]
    command += ["-c", str(deployment.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_full_disk_loses_nothing(own: tuple[Broker, Deployment]) -> None:
    """No file of the broker may grow: its writes fail, and it ends itself, as Kafka does."""
    broker, deployment = own
    broker.start()
    worker = deployment.create_topics().start(instance="one").ready()
    deployment.send(*CLOSES[:20], key=b"RUT")
    eventually(lambda: folded(worker) == 20, "20")
    assert broker.pid is not None
    _, most = resource.prlimit(broker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (1, most))
    eventually(lambda: broker.pid is None, "the end of the broker")
    refused = send_all(deployment)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.count("\n") == 1
    assert "does not answer (nobody listens there)" in refused.stderr
    assert worker.process.poll() is None
    broker.start()
    sent = send_all(deployment)
    assert (sent.returncode, sent.stderr) == (0, "")
    all_told(deployment)
    worker.ready()
    assert worker.end()[0] == 0
    said = worker.stderr.read_text()
    assert "Traceback" not in said
    assert len(said.splitlines()) < LINES


def delete(deployment: Deployment, *names: Topic) -> None:
    async def delete_all() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=deployment.servers)
        await admin.start()
        try:
            answer = await admin.delete_topics([deployment.prefix + name for name in names])
            assert all(code == 0 for _, code, *_ in answer.topic_error_codes), answer
        finally:
            await admin.close()

    asyncio.run(delete_all())


def test_missing_topics_are_named(deployment: Deployment) -> None:
    kafka = deployment.create_topics().settings.kafka
    assert asyncio.run(topics.missing(kafka)) == []
    delete(deployment, Topic.STREAKS, Topic.ALERTS)
    gone = [deployment.prefix + name for name in (Topic.ALERTS, Topic.STREAKS)]
    eventually(lambda: asyncio.run(topics.missing(kafka)) == gone, "both")
    assert asyncio.run(topics.check(kafka)).missing == gone, "asking for them makes none"


@pytest.mark.parametrize("name", [Topic.CLOSES, Topic.ALERTS, Topic.SNAPSHOTS])
def test_a_deleted_topic_is_fatal_in_one_line(name: Topic, deployment: Deployment) -> None:
    worker = deployment.create_topics().start(instance="one").ready()
    deployment.send(*CLOSES[:20], key=b"RUT")
    eventually(lambda: folded(worker) == 20, "20")
    delete(deployment, name)
    assert worker.process.wait(30) == 1
    said = worker.stderr.read_text().splitlines()
    assert said[-1] == (
        f"streakwatch: topic {deployment.prefix + name!r} does not exist: "
        "run `streakwatch topics create` with the same configuration"
    )
    assert "Traceback" not in said
    assert len(said) < LINES


def guarantees(made: Any) -> tuple[Any, bool]:
    """The acknowledgement that a producer waits for (-1: of all), and whether it is idempotent."""
    return made._sender._acks, made._txn_manager is not None


async def test_producers_are_idempotent_and_acknowledged_by_all(deployment: Deployment) -> None:
    settings = deployment.settings
    ours = producer(settings.kafka)
    fausts = build(settings, ["router"]).app.producer._new_producer()
    for made in (ours, fausts):
        assert isinstance(made, AIOKafkaProducer)
        assert guarantees(made) == (-1, True)
        await made.start()
        await made.stop()
