"""How soon a worker is ready: with nothing to restore, from a snapshot, and from the log.

    python bench/startup.py [--quick] [--sessions N]

50,000 pairs in 50 watchlists. Times are from the start of the process to its being ready; closes a
second count from when it would have been ready with nothing to restore. Beside them is the rate at
which a client only fetches the log. Afterwards more closes are sent, and the hits compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from shared.command import run
from shared.contenders import reading, streakwatch
from shared.deployment import Deployment, job_watchlists, until_ready
from shared.job import Hit, Job
from shared.kafka import Arrival, Arrivals, WrongError, arrivals, embedded, write
from shared.machine import machine
from shared.measuring import Judge, check

_PATIENCE = 120.0  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a worker some times, and print a row for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10, help="of history; default: 10")
    parser.add_argument("--quick", action="store_true", help="5,000 pairs")
    given = parser.parse_args(arguments)
    if given.sessions < 1:
        parser.error("--sessions must be 1 or more")
    watchlists = 5 if given.quick else 50
    return run(_startups(Job(1, watchlists, 1_000, warmup=given.sessions)))


async def _startups(job: Job) -> None:
    print(machine("aiokafka", "numpy"))
    pairs, closes = job.watchlists * job.assets, job.counts[0]
    print(f"\n{pairs:,} pairs, {closes:,} closes of history")
    print(f"{'':44}{'seconds':>10}{'closes/s':>12}")
    with embedded() as (servers, folder):
        plain = _deployment(job, servers, folder, "plain")
        await plain.create_topics()
        async with arrivals(servers, plain.topic("alerts"), job.partitions) as out:
            empty = await _filled(plain, Judge(job, streakwatch()), out)
            _row("ready, nothing to restore", empty)
            _row("ready, from a snapshot", await _restored(plain, job, out), empty, job.counts[0])
            changed = _deployment(job, servers, folder, "changed", min_history=1)
            _row("ready, from the log", await _ready(changed), empty, job.counts[1])
            await out.rest()
            _check_twice(out.all, job.hits())
        _row("the log, only fetched (aiokafka)", await _fetched(plain, job), 0, job.counts[1])


def _deployment(job: Job, servers: str, folder: Path, name: str, **more: Any) -> Deployment:
    """The job's watchlists, on the same topics whatever their definition."""
    home = folder / name
    home.mkdir()
    lists: Mapping[str, Any] = {key: one | more for key, one in job_watchlists(job).items()}
    return Deployment(home, servers, "startup-", lists, partitions=job.partitions)


async def _filled(deployment: Deployment, judge: Judge, out: Arrivals) -> float:
    """Start on empty topics; take the history, and stop with a snapshot."""
    begun = time.monotonic()
    with deployment.start("watcher") as worker:
        await until_ready(worker)
        seconds = time.monotonic() - begun
        records = judge.job.warmup_records()
        await write(deployment.servers, deployment.topic("watch"), records)
        await judge.until_warm(out, worker)
    return seconds


async def _restored(deployment: Deployment, job: Job, out: Arrivals) -> float:
    """Start from the snapshot, and see by more closes that the state is right."""
    expected = job.hits()
    begun = time.monotonic()
    with deployment.start("watcher", 1) as worker:
        await until_ready(worker)
        seconds = time.monotonic() - begun
        await write(deployment.servers, deployment.topic("watch"), job.timed_records())
        await out.until(lambda found: len(_hits(found)) >= len(expected),
                        within=_PATIENCE, ended=lambda: worker.ended)  # fmt: skip
    await out.rest()
    check(_hits(out.all), expected)
    return seconds


def _hits(found: Sequence[Arrival]) -> list[Hit]:
    """The hits of distinct alerts: after a stop some are sent again, with the same id."""
    values = {json.loads(arrival.value)["id"]: arrival.value for arrival in found}
    return [reading(streakwatch(), value) for value in values.values()]


def _check_twice(found: Sequence[Arrival], expected: list[Hit]) -> None:
    """WrongError unless all hits came, and were folded a second time."""
    check(_hits(found), expected)
    if len(found) < 2 * len(expected):
        raise WrongError("the log was not folded anew")


async def _ready(deployment: Deployment) -> float:
    begun = time.monotonic()
    with deployment.start("watcher") as worker:
        await until_ready(worker)
        return time.monotonic() - begun


async def _fetched(deployment: Deployment, job: Job) -> float:
    """Seconds to fetch all closes and look at none."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=deployment.servers, max_partition_fetch_bytes=4 * 1024 * 1024
    )
    await consumer.start()
    try:
        places = [TopicPartition(deployment.topic("watch"), n) for n in range(job.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        begun, left = time.monotonic(), job.counts[1]
        while left > 0:
            fetched = await consumer.getmany(timeout_ms=100, max_records=10_000)
            left -= sum(map(len, fetched.values()))
        return time.monotonic() - begun
    finally:
        await asyncio.shield(consumer.stop())


def _row(title: str, seconds: float, empty: float = 0, closes: int | None = None) -> None:
    """Print a row; ``empty`` are the seconds of a start with nothing to restore."""
    took = seconds - empty
    rate = "" if closes is None or took <= 0 else f"{closes / took:>12,.0f}"
    print(f"{title:<44}{seconds:>10.2f}{rate}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
