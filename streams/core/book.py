"""The record book: the longest streaks of one pair and direction, with their dates.

Only a streak that no later one equals can be "the longest since" anything, so the book is a
stack of strictly falling lengths: small, whatever the history. Of equal streaks the latest is
kept, which is the one that "longest since" and "last matched" name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished streak; periods in days since 1970-01-01.

    ``source`` is set for a seed. ``begins_known`` says that it begins with the first return
    known, so that it may have been longer.
    """

    length: int
    start: int
    end: int
    source: str = ""
    begins_known: bool = False


class Book:
    """The finished streaks of one direction that can still matter."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: list[Entry] = []
        for entry in sorted(entries, key=lambda entry: entry.end):
            self.add(entry)

    def copy(self) -> Book:
        """A book that goes on by itself."""
        book = Book()
        book._entries = self._entries.copy()
        return book

    def add(self, entry: Entry) -> None:
        """Enter a streak that ended later than all before it."""
        while self._entries and self._entries[-1].length <= entry.length:
            self._entries.pop()
        self._entries.append(entry)

    def record(self, since: int | None = None) -> Entry | None:
        """The longest streak that ended on or after ``since`` (the latest of equals)."""
        at = 0 if since is None else bisect_left(self._entries, since, key=lambda e: e.end)
        return self._entries[at] if at < len(self._entries) else None

    def longest_since(self, length: int) -> Entry | None:
        """The last streak at least ``length`` long: after its end, nothing was as long."""
        for entry in reversed(self._entries):
            if entry.length >= length:
                return entry
        return None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What the book holds, oldest first, lengths falling."""
        return tuple(self._entries)
