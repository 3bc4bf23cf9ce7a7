"""What the changes of a watchlist have to tell: its pairs, its series, rules on several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from alerts.model import Alert, Instead, Trigger
from config.rules import AllRule, AnyRule
from config.settings import Instrument
from config.watchlists import Watchlist
from streams.core.watch import Change, Key, Moved, PairKey, Rewritten, View, Watch, walk
from streams.folds.happenings import (
    Happening,
    PairSubject,
    SeriesSubject,
    Subject,
    TogetherSubject,
)
from streams.folds.revisions import Revision


class Telling:
    """The rules of a watchlist at work; its state is what was told before a close."""

    def __init__(
        self, name: str, watchlist: Watchlist, instruments: Mapping[str, Instrument]
    ) -> None:
        pairs = [PairSubject(name, watchlist, pair, instruments) for pair in watchlist.pairs]
        series = [SeriesSubject(name, watchlist, s, instruments) for s in watchlist.followed()]
        self._subjects: dict[Key, Any] = {one.key: one for one in (*pairs, *series)}
        self._together = {
            rule.name: TogetherSubject(name, watchlist, rule, instruments)
            for rule in watchlist.rules
            if isinstance(rule, AllRule | AnyRule)
        }
        self._prices: dict[str, tuple[int, int]] = {}
        self._ahead: dict[PairKey, list[tuple[int, Alert]]] = {}

    def changed(self, change: Change) -> Iterator[Revision]:
        """What a change has to tell of its subject, and of the rules on several."""
        subject = self._subjects[change.key]
        late = isinstance(change, Rewritten)
        before = (
            _told(subject, _steps(subject, change, change.before))
            if isinstance(change, Rewritten)
            else {}
        )
        wanted = {happening.period for happening in before.values()}
        after: dict[str, Happening] = {}
        instead: dict[int, Instead | None] = {}
        for step in _now(subject, change):
            after |= {one.id: one for one in subject.happenings(step)}
            if step.period in wanted:
                instead[step.period] = subject.instead(step)
        yield Revision(before, after, late, instead)
        for rule in self._together.values():
            if rule.concerns(subject):
                yield Revision(*rule.take(subject, _now(subject, change)), late)

    # --- before the close ---

    def provisional(
        self, watch: Watch, symbol: str, period: int, price: int, trigger: Trigger
    ) -> Iterator[Alert]:
        """What a price before the close has to tell: once for each pair, period and direction."""
        if self._prices.get(symbol, (period, 0))[0] > period:
            return
        self._prices[symbol] = (period, price)
        prices = {s: p for s, (at, p) in self._prices.items() if at == period}
        for moved in watch.ahead(prices, period, symbol):
            assert isinstance(moved.key, PairKey)
            happening = self._would(moved)
            if happening is None:
                continue
            alert, told = happening.make(trigger), self._ahead.setdefault(moved.key, [])
            if not any(at == period and a.direction == alert.direction for at, a in told):
                told.append((period, alert))
                yield alert

    def settled(self, change: Moved, trigger: Trigger) -> Iterator[Alert]:
        """What became of the things told before the close that has come now."""
        if not isinstance(change.key, PairKey) or change.key not in self._ahead:
            return
        subject: PairSubject = self._subjects[change.key]
        told = self._ahead.pop(change.key)
        last = change.tracker.last
        for period, alert in told:
            if last is not None and period <= last and change.turn is not None:
                step = subject.step(change.tracker, change.turn, change.view)
                yield subject.settled(step, alert, trigger)
            else:
                self._ahead.setdefault(change.key, []).append((period, alert))

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        return {
            "together": {name: rule.state.dump() for name, rule in self._together.items()},
            "prices": {symbol: list(price) for symbol, price in self._prices.items()},
            "ahead": [
                [*pair, period, alert.to_dict()]
                for pair, told in self._ahead.items()
                for period, alert in told
            ],
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        for name, dumped in state["together"].items():
            self._together[name].state.load(dumped)
        self._prices = {symbol: (at, price) for symbol, (at, price) in state["prices"].items()}
        self._ahead = {}
        for asset, benchmark, period, alert in state["ahead"]:
            told = self._ahead.setdefault(PairKey(asset, benchmark), [])
            told.append((period, Alert.from_dict(alert)))

    def _would(self, moved: Moved) -> Happening | None:
        if moved.turn is None:
            return None
        subject: PairSubject = self._subjects[moved.key]
        return subject.ahead(subject.step(moved.tracker, moved.turn, moved.view))


def _now(subject: Subject, change: Change) -> Iterator[Any]:
    """The periods of a subject that a change is about, as the rules take them."""
    if isinstance(change, Rewritten):
        yield from _steps(subject, change, change.after)
    elif change.turn is not None:
        yield subject.step(change.tracker, change.turn, change.view)


def _steps(subject: Subject, change: Rewritten, view: View) -> Iterator[Any]:
    """The same tracker comes with each step, moved on."""
    for tracker, turn in walk(change.start, view, change.until):
        yield subject.step(tracker, turn, view)


def _told(subject: Subject, steps: Iterable[Any]) -> dict[str, Happening]:
    return {one.id: one for step in steps for one in subject.happenings(step)}
