"""The one error hierarchy: what happened, where, and what to do about it."""

from __future__ import annotations


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
