"""The closing bell: 5,000 symbols in 50,000 pairs close within the same second, and 1 % ring.

    python bench/bell.py [--quick] [--rounds N]

50 watchlists of 1,000 pairs, each symbol in ten of them, against one benchmark. One worker of all
roles. Timed from the first close sent to the last alert in its topic, and to the last request at
the receiver.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.closes import close, level, rising, spread, wavering
from shared.command import run
from shared.contenders import reading, streakwatch
from shared.deployment import Deployment, until_ready, watchlist
from shared.job import LENGTH, Hit, period
from shared.kafka import Arrivals, WrongError, arrivals, embedded, write
from shared.machine import machine
from shared.measuring import check
from shared.process import Process
from shared.receiver import Receiver

BENCHMARK = "INDEX"
PARTITIONS = 4
EACH_RINGS = 100
"""One symbol in so many rings."""
_PATIENCE = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Bell:
    """So many watchlists of so many pairs; their assets are the symbols, over and over."""

    symbols: int = 5_000
    watchlists: int = 50
    width: int = 1_000

    @property
    def assets(self) -> list[str]:
        """All symbols but the benchmark."""
        return [f"A{number}" for number in range(self.symbols)]

    def members(self, watchlist: int) -> list[str]:
        """The assets of a watchlist."""
        first = watchlist * self.width
        return [f"A{number % self.symbols}" for number in range(first, first + self.width)]

    def rings(self, asset: str) -> bool:
        """Whether an asset's tenth session is the bell's."""
        return int(asset[1:]) % EACH_RINGS == 0

    def hits(self) -> list[Hit]:
        """What must be told."""
        return sorted(
            Hit(f"list-{number}", asset, period(LENGTH), "outperforming")
            for number in range(self.watchlists)
            for asset in self.members(number)
            if self.rings(asset)
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Ring the bell some times, each on topics of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument(
        "--quick", action="store_true", help="one round of 1,000 symbols in 5,000 pairs"
    )
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error("--rounds must be 1 or more")
    bell = Bell(1_000, 5) if given.quick else Bell()
    return run(_rounds(bell, 1 if given.quick else given.rounds))


async def _rounds(bell: Bell, rounds: int) -> None:
    print(machine("aiokafka"))
    pairs = bell.watchlists * bell.width
    print(f"\n{bell.symbols:,} symbols, {pairs:,} pairs, {len(bell.hits()):,} alerts")
    print(f"{'round':>5} {'last alert s':>14} {'last delivered s':>18}")
    with embedded() as (servers, folder):
        for number in range(rounds):
            home = folder / str(number)
            home.mkdir()
            alerted, delivered = await _ring(bell, servers, home, f"bell{number}-")
            print(f"{number + 1:>5} {alerted:>14.2f} {delivered:>18.2f}", flush=True)


async def _ring(bell: Bell, servers: str, folder: Path, prefix: str) -> tuple[float, float]:
    """Seconds from the first close to the last alert, and to the last delivery."""
    lists = {f"list-{number}": watchlist(bell.members(number), BENCHMARK)
             for number in range(bell.watchlists)}  # fmt: skip
    with Receiver() as receiver:
        deployment = Deployment(
            folder, servers, prefix, lists,
            partitions=PARTITIONS, receiver=receiver.url, delivery={"max_age": "none"},
        )  # fmt: skip
        await deployment.create_topics()
        topic = deployment.topic("closes")
        await write(servers, topic, spread(_before(bell), PARTITIONS))
        with deployment.start("router,watcher,delivery") as worker:
            async with arrivals(servers, deployment.topic("alerts"), PARTITIONS) as out:
                await until_ready(worker)
                begun, began = time.monotonic(), time.time()
                await write(servers, topic, spread(_bell(bell), PARTITIONS))
                await _all(bell, out, worker)
                alerted = max(arrival.at for arrival in out.all) - begun
                await _delivered(bell, receiver, worker)
                await out.rest()
                check([reading(streakwatch(), one.value) for one in out.all], bell.hits())
    return alerted, max(request.at for request in receiver.requests) - began


def _before(bell: Bell) -> list[tuple[bytes, bytes]]:
    """Nine sessions of a streak for what rings, and one session for all others."""
    made = level(BENCHMARK, range(LENGTH))
    for asset in bell.assets:
        made += rising(asset, range(LENGTH)) if bell.rings(asset) else [wavering(asset, LENGTH - 1)]
    return made


def _bell(bell: Bell) -> list[tuple[bytes, bytes]]:
    """The closes of one session."""
    return [close(BENCHMARK, LENGTH, 10_000),
            *(close(asset, LENGTH, 10_000 + LENGTH) if bell.rings(asset)
              else wavering(asset, LENGTH) for asset in bell.assets)]  # fmt: skip


async def _all(bell: Bell, out: Arrivals, worker: Process) -> None:
    expected = len(bell.hits())
    await out.until(
        lambda found: len(found) >= expected, within=_PATIENCE, ended=lambda: worker.ended
    )


async def _delivered(bell: Bell, receiver: Receiver, worker: Process) -> None:
    """Until every alert has been received; WrongError if one comes twice, or not at all."""
    expected, deadline = len(bell.hits()), time.monotonic() + _PATIENCE
    while len(receiver.requests) < expected:
        if worker.ended or time.monotonic() > deadline:
            what = f"{len(receiver.requests)} of {expected} alerts were delivered"
            raise WrongError(f"{what} {worker.ended}".strip())
        await asyncio.sleep(0.01)
    if len(receiver.requests) > expected:
        raise WrongError("an alert was delivered twice")


if __name__ == "__main__":
    sys.exit(main())
