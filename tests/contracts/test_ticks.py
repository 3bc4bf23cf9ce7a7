"""From ticks to a message, end to end, through a real Kafka; with a kill in the middle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from harness import Deployment, eventually

from streams.cli.main import streakwatch

pytestmark = pytest.mark.kafka

DAYS = ["2026-01-12", "2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16"]
#: Four sessions running RUT beats SPX: 100, 102, 104, … against 100.
CLOSES = [100, 102, 104, 106, 108]


def session(number: int) -> Iterator[str]:
    """Some ticks of a session, with its close last but for one that is out of order."""
    day, price = DAYS[number], CLOSES[number]
    yield f"RUT,{day}T09:30:00-05:00,{price + 50}"
    yield f"SPX,{day}T09:30:00-05:00,77"
    for minute in range(5):
        yield f"RUT,{day}T20:5{minute}:00Z,{price + minute}.25"
    yield f"RUT,{day}T20:59:59.900Z,{price}"
    yield f"RUT,{day}T20:59:59Z,{price + 7}"
    yield f"SPX,{day}T21:00:00Z,100"


def deployment_of(deployment: Deployment, **sections: Any) -> Deployment:
    deployment.overrides = sections | {
        "watchlists": {
            "us": {
                "calendar": "XNYS",
                "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
                "rules": [{"kind": "threshold", "at": 4}],
                "targets": ["hook"],
            }
        }
    }
    return deployment.create_topics()


def send(deployment: Deployment, rows: list[str], *options: str) -> None:
    file = Path(deployment.folder) / "ticks.csv"
    file.write_text("\n".join(["symbol,time,price", *rows]) + "\n")
    command = ["send", "ticks", str(file), "-c", str(deployment.config), *options]
    done = CliRunner().invoke(streakwatch, command)
    assert done.exit_code == 0, done.output


def closes(deployment: Deployment) -> set[bytes]:
    return {record.value for record in deployment.read("closes")}


@pytest.mark.parametrize("options", [[], ["--arrow"]], ids=["json", "arrow"])
def test_ticks_become_one_message_whatever_is_killed(
    deployment: Deployment, options: list[str]
) -> None:
    deployment_of(deployment)
    for number in range(5):
        worker = deployment.start(instance="one").ready()
        send(deployment, list(session(number)), *options)
        worker.process.kill()  # wherever it is: some of these ticks are not folded yet
        worker.process.wait()
    worker = deployment.start(instance="one").ready()
    eventually(lambda: len(deployment.ledger()) == 1, "an entry in the ledger")
    assert set(deployment.ledger().values()) == {"delivered"}
    (message,) = deployment.webhook.inbox.messages
    assert message.title.startswith("RUT beat SPX for the 4th session running")
    records = [json.loads(record.value) for record in deployment.read("closes")]
    told = {(c["symbol"], c["period"]): c["close"] for c in records}  # the last of each counts
    assert told == {
        (symbol, day): str(close) if symbol == "RUT" else "100"
        for day, close in zip(DAYS, CLOSES, strict=True)
        for symbol in ("RUT", "SPX")
    }
    worker.counts("streakwatch_bars_open", 0)


def test_bad_ticks_cost_themselves_alone_and_are_counted(deployment: Deployment) -> None:
    worker = deployment_of(deployment).start().ready()
    tick = {"symbol": "RUT", "time": "2026-01-16T20:00:00Z", "price": 1.5}
    values = [tick, "rubbish", tick | {"time": "2199-01-01T00:00:00Z"}, tick | {"price": -1}]
    values += [tick | {"symbol": "nobody", "price": -1}, tick | {"time": "2026-01-17T15:00:00Z"}]
    deployment.send(*(json.dumps(value).encode() for value in values), key=b"RUT", topic="ticks")
    eventually(lambda: len(closes(deployment)) == 1, "a close")
    eventually(lambda: len(deployment.read("dead-letters")) == 4, "the dead letters")
    letters = [dict(record.headers) for record in deployment.read("dead-letters")]
    reasons = sorted(letter["reason"].decode() for letter in letters)
    assert reasons == ["bad-price", "future-tick", "not-an-object", "out-of-session"]
    assert {letter["topic"] for letter in letters} == {b"ticks"}
    expected = {"taken": 1, "unreadable": 2, "future": 1, "unwatched": 1, "out-of-session": 1}
    for outcome, count in expected.items():
        worker.counts("streakwatch_ticks_total", count, outcome=outcome)
