"""Before the close: what a streak would be with the prices so far, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alerts.model import Alert, Trigger, alert_id
from streams.core.subjects import Moved, PairKey, Rewritten, walk
from streams.core.watch import Watch
from streams.folds.pair_subject import PairSubject

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
    """The prices before the close, and what was told of them; nothing of it comes into a book."""

    def __init__(self, pairs: Mapping[PairKey, PairSubject], *, wanted: bool) -> None:
        """``wanted`` says whether a rule asks for what a streak would be."""
        self._pairs = pairs
        self._wanted = wanted
        self._prices: dict[str, tuple[int, int]] = {}
        self._told: dict[PairKey, list[tuple[int, Alert]]] = {}
        self._settled: dict[PairKey, list[_Settled]] = {}

    def take(
        self, watch: Watch, symbol: str, period: int, price: int, trigger: Trigger
    ) -> Iterator[Alert]:
        """What a price before the close has to tell: once for each pair, period and direction."""
        if not self._wanted or self._prices.get(symbol, (period, 0))[0] > period:
            return
        self._prices[symbol] = (period, price)
        prices = {s: p for s, (at, p) in self._prices.items() if at == period}
        for moved in watch.ahead(prices, period, symbol):
            alert = self._alert(moved, period, trigger)
            if alert is not None:
                yield alert

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
        """The state as plain values, for a snapshot."""
        return {
            "prices": {symbol: list(price) for symbol, price in self._prices.items()},
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
        self._prices = {symbol: (at, price) for symbol, (at, price) in state["prices"].items()}
        self._told = {}
        for asset, benchmark, period, alert in state["told"]:
            told = self._told.setdefault(PairKey(asset, benchmark), [])
            told.append((period, Alert.from_dict(alert)))
        self._settled = {}
        for asset, benchmark, period, alert, rule, identity in state["settled"]:
            settled = _Settled(period, Alert.from_dict(alert), rule, identity)
            self._keep(PairKey(asset, benchmark), settled)

    def _alert(self, moved: Moved, period: int, trigger: Trigger) -> Alert | None:
        assert isinstance(moved.key, PairKey)
        subject = self._pairs[moved.key]
        step = subject.step(moved.tracker, moved.turn, moved.view)
        happening = subject.ahead(step)
        told = self._told.get(moved.key, [])
        if happening is None or step.grown is None:
            return None
        direction = step.grown.direction_name
        if any((at, alert.direction) == (period, direction) for at, alert in told):
            return None
        alert = happening.make(trigger)
        self._told.setdefault(moved.key, []).append((period, alert))
        return alert
