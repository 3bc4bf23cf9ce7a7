"""Which watchlists a close goes to, and which closes no watchlist can take."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from config.watchlists import Watchlist
from streams.calendars import Sessions
from streams.core import periods
from streams.wire import Close, Reason, RejectedError


class Routes:
    """The watchlists by symbol, with their calendars."""

    def __init__(
        self, watchlists: Mapping[str, Watchlist], sessions: Mapping[str, Sessions]
    ) -> None:
        self._calendars = {name: watchlist.calendar for name, watchlist in watchlists.items()}
        self._sessions = sessions
        self._names: dict[str, list[str]] = {}
        for name, watchlist in watchlists.items():
            for symbol in watchlist.symbols():
                self._names.setdefault(symbol, []).append(name)

    def sort_out(self, close: Close, now_ms: int) -> tuple[list[str], RejectedError | None]:
        """The watchlists that take a close, and why others that have its symbol do not.

        Args:
            now_ms: when the close arrived, in milliseconds since 1970; 0 where nobody knows.

        Raises:
            RejectedError: no watchlist has the symbol, or the period has not begun.
        """
        names = self._names.get(close.symbol)
        if names is None:
            raise RejectedError(Reason.UNKNOWN_SYMBOL, self._unknown(close.symbol))
        if now_ms > 0 and periods.is_future(close.period, now_ms):
            detail = f"{close.symbol}: the period {periods.to_text(close.period)} has not begun"
            raise RejectedError(Reason.FUTURE_PERIOD, detail)
        closed = [name for name in names if not self._is_open(name, close.period)]
        taking = [name for name in names if name not in closed]
        return taking, self._closed(closed, close) if closed else None

    def _unknown(self, symbol: str) -> str:
        near = get_close_matches(symbol, self._names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"no watchlist has the symbol {symbol!r}{hint}"

    def _is_open(self, name: str, period: int) -> bool:
        sessions = self._sessions.get(self._calendars[name])
        return sessions is None or period in sessions

    def _closed(self, names: list[str], close: Close) -> RejectedError:
        calendars = ", ".join(sorted({self._calendars[name] for name in names}))
        detail = (
            f"{close.symbol}: {periods.to_text(close.period)} is no session of {calendars} "
            f"(watchlist {', '.join(sorted(names))})"
        )
        return RejectedError(Reason.CLOSED_DAY, detail)
