"""A watchlist's closes, series and subjects: what a close moves on, and what it rewrites."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.core.cohort import Cohort, Standings
from streams.core.levels import LevelTerms, LevelTracker
from streams.core.lines import Derived, Lines, Store
from streams.core.live import Latest, Preview
from streams.core.pairs import Terms, Tracker
from streams.core.periods import NEVER
from streams.core.series import Closes, dump, load
from streams.core.streaks import Streak
from streams.core.subjects import Change, Key, Moved, PairKey, Subject, View
from streams.core.views import History, LevelView, PairView

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
        self._derived = [line for line in self.lines.values() if isinstance(line, Derived)]
        self._terms: dict[Any, Terms | LevelTerms] = {**pairs, **(levels or {})}
        self._keys_of: dict[str, list[Key]] = {symbol: [] for symbol in self.lines.closes}
        for key in self._terms:
            for name in key if isinstance(key, PairKey) else (key,):
                for symbol in self.lines.need(name):
                    keys = self._keys_of.setdefault(symbol, [])
                    if not keys or keys[-1] is not key:
                        keys.append(key)
        self.closes = self.lines.closes
        self.cohort = self._cohort(pairs)
        """The pairs of instruments, where all pairs have the same terms."""
        self._subjects: dict[Key, Subject] = {}
        self._horizon = horizon
        self._places = {symbol: place for place, symbol in enumerate(self.closes)}
        self._lines_of: dict[str, list[Derived]] = {}
        for line in self._derived:
            for symbol in line.symbols:
                self._lines_of.setdefault(symbol, []).append(line)

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
        if self.cohort is not None:
            self.cohort.tape.came(symbol, period)
        for line in self._lines_of.get(symbol, ()):
            line.settle(period)
        changes: list[Change] = []
        past: Store | None = None
        for subject in map(self._subject, self._keys_of[symbol]):
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
        """Whether all that is followed are pairs of instruments, with the same terms, and no closes
        are wanted but theirs."""
        cohort = self.cohort
        return (
            cohort is not None
            and len(cohort) == len(self._terms)
            and cohort.tape.symbols == list(self.closes)
        )

    def preview(self, latest: Latest) -> Preview:
        """What the pairs of the cohort, which there must be, would do; see :meth:`Cohort.preview`.

        Args:
            latest: of all symbols of ``closes``, in their order.
        """
        assert self.cohort is not None
        return self.cohort.preview(latest.only(self._places_of(self.cohort.tape.symbols)))

    def ahead(self, key: PairKey, latest: Latest) -> Moved | None:
        """What a pair would do with the latest prices; nothing is kept.

        None where it does not take part: its legs' symbols must have last a price or close of one
        period, at least one of them live, and the pair a common close before.

        Args:
            latest: of all symbols of ``closes``, in their order.
        """
        subject = self._subject(key)
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
        return [key for key in self._terms if isinstance(key, PairKey)]

    @property
    def levels(self) -> list[str]:
        """The series whose levels are followed."""
        return [key for key in self._terms if isinstance(key, str)]

    def standing(self, pair: PairKey) -> tuple[int | None, Streak | None]:
        """A pair's last common period, and the streak that runs."""
        if self.cohort is not None and pair in self.cohort:
            return self.cohort.standing(pair)
        tracker = self._subject(pair).tracker
        return tracker.last, tracker.running

    def standings(self) -> Standings:
        """How all pairs stand, in the order of ``pairs``."""
        pairs = self.pairs
        rows = [self._row(pair) for pair in pairs if self.cohort is None or pair not in self.cohort]
        alone = Standings(*np.array(rows, np.int64).reshape(-1, 3).T)
        if self.cohort is None:
            return alone
        here = np.array([pair in self.cohort for pair in pairs], np.bool_)
        found = Standings(*(np.empty(len(pairs), np.int64) for _ in alone))
        for column, own, other in zip(found, self.cohort.standings(), alone, strict=True):
            column[here], column[~here] = own, other
        return found

    def _row(self, pair: PairKey) -> tuple[int, int, int]:
        tracker = self._subject(pair).tracker
        run = tracker.running
        record = None if run is None else tracker.books[run.direction].record()
        return (
            0 if run is None else run.direction * run.length,
            0 if record is None else record.length,
            NEVER if tracker.last is None else tracker.last,
        )

    def tracker(self, key: Key) -> Any:
        """The state of a subject."""
        return self._wake(self._subject(key)).tracker

    def marks(self, key: Key) -> list[Any]:
        """The states that are kept of a subject's past, oldest first."""
        return self._subject(key).marks

    def view(self, key: Key) -> Any:
        """A subject's view."""
        return self._subject(key).view

    def history(self, pair: PairKey) -> History:
        """The common periods of a pair with the levels of both legs."""
        return self.view(pair).history()  # type: ignore[no-any-return]

    def dump(self) -> dict[str, Any]:
        """The state as columns and plain values; see :meth:`load`."""
        return {
            "closes": dump(self.closes.values()),
            "cohort": None if self.cohort is None else self.cohort.dump(),
            "trackers": [[key, s.tracker.dump()] for key, s in self._subjects.items()],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        load(self.closes.values(), state["closes"])
        for line in self._derived:
            line.load()
        if self.cohort is not None:
            self.cohort.load(state["cohort"])
        self._subjects = {}
        for key, dumped in state["trackers"]:
            subject = self._subject(key if isinstance(key, str) else PairKey(*key))
            subject.tracker = type(subject.begin).load(subject.begin.terms, dumped)  # type: ignore[arg-type]

    def _places_of(self, symbols: Sequence[str]) -> npt.NDArray[np.intp]:
        return np.array([self._places[symbol] for symbol in symbols], np.intp)

    def _subject(self, key: Key) -> Subject:
        """A subject; it is made when it is first asked for."""
        if self.cohort is not None and key in self.cohort:
            return self.cohort.subject(key)  # type: ignore[arg-type]
        if key not in self._subjects:
            self._subjects[key] = self._made(key, self._terms[key])
        return self._subjects[key]

    def _made(self, key: Key, terms: Terms | LevelTerms) -> Subject:
        if isinstance(terms, LevelTerms):
            assert isinstance(key, str)
            return Subject(key, LevelView(self.lines[key]), LevelTracker(terms))
        assert isinstance(key, PairKey)
        view = PairView(self.lines[key.asset], self.lines[key.benchmark], terms.steps)
        return Subject(key, view, Tracker(terms))

    def _cohort(self, pairs: Mapping[PairKey, Terms]) -> Cohort | None:
        plain = {
            pair: terms
            for pair, terms in pairs.items()
            if not any(isinstance(self.lines.get(leg), Derived) for leg in pair)
        }
        distinct = {id(terms): terms for terms in plain.values()}.values()
        shared = [replace(terms, seeds=(), complete_from=None) for terms in distinct]
        if not shared or any(one != shared[0] for one in shared):
            return None
        return Cohort(plain, shared[0], self.lines)

    def _wake(self, subject: Subject) -> Subject:
        if self.cohort is not None and subject.number >= 0:
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


def _symbols(view: View) -> frozenset[str]:
    if isinstance(view, LevelView):
        return view.line.symbols
    return view.asset.symbols | view.benchmark.symbols


def _with(closes: Closes, period: int, price: int) -> Closes:
    copy = closes.copy()
    copy.put(period, price)
    return copy
