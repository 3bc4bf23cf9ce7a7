"""The running streaks of many pairs in columns, moved on by whole stretches of periods.

A length is signed (+k outperforming, -k underperforming, 0 none), and its rule is that of
:mod:`streams.core.kernel`; what :meth:`Board.advance` does to a pair is what
:meth:`streams.core.pairs.Tracker.step` does period by period.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.kernel import Lengths, count, fill
from streams.core.pairs import Terms, Tracker
from streams.core.returns import Prices, Signs, active_signs
from streams.core.shelf import Volume
from streams.core.streaks import Mask, Missing, Streak, Ties

Column = npt.NDArray[np.int64]
Indices = npt.NDArray[np.intp]
Rows = npt.NDArray[np.int32]

#: The close of a pair that has had none: any number that can be divided by and is no price.
UNKNOWN = -1


class State(NamedTuple):
    """Some pairs at one moment, each array of shape (pairs,).

    ``first`` and ``last`` are their first and last common periods where they have ``begun``;
    ``returns`` counts active returns; ``base``, ``start`` and ``end`` are the running streak's
    where ``lengths`` is not 0; ``asset`` and ``benchmark`` are the closes of ``last``.
    """

    begun: Mask
    first: Column
    last: Column
    returns: Column
    lengths: Lengths
    base: Column
    start: Column
    end: Column
    asset: Prices
    benchmark: Prices

    @classmethod
    def empty(cls, pairs: int) -> State:
        """Pairs that have no common period yet."""
        zeros = [np.zeros(pairs, np.int64) for _ in range(6)]
        first, last, returns, base, start, end = zeros
        unknown = [np.full(pairs, UNKNOWN, np.int64) for _ in range(2)]
        lengths = np.zeros(pairs, np.int32)
        return cls(np.zeros(pairs, np.bool_), first, last, returns, lengths, base, start, end,
                   *unknown)  # fmt: skip

    def dump(self) -> list[bytes]:
        """The columns as bytes, for a snapshot."""
        return [column.tobytes() for column in self]

    @classmethod
    def load(cls, columns: Iterable[bytes]) -> State:
        """The inverse of :meth:`dump`."""
        kinds: list[Any] = [column.dtype for column in cls.empty(0)]
        return cls._make(
            np.frombuffer(c, kind).copy() for c, kind in zip(columns, kinds, strict=True)
        )

    def one(self, pair: int) -> tuple[int, int, int, Streak | None]:
        """First and last common period, number of returns and running streak of a pair that has
        begun."""
        first, last, returns, length, base, start, end = (
            column.item(pair)
            for column in (self.first, self.last, self.returns, self.lengths, self.base,
                           self.start, self.end)
        )  # fmt: skip
        streak = Streak(1 if length > 0 else -1, abs(length), base, start, end) if length else None
        return first, last, returns, streak

    def set(self, pair: int, tracker: Tracker, asset: int, benchmark: int) -> None:
        """Take over the state of a tracker that has begun, with the closes of its last period."""
        assert tracker.first is not None
        assert tracker.last is not None
        self.begun[pair] = True
        self.first[pair], self.last[pair], self.returns[pair] = (
            tracker.first, tracker.last, tracker.returns,
        )  # fmt: skip
        self.asset[pair], self.benchmark[pair] = asset, benchmark
        run = tracker.running
        self.lengths[pair] = 0 if run is None else run.direction * run.length
        if run is not None:
            self.base[pair], self.start[pair], self.end[pair] = run.base, run.start, run.end

    def of(self, pairs: Indices) -> State:
        """Copies of some pairs' columns."""
        return State._make(column[pairs] for column in self)

    def put(self, pairs: Indices, state: State) -> None:
        """The inverse of :meth:`of`."""
        for name in self._fields:
            getattr(self, name)[pairs] = getattr(state, name)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a stretch of periods did to some pairs: arrays of shape (n + 1, pairs).

    Row 0 is the state before it; row t is that after the period ``periods[t - 1]``. ``signs``
    are those of the active returns since the last common period, where there is one. ``seen``,
    ``began`` and ``grew`` are the rows of a pair's last common period, of its streak's first
    period and of its last, 0 where they lie before the stretch.
    """

    pairs: Indices
    periods: Column
    common: Mask
    signs: Signs
    lengths: Lengths
    ways: Signs
    counted: Signs
    returned: Mask
    seen: Rows
    began: Rows
    grew: Rows
    before: State

    def grown(self) -> Lengths:
        """The signed length of the streak that grew, or began, in each period: (n, pairs)."""
        return np.where(self.counted != 0, self.lengths[1:], 0)

    def ending(self) -> Lengths:
        """The signed length of the streak that ended in each period, 0 for none: (n, pairs)."""
        return np.where(self.ways[1:] != self.ways[:-1], self.lengths[:-1], 0)

    def ended(self, at: int) -> Volume:
        """All streaks that ended; row t of the stretch has the number ``at`` + t."""
        lengths = self.ending()
        pair, row = np.nonzero(lengths.T)
        start, end = self.began[row, pair], self.grew[row, pair]
        return Volume(
            self.pairs[pair],
            row + (at + 1),
            lengths[row, pair].astype(np.int64),
            np.where(start > 0, self._base(start, pair), self.before.base[pair]),
            np.where(start > 0, self.periods[start - 1], self.before.start[pair]),
            np.where(end > 0, self.periods[end - 1], self.before.end[pair]),
        )

    def after(self, row: int, at: int) -> tuple[int | None, int | None, int, Streak | None]:
        """First and last common period, number of returns, and running streak of a pair.

        Args:
            row: of the arrays above; 0 is before the stretch.
            at: the pair's place in ``pairs``.
        """
        before = self.before
        first: int | None = before.first.item(at)
        if not before.begun[at]:
            seen = self.seen.item(row, at)
            first = self.periods.item(int(self.common[:, at].argmax())) if seen else None
        last = None if first is None else self._last(row, at)
        returns = before.returns.item(at) + int(np.count_nonzero(self.returned[:row, at]))
        return first, last, returns, self._running(row, at)

    def _last(self, row: int, at: int) -> int:
        """A pair's last common period, which there is."""
        seen = self.seen.item(row, at)
        return self.periods.item(seen - 1) if seen else self.before.last.item(at)

    def _running(self, row: int, at: int) -> Streak | None:
        length = self.lengths.item(row, at)
        if length == 0:
            return None
        before, periods = self.before, self.periods
        began, grew = self.began.item(row, at), self.grew.item(row, at)
        base = self._last(began - 1, at) if began else before.base.item(at)
        start = periods.item(began - 1) if began else before.start.item(at)
        end = periods.item(grew - 1) if grew else before.end.item(at)
        return Streak(1 if length > 0 else -1, abs(length), base, start, end)

    def _base(self, began: Rows, at: Indices) -> Column:
        """The last common period before a row."""
        seen = self.seen[began - 1, at]
        return np.where(seen > 0, self.periods[seen - 1], self.before.last[at])


