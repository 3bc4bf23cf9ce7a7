"""A deployment on the real broker: its configuration, its workers and its topics."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import raw_records
import yaml
from prometheus_client.parser import text_string_to_metric_families

from config.loading import load
from config.settings import Settings
from streams import topics
from streams.demo.receivers import HttpReceiver, SmtpReceiver
from streams.embedded.ports import free_port

RECORDS = [
    {"direction": "outperforming", "length": 16, "start": "1996-04-16", "end": "1996-05-07",
     "source": "published A"},
    {"direction": "outperforming", "length": 13, "start": "2008-05-20", "end": "2008-06-06",
     "source": "published B"},
]  # fmt: skip


def eventually(
    condition: Callable[[], Any], what: str | Callable[[], str], timeout: float = 40
) -> Any:
    """The condition's value once it is true; fails with ``what`` after the timeout."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.02)
    return value


@dataclass
class WorkerProcess:
    """A running ``streakwatch worker``."""

    process: subprocess.Popen[bytes]
    port: int
    stdout: Path
    stderr: Path

    def get(self, path: str) -> str:
        """What a page says with status 200, else nothing."""
        status, text = self.get_any(path)
        return text if status == 200 else ""

    def get_any(self, path: str) -> tuple[int, str]:
        """The status of a page and what it says; 0 where nobody answers."""
        try:
            address = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def total(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics"))
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def counts(self, name: str, expected: float, **labels: str) -> None:
        """Wait until a metric says this; what a worker did is counted after it is done."""
        eventually(
            lambda: self.total(name, **labels) == expected,
            lambda: f"{name} {labels} {expected}: it is {self.total(name, **labels)}",
        )

    def ready(self) -> WorkerProcess:
        def check() -> bool:
            assert self.process.poll() is None, self.stderr.read_text()
            return '"ready": true' in self.get("/ready")

        # it took 35 s with seven processes for each core
        eventually(check, lambda: f"worker ready: {self.stderr.read_text()}", 90)
        return self

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; the exit code and the seconds until it came."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(20), time.monotonic() - began


def start_worker(
    config: Path,
    folder: Path,
    number: int,
    instance: str = "",
    *,
    roles: str = "bars,router,watcher,delivery",
    log_level: str = "info",
    full_disk: bool = False,
) -> WorkerProcess:
    """A ``streakwatch worker`` of its own process; on a full disk it cannot write a line."""
    port = free_port()
    out, err = folder / f"worker-{number}.out", folder / f"worker-{number}.err"
    command = [sys.executable, "-m", "streams", "worker", "-c", str(config),
               "--roles", roles, "--log-level", log_level]  # fmt: skip
    command += ["--instance", instance] if instance else []
    environ = os.environ | {"STREAKWATCH_METRICS__PORT": str(port)}
    if full_disk:
        out = err = Path("/dev/full")
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environ)
    return WorkerProcess(process, port, out, err)


@dataclass
class Deployment:
    """One configuration with its topics, on the broker that all tests share."""

    folder: Path
    servers: str
    prefix: str
    webhook: HttpReceiver
    mail: SmtpReceiver
    overrides: dict[str, Any] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def config(self) -> Path:
        path = self.folder / "streakwatch.yaml"
        content = {
            "kafka": {"bootstrap_servers": [self.servers], "topic_prefix": self.prefix,
                      "group": f"{self.prefix}group", "partitions": 2, "session_timeout": 6},
            "metrics": {"port": 0},
            "delivery": {"max_age": "none", "backoff": 0.05, "timeout": 5},
            "state": {"snapshot_every": 0.2, "sweep_every": 0.5},
            "watchlists": {
                "us": {
                    "calendar": "XNYS",
                    "pairs": [{"asset": "RUT", "benchmark": "SPX", "records": RECORDS,
                               "records_complete_from": 10}],
                    "rules": [{"kind": "threshold", "at": 10},
                              {"kind": "record", "scopes": ["all", "since 2000-01-01"]},
                              {"kind": "ended", "min_length": 10}],
                    "targets": ["console", "mail", "hook"],
                }
            },
            "targets": {
                "console": {"url": "console://"},
                "mail": {"url": f"mailto://127.0.0.1:{self.mail.port}"
                                "?from=streakwatch@test.example&to=desk@test.example",
                         "pictures": "auto"},
                "hook": {"url": f"json://127.0.0.1:{self.webhook.port}/hook"},
            },
        } | self.overrides  # fmt: skip
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    @property
    def settings(self) -> Settings:
        return load(self.config, {})

    def create_topics(self) -> Deployment:
        asyncio.run(topics.create(self.settings.kafka))
        return self

    def start(
        self,
        *,
        roles: str = "bars,router,watcher,delivery",
        instance: str = "",
        log_level: str = "info",
    ) -> WorkerProcess:
        worker = start_worker(
            self.config,
            self.folder,
            len(self.workers),
            instance,
            roles=roles,
            log_level=log_level,
        )
        self.workers.append(worker)
        return worker

    def start_plain(self) -> subprocess.CompletedProcess[str]:
        """A worker that is expected to end by itself."""
        command = [sys.executable, "-m", "streams", "worker", "-c", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def send(self, *values: bytes | None, key: bytes | None = None, topic: str = "closes") -> None:
        """Send raw records, one after the other, each acknowledged."""
        raw_records.write(self.servers, self.prefix + topic, *values, key=key)

    def read(self, topic: str) -> list[Any]:
        """Every record of a topic, by partition and offset."""
        return raw_records.read(self.servers, self.prefix + topic, self.settings.kafka.partitions)

    def alerts(self) -> list[dict[str, Any]]:
        return [json.loads(record.value) for record in self.read("alerts")]

    def ledger(self) -> dict[tuple[str, str], str]:
        entries = [json.loads(record.value) for record in self.read("notifications")]
        return {(entry["alert"], entry["target"]): entry["outcome"] for entry in entries}


def january() -> Sequence[tuple[str, str, str]]:
    """(symbol, period, close) of January 2026, in the order of the file."""
    lines = (Path(__file__).parents[1] / "config/examples/january-2026.csv").read_text().split()
    names = lines[0].split(",")[1:]
    rows = (line.split(",") for line in lines[1:])
    return [(name, row[0], cell) for row in rows for name, cell in zip(names, row[1:], strict=True)]


def close_json(symbol: str, period: str, close: str, **more: Any) -> bytes:
    return json.dumps({"symbol": symbol, "period": period, "close": close, **more}).encode()
