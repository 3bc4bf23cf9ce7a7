"""A child process that writes to a log file and does not outlive this process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from streams.embedded import logs

_TRIM_EVERY = 30.0  # seconds

# Run by Python in front of the command, which then takes its place: the kernel kills it when the
# thread that started it ends (PR_SET_PDEATHSIG is 1, SIGKILL is 9). Popen's preexec_fn could do
# the same, but is not safe in a process with threads.
_DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def dying_with_us(command: list[str]) -> list[str]:
    """``command`` such that it is killed when the thread that starts it ends (Linux only)."""
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]


class Child:
    """A running command, in a session of its own so that Ctrl-C reaches only us.

    Raises OSError when the log cannot be written or the command not run.
    """

    def __init__(
        self, command: list[str], *, cwd: Path, log: Path, env: dict[str, str], inherit: int
    ) -> None:
        self._log = log
        self._stopping = threading.Event()
        started: Future[subprocess.Popen[bytes]] = Future()

        def spawn() -> subprocess.Popen[bytes]:
            with log.open("ab") as output:
                return subprocess.Popen(  # noqa: S603 (our own command)
                    dying_with_us(command),
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(inherit,),
                )

        def keep() -> None:
            try:
                process = spawn()
            except BaseException as error:  # told to who waits for it
                started.set_exception(error)
                return
            started.set_result(process)
            self._look_after(process)

        # The child dies with the thread that started it: so one that lives as long as the child.
        threading.Thread(target=keep, name="streakwatch-kafka", daemon=True).start()
        self._process = started.result()

    def _look_after(self, process: subprocess.Popen[bytes]) -> None:
        while not self._stopping.wait(_TRIM_EVERY) and process.poll() is None:
            with suppress(OSError):
                logs.trim(self._log)
        process.wait()

    @property
    def pid(self) -> int:
        """The process id, also after the end."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def stop(self, timeout: float) -> int:
        """SIGTERM, and SIGKILL after ``timeout`` seconds; the exit code."""
        self._stopping.set()
        self._process.terminate()
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL; the exit code."""
        self._stopping.set()
        self._process.kill()
        return self._process.wait()
