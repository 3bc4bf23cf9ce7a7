"""The commands over the ledger and the dead letters, and verify, against a real broker."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from harness import Deployment, close_json, eventually, january

from streams.wire import decode_alert, encode_alert

pytestmark = pytest.mark.kafka

RUBBISH = b"rubbish \xff\x1b[31m"
TOPICS = ("closes", "watch", "alerts", "notifications", "dead-letters")


class Desk:
    """January through a worker, with one close that was refused; and the commands."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    def january(self) -> Desk:
        self.worker = self.deployment.create_topics().start().ready()
        for symbol, period, close in january():
            self.deployment.send(close_json(symbol, period, close), key=symbol.encode())
        self.deployment.send(RUBBISH, key=b"RUT")
        eventually(lambda: len(self.deployment.ledger()) == 12, "12 entries in the ledger")
        eventually(lambda: self.deployment.read("dead-letters"), "a dead letter")
        return self

    def run(self, *arguments: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "streams", *map(str, arguments)]
        command += ["-c", str(self.deployment.config)]
        return subprocess.run(command, capture_output=True, timeout=60, check=False)

    def text(self, *arguments: object, code: int = 0) -> str:
        """What a command prints; it ends with ``code``."""
        ended = self.run(*arguments)
        assert ended.returncode == code, ended.stderr.decode()
        assert b"Traceback" not in ended.stderr
        return (ended.stdout or ended.stderr).decode()

    def rows(self, *arguments: object) -> list[dict[str, Any]]:
        lines = self.text(*arguments, "--format", "json").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def verdict(self, *options: object, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text("verify", "--format", "json", *options,
                                                     code=code))  # fmt: skip
        return found

    def counts(self) -> dict[str, int]:
        return {topic: len(self.deployment.read(topic)) for topic in TOPICS}


@pytest.fixture
def desk(deployment: Deployment) -> Desk:
    return Desk(deployment)


def test_what_was_told_is_listed_shown_and_found_exact(desk: Desk) -> None:
    desk.january()
    alerts = desk.deployment.alerts()
    before = desk.counts()
    rows = desk.rows("alerts", "list")
    assert [row["id"] for row in rows] == [alert["id"] for alert in alerts]
    assert {frozenset(row["statuses"].items()) for row in rows} == {
        frozenset({(name, "delivered") for name in ("console", "mail", "hook")})
    }
    assert [row["id"] for row in desk.rows("alerts", "list", "--limit", 1)] == [alerts[-1]["id"]]
    assert desk.rows("alerts", "list", "--status", "pending") == []
    table = desk.text("alerts", "list", "--watchlist", "us").splitlines()
    assert len(table) == 5
    assert "console delivered, mail delivered, hook delivered" in table[1]

    identity = alerts[0]["id"]
    shown = desk.text("alerts", "show", identity[:6])
    assert shown.startswith("RUT beat SPX for the 10th session running")
    assert shown.count(": delivered at ") == 3
    facts = json.loads(desk.text("alerts", "show", identity, "--format", "json"))
    assert facts["alert"] == alerts[0]
    last = desk.deployment.mail.inbox.messages[-1]
    assert "Picture: Line chart of RUT divided by SPX" in last.body
    assert last.size > 15_000
    png = desk.deployment.config.with_name("january.png")
    assert desk.text("alerts", "picture", identity, "--out", png).startswith("Line chart of RUT")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert desk.text("alerts", "show", "ffff", code=2).startswith(
        "streakwatch: no alert has the id ffff: `streakwatch alerts list"
    )
    assert "did you mean 'us'?" in desk.text("alerts", "list", "--watchlist", "uss", code=2)

    verdict = desk.verdict()
    assert verdict["exact"] is True
    assert (verdict["routed"]["found"], verdict["alerts"]["found"]) == (32, 4)
    assert (verdict["outcomes"], verdict["reasons"]) == ({"delivered": 12}, {"not-utf8": 1})
    assert desk.counts() == before


def test_resend_sends_the_same_record_with_the_request(desk: Desk) -> None:
    desk.january()
    desk.worker.end()
    first = next(iter(desk.deployment.read("alerts")))
    identity = json.loads(first.value)["id"]
    told = desk.text("alerts", "resend", identity, "--target", "hook", "--target", "mail")
    again = desk.deployment.read("alerts")[-1]
    place = f"alerts-{again.partition}@{again.offset}"
    assert told == f"asked for {identity} again at hook, mail ({place})\n"
    assert (again.key, again.value, again.partition) == (first.key, first.value, first.partition)
    assert list(again.headers) == [("resend", b"hook,mail"), *first.headers]
    assert [name for name, _ in first.headers] == ["chart"]
    assert desk.text("alerts", "resend", identity[:8]).startswith(
        f"asked for {identity} again at console, mail, hook "
    )
    assert list(desk.deployment.read("alerts")[-1].headers) == [("resend", b"*"), *first.headers]
    verdict = desk.verdict(code=1)
    assert (verdict["alerts"]["requested"], verdict["alerts"]["repeated"]) == (2, 0)
    assert (verdict["faults"], verdict["pending"]) == (0, 3)
    assert desk.verdict("--allow-pending")["exact"] is False
    assert "sent to the log 3x" in desk.text("alerts", "show", identity)

    inbox = desk.deployment.webhook.inbox.messages
    before = [message.title for message in inbox]
    desk.deployment.start().ready()
    eventually(lambda: desk.run("verify").returncode == 0, "the requests are done")
    assert {message.title for message in inbox[len(before) :]} == {before[0]}


