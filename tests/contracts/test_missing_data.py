"""Missing closes, live: asked for by the real clock, told once, and told again when they come."""

from __future__ import annotations

import json
import signal
import time
from datetime import date
from typing import Any

import pytest
from harness import Deployment, close_json, eventually

from streams.core.periods import to_text
from streams.topics import partition_of

pytestmark = pytest.mark.kafka

WATCHLIST: dict[str, Any] = {
    "calendar": "24/7",
    "interval": "1m",
    "pairs": [{"asset": "A", "benchmark": "B"}],
    "rules": [{"kind": "missing", "after": 0.01}],
    "targets": ["hook"],
}
DAY = 86_400
"""Seconds."""
DAILY: dict[str, Any] = WATCHLIST | {"interval": "1d", "rules": [{"kind": "missing", "after": 0}]}


def told(deployment: Deployment, name: str) -> list[dict[str, Any]]:
    """The distinct alerts of a watchlist, in their order."""
    found = {alert["id"]: alert for alert in deployment.alerts() if alert["watchlist"] == name}
    return list(found.values())


def kinds(deployment: Deployment, name: str) -> list[str]:
    return [alert["milestone"]["kind"] for alert in told(deployment, name)]


def asked(deployment: Deployment, name: str) -> list[Any]:
    """The records of ``watch`` that ask for a watchlist's closes."""
    records = [r for r in deployment.read("watch") if r.key == name.encode()]
    return [r for r in records if "due" in json.loads(r.value)]


def test_a_day_without_closes_through_a_worker_that_is_killed(deployment: Deployment) -> None:
    """Yesterday of UTC is asked for at once; whoever takes over tells the rest, and no more."""
    eventually(lambda: time.time() % DAY < DAY - 60, "a day that is not about to end", 70)
    deployment.overrides = {
        "watchlists": {"w1": DAILY, "w2": DAILY},
        "delivery": {"max_age": "none"},
    }
    first = deployment.create_topics().start().ready()
    for name in ("w1", "w2"):
        eventually(lambda name=name: kinds(deployment, name) == ["data.missing"], "what is missing")
    records = {name: asked(deployment, name) for name in ("w1", "w2")}
    for name, (record, *more) in records.items():
        assert not more
        assert record.partition == partition_of(name.encode(), 2)
    assert {found[0].partition for found in records.values()} == {0, 1}
    (missing,) = told(deployment, "w1")
    period = missing["period"]
    assert missing["evidence"]["symbols"] == ["A", "B"]
    deployment.send(close_json("A", period, "100"), key=b"A")
    eventually(
        lambda: first.total("streakwatch_records_folded_total", fold="watcher") >= 4, "A is taken"
    )
    first.end(signal.SIGKILL)
    second = deployment.start().ready()
    deployment.send(close_json("B", period, "100"), key=b"B")
    for name in ("w1", "w2"):
        eventually(
            lambda name=name: kinds(deployment, name) == ["data.missing", "data.arrived"],
            "that all is there",
        )
    ids = {alert["id"] for alert in deployment.alerts()}
    eventually(lambda: {i for i, _ in deployment.ledger()} == ids, "all of them in the ledger")
    assert len(ids) == 4
    titles = [message.title for message in deployment.webhook.inbox.messages]
    day = f"{date.fromisoformat(period):%-d %b %Y}"
    assert sum(f"no close of A, B for {day}" in title for title in titles) >= 2
    assert sum(f"the closes of {day} are complete" in title for title in titles) >= 2
    assert len(asked(deployment, "w1")) == 1
    assert not deployment.read("dead-letters")
    assert second.end()[0] == 0


def test_minutes_as_they_pass(deployment: Deployment) -> None:
    """Minutes with their closes are silent; one without is told, and completed when it comes."""
    deployment.overrides = {"watchlists": {"us": WATCHLIST}, "delivery": {"max_age": "none"}}
    worker = deployment.create_topics().start().ready()
    first = eventually(lambda: told(deployment, "us"), "the minute before the start")[0]
    period = first["period"]
    for symbol in ("A", "B"):
        deployment.send(close_json(symbol, period, "100", interval="1m"), key=symbol.encode())
    # the next minutes may be missing by then, and told between the two
    eventually(lambda: "data.arrived" in kinds(deployment, "us"), "it came")
    eventually(lambda: time.time() % 60 < 45, "a minute that is not about to end")
    running = to_text(int(time.time()) // 60, "1m")
    for symbol in ("A", "B"):
        deployment.send(close_json(symbol, running, "101", interval="1m"), key=symbol.encode())
    eventually(
        lambda: json.loads(asked(deployment, "us")[-1].value)["due"] >= running, "it is over", 90
    )
    until = len(deployment.read("watch"))
    eventually(
        lambda: worker.total("streakwatch_records_folded_total", fold="watcher") >= until, "judged"
    )
    periods = {
        a["period"] for a in told(deployment, "us") if a["milestone"]["kind"] == "data.missing"
    }
    assert running not in periods
    assert period in periods
    worker.counts("streakwatch_alerts_total", 1, watchlist="us", rule="data.arrived")
    assert worker.end()[0] == 0
