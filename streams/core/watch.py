"""A watchlist's closes, series and subjects: what a close moves on, and what it rewrites.

A subject is what is followed period by period: a pair, whose observations are the signs of its
active returns, or the level of one series, whose observations are values.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from streams.core.levels import LevelTerms, LevelTracker, LevelTurn
from streams.core.lines import Derived, Instrument, Store
from streams.core.pairs import Terms, Tracker
from streams.core.series import Closes
from streams.core.streaks import Turn
from streams.core.views import History, LevelView, PairView

#: How many returns lie between the states that are kept of a subject's past.
MARK_EVERY = 64
#: How many of these states are kept: few, however long the history.
MOST_MARKS = 16


class PairKey(NamedTuple):
    """An asset and the benchmark that it is measured against."""

    asset: str
    benchmark: str


Key = PairKey | str
"""A pair, or the name of a series."""


View = PairView | LevelView
AnyTracker = Tracker | LevelTracker
AnyTurn = Turn | LevelTurn


@dataclass(frozen=True, slots=True)
class Moved:
    """A subject went on by one period; ``tracker`` is its state then."""

    key: Key
    tracker: AnyTracker
    turn: AnyTurn | None
    view: View


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A correction or a late close changed a subject's past.

    Up to ``start`` and after the period ``until`` (None: the end) both views tell the same.
    """

    key: Key
    start: AnyTracker
    until: int | None
    before: View
    after: View


Change = Moved | Rewritten


def walk(
    start: AnyTracker, view: View, until: int | None = None
) -> Iterator[tuple[AnyTracker, AnyTurn]]:
    """A subject's history from a state on, period by period, to the period ``until`` or its end.

    The same tracker comes each time, moved on; ``start`` is left as it is.
    """
    tracker: Any = start.copy()
    for period, observed in view.rows_after(tracker.last):
        if until is not None and period > until:
            return
        turn = tracker.step(period, observed)
        if turn is not None:
            yield tracker, turn


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


