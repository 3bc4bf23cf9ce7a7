"""What a frame costs a worker without Kafka: read, routed and folded, and with bad records in it.

    python bench/frames.py [--quick]

Closes of 25 watchlists of ten symbols come in frames: as JSON records, and as Arrow streams of
4,096. Beside them, in the same rounds, msgspec reads the same records one by one into a list, which
is the least that a loop in Python does. CPU time of this process alone is counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
import numpy as np
from shared.machine import machine

from config.watchlists import Watchlist
from streams.batches import Records, Single
from streams.calendars import by_name
from streams.columns.reader import Reader
from streams.folds.router import RouterFold
from streams.folds.watcher import WatcherFold
from streams.formats import arrow
from streams.records import Place, Topic

WATCHLISTS, SYMBOLS, ROWS = 25, 10, 4096
NAMES = [f"w{number:02d}" for number in range(WATCHLISTS)]
LEGS = [f"S{number}" for number in range(SYMBOLS)]
FIRST = date(2020, 1, 1)
ARRIVED = 10**13  # milliseconds: no period is in the future
BAD = b'{"symbol":'

Frames = list[Records]


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the table: a job over frames, which says how many alerts it brought."""

    title: str
    job: Callable[[], int]
    closes: int
    expected: int | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each case in interleaved rounds; 1 when results differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sessions and rounds")
    given = parser.parse_args(arguments)
    sessions, rounds = (200, 3) if given.quick else (1_000, 7)
    print(machine("numpy", "msgspec", "pyarrow"))
    print(f"\n{'thousand closes a second of CPU':<44}{'median':>10}{'least':>10}{'most':>10}"
          f"{'orjson':>9}")  # fmt: skip
    cases = list(_cases(sessions))
    taken: list[list[float]] = [[] for _ in cases]
    for _ in range(rounds):
        for case, rates in zip(cases, taken, strict=True):
            begun = time.process_time()
            alerts = case.job()
            rates.append(case.closes / (time.process_time() - begun) / 1000)
            if case.expected not in (None, alerts):
                print(f"{case.title}: {alerts} alerts instead of {case.expected}", file=sys.stderr)
                return 1
    base = statistics.median(taken[0])
    for case, rates in zip(cases, taken, strict=True):
        median = statistics.median(rates)
        print(f"{case.title:<44}{median:>10,.0f}{min(rates):>10,.0f}{max(rates):>10,.0f}"
              f"{median / base:>8.2f}x")  # fmt: skip
    return 0


def _cases(sessions: int) -> Iterator[Case]:
    prices = _walks(sessions)
    closes = prices.size
    records = list(_json(prices, watchlists=True))
    large, small, tiny = (_frames(records, size) for size in (50_000, 10_000, 1_000))
    streams = _frames(list(_streams(prices)), 16)
    plain = _frames(list(_json(prices, watchlists=False)), 50_000)
    hits = _fold(large)()
    yield Case("msgspec, one by one", _one_by_one(large), closes)
    yield Case("read JSON, frames of 50,000", _read(large), closes)
    yield Case("read Arrow streams of 4,096", _read(streams), closes)
    yield Case("route JSON, frames of 50,000", _route(plain), closes)
    for title, frames in (("50,000", large), ("10,000", small), ("1,000", tiny)):
        yield Case(f"read and fold JSON, frames of {title}", _fold(frames), closes, hits)
    yield Case("read and fold Arrow streams of 4,096", _fold(streams), closes, hits)
    for bad in (1, 100):
        spoilt = [_spoilt(frame, bad) for frame in small]
        title = f"JSON, frames of 10,000, {bad} bad record{'s' * (bad > 1)} in each"
        yield Case(title, _fold(spoilt), closes, hits)


