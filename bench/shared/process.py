"""One engine as a process group: started, stopped for a moment, measured, ended."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.embedded.child import dying_with_us
from streams.embedded.java import environment

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 15.0  # seconds


class Process:
    """A running command with all of its children; a context manager, which ends them.

    Reads Linux's /proc: the seconds of processor time and the memory of the whole group.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = folder / "output.log"
        with self.log.open("wb") as output:
            self._popen = subprocess.Popen(  # noqa: S603 (commands of the benchmarks)
                dying_with_us(list(command)),
                cwd=folder,
                env=environment() | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._group = self._popen.pid

    def __enter__(self) -> Self:
        """The process runs already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """SIGTERM, and SIGKILL to what is left of the group after some seconds."""
        if self._popen.poll() is None:
            self.resume()
            self._popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(self._group, signal.SIGKILL)
        self._popen.wait()

    @property
    def ended(self) -> str:
        """Its last lines when it has ended by itself, else nothing."""
        if self._popen.poll() is None:
            return ""
        lines = self.log.read_text(errors="replace").strip().splitlines()[-12:]
        return "\n".join([f"it ended with {self._popen.returncode}", *lines])

    def pause(self) -> None:
        """Stop all of its threads (SIGSTOP)."""
        os.killpg(self._group, signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on (SIGCONT)."""
        os.killpg(self._group, signal.SIGCONT)

    def seconds(self) -> float:
        """User and system time so far."""
        return sum(int(fields[11]) + int(fields[12]) for _, fields in self._stats()) / _TICKS

    def peak_bytes(self) -> int:
        """The most memory that was resident, process by process, added up."""
        return sum(_peak(pid) for pid, _ in self._stats())

    def _stats(self) -> Iterator[tuple[int, list[str]]]:
        """The fields of /proc/PID/stat from the third on, of each process of the group."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[2]) == self._group:
                        yield int(entry.name), fields


def _peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
