"""The board and the shelf: many pairs by stretches = each pair's tracker, period by period."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.board import Board
from streams.core.pairs import Nights, Terms, Tracker
from streams.core.returns import active_sign
from streams.core.shelf import Shelf, Volume, empty
from streams.core.streaks import Missing, Streak, Ties

PAIRS, PERIODS = 3, 30

terms = st.builds(
    Terms,
    ties=st.sampled_from(Ties),
    steps=st.sampled_from([None, 10]),
    sessions=st.sampled_from([(), tuple(range(0, 90, 2))]),
    missing=st.sampled_from(Missing),
    nights=st.sampled_from([None, Nights(day=14), Nights(tuple(range(0, 90, 10)))]),
)
# few prices, so that there are ties; 0 for none
prices = st.lists(
    st.tuples(*(st.sampled_from([0, 9, 10, 10, 11]) for _ in range(2 * PAIRS))),
    min_size=1,
    max_size=PERIODS,
)


@given(terms, prices, st.lists(st.integers(1, PERIODS), max_size=4))
def test_a_board_is_many_trackers(kept: Terms, rows: list[Any], cuts: list[int]) -> None:
    periods = np.arange(0, 2 * len(rows), 2)
    table = np.array(rows, np.int64)
    a, b = table[:, :PAIRS], table[:, PAIRS:]
    common = (a > 0) & (b > 0)
    board, shelf = Board(PAIRS, kept), Shelf(PAIRS)
    trackers = [Tracker(kept) for _ in range(PAIRS)]
    last: list[Any] = [None] * PAIRS
    pairs = np.arange(PAIRS)
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    for low, high in pairwise(edges):
        part = slice(low, high)
        stretch = board.advance(pairs, periods[part], a[part], b[part], common[part])
        shelf.add(stretch.ended(low))
        grown, ending = stretch.grown(), stretch.ending()
        for row in range(low, high):
            for pair, tracker in enumerate(trackers):
                turn = None
                if common[row, pair]:
                    now = int(a[row, pair]), int(b[row, pair])
                    was = last[pair] or now
                    sign = active_sign(was[0], now[0], was[1], now[1], kept.steps)
                    turn = tracker.step(int(periods[row]), sign)
                    last[pair] = now
                first, at, returns, running = stretch.after(row - low + 1, pair)
                assert (first, at, returns) == (tracker.first, tracker.last, tracker.returns)
                assert running == tracker.running
                assert (
                    signed(turn and turn.running if turn and turn.counted else None)
                    == (grown[row - low, pair])
                )
                assert signed(turn and turn.ended) == ending[row - low, pair]
    for pair, tracker in enumerate(trackers):
        check_state(board, pair, tracker)
        book = tracker.copy()
        for way in book.books:
            book.books[way] = type(book.books[way])()
        for length, base, start, end in shelf.take(pair, len(rows)):
            way = 1 if length > 0 else -1
            book.books[way].add(book.entry(Streak(way, abs(length), base, start, end)))
        assert [one.entries for one in book.books.values()] == [
            one.entries for one in tracker.books.values()
        ]
        assert shelf.take(pair, len(rows)) == []


def signed(streak: Streak | None) -> int:
    return 0 if streak is None else streak.direction * streak.length


def check_state(board: Board, pair: int, tracker: Tracker) -> None:
    state = board.state
    assert bool(state.begun[pair]) == (tracker.first is not None)
    if tracker.first is None:
        return
    assert (state.first[pair], state.last[pair]) == (tracker.first, tracker.last)
    assert state.returns[pair] == tracker.returns
    assert state.lengths[pair] == signed(tracker.running)
    if tracker.running is not None:
        run = tracker.running
        assert (state.base[pair], state.start[pair], state.end[pair]) == (
            run.base, run.start, run.end,
        )  # fmt: skip


volumes = st.lists(st.tuples(st.integers(0, 2), st.integers(-4, 4).filter(bool)), max_size=40)


@given(volumes, st.integers(1, 40))
def test_a_tidy_shelf_keeps_what_can_matter(ended: list[tuple[int, int]], often: int) -> None:
    shelf, expected = Shelf(3), {(pair, way): [] for pair in range(3) for way in (1, -1)}
    for at, (pair, length) in enumerate(ended):
        shelf.add(volume(pair, at, length))
        stack = expected[pair, 1 if length > 0 else -1]
        while stack and abs(stack[-1][0]) <= abs(length):
            stack.pop()
        stack.append((length, at, at, at))
        if at % often == 0:
            shelf.tidy()
    longest = shelf.longest(3)
    for pair in range(3):
        for row, way in enumerate((1, -1)):
            stack = expected[pair, way]
            assert longest[row, pair] == max((abs(one[0]) for one in stack), default=0)
        both = sorted(expected[pair, 1] + expected[pair, -1], key=lambda one: one[1])
        assert shelf.take(pair, len(ended)) == both


def test_what_was_taken_is_not_given_again() -> None:
    shelf = Shelf(2)
    shelf.add(volume(0, 0, 3))
    shelf.add(volume(0, 1, 2))
    assert shelf.take(0, 0) == [(3, 0, 0, 0)]
    shelf.tidy()
    assert shelf.take(0, 5) == [(2, 1, 1, 1)]
    assert shelf.take(1, 5) == []


def test_many_volumes_are_made_one() -> None:
    shelf = Shelf(1)
    for at in range(70):
        shelf.add(volume(0, at, 70 - at))
    assert len(shelf._volumes) < 10
    assert [one[0] for one in shelf.take(0, 70)] == list(range(70, 0, -1))


def test_an_empty_shelf_is_tidy() -> None:
    shelf = Shelf(1)
    shelf.add(empty())
    assert len(shelf.tidy().pair) == 0
    assert shelf.longest(1).tolist() == [[0], [0]]


def volume(pair: int, at: int, length: int) -> Volume:
    return Volume(*(np.array([one], np.int64) for one in (pair, at, length, at, at, at)))


def test_a_pair_of_a_thousand_is_moved_alone() -> None:
    board = Board(1000, Terms())
    one = np.array([[10], [11]], np.int64), np.array([[10], [10]], np.int64)
    board.advance(np.array([7]), np.array([1, 2]), *one, np.ones((2, 1), np.bool_))
    assert board.state.lengths.nonzero()[0].tolist() == [7]
    assert board.state.returns[7] == pytest.approx(1)
