"""Streams of ticks that wander through odd days."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st
from ticks_oracle import DAY, Tick, opens_of

SECOND = 1_000_000_000

LINES = [
    ("XNYS", "1d", ["A", "B"]),
    ("XNYS", "1m", ["A"]),
    ("XTKS", "1h", ["C"]),
    ("24/7", "15m", ["B"]),
    ("none", "5m", ["D"]),
    ("none", "1d", ["C", "D"]),
]
SYMBOLS = ["A", "B", "C", "D"]

#: An early close, the end of daylight saving time in New York and its beginning, a plain week.
WINDOWS = [
    ("2025-11-24", "2025-12-03"),
    ("2025-10-30", "2025-11-05"),
    ("2026-03-05", "2026-03-11"),
    ("2026-01-20", "2026-01-27"),
]


def edges(window: tuple[str, str]) -> list[int]:
    """Where something may change."""
    found = {
        instant
        for calendar in ("XNYS", "XTKS", "none")
        for _, stretches in opens_of(calendar, *window)
        for stretch in stretches
        for instant in stretch
    }
    return sorted(found)


STEPS = st.one_of(
    st.integers(-3 * SECOND, 3 * SECOND),
    st.integers(-90, 90).map(lambda seconds: seconds * SECOND),
    st.integers(-2, 2),
    st.integers(-2000, 3000).map(lambda minutes: minutes * 60 * SECOND),
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[tuple[str, str], list[Tick]]:
    """Ticks that wander through some days: out of order, twice, late, with gaps and storms."""
    window = draw(st.sampled_from(WINDOWS))
    first, last = (pd.Timestamp(day).value for day in window)
    low, high = first + 2 * DAY, last - DAY
    marks = [mark for mark in edges(window) if low < mark < high]
    at = draw(st.sampled_from(marks))
    ticks: list[Tick] = []
    for _ in range(draw(st.integers(1, 40))):
        kind = draw(st.integers(0, 9))
        if kind == 0:
            at = draw(st.sampled_from(marks))
        at = min(max(at + draw(STEPS), low), high)
        if kind == 1 and ticks:
            ticks.append(ticks[draw(st.integers(0, len(ticks) - 1))])
        elif kind == 2:
            ticks.append(Tick("", at - draw(st.sampled_from([0, SECOND, DAY]))))
        else:
            symbol = "A" if kind > 7 else draw(st.sampled_from(SYMBOLS))
            ticks.append(Tick(symbol, at, draw(st.integers(1, 3))))
    return window, ticks
