"""Alerts, histories and charts for the tests of pictures."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np

from alerts import samples
from alerts.evidence import Holder
from alerts.model import Alert, Kind, Milestone
from alerts.pictures.chart import Chart, chart
from alerts.pictures.tail import Tail
from streams.core.lines import Instrument
from streams.core.periods import from_text, to_date
from streams.core.series import Closes
from streams.core.views import PairView

END = from_text("2026-01-22")
NAMES = {"RUT": "Russell 2000", "SPX": "S&P 500"}
BEFORE = Holder(13, "2008-05-20", "2008-06-06", "published")


def weekdays(count: int, end: int = END) -> list[int]:
    """The last so many weekdays up to one."""
    found = [day for day in range(end - 2 * count - 9, end + 1) if to_date(day).weekday() < 5]
    return found[-count:]


def a_view(days: list[int]) -> PairView:
    """RUT at 1, 2, 3 … per mil of SPX's 1,000."""
    closes = {"RUT": Closes(), "SPX": Closes()}
    for number, day in enumerate(days, 1):
        closes["RUT"].put(day, number * 1_000_000)
        closes["SPX"].put(day, 1_000_000_000)
    return PairView(Instrument("RUT", closes), Instrument("SPX", closes))


def a_tail(count: int = 252, end: int = END) -> Tail:
    """A ratio that waves."""
    days = np.array(weekdays(count, end), np.int64)
    return Tail(days, 0.36 + 0.02 * np.sin(np.arange(count) / 20))


def an_alert(held: Holder | None = BEFORE, **changes: Any) -> Alert:
    """RUT has beaten SPX for fourteen sessions up to END, and broken a record."""
    sample = samples.of("record.broken")
    alert = replace(
        sample,
        start="2026-01-05",
        milestone=Milestone(Kind.RECORD_BROKEN, 14, "since 2000-01-03", held),
        evidence=replace(sample.evidence, longest_since=held, record=held),
    )
    return replace(alert, **changes)


def a_chart(
    held: Holder | None = BEFORE, names: dict[str, str] | None = None, **changes: Any
) -> Chart:
    """The chart of :func:`an_alert`."""
    made = chart(an_alert(held, **changes), a_tail(), NAMES if names is None else names)
    assert made is not None
    return made


class FakeArtist:
    """Draws at once, or as told: a failure is raised, an event is waited for."""

    def __init__(self, *does: Exception | asyncio.Event) -> None:
        self.does = list(does)
        self.drawn: list[Chart] = []
        self.started = self.closed = False

    async def start(self) -> None:
        self.started = True
        await self.draw(None)  # type: ignore[arg-type]
        self.drawn.clear()

    async def draw(self, chart: Chart) -> bytes:
        self.drawn.append(chart)
        what = self.does.pop(0) if self.does else None
        if isinstance(what, Exception):
            raise what
        if what is not None:
            await what.wait()
        return b"png"

    async def close(self) -> None:
        self.closed = True
