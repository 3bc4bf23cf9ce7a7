"""What more of everything costs: partitions and workers, pairs, and years of history.

    python bench/growth.py [--quick] [--closes N] [--only workers|pairs|years]

The shared job by workers of the role watcher; the hits are compared as for the peers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from shared.command import run
from shared.contenders import streakwatch
from shared.deployment import Deployment, job_watchlists, until_ready
from shared.job import Job
from shared.kafka import arrivals, delete_topics, embedded, write
from shared.machine import machine
from shared.measuring import Judge, Measure, clocked

YEAR = 252  # sessions
KINDS = ("workers", "pairs", "years")
_PAIRS = ((10, 10), (10, 100), (10, 1_000), (50, 1_000))  # watchlists, assets of each
_QUICK_PAIRS = _PAIRS[:3]


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: a job, and the workers that share it."""

    kind: str
    title: str
    job: Job
    workers: int = 1


def cases(closes: int, *, quick: bool) -> Iterator[Case]:
    """All rows, for about so many closes each; history is read before and not timed."""
    for partitions, workers in ((1, 1), (2, 1), (2, 2), (4, 1), (4, 2)):
        title = f"{partitions} partitions, {workers} workers"
        yield Case("workers", title, _job(closes, 100, 9, partitions), workers)
    for watchlists, assets in _QUICK_PAIRS if quick else _PAIRS:
        job = _job(closes, watchlists, assets)
        yield Case(
            "pairs", f"{watchlists * assets:,} pairs, {job.warmup + job.sessions:,} sessions", job
        )
    for years in (1, 10) if quick else (1, 10, 35):
        job = _job(closes // 4, 10, 9, history=years * YEAR)
        yield Case("years", f"90 pairs, {years} years", job)


def _job(closes: int, watchlists: int, assets: int, partitions: int = 4, history: int = 1) -> Job:
    sessions = max(2, closes // (watchlists * (1 + assets)))
    return Job(sessions, watchlists, assets, partitions, warmup=history)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each case once, and print a row for it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--closes", type=int, help="of each row; default: 100,000")
    parser.add_argument("--only", choices=KINDS, help="only these rows")
    parser.add_argument("--quick", action="store_true", help="20,000 closes, fewer rows")
    given = parser.parse_args(arguments)
    standard = 20_000 if given.quick else 100_000
    closes = standard if given.closes is None else given.closes
    if closes < 1_000:
        parser.error("--closes must be 1,000 or more")
    listed = [case for case in cases(closes, quick=given.quick) if given.only in (None, case.kind)]
    return run(_table(listed))


async def _table(listed: Sequence[Case]) -> None:
    print(machine("aiokafka", "numpy"))
    print(f"\n{'':40}{'closes':>12}{'closes/s':>12}{'CPU s a million':>17}{'peak MB':>10}")
    with embedded() as (servers, folder):
        for number, case in enumerate(listed):
            home = folder / str(number)
            home.mkdir()
            one = await _measure(case, servers, home, f"growth-{number}-")
            memory = f"{one.memory / 1e6:>10,.0f}"
            print(f"{case.title:<40}{one.closes:>12,}{one.rate:>12,.0f}"
                  f"{one.processor_for_million:>17.2f}{memory}", flush=True)  # fmt: skip


async def _measure(case: Case, servers: str, folder: Path, prefix: str) -> Measure:
    job, judge = case.job, Judge(case.job, streakwatch())
    deployment = Deployment(folder, servers, prefix, job_watchlists(job), partitions=job.partitions)
    await deployment.create_topics()
    closes = deployment.topic("watch")
    async with arrivals(servers, deployment.topic("alerts"), job.partitions) as out:
        with ExitStack() as stack:
            workers = []
            for number in range(case.workers):
                workers.append(stack.enter_context(deployment.start("watcher", number)))
                await until_ready(workers[-1])
            await write(servers, closes, job.warmup_records())
            await judge.until_warm(out, *workers)
            measured = await clocked(judge, out, workers, servers, closes)
        await judge.compare(out)
    await delete_topics(servers, prefix)
    return measured


if __name__ == "__main__":
    sys.exit(main())
