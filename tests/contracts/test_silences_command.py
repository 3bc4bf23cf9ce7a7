"""``streakwatch silences`` on a real broker."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import Deployment

pytestmark = pytest.mark.kafka

RUT = ("--match", "asset=RUT", "--match", "rule!=ended")


class Desk:
    """The commands of a deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment.create_topics()
        self.config = str(deployment.config)

    def run(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "streams", *arguments, "-c", self.config]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == code, ended.stderr
        assert "Traceback" not in ended.stderr
        return ended.stdout or ended.stderr

    def add(self, *arguments: str) -> str:
        """The id of a silence that is added."""
        told = self.run("silences", "add", *arguments)
        found = re.match(r"silence ([0-9a-f]{8}) until 20", told)
        assert found is not None, told
        return found[1]

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        lines = self.run("silences", "list", "--format", "json", *arguments).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture
def desk(deployment: Deployment) -> Desk:
    return Desk(deployment)


def test_a_silence_from_its_begin_to_its_end(desk: Desk) -> None:
    assert desk.run("silences", "list") == "no silences\n"
    short = desk.add(*RUT, "--for", "2h", "--comment", "a split\x1b[31m", "--by", "ann")
    long = desk.add("--match", "watchlist=*", "--from", "1h", "--for", "3d", "--comment", "moving")
    rows = desk.rows()
    assert (rows[0]["id"], rows[0]["state"], rows[0]["by"]) == (short, "active", "ann")
    assert (rows[1]["id"], rows[1]["state"]) == (long, "pending")
    assert rows[0]["matchers"] == "asset: RUT; rule: not ended"
    table = desk.run("silences", "list")
    assert table.split()[:7] == ["id", "state", "matchers", "by", "from", "until", "comment"]
    assert "a split\\x1b[31m" in table
    assert "\x1b" not in table

    test = ("routes", "test", "--watchlist", "us", "--asset", "RUT", "--benchmark", "SPX")
    told = desk.run(*test, "--rule", "record.tied", "--expect", "")
    assert f"  console  silenced: {short} by ann until 20" in told
    desk.run(*test, "--rule", "ended", "--expect", "console,mail,hook")

    assert desk.run("silences", "expire", short[:5]) == (
        f"silence {short} has ended: asset: RUT; rule: not ended\n"
    )
    desk.run(*test, "--rule", "record.tied", "--expect", "console,mail,hook")
    assert [row["id"] for row in desk.rows()] == [long]
    assert {row["state"] for row in desk.rows("--all")} == {"expired", "pending"}
    assert "has ended" in desk.run("silences", "expire", short, code=2)
    assert "no silence has the id ffff" in desk.run("silences", "expire", "ffff", code=2)
    assert "is not the beginning of an id" in desk.run("silences", "expire", "x", code=2)


def test_names_are_those_of_the_configuration(desk: Desk) -> None:
    told = desk.run("silences", "add", "--match", "asset=RUX", "--for", "2h", "--comment", "x",
                    code=2)  # fmt: skip
    assert told == "streakwatch: --match asset: there is no asset 'RUX': did you mean 'RUT'?\n"


def test_without_the_topic_it_says_what_to_do(deployment: Deployment, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streams", "silences", "list", "-c", str(deployment.config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "silences' does not exist: run `streakwatch topics create`" in ended.stderr