class _Subject:
    """A pair or a series on its way: its view, its state, and states of its past."""

    def __init__(self, key: Key, view: View, tracker: AnyTracker) -> None:
        self.key = key
        self.view = view
        self.begin = tracker.copy()
        self.tracker: Any = tracker
        self.marks: list[Any] = []

    def move(self) -> Iterator[Moved]:
        """Go on through all periods that are new at the end; usually one."""
        rows = list(self.view.rows_after(self.tracker.last))
        for number, (period, observed) in enumerate(rows, 1):
            turn = self.tracker.step(period, observed)
            self._mark(self.tracker)
            tracker = self.tracker if number == len(rows) else self.tracker.copy()
            yield Moved(self.key, tracker, turn, self.view)

    def rewrite(self, period: int, before: View, least: int | None) -> Rewritten:
        """Derive it again from the last state kept, until nothing differs any more.

        Args:
            period: whose closes have changed.
            least: the first period from which a difference may be over; None for never.
        """
        start, later = self._split(period)
        old, new = start.copy(), start.copy()
        past = before.rows_after(start.last)
        row = next(past, None)
        until = None
        for at, observed in self.view.rows_after(start.last):
            new.step(at, observed)
            self._mark(new)
            while row is not None and row[0] <= at:
                old.step(*row)
                row = next(past, None)
            if least is not None and at > period and at >= least and _joined(old, new, period):
                until = at
                break
        if until is not None:
            more = new.returns - old.returns
            new = self._go_on(later, until, more)
        self.tracker = new
        return Rewritten(self.key, start, until, before, self.view)

    def _go_on(self, later: list[Any], until: int, more: int) -> Any:
        """The states after a period, which only count some returns more than they did."""
        for mark in later:
            if mark.last > until:
                mark.counted(more)
                self.marks.append(mark)
        new = self.tracker.copy()
        new.counted(more)
        return new

    def _mark(self, tracker: Any) -> None:
        """Keep a state now and then, so that a late close does not derive all history again."""
        marks = self.marks
        if tracker.returns - (marks[-1].returns if marks else 0) >= MARK_EVERY:
            marks.append(tracker.copy())
            if len(marks) > MOST_MARKS:
                del marks[1 : MOST_MARKS // 2 : 2]  # the older, the farther apart

    def _split(self, period: int) -> tuple[Any, list[Any]]:
        """The last state kept from before a period, and those from after it, taken out."""
        at = bisect_left(self.marks, period, key=lambda mark: mark.last)
        later = self.marks[at:]
        del self.marks[at:]
        return (self.marks[-1] if self.marks else self.begin), later


def _joined(old: Any, new: Any, period: int) -> bool:
    """Whether two states tell the same for ever, and nothing of a changed period any more."""
    return bool(old.last == new.last and old.alike(new) and new.counts_from(period))


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
        self._subjects: dict[Key, _Subject] = {}
        for pair, terms in pairs.items():
            view = PairView(self.lines[pair.asset], self.lines[pair.benchmark], terms.steps)
            self._subjects[pair] = _Subject(pair, view, Tracker(terms))
        for name, level_terms in (levels or {}).items():
            level = LevelView(self.lines[name])
            self._subjects[name] = _Subject(name, level, LevelTracker(level_terms))
        self.closes = self.lines.closes
        self._horizon = horizon
        self._derived = [line for line in self.lines.values() if isinstance(line, Derived)]
        self._lines_of: dict[str, list[Derived]] = {symbol: [] for symbol in self.closes}
        for line in self._derived:
            for symbol in line.symbols:
                self._lines_of[symbol].append(line)
        self._subjects_of: dict[str, list[_Subject]] = {symbol: [] for symbol in self.closes}
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
            if subject.tracker.last is None or period > subject.tracker.last:
                if subject.view.reached(period):
                    changes += subject.move()
            else:
                past = past or self._before(symbol, period, known)
                before = subject.view.over(past, period)
                changes.append(subject.rewrite(period, before, self._least(subject, period)))
        return changes

    def ahead(self, prices: Mapping[str, int], period: int, symbol: str) -> Iterator[Moved]:
        """What the pairs of a symbol would do with prices for a period that has not closed.

        Nothing is kept. A pair takes part when the period lies after its last one, and both legs
        have it with the closes and ``prices`` together.
        """
        wanted = {s: p for s, p in prices.items() if self.closes[s].get(period) is None}
        for subject in self._subjects_of[symbol] if symbol in wanted else ():
            last = subject.tracker.last
            if not isinstance(subject.view, PairView) or last is None or period <= last:
                continue
            legs = wanted.keys() & _symbols(subject.view)
            store = self.closes | {s: _with(self.closes[s], period, wanted[s]) for s in legs}
            view = subject.view.over(store, period)
            if view.reached(period):
                tracker = subject.tracker.copy()
                turn = tracker.step(period, view.sign(last, period))
                yield Moved(subject.key, tracker, turn, view)

    @property
    def pairs(self) -> list[PairKey]:
        """The pairs."""
        return [key for key in self._subjects if isinstance(key, PairKey)]

    @property
    def levels(self) -> list[str]:
        """The series whose levels are followed."""
        return [key for key in self._subjects if isinstance(key, str)]

    def tracker(self, key: Key) -> Any:
        """The state of a subject."""
        return self._subjects[key].tracker

    def marks(self, key: Key) -> list[Any]:
        """The states that are kept of a subject's past, oldest first."""
        return self._subjects[key].marks

    def view(self, key: Key) -> Any:
        """A subject's view."""
        return self._subjects[key].view

    def history(self, pair: PairKey) -> History:
        """The common periods of a pair with the levels of both legs."""
        return self.view(pair).history()  # type: ignore[no-any-return]

    def dump(self) -> dict[str, tuple[bytes, bytes]]:
        """The closes of each symbol; see :meth:`load`."""
        return {symbol: closes.dump() for symbol, closes in self.closes.items()}

    def load(
        self, closes: Mapping[str, tuple[bytes, bytes]], trackers: Mapping[Key, dict[str, Any]]
    ) -> None:
        """Take over closes, and the states of all subjects as their trackers dumped them."""
        for symbol, columns in closes.items():
            self.closes[symbol].adopt(Closes.load(*columns))
        for line in self._derived:
            line.load()
        for key, dumped in trackers.items():
            subject = self._subjects[key]
            subject.tracker = type(subject.begin).load(subject.begin.terms, dumped)  # type: ignore[arg-type]
            subject.marks = []

    def _before(self, symbol: str, period: int, known: int | None) -> Store:
        """The closes as they were before one of them changed."""
        before = self.closes[symbol].copy()
        if known is None:
            before.remove(period)
        else:
            before.put(period, known)
        return {**self.closes, symbol: before}

    def _least(self, subject: _Subject, period: int) -> int | None:
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
