"""Before the close: what a streak would be with the prices so far, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.model import Alert, Kind, SoFar, Trigger, alert_id
from alerts.steps import Step
from config.watchlists import Watchlist
from streams.calendars import end
from streams.core.live import Live
from streams.core.streaks import DIRECTION_NAMES
from streams.core.subjects import Moved, PairKey, Rewritten, walk
from streams.core.watch import Watch
from streams.definitions import looks_every
from streams.folds.pair_subject import PairSubject
from streams.folds.sieve import Sieve

Column = npt.NDArray[np.int64]

#: How many times of arrival are looked at first, for the one that is due; then twice as many.
_FEW = 64
_WAYS = {name: way for way, name in DIRECTION_NAMES.items()}
#: How many of what was told before a close are remembered for each pair, for corrections.
_MOST_SETTLED = 20


@dataclass(frozen=True, slots=True)
class _Settled:
    """What was told before the close of a period, and what became of it: rule and id."""

    period: int
    told: Alert
    rule: str
    id: str


class Ahead:
    """The prices before the close, and what was told of them; nothing of it comes into a book.

    All pairs are looked at together, when a price comes and the time is at least so far from that
    of the last look as the rules say, or when a record asks for it. By the times of arrival alone,
    so that whoever takes the same records looks at the same ones; an interval counts backwards too,
    for a clock may have been wrong.
    """

    def __init__(
        self, watchlist: Watchlist, pairs: Mapping[PairKey, PairSubject], watch: Watch
    ) -> None:
        self._pairs = pairs
        self._watch = watch
        self._every_ms = looks_every(watchlist)
        self._end = partial(end, watchlist.calendar, watchlist.interval)
        self._live = Live(watch.closes)
        self._looked_ms: int | None = None
        self._sieve: Sieve | None = None
        self._others: list[PairKey] = []
        if self.wanted:
            self._sieve = None if watch.cohort is None else Sieve(watch.cohort, pairs)
            self._others = [key for key in watch.pairs
                            if pairs[key].before_close and not self._is_sifted(key)]  # fmt: skip
        self._told: dict[PairKey, list[tuple[int, Alert]]] = {}
        self._settled: dict[PairKey, list[_Settled]] = {}

    @property
    def wanted(self) -> bool:
        """Whether a rule asks for what a streak would be before the close."""
        return self._every_ms is not None

    def take(self, place: int, period: int, price: int, trigger: Trigger) -> Iterator[Alert]:
        """What a price before the close, of the symbol at a place, has to tell."""
        if self.wanted and self._live.is_open(place, period):
            self.put(place, period, price)
            if self._is_due(trigger.arrived_ms):
                yield from self.look(trigger)

    def ask(self, trigger: Trigger) -> Iterator[Alert]:
        """What the prices that nobody has looked at have to tell, if their time has come."""
        if self.wanted and self._is_due(trigger.arrived_ms) and self._live.waiting:
            yield from self.look(trigger)

    @property
    def waiting_since(self) -> int | None:
        """When the pairs were looked at last, in milliseconds since 1970; None if no price waits
        for the next look."""
        return self._looked_ms if self.wanted and self._live.waiting else None

    # --- in columns -----------------------------------------------------------------------------

    def put(self, place: int | Column, period: int | Column, price: int | Column) -> None:
        """Take prices of periods that are open, one or many, in the order of their arrival."""
        self._live.put(place, period, price)

    def looks(self, arrived: Column) -> Iterator[int]:
        """At which of some prices the pairs are to be looked at, by their times of arrival."""
        last, at = self._looked_ms, 0
        while (at := self._next(arrived, at, last)) < len(arrived):
            last = int(arrived[at])
            yield at
            at += 1

    def _next(self, arrived: Column, at: int, last: int | None) -> int:
        """The first place from ``at`` on that is due; the end without."""
        size = _FEW
        while last is not None and at < len(arrived):
            due = np.abs(arrived[at : at + size] - last) >= self._every_ms
            if due.any():
                return at + int(due.argmax())
            at, size = at + size, 2 * size
        return min(at, len(arrived))

    def _is_due(self, at_ms: int) -> bool:
        last, every = self._looked_ms, self._every_ms
        return every is not None and (last is None or abs(at_ms - last) >= every)

    # --- a look ---------------------------------------------------------------------------------

    def look(self, trigger: Trigger) -> Iterator[Alert]:
        """What all pairs have to tell: once for each pair, period and direction."""
        self._looked_ms = trigger.arrived_ms
        latest = self._live.look()
        if not latest.live.any():
            return
        passed = [] if self._sieve is None else self._sieve.passed(self._watch.preview(latest))
        for key in (*passed, *self._others):
            moved = self._watch.ahead(key, latest)
            alert = None if moved is None else self._alert(key, moved, trigger)
            if alert is not None:
                yield alert

    def _is_sifted(self, key: PairKey) -> bool:
        return self._sieve is not None and key in self._sieve.numbers

    def _alert(self, key: PairKey, moved: Moved, trigger: Trigger) -> Alert | None:
        subject = self._pairs[key]
        step = subject.step(moved.tracker, moved.turn, moved.view)
        happening, streak = subject.ahead(step), step.grown
        if happening is None or streak is None:
            return None
        told = self._told.get(key, [])
        if any((at, alert.direction) == (step.period, streak.direction_name) for at, alert in told):
            return None
        alert = replace(happening.make(trigger), so_far=self._so_far(step, trigger))
        self._keep_told(key, step.period, alert)
        return alert

    def _so_far(self, step: Step, trigger: Trigger) -> SoFar:
        legs, ends = (step.view.asset, step.view.benchmark), self._end(step.period)
        left = 0 if ends is None else (ends - trigger.arrived_ms) // 1000
        asset, benchmark = (leg.gain(step.previous, step.period) for leg in legs)
        return SoFar(asset, benchmark, left if left > 0 else None)

    def _keep_told(self, key: PairKey, period: int, alert: Alert) -> None:
        self._told.setdefault(key, []).append((period, alert))
        if self._sieve is not None and self._is_sifted(key):
            self._sieve.rang(key, _WAYS[alert.direction], period)

    # --- what became of it ----------------------------------------------------------------------

    @property
    def told(self) -> Collection[PairKey]:
        """The pairs of which something was told that has not closed yet."""
        return self._told.keys()

    def settled(self, change: Moved, trigger: Trigger) -> Iterator[Alert]:
        """What became of the things told before the close that has come now."""
        if not isinstance(change.key, PairKey) or change.key not in self._told:
            return
        told = self._told.pop(change.key)
        subject = self._pairs[change.key]
        step = subject.step(change.tracker, change.turn, change.view)
        for period, alert in told:
            if period <= step.period:
                settled = subject.settled(step, alert, trigger)
                self._keep(change.key, _Settled(period, alert, settled.rule, settled.id))
                yield settled
        later = [(period, alert) for period, alert in told if period > step.period]
        if later:
            self._told[change.key] = later

    def revised(self, change: Rewritten, trigger: Trigger) -> Iterator[Alert]:
        """What was confirmed and is not borne out any more, or the reverse."""
        if not isinstance(change.key, PairKey):
            return
        known = self._settled.get(change.key, [])
        last = change.start.last
        found = [one for one in known if last is None or one.period > last]
        if not found or (change.until is not None and found[0].period > change.until):
            return
        subject = self._pairs[change.key]
        for tracker, turn in walk(change.start, change.after, change.until):
            for one in [one for one in found if one.period == tracker.last]:
                alert = subject.settled(
                    subject.step(tracker, turn, change.after), one.told, trigger
                )
                if alert.rule != one.rule:
                    identity = alert_id(one.id, alert.rule, trigger.partition, trigger.offset)
                    known[known.index(one)] = replace(one, rule=alert.rule, id=identity)
                    yield replace(alert, id=identity, follows=one.id, late=True, revision="amended")

    def _keep(self, pair: PairKey, settled: _Settled) -> None:
        kept = self._settled.setdefault(pair, [])
        kept.append(settled)
        del kept[:-_MOST_SETTLED]

    def dump(self) -> dict[str, Any]:
        """The state as columns and plain values, for a snapshot."""
        return {
            "live": self._live.dump() if self.wanted else [],
            "looked": self._looked_ms,
            "told": [
                [*pair, period, alert.to_dict()]
                for pair, told in self._told.items()
                for period, alert in told
            ],
            "settled": [
                [*pair, one.period, one.told.to_dict(), one.rule, one.id]
                for pair, settled in self._settled.items()
                for one in settled
            ],
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        if self.wanted:
            self._live.load(state["live"])
        self._looked_ms = state["looked"]
        self._told = {}
        for asset, benchmark, period, alert in state["told"]:
            self._keep_told(PairKey(asset, benchmark), period, Alert.from_dict(alert))
        self._settled = {}
        for asset, benchmark, period, alert, rule, identity in state["settled"]:
            settled = _Settled(period, Alert.from_dict(alert), rule, identity)
            self._keep(PairKey(asset, benchmark), settled)


def confirming(alert: Alert, settled: list[Alert]) -> Alert:
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
