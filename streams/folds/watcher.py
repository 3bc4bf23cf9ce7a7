"""watch → alerts and streaks: the streaks and series of the watchlists on one partition."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerts.model import Alert, Kind, Trigger
from config.settings import Instrument
from config.watchlists import Watchlist
from streams.core import periods
from streams.core.watch import Change, Moved, PairKey, Rewritten, Watch
from streams.definitions import signed, watch, watch_definition
from streams.folds.ahead import Ahead
from streams.folds.missing import Switches
from streams.folds.revisions import Revisions
from streams.folds.telling import Telling
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import (
    Due,
    RejectedError,
    Routed,
    StreakNow,
    decode_watch,
    encode_alert,
    encode_streak,
)

Origin = tuple[str, int]


class WatcherFold:
    """The watchlists of one partition; each begins with its first record."""

    def __init__(
        self,
        place: Place,
        watchlists: Mapping[str, Watchlist],
        instruments: Mapping[str, Instrument] | None = None,
    ) -> None:
        self._instruments = instruments or {}
        self.definition = watch_definition(watchlists, self._instruments)
        self._place = place
        self._watchlists = watchlists
        self._signed = signed(self._instruments)
        self._states: dict[str, WatchlistState] = {}

    def apply(self, records: Sequence[Record]) -> list[Output]:
        """Alerts, current streaks, and a dead letter for what cannot be used."""
        return [output for record in records for output in self._take(record)]

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
        """The last period whose missing closes a rule, by its definition, has asked for."""
        state = self._states.get(name)
        return None if state is None else state.switches.last(rule)

    def _take(self, record: Record) -> list[Output]:
        try:
            read = decode_watch(record.value, self._signed)
        except RejectedError as error:
            return [dead_letter(self._place, record, error)]
        if read.watchlist not in self._watchlists:
            return []  # the log remembers watchlists that are gone
        state = self._state(read.watchlist)
        if isinstance(read, Due):
            place = self._place
            trigger = Trigger(place.topic.value, place.partition, record.offset, read.at_ms)
            return list(state.ask(read, trigger))
        return list(state.take(read))

    def _state(self, name: str) -> WatchlistState:
        if name not in self._states:
            watchlist = self._watchlists[name]
            self._states[name] = WatchlistState(name, watchlist, self._instruments)
        return self._states[name]


class WatchlistState:
    """One watchlist: its closes, its subjects, and how far each origin has been taken.

    A router that starts again copies closes that were copied before; for each symbol the
    highest offset taken from each partition of ``closes`` tells the repeats apart.
    """

    def __init__(
        self, name: str, watchlist: Watchlist, instruments: Mapping[str, Instrument]
    ) -> None:
        self._name = name
        self._interval = watchlist.interval
        self.watch = watch(watchlist)
        self._telling = Telling(name, watchlist, instruments)
        self._ahead = Ahead(self._telling.pairs)
        self._revisions = Revisions()
        self.switches = Switches(name, watchlist, self.watch.closes)
        self._taken: dict[Origin, int] = {}

    def take(self, routed: Routed) -> Iterator[Output]:
        """What a close brings about; nothing for a repeat."""
        close = routed.close
        origin = (close.symbol, routed.partition)
        if close.symbol not in self.watch.closes or close.interval != self._interval:
            return  # the log remembers symbols that have left, and other intervals
        if routed.offset <= self._taken.get(origin, -1):
            return
        self._taken[origin] = routed.offset
        trigger = Trigger(Topic.CLOSES.value, routed.partition, routed.offset, routed.arrived_ms)
        if close.provisional:
            told = self._ahead.take(self.watch, close.symbol, close.period, close.price, trigger)
            yield from map(self._sent, told)
            return
        for change in self.watch.put(close.symbol, close.period, close.price):
            yield from map(self._sent, self._alerts(change, trigger))
            begun = isinstance(change, Moved) and change.turn is None
            if isinstance(change.key, PairKey) and not begun:
                yield self._current(change.key)
        yield from map(self._sent, self.switches.came(close.symbol, close.period, trigger))

    def ask(self, due: Due, trigger: Trigger) -> Iterator[Output]:
        """What is missing of a period that is due."""
        yield from map(self._sent, self.switches.ask(due, trigger))

    def standing(self) -> list[Output]:
        """The current streak of each pair."""
        return [self._current(pair) for pair in self.watch.pairs]

    def dump(self) -> dict[str, Any]:
        """Plain values for a snapshot."""
        return {
            "taken": [[*origin, offset] for origin, offset in self._taken.items()],
            "closes": {
                symbol: [base64.b64encode(column).decode() for column in columns]
                for symbol, columns in self.watch.dump().items()
            },
            "pairs": [[*pair, self.watch.tracker(pair).dump()] for pair in self.watch.pairs],
            "levels": {name: self.watch.tracker(name).dump() for name in self.watch.levels},
            "revisions": self._revisions.dump(),
            "together": self._telling.dump(),
            "ahead": self._ahead.dump(),
            "missing": self.switches.dump(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        self._taken = {(symbol, part): offset for symbol, part, offset in state["taken"]}
        closes = {
            symbol: (base64.b64decode(days), base64.b64decode(prices))
            for symbol, (days, prices) in state["closes"].items()
        }
        pairs = {PairKey(asset, benchmark): dumped for asset, benchmark, dumped in state["pairs"]}
        self.watch.load(closes, pairs | state["levels"])
        self._revisions.load(state["revisions"])
        self._telling.load(state["together"])
        self._ahead.load(state["ahead"])
        self.switches.load(state.get("missing", {}))

    def _alerts(self, change: Change, trigger: Trigger) -> Iterator[Alert]:
        settled = list(self._ahead.settled(change, trigger)) if isinstance(change, Moved) else []
        for revision in self._telling.changed(change):
            for alert in self._revisions.alerts(revision, trigger):
                yield _confirming(alert, settled)
        yield from settled
        if isinstance(change, Rewritten):
            yield from self._ahead.revised(change, trigger)

    def _sent(self, alert: Alert) -> Output:
        return Output(Topic.ALERTS, self._name.encode(), encode_alert(alert), about=alert)

    def _current(self, pair: PairKey) -> Output:
        tracker = self.watch.tracker(pair)
        running, last = tracker.running, tracker.last
        streak = StreakNow(
            watchlist=self._name,
            asset=pair.asset,
            benchmark=pair.benchmark,
            period="" if last is None else periods.to_text(last, self._interval),
            direction="" if running is None else running.direction_name,
            length=0 if running is None else running.length,
            start="" if running is None else periods.to_text(running.start, self._interval),
        )
        key = "|".join((self._name, *pair)).encode()
        return Output(Topic.STREAKS, key, encode_streak(streak), about=streak)


def _confirming(alert: Alert, settled: list[Alert]) -> Alert:
    """An alert that also confirms what was told before the close, taken out of ``settled``."""
    for one in settled:
        same = (one.period, one.direction, one.start, one.length) == (
            alert.period,
            alert.direction,
            alert.start,
            alert.length,
        )
        if same and one.milestone.kind is Kind.CONFIRMED and alert.benchmark and not alert.follows:
            settled.remove(one)
            return replace(alert, also=(*alert.also, one.milestone), follows=one.follows)
    return alert
