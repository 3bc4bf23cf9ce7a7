"""How fast the kernel is: pair-periods a second, beside a copy of its input and beside pandas.

    python bench/kernel.py [--quick]

Each round runs every contender once, one after another, so that what else the machine does falls
on all of them alike; the table has the median, least and most of the rounds.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from streams.core.board import Board
from streams.core.kernel import running_lengths
from streams.core.pairs import Terms
from streams.core.subjects import PairKey
from streams.core.watch import Watch

Closes = npt.NDArray[np.int64]
Lengths = npt.NDArray[np.int32]
Contender = tuple[str, int, Callable[[], object]]

SHAPES = [(1, 10_000), (5_000, 2_500), (50_000, 250)]
QUICK_SHAPES = [(1, 10_000), (5_000, 250), (50_000, 25)]
FLAT_CELLS = 500_000
COLUMNS = 200


def main() -> None:
    """Print the machine, the table and the memory of a pair."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter histories")
    parser.add_argument("--rounds", type=int, default=9, help="at least 5 (default: 9)")
    options = parser.parse_args()
    print(machine())
    print(HEADER)
    for pairs, periods in QUICK_SHAPES if options.quick else SHAPES:
        measure(pairs, periods, max(options.rounds, 5))
    print(FOOTER)
    print(f"Memory of a pair: {bytes_on_a_board():.0f} bytes on a board; with its symbol, before "
          f"any close, {bytes_in_a_watchlist():,.0f} in a watchlist.")  # fmt: skip


HEADER = """
Million pair-periods a second, and how many times as fast as the others (medians)
                                    median      least       most    copy    flat columns"""
FOOTER = f"""
copy: numpy copies both inputs into warm arrays.
pandas columns: for each pair s.groupby((s != s.shift()).cumsum()).cumsum(), the usual way.
pandas flat: the same in one Series, pair after pair, its fastest form here.
Both start from closes, as the kernel does, and give the same lengths (asserted). They run on a copy
of the first pairs, up to {FLAT_CELLS:,} cells or {COLUMNS} pairs, and are scaled per pair-period.
Closes: random walks with six decimals, none missing; ties break, returns are not rounded."""


def measure(pairs: int, periods: int, rounds: int) -> None:
    """Print the rows of one shape."""
    a, b = walk(periods, pairs, 1), walk(periods, pairs, 2)
    flat, columns = min(pairs, FLAT_CELLS // periods), min(pairs, COLUMNS)
    check(a, b, flat, columns)
    some = a[:, :flat].copy(), b[:, :flat].copy()
    few = a[:, :columns].copy(), b[:, :columns].copy()
    into = np.zeros((2, *a.shape), np.int64)
    contenders: list[Contender] = [
        ("copy", pairs, lambda: copy(a, b, into)),
        (f"pandas flat, {flat:,} pairs", flat, lambda: pandas_flat(*some)),
        (f"pandas columns, {columns:,} pairs", columns, lambda: pandas_columns(*few)),
        ("whole history", pairs, lambda: running_lengths(a, b)),
        ("live", pairs, lambda: live(a, b)),
    ]
    for _, _, work in contenders:
        work()
    rates: dict[str, list[float]] = {name: [] for name, _, _ in contenders}
    for _ in range(rounds):
        for name, width, work in contenders:
            rates[name].append(width * periods / seconds(work) / 1e6)
    print(f"\n{pairs:,} pairs x {periods:,} periods, {rounds} rounds")
    medians = [statistics.median(found) for found in rates.values()]
    for (name, found), median in zip(rates.items(), medians, strict=True):
        times = "".join(f"{ratio(median / other):>8}" for other in medians[:3])
        print(f"  {name:<29} {median:>10.4g} {min(found):>10.4g} {max(found):>10.4g}{times}")


def ratio(value: float) -> str:
    """Two digits, more for large numbers."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def copy(a: Closes, b: Closes, into: Closes) -> None:
    """The floor: what it takes to read the input, and to write as much."""
    np.copyto(into[0], a)
    np.copyto(into[1], b)


def seconds(work: Callable[[], object]) -> float:
    """Of one run; of the mean of many where one is too short to be timed."""
    runs, took = 0, 0.0
    begun = time.perf_counter()
    while took < 0.01:
        work()
        runs += 1
        took = time.perf_counter() - begun
    return took / runs


def live(a: Closes, b: Closes) -> Board:
    """A board over all periods, one at a time."""
    board, pairs = Board(a.shape[1], Terms()), np.arange(a.shape[1])
    common = np.ones((1, len(pairs)), np.bool_)
    for period in range(len(a)):
        row = slice(period, period + 1)
        board.advance(pairs, np.array([period]), a[row], b[row], common)
    return board


def pandas_signs(a: Closes, b: Closes) -> pd.DataFrame:
    """The signs of the active returns; the first period has none."""
    active = pd.DataFrame(a).pct_change() - pd.DataFrame(b).pct_change()
    return np.sign(active.fillna(0))


def pandas_columns(a: Closes, b: Closes) -> Lengths:
    """Pair by pair."""
    lengths = pandas_signs(a, b).apply(lambda s: s.groupby((s != s.shift()).cumsum()).cumsum())
    return np.asarray(lengths)


def pandas_flat(a: Closes, b: Closes) -> Lengths:
    """All pairs in one Series; a pair's first period begins a group."""
    signs = pd.Series(pandas_signs(a, b).to_numpy().T.ravel())
    begins = signs != signs.shift()
    begins.iloc[:: len(a)] = True
    lengths = signs.groupby(begins.cumsum(), sort=False).cumsum()
    return np.asarray(lengths).reshape(a.shape[::-1]).T


def check(a: Closes, b: Closes, flat: int, columns: int) -> None:
    """All contenders give the same lengths."""
    lengths = running_lengths(a, b)
    assert np.array_equal(live(a, b).state.lengths, lengths[-1])
    for way, few in ((pandas_flat, flat), (pandas_columns, columns)):
        assert np.array_equal(way(a[:, :few], b[:, :few]), lengths[:, :few])


def walk(periods: int, pairs: int, seed: int) -> Closes:
    """Closes in micro-units: random walks of 1 % a period from 100, with six decimals."""
    closes = np.random.default_rng(seed).standard_normal((periods, pairs), np.float32)
    np.multiply(closes, 0.01, out=closes)
    np.cumsum(closes, axis=0, out=closes)
    return np.rint(np.exp(closes) * np.float64(1e8)).astype(np.int64)


def bytes_on_a_board() -> float:
    """Of the columns that a board holds between two periods."""
    return sum(column.nbytes for column in Board(1000, Terms()).state) / 1000


def bytes_in_a_watchlist(pairs: int = 5_000) -> float:
    """Of all that a watchlist keeps for a pair that has not had anything to tell."""
    terms, keys = Terms(), [PairKey(f"S{number}", "I") for number in range(pairs)]
    tracemalloc.start()
    watch = Watch(dict.fromkeys(keys, terms))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(watch.pairs)


def machine() -> str:
    """Cores, processor, load and versions."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = {line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")}
    return (
        f"{os.cpu_count()} cores, {', '.join(models) or platform.processor()}; "
        f"load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"numpy {np.__version__}, pandas {pd.__version__}"
    )


if __name__ == "__main__":
    main()
