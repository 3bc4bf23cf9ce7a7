"""Streakwatch itself: its configuration, its topics, and a worker's process."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from config.loading import load
from config.settings import Kafka, Settings
from shared.job import BENCHMARK, FIRST_ASSET, LENGTH, Job
from shared.kafka import WrongError
from shared.process import Process
from streams import topics
from streams.embedded.ports import free_port

ROOT = Path(__file__).parents[2]
_SESSION_TIMEOUT = 60  # seconds: a worker is stopped while closes are written


def fetches() -> list[str]:
    """The values of ``kafka.fetch``, if this version has it."""
    field = Kafka.model_fields.get("fetch")
    return [] if field is None else list(get_args(field.annotation))


def environment(port: int = 0) -> dict[str, str]:
    """How a worker is told of its port (0: any), and finds the code of this folder."""
    return {"STREAKWATCH_METRICS__PORT": str(port), "PYTHONPATH": str(ROOT)}


def watchlist(assets: Sequence[str], benchmark: str = BENCHMARK, **more: Any) -> dict[str, Any]:
    """A watchlist without a calendar that tells of streaks of ten."""
    return {
        "pairs": [{"asset": asset, "benchmark": benchmark} for asset in assets],
        "rules": [{"kind": "threshold", "at": [LENGTH]}],
        "targets": ["receiver"],
    } | more


def job_watchlists(job: Job) -> dict[str, Any]:
    """The watchlists of the shared job, markers included."""
    markers = [name for names in job.markers for name in names]
    small = dict.fromkeys(markers, watchlist([FIRST_ASSET]))
    return dict.fromkeys(job.names, watchlist(job.symbols[1:])) | small


class Deployment:
    """A configuration of Streakwatch in a folder, with topics of its own."""

    def __init__(
        self,
        folder: Path,
        servers: str,
        prefix: str,
        watchlists: Mapping[str, Any],
        *,
        partitions: int = 4,
        receiver: str = "json://127.0.0.1:9/",
        **sections: Mapping[str, Any],
    ) -> None:
        """``sections`` add to those of the configuration: kafka, state, delivery."""
        self.folder = folder
        self.servers = servers
        self.path = folder / "streakwatch.yaml"
        content: dict[str, Any] = {
            "kafka": {
                "bootstrap_servers": [servers],
                "topic_prefix": prefix,
                "group": f"{prefix}group",
                "partitions": partitions,
                "session_timeout": _SESSION_TIMEOUT,
            },
            "watchlists": dict(watchlists),
            "targets": {"receiver": {"url": receiver}},
        }
        for name, section in sections.items():
            content[name] = content.get(name, {}) | dict(section)
        self.path.write_text(json.dumps(content))  # JSON is YAML, and is read faster
        self.settings: Settings = load(self.path, {})

    async def create_topics(self) -> None:
        """The topics of the configuration."""
        await topics.create(self.settings.kafka)

    def topic(self, name: str) -> str:
        """A topic's name in Kafka."""
        return self.settings.kafka.topic_prefix + name

    def command(self, roles: str) -> list[str]:
        """What runs a worker."""
        return [sys.executable, "-m", "streams", "worker", "-c", str(self.path),
                "--roles", roles, "--log-level", "warning"]  # fmt: skip

    def start(self, roles: str, number: int = 0) -> Worker:
        """A worker with a folder of its own."""
        folder = self.folder / f"worker-{number}"
        folder.mkdir(exist_ok=True)
        return Worker(self.command(roles), folder)


class Worker(Process):
    """A worker that can be asked how it is."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.port = free_port()
        super().__init__(command, folder, environment(self.port))

    def ready(self) -> bool:
        """Whether it has caught up with its logs; WrongError if it has ended."""
        if why := self.ended:
            raise WrongError(why)
        try:
            address = f"http://127.0.0.1:{self.port}/ready"
            with urllib.request.urlopen(address, timeout=10) as answer:
                return bool(json.load(answer)["ready"])
        except (OSError, ValueError):
            return False


async def until_ready(worker: Worker, within: float = 300) -> None:
    """Wait until a worker has caught up.

    Raises:
        WrongError: it has ended, or is not ready ``within`` so many seconds.
    """
    deadline = time.monotonic() + within
    while not await asyncio.to_thread(worker.ready):
        if time.monotonic() > deadline:
            raise WrongError(f"the worker was not ready within {within:.0f} s")
        await asyncio.sleep(0.02)
