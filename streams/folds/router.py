"""closes → watch: each close to the watchlists that need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from config.watchlists import Watchlist
from streams.batches import Batch, batch
from streams.columns.closes import FEW, INTERVALS, ORIGIN, Columns, Odd
from streams.columns.reader import Reader
from streams.core.groups import groups
from streams.definitions import routing_definition
from streams.folds.routes import Calendars, Routes
from streams.formats import arrow
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import Close, RejectedError, Routed, decode_close, encode_close, encode_routed

Column = npt.NDArray[np.int64]
Numbered = tuple[int, Output]

#: At most so many closes in one message, which is some 100 kB: a fold takes it as a whole.
_MOST_ROWS = 2048
#: Fewer closes for a watchlist than this are sent one by one, for people to read.
_LEAST_ROWS = 4


class RouterFold:
    """Reads, checks and copies; it has no state but its cursor.

    Closes that come together for a watchlist are sent together, as an Arrow stream.
    """

    def __init__(
        self,
        place: Place,
        watchlists: Mapping[str, Watchlist],
        sessions: Calendars,
        signed: frozenset[str] = frozenset(),
        *,
        together: bool = True,
    ) -> None:
        """``signed`` are the symbols whose number may be zero or negative.

        Unless ``together``, each copy is an output of its own.
        """
        self.definition = routing_definition(watchlists, signed)
        self._place = place
        self._routes = Routes(watchlists, sessions)
        self._signed = signed
        self._reader = Reader(self._routes.symbols, signed)
        self._together = together

    def apply(self, records: Sequence[Record]) -> list[Output]:
        """The closes for each watchlist, and a dead letter for what cannot be used."""
        return self.read(records)()

    def read(self, records: Sequence[Record]) -> Callable[[], list[Output]]:
        """See :class:`streams.works.Fold`."""
        if len(records) < FEW and not any(map(arrow.is_stream, records)):
            return lambda: [output for record in records for output in self._route(record)]
        whole = batch(records)
        return partial(self._route_all, whole, *self._reader.read(whole))

    def snapshot(self) -> dict[str, Any]:
        """Nothing: the cursor is all."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to restore."""

    def latest(self, _: int | None = None) -> list[Output]:
        """Nothing stands: each close goes on its way."""
        return []

    def standing(self) -> list[Output]:
        """Nothing stands: each close goes on its way."""
        return []

    # --- one by one -----------------------------------------------------------------------------

    def _route(self, record: Record, odd: Odd | None = None) -> list[Output]:
        """Where a record goes, or a row of it."""
        try:
            if odd is not None and odd.error is not None:
                raise odd.error
            close = (odd and odd.close) or decode_close(record.value, self._signed)
            names, closed = self._routes.sort_out(close, record.timestamp)
        except RejectedError as error:
            return [dead_letter(self._place, record, error, odd)]
        line = 0 if odd is None else max(odd.row, 0)
        outputs = [self._copy(name, close, record, line) for name in names]
        if closed is not None:
            outputs.append(dead_letter(self._place, record, closed, odd))
        return outputs

    def _copy(self, name: str, close: Close, record: Record, line: int) -> Output:
        close = replace(close, sent_at="")
        partition = self._place.partition
        return _output(Routed(name, close, partition, record.offset, record.timestamp, line))

    # --- together -------------------------------------------------------------------------------

    def _route_all(self, records: Batch, columns: Columns, odd: list[Odd]) -> list[Output]:
        """The same in columns; outputs in the order of the log, copies by watchlist."""
        good = self._routes.are_open(columns)
        odd += [self._odd(records, columns, at) for at in np.flatnonzero(~good).tolist()]
        outputs: list[Numbered] = []
        lone: list[tuple[int, Routed]] = []
        for one in odd:
            number = one.record * arrow.MAX_ROWS + max(one.row, 0)
            for output in self._route(records[one.record], one):
                if isinstance(output.about, Routed):
                    lone.append((number, output.about))
                else:
                    outputs.append((number, output))
        outputs += self._copies(columns.only(good), sorted(lone, key=lambda one: one[0]))
        outputs.sort(key=lambda output: output[0])
        return [output for _, output in outputs]

    def _odd(self, records: Batch, columns: Columns, at: int) -> Odd:
        """A close that some watchlist refuses is looked at by itself."""
        close, record = self._reader.close(columns, at), int(columns.record[at])
        if not arrow.is_stream(records[record]):
            return Odd(record, close=close)
        return Odd(record, int(columns.row[at]), encode_close(close), close)

    def _copies(self, columns: Columns, lone: list[tuple[int, Routed]]) -> Iterator[Numbered]:
        """Copies by watchlist; one that was read by itself stands between those beside it."""
        rows, watchlists = self._routes.watchlists_of(columns)
        numbers = columns.number
        alone: dict[str, list[int]] = {}
        for number, routed in lone:
            yield number, _output(routed)
            alone.setdefault(routed.watchlist, []).append(number)
        for watchlist, found in groups(watchlists):
            name, part = self._routes.names[watchlist], rows[found]
            cuts = np.searchsorted(numbers[part], alone.get(name, []))
            for piece in np.split(part, np.unique(cuts)):
                for first in range(0, len(piece), _MOST_ROWS):
                    yield from self._message(name, columns, piece[first : first + _MOST_ROWS])

    def _message(self, name: str, columns: Columns, rows: Column) -> Iterator[Numbered]:
        if len(rows) < _LEAST_ROWS or not self._together:
            for at in rows.tolist():
                yield int(columns.number[at]), _output(self._routed(name, columns, at))
            return
        value = self._stream(columns.only(rows))
        output = Output(Topic.WATCH, name.encode(), value, headers=arrow.HEADERS)
        yield int(columns.number[rows[0]]), output

    def _routed(self, name: str, columns: Columns, at: int) -> Routed:
        close, place = self._reader.close(columns, at), self._place.partition
        offset, arrived, line = (
            int(column[at]) for column in (columns.offset, columns.arrived, columns.line)
        )
        return Routed(name, close, place, offset, arrived, line)

    def _stream(self, columns: Columns) -> bytes:
        partition = np.full(columns.size, self._place.partition)
        origin = (partition, columns.offset, columns.line, columns.arrived)
        table: dict[str, Any] = {
            "symbol": arrow.dictionary(self._reader.numbering.symbols, columns.symbol),
            "period": columns.period,
            "micros": columns.price,
            **dict(zip(ORIGIN, origin, strict=True)),
        }
        if columns.provisional.any():
            table["provisional"] = columns.provisional
        if columns.revision.any():
            table["revision"] = columns.revision
        if columns.source.any():
            table["source"] = arrow.dictionary(self._reader.numbering.sources, columns.source)
        return arrow.write(table, {"interval": INTERVALS[int(columns.interval[0])]})


def _output(routed: Routed) -> Output:
    return Output(Topic.WATCH, routed.watchlist.encode(), encode_routed(routed), about=routed)
