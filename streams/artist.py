"""A process of our own that draws: started once, killed when it hangs, started again when asked."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

import alerts
from alerts.pictures.__main__ import LENGTH, PNG
from alerts.pictures.chart import Chart

#: What the process is given of our environment: nothing in it is secret.
_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "MPLCONFIGDIR", "PATH", "TMPDIR", "XDG_CACHE_HOME")
_MODULE = ("-P", "-m", "alerts.pictures")
_ENDED = "the process that draws has ended"


class ArtistError(Exception):
    """There is no picture; the message says why, and holds nothing of the chart."""


class UndrawableError(ArtistError):
    """This chart cannot be drawn; others can."""


class Artist:
    """Draws one picture at a time, in another process: matplotlib holds Python's lock for long."""

    def __init__(self, module: Sequence[str] = _MODULE) -> None:
        """``module`` are the arguments of Python."""
        self._module = module
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Start the process and wait until it is warm.

        Raises:
            ArtistError: it cannot draw.
        """
        async with self._turn:
            await self._running()

    async def draw(self, chart: Chart) -> bytes:
        """The PNG. Whoever cancels this ends the process, which another chart starts again.

        Raises:
            ArtistError: there will be none.
        """
        async with self._turn:
            process = await self._running()
            try:
                answer = await self._ask(process, msgspec.json.encode(chart))
            except BaseException:
                await self._kill()
                raise
        if answer[:1] != PNG:
            raise UndrawableError(answer[1:].decode("ascii", "replace") or "no answer")
        return answer[1:]

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._kill()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._module,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,  # what matplotlib warns of may hold names
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the worker, and the end of its input for it
            )
            try:
                if await self._read(self._process):
                    raise ArtistError("matplotlib does not draw")
            except BaseException:
                await self._kill()
                raise
        return self._process

    async def _ask(self, process: Process, request: bytes) -> bytes:
        assert process.stdin is not None
        try:
            process.stdin.write(LENGTH.pack(len(request)) + request)
            await process.stdin.drain()
        except OSError:
            raise ArtistError(_ENDED) from None
        return await self._read(process)

    async def _read(self, process: Process) -> bytes:
        assert process.stdout is not None
        try:
            (size,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
            return await process.stdout.readexactly(size)
        except asyncio.IncompleteReadError:
            raise ArtistError(_ENDED) from None

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    """Where our packages are, and what else Python's path has; not the folder we are run in."""
    path = [str(Path(alerts.__file__).parents[1]), *(one for one in sys.path if one)]
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(dict.fromkeys(path))}
