"""Closes as a feed sends them: to the topic ``closes``, by their symbol."""

from __future__ import annotations

from collections.abc import Iterable

from shared.job import Message, Partitions, period
from streams.topics import partition_of


def close(symbol: str, session: int, cents: int) -> Message:
    """A close for the router."""
    day, price = period(session), f"{cents // 100}.{cents % 100:02}"
    return symbol.encode(), f'{{"symbol":"{symbol}","period":"{day}","close":{price}}}'.encode()


def rising(symbol: str, sessions: Iterable[int]) -> list[Message]:
    """Closes that gain on a benchmark of :func:`level` closes in every session."""
    return [close(symbol, session, 10_000 + session) for session in sessions]


def level(symbol: str, sessions: Iterable[int]) -> list[Message]:
    """Closes that stay the same."""
    return [close(symbol, session, 10_000) for session in sessions]


def wavering(symbol: str, session: int) -> Message:
    """A close that gains and loses in turn, so that no streak is longer than one session."""
    return close(symbol, session, 10_000 + session % 2)


def spread(messages: Iterable[Message], partitions: int) -> Partitions:
    """Each where its key belongs."""
    made: Partitions = [[] for _ in range(partitions)]
    for key, value in messages:
        made[partition_of(key, partitions)].append((key, value))
    return made
