"""Which closes are made of ticks: the symbols and periods that the watchlists need."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from config.rules import ProvisionalRule
from config.settings import Settings
from config.watchlists import Watchlist
from streams.calendars import grid
from streams.core.rings import Plan
from streams.definitions import signed

_SECOND = 1_000_000_000

Line = tuple[str, str]
"""A calendar and an interval."""


@dataclass(frozen=True, slots=True)
class BarsPlan:
    """The symbols by number, the lines that have some of them, and what decides the closes."""

    symbols: tuple[str, ...]
    signed: frozenset[int]
    lines: Mapping[Line, tuple[int, ...]]
    ahead: frozenset[int]
    """The symbols that are told before the close too."""
    grace: int
    """In nanoseconds, like those below."""
    max_ahead: int
    ahead_every: int

    @property
    def definition(self) -> str:
        """The hash of all that decides which closes the ticks bring."""
        every = self.ahead_every if self.ahead else 0
        data: list[Any] = [list(self.symbols), sorted(self.signed), sorted(self.ahead)]
        data += [[[*line, *of] for line, of in self.lines.items()]]
        data += [self.grace, self.max_ahead, every]
        return hashlib.sha256(json.dumps(data).encode()).hexdigest()[:16]

    def plans(self) -> list[Plan]:
        """The same, for the core; its rings are the lines in their order."""
        ahead = np.array(sorted(self.ahead), np.int64)
        return [
            Plan(grid(*line), numbers := np.array(of, np.int64), np.isin(numbers, ahead))
            for line, of in self.lines.items()
        ]


def bars_plan(settings: Settings) -> BarsPlan:
    """What the ticks of a deployment are made into.

    A symbol has one close for each period and interval: where one watchlist has an exchange's
    calendar and another 'none', which takes periods as they come, it is the exchange's.
    """
    chosen = settings.bars.symbols
    needed: dict[tuple[str, str], str] = {}
    ahead: set[str] = set()
    for watchlist in settings.watchlists.values():
        some = watchlist.symbols().intersection(chosen) if chosen else watchlist.symbols()
        for symbol in some:
            line = (symbol, watchlist.interval)
            if needed.get(line, "none") == "none":
                needed[line] = watchlist.calendar
        if _looks_ahead(watchlist):
            ahead |= some
    symbols = tuple(sorted({symbol for symbol, _ in needed}))
    numbers = {symbol: number for number, symbol in enumerate(symbols)}
    lines: dict[Line, list[int]] = {}
    for (symbol, interval), calendar in sorted(needed.items()):
        lines.setdefault((calendar, interval), []).append(numbers[symbol])
    return BarsPlan(
        symbols,
        frozenset(numbers[s] for s in signed(settings.instruments) if s in numbers),
        {line: tuple(lines[line]) for line in sorted(lines)},
        frozenset(numbers[s] for s in ahead),
        *(round(seconds * _SECOND) for seconds in (
            settings.bars.grace, settings.bars.max_ahead, settings.bars.provisional_every)),
    )  # fmt: skip


def _looks_ahead(watchlist: Watchlist) -> bool:
    return any(isinstance(rule, ProvisionalRule) for rule in watchlist.rules)
