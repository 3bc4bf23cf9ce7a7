"""Delivery on a real Kafka to real receivers with bad manners."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from harness import Deployment, close_json, eventually
from receivers import MailServer, Receiver, cut, drop, hang, ok, retry_after, status

pytestmark = pytest.mark.kafka

DAYS = [f"2026-01-{day:02}" for day in (2, 5, 6, 7, 8, 9, 12, 13, 14, 15)]
RULES = [{"kind": "threshold", "at": 1}]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def deploy(
    deployment: Deployment, targets: dict[str, Any], fed: list[str] | None = None, **delivery: Any
) -> Deployment:
    """One watchlist on A and B whose alerts go to ``fed``, by default to all of ``targets``."""
    deployment.overrides = {
        "delivery": {"max_age": "none", "backoff": 0.1, "backoff_ceiling": 1, "timeout": 5}
        | delivery,
        "watchlists": {
            "us": {
                "calendar": "none",
                "pairs": [{"asset": "A", "benchmark": "B"}],
                "rules": RULES,
                "targets": fed or list(targets),
            }
        },
        "targets": {
            name: target if isinstance(target, dict) else {"url": target}
            for name, target in targets.items()
        },
    }
    return deployment.create_topics()


def tell(deployment: Deployment, alerts: int) -> None:
    """Closes that bring about so many alerts, one after the other: A wins, loses, wins …"""
    closes = [close_json(symbol, DAYS[0], "100") for symbol in ("A", "B")]
    for number in range(1, alerts + 1):
        closes.append(close_json("A", DAYS[number], "110" if number % 2 else "90"))
        closes.append(close_json("B", DAYS[number], "100"))
    deployment.send(*closes, key=b"A")


def entries(deployment: Deployment, target: str) -> list[dict[str, Any]]:
    found = [json.loads(record.value) for record in deployment.read("notifications")]
    return [entry for entry in found if entry["target"] == target]


def ends(deployment: Deployment, target: str) -> list[tuple[str, int, str]]:
    return [(e["outcome"], e["attempts"], e["detail"]) for e in entries(deployment, target)
            if e["outcome"] != "retrying"]  # fmt: skip


def test_each_target_is_tried_again_on_its_own(deployment: Deployment, receiver: Receiver) -> None:
    receiver.script("/errs", status(500), status(503))
    receiver.script("/busy", retry_after(2))
    receiver.script("/gone", always=status(404))
    receiver.script("/hangs", hang())
    receiver.script("/cuts", cut())
    receiver.script("/drops", drop())
    paths = ("fine", "errs", "busy", "gone", "hangs", "cuts", "drops")
    patience = {"hangs": "rto=1"}
    deploy(
        deployment,
        {path: receiver.url(f"/{path}", patience.get(path, "")) for path in paths},
    )
    deployment.start().ready()
    tell(deployment, 1)
    eventually(lambda: all(ends(deployment, path) for path in paths), "an end at each target")
    assert {path: ends(deployment, path) for path in paths} == {
        "fine": [("delivered", 1, "")],
        "errs": [("delivered", 3, "")],
        "busy": [("delivered", 2, "")],
        "gone": [("failed", 1, "HTTP 404")],
        "hangs": [("delivered", 2, "")],
        "cuts": [("delivered", 2, "")],
        "drops": [("delivered", 2, "")],
    }
    assert len(entries(deployment, "fine")) == 1
    first, second = receiver.requests("/busy")
    assert second.at - first.at >= 2
    _, given_up = receiver.requests("/hangs")
    assert all(receiver.requests(f"/{path}")[0].at < given_up.at for path in paths)
    details = {path: entries(deployment, path)[0]["detail"] for path in ("hangs", "cuts", "drops")}
    assert details == {
        "hangs": "no answer in time", "cuts": "connection lost", "drops": "connection lost"
    }  # fmt: skip
    assert len({request.alert for request in receiver.requests()}) == 1


def test_a_target_that_hangs_delays_no_other(deployment: Deployment, receiver: Receiver) -> None:
    receiver.script("/hangs", always=hang())
    targets = {name: receiver.url(f"/{name}", "rto=60&cto=60") for name in ("fine", "hangs")}
    deploy(deployment, targets, timeout=60)
    worker = deployment.start().ready()
    tell(deployment, 5)
    eventually(lambda: len(ends(deployment, "fine")) == 5, "five at the one")
    eventually(lambda: len(receiver.requests("/hangs")) == 1, "one that hangs")
    worker.counts("streakwatch_deliveries_waiting", 5, target="hangs")
    assert worker.total("streakwatch_delivery_oldest_seconds", target="hangs") > 0
    assert '"ready": true' in worker.get("/ready")
    code, seconds = worker.end()
    assert (code, seconds < 6) == (0, True)


def test_mails_share_a_connection_until_the_worker_stops(deployment: Deployment) -> None:
    with MailServer() as mail:
        deploy(deployment, {"mail": mail.url("desk@test.example")})
        worker = deployment.start().ready()
        tell(deployment, 5)
        eventually(lambda: len(ends(deployment, "mail")) == 5, "five mails")
        (connection,) = mail.connections
        code, seconds = worker.end()
        assert (code, seconds < 6) == (0, True)
        assert (connection.mails, connection.said_goodbye) == (5, True)


def test_fallbacks(deployment: Deployment, receiver: Receiver) -> None:
    receiver.script("/down", always=status(502))
    receiver.script("/gone", always=status(410))
    targets = {
        "down": {"url": receiver.url("/down"), "fallback": "gone"},
        "gone": {"url": receiver.url("/gone"), "fallback": "mail"},
        "mail": receiver.url("/mail"),
    }
    deploy(deployment, targets, ["down"], deadline=3)
    worker = deployment.start().ready()
    tell(deployment, 2)
    eventually(lambda: len(ends(deployment, "mail")) == 2, "both at the last one")
    assert [r.alert for r in receiver.taken()] == [a["id"] for a in deployment.alerts()]
    assert all("The target gone did not take this" in r.body for r in receiver.taken())
    assert {end[0] for end in ends(deployment, "down")} == {"given-up"}
    assert {end[0] for end in ends(deployment, "gone")} == {"failed"}
    worker.counts("streakwatch_deliveries_fallback_total", 2, target="down", fallback="gone")


def test_a_mail_server_that_refuses(deployment: Deployment) -> None:
    refusals: dict[str, str | list[str]] = {
        "nobody@test.example": "550 no such user",
        "slow@test.example": ["451 try again", "451 try again"],
    }
    with MailServer(refusals) as mail:
        targets = {name: mail.url(f"{name}@test.example") for name in ("desk", "nobody", "slow")}
        deploy(deployment, targets)
        deployment.start().ready()
        tell(deployment, 1)
        eventually(lambda: all(ends(deployment, t) for t in targets), "an end at each target")
        assert {target: ends(deployment, target) for target in targets} == {
            "desk": [("delivered", 1, "")],
            "nobody": [("failed", 1, "SMTP 550")],
            "slow": [("delivered", 3, "")],
        }
        assert sorted(m.recipients for m in mail.mails) == [
            ("desk@test.example",), ("slow@test.example",)
        ]  # fmt: skip


def test_what_waits_for_another_attempt_survives_the_worker(
    deployment: Deployment, receiver: Receiver
) -> None:
    receiver.script("/desk", status(500), retry_after(6), always=status(500))
    deploy(deployment, {"desk": receiver.url("/desk")})
    worker = deployment.start(instance="one").ready()
    tell(deployment, 3)
    eventually(lambda: len(entries(deployment, "desk")) == 2, "two attempts in the ledger")
    worker.end(signal.SIGKILL)
    receiver.script("/desk", always=ok())
    deployment.start(instance="one").ready()
    eventually(lambda: len(ends(deployment, "desk")) == 3, "all three")
    assert ends(deployment, "desk")[0] == ("delivered", 3, "")
    _, busy, after, *_ = receiver.requests("/desk")
    assert after.at - busy.at >= 5.9
    alerts = [alert["id"] for alert in deployment.alerts()]
    assert [r.alert for r in receiver.taken("/desk")] == alerts
    assert [r.alert for r in receiver.requests("/desk")] == [alerts[0]] * 2 + alerts
