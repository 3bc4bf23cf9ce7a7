"""``streakwatch up`` and the demo, as a user runs them."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import eventually

pytestmark = pytest.mark.kafka

COMMAND = [sys.executable, "-m", "streams"]
CONFIG = """
metrics: {port: 0}
delivery: {max_age: none}
watchlists:
  us:
    calendar: XNYS
    pairs: [{asset: RUT, benchmark: SPX}]
    rules: [{kind: threshold, at: 10}]
    targets: [console]
targets:
  console: {url: "console://"}
"""


class Up:
    """A running ``streakwatch up``, its output in files."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.config = folder / "streakwatch.yaml"
        self.config.write_text(CONFIG)
        self.out, self.err = folder / "up.out", folder / "up.err"
        command = [*COMMAND, "up", "-c", str(self.config), *arguments]
        with self.out.open("ab") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err)

    def said(self, pattern: str) -> str:
        def find() -> re.Match[str] | None:
            assert self.process.poll() is None, self.err.read_text()
            return re.search(pattern, self.err.read_text())

        return eventually(find, f"{pattern!r} in what up says", 60)[1]

    def stop(self, number: int) -> None:
        self.process.send_signal(number)
        assert self.process.wait(20) == 0, self.err.read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    subprocess.run(["pkill", "-9", "-f", str(tmp_path)], check=False)  # what a failed test left


def test_up_keeps_its_data_and_stops_cleanly(folder: Path) -> None:
    data = ("--data-dir", str(folder / "data"), "--port", "0")
    closes = folder / "closes.csv"
    lines = (Path(__file__).parents[2] / "config/examples/january-2026.csv").read_text().split()
    for part, number in ((lines[:9], signal.SIGINT), ([lines[0], *lines[9:]], signal.SIGTERM)):
        up = Up(folder, *data)
        servers = up.said(r"Kafka is up at (\S+)")
        up.said(r"(working as bars)")
        closes.write_text("\n".join(part))
        sent = subprocess.run(
            [*COMMAND, "send", "closes", str(closes), "-c", str(up.config),
             "--bootstrap-servers", servers],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert sent.returncode == 0, sent.stderr
        if number == signal.SIGTERM:
            eventually(lambda up=up: "10th session" in up.out.read_text(), "the alert")
        up.stop(number)
        assert (folder / "data/log/.kafka_cleanshutdown").exists()
    assert up.out.read_text().count("10th session") == 1


def test_a_port_in_use_is_told_in_one_line(folder: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        up = Up(folder, "--data-dir", str(folder / "data"), "--port", port)
        assert up.process.wait(30) == 1
    last = up.err.read_text().splitlines()[-1]
    assert last.startswith(f"streakwatch: port {port} on 127.0.0.1 is in use: ")


def test_a_cache_that_cannot_be_made_is_told_in_one_line(folder: Path) -> None:
    (folder / "file").write_text("")
    command = [*COMMAND, "up", "-c", str(folder / "c.yaml"), "--data-dir", str(folder / "data")]
    (folder / "c.yaml").write_text(CONFIG)
    environ = os.environ | {"XDG_CACHE_HOME": str(folder / "file" / "cache")}
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environ, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert str(folder / "file" / "cache") in ended.stderr.splitlines()[-1]


def test_the_demo_tells_january_and_ends_by_itself(folder: Path) -> None:
    ended = subprocess.run([*COMMAND, "demo"], capture_output=True, text=True, timeout=120,
                           check=False, env=os.environ | {"TMPDIR": str(folder)})  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = ended.stdout
    for line in (
        "RUT beat SPX for the 10th session running: longest since 6 Jun 2008",
        "ties the record since 1 Jan 2000 (13, ended 6 Jun 2008)",
        "breaks the record since 1 Jan 2000 (13, ended 6 Jun 2008); longest since 7 May 1996",
        "RUT's streak against SPX ended at 14 sessions",
    ):
        assert told.count(line) == 3, line  # console, e-mail and webhook
    assert "ties the record of all known history" not in told
    streaks = re.findall(r"^2026-01-.*  (\w+ [0-9]+)$", told, re.M)
    assert streaks == [*(f"outperforming {n}" for n in range(1, 15)), "underperforming 1"]
    assert all(f"{name}: 4 of 4 delivered" in told for name in ("console", "e-mail", "webhook"))
    assert list(folder.iterdir()) == []


def test_the_demo_can_be_kept_and_tried(folder: Path) -> None:
    out = folder / "demo.out"
    with out.open("wb") as stdout:
        demo = subprocess.Popen([*COMMAND, "demo", "--keep"], stdout=stdout,
                                env=os.environ | {"TMPDIR": str(folder)})  # fmt: skip
    eventually(lambda: "Ctrl-C stops everything." in out.read_text(), "what to try", 120)
    sends = re.findall(r"(send close .*)", out.read_text())
    for line in sends:
        done = subprocess.run([*COMMAND, *line.split()], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    demo.send_signal(signal.SIGINT)
    assert demo.wait(20) == 0
    assert len(sends) == 2
