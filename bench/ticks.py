"""How fast the fold of ticks is: ticks a second, as JSON and as Arrow, and the core alone.

    python bench/ticks.py [--rounds N]

5,000 symbols, 1m bars of XNYS, 5,000 ticks a second of event time, in batches of 4,096. Each round
folds all batches once, on one core, each way after the other; the table has the median, least and
most of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from streams.batches import Records, Single
from streams.columns.ticks import encode_tick, encode_ticks
from streams.core.bars import Bars
from streams.core.instants import parse
from streams.core.rings import TickColumns
from streams.folds.bars import BarsFold
from streams.plans import BarsPlan
from streams.records import Place, Topic

SYMBOLS = [f"S{number:04d}" for number in range(5_000)]
BATCH, BATCHES = 4_096, 100
STEP = 200_000  # nanoseconds from tick to tick
PLAN = BarsPlan(
    tuple(SYMBOLS),
    frozenset(),
    {("XNYS", "1m"): tuple(range(len(SYMBOLS)))},
    frozenset(),
    grace=2 * 10**9,
    max_ahead=5 * 10**9,
    ahead_every=0,
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    batches = [columns(number) for number in range(BATCHES)]
    ways = {
        "core": (batches, core),
        "Arrow messages": ([as_arrow(number, b) for number, b in enumerate(batches)], fold),
        "JSON": ([as_json(number, b) for number, b in enumerate(batches)], fold),
    }
    fold(ways["JSON"][0][:1])  # it builds the calendar
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (data, way) in ways.items():
            rates[name].append(BATCH * BATCHES / seconds(way, data) / 1e6)
    print(f"Million ticks a second, {len(SYMBOLS):,} symbols, 1m bars, batches of {BATCH:,}")
    print(f"{'':<16}{'median':>10}{'least':>10}{'most':>10}")
    for name, found in rates.items():
        print(f"{name:<16}{statistics.median(found):>10.3f}{min(found):>10.3f}{max(found):>10.3f}")


def columns(number: int) -> TickColumns:
    """A batch of ticks, as the core takes it."""
    random = np.random.default_rng(number)
    first = int(parse(["2026-01-22T15:00:00Z"])[0][0]) + number * BATCH * STEP
    return TickColumns(
        random.integers(0, len(SYMBOLS), BATCH),
        first + np.arange(BATCH) * STEP,
        random.integers(1_000, 100_000, BATCH) * 10_000,
    )


def as_json(number: int, ticks: TickColumns) -> Records:
    """One record for each tick."""
    rows = zip(*(column.tolist() for column in ticks), strict=True)
    values = [encode_tick(SYMBOLS[symbol], instant, price) for symbol, instant, price in rows]
    return Records([Single(number * BATCH + at, 0, None, v) for at, v in enumerate(values)])


def as_arrow(number: int, ticks: TickColumns) -> Records:
    """One record for all."""
    return Records([Single(number, 0, None, encode_ticks(SYMBOLS, ticks))])


def core(batches: Sequence[TickColumns]) -> int:
    """The closes that batches bring, how many."""
    bars = Bars(PLAN.plans(), len(SYMBOLS), grace=PLAN.grace)
    return sum(len(bars.fold(ticks)[0]) for ticks in batches)


def fold(batches: Sequence[Records]) -> int:
    """The same, decoded and encoded."""
    bars = BarsFold(Place(Topic.TICKS, 0), PLAN)
    return sum(len(bars.apply(records)) for records in batches)


def seconds(way: Callable[[Sequence[object]], int], batches: Sequence[object]) -> float:
    """Of the processor, in one run."""
    begun = time.process_time()
    closes = way(batches)
    took = time.process_time() - begun
    assert closes == len(SYMBOLS) * (BATCH * BATCHES * STEP // (60 * 10**9))
    return took


if __name__ == "__main__":
    main()
