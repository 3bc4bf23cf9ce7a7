"""Summaries, live: asked for by the real clock, all watchlists in one mail, and exact."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from harness import Deployment, close_json, eventually, january

from streams.topics import partition_of

pytestmark = pytest.mark.kafka

#: Seconds that a worker has at least to come up, which took eight on a machine under load:
#: what was due before it began is not told.
LEAST = 20


def test_all_watchlists_in_one_mail_at_a_minute(deployment: Deployment) -> None:
    """The next minute that is far enough away; two watchlists, on different partitions.

    The closes lie in Kafka before; the worker takes them before it asks for the summary.
    """
    until = "2026-01-22"
    closes = [close_json(*row) for row in january() if row[1] <= until]
    deployment.create_topics().send(*closes, key=b"RUT")
    due = (int(time.time() + LEAST) // 60 + 1) * 60
    rule = {"kind": "summary", "at": f"{datetime.fromtimestamp(due, UTC):%H:%M}", "near": 16}
    pair = {"asset": "RUT", "benchmark": "SPX"}
    deployment.overrides = {
        "watchlists": {
            name: {"pairs": [pair], "rules": [rule], "targets": ["hook"], "min_history": 1}
            for name in ("w1", "w2")
        },
        "routes": {
            "routes": [
                {"match": {"rule": "summary"}, "targets": ["mail"], "group": {"by": [], "wait": 2}}
            ]
        },
    }
    assert {partition_of(name.encode(), 2) for name in ("w1", "w2")} == {0, 1}
    worker = deployment.start().ready()
    mail = eventually(lambda: deployment.mail.inbox.messages, "the mail", due - time.time() + 30)
    assert time.time() >= due
    assert len(mail) == 1
    assert "w1: 1 of 1 pair on a streak of 3 sessions or more" in mail[0].body
    assert "w2: 1 of 1 pair on a streak of 3 sessions or more" in mail[0].body
    assert mail[0].body.count("RUT beat SPX for 14 sessions or more, since 2 Jan 2026") == 2
    assert not deployment.webhook.inbox.messages
    ids = {alert["id"]: alert["milestone"]["kind"] for alert in deployment.alerts()}
    assert list(ids.values()) == ["summary", "summary"]
    eventually(
        lambda: deployment.ledger() == {(one, "mail"): "delivered" for one in ids}, "the ledger"
    )
    records = [record for record in deployment.read("watch") if b'"due"' in record.value]
    assert {json.loads(record.value)["ended_ms"] for record in records} == {due * 1000}
    assert worker.end()[0] == 0
    command = [sys.executable, "-m", "streams", "verify", "-c", str(deployment.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(deployment.mail.inbox.messages) == 1
