"""The main job, end to end: closes through a real Kafka to a real mail and HTTP server."""

from __future__ import annotations

import json
import signal

import pytest
from harness import Deployment, close_json, eventually, january

from streams.demo.receivers import SmtpReceiver

pytestmark = pytest.mark.kafka

TITLES = [
    "RUT beat SPX for the 10th session running: longest since 6 Jun 2008; record 16",
    "RUT beat SPX for the 13th session running: ties the record since 1 Jan 2000 "
    "(13, ended 6 Jun 2008)",
    "RUT beat SPX for the 14th session running: breaks the record since 1 Jan 2000 "
    "(13, ended 6 Jun 2008); longest since 7 May 1996; record 16",
    "RUT's streak against SPX ended at 14 sessions, the longest since 7 May 1996; record 16",
]


def send_january(deployment: Deployment, first: int = 0, last: int = 99) -> None:
    for symbol, period, close in list(january())[first:last]:
        deployment.send(close_json(symbol, period, close), key=symbol.encode())


def settled(deployment: Deployment, count: int) -> bool:
    return sum(outcome != "retrying" for outcome in deployment.ledger().values()) >= count


def test_january_reaches_every_target_in_order_and_once(deployment: Deployment) -> None:
    worker = deployment.create_topics().start().ready()
    send_january(deployment)
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    assert [m.title for m in deployment.webhook.inbox.messages] == TITLES
    assert [m.title for m in deployment.mail.inbox.messages] == TITLES
    console = worker.stdout.read_text()
    assert [line for line in console.splitlines() if line in TITLES] == TITLES
    assert set(deployment.ledger().values()) == {"delivered"}
    assert [a["period"] for a in deployment.alerts()] == [
        "2026-01-15",
        "2026-01-21",
        "2026-01-22",
        "2026-01-23",
    ]
    first = deployment.alerts()[0]["id"]
    for inbox in (deployment.webhook.inbox, deployment.mail.inbox):
        assert [f"first told as {first}" in m.body for m in inbox.messages] == [False] * 3 + [True]


def test_no_message_claims_the_record_of_all_history(deployment: Deployment) -> None:
    deployment.create_topics().start().ready()
    send_january(deployment)
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    told = [m for a in deployment.alerts() for m in [a["milestone"], *a["also"]]]
    assert {m["scope"] for m in told if m["kind"].startswith("record")} == {"since 2000-01-01"}


def test_the_metrics_tell_what_happened(deployment: Deployment) -> None:
    worker = deployment.create_topics().start().ready()
    send_january(deployment)
    deployment.send(b"rubbish")
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    eventually(lambda: worker.total("streakwatch_dead_letters_total") == 1, "a dead letter")
    pair = {"watchlist": "us", "asset": "RUT", "benchmark": "SPX"}
    worker.counts("streakwatch_records_folded_total", 33, fold="router")
    # closes that came together were copied together
    assert 1 <= worker.total("streakwatch_records_folded_total", fold="watcher") <= 32
    worker.counts("streakwatch_streak_length_periods", 1, **pair)
    worker.counts("streakwatch_streak_direction", -1, **pair)
    worker.counts("streakwatch_alerts_total", 1, rule="record.broken")
    worker.counts("streakwatch_deliveries_total", 4, target="hook", outcome="delivered")
    worker.counts("streakwatch_delivery_seconds_count", 4, target="mail")
    worker.counts("streakwatch_lag_records", 0)
    worker.counts("streakwatch_ready", 1)
    assert json.loads(worker.get("/health")) == {"alive": True}


def test_a_killed_worker_loses_nothing(deployment: Deployment) -> None:
    """SIGKILL in the middle of the closes: the same alerts, each delivered, none lost."""
    deployment.create_topics()
    for first in range(0, 32, 8):
        worker = deployment.start(instance="one").ready()
        send_january(deployment, first, first + 8)
        worker.process.kill()  # wherever it is: some of these closes are not folded yet
        worker.process.wait()
    deployment.start(instance="one").ready()
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    assert set(deployment.ledger().values()) == {"delivered"}
    # a repeat carries the same id; without repeats, the order is that of the sessions
    ids = dict.fromkeys(alert["id"] for alert in deployment.alerts())
    assert len(ids) == 4
    assert {m.title for m in deployment.webhook.inbox.messages} == set(TITLES)
    assert {m.title for m in deployment.mail.inbox.messages} == set(TITLES)


