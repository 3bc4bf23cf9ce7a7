"""Which watchlists a close goes to, and which closes no watchlist can take."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from config.watchlists import Watchlist
from streams.columns.closes import INTERVALS, Columns
from streams.core import periods
from streams.core.groups import groups
from streams.core.periods import begins_ms
from streams.wire import Close, Reason, RejectedError

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Calendars = Mapping[tuple[str, str], Container[int]]
"""The periods of each (calendar, interval); see :func:`streams.calendars.by_name`."""


class Routes:
    """The watchlists by symbol and interval, with their calendars."""

    def __init__(self, watchlists: Mapping[str, Watchlist], sessions: Calendars) -> None:
        self._calendars = {name: watchlist.calendar for name, watchlist in watchlists.items()}
        self._sessions = sessions
        self._names: dict[str, dict[str, list[str]]] = {}
        for name, watchlist in watchlists.items():
            for symbol in watchlist.symbols():
                by_interval = self._names.setdefault(symbol, {})
                by_interval.setdefault(watchlist.interval, []).append(name)
        self._number(watchlists)

    def _number(self, watchlists: Mapping[str, Watchlist]) -> None:
        """The same as arrays: a seat is a symbol with an interval, its watchlists lie together."""
        self.names = list(watchlists)
        numbers = {name: number for number, name in enumerate(self.names)}
        self._distinct = sorted(set(self._calendars.values()))
        found = [
            [numbers[name] for name in by_interval.get(interval, ())]
            for by_interval in self._names.values()
            for interval in INTERVALS
        ]
        self._counts = np.array([len(one) for one in found], np.int64)
        self._begins = np.cumsum(self._counts) - self._counts
        self._watchlists = np.array([n for one in found for n in one], np.int64)
        calendars = [[self._calendars[self.names[n]] for n in one] for one in found]
        self._asks = [
            np.array([calendar in some for some in calendars]) for calendar in self._distinct
        ]

    @property
    def symbols(self) -> list[str]:
        """All symbols of the watchlists."""
        return list(self._names)

    def watchlists_of(self, columns: Columns) -> tuple[Column, Column]:
        """Each close with each watchlist that has its symbol: rows, and numbers of ``names``."""
        seat = columns.symbol * len(INTERVALS) + columns.interval
        begins, counts = self._begins[seat], self._counts[seat]
        rows = np.repeat(np.arange(columns.size), counts)
        before = np.cumsum(counts) - counts
        steps = np.arange(len(rows)) - np.repeat(before, counts)
        return rows, self._watchlists[np.repeat(begins, counts) + steps]

    def are_open(self, columns: Columns) -> Mask:
        """Which closes some watchlist has, and all of those can take: shape (closes,)."""
        seat = columns.symbol * len(INTERVALS) + columns.interval
        good: Mask = self._counts[seat] > 0
        for interval, here in groups(columns.interval):
            periods_here = columns.period[here]
            begin = begins_ms(periods_here, INTERVALS[interval])
            good[here] &= (columns.arrived[here] <= 0) | (begin <= columns.arrived[here])
            distinct, at = np.unique(periods_here, return_inverse=True)
            for number, calendar in enumerate(self._distinct):
                is_open = self._open(calendar, interval, distinct)[at]
                good[here] &= is_open | ~self._asks[number][seat[here]]
        return good

    def _open(self, calendar: str, interval: int, distinct: Column) -> Mask:
        name = INTERVALS[interval]
        sessions = self._sessions.get((calendar, name))
        if sessions is None:
            return np.array([periods.is_aligned(at, name) for at in distinct.tolist()], np.bool_)
        return np.array([at in sessions for at in distinct.tolist()], np.bool_)

    def sort_out(self, close: Close, now_ms: int) -> tuple[list[str], RejectedError | None]:
        """The watchlists that take a close, and why others that have its symbol do not.

        Args:
            now_ms: when the close arrived, in milliseconds since 1970; 0 where nobody knows.

        Raises:
            RejectedError: no watchlist has the symbol with the interval, or the period has not
                begun.
        """
        names = self._named(close)
        if now_ms > 0 and periods.is_future(close.period, now_ms, close.interval):
            text = periods.to_text(close.period, close.interval)
            detail = f"{close.symbol}: the period {text} has not begun"
            raise RejectedError(Reason.FUTURE_PERIOD, detail)
        taking = [name for name in names if self._is_open(name, close)]
        refusing = [name for name in names if name not in taking]
        return taking, self._closed(refusing, close) if refusing else None

    def _named(self, close: Close) -> list[str]:
        by_interval = self._names.get(close.symbol)
        if by_interval is None:
            raise RejectedError(Reason.UNKNOWN_SYMBOL, self._unknown(close.symbol))
        names = by_interval.get(close.interval)
        if names is None:
            known = ", ".join(sorted(by_interval, key=periods.INTERVALS.__getitem__))
            detail = f"{close.symbol} is watched with the interval {known}, not {close.interval}"
            raise RejectedError(Reason.BAD_INTERVAL, detail)
        return names

    def _unknown(self, symbol: str) -> str:
        near = get_close_matches(symbol, self._names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"no watchlist has the symbol {symbol!r}{hint}"

    def _is_open(self, name: str, close: Close) -> bool:
        sessions = self._sessions.get((self._calendars[name], close.interval))
        if sessions is None:
            return periods.is_aligned(close.period, close.interval)
        return close.period in sessions

    def _closed(self, names: Collection[str], close: Close) -> RejectedError:
        calendars = {self._calendars[name] for name in names}
        reason = Reason.BAD_PERIOD if calendars == {"none"} else Reason.CLOSED_DAY
        whose = ", ".join(sorted(calendars)).replace("none", "the UTC day")
        what = "session" if close.interval == "1d" else f"{close.interval} interval"
        text = periods.to_text(close.period, close.interval)
        detail = f"{text} is no {what} of {whose} (watchlist {', '.join(sorted(names))})"
        return RejectedError(reason, f"{close.symbol}: {detail}")
