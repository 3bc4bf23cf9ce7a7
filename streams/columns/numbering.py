"""What the texts of closes stand for: symbols, watchlists, sources and periods as numbers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.columns.closes import INTERVALS, OF_TICKS
from streams.core import periods
from streams.fields import is_short
from streams.wire import TICKS

Column = npt.NDArray[np.int64]

_NUMBERS = {interval: number for number, interval in enumerate(INTERVALS)}
_NO_INTERVAL: Mapping[Any, int] = {None: _NUMBERS["1d"], "": _NUMBERS["1d"]} | _NUMBERS
_MOST_TEXTS = 200_000
_MOST_SOURCES = 1000


class Numbering:
    """Numbers for the texts of closes, each a place in a list; -1 stands for an unknown one.

    ``symbols`` and ``watchlists`` are given, ``sources`` are learnt; ``watchlists`` is None where
    closes name none.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        signed: Container[str] = frozenset(),
        watchlists: Iterable[str] | None = None,
    ) -> None:
        """Args are those of :class:`streams.columns.reader.Reader`."""
        self.symbols = list(symbols)
        self.watchlists = None if watchlists is None else list(watchlists)
        self.sources = ["", TICKS]
        self.signed = np.array([symbol in signed for symbol in [*self.symbols, ""]])
        """Of each symbol, and at the end (-1) of an unknown one: may its number be below zero?"""
        self._symbol = {symbol: at for at, symbol in enumerate(self.symbols)}
        self._watchlist = {name: at for at, name in enumerate(self.watchlists or ())}
        self._source: dict[str | None, int] = {None: 0, "": 0, TICKS: OF_TICKS}
        self._periods: list[dict[str | None, int]] = [{} for _ in INTERVALS]

    def symbol(self, texts: Sequence[str | None]) -> Column:
        """Places in ``symbols``."""
        return _places(self._symbol, texts)

    def watchlist(self, texts: Sequence[str | None]) -> Column:
        """Places in ``watchlists``."""
        return _places(self._watchlist, texts)

    def interval(self, texts: Sequence[str | None]) -> Column:
        """Places in ``INTERVALS``; none at all is a day."""
        return _places(_NO_INTERVAL, texts)

    def source(self, texts: Sequence[str | None]) -> Column:
        """Places in ``sources``; new ones are learnt, up to a thousand."""
        new = set(texts) - self._source.keys()
        for text in sorted(new):  # type: ignore[type-var]
            if text is not None and is_short(text) and len(self.sources) < _MOST_SOURCES:
                self._source[text] = len(self.sources)
                self.sources.append(text)
        return _places(self._source, texts)

    def period(self, interval: int, texts: Sequence[str | None]) -> Column:
        """The periods of an interval, by its number; ``periods.NEVER`` for what is none."""
        if interval < 0:
            return np.full(len(texts), periods.NEVER)
        known = self._periods[interval]
        try:
            return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))
        except KeyError:
            if len(known) > _MOST_TEXTS:
                known.clear()
            for text in set(texts) - known.keys():
                try:
                    known[text] = periods.from_text(text or "", INTERVALS[interval])
                except periods.PeriodError:
                    known[text] = periods.NEVER
        return np.array([known[text] for text in texts], np.int64)


def _places(known: Mapping[Any, int], texts: Sequence[Any]) -> Column:
    try:
        return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))
    except KeyError:
        return np.array([known.get(text, -1) for text in texts], np.int64)
