"""The ledger: what became of each alert at each target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What became of an alert at a target; all but ``retrying`` are final."""

    DELIVERED = "delivered"
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    """The target refused for good: no further attempt would mend it."""
    GIVEN_UP = "given-up"
    """The deadline passed before the target took it."""
    RETRYING = "retrying"

    @property
    def is_final(self) -> bool:
        """Whether the alert's way to the target has ended."""
        return self is not Outcome.RETRYING


_FINAL = tuple(outcome for outcome in Outcome if outcome.is_final)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    ``at_ms`` and, while it is tried again, ``next_ms`` and ``until_ms`` (its deadline) are in
    milliseconds since 1970; ``detail`` says why; ``offset`` is the place of the alert's record in
    its partition of ``alerts``; ``instead_of`` is the target whose fallback this one is; ``thread``
    is what the alerts of a streak have in common at the target, where it was told of it. What was
    held back for a digest and has not ended has ``held_ms``, until when, and ``held_for``, why.
    """

    alert: str
    target: str
    outcome: Outcome
    at_ms: int
    attempts: int = 0
    detail: str = ""
    offset: int = -1
    next_ms: int = 0
    instead_of: str = ""
    until_ms: int = 0
    thread: str = ""
    held_ms: int = 0
    held_for: str = ""

    @property
    def key(self) -> bytes:
        """The ledger keeps the last entry of each key.

        What is tried again has one of its own, so that it never takes the place of an end.
        """
        suffix = "" if self.outcome.is_final else f"/{self.outcome.value}"
        return f"{self.alert}/{self.target}{suffix}".encode()

    def encode(self) -> bytes:
        """JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @property
    def is_held(self) -> bool:
        """Whether the alert is held back for a digest: it is to be told, and was not tried yet."""
        return not (self.outcome.is_final or self.attempts or self.instead_of)

    @classmethod
    def decode(cls, value: bytes) -> Entry:
        """The inverse of :meth:`encode`; fields that a later version has added are left out.

        Raises:
            ValueError: the bytes are not an entry of a ledger.
        """
        try:
            return _entry(json.loads(value))
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"not an entry of the ledger: {error}") from None


def standing(known: Entry | None, entry: Entry) -> Entry:
    """Which of two lines stands, of which ``entry`` was written later.

    A worker that has lost its partition, and does not know it yet, may write late: an attempt that
    failed undoes no end of the same request, nothing undoes that the target took it, and what is
    about a later request stands anyway.
    """
    if known is None or entry.offset > known.offset:
        return entry
    if entry.offset < known.offset:
        return known
    if known.outcome is Outcome.DELIVERED:
        return entry if entry.outcome is Outcome.DELIVERED else known
    return known if known.outcome.is_final and not entry.outcome.is_final else entry


def _entry(data: dict[str, Any]) -> Entry:
    known = {name: data[name] for name in _TYPES if name in data}
    entry = Entry(**known, outcome=Outcome(data["outcome"]))
    for name, kind in _TYPES.items():
        if type(getattr(entry, name)) is not kind:
            raise TypeError(f"{name} is not of type {kind.__name__}")
    return entry


_TYPES: dict[str, type] = {
    **dict.fromkeys(("alert", "target", "detail", "instead_of", "thread", "held_for"), str),
    **dict.fromkeys(("at_ms", "attempts", "offset", "next_ms", "until_ms", "held_ms"), int),
}


class Ledger:
    """A fold over entries: what needs no delivery any more, and what is tried again.

    Of what has ended it keeps a number for each alert and target, and of each streak the first
    alert that was told to a target: there are many.
    """

    def __init__(self) -> None:
        self._ended: dict[str, dict[str, int]] = {}
        self._retrying: dict[tuple[str, str], Entry] = {}
        self._first: dict[str, str] = {}

    def apply(self, entry: Entry) -> bool:
        """Take an entry, the same again changes nothing; whether it stands."""
        trying = self._retrying.get((entry.alert, entry.target))
        if standing(trying or self._end(entry.alert, entry.target), entry) is not entry:
            return False
        if entry.outcome.is_final:
            ended = self._ended.setdefault(entry.target, {})
            ended[entry.alert] = (entry.offset + 1) * len(_FINAL) + _FINAL.index(entry.outcome)
            self._retrying.pop((entry.alert, entry.target), None)
            if entry.thread:
                self._first.setdefault(entry.thread, entry.alert)
        else:
            self._retrying[entry.alert, entry.target] = entry
        return True

    def forget(self, alert: str, target: str) -> None:
        """Keep no more of an end than that of one that nobody asks for again."""
        self._ended.get(target, {}).pop(alert, None)

    def settled(self, alert: str, target: str, since: int = -1) -> bool:
        """Whether an alert's way to a target has ended, well or not.

        Args:
            since: ends of records with lower offsets do not count.
        """
        number = self._ended.get(target, {}).get(alert)
        return number is not None and number // len(_FINAL) - 1 >= since

    def outcome(self, alert: str, target: str) -> Outcome | None:
        """How an alert's way to a target has ended; None while it has not."""
        number = self._ended.get(target, {}).get(alert)
        return None if number is None else _FINAL[number % len(_FINAL)]

    def first(self, thread: str) -> str:
        """The first alert of a thread that was told; empty where none was.

        One that a person had sent again is written again: after the ledger's topic was compacted
        and read anew, the first is the earliest of the others.
        """
        return self._first.get(thread, "")

    def _end(self, alert: str, target: str) -> Entry | None:
        number = self._ended.get(target, {}).get(alert)
        if number is None:
            return None
        offset, which = divmod(number, len(_FINAL))
        return Entry(alert, target, _FINAL[which], 0, offset=offset - 1)

    def retrying(self) -> Iterator[Entry]:
        """The last entries of what has not ended."""
        yield from self._retrying.values()

    def is_retrying(self, alert: str, target: str) -> bool:
        """Whether an alert has been tried, or handed over to a target, and not ended."""
        return (alert, target) in self._retrying

    def __len__(self) -> int:
        """How many ends are kept."""
        return sum(map(len, self._ended.values()))