def test_a_dead_letter_is_shown_retried_and_dropped(desk: Desk) -> None:
    desk.january()
    (letter,) = desk.rows("deadletters", "list")
    place = letter["place"]
    assert (letter["reason"], letter["bytes"]) == ("not-utf8", len(RUBBISH))
    assert desk.run("deadletters", "show", place, "--raw").stdout == RUBBISH
    shown = desk.text("deadletters", "show", place)
    assert shown.splitlines()[-1] == r"rubbish \xff\x1b[31m"

    closes = len(desk.deployment.read("closes"))
    told = desk.text("deadletters", "retry", place)
    assert told.startswith(f"retried {place} as closes-")
    retried = [r for r in desk.deployment.read("closes") if r.headers]
    assert [(r.key, r.value) for r in retried] == [(b"RUT", RUBBISH)]
    assert len(desk.deployment.read("closes")) == closes + 1
    eventually(lambda: len(desk.rows("deadletters", "list")) == 1, "it is refused once more")
    (new,) = desk.rows("deadletters", "list")
    assert new["place"] != place
    assert desk.text("deadletters", "retry", place, code=2) == (
        f"streakwatch: {place} was retried before: --again retries it nevertheless\n"
    )
    assert desk.text("deadletters", "drop", "--reason", "not-utf8") == f"dropped {new['place']}\n"
    assert desk.text("deadletters", "list") == "no dead letters match\n"
    assert desk.text("deadletters", "drop", "--all", code=1) == (
        "no dead letters match: nothing was done\n"
    )
    assert "was dropped before" in desk.text("deadletters", "drop", new["place"], code=2)
    statuses = [row["status"] for row in desk.rows("deadletters", "list", "--all")]
    assert statuses == ["retried", "dropped"]
    assert desk.verdict()["reasons"] == {"not-utf8": 2}


def test_a_close_passes_the_door_once_its_symbol_is_watched(desk: Desk) -> None:
    """What was refused for the configuration is retried under another one."""
    us = {"calendar": "XNYS", "pairs": [{"asset": "IWM", "benchmark": "SPX"}],
          "rules": [{"kind": "threshold", "at": 10}], "targets": ["console"]}  # fmt: skip
    desk.deployment.create_topics().start().ready()
    desk.deployment.send(close_json("IWM", "2026-01-22", "265.10"), key=b"IWM")
    eventually(lambda: desk.deployment.read("dead-letters"), "a dead letter")
    desk.deployment.workers[0].end()
    desk.deployment.overrides = {"watchlists": {"us": us}}
    assert desk.text("deadletters", "retry", "--topic", "closes", "--since", "1h").count("\n") == 1
    desk.deployment.start().ready()
    eventually(
        lambda: [json.loads(r.value)["origin"][1] for r in desk.deployment.read("watch")] == [0, 1],
        "both records are routed",
    )
    assert desk.verdict()["dead_letters"]["notes"] == {
        "of records that would be taken now (unknown-symbol)": 1
    }


def test_somebodys_own_records_among_the_dead_letters(desk: Desk) -> None:
    desk.deployment.create_topics().send(b"hello", None, topic="dead-letters", key=b"k")
    rows = desk.rows("deadletters", "list")
    assert [row["reason"] for row in rows] == ["not-a-dead-letter"] * 2
    place = rows[0]["place"]
    assert "It is none" in desk.text("deadletters", "show", place)
    assert desk.run("deadletters", "show", place, "--raw").stdout == b"hello"
    refused = desk.text("deadletters", "retry", place, code=2)
    assert refused.startswith(f"streakwatch: {place} is no dead letter of a topic")
    assert desk.text("deadletters", "retry", "--all", code=1).startswith("no dead letters match")
    assert "there is no dead letter at 0:999" in desk.text("deadletters", "show", "0:999", code=2)
    assert desk.text("deadletters", "drop", "--all").count("dropped") == 2


def test_verify_finds_what_was_planted(desk: Desk) -> None:
    """No worker runs: closes are not routed, an alert is invented, an entry is about nothing."""
    desk.january()
    desk.worker.end()
    alert = decode_alert(desk.deployment.read("alerts")[0].value)
    invented = replace(alert, id="0" * 20)
    desk.deployment.send(encode_alert(invented), topic="alerts", key=b"us")
    desk.deployment.send(encode_alert(replace(alert, length=99)), topic="alerts", key=b"us")
    desk.deployment.send(close_json("RUT", "2026-01-26", "2670.10"), key=b"RUT")
    pending = desk.verdict(code=1)
    assert len(pending["routed"]["pending"]) == 1
    verdict = desk.verdict("--grace", 0, code=1)
    assert len(verdict["routed"]["missing"]) == 1
    assert [one["about"] for one in verdict["alerts"]["extra"]] == ["0" * 20]
    assert [one["about"] for one in verdict["alerts"]["wrong"]] == [alert.id]
    assert len(verdict["ledger"]["missing"]) == 3
    assert verdict["faults"] == 6
    lines = desk.text("verify", "--grace", 0, code=1).splitlines()
    assert lines[-1] == "NOT exact: 4 missing, 1 extra, 1 wrong"


@pytest.mark.parametrize(
    "arguments",
    [
        ("alerts", "list"),
        ("alerts", "show", "928e"),
        ("alerts", "resend", "928e"),
        ("deadletters", "list"),
        ("deadletters", "show", "0:1"),
        ("deadletters", "retry", "--all"),
        ("deadletters", "drop", "0:1"),
        ("verify",),
    ],
)
def test_missing_topics_and_no_kafka_are_told_in_one_line(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    missing = desk.text(*arguments, code=1)
    assert missing.endswith("run `streakwatch topics create` with the same configuration\n")
    assert missing.count("\n") == 1
    nobody = desk.text(*arguments, "--bootstrap-servers", "127.0.0.1:9", code=1)
    assert "Kafka at 127.0.0.1:9" in nobody
    assert nobody.count("\n") == 1
