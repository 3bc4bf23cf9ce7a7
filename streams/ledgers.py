"""Alerts beside their entries in the ledger: what people are shown of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from alerts.ledger import Entry, standing
from alerts.model import Alert
from streams.records import Record, requested
from streams.wire import RejectedError, decode_alert

#: An alert without an entry for a target, and one that is held back for a digest.
PENDING, HELD = "pending", "held"


@dataclass(frozen=True, slots=True)
class Copy:
    """A record of an alert: its place in ``alerts``, its time, and for whom it was asked for."""

    partition: int
    offset: int
    at_ms: int
    asked_for: str = ""

    def __str__(self) -> str:
        return f"alerts-{self.partition}@{self.offset}"


@dataclass(slots=True)
class Told:
    """An alert, its records in the log, and its last entry for each target."""

    alert: Alert
    copies: list[Copy]
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def at_ms(self) -> int:
        """When it was sent to the log first, in milliseconds since 1970."""
        return self.copies[0].at_ms

    def statuses(self, targets: Iterable[str]) -> dict[str, str]:
        """What became of it at each of these targets, and at others that have an entry."""
        names = dict.fromkeys([*targets, *self.entries])
        return {name: self.status(name) for name in names}

    def status(self, target: str) -> str:
        """An outcome, ``pending`` or ``held``."""
        entry = self.entries.get(target)
        if entry is None:
            return PENDING
        return HELD if entry.is_held else entry.outcome.value


class Ledgers:
    """A fold over the topics ``alerts`` and ``notifications``."""

    def __init__(self) -> None:
        self.unreadable = 0
        """Records that are no alerts, or no entries."""
        self._told: dict[str, Told] = {}
        self._followers: dict[str, list[str]] = {}

    def take_alert(self, partition: int, record: Record) -> None:
        """A record of ``alerts``; the first one of an id is the alert."""
        try:
            alert = decode_alert(record.value)
        except RejectedError:
            self.unreadable += 1
            return
        asked = (requested(record) or b"").decode("utf-8", "replace")
        copy = Copy(partition, record.offset, record.timestamp, asked)
        if alert.id in self._told:
            self._told[alert.id].copies.append(copy)
            return
        self._told[alert.id] = Told(alert, [copy])
        if alert.follows:
            self._followers.setdefault(alert.follows, []).append(alert.id)

    def take_entry(self, record: Record) -> None:
        """A record of ``notifications``, after those of ``alerts``; the last that stands counts."""
        try:
            entry = Entry.decode(record.value or b"")
        except ValueError:
            self.unreadable += 1
            return
        told = self._told.get(entry.alert)
        if told is not None:
            told.entries[entry.target] = standing(told.entries.get(entry.target), entry)

    def all(self) -> list[Told]:
        """In the order of their coming."""
        return sorted(self._told.values(), key=lambda told: told.at_ms)

    def named(self, prefix: str) -> list[Told]:
        """Those whose id begins so."""
        return [told for identity, told in self._told.items() if identity.startswith(prefix)]

    def before(self, alert: Alert) -> Iterator[Told]:
        """What an alert follows, the nearest first, as far as it is known."""
        seen = {alert.id}
        while alert.follows in self._told and alert.follows not in seen:
            told = self._told[alert.follows]
            seen.add(told.alert.id)
            yield told
            alert = told.alert

    def after(self, alert: Alert) -> list[Told]:
        """What followed an alert, directly or not, in the order of its coming."""
        found: dict[str, Told] = {}
        waiting = [alert.id]
        while waiting:
            for follower in self._followers.get(waiting.pop(), ()):
                if follower not in found and follower != alert.id:
                    found[follower] = self._told[follower]
                    waiting.append(follower)
        return sorted(found.values(), key=lambda told: told.at_ms)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which alerts are meant; each that is empty asks for nothing."""

    since_ms: int = 0
    watchlist: str = ""
    status: str = ""

    def wants(self, told: Told, targets: Iterable[str]) -> bool:
        """Whether an alert is among them; ``targets`` are those of its routes."""
        statuses = told.statuses(targets)
        return (
            told.at_ms >= self.since_ms
            and self.watchlist in ("", told.alert.watchlist)
            and (not self.status or self.status in statuses.values())
        )


def entry_facts(entry: Entry | None, target: str) -> dict[str, Any]:
    """What became of an alert at a target, as plain values for JSON."""
    if entry is None:
        return {"target": target, "outcome": PENDING}
    return {
        "target": target,
        "outcome": entry.outcome.value,
        "at_ms": entry.at_ms,
        "attempts": entry.attempts,
        "detail": entry.detail,
        "next_ms": entry.next_ms,
        "instead_of": entry.instead_of,
    }
