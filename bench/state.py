"""Memory and speed of a watchlist's state, as a worker keeps it: python bench/state.py [--quick]

For each number of pairs (all against one benchmark) and of periods, closes are put one by one;
printed are the bytes that each pair costs in state, with its record books and without, beside
those of its closes alone, and how many closes a second went in.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from streams.core.book import Book
from streams.core.pairs import Terms
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING
from streams.core.subjects import PairKey
from streams.core.watch import Watch

SHAPES = ((1, 10_000), (100, 2_500), (5_000, 250))
QUICK = ((1, 1_000), (100, 250))


def main() -> None:
    """Measure each shape and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small shapes only")
    quick = parser.parse_args().quick
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}")
    head = f"{'pairs':>8} {'periods':>8} {'bytes a pair':>14} {'without book':>14}"
    print(f"{head} {'closes alone':>14} {'closes/s':>10}")
    for pairs, periods in QUICK if quick else SHAPES:
        whole, without, closes = memory(pairs, periods)
        speed = throughput(pairs, periods)
        print(f"{pairs:>8,} {periods:>8,} {whole:>14,.0f} {without:>14,.0f} "
              f"{closes:>14,.0f} {speed:>10,.0f}")  # fmt: skip


def filled(pairs: int, periods: int) -> Watch:
    """A watch through which random closes have gone."""
    rng = np.random.default_rng(1)
    names = [f"S{number}" for number in range(pairs)]
    watch = Watch({PairKey(name, "I"): Terms(min_history=252) for name in names})
    steps = rng.normal(1, 0.01, (periods, pairs + 1)).cumprod(axis=0)
    prices = np.maximum(1, (steps * 10**8)).astype(np.int64)
    for period, row in enumerate(prices.tolist()):
        watch.put("I", period, row[-1])
        for name, price in zip(names, row[:-1], strict=True):
            watch.put(name, period, price)
    return watch


def memory(pairs: int, periods: int) -> tuple[float, float, float]:
    """Bytes for each pair: all of the state, without the books and kept states, closes alone."""
    filled(1, 10)  # what is only loaded once
    tracemalloc.start()
    watch = filled(pairs, periods)
    whole = tracemalloc.get_traced_memory()[0]
    for pair in watch.pairs:
        watch.marks(pair).clear()
        watch.tracker(pair).books = {OUTPERFORMING: Book(), UNDERPERFORMING: Book()}
    without = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    closes = sum(16 * len(one) for one in watch.closes.values())
    return whole / pairs, without / pairs, closes / pairs


def throughput(pairs: int, periods: int) -> float:
    """Closes a second, one by one, the making of the prices included."""
    begun = time.perf_counter()
    filled(pairs, periods)
    return (pairs + 1) * periods / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
