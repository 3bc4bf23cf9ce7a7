"""How long from a close's arrival in Kafka to the request at a receiver, at several loads.

    python bench/latency.py [--quick] [--alerts N] [--rates N,…]

One worker of all roles. Each second one close rings; the others, up to the rate, ring nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
from aiokafka import AIOKafkaProducer
from shared.closes import close, level, rising, spread, wavering
from shared.command import run
from shared.deployment import Deployment, Worker, until_ready, watchlist
from shared.job import LENGTH, Message
from shared.kafka import WrongError, embedded, producing, write
from shared.machine import machine
from shared.receiver import Receiver, Request

FILLERS, WIDTH = 10, 10
"""Watchlists whose closes ring nothing, and the pairs of each."""
PARTITIONS = 4
_TICK = 0.01  # seconds
_PATIENCE = 60.0  # seconds for what has not come when the last close is sent
_ASSET = re.compile(r"\bR(\d+)\b")


def main(arguments: Sequence[str] | None = None) -> int:
    """Offer each rate, and print a row for it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--alerts", type=int, default=60, help="at each rate; default: 60")
    parser.add_argument("--rates", default="1,1000,10000", help="closes/s; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="10 alerts, 1 and 1,000 closes/s")
    given = parser.parse_args(arguments)
    try:
        rates = [int(text) for text in ("1,1000" if given.quick else given.rates).split(",")]
    except ValueError:
        parser.error("--rates are whole numbers, separated by commas")
    alerts = 10 if given.quick else given.alerts
    if alerts < 1 or min(rates) < 1:
        parser.error("--alerts and --rates must be 1 or more")
    return run(_latencies(sorted(rates), alerts))


async def _latencies(rates: Sequence[int], alerts: int) -> None:
    print(machine("aiokafka"))
    print(f"\n{'closes/s offered':>16} {'sent':>10} {'alerts':>8} {'p50 ms':>10} {'p99 ms':>10} "
          f"{'max ms':>10}")  # fmt: skip
    with embedded() as (servers, folder), Receiver() as receiver:
        assets = [f"R{number}" for number in range(alerts * len(rates))]
        deployment = Deployment(
            folder, servers, "latency-", _watchlists(assets),
            partitions=PARTITIONS, receiver=receiver.url, delivery={"max_age": "none"},
        )  # fmt: skip
        await deployment.create_topics()
        before = [*level("RB", range(LENGTH + 1)),
                  *(one for asset in assets for one in rising(asset, range(LENGTH)))]  # fmt: skip
        await write(servers, deployment.topic("closes"), spread(before, PARTITIONS))
        with deployment.start("router,watcher,delivery") as worker:
            await until_ready(worker)
            fillers = _fillers()
            for number, rate in enumerate(rates):
                rings = assets[number * alerts : (number + 1) * alerts]
                sent = await _offer(deployment, rate, rings, fillers)
                if not await _row(rate, sent, receiver, worker):
                    return


def _watchlists(assets: Sequence[str]) -> dict[str, object]:
    made: dict[str, object] = {"ringing": watchlist(assets, "RB")}
    for number in range(FILLERS):
        symbols = [f"F{number}.{index}" for index in range(WIDTH)]
        made[f"filler-{number}"] = watchlist(symbols, f"B{number}")
    return made


def _fillers() -> Iterator[Message]:
    """Closes that ring nothing, without end."""
    for session in count():
        for number in range(FILLERS):
            yield close(f"B{number}", session, 10_000)
            for index in range(WIDTH):
                yield wavering(f"F{number}.{index}", session)


async def _offer(
    deployment: Deployment, rate: int, rings: Sequence[str], fillers: Iterator[Message]
) -> dict[str, float]:
    """Send closes at a rate; when those that ring came to Kafka, in seconds since 1970."""
    topic, waits = deployment.topic("closes"), {}
    async with producing(deployment.servers) as producer:
        begun, sent = time.monotonic(), 0
        for number, asset in enumerate(rings):
            while (passed := time.monotonic() - begun) < number + 0.5:
                sent = await _fill(producer, topic, fillers, sent, int(passed * (rate - 1)))
                await asyncio.sleep(_TICK)
            key, value = close(asset, LENGTH, 10_000 + LENGTH)
            waits[asset] = await producer.send(topic, value, key=key)
        return {asset: (await wait).timestamp / 1000 for asset, wait in waits.items()}


async def _fill(
    producer: AIOKafkaProducer, topic: str, fillers: Iterator[Message], sent: int, due: int
) -> int:
    for _ in range(sent, due):
        key, value = next(fillers)
        await producer.send(topic, value, key=key)
    return max(sent, due)


async def _row(rate: int, sent: dict[str, float], receiver: Receiver, worker: Worker) -> bool:
    """Print a rate's latencies; False when the worker does not keep up with it."""
    begun = time.monotonic()
    found = _found(receiver.requests, sent)
    while len(found) < len(sent):
        if time.monotonic() - begun > _PATIENCE:
            if worker.ready():
                raise WrongError(f"{len(sent) - len(found)} alerts were not delivered")
            print(f"{rate:>16,}: does not keep up, {len(found)} of {len(sent)} alerts came")
            return False
        await asyncio.sleep(_TICK)
        found = _found(receiver.requests, sent)
    took = [1000 * (found[asset] - at) for asset, at in sent.items()]
    p50, p99, most = np.percentile(took, [50, 99, 100], method="higher")
    print(f"{rate:>16,} {rate * len(sent):>10,} {len(sent):>8} {p50:>10.1f} {p99:>10.1f} "
          f"{most:>10.1f}", flush=True)  # fmt: skip
    return True


def _found(requests: Sequence[Request], sent: dict[str, float]) -> dict[str, float]:
    """When the alert of each asset came; WrongError where one came twice."""
    came: dict[str, float] = {}
    for request in requests:
        match = _ASSET.search(request.title)
        if match is None:
            raise WrongError(f"a message of something else: {request.title}")
        if match[0] in came:
            raise WrongError(f"a message came twice: {request.title}")
        came[match[0]] = request.at
    return {asset: at for asset, at in came.items() if asset in sent}


if __name__ == "__main__":
    sys.exit(main())
