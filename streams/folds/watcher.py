"""watch → alerts and streaks: the streaks and series of the watchlists on one partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.model import Trigger
from config.settings import Instrument
from config.watchlists import Watchlist
from streams.batches import Batch, batch
from streams.columns.closes import FEW, Columns, Odd
from streams.columns.reader import Reader
from streams.core.watch import Watch
from streams.definitions import signed, watch_definition
from streams.folds.charting import Charted, never
from streams.folds.rows import Single
from streams.folds.watchlist_state import Numbered, WatchlistState
from streams.formats.arrow import MAX_ROWS, is_stream
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import DIRECT, Due, Look, RejectedError, Routed, decode_watch


class WatcherFold:
    """The watchlists of one partition; each begins with its first record."""

    def __init__(
        self,
        place: Place,
        watchlists: Mapping[str, Watchlist],
        instruments: Mapping[str, Instrument] | None = None,
        charted: Charted = never,
    ) -> None:
        """``charted`` says which alerts go with the history that their picture shows."""
        self._instruments = instruments or {}
        self.definition = watch_definition(watchlists, self._instruments)
        self._place = place
        self._charted = charted
        self._watchlists = watchlists
        self._signed = signed(self._instruments)
        self._states: dict[str, WatchlistState] = {}
        self._own = Trigger(place.topic.value, place.partition, 0, 0)
        self._names = list(watchlists)
        symbols = sorted({symbol for w in watchlists.values() for symbol in w.symbols()})
        self._reader = Reader(symbols, self._signed, self._names)
        self._places: dict[str, npt.NDArray[np.int64]] = {}

    def apply(self, records: Sequence[Record]) -> list[Output]:
        """Alerts, and a dead letter for what cannot be used."""
        return self.read(records)()

    def read(self, records: Sequence[Record]) -> Callable[[], list[Output]]:
        """See :class:`streams.works.Fold`."""
        if len(records) < FEW and not any(map(is_stream, records)):
            return lambda: [output for record in records for output in self._take(record)]
        whole = batch(records)
        return partial(self._take_all, whole, *self._reader.read(whole))

    def latest(self, most: int | None = None) -> list[Output]:
        """The streaks of the pairs that have changed and were not told since, so many at most."""
        outputs: list[Output] = []
        for state in self._states.values():
            outputs += state.latest(None if most is None else most - len(outputs))
        return outputs

    def snapshot(self) -> dict[str, Any]:
        """The state of each watchlist seen so far."""
        return {name: state.dump() for name, state in self._states.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a snapshot made under the same definition."""
        self._states = {}
        for name, dumped in state.items():
            self._state(name).load(dumped)

    def standing(self) -> list[Output]:
        """The current streak of each pair."""
        return [output for state in self._states.values() for output in state.standing()]

    def watch(self, name: str) -> Watch:
        """The closes, series and subjects of a watchlist, as they are."""
        return self._state(name).watch

    def last_asked(self, name: str, rule: str) -> int | None:
        """The last period that a rule with a time of its own, by its definition, has asked for."""
        state = self._states.get(name)
        return None if state is None else state.last_asked(rule)

    def waiting_since(self, name: str) -> int | None:
        """When a watchlist was looked at last before the close, in milliseconds since 1970; None
        if no price waits for the next look."""
        state = self._states.get(name)
        return None if state is None else state.waiting_since

    def _take(self, record: Record) -> list[Output]:
        try:
            single = self._single(record)
        except RejectedError as error:
            return [dead_letter(self._place, record, error)]
        if single is None:
            return []
        one, trigger = single
        state = self._state(one.watchlist)
        taken = state.take if isinstance(one, Routed) else state.ask
        return list(taken(one, trigger))  # type: ignore[arg-type]

    def _single(self, record: Record) -> tuple[Routed | Due | Look, Trigger] | None:
        """A record that is read by itself; None of a watchlist that is gone."""
        read = decode_watch(record.value, self._signed)
        if read.watchlist not in self._watchlists:
            return None  # the log remembers them
        if not isinstance(read, Routed):
            return read, replace(self._own, offset=record.offset, arrived_ms=read.at_ms)
        if read.partition == DIRECT:
            read = replace(read, offset=record.offset, arrived_ms=record.timestamp)
            return read, replace(self._own, offset=record.offset, arrived_ms=record.timestamp)
        return read, Trigger(Topic.CLOSES.value, read.partition, read.offset, read.arrived_ms)

    def _take_all(self, records: Batch, columns: Columns, odd: Iterable[Odd]) -> list[Output]:
        """The same in columns, watchlist by watchlist; outputs in the order of the log."""
        outputs: list[Numbered] = []
        singles: dict[str, list[Single]] = {}
        for one in odd:
            number, record = one.record * MAX_ROWS + max(one.row, 0), records[one.record]
            try:
                if one.error is not None:
                    raise one.error
                single = self._single(record) if one.row < 0 else None
            except RejectedError as error:
                outputs.append((number, dead_letter(self._place, record, error, one)))
                continue
            if single is not None:
                singles.setdefault(single[0].watchlist, []).append((number, *single))
        for name, closes in self._by_watchlist(columns, singles):
            state = self._state(name)
            places = self._places_in(state)
            outputs += state.take_many(closes, places, singles.get(name, ()), self._own)
        outputs.sort(key=lambda output: output[0])
        return [output for _, output in outputs]

    def _by_watchlist(
        self, columns: Columns, singles: Iterable[str]
    ) -> Iterator[tuple[str, Columns]]:
        found = set()
        for number, closes in columns.by_watchlist():
            name = self._names[number]
            found.add(name)
            yield name, closes
        for name in set(singles) - found:
            yield name, columns.only(slice(0, 0))

    def _places_in(self, state: WatchlistState) -> npt.NDArray[np.int64]:
        """The place of each of the reader's symbols among those of a watchlist, -1 for none."""
        if state.name not in self._places:
            known = {symbol: at for at, symbol in enumerate(state.symbols)}
            places = [known.get(symbol, -1) for symbol in self._reader.numbering.symbols]
            self._places[state.name] = np.array(places, np.int64)
        return self._places[state.name]

    def _state(self, name: str) -> WatchlistState:
        if name not in self._states:
            watchlist = self._watchlists[name]
            self._states[name] = WatchlistState(name, watchlist, self._instruments, self._charted)
        return self._states[name]
