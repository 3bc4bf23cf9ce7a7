"""Precedence: which closes of one symbol count, where ticks and others bring the same period."""

from __future__ import annotations

from typing import Any

_OTHERS = -1
_MOST = 1000


class Precedence:
    """What is known of the sources of a symbol's closes, in a watchlist.

    A close that is made of ticks never replaces one of another source, and of its own kind only
    one of an earlier revision; so an official close stands whatever comes late, and a worker that
    starts again, and sends what it has sent before, changes nothing. Any other close counts.

    From the first period on that ticks have made, a period is theirs unless it is noted otherwise.
    At most ``_MOST`` are noted; of those before no close of ticks is taken any more.
    """

    def __init__(self) -> None:
        self._first: int | None = None
        self._noted: dict[int, int] = {}
        self._ahead = (_OTHERS, _OTHERS)

    def takes(
        self, period: int, revision: int, *, of_ticks: bool, known: bool, newest: int | None
    ) -> bool:
        """Whether a close counts, which is then taken.

        Args:
            period: as in :mod:`streams.core.periods`.
            revision: how many closes of the period its source has sent before.
            of_ticks: whether its source are ticks.
            known: whether the symbol has a close of the period.
            newest: the last period of which the symbol has a close.
        """
        begun = self._first is not None and period >= self._first
        if not of_ticks:
            if begun:
                self._note(period, _OTHERS)
            return True
        if known:
            last = self._noted.get(period, 0) if begun else _OTHERS
            if last == _OTHERS or revision <= last:
                return False
        if self._first is None and (newest is None or period > newest):
            self._first = period
        if revision and self._first is not None and period >= self._first:
            self._note(period, revision)
        return True

    @property
    def has_ticks(self) -> bool:
        """Whether ticks have made a close that counts."""
        return self._first is not None

    def takes_ahead(self, period: int, revision: int) -> bool:
        """The same for a price of ticks before the close."""
        if (period, revision) <= self._ahead:
            return False
        self._ahead = (period, revision)
        return True

    def dump(self) -> list[Any]:
        """Plain values for a snapshot."""
        return [self._first, list(self._noted.items()), list(self._ahead)]

    @classmethod
    def load(cls, dumped: list[Any]) -> Precedence:
        """The inverse of :meth:`dump`."""
        found = cls()
        found._first, noted, ahead = dumped
        found._noted = dict(noted)
        found._ahead = (ahead[0], ahead[1])
        return found

    def _note(self, period: int, revision: int) -> None:
        self._noted[period] = revision
        if len(self._noted) > _MOST:
            oldest = min(self._noted)
            del self._noted[oldest]
            self._first = max(oldest + 1, self._first or 0)
