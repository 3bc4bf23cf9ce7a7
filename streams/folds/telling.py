"""What the changes of a watchlist have to tell: its pairs, its series, rules on several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from alerts.model import Instead
from config.rules import AllRule, AnyRule, PairRule, YearToDateRule
from config.settings import Instrument
from config.watchlists import Watchlist
from streams.core.board import Floors
from streams.core.subjects import Change, Key, PairKey, Rewritten, View, walk
from streams.folds.happenings import Happening, Subject
from streams.folds.pair_subject import PairSubjects
from streams.folds.revisions import Revision
from streams.folds.series_subject import SeriesSubject
from streams.folds.together_subject import TogetherSubject

OfPair = PairRule | YearToDateRule
"""What may name a pair."""


class Telling:
    """The rules of a watchlist at work; its state is what the rules on several conditions keep."""

    def __init__(
        self, name: str, watchlist: Watchlist, instruments: Mapping[str, Instrument]
    ) -> None:
        series = [SeriesSubject(name, watchlist, s, instruments) for s in watchlist.followed()]
        self.pairs = PairSubjects(name, watchlist, instruments)
        self._watchlist = watchlist
        self._series: dict[Key, Any] = {one.key: one for one in series}
        self._together = {
            rule.name: TogetherSubject(name, watchlist, rule, instruments)
            for rule in watchlist.rules
            if isinstance(rule, AllRule | AnyRule)
        }

    def floors(self, history: int) -> Floors | None:
        """Which streaks may have something to tell, pair by pair.

        None where each period may, of any pair or series.

        Args:
            history: how many returns must be known before anything is called a record.
        """
        if self._together or self._series:
            return None
        named = {rule.pair for rule in self._watchlist.rules if isinstance(rule, OfPair)}
        kinds: dict[tuple[bool, str], int] = {}
        kind, each = [], []
        for pair in self._watchlist.pairs:
            alike = bool(pair.records), pair.name if pair.name in named else ""
            if alike not in kinds:
                kinds[alike] = len(kinds)
                each.append(self.pairs[PairKey(pair.asset, pair.benchmark)].floors())
            kind.append(kinds[alike])
        known = [one for one in each if one is not None]
        if not known or len(known) < len(each):
            return None
        grown, *least = zip(*known, strict=True)
        record, short, ended = (np.array(column, np.int64) for column in least)
        return Floors(np.array(kind), np.array(grown), record, short, ended, history)

    def changed(self, change: Change) -> Iterator[Revision]:
        """What a change has to tell of its subject, and of the rules on several."""
        key = change.key
        subject = self.pairs[key] if isinstance(key, PairKey) else self._series[key]
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

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        return {name: rule.state.dump() for name, rule in self._together.items()}

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        for name, dumped in state.items():
            self._together[name].state.load(dumped)


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
