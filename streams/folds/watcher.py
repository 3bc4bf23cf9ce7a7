"""watch → alerts and streaks: the streaks of the watchlists on one partition."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from alerts.context import active_return, evidence
from alerts.milestones import milestones
from alerts.model import Alert, Kind, Milestone, Trigger, alert_id
from config.watchlists import Watchlist
from streams.core import periods
from streams.core.pairs import Tracker
from streams.core.series import Closes
from streams.core.streaks import Streak, Turn
from streams.core.watch import Change, History, Moved, PairKey, Rewritten, Watch, walk
from streams.definitions import pair_definition, pair_keys, watch_definition
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import (
    RejectedError,
    Routed,
    StreakNow,
    decode_routed,
    encode_alert,
    encode_streak,
)

Origin = tuple[str, int]
Facts = tuple[str, int, tuple[Milestone, ...]]


class WatcherFold:
    """The watchlists of one partition; each begins with its first close."""

    def __init__(self, place: Place, watchlists: Mapping[str, Watchlist]) -> None:
        self.definition = watch_definition(watchlists)
        self._place = place
        self._watchlists = watchlists
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

    def _take(self, record: Record) -> list[Output]:
        try:
            routed = decode_routed(record.value)
        except RejectedError as error:
            return [dead_letter(self._place, record, error)]
        if routed.watchlist not in self._watchlists:
            return []  # the log remembers watchlists that are gone
        return list(self._state(routed.watchlist).take(routed))

    def _state(self, name: str) -> WatchlistState:
        if name not in self._states:
            self._states[name] = WatchlistState(name, self._watchlists[name])
        return self._states[name]


@dataclass(frozen=True, slots=True)
class _Happening:
    """Milestones of one streak in one period, before they become an alert."""

    tracker: Tracker
    turn: Turn
    streak: Streak
    milestones: tuple[Milestone, ...]
    history: History


class WatchlistState:
    """One watchlist: its closes, its pairs, and how far each origin has been taken.

    A router that starts again copies closes that were copied before; for each symbol the
    highest offset taken from each partition of ``closes`` tells the repeats apart.
    """

    def __init__(self, name: str, watchlist: Watchlist) -> None:
        self._name = name
        self._watchlist = watchlist
        self.watch = Watch(pair_keys(watchlist), watchlist.min_history)
        self._definitions = {
            PairKey(pair.asset, pair.benchmark): pair_definition(watchlist, pair)
            for pair in watchlist.pairs
        }
        self._taken: dict[Origin, int] = {}
        self._retold: dict[str, str] = {}
        """For each alert once retracted, by the id of its facts: the id it was last told under."""

    def take(self, routed: Routed) -> Iterator[Output]:
        """What a close brings about; nothing for a repeat."""
        close = routed.close
        origin = (close.symbol, routed.partition)
        if close.symbol not in self.watch.closes:
            return  # the log remembers symbols that have left
        if routed.offset <= self._taken.get(origin, -1):
            return
        self._taken[origin] = routed.offset
        trigger = Trigger(Topic.CLOSES.value, routed.partition, routed.offset, routed.arrived_ms)
        for change in self.watch.put(close.symbol, close.period, close.price):
            for alert in self._alerts(change, trigger):
                yield Output(Topic.ALERTS, self._name.encode(), encode_alert(alert), about=alert)
            yield self._current(change.pair)

    def standing(self) -> list[Output]:
        """The current streak of each pair."""
        return [self._current(pair) for pair in self.watch.trackers]

    def dump(self) -> dict[str, Any]:
        """Plain values for a snapshot."""
        return {
            "taken": [[*origin, offset] for origin, offset in self._taken.items()],
            "closes": {
                symbol: [base64.b64encode(column).decode() for column in closes.dump()]
                for symbol, closes in self.watch.closes.items()
            },
            "pairs": [[*pair, tracker.dump()] for pair, tracker in self.watch.trackers.items()],
            "retold": dict(self._retold),
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        self._taken = {(symbol, part): offset for symbol, part, offset in state["taken"]}
        self._retold = dict(state.get("retold", {}))
        for symbol, columns in state["closes"].items():
            self.watch.closes[symbol] = Closes.load(*map(base64.b64decode, columns))
        for asset, benchmark, dumped in state["pairs"]:
            pair = PairKey(asset, benchmark)
            terms = self.watch.trackers[pair].terms
            self.watch.trackers[pair] = Tracker.load(terms, dumped)

    def _alerts(self, change: Change, trigger: Trigger) -> Iterator[Alert]:
        if isinstance(change, Moved):
            tracker = self.watch.trackers[change.pair]
            past = partial(self.watch.history, change.pair)
            for happening in self._happenings(tracker, change.turn, past):
                yield self._tell(self._alert(change.pair, happening, trigger))
        else:
            yield from self._corrections(change, trigger)

    def _happenings(
        self, tracker: Tracker, turn: Turn, history: Callable[[], History]
    ) -> Iterator[_Happening]:
        """One for each streak that has something to tell; usually none."""
        found = milestones(
            self._watchlist.rules,
            tracker,
            turn,
            self._watchlist.min_history,
            lambda streak: active_return(history(), streak),
        )
        for streak in dict.fromkeys(streak for streak, _ in found):
            told = tuple(milestone for other, milestone in found if other == streak)
            yield _Happening(tracker, turn, streak, told, history())

    def _facts(self, pair: PairKey, happening: _Happening) -> Facts:
        """What an alert says that must be corrected when it changes; its id comes first."""
        streak, strongest = happening.streak, happening.milestones[0]
        name, start = streak.direction_name, periods.to_date(streak.start)
        told = (strongest.kind.value, strongest.level, strongest.scope)
        identity = alert_id(self._name, *pair, name, start, *told, self._definitions[pair])
        return identity, happening.tracker.last or 0, happening.milestones

    def _alert(self, pair: PairKey, happening: _Happening, trigger: Trigger) -> Alert:
        identity, period, told = self._facts(pair, happening)
        streak = happening.streak
        return Alert(
            id=identity,
            watchlist=self._name,
            asset=pair.asset,
            benchmark=pair.benchmark,
            direction=streak.direction_name,
            start=periods.to_date(streak.start),
            end=periods.to_date(streak.end),
            length=streak.length,
            period=periods.to_date(period),
            milestone=told[0],
            also=told[1:],
            evidence=evidence(
                happening.tracker,
                happening.turn,
                streak,
                happening.history,
                self._watchlist.min_history,
            ),
            definition=self._definitions[pair],
            trigger=trigger,
        )

    def _corrections(self, change: Rewritten, trigger: Trigger) -> Iterator[Alert]:
        """What no longer holds is retracted; what only now turns out to have happened is told."""
        before = self._happened(change, change.before)
        after = self._happened(change, change.after)
        for facts, happening in before.items():
            if facts not in after:
                yield self._retract(self._alert(change.pair, happening, trigger))
        for facts, happening in after.items():
            if facts not in before:
                alert = self._alert(change.pair, happening, trigger)
                yield self._tell(replace(alert, late=True))

    def _happened(self, change: Rewritten, history: History) -> dict[Facts, _Happening]:
        """All that a history tells from where it was rewritten on, by its facts."""
        return {
            self._facts(change.pair, kept): kept
            for tracker, turn in walk(change.start, history, change.until)
            for happening in self._happenings(tracker, turn, lambda: history)
            for kept in [replace(happening, tracker=tracker.copy())]
        }

    def _tell(self, alert: Alert) -> Alert:
        """An alert as it is, or under a new id where the same was told once and retracted."""
        told = self._retold.get(alert.id)
        if told is None:
            return alert
        again = alert_id(told, "again", alert.trigger.partition, alert.trigger.offset)
        self._retold[alert.id] = again
        return replace(alert, id=again, follows=told)

    def _retract(self, alert: Alert) -> Alert:
        told = self._retold.setdefault(alert.id, alert.id)
        milestone = Milestone(Kind.CORRECTION, alert.milestone.level, alert.milestone.scope)
        return replace(
            alert,
            id=alert_id(told, "retracted", alert.trigger.partition, alert.trigger.offset),
            milestone=milestone,
            also=(alert.milestone, *alert.also),
            follows=told,
            late=True,
        )

    def _current(self, pair: PairKey) -> Output:
        tracker = self.watch.trackers[pair]
        running, last = tracker.running, tracker.last
        streak = StreakNow(
            watchlist=self._name,
            asset=pair.asset,
            benchmark=pair.benchmark,
            period="" if last is None else periods.to_text(last),
            direction="" if running is None else running.direction_name,
            length=0 if running is None else running.length,
            start="" if running is None else periods.to_text(running.start),
        )
        key = "|".join((self._name, *pair)).encode()
        return Output(Topic.STREAKS, key, encode_streak(streak), about=streak)
