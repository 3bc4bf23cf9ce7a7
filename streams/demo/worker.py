"""The demo's worker: the real command as a process, watched through its metrics."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from prometheus_client.parser import text_string_to_metric_families

from config.errors import StreakwatchError
from streams.embedded.child import dying_with_us

_POLL = 0.01


class Worker:
    """``streakwatch worker`` as a child process; a context manager."""

    def __init__(self, config: Path, metrics_port: int, log: Path) -> None:
        self._command = [
            sys.executable, "-m", "streams", "worker", "--config", str(config),
            "--instance", "demo",
        ]  # fmt: skip
        self._log = log
        self.url = f"http://127.0.0.1:{metrics_port}"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own command)
                dying_with_us(self._command),
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self._console = self._process.stdout.fileno()
        os.set_blocking(self._console, False)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait_until_ready(self, timeout: float = 60) -> None:
        """Wait until partitions are assigned and caught up.

        Raises:
            StreakwatchError: the worker has ended, or is not ready in time.
        """
        self.wait_for(lambda: self._get("/ready") is not None, "ready", timeout)

    def wait_for(self, condition: Callable[[], bool], what: str, timeout: float = 30) -> None:
        """Wait for a condition, as long as the worker lives.

        Raises:
            StreakwatchError: the worker has ended, or the condition does not come in time.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if self._process.poll() is not None:
                raise StreakwatchError(f"the worker ended: {self._last_line()}", f"see {self._log}")
            if time.monotonic() > deadline:
                raise StreakwatchError(f"the worker is not {what} after {timeout:g} s",
                                       f"see {self._log}")  # fmt: skip
            time.sleep(_POLL)

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; 0 where there are none."""
        text = self._get("/metrics") or ""
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def console(self, *, wait: bool = False) -> str:
        """What the console target has printed since the last call; with ``wait`` at least a line.

        Empty, with ``wait``, means that the worker has ended.
        """
        chunks = []
        if wait:
            select.select([self._console], [], [])
        with suppress(BlockingIOError):
            while chunk := os.read(self._console, 65536):
                chunks.append(chunk)
        return b"".join(chunks).decode()

    def _get(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310
                text: str = answer.read().decode()
                return text
        except (urllib.error.URLError, OSError):
            return None

    def _last_line(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
