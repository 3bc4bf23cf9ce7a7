"""Which watchlists a close goes to, and which closes no watchlist can take."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from difflib import get_close_matches

from config.watchlists import Watchlist
from streams.core import periods
from streams.wire import Close, Reason, RejectedError

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