#: Longer than any streak.
NEVER = 2**31 - 1

#: Growing streaks are told apart by their lengths up to this one, which stands for longer ones too.
LONG = 128


@dataclass(frozen=True, slots=True)
class Floors:
    """Which of the pairs' streaks may have something to tell.

    ``kind`` says of each pair of which kind it is, and all else is by kind: arrays of shape
    (kinds,), but for ``grown``, (kinds, 2 ``LONG`` + 1), whose middle column is the length 0.

    A streak that grows may in the signed lengths that ``grown`` has; and from ``record`` on, where
    it is no more than ``short`` periods shorter than the longest so far, once ``history`` returns
    are known. Of shorter scopes than all history nothing is known here: their lengths are in
    ``grown``. A streak that ends may from ``ended`` on.
    """

    kind: Indices
    grown: Mask
    record: Column
    short: Column
    ended: Column
    history: int = 0

    def reached(self, stretch: Stretch, longest: Column) -> Mask:
        """In which periods pairs may have something to tell: (n, pairs).

        Args:
            longest: the longest streaks of all pairs so far, out- and underperforming, (2, all).
        """
        pairs = stretch.pairs
        kind, grown = self.kind[pairs], stretch.grown()
        column = np.minimum(np.maximum(grown, -LONG), LONG) + LONG
        reached: Mask = self.grown.take(kind * self.grown.shape[1] + column)
        if self.record.min(initial=NEVER) < NEVER:
            known = stretch.before.returns + len(stretch.periods) >= self.history
            near = np.maximum(self.record[kind], longest[:, pairs] - self.short[kind])
            out, under = np.where(known, near, NEVER)
            reached |= (grown >= out) | (grown <= -under)
        if self.ended.min(initial=NEVER) < NEVER:
            reached |= np.abs(stretch.ending()) >= self.ended[kind]
        return reached


