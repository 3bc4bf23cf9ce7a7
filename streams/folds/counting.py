"""Which closes of a watchlist count, where ticks and others bring the same period."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streams.columns.closes import OF_TICKS, Columns
from streams.core.precedence import Precedence
from streams.core.series import Closes
from streams.wire import TICKS, Close

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_NOTHING = Precedence().dump()


class Counting:
    """The :class:`Precedence` of each symbol, one close at a time or many.

    Args:
        symbols: how many there are; a close's ``place`` is that of its symbol.
    """

    def __init__(self, symbols: int) -> None:
        self._rules = [Precedence() for _ in range(symbols)]
        self._with_ticks: Mask = np.zeros(symbols, np.bool_)
        """The symbols that ticks have made closes of."""

    def takes(self, place: int, close: Close, had: Closes) -> bool:
        """Whether a close counts beside those that its symbol ``had``; it is then taken."""
        of_ticks, rule = close.source == TICKS, self._rules[place]
        if close.provisional:
            return not of_ticks or rule.takes_ahead(close.period, close.revision)
        self._with_ticks[place] |= of_ticks
        known = had.get(close.period) is not None
        return rule.takes(
            close.period, close.revision, of_ticks=of_ticks, known=known, newest=had.last
        )

    def again(self, closes: Columns, place: Column) -> list[int]:
        """Which of some are prices of ticks before the close that came before."""
        ahead = np.flatnonzero(closes.provisional & (closes.source == OF_TICKS)).tolist()
        return [
            at
            for at in ahead
            if not self._rules[place[at]].takes_ahead(
                int(closes.period[at]), int(closes.revision[at])
            )
        ]

    def note(self, closes: Columns, place: Column) -> None:
        """Take closes, each behind all that its symbol has, so that all of them count."""
        of_ticks = closes.source == OF_TICKS
        self._with_ticks[place[of_ticks]] = True
        for at in np.flatnonzero(self._with_ticks[place]).tolist():
            self._rules[place[at]].takes(
                int(closes.period[at]), int(closes.revision[at]), of_ticks=bool(of_ticks[at]),
                known=False, newest=None,
            )  # fmt: skip

    def dump(self) -> list[Any]:
        """Plain values for a snapshot: of the symbols of which there is anything to say."""
        dumped = ([at, rule.dump()] for at, rule in enumerate(self._rules))
        return [one for one in dumped if one[1] != _NOTHING]

    def load(self, dumped: list[Any]) -> None:
        """The inverse of :meth:`dump`."""
        for at, rule in dumped:
            self._rules[at] = Precedence.load(rule)
            self._with_ticks[at] = self._rules[at].has_ticks
