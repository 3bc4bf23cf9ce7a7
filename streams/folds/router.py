"""closes → watch: each close to the watchlists that need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.watchlists import Watchlist
from streams.calendars import Sessions
from streams.definitions import routing_definition
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import Close, Reason, RejectedError, Routed, decode_close, encode_routed


class RouterFold:
    """Reads, checks and copies; it has no state but its cursor."""

    def __init__(
        self, place: Place, watchlists: Mapping[str, Watchlist], sessions: Mapping[str, Sessions]
    ) -> None:
        self.definition = routing_definition(watchlists)
        self._place = place
        self._watchlists = watchlists
        self._sessions = sessions
        self._routes: dict[str, list[str]] = {}
        for name, watchlist in watchlists.items():
            for symbol in watchlist.symbols():
                self._routes.setdefault(symbol, []).append(name)

    def apply(self, records: Sequence[Record]) -> list[Output]:
        """The closes for each watchlist, and a dead letter for what cannot be used."""
        return [output for record in records for output in self._route(record)]

    def snapshot(self) -> dict[str, Any]:
        """Nothing: the cursor is all."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to restore."""

    def _route(self, record: Record) -> list[Output]:
        outputs: list[Output] = []
        try:
            close = decode_close(record.value)
            names = self._routes.get(close.symbol)
            if names is None:
                detail = f"no watchlist has the symbol {close.symbol!r}"
                raise RejectedError(Reason.UNKNOWN_SYMBOL, detail)
            closed = [name for name in names if not self._open(name, close)]
            outputs += [self._copy(name, close, record) for name in names if name not in closed]
            if closed:
                raise self._closed(closed, close)
        except RejectedError as error:
            outputs.append(dead_letter(self._place, record, error))
        return outputs

    def _open(self, name: str, close: Close) -> bool:
        sessions = self._sessions.get(self._watchlists[name].calendar)
        return sessions is None or close.period in sessions

    def _closed(self, names: list[str], close: Close) -> RejectedError:
        calendars = sorted({self._watchlists[name].calendar for name in names})
        detail = f"no session of {', '.join(calendars)} (watchlist {', '.join(sorted(names))})"
        return RejectedError(Reason.CLOSED_DAY, f"{close.symbol}: the period is {detail}")

    def _copy(self, name: str, close: Close, record: Record) -> Output:
        routed = Routed(name, close, self._place.partition, record.offset, record.timestamp)
        return Output(Topic.WATCH, name.encode(), encode_routed(routed))
