"""The pairs of instruments of a watchlist, moved together by stretches of closes.

A pair is asleep while the board's columns tell its state, and awake while its tracker does: a
tracker is woken where a pair may have something to tell, or a close must be looked at by itself.
Before that a pair has none, and is no more than a row of the columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from streams.core.board import Board, Floors, State, Stretch
from streams.core.book import Book
from streams.core.groups import groups, ranks
from streams.core.lines import Lines
from streams.core.live import Latest, Preview
from streams.core.pairs import Terms, Tracker
from streams.core.periods import NEVER
from streams.core.shelf import Shelf, Volume
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Mask, Streak
from streams.core.subjects import Moved, PairKey, Subject
from streams.core.tape import Arrivals, Tape
from streams.core.views import PairView

Column = npt.NDArray[np.int64]

#: Cells of a table of closes that are looked at together, so that scratch arrays stay small.
_CELLS = 1 << 20


class Standings(NamedTuple):
    """How pairs stand, in columns of one shape (pairs,).

    ``length`` is that of the streak that runs, below zero for an underperforming one, 0 for none.
    The longest earlier streak of its direction is just ``record`` long, 0 if there is none; where
    the pair has published records, of whatever direction, it is 1 at least and may be too short.
    ``last`` is the last common period, ``NEVER`` without one.
    """

    length: Column
    record: Column
    last: Column


class Cohort:
    """Pairs that share their terms, but for published records."""

    def __init__(self, pairs: Mapping[PairKey, Terms], terms: Terms, lines: Lines) -> None:
        """Args:
        pairs: with the terms of each; their legs are instruments.
        terms: those of all of them, without published records.
        lines: which have the closes of both legs of all pairs.
        """
        places = {leg: at for at, leg in enumerate(dict.fromkeys(chain.from_iterable(pairs)))}
        self._lines = lines
        self.tape = Tape(list(places), [lines.closes[symbol] for symbol in places])
        """The closes of all legs."""
        self._keys = list(pairs)
        self._terms = list(pairs.values())
        self._seeded = np.array([bool(one.seeds) for one in self._terms], np.int64)
        """1 for each pair with a published record, which is at least so long."""
        self._numbers = {key: number for number, key in enumerate(self._keys)}
        legs = np.fromiter(map(places.__getitem__, chain.from_iterable(pairs)), np.int64)
        self._legs = legs.reshape(-1, 2)
        self._board = Board(len(pairs), terms)
        self._shelf = Shelf(len(pairs))
        self._longest = np.zeros((2, len(pairs)), np.int64)
        self._at = 0
        self._moved = np.zeros(len(pairs), np.bool_)
        self._subjects: dict[int, Subject] = {}
        self._awake: dict[int, Subject] = {}

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        """Whether a pair is one of them."""
        return key in self._numbers

    def number(self, key: PairKey) -> int:
        """The number of a pair."""
        return self._numbers[key]

    @property
    def keys(self) -> list[PairKey]:
        """The pairs, by their numbers."""
        return self._keys

    def subject(self, key: PairKey) -> Subject:
        """A pair with a tracker; it is made when it is first asked for."""
        return self._subject(self._numbers[key])

    def _subject(self, number: int) -> Subject:
        subject = self._subjects.get(number)
        if subject is None:
            key, terms = self._keys[number], self._terms[number]
            view = PairView(self._lines[key.asset], self._lines[key.benchmark], terms.steps)
            subject = self._subjects[number] = Subject(key, view, Tracker(terms), number)
        return subject

    def those_moved(self) -> list[PairKey]:
        """The pairs that were moved since this was last asked."""
        keys = [self._keys[at] for at in np.flatnonzero(self._moved).tolist()]
        self._moved[:] = False
        return keys

    # --- asleep and awake -----------------------------------------------------------------------

    def wake(self, subject: Subject) -> None:
        """Let a subject's tracker tell its state."""
        number, state = subject.number, self._board.state
        if number not in self._awake:
            self._awake[number] = subject
            if state.begun[number]:
                self._set(subject, state.one(number), self._at)

    def standing(self, key: PairKey) -> tuple[int | None, Streak | None]:
        """A pair's last common period, and the streak that runs."""
        number, state = self._numbers[key], self._board.state
        if number in self._awake:
            tracker = self._awake[number].tracker
            return tracker.last, tracker.running
        if not state.begun[number]:
            return None, None
        _, last, _, running = state.one(number)
        return last, running

    def standings(self) -> Standings:
        """How all pairs stand, by their numbers."""
        self._lull()
        state = self._board.state
        length = state.lengths.astype(np.int64)
        record = np.take_along_axis(self._longest, (length < 0).astype(np.intp)[None], 0)[0]
        return Standings(
            length, np.maximum(record, self._seeded), np.where(state.begun, state.last, NEVER)
        )

    def _set(
        self,
        subject: Subject,
        state: tuple[int | None, int | None, int, Streak | None],
        until: int,
    ) -> None:
        """Bring a tracker to a state, and what had ended by then into its books."""
        tracker = subject.tracker
        first, last, returns, running = state
        if first is None:
            return
        if tracker.first is None:
            tracker.begin(first)
        for length, base, start, end in self._shelf.take(subject.number, until):
            way = OUTPERFORMING if length > 0 else UNDERPERFORMING
            ended = Streak(way, abs(length), base, start, end)
            tracker.books[way].add(tracker.entry(ended))
        tracker.last, tracker.returns, tracker.running = last, returns, running
        subject.mark(tracker)

    def _lull(self) -> None:
        """Let the columns tell the state of all pairs; the books stay with the trackers."""
        for number, subject in self._awake.items():
            if subject.tracker.first is not None:
                self._put(number, subject.tracker)
        self._awake = {}

    def _put(self, pair: int, tracker: Tracker) -> None:
        asset, benchmark = (self.tape.closes[leg][tracker.last] for leg in self._legs[pair])
        self._board.state.set(pair, tracker, asset, benchmark)
        self._shelf.taken[pair] = self._at
        for row, way in enumerate((OUTPERFORMING, UNDERPERFORMING)):
            record = tracker.books[way].record()
            self._longest[row, pair] = 0 if record is None else record.length

    # --- forwards -------------------------------------------------------------------------------

    def extend(
        self, arrivals: Arrivals, floors: Floors, whole: Mask | None = None
    ) -> Iterator[tuple[int, Moved]]:
        """Take closes, and what pairs may have to tell of them: arrival numbers, and changes.

        The changes of one arrival come in the order of the pairs. A tracker must be looked at
        before the next change is asked for.

        Args:
            arrivals: as many as one likes.
            floors: which streaks matter.
            whole: the pairs all of whose changes matter, shape (pairs,).
        """
        periods, row = ranks(arrivals.period)
        pairs = self._touched(arrivals, int(periods[0]))
        self._lull()
        needed = np.zeros(len(self.tape), np.bool_)
        needed[self._legs[pairs]] = True
        symbols = np.flatnonzero(needed)
        rows = max(1, _CELLS // max(len(pairs), len(self.tape)))
        for first in range(0, len(periods), rows):
            part, at, block = arrivals, row, periods[first : first + rows]
            if len(block) < len(periods):
                inside = (row >= first) & (row < first + rows)
                part, at = arrivals.only(inside), row[inside] - first
            table, number = self.tape.table(part, at, block, symbols)
            self.tape.append(part)
            yield from self._advance(pairs, block, (table, number), (floors, whole))

    def _touched(self, arrivals: Arrivals, first: int) -> npt.NDArray[np.intp]:
        """The pairs that may have new common periods, none of them before ``first``."""
        here = np.zeros(len(self.tape), np.bool_)
        here[arrivals.symbol] = True
        pairs = np.flatnonzero(here[self._legs].any(axis=1))
        legs = self._legs[pairs]
        here |= self.tape.last >= first
        return pairs[here[legs].all(axis=1)]

    def _advance(
        self,
        pairs: npt.NDArray[np.intp],
        periods: Column,
        arrived: tuple[Column, Column],
        matter: tuple[Floors, Mask | None],
    ) -> Iterator[tuple[int, Moved]]:
        asset, benchmark = self._legs[pairs].T
        table, number = arrived
        a, b = table[:, asset], table[:, benchmark]
        number = np.maximum(number[:, asset], number[:, benchmark])  # which completed the period
        common = (a != 0) & (b != 0) & (number >= 0)
        stretch = self._board.advance(pairs, periods, a, b, common)
        began, self._at = self._at, self._at + len(periods)
        self._shelf.add(stretch.ended(began))
        self._moved[pairs] |= common.any(axis=0)
        floors, whole = matter
        reached = floors.reached(stretch, self._longest)
        if whole is not None:
            reached |= whole[pairs] & common
        ending = stretch.ending()
        for way, longest in zip((1, -1), self._longest, strict=True):
            longest[pairs] = np.maximum(longest[pairs], (way * ending).max(axis=0, initial=0))
        row, at = np.nonzero(reached)
        order = np.lexsort((at, number[row, at]))
        for here, column in zip(row[order].tolist(), at[order].tolist(), strict=True):
            change = self._step(stretch, began, here, column)
            yield int(number[here, column]), change

    def _step(self, stretch: Stretch, began: int, row: int, at: int) -> Moved:
        """Take a pair's tracker over one period of a stretch."""
        subject = self._subject(int(stretch.pairs[at]))
        self._set(subject, stretch.after(row, at), began + row)
        tracker, period = subject.tracker, int(stretch.periods[row])
        turn = tracker.step(period, stretch.signs.item(row, at))
        self._shelf.taken[subject.number] = began + row + 1
        return Moved(subject.key, tracker, turn, subject.view)

    # --- before the close -----------------------------------------------------------------------

    def preview(self, latest: Latest) -> Preview:
        """What the pairs would do with the latest prices; nothing is kept.

        Those take part that have a common close, whose legs have last a price or close of one
        period, and of which at least one has it live.

        Args:
            latest: of the tape's symbols.
        """
        asset, benchmark = self._legs.T
        live = latest.live[asset] | latest.live[benchmark]
        pairs = np.flatnonzero(live & (latest.period[asset] == latest.period[benchmark]))
        self._lull()
        state = self._board.state
        pairs = pairs[state.begun[pairs]]
        period = latest.period[asset[pairs]]
        a, b = latest.price[asset[pairs]], latest.price[benchmark[pairs]]
        lengths = np.zeros(len(pairs), np.int32)
        for one, at in groups(period):
            lengths[at] = self._board.preview(pairs[at], one, a[at], b[at])
        return Preview(pairs, period, lengths, a / state.asset[pairs], b / state.benchmark[pairs])

    # --- snapshots ------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """The state of all pairs: columns by name, and the books with published records."""
        self._lull()
        seeded = [self._subject(at) for at, terms in enumerate(self._terms) if terms.seeds]
        for subject in seeded:
            self.wake(subject)
        self._shelve()
        return {
            "state": self._board.state.dump(),
            "shelf": self._shelf.tidy().dump(),
            "seeded": [[s.number, s.tracker.dump()] for s in seeded],
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`dump`; the closes must be there."""
        self.tape.load()
        self._board.state = State.load(state["state"])
        self._shelf = Shelf(len(self))
        volume = Volume.load(state["shelf"])
        self._shelf.add(volume._replace(at=np.zeros_like(volume.at)))  # all of it has ended
        self._at = 1
        self._longest = self._shelf.longest(len(self))
        self._subjects, self._awake = {}, {}
        for number, dumped in state["seeded"]:
            subject = self._awake[number] = self._subject(number)
            subject.tracker = Tracker.load(self._terms[number], dumped)
        self._lull()

    def _shelve(self) -> None:
        """Put the books of trackers back onto the shelf; those with published records stay."""
        rows: list[tuple[int, ...]] = []
        for pair, subject in self._subjects.items():
            if pair not in self._awake:
                rows += _rows(pair, subject.tracker)
                subject.tracker.books = {way: Book() for way in subject.tracker.books}
        if rows:
            table = np.array(rows, np.int64)
            self._shelf.put_back(Volume(*table[np.lexsort((table[:, 5], table[:, 0]))].T))


def _rows(pair: int, tracker: Tracker) -> Iterator[tuple[int, ...]]:
    """What the books of a tracker hold, as the shelf has it."""
    for way, book in tracker.books.items():
        for e in book.entries:
            base = tracker.first if e.begins_known else e.start
            assert base is not None
            yield pair, 0, way * e.length, base, e.start, e.end
