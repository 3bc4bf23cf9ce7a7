"""What ticks should be made into, one tick after the other, with lists and loops alone."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache

import exchange_calendars
import pandas as pd

MINUTE = 60_000_000_000
DAY = 1440 * MINUTE
LENGTHS = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60}


@dataclass(frozen=True)
class Period:
    """Its instants in nanoseconds: [begin, end), and of the pieces in which there is trading."""

    period: int
    session: int
    end: int
    pieces: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Tick:
    """A tick; without a symbol the instant up to which all are waited for."""

    symbol: str
    instant: int
    price: int = 0


@dataclass(frozen=True)
class Told:
    """A close."""

    symbol: str
    interval: str
    period: int
    price: int
    revision: int
    provisional: bool = False


@cache
def opens_of(calendar: str, first: str, last: str) -> list[tuple[int, list[tuple[int, int]]]]:
    """The day of each session, and its stretches of trading in nanoseconds."""
    if calendar == "none":
        days = pd.date_range(first, last)
        return [(d.value // DAY, [(d.value, d.value + DAY)]) for d in days]
    schedule = exchange_calendars.get_calendar(calendar).schedule.loc[first:last]
    sessions = []
    for day, row in schedule.iterrows():
        points = [row["open"], row["break_start"], row["break_end"], row["close"]]
        times = [pd.Timestamp(point).value for point in points if not pd.isna(point)]
        stretches = list(zip(times[::2], times[1::2], strict=True))
        sessions.append((pd.Timestamp(day).value // DAY, stretches))
    return sessions


@cache
def periods_of(calendar: str, interval: str, first: str, last: str) -> list[Period]:
    """All periods of some days, ascending."""
    sessions = opens_of(calendar, first, last)
    starts = {start for _, stretches in sessions for start, _ in stretches}
    found = []
    for number, (day, stretches) in enumerate(sessions):
        pieces = [(start, end if end in starts else end + 1) for start, end in stretches]
        if interval == "1d":
            found.append(Period(day, number, pieces[-1][1], tuple(pieces)))
            continue
        for (start, end), (_, closing) in zip(stretches, pieces, strict=True):
            for begin in range(start, end, LENGTHS[interval] * MINUTE):
                over = begin + LENGTHS[interval] * MINUTE
                until = closing if over >= end else over
                found.append(Period(begin // MINUTE, number, until, ((begin, until),)))
    return found


@dataclass
class Oracle:
    """The closes of some lines (calendar, interval, symbols), told into ``told``."""

    lines: list[tuple[str, str, list[str]]]
    grace: int
    every: int
    ahead: set[str]
    window: tuple[str, str]
    told: list[Told] = field(default_factory=list)
    fates: list[str] = field(default_factory=list)
    watermark: int | None = None

    def __post_init__(self) -> None:
        self.periods = [periods_of(c, i, *self.window) for c, i, _ in self.lines]
        self.ends = [[period.end for period in periods] for periods in self.periods]
        self.opens = [[s[0][0] for _, s in opens_of(c, *self.window)] for c, _, _ in self.lines]
        self.bars: list[dict[tuple[str, Period], tuple[int, int]]] = [{} for _ in self.lines]
        self.counts: dict[tuple[int, str, Period, bool], int] = {}
        self.last: dict[tuple[int, str, Period], int] = {}

    def take(self, tick: Tick) -> None:
        """One record."""
        mark = tick.instant - self.grace if tick.symbol else tick.instant + 1
        if self.watermark is None or mark > self.watermark:
            before, self.watermark = self.watermark, mark
            self._close(before)
            if self.every and (before is None or before // self.every < mark // self.every):
                self._look_ahead()
        if tick.symbol:
            self._place(tick)

    def _close(self, before: int | None) -> None:
        assert self.watermark is not None
        for line, (_, _, symbols) in enumerate(self.lines):
            first = 0 if before is None else bisect_right(self.ends[line], before)
            for period in self.periods[line][first:]:
                if period.end > self.watermark:
                    break
                for symbol in symbols:
                    self._tell(line, symbol, period, provisional=False)

    def _look_ahead(self) -> None:
        assert self.watermark is not None
        for line, (_, _, symbols) in enumerate(self.lines):
            period = next(p for p in self.periods[line] if p.end > self.watermark)
            for symbol in symbols:
                bar = self.bars[line].get((symbol, period))
                if symbol in self.ahead and bar and self.last.get((line, symbol, period)) != bar[1]:
                    self._tell(line, symbol, period, provisional=True)
                    self.last[line, symbol, period] = bar[1]

    def _tell(self, line: int, symbol: str, period: Period, *, provisional: bool) -> None:
        bar = self.bars[line].get((symbol, period))
        if bar is None:
            return
        key = (line, symbol, period, provisional)
        revision = self.counts[key] = self.counts.get(key, -1) + 1
        interval = self.lines[line][1]
        self.told.append(Told(symbol, interval, period.period, bar[1], revision, provisional))

    def _place(self, tick: Tick) -> None:
        assert self.watermark is not None
        fates = set()
        for line, (_, _, symbols) in enumerate(self.lines):
            if tick.symbol in symbols:
                fates.add(self._put(line, tick))
        order = ("late", "taken", "stale", "outside")
        self.fates.append(next(fate for fate in order if fate in fates))

    def _put(self, line: int, tick: Tick) -> str:
        assert self.watermark is not None
        period = next(
            (p for p in self.periods[line] if any(a <= tick.instant < b for a, b in p.pieces)),
            None,
        )
        if period is None:
            return "outside"
        current = sum(start <= self.watermark for start in self.opens[line]) - 1
        if period.session < current - 1:
            return "stale"
        key = (tick.symbol, period)
        bar = self.bars[line].get(key)
        late = period.end <= self.watermark
        if bar is None or tick.instant >= bar[0]:
            self.bars[line][key] = (tick.instant, tick.price)
            if late and (bar is None or bar[1] != tick.price):
                self._tell(line, tick.symbol, period, provisional=False)
        return "late" if late else "taken"
