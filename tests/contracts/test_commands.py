"""The commands against a real broker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness import Deployment, close_json, eventually, january

pytestmark = pytest.mark.kafka

EXAMPLE = Path(__file__).parents[2] / "config/examples/january-2026.csv"


def streakwatch(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_topics_are_created_once_and_compared(deployment: Deployment) -> None:
    missing = streakwatch("topics", "check", "-c", deployment.config)
    assert missing.returncode == 1
    assert missing.stdout.count("missing") == 9
    first = streakwatch("topics", "create", "-c", deployment.config)
    second = streakwatch("topics", "create", "-c", deployment.config)
    assert (first.returncode, first.stdout.count("created")) == (0, 9)
    assert (second.returncode, second.stdout.count("exists")) == (0, 9)
    deployment.overrides["kafka"] = deployment.settings.kafka.model_dump(
        mode="json", exclude_none=True
    ) | {
        "partitions": 3,
        "retention": {"alerts": 7},
    }
    differs = streakwatch("topics", "create", "-c", deployment.config)
    assert differs.returncode == 1
    assert "has 2 partitions, the configuration says 3" in differs.stderr
    assert "retention.ms=-1, the configuration says 604800000" in differs.stderr


def test_send_and_replay(deployment: Deployment) -> None:
    deployment.create_topics()
    sent = streakwatch("send", "closes", EXAMPLE, "-c", deployment.config, "--source", "file")
    assert (sent.returncode, sent.stdout) == (0, "sent 32, refused 0\n")
    one = streakwatch("send", "close", "RUT", "2026-01-26", "2670.10", "-c", deployment.config)
    assert (one.returncode, one.stdout) == (0, "sent RUT 2026-01-26 2670.1\n")
    by_topic = streakwatch("replay", "--from-topic", "-c", deployment.config)
    by_file = streakwatch("replay", "--file", EXAMPLE, "-c", deployment.config)
    assert by_topic.returncode == by_file.returncode == 0
    topic, file = (
        [json.loads(line) for line in r.stdout.splitlines()] for r in (by_topic, by_file)
    )
    assert [a["id"] for a in topic] == [a["id"] for a in file]
    assert [a["milestone"]["kind"] for a in topic] == [
        "threshold", "record.tied", "record.broken", "ended",
    ]  # fmt: skip


def test_explain_says_the_same_from_the_topic_and_from_a_file(deployment: Deployment) -> None:
    deployment.create_topics()
    assert streakwatch("send", "closes", EXAMPLE, "-c", deployment.config).returncode == 0
    pair = ("explain", "us", "RUT/SPX", "-c", deployment.config, "--format", "json")
    for at in ((), ("--at", "2026-01-16")):
        by_topic = streakwatch(*pair, *at, "--from-topic")
        by_file = streakwatch(*pair, *at, "--file", EXAMPLE)
        assert by_topic.returncode == by_file.returncode == 0, by_topic.stderr
        assert by_topic.stdout == by_file.stdout
    assert json.loads(by_file.stdout)["length"] == 11


def test_replay_tells_what_the_worker_tells_and_touches_nothing(deployment: Deployment) -> None:
    deployment.create_topics().start().ready()
    for symbol, period, close in january():
        deployment.send(close_json(symbol, period, close), key=symbol.encode())
    eventually(lambda: len(deployment.ledger()) == 12, "12 entries in the ledger")
    before = {topic: len(deployment.read(topic)) for topic in ("watch", "alerts", "notifications")}
    replayed = streakwatch("replay", "--from-topic", "-c", deployment.config)
    assert [json.loads(line)["id"] for line in replayed.stdout.splitlines()] == [
        alert["id"] for alert in deployment.alerts()
    ]
    after = {topic: len(deployment.read(topic)) for topic in before}
    assert after == before


def test_bad_rows_are_refused_with_line_and_reason(deployment: Deployment, tmp_path: Path) -> None:
    deployment.create_topics()
    file = tmp_path / "closes.csv"
    file.write_text(
        "period,RUT,SPX\n2026-01-02,2508.22,6858.47\n2026-01-05,x,6902.05\n2026-1-6,1,2\n"
    )
    sent = streakwatch("send", "closes", file, "-c", deployment.config)
    assert (sent.returncode, sent.stdout) == (1, "sent 3, refused 3\n")
    assert f"{file}:3: refused: RUT: 'x' is not a price" in sent.stderr
    assert f"{file}:4: refused: SPX: '2026-1-6' is not a date" in sent.stderr
    strict = streakwatch("send", "closes", file, "--strict", "-c", deployment.config)
    assert (strict.returncode, strict.stdout.split(";")[0]) == (1, "sent 0, refused 3")
    assert len(deployment.read("closes")) == 3


def test_renamed_columns_and_the_long_form(deployment: Deployment, tmp_path: Path) -> None:
    deployment.create_topics()
    file = tmp_path / "long.csv"
    file.write_text("symbol,period,close\n^RUT,2026-01-02,2508.22\nSPX,2026-01-02,6858.47\n")
    sent = streakwatch("send", "closes", file, "--map", "^RUT=RUT", "-c", deployment.config)
    assert (sent.returncode, sent.stdout) == (0, "sent 2, refused 0\n")
    assert {json.loads(r.value)["symbol"] for r in deployment.read("closes")} == {"RUT", "SPX"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("topics", "create"),
        ("topics", "check"),
        ("send", "close", "RUT", "2026-01-26", "2670.10"),
        ("send", "closes", EXAMPLE),
        ("replay", "--from-topic"),
        ("explain", "us", "RUT/SPX", "--from-topic"),
    ],
)
def test_no_kafka_is_told_in_one_line(deployment: Deployment, arguments: tuple[object]) -> None:
    servers = ("--bootstrap-servers", "127.0.0.1:9")
    ended = streakwatch(*arguments, "-c", deployment.config, *servers)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert "Kafka at 127.0.0.1:9" in ended.stderr
