"""The shared job: closes of many watchlists, and the hits that every engine must report.

A watchlist has ten symbols unless told otherwise; S1 and all after it are measured against S0. A
hit is a streak of relative returns that reaches ten sessions. The closes go session by session, in
each the benchmark first, and the watchlists take turns, so that no two neighbours belong together.
Where a watchlist's closes lie is what Kafka makes of its name, as for any producer.

Each partition ends with a marker: a small watchlist of its own whose streak reaches ten with the
partition's last close. So an engine has read all when the hits of all markers are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import count

import numpy as np
import numpy.typing as npt

from streams.topics import partition_of

BENCHMARK, FIRST_ASSET = "S0", "S1"
LENGTH = 10
FIRST_DAY = date(2001, 1, 1)
MARKER_SESSIONS = LENGTH + 1

Message = tuple[bytes, bytes]
"""A record's key and value."""
Partitions = list[list[Message]]
"""The records of each partition, in order."""
Cents = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A streak that reaches ten; ``period`` is its tenth session."""

    watchlist: str
    symbol: str
    period: str
    direction: str


@dataclass(frozen=True)
class Job:
    """So many sessions of so many watchlists; the first ``warmup`` sessions are not timed."""

    sessions: int = 1000
    watchlists: int = 100
    assets: int = 9
    partitions: int = 4
    warmup: int = 100
    seed: int = 1

    def __post_init__(self) -> None:
        """Raise ValueError for a job without closes."""
        if min(self.sessions, self.watchlists, self.assets, self.partitions) < 1:
            raise ValueError("a job has at least one session, watchlist, asset and partition")
        if self.warmup < 0:
            raise ValueError("the warm-up has no session, or some")

    @property
    def session(self) -> int:
        """The closes of one session."""
        return self.watchlists * (1 + self.assets)

    @property
    def closes(self) -> int:
        """The closes that are timed, markers left out."""
        return self.sessions * self.session

    @property
    def counts(self) -> tuple[int, int]:
        """The records of the warm-up, and all records; markers included."""
        markers = self.partitions * MARKER_SESSIONS * 2
        warm = self.warmup * self.session + markers
        return warm, warm + self.closes + markers

    @cached_property
    def symbols(self) -> list[str]:
        """The symbols of each watchlist, the benchmark first."""
        return [f"S{number}" for number in range(1 + self.assets)]

    @cached_property
    def names(self) -> list[str]:
        """The watchlists."""
        return [f"w{number:02}" for number in range(self.watchlists)]

    @cached_property
    def cents(self) -> Cents:
        """All closes in cents, shape (warmup + sessions, watchlists, symbols)."""
        shape = (self.warmup + self.sessions, self.watchlists, 1 + self.assets)
        return walk(shape, self.seed)

    @cached_property
    def markers(self) -> tuple[list[str], list[str]]:
        """The markers behind the warm-up and behind the rest, one for each partition."""
        return marker_names("before", self.partitions), marker_names("after", self.partitions)

    def warmup_records(self) -> Partitions:
        """What an engine reads before the clock starts."""
        return self._records(range(self.warmup), self.markers[0])

    def timed_records(self) -> Partitions:
        """What it reads while the clock runs."""
        return self._records(range(self.warmup, self.warmup + self.sessions), self.markers[1])

    def _records(self, sessions: range, markers: list[str]) -> Partitions:
        places = [partition_of(name.encode(), self.partitions) for name in self.names]
        made: Partitions = [[] for _ in range(self.partitions)]
        for session in sessions:
            day, cents = period(session), self.cents[session].T.tolist()
            for symbol, row in zip(self.symbols, cents, strict=True):
                for name, place, close in zip(self.names, places, row, strict=True):
                    made[place].append(message(name, symbol, day, close))
        for records, name in zip(made, markers, strict=True):
            records.extend(marker_records(name))
        return made

    def hits(self) -> list[Hit]:
        """What every engine must report, sorted; markers included."""
        found = [Hit(name, FIRST_ASSET, period(LENGTH), "outperforming")
                 for names in self.markers for name in names]  # fmt: skip
        for number, name in enumerate(self.names):
            closes = self.cents[:, number].T.tolist()
            for symbol, asset in zip(self.symbols[1:], closes[1:], strict=True):
                found += (Hit(name, symbol, period(session), direction)
                          for session, direction in streaks_of(asset, closes[0]))  # fmt: skip
        return sorted(found)


def streaks_of(asset: list[int], benchmark: list[int]) -> Iterator[tuple[int, str]]:
    """The sessions in which a streak reaches ten, with its direction; closes of any one unit."""
    streak = 0
    for session in range(1, len(asset)):
        difference = asset[session] * benchmark[session - 1]
        difference -= benchmark[session] * asset[session - 1]
        sign = (difference > 0) - (difference < 0)
        streak = streak + sign if streak * sign > 0 else sign
        if abs(streak) == LENGTH:
            yield session, "outperforming" if streak > 0 else "underperforming"


def walk(shape: tuple[int, ...], seed: int) -> Cents:
    """Random walks of 1 % a session from 100.00 along the first axis, within 5 and 2,000."""
    steps = np.random.default_rng(seed).normal(0, 0.01, shape)
    logs = np.clip(np.cumsum(steps, axis=0), -3, 3)
    cents: Cents = np.rint(np.exp(logs) * 10_000).astype(np.int64)
    return cents


def period(session: int) -> str:
    """The day of a session: one after the other, without a calendar."""
    return (FIRST_DAY + timedelta(session)).isoformat()


def message(watchlist: str, symbol: str, day: str, cents: int) -> Message:
    """A close as it lies in the topic."""
    close = f"{cents // 100}.{cents % 100:02}"
    text = f'{{"watchlist":"{watchlist}","symbol":"{symbol}","period":"{day}","close":{close}}}'
    return watchlist.encode(), text.encode()


def marker_names(stem: str, partitions: int) -> list[str]:
    """For each partition a name that Kafka puts there."""
    names: dict[int, str] = {}
    for number in count():
        if len(names) == partitions:
            return [names[partition] for partition in range(partitions)]
        name = f"{stem}-{number}"
        names.setdefault(partition_of(name.encode(), partitions), name)
    raise AssertionError("count() has no end")


def marker_records(name: str) -> Iterator[Message]:
    """A watchlist of two symbols whose streak reaches ten with the last record."""
    for session in range(MARKER_SESSIONS):
        yield message(name, BENCHMARK, period(session), 10_000)
        yield message(name, FIRST_ASSET, period(session), 10_000 + session)