class Board:
    """Pairs that share their terms (but for published records), in columns."""

    def __init__(self, pairs: int, terms: Terms) -> None:
        self.state = State.empty(pairs)
        self._terms = terms

    def advance(
        self, pairs: Indices, periods: Column, a: Prices, b: Prices, common: Mask
    ) -> Stretch:
        """Go on by periods that lie behind the last ones of all these pairs.

        Args:
            pairs: which, each once, shape (m,).
            periods: ascending, shape (n,).
            a: the assets' closes in micro-units, shape (n, m).
            b: the benchmarks', same shape.
            common: which periods are new common ones of a pair, same shape; ``a`` and ``b`` mean
                nothing elsewhere.
        """
        before = self.state.of(pairs)
        asset, benchmark = np.vstack((before.asset, a)), np.vstack((before.benchmark, b))
        rows = np.arange(len(periods) + 1, dtype=np.int32)[:, None]
        holes = None if common.all() else ~common
        seen = np.broadcast_to(rows, asset.shape)
        if holes is not None:
            fill(asset, holes)
            fill(benchmark, holes)
            seen = _latest(common, rows)
        signs = active_signs(asset, benchmark, self._terms.steps)
        gaps, nights = self._unlike(periods, before, seen, common)
        ways, counted, returned = self._turned(signs, before, holes, gaps, nights)
        lengths = np.empty(asset.shape, np.int32)
        lengths[0] = before.lengths
        count(ways, counted, lengths)
        grew = counted != 0
        stretch = Stretch(
            pairs, periods, common, signs, lengths, ways, counted, returned, seen,
            _latest(grew & (ways[1:] != ways[:-1]), rows), _latest(grew, rows), before,
        )  # fmt: skip
        self.state.put(pairs, self._moved(stretch, asset[-1], benchmark[-1]))
        return stretch

    def preview(self, pairs: Indices, period: int, a: Prices, b: Prices) -> Lengths:
        """The signed lengths of the streaks that would grow, or begin, in a period; 0 for none.

        Nothing is kept; :meth:`advance` goes on with a copy of the columns.

        Args:
            pairs: which, all of which have begun, and not reached the period; shape (m,).
            a: the assets' prices in micro-units, shape (m,).
            b: the benchmarks', same shape.
        """
        trial = copy(self)
        trial.state = self.state.of(pairs)
        everywhere = np.ones((1, len(pairs)), np.bool_)
        stretch = trial.advance(
            np.arange(len(pairs)), np.array([period]), a[None], b[None], everywhere
        )
        grown: Lengths = stretch.grown()[0]
        return grown

    def _unlike(
        self, periods: Column, before: State, seen: Rows, common: Mask
    ) -> tuple[Mask | None, Mask | None]:
        """Where a common period is only a new base, and where its return is not counted."""
        terms = self._terms
        gaps = None
        if not before.begun.all():
            gaps = common & ~before.begun & (seen[:-1] == 0)
        breaking = terms.missing is Missing.BREAK and len(terms.sessions)
        if not breaking and terms.nights is None:
            return gaps, None
        previous = np.where(seen[:-1] > 0, periods[seen[:-1] - 1], before.last)
        begun = common if gaps is None else common & ~gaps
        at = np.nonzero(begun)
        if breaking:
            broken = np.zeros(common.shape, np.bool_)
            broken[at] = terms.broken(previous[at], periods[at[0]])
            gaps = broken if gaps is None else gaps | broken
        nights = None
        if terms.nights is not None:
            nights = np.zeros(common.shape, np.bool_)
            nights[at] = terms.nights.apart(previous[at], periods[at[0]])
            nights = nights if gaps is None else nights & ~gaps
        return gaps, nights

    def _turned(
        self,
        signs: Signs,
        before: State,
        holes: Mask | None,
        gaps: Mask | None,
        nights: Mask | None,
    ) -> tuple[Signs, Signs, Mask]:
        """The direction after each row, what each period counts, and which have a return."""
        ties = self._terms.ties
        returned = np.ones(signs.shape, np.bool_)
        for mask in (holes, gaps, nights):
            if mask is not None:
                returned &= ~mask
        counted = signs if returned.all() else signs * returned
        ways = np.vstack((np.sign(before.lengths).astype(np.int8), counted))
        passed = [mask for mask in (holes, nights) if mask is not None]
        tied = None if ties is Ties.BREAK else returned & (signs == 0)
        if tied is not None and tied.any():
            passed.append(tied)
        if passed:
            fill(ways, np.logical_or.reduce(passed))
        if tied is not None and ties is Ties.EXTEND:
            counted = np.where(tied, ways[1:], counted)
        return ways, counted, returned

    def _moved(self, stretch: Stretch, asset: Prices, benchmark: Prices) -> State:
        before, periods = stretch.before, stretch.periods
        seen, began, grew = stretch.seen[-1], stretch.began[-1], stretch.grew[-1]
        at = np.arange(len(stretch.pairs))
        first = before.first
        fresh = ~before.begun & (seen > 0)
        if fresh.any():
            first = np.where(fresh, periods[np.argmax(stretch.common, axis=0)], first)
        return State(
            before.begun | fresh,
            first,
            np.where(seen > 0, periods[seen - 1], before.last),
            before.returns + np.count_nonzero(stretch.returned, axis=0),
            stretch.lengths[-1],
            np.where(began > 0, stretch._base(began, at), before.base),
            np.where(began > 0, periods[began - 1], before.start),
            np.where(grew > 0, periods[grew - 1], before.end),
            asset,
            benchmark,
        )


def _latest(where: Mask, rows: Rows) -> Rows:
    """For each row of the stretch, the last one at or before it where a mask of (n, m) is true."""
    latest = np.zeros((len(rows), where.shape[1]), np.int32)
    np.multiply(rows[1:], where, out=latest[1:])
    np.maximum.accumulate(latest, axis=0, out=latest)
    return latest
