"""closes → watch: each close to the watchlists that need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.watchlists import Watchlist
from streams.definitions import routing_definition
from streams.folds.routes import Calendars, Routes
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import Close, RejectedError, Routed, decode_close, encode_routed


class RouterFold:
    """Reads, checks and copies; it has no state but its cursor."""

    def __init__(
        self,
        place: Place,
        watchlists: Mapping[str, Watchlist],
        sessions: Calendars,
        signed: frozenset[str] = frozenset(),
    ) -> None:
        """``signed`` are the symbols whose number may be zero or negative."""
        self.definition = routing_definition(watchlists, signed)
        self._place = place
        self._routes = Routes(watchlists, sessions)
        self._signed = signed

    def apply(self, records: Sequence[Record]) -> list[Output]:
        """The closes for each watchlist, and a dead letter for what cannot be used."""
        return [output for record in records for output in self._route(record)]

    def snapshot(self) -> dict[str, Any]:
        """Nothing: the cursor is all."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to restore."""

    def standing(self) -> list[Output]:
        """Nothing stands: each close goes on its way."""
        return []

    def _route(self, record: Record) -> list[Output]:
        try:
            close = decode_close(record.value, self._signed)
            names, closed = self._routes.sort_out(close, record.timestamp)
        except RejectedError as error:
            return [dead_letter(self._place, record, error)]
        outputs = [self._copy(name, close, record) for name in names]
        return outputs if closed is None else [*outputs, dead_letter(self._place, record, closed)]

    def _copy(self, name: str, close: Close, record: Record) -> Output:
        routed = Routed(name, close, self._place.partition, record.offset, record.timestamp)
        return Output(Topic.WATCH, name.encode(), encode_routed(routed), about=close)
