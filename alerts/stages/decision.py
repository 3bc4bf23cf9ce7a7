"""What the stages decide, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an alert is told, or not, in the order in which the stages ask."""

    UNROUTED = "unrouted"
    """No route names a target."""
    BELOW = "below"
    """The target wants graver ones only."""
    INHIBITED = "inhibited"
    """Another alert says it already."""
    SILENCED = "silenced"
    """A person wants to hear nothing of it for a while."""
    MUTED = "muted"
    """It is not the time for it on its route."""
    ROUTED = "routed"
    """It is told."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an alert is told, with the reason.

    ``by`` is what decided: the path of a route, the id of an alert or of a silence, the name of a
    timing. ``until_ms`` is when it would be decided otherwise, in milliseconds since 1970, where
    that is known.
    """

    reason: Reason
    by: str
    words: str
    until_ms: int | None = None

    @property
    def is_told(self) -> bool:
        """Whether the alert goes on to its target."""
        return self.reason is Reason.ROUTED

    def __str__(self) -> str:
        """As the ledger has it: ``silenced: 4f2c by ann until 2026-01-22 21:00:00Z``."""
        return f"{self.reason.value}: {self.words}"
