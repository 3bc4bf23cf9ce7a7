"""A random market, and what a feed makes of it: duplicates, late closes, corrections, rubbish."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from streams import calendars

ASSETS = [f"A{number:02}" for number in range(24)]
BENCHMARKS = [f"B{number}" for number in range(8)]
FIRST_SESSION = "2024-01-02"
RULES = [
    {"kind": "threshold", "at": [8]},
    {"kind": "record", "min_length": 7},
    {"kind": "ended", "min_length": 8},
]


@dataclass(frozen=True, slots=True)
class Sent:
    """One record of the feed, as it goes into the topic ``closes``."""

    key: bytes
    value: bytes


@dataclass(frozen=True)
class Market:
    """Everything follows from the seed."""

    seed: int
    watchlists: int = 40
    pairs: int = 5
    sessions: int = 300
    late: float = 0.02
    corrected: float = 0.015
    repeated: float = 0.05
    rubbish: int = 0

    @cached_property
    def periods(self) -> Sequence[str]:
        """The sessions, as text."""
        first = int(np.datetime64(FIRST_SESSION, "D").astype(int))
        days = [day for day in calendars.sessions("XNYS") if day >= first][: self.sessions]
        return [str(np.datetime64(day, "D")) for day in days]

    def config(self, targets: Sequence[str]) -> dict[str, Any]:
        """The watchlists, each with pairs of its own."""
        chance = random.Random(f"{self.seed} watchlists")
        made = {}
        for number in range(self.watchlists):
            benchmarks = chance.sample(BENCHMARKS, 2)
            pairs = [
                {"asset": asset, "benchmark": chance.choice(benchmarks)}
                for asset in chance.sample(ASSETS, self.pairs)
            ]
            made[f"w{number:02}"] = {
                "calendar": "XNYS",
                "pairs": pairs,
                "rules": RULES,
                "targets": list(targets),
                "min_history": 0,
            }
        return made

    def feed(self) -> Iterator[Sent]:
        """The closes session by session, with all that a feed does wrong."""
        chance = random.Random(f"{self.seed} feed")
        waiting: dict[int, list[Sent]] = {}
        for at, made in enumerate(self._closes(chance)):
            now = waiting.pop(at, [])
            for sent, wrong in made:
                if chance.random() < self.late:
                    self._later(waiting, at, chance).append(sent)
                    continue
                if chance.random() < self.corrected:
                    now.append(wrong)
                    self._later(waiting, at, chance).append(sent)
                    continue
                now.append(sent)
                if chance.random() < self.repeated:
                    self._later(waiting, at, chance).append(sent)
            chance.shuffle(now)
            yield from now
            yield from self._rubbish(at, chance)
        for at in sorted(waiting):
            yield from waiting[at]

    def _closes(self, chance: random.Random) -> Iterator[list[tuple[Sent, Sent]]]:
        """For each session the closes, each with a wrong one for the same period."""
        prices = dict.fromkeys((*ASSETS, *BENCHMARKS), 10_000)
        for period in self.periods:
            made = []
            for symbol, before in prices.items():
                right = prices[symbol] = max(100, before + chance.randint(-60, 61))
                wrong = max(1, right + chance.randint(-90, 90))
                made.append((_sent(symbol, period, right), _sent(symbol, period, wrong)))
            yield made

    def _later(self, waiting: dict[int, list[Sent]], at: int, chance: random.Random) -> list[Sent]:
        return waiting.setdefault(at + chance.randint(1, 12), [])

    def _rubbish(self, at: int, chance: random.Random) -> Iterator[Sent]:
        share = self.rubbish * (at + 1) // self.sessions - self.rubbish * at // self.sessions
        for _ in range(share):
            symbol, period = chance.choice(ASSETS), self.periods[at]
            good = _sent(symbol, period, 1).value
            value = chance.choice(
                [
                    b"",
                    b"\xff\xfe",
                    good[: chance.randint(1, len(good) - 1)],
                    good.replace(b'"0.01"', b'"-1"'),
                    good.replace(symbol.encode(), b"NOBODY"),
                    good.replace(period.encode(), b"2024-12-25"),
                    b"[" * chance.randint(1, 5_000),
                    chance.randbytes(chance.randint(1, 300)),
                ]
            )
            yield Sent(symbol.encode(), value)


def _sent(symbol: str, period: str, cents: int) -> Sent:
    close = {"symbol": symbol, "period": period, "close": f"{cents / 100:.2f}"}
    return Sent(symbol.encode(), json.dumps(close).encode())
