"""How long a picture takes, cold and warm, and what the event loop feels of it.

    python bench/pictures.py [--quick] [--pictures N]

Cold is a process that is started for the picture, warm one that is there. Beside them the longest
time that the event loop was held, with its resting value, and what the watcher does for each alert.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from shared.command import run
from shared.machine import machine

from alerts import samples
from alerts.evidence import Holder
from alerts.model import Alert, Kind, Milestone
from alerts.pictures.chart import Chart, chart
from alerts.pictures.tail import Tail, decode, tail
from streams.artist import Artist
from streams.core import periods
from streams.core.lines import Instrument
from streams.core.series import Closes
from streams.core.views import PairView

YEARS, SESSIONS = 35, 252
_BEAT = 0.001  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=50, help="warm ones; default: 50")
    parser.add_argument("--quick", action="store_true", help="5 warm pictures, 1 cold one")
    given = parser.parse_args(arguments)
    if given.pictures < 1:
        parser.error("--pictures must be 1 or more")
    return run(_measure(*((5, 1) if given.quick else (given.pictures, 5))))


async def _measure(warm: int, cold: int) -> None:
    print(machine("matplotlib"))
    print(f"\n{'':34}{'median':>10}{'least':>10}{'most':>10}")
    alert, view = _alert(), _view()
    took = _times(lambda: tail(alert, view), 200)
    _row("history of 35 years to a tail, us", [one * 1e6 for one in took])
    found = tail(alert, view)
    assert found is not None
    took = _times(lambda: _chart(alert, found), 200)
    _row("a tail to a chart, us", [one * 1e6 for one in took])
    whole = _chart(alert, found)
    _row("cold, ms", [await _cold(whole) for _ in range(cold)])
    await _warm(whole, warm)


async def _cold(what: Chart) -> float:
    artist, began = Artist(), time.perf_counter()
    await artist.draw(what)
    took = time.perf_counter() - began
    await artist.close()
    return took * 1e3


async def _warm(what: Chart, count: int) -> None:
    artist = Artist()
    await artist.start()
    rest, took, held = [await _held(asyncio.sleep(0.1)) for _ in range(count)], [], []
    size = 0
    for number in range(count):
        other = replace(what, ratio=tuple(r * (1 + number / 1e3) for r in what.ratio))
        began = time.perf_counter()
        drawing = asyncio.create_task(artist.draw(other))
        held.append(await _held(asyncio.wait({drawing})))
        took.append((time.perf_counter() - began) * 1e3)
        size = len(drawing.result())
    await artist.close()
    _row("warm, ms", took)
    _row("longest hold of the loop, ms", held)
    _row("the same at rest, ms", rest)
    print(f"\na picture has {size:,} bytes, its tail in the log {len(_tail_bytes(what)):,}")


async def _held(work: Awaitable[object]) -> float:
    """The longest time beyond a beat that the loop took for it while something goes on, in ms."""
    longest, task = 0.0, asyncio.ensure_future(work)
    while not task.done():
        began = time.perf_counter()
        await asyncio.sleep(_BEAT)
        longest = max(longest, time.perf_counter() - began - _BEAT)
    return longest * 1e3


def _times(work: Callable[[], object], count: int) -> list[float]:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return took


def _row(title: str, took: Sequence[float]) -> None:
    figures = (statistics.median(took), min(took), max(took))
    print(f"{title:<34}" + "".join(f"{figure:>10.1f}" for figure in figures))


def _chart(alert: Alert, found: Tail) -> Chart:
    made = chart(alert, decode(found.encode()), {"RUT": "Russell 2000", "SPX": "S&P 500"})
    assert made is not None
    return made


def _tail_bytes(what: Chart) -> bytes:
    return Tail(np.array(what.periods), np.array(what.ratio)).encode()


def _view() -> PairView:
    rng, closes = np.random.default_rng(1), {"RUT": Closes(), "SPX": Closes()}
    for one in closes.values():
        prices = (np.exp(rng.normal(0, 0.01, YEARS * SESSIONS).cumsum()) * 1e9).astype(int)
        for day, price in enumerate(prices.tolist()):
            one.put(_end() - YEARS * SESSIONS + 1 + day, price)
    return PairView(Instrument("RUT", closes), Instrument("SPX", closes))


def _alert() -> Alert:
    day = _end()
    held = Holder(13, periods.to_text(day - 200), periods.to_text(day - 187))
    sample = samples.of("record.broken")
    return replace(
        sample,
        start=periods.to_text(day - 13),
        milestone=Milestone(Kind.RECORD_BROKEN, 14, "all", held),
        evidence=replace(sample.evidence, longest_since=held, record=None),
    )


def _end() -> int:
    return periods.from_text("2026-01-22")


if __name__ == "__main__":
    sys.exit(main())
