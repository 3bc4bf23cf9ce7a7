"""Bars: the last price of each symbol in each period, folded from ticks by event time.

Ticks come in the order of their log, in columns. The watermark is the instant before which all
ticks are waited for: the latest tick so far less a grace, or what the log says is due. A period is
closed when the watermark has reached its end; a tick that comes later, and is the last of its
period nevertheless, corrects its close. What comes of a tick does not depend on how the log is cut
into batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from streams.core.grids import Numbers
from streams.core.rings import Fate, Plan, Ring, TickColumns, Told

NEVER = int(np.iinfo(np.int64).max)
_FIRST = int(np.iinfo(np.int64).min)

DUE = -1
"""In the place of a symbol: no tick, but the instant up to which all ticks are waited for."""


class Bar(NamedTuple):
    """The close of a period: ``ring`` and ``symbol`` by number, ``price`` in micro-units.

    ``revision`` counts the closes of the period before it, among those that are as provisional.
    """

    ring: int
    symbol: int
    period: int
    price: int
    revision: int
    provisional: bool


class Bars:
    """The rings of one partition, and its watermark."""

    def __init__(
        self, plans: Sequence[Plan], symbols: int, *, grace: int, ahead_every: int = 0
    ) -> None:
        """The bars of some symbols, which are numbered from 0.

        Args:
            plans: one for each grid.
            symbols: how many symbols there are.
            grace: how long ticks are waited for, in nanoseconds; less than a minute.
            ahead_every: how often prices are told before the close, in nanoseconds of the
                watermark; 0 for never.
        """
        self.rings = [Ring(plan, symbols) for plan in plans]
        self.watermark = _FIRST
        self._grace = grace
        looks_ahead = any(ring.looks_ahead for ring in self.rings)
        self._every = ahead_every if looks_ahead else 0

    def fold(self, ticks: TickColumns) -> tuple[list[Bar], Numbers]:
        """Take ticks; in the place of a symbol may be ``DUE``, and then the price has no meaning.

        Returns:
            the closes in the order in which they come about, and the :class:`Fate` of each tick.
        """
        bars: list[Bar] = []
        fates = np.full(len(ticks.symbols), Fate.TAKEN.value)
        instants = ticks.instants
        marks = np.where(ticks.symbols == DUE, instants + 1, instants - self._grace)
        marks = np.maximum(np.maximum.accumulate(marks), self.watermark)
        start = 0
        while start < len(marks):
            if marks[start] > self.watermark:
                bars += self._advance(int(marks[start]))
            end = int(np.searchsorted(marks, self._next_turn(), side="left"))
            places = np.flatnonzero(ticks.symbols[start:end] != DUE) + start
            some, fates[places] = self._place(ticks.at(places))
            bars += some
            self.watermark = int(marks[end - 1])
            start = end
        return bars, fates

    def waits_for(self) -> list[int]:
        """The ends, in nanoseconds, of the periods that have ticks and are not closed."""
        return sorted({end for ring in self.rings for end in ring.waits_for()})

    def open(self) -> int:
        """How many periods of symbols have ticks and are not closed."""
        rings = self.rings
        return sum(int(np.count_nonzero(r.instants[r.held >= r.closed])) for r in rings)

    def dump(self) -> dict[str, Any]:
        """The state: plain numbers, and arrays that later ticks leave alone."""
        return {
            "watermark": self.watermark,
            "rings": [
                {
                    "held": held.tolist(),
                    "instants": ring.instants[rows],
                    "prices": ring.prices[rows],
                    "revisions": [[*key, count] for key, count in ring.revisions.items()],
                    "told": ring.told.copy(),
                }
                for ring in self.rings
                for rows in [np.flatnonzero(ring.held >= 0)]
                for held in [ring.held[rows]]
            ],
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`, for bars of the same plans that have taken nothing yet."""
        self.watermark = state["watermark"]
        for ring, dumped in zip(self.rings, state["rings"], strict=True):
            held = np.array(dumped["held"], np.int64)
            rows, shape = held % len(ring.held), (len(held), ring.instants.shape[1])
            ring.held[rows] = held
            ring.instants[rows] = dumped["instants"].reshape(shape)
            ring.prices[rows] = dumped["prices"].reshape(shape)
            ring.revisions = {(n, column): count for n, column, count in dumped["revisions"]}
            ring.told = dumped["told"].reshape(ring.told.shape).copy()
            ring.closed = ring.grid.ended(self.watermark)
            ring.kept = ring.grid.kept(self.watermark)

    def _advance(self, watermark: int) -> Iterator[Bar]:
        turns = self._every and watermark // self._every > self.watermark // self._every
        for number, ring in enumerate(self.rings):
            for told in ring.advance(watermark):
                yield _bar(number, told)
        for number, ring in enumerate(self.rings if turns else ()):
            for told in ring.ahead():
                yield _bar(number, told, provisional=True)
        self.watermark = watermark

    def _next_turn(self) -> int:
        """The watermark at which anything but the bars of ticks changes."""
        turns = [ring.next_turn(self.watermark) for ring in self.rings]
        if self._every:
            turns.append((self.watermark // self._every + 1) * self._every)
        return min(turns, default=NEVER)

    def _place(self, ticks: TickColumns) -> tuple[list[Bar], Numbers]:
        """Take ticks between two turns: what is corrected, and the fate of each."""
        fates = np.full(len(ticks.symbols), Fate.OUTSIDE.value)
        bars: list[tuple[int, Bar]] = []
        for number, ring in enumerate(self.rings):
            found, mine, corrections = ring.place(ticks)
            fates[mine] = np.minimum(fates[mine], found[mine])
            bars += [(place, _bar(number, told)) for place, told in corrections]
        bars.sort(key=lambda one: one[0])
        return [bar for _, bar in bars], fates


def _bar(ring: int, told: Told, *, provisional: bool = False) -> Bar:
    return Bar(ring, told.symbol, told.period, told.price, told.revision, provisional)
