"""The ledger: what became of each alert at each target."""

from __future__ import annotations

import json
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    ``at_ms`` and, while it is tried again, ``next_ms`` are in milliseconds since 1970; ``detail``
    says why; ``offset`` is the place of the alert's record in its partition of ``alerts``;
    ``instead_of`` is the target whose fallback this one is.
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

    @property
    def key(self) -> bytes:
        """The ledger keeps the last entry for each alert and target."""
        return f"{self.alert}/{self.target}".encode()

    def encode(self) -> bytes:
        """JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def decode(cls, value: bytes) -> Entry:
        """The inverse of :meth:`encode`.

        Raises:
            ValueError: the bytes are not an entry of a ledger.
        """
        try:
            return _entry(json.loads(value))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not an entry of the ledger: {error}") from None


def _entry(fields: dict[str, Any]) -> Entry:
    entry = Entry(**{**fields, "outcome": Outcome(fields["outcome"])})
    if not isinstance(entry.alert, str) or not isinstance(entry.target, str):
        raise TypeError("alert and target must be strings")
    return entry


class Ledger:
    """A fold over entries: what needs no delivery any more."""

    def __init__(self) -> None:
        self._settled: dict[tuple[str, str], Outcome] = {}

    def apply(self, entry: Entry) -> None:
        """Take an entry; the same again changes nothing."""
        if entry.outcome.is_final:
            self._settled[entry.alert, entry.target] = entry.outcome

    def settled(self, alert: str, target: str) -> bool:
        """Whether an alert's way to a target has ended, well or not."""
        return self.outcome(alert, target) is not None

    def outcome(self, alert: str, target: str) -> Outcome | None:
        """How an alert's way to a target has ended; None while it has not."""
        return self._settled.get((alert, target))

    def __len__(self) -> int:
        return len(self._settled)