def test_one_worker_for_each_role(deployment: Deployment) -> None:
    deployment.create_topics()
    workers = [deployment.start(roles=role) for role in ("bars", "router", "watcher", "delivery")]
    for worker in workers:
        worker.ready()
    send_january(deployment)
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    assert [m.title for m in deployment.webhook.inbox.messages] == TITLES

    def folding() -> list[list[bool]]:
        folds = ("router", "watcher", "delivery")
        folded = "streakwatch_records_folded_total"
        return [[worker.total(folded, fold=fold) > 0 for worker in workers] for fold in folds]

    each_its_own = [[at == fold for at in range(4)] for fold in (1, 2, 3)]
    eventually(lambda: folding() == each_its_own, "each fold at its own worker, and nowhere else")


def test_a_worker_that_joins_and_one_that_leaves_change_nothing(deployment: Deployment) -> None:
    first = deployment.create_topics().start().ready()
    send_january(deployment, 0, 10)
    second = deployment.start().ready()
    send_january(deployment, 10, 20)
    assert first.end()[0] == 0
    send_january(deployment, 20, 32)
    second.ready()
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    assert [m.title for m in deployment.webhook.inbox.messages] == TITLES


def test_a_spare_worker_is_ready_and_takes_over(deployment: Deployment) -> None:
    """Seven partitions' worth of workers: those that get none stand by."""
    roles = "router,watcher,delivery"
    deployment.create_topics().start(roles=roles).ready()  # it has all partitions, and loses most
    workers = [deployment.workers[0], *(deployment.start(roles=roles) for _ in range(6))]
    send_january(deployment, 0, 16)
    for worker in workers:
        worker.ready()
    send_january(deployment, 16)
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    assert [m.title for m in deployment.webhook.inbox.messages] == TITLES


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_worker_cleanly(deployment: Deployment, number: int) -> None:
    worker = deployment.create_topics().start().ready()
    send_january(deployment, 0, 4)
    code, seconds = worker.end(number)
    assert code == 0, worker.stderr.read_text()
    assert seconds < 5
    assert "Traceback" not in worker.stderr.read_text()


def test_a_signal_while_waiting_for_kafka(deployment: Deployment) -> None:
    deployment.servers = "127.0.0.1:9"
    worker = deployment.start()
    eventually(lambda: "waiting for Kafka" in worker.stderr.read_text(), "the line")
    assert worker.end()[0] == 0
    assert worker.stderr.read_text().count("waiting for Kafka") == 1


def test_a_signal_while_a_target_hangs(deployment: Deployment) -> None:
    """What hangs is interrupted; the alert is delivered by the next worker."""
    deployment.overrides = {
        "delivery": {"max_age": "none", "timeout": 60, "backoff": 5, "backoff_ceiling": 5}
    }
    deployment.mail = SmtpReceiver()  # nothing listens there yet
    deployment.create_topics()
    worker = deployment.start(instance="one").ready()
    send_january(deployment)
    eventually(lambda: "attempt 1 failed" in worker.stderr.read_text(), "a failed attempt")
    code, seconds = worker.end()
    assert (code, seconds < 5) == (0, True)
    with deployment.mail:
        deployment.start(instance="one").ready()
        eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
        assert [m.title for m in deployment.mail.inbox.messages] == TITLES


def test_missing_topics_and_a_port_in_use_are_told_in_one_line(deployment: Deployment) -> None:
    worker = deployment.start()
    assert worker.process.wait(20) == 1
    last = worker.stderr.read_text().splitlines()[-1]
    assert last.endswith("run `streakwatch topics create` with the same configuration")
    deployment.create_topics()
    deployment.overrides["metrics"] = {"port": deployment.webhook.port}
    busy = deployment.start_plain()
    assert busy.returncode == 1
    assert "metrics cannot listen on 127.0.0.1" in busy.stderr.splitlines()[-1]


def test_a_correction_is_told_and_linked(deployment: Deployment) -> None:
    deployment.create_topics().start().ready()
    send_january(deployment)
    eventually(lambda: settled(deployment, 12), "12 entries in the ledger")
    deployment.send(close_json("RUT", "2026-01-07", "2500.00"), key=b"RUT")
    eventually(lambda: settled(deployment, 24), "24 entries in the ledger")
    alerts = deployment.alerts()
    retracted = [a for a in alerts if a["milestone"]["kind"] == "correction"]
    assert [a["follows"] for a in retracted] == [a["id"] for a in alerts[:4]]
    assert all("no longer holds" in m.title for m in deployment.mail.inbox.messages[4:])
