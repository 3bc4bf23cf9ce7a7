"""Bars of ticks, against one tick after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ticks_oracle import DAY, Oracle, Tick, Told
from ticks_streams import LINES, SECOND, SYMBOLS, streams

from streams.calendars import grid
from streams.core.bars import DUE, Bar, Bars
from streams.core.rings import Fate, Plan, TickColumns

FATES = {"late": Fate.LATE, "taken": Fate.TAKEN, "stale": Fate.STALE, "outside": Fate.OUTSIDE}


class Folded:
    """Bars with what they told, in the words of the oracle."""

    def __init__(self, lines: Any, grace: int, every: int, ahead: set[str]) -> None:
        self.lines = lines
        self.options = {"grace": grace, "ahead_every": every}
        self.ahead = ahead
        self.bars = self.anew()
        self.told: list[Told] = []
        self.fates: list[int] = []

    def anew(self) -> Bars:
        plans = [
            Plan(
                grid(calendar, interval),
                np.array([SYMBOLS.index(s) for s in symbols]),
                np.array([s in self.ahead for s in symbols]),
            )
            for calendar, interval, symbols in self.lines
        ]
        return Bars(plans, len(SYMBOLS), **self.options)

    def restart(self) -> None:
        state = self.bars.dump()
        self.bars = self.anew()
        self.bars.load(state)

    def take(self, ticks: list[Tick]) -> None:
        numbers = [SYMBOLS.index(t.symbol) if t.symbol else DUE for t in ticks]
        columns = (numbers, [t.instant for t in ticks], [t.price for t in ticks])
        bars, fates = self.bars.fold(TickColumns(*(np.array(c, np.int64) for c in columns)))
        self.told += map(self.close, bars)
        self.fates += [f for f, t in zip(fates.tolist(), ticks, strict=True) if t.symbol]

    def close(self, bar: Bar) -> Told:
        interval = self.lines[bar.ring][1]
        symbol = SYMBOLS[bar.symbol]
        return Told(symbol, interval, bar.period, bar.price, bar.revision, bar.provisional)


@given(
    streams(),
    st.sampled_from([0, 2 * SECOND, 59 * SECOND]),
    st.sampled_from([0, 5 * SECOND, 7 * SECOND]),
    st.sets(st.sampled_from(SYMBOLS)),
    st.data(),
)
def test_any_framing_tells_what_one_tick_after_the_other_does(
    stream: Any, grace: int, every: int, ahead: set[str], data: st.DataObject
) -> None:
    window, ticks = stream
    oracle = Oracle(LINES, grace, every, ahead, window)
    folded = Folded(LINES, grace, every, ahead)
    for tick in ticks:
        oracle.take(tick)
    start = 0
    while start < len(ticks):
        end = data.draw(st.integers(start + 1, len(ticks)))
        folded.take(ticks[start:end])
        if data.draw(st.booleans()):
            folded.restart()
        start = end
    assert folded.told == oracle.told
    assert folded.fates == [FATES[fate] for fate in oracle.fates]


# --- case by case -------------------------------------------------------------------------------


def at(text: str) -> int:
    return int(pd.Timestamp(text).value)


def told(*ticks: Tick, lines: Any = (("XNYS", "1d", ["A"]),), **options: Any) -> list[Told]:
    folded = Folded(list(lines), options.get("grace", 2 * SECOND), options.get("every", 0),
                    options.get("ahead", set()))  # fmt: skip
    folded.take(list(ticks))
    return folded.told


DAY_22 = at("2026-01-22") // DAY


def test_the_last_tick_by_its_time_is_the_close_and_of_equals_the_later_in_the_log() -> None:
    assert told(
        Tick("A", at("2026-01-22T20:59:58Z"), 5),
        Tick("A", at("2026-01-22T20:59:57Z"), 6),
        Tick("A", at("2026-01-22T20:59:58Z"), 7),
        Tick("A", at("2026-01-22T15:00:00Z"), 8),
        Tick("", at("2026-01-22T21:00:00Z")),
    ) == [Told("A", "1d", DAY_22, 7, 0)]


def test_a_tick_exactly_at_the_close_belongs_to_the_last_period() -> None:
    lines = [("XNYS", "1d", ["A"]), ("XNYS", "1m", ["A"])]
    found = told(
        Tick("A", at("2026-01-22T20:59:00Z"), 4),
        Tick("A", at("2026-01-22T21:00:00Z"), 5),
        Tick("A", at("2026-01-22T21:00:00.000000001Z"), 6),
        Tick("", at("2026-01-22T21:00:00Z")),
        lines=lines,
    )
    minute = at("2026-01-22T20:59:00Z") // (60 * SECOND)
    assert found == [Told("A", "1d", DAY_22, 5, 0), Told("A", "1m", minute, 5, 0)]


def test_a_tick_at_the_end_of_a_minute_belongs_to_the_next() -> None:
    found = told(
        Tick("A", at("2026-01-22T15:00:59.999Z"), 4),
        Tick("A", at("2026-01-22T15:01:00Z"), 5),
        Tick("", at("2026-01-22T15:00:59.999999999Z")),
        lines=[("XNYS", "1m", ["A"])],
    )
    assert found == [Told("A", "1m", at("2026-01-22T15:00:00Z") // (60 * SECOND), 4, 0)]


def test_an_interval_without_ticks_has_no_close_and_a_session_has_its_last_tick() -> None:
    lines = [("XNYS", "1d", ["A"]), ("XNYS", "1h", ["A"])]
    found = told(
        Tick("A", at("2026-01-22T15:00:00Z"), 4),
        Tick("", at("2026-01-22T21:00:00Z")),
        lines=lines,
    )
    assert [(one.interval, one.price) for one in found] == [("1d", 4), ("1h", 4)]


def test_the_grace_is_waited_for() -> None:
    ticks = [Tick("A", at("2026-01-22T15:00:30Z"), 4), Tick("B", at("2026-01-22T15:01:01.999Z"), 9)]
    lines = [("XNYS", "1m", ["A", "B"])]
    assert told(*ticks, lines=lines) == []
    more = Tick("B", at("2026-01-22T15:01:02Z"), 9)
    assert [one.price for one in told(*ticks, more, lines=lines)] == [4]


def test_late_ticks_correct_and_those_that_were_not_the_last_do_not() -> None:
    ticks = [
        Tick("A", at("2026-01-22T15:00:30Z"), 4),
        Tick("", at("2026-01-22T15:01:00Z")),
        Tick("A", at("2026-01-22T15:00:29Z"), 5),
        Tick("A", at("2026-01-22T15:00:31Z"), 4),
        Tick("A", at("2026-01-22T15:00:32Z"), 6),
        Tick("A", at("2026-01-22T15:00:32Z"), 7),
        Tick("B", at("2026-01-22T15:00:01Z"), 8),
    ]
    found = told(*ticks, lines=[("XNYS", "1m", ["A", "B"])])
    assert [(o.symbol, o.price, o.revision) for o in found] == [
        ("A", 4, 0), ("A", 6, 1), ("A", 7, 2), ("B", 8, 0)]  # fmt: skip


def test_corrections_reach_back_to_the_session_before() -> None:
    ticks = [
        Tick("A", at("2026-01-21T20:00:00Z"), 4),
        Tick("A", at("2026-01-22T20:00:00Z"), 5),
        Tick("A", at("2026-01-23T14:30:02Z"), 6),  # the 23rd has begun
        Tick("A", at("2026-01-21T20:30:00Z"), 7),
        Tick("A", at("2026-01-22T20:30:00Z"), 8),
    ]
    folded = Folded([("XNYS", "1d", ["A"])], 2 * SECOND, 0, set())
    folded.take(ticks)
    assert [(o.period - DAY_22, o.price) for o in folded.told] == [(-1, 4), (0, 5), (0, 8)]
    assert folded.fates == [Fate.TAKEN, Fate.TAKEN, Fate.TAKEN, Fate.STALE, Fate.LATE]


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2025-11-28", "2025-11-28T18:00:00Z"),  # an early close
        ("2026-03-06", "2026-03-06T21:00:00Z"),
        ("2026-03-09", "2026-03-09T20:00:00Z"),  # summer time
    ],
)
def test_each_session_ends_when_it_ends(day: str, close: str) -> None:
    tick = Tick("A", at(close) - SECOND, 4)
    assert told(tick, Tick("", at(close) - 1)) == []
    assert told(tick, Tick("", at(close))) == [Told("A", "1d", at(day) // DAY, 4, 0)]


def test_a_break_for_lunch_has_no_ticks_but_one_at_its_beginning() -> None:
    folded = Folded([("XTKS", "1h", ["C"])], 0, 0, set())
    folded.take([
        Tick("C", at("2026-01-22T02:30:00Z"), 4),  # 11:30 in Tokyo
        Tick("C", at("2026-01-22T03:00:00Z"), 5),
        Tick("C", at("2026-01-22T03:30:00Z"), 6),
    ])  # fmt: skip
    assert folded.fates == [Fate.TAKEN, Fate.OUTSIDE, Fate.TAKEN]
    assert [one.price for one in folded.told] == [4]


def test_prices_before_the_close_are_told_when_they_have_changed() -> None:
    ticks = [
        Tick("A", at("2026-01-22T15:00:00Z"), 4),
        Tick("B", at("2026-01-22T15:00:00Z"), 9),
        Tick("A", at("2026-01-22T15:00:07Z"), 5),
        Tick("A", at("2026-01-22T15:00:12Z"), 5),
        Tick("A", at("2026-01-22T15:00:17Z"), 5),
    ]
    lines = [("XNYS", "1d", ["A", "B"])]
    found = told(*ticks, lines=lines, every=5 * SECOND, ahead={"A"})
    assert found == [Told("A", "1d", DAY_22, 4, 0, True), Told("A", "1d", DAY_22, 5, 1, True)]
    assert told(*ticks, lines=lines, every=0, ahead={"A"}) == []


def test_a_storm_costs_no_memory() -> None:
    folded = Folded([("XNYS", "1m", ["A"])], 2 * SECOND, 0, set())
    begin = at("2026-01-22T15:00:00Z")
    folded.take([Tick("A", begin, 1)])
    before = repr(folded.bars.dump()).count("")
    folded.take([Tick("A", begin + number, 1) for number in range(10_000)])
    assert repr(folded.bars.dump()).count("") == before
    assert folded.bars.open() == 1
