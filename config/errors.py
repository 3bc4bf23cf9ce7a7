"""The one error hierarchy: what happened, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


class StreakwatchError(Exception):
    """An error for people.

    ``what`` says what happened (and where), ``cure`` what to do about it. ``exit_code`` is what
    the command line ends with: 1 for trouble at run time, 2 for misuse.
    """

    exit_code = 1

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what, cure)
        self.what = what
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.what}: {self.cure}" if self.cure else self.what


class UsageError(StreakwatchError):
    """A command was called with something that it cannot use."""

    exit_code = 2


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a configuration."""

    file: str
    """The file, or the environment variable that the value came from."""
    line: int | None
    """The line, counted from 1; None for an environment variable or a whole file."""
    key: str
    """The key, such as watchlists.us.rules[0].at; empty when it is not about a key."""
    what: str
    """What was found."""
    cure: str
    """What to write instead."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        message = "; ".join(part for part in (self.what, self.cure) if part)
        return ": ".join(part for part in (place, self.key, message) if part)


class ConfigError(StreakwatchError):
    """A configuration cannot be used; ``faults`` has all that is wrong with it."""

    exit_code = 2

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
