"""bench/README.md: its commands, its engines and its record are those of the code."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import peers
import pytest
from shared.contenders import contenders
from shared.job import message

TEXT = (Path(__file__).parents[2] / "bench/README.md").read_text()
COMMANDS = re.findall(r"^    python bench/peers\.py(.*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_peers_takes_every_command(command: str) -> None:
    peers.options(shlex.split(command, comments=True))


def test_every_engine_is_described_once() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| [^|]+ \| [^|]* ?\|$", TEXT, re.MULTILINE)
    described = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)]
    listed = [name for name in contenders() if not name.startswith("streakwatch-")]
    assert sorted(name for name in described if name in contenders()) == sorted(listed)


def test_a_close_is_shown_as_it_is() -> None:
    (shown,) = re.findall(r'^    (\{"watchlist".*\})$', TEXT, re.MULTILINE)
    assert message("w07", "S3", "2021-03-04", 123456)[1].decode() == shown
    assert list(json.loads(shown)) == ["watchlist", "symbol", "period", "close"]


def test_every_benchmark_is_in_the_table() -> None:
    there = {path.name for path in (Path(__file__).parents[2] / "bench").glob("*.py")}
    assert set(re.findall(r"^\| `python bench/(\w+\.py)`", TEXT, re.MULTILINE)) == there