def _walks(sessions: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Closes in micro-units: (sessions, watchlists, symbols), of two decimals."""
    steps = np.random.default_rng(1).normal(0, 0.01, (sessions, WATCHLISTS, SYMBOLS))
    return np.rint(np.exp(np.cumsum(steps, axis=0)) * 10_000).astype(np.int64) * 10_000


def _json(
    prices: np.ndarray[tuple[int, ...], np.dtype[np.int64]], *, watchlists: bool
) -> Iterator[Single]:
    offset = 0
    for session, rows in enumerate((prices / 10**6).tolist()):
        day = (FIRST + timedelta(session)).isoformat()
        for name, row in zip(NAMES, rows, strict=True):
            for leg, close in zip(LEGS, row, strict=True):
                where = {"watchlist": name, "symbol": leg} if watchlists else {"symbol": name + leg}
                value = msgspec.json.encode(where | {"period": day, "close": close})
                yield Single(offset, ARRIVED, name.encode(), value)
                offset += 1


def _streams(prices: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Iterator[Single]:
    first = (FIRST - date(1970, 1, 1)).days
    symbol = np.tile(np.arange(SYMBOLS), len(prices))
    period = np.repeat(np.arange(first, first + len(prices)), SYMBOLS)
    offset = 0
    for number, name in enumerate(NAMES):
        micros = prices[:, number].ravel()
        for begin in range(0, len(micros), ROWS):
            part = slice(begin, begin + ROWS)
            table = {
                "symbol": arrow.dictionary(LEGS, symbol[part]),
                "period": period[part],
                "micros": micros[part],
            }
            value = arrow.write(table, {"interval": "1d"})
            yield Single(offset, ARRIVED, name.encode(), value, arrow.HEADERS)
            offset += 1


def _frames(records: list[Single], size: int) -> Frames:
    return [Records(records[at : at + size]) for at in range(0, len(records), size)]


def _spoilt(frame: Records, bad: int) -> Records:
    records = list(frame)
    for at in range(0, len(records), len(records) // bad):
        records.insert(at, Single(0, ARRIVED, None, BAD))
    return Records(records)


def _fresh(frames: Frames) -> Frames:
    """The same frames without what was remembered of them."""
    return [frame[:] for frame in frames]  # type: ignore[misc]


def _one_by_one(frames: Frames) -> Callable[[], int]:
    def job() -> int:
        for frame in frames:
            found = [msgspec.json.decode(record.value or b"") for record in frame]
        return len(found)

    return job


def _read(frames: Frames) -> Callable[[], int]:
    def job() -> int:
        reader = Reader(LEGS, frozenset(), NAMES)
        return sum(reader.read(frame)[0].size for frame in _fresh(frames))

    return job


def _watchlists(prefix: bool) -> dict[str, Watchlist]:
    def symbol(name: str, leg: str) -> str:
        return name + leg if prefix else leg

    return {
        name: Watchlist.model_validate(
            {
                "calendar": "none",
                "pairs": [
                    {"asset": symbol(name, leg), "benchmark": symbol(name, LEGS[0])}
                    for leg in LEGS[1:]
                ],
                "rules": [{"kind": "threshold", "at": [10]}],
                "targets": ["nobody"],
            }
        )
        for name in NAMES
    }


def _route(frames: Frames) -> Callable[[], int]:
    watchlists = _watchlists(prefix=True)
    sessions = by_name((one.calendar, one.interval) for one in watchlists.values())

    def job() -> int:
        fold = RouterFold(Place(Topic.CLOSES, 0), watchlists, sessions)
        return sum(len(fold.apply(frame)) for frame in _fresh(frames))

    return job


def _fold(frames: Frames) -> Callable[[], int]:
    watchlists = _watchlists(prefix=False)

    def job() -> int:
        fold = WatcherFold(Place(Topic.WATCH, 0), watchlists)
        alerts = 0
        for frame in _fresh(frames):
            alerts += sum(output.topic is Topic.ALERTS for output in fold.apply(frame))
            fold.latest()
        return alerts

    return job


if __name__ == "__main__":
    sys.exit(main())
