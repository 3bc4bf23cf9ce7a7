"""One engine's run of the shared job: what it reports is compared, and its time taken.

An engine is started and reads the warm-up; when the markers behind it have come out, it is idle.
Its processes are then stopped (SIGSTOP), the closes are written, the clock starts, and they go on
(SIGCONT). The clock ends when the last of the expected hits has arrived here. So no engine's start
is in its rate, none finds its closes before another would, and none has to say when it began.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.contenders import Contender, Run, reading
from shared.job import Hit, Job
from shared.kafka import Arrival, Arrivals, WrongError, arrivals, delete_topics, write
from shared.process import Process

_START = 90.0  # seconds until an engine has read the warm-up
_SLOWEST = 300  # closes/s: below this an engine counts as stuck
_PATIENCE = 60.0  # seconds, whatever the number of closes


@dataclass(frozen=True, slots=True)
class Measure:
    """One run: closes, and the seconds, processor seconds and bytes that they took."""

    closes: int
    seconds: float
    processor: float
    memory: int

    @property
    def rate(self) -> float:
        """Closes a second."""
        return self.closes / self.seconds

    @property
    def processor_for_million(self) -> float:
        """Processor seconds for a million closes."""
        return self.processor / self.closes * 1e6


async def measure(contender: Contender, job: Job, servers: str, name: str) -> Measure:
    """Run an engine once, under a name of its own.

    Raises:
        UnavailableError: its environment cannot be had here.
        WrongError: it ended, got stuck, or its hits are not those of the job.
    """
    with tempfile.TemporaryDirectory(prefix="streakwatch-bench-") as folder:
        try:
            return await _measure(contender, Run(servers, name, Path(folder), job))
        finally:
            await delete_topics(servers, name)


async def _measure(contender: Contender, run: Run) -> Measure:
    job, started = run.job, await contender.start(run)
    judge = Judge(job, contender)
    await write(run.servers, started.closes, job.warmup_records())
    async with arrivals(run.servers, started.hits, job.partitions) as out:
        with Process(started.command, run.folder, started.env) as process:
            await judge.until_warm(out, process)
            measured = await clocked(judge, out, [process], run.servers, started.closes)
        await judge.compare(out)
    return measured


async def clocked(
    judge: Judge, out: Arrivals, processes: Sequence[Process], servers: str, closes: str
) -> Measure:
    """Write the job's closes while the processes stand still, and take the time of the rest."""
    for process in processes:
        process.pause()
    await write(servers, closes, judge.job.timed_records())
    used, begun = sum(process.seconds() for process in processes), time.monotonic()
    for process in processes:
        process.resume()
    await judge.until_done(out, processes)
    return Measure(
        judge.job.closes,
        max(arrival.at for arrival in out.all) - begun,
        sum(process.seconds() for process in processes) - used,
        sum(process.peak_bytes() for process in processes),
    )


class Judge:
    """What an engine has reported, against what it must."""

    def __init__(self, job: Job, contender: Contender) -> None:
        self.job = job
        self._contender = contender
        self._before = set(job.markers[0])
        self._expected = job.hits()

    async def until_warm(self, out: Arrivals, *processes: Process) -> None:
        """Until the markers behind the warm-up have come out."""
        within = _START + self.job.warmup * self.job.session / _SLOWEST
        await out.until(self._is_warm, within=within, ended=lambda: _ended(processes))

    async def until_done(self, out: Arrivals, processes: Sequence[Process]) -> None:
        """Until as much has come out as must."""
        within = _PATIENCE + self.job.closes / _SLOWEST
        await out.until(self._is_done, within=within, ended=lambda: _ended(processes))

    async def compare(self, out: Arrivals) -> None:
        """Raise WrongError unless exactly the expected hits came out, each once."""
        await out.rest()
        if not self._contender.counts:
            check(self._hits(out.all), self._expected)

    def _is_warm(self, found: list[Arrival]) -> bool:
        if self._contender.counts:
            return len(found) >= 1
        return self._before <= {hit.watchlist for hit in self._hits(found)}

    def _is_done(self, found: list[Arrival]) -> bool:
        return len(found) >= (2 if self._contender.counts else len(self._expected))

    def _hits(self, found: list[Arrival]) -> list[Hit]:
        return [reading(self._contender, arrival.value) for arrival in found]


def _ended(processes: Sequence[Process]) -> str:
    return next((why for process in processes if (why := process.ended)), "")


def check(found: list[Hit], expected: list[Hit]) -> None:
    """Raise WrongError unless both have the same hits, each as often."""
    missing, surplus = Counter(expected), Counter(found)
    missing, surplus = missing - surplus, surplus - missing
    if missing or surplus:
        some = next(iter(missing or surplus))
        what = f"{missing.total()} hits are missing and {surplus.total()} too many, such as {some}"
        raise WrongError(what)
