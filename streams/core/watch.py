"""A watchlist's closes, series and subjects: what a close moves on, and what it rewrites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.core.cohort import Cohort
from streams.core.levels import LevelTerms, LevelTracker
from streams.core.lines import Derived, Instrument, Store
from streams.core.live import Latest, Preview
from streams.core.pairs import Terms, Tracker
from streams.core.series import Closes
from streams.core.streaks import Streak
from streams.core.subjects import Change, Key, Moved, PairKey, Subject, View
from streams.core.views import History, LevelView, PairView


class Lines(dict[str, Any]):
    """Lines by name; a name that is not there yet becomes an instrument of its own closes."""

    def __init__(self) -> None:
        super().__init__()
        self.closes: dict[str, Closes] = {}

    def __missing__(self, symbol: str) -> Instrument:
        self.closes[symbol] = Closes()
        self[symbol] = Instrument(symbol, self.closes)
        return self[symbol]  # type: ignore[no-any-return]


Formula = Callable[[Mapping[str, Any]], Derived]
"""Makes a derived line from the lines that it is made of, by name."""


class Watch:
    """The closes of a watchlist, its series, and the state of its subjects.

    Args:
        pairs: by their legs, which are symbols or names of ``derived``.
        levels: the series whose levels are followed, by symbol or name of ``derived``.
        derived: the series that are made of others; each after what it is made of.
        horizon: the first period from which on a change in a period has no effect beyond what
            the trackers say, as for returns since the year's beginning.
    """

    def __init__(
        self,
        pairs: Mapping[PairKey, Terms],
        levels: Mapping[str, LevelTerms] | None = None,
        derived: Mapping[str, Formula] | None = None,
        horizon: Callable[[int], int] | None = None,
    ) -> None:
        self.lines = Lines()
        for name, formula in (derived or {}).items():
            self.lines[name] = formula(self.lines)
        self._subjects: dict[Key, Subject] = {}
        for pair, terms in pairs.items():
            view = PairView(self.lines[pair.asset], self.lines[pair.benchmark], terms.steps)
            self._subjects[pair] = Subject(pair, view, Tracker(terms))
        for name, level_terms in (levels or {}).items():
            level = LevelView(self.lines[name])
            self._subjects[name] = Subject(name, level, LevelTracker(level_terms))
        self.closes = self.lines.closes
        self.cohort = self._cohort()
        """The pairs of instruments, where all pairs have the same terms."""
        self._horizon = horizon
        self._places = {symbol: place for place, symbol in enumerate(self.closes)}
        self._derived = [line for line in self.lines.values() if isinstance(line, Derived)]
        self._lines_of: dict[str, list[Derived]] = {symbol: [] for symbol in self.closes}
        for line in self._derived:
            for symbol in line.symbols:
                self._lines_of[symbol].append(line)
        self._subjects_of: dict[str, list[Subject]] = {symbol: [] for symbol in self.closes}
        for subject in self._subjects.values():
            for symbol in _symbols(subject.view):
                self._subjects_of[symbol].append(subject)

    def put(self, symbol: str, period: int, price: int) -> list[Change]:
        """Take a close; what it changed. The same close again changes nothing.

        Raises:
            KeyError: no subject has the symbol.
        """
        closes = self.closes[symbol]
        known = closes.get(period)
        if known == price:
            return []
        closes.put(period, price)
        for line in self._lines_of[symbol]:
            line.settle(period)
        changes: list[Change] = []
        past: Store | None = None
        for subject in self._subjects_of[symbol]:
            if not subject.view.touched(period):
                continue
            self._wake(subject)
            if subject.tracker.last is None or period > subject.tracker.last:
                if subject.view.reached(period):
                    changes += subject.move()
            else:
                past = past or self._before(symbol, period, known)
                before = subject.view.over(past, period)
                changes.append(subject.rewrite(period, before, self._least(subject, period)))
        return changes

    @property
    def is_plain(self) -> bool:
        """Whether all that is followed are pairs of instruments, with the same terms."""
        return self.cohort is not None and len(self.cohort) == len(self._subjects)

    def preview(self, latest: Latest) -> Preview:
        """What the pairs of the cohort, which there must be, would do; see :meth:`Cohort.preview`.

        Args:
            latest: of all symbols of ``closes``, in their order.
        """
        assert self.cohort is not None
        return self.cohort.preview(latest.only(self._places_of(self.cohort.symbols)))

    def ahead(self, key: PairKey, latest: Latest) -> Moved | None:
        """What a pair would do with the latest prices; nothing is kept.

        None where it does not take part: its legs' symbols must have last a price or close of one
        period, at least one of them live, and the pair a common close before.

        Args:
            latest: of all symbols of ``closes``, in their order.
        """
        subject = self._subjects[key]
        assert isinstance(subject.view, PairView)
        symbols = sorted(_symbols(subject.view))
        own = latest.only(self._places_of(symbols))
        period = int(own.period[0])
        if not own.live.any() or (own.period != period).any():
            return None
        last = self._wake(subject).tracker.last
        live = zip(symbols, own.price.tolist(), own.live.tolist(), strict=True)
        store = self.closes | {s: _with(self.closes[s], period, p) for s, p, is_live in live
                               if is_live}  # fmt: skip
        view = subject.view.over(store, period)
        if last is None or not view.reached(period):
            return None
        tracker = subject.tracker.copy()
        turn = tracker.step(period, view.sign(last, period))
        return Moved(key, tracker, turn, view)

    @property
    def pairs(self) -> list[PairKey]:
        """The pairs."""
        return [key for key in self._subjects if isinstance(key, PairKey)]

    @property
    def levels(self) -> list[str]:
        """The series whose levels are followed."""
        return [key for key in self._subjects if isinstance(key, str)]

    def standing(self, pair: PairKey) -> tuple[int | None, Streak | None]:
        """A pair's last common period, and the streak that runs."""
        subject = self._subjects[pair]
        if self.cohort is not None and subject.asleep:
            return self.cohort.standing(subject)
        return subject.tracker.last, subject.tracker.running

    def tracker(self, key: Key) -> Any:
        """The state of a subject."""
        return self._wake(self._subjects[key]).tracker

    def marks(self, key: Key) -> list[Any]:
        """The states that are kept of a subject's past, oldest first."""
        return self._subjects[key].marks

    def view(self, key: Key) -> Any:
        """A subject's view."""
        return self._subjects[key].view

    def history(self, pair: PairKey) -> History:
        """The common periods of a pair with the levels of both legs."""
        return self.view(pair).history()  # type: ignore[no-any-return]

    def dump(self) -> dict[str, Any]:
        """The state as columns and plain values; see :meth:`load`."""
        return {
            "closes": {symbol: closes.dump() for symbol, closes in self.closes.items()},
            "cohort": None if self.cohort is None else self.cohort.dump(),
            "trackers": [[_plain(s.key), s.tracker.dump()] for s in self._subjects.values()
                         if s.number < 0],
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        for symbol, columns in state["closes"].items():
            self.closes[symbol].adopt(Closes.load(*columns))
        for line in self._derived:
            line.load()
        if self.cohort is not None:
            self.cohort.load(state["cohort"])
        for key, dumped in state["trackers"]:
            subject = self._subjects[key if isinstance(key, str) else PairKey(*key)]
            subject.tracker = type(subject.begin).load(subject.begin.terms, dumped)  # type: ignore[arg-type]
            subject.marks = []

    def _places_of(self, symbols: Sequence[str]) -> npt.NDArray[np.intp]:
        return np.array([self._places[symbol] for symbol in symbols], np.intp)

    def _cohort(self) -> Cohort | None:
        pairs = [s for s in self._subjects.values() if _is_plain(s.view)]
        terms = [_shared(subject) for subject in pairs]
        if not terms or any(one != terms[0] for one in terms):
            return None
        legs = {leg: self.closes[leg] for s in pairs for leg in s.key}
        return Cohort(pairs, legs)

    def _wake(self, subject: Subject) -> Subject:
        if self.cohort is not None and subject.asleep:
            self.cohort.wake(subject)
        return subject

    def _before(self, symbol: str, period: int, known: int | None) -> Store:
        """The closes as they were before one of them changed."""
        before = self.closes[symbol].copy()
        if known is None:
            before.remove(period)
        else:
            before.put(period, known)
        return {**self.closes, symbol: before}

    def _least(self, subject: Subject, period: int) -> int | None:
        until = subject.view.until(period)
        if until is None or self._horizon is None:
            return until
        return max(until, self._horizon(period))


def _shared(subject: Subject) -> Terms:
    """The terms of a pair without its published records."""
    terms = subject.begin.terms
    assert isinstance(terms, Terms)
    return replace(terms, seeds=(), complete_from=None)


def _is_plain(view: View) -> bool:
    legs = (view.asset, view.benchmark) if isinstance(view, PairView) else (None,)
    return all(isinstance(leg, Instrument) for leg in legs)


def _plain(key: Key) -> str | list[str]:
    return key if isinstance(key, str) else list(key)


def _symbols(view: View) -> frozenset[str]:
    if isinstance(view, LevelView):
        return view.line.symbols
    return view.asset.symbols | view.benchmark.symbols


def _with(closes: Closes, period: int, price: int) -> Closes:
    copy = closes.copy()
    copy.put(period, price)
    return copy
