"""Trouble around a worker: aborted transactions, targets that hang, brokers that die."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from harness import Deployment, close_json, eventually, january

from streams.demo.receivers import HttpReceiver, SmtpReceiver
from streams.embedded import Broker

pytestmark = pytest.mark.kafka

THRESHOLD = [{"kind": "threshold", "at": 2}]
PAIR = [{"asset": "A", "benchmark": "B"}]
DAYS = [str(date(2026, 3, 2) + timedelta(days=n)) for n in range(20)]


def watchlist(target: str, **more: object) -> dict[str, object]:
    return {"pairs": PAIR, "rules": THRESHOLD, "targets": [target]} | more


def sessions(first: int, last: int) -> list[bytes]:
    """A beats B in each session."""
    return [
        close_json(symbol, DAYS[n], str(100 + n if symbol == "A" else 100))
        for n in range(first, last)
        for symbol in ("A", "B")
    ]


def test_closes_of_an_aborted_transaction_are_none(deployment: Deployment) -> None:
    deployment.create_topics()
    worker = deployment.start().ready()

    async def send_and_abort() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=deployment.servers, transactional_id=f"{deployment.prefix}t"
        )
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(
            f"{deployment.prefix}closes", close_json("RUT", "2026-01-02", "1"), key=b"RUT"
        )
        await producer.abort_transaction()
        await producer.stop()

    asyncio.run(send_and_abort())
    for symbol, period, close in january():
        deployment.send(close_json(symbol, period, close), key=symbol.encode())
    eventually(lambda: len(deployment.ledger()) == 12, "the alerts of January, and no correction")
    worker.counts("streakwatch_records_folded_total", 32, fold="router")


@pytest.fixture
def hanging() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


def test_a_target_that_hangs_keeps_no_other_partition_waiting(
    deployment: Deployment, hanging: int
) -> None:
    """The watchlists lie on the two partitions; snapshots go on meanwhile, too."""
    deployment.overrides = {
        "delivery": {"max_age": "none", "timeout": 60},
        "watchlists": {"w1": watchlist("hangs"), "w2": watchlist("hook")},
        "targets": {
            "hangs": {"url": f"json://127.0.0.1:{hanging}/?rto=60&cto=60"},
            "hook": {"url": f"json://127.0.0.1:{deployment.webhook.port}/"},
        },
    }
    worker = deployment.create_topics().start().ready()
    deployment.send(*sessions(0, 3), key=b"A")
    eventually(lambda: len(deployment.webhook.inbox.messages) == 1, "the first alert")
    eventually(
        lambda: sorted(record.partition for record in deployment.read("alerts")) == [0, 1],
        "an alert of each watchlist, each in a partition of its own",
    )
    written = worker.total("streakwatch_snapshots_written_total", fold="watcher")
    deployment.send(close_json("A", DAYS[3], "50"), close_json("B", DAYS[3], "100"), key=b"A")
    deployment.send(close_json("A", DAYS[4], "40"), close_json("B", DAYS[4], "100"), key=b"A")
    eventually(lambda: len(deployment.webhook.inbox.messages) == 2, "the second alert")
    eventually(
        lambda: worker.total("streakwatch_snapshots_written_total", fold="watcher") > written,
        "a snapshot",
    )
    code, seconds = worker.end()
    assert (code, seconds < 5) == (0, True)
    said = worker.stderr.read_text()
    assert "Traceback" not in said
    assert "Task was destroyed" not in said


def test_no_log_line_holds_a_secret(deployment: Deployment) -> None:
    secret = "tok-S3CR3T"
    hook = f"json://user:{secret}@127.0.0.1:{deployment.webhook.port}/{secret}?-X-Key={secret}"
    deployment.overrides = {
        "watchlists": {"us": watchlist("hook"), "nobody": watchlist("closed")},
        "targets": {"hook": {"url": hook}, "closed": {"url": f"json://127.0.0.1:9/{secret}"}},
        "delivery": {"max_age": "none", "backoff": 0.05, "timeout": 5, "deadline": 1},
    }
    worker = deployment.create_topics().start(log_level="debug").ready()
    deployment.send(*sessions(0, 3), key=b"A")
    both = {"delivered", "given-up"}
    eventually(lambda: set(deployment.ledger().values()) == both, "both outcomes")
    said = worker.stderr.read_text() + worker.stdout.read_text() + worker.get("/metrics")
    assert "attempt 1 failed (connection refused)" in said
    assert secret not in said
    told = b"".join(record.value for record in deployment.read("notifications"))
    assert secret.encode() not in told


def test_a_worker_outlives_its_broker(tmp_path: Path, topic_prefix: str) -> None:
    """SIGKILL of the broker in the middle of the closes, and again right after it is back."""
    closes = [close_json(*close) for close in january()]
    with (
        Broker(tmp_path / "kafka", 0) as broker,
        HttpReceiver() as webhook,
        SmtpReceiver() as mail,
    ):
        made = Deployment(tmp_path, broker.bootstrap_servers, topic_prefix, webhook, mail)
        worker = made.create_topics().start(instance="one").ready()
        made.send(*closes[:20], key=b"RUT")
        broker.kill()
        eventually(lambda: "Kafka is away" in worker.stderr.read_text(), "the line")
        eventually(lambda: '"ready": false' in worker.get_any("/ready")[1], "no longer ready", 60)
        broker.start()
        made.send(*closes[20:28], key=b"RUT")
        broker.kill()
        broker.start()
        made.send(*closes[28:], key=b"RUT")
        eventually(lambda: len(made.ledger()) == 12, "12 entries in the ledger", 90)
        eventually(lambda: "Kafka is back" in worker.stderr.read_text(), "the line")
        worker.ready()
        assert len({alert["id"] for alert in made.alerts()}) == 4
        assert worker.end()[0] == 0
        assert len(worker.stderr.read_text().splitlines()) < 100


def test_years_behind_a_live_pair_do_not_stop_the_worker(deployment: Deployment) -> None:
    """History that is loaded after the live closes: each is a late close."""
    deployment.overrides = {"watchlists": {"us": watchlist("hook")}}
    worker = deployment.create_topics().start(instance="one").ready()
    deployment.send(*sessions(0, 6), key=b"A")
    first = date(2016, 1, 1)
    history = [
        close_json(symbol, str(first + timedelta(days=n)), str(100 + n % 7))
        for n in range(2000)
        for symbol in ("A", "B")
    ]
    deployment.send(*history, key=b"A")
    assert '"alive": true' in worker.get("/health")
    deployment.send(*sessions(6, 7), key=b"A")
    pair = {"watchlist": "us", "asset": "A", "benchmark": "B"}
    length = "streakwatch_streak_length_periods"
    # nobody promises how long two thousand corrections take: 36 s on a machine under load
    eventually(lambda: worker.total(length, **pair) == 6, "all folded", 120)
    code, seconds = worker.end()
    assert (code, seconds < 5) == (0, True)
