"""All pairs at once = pair by pair = a brute force, for every policy and any cut into blocks."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import kernel
from streams.core.kernel import Board, Step, running_lengths
from streams.core.returns import active_sign, active_signs
from streams.core.streaks import Missing, Streak, Ties, Turn, find, gaps, interrupted, turn

Closes = npt.NDArray[np.int64]
Row = tuple[int, int]
Policy = tuple[Ties, Missing, int | None]

TOP = 10**15
PRIMES = [TOP - 123, TOP - 117, TOP - 53, TOP - 11]  # adjacent
NEIGHBOURS = [TOP - 3, TOP - 2, TOP - 1, TOP]  # their ratios differ by 10**-30
POLICIES = st.tuples(
    st.sampled_from(Ties), st.sampled_from(Missing), st.sampled_from([None, None, 1, 100, 10_000])
)
# (cells, pairs of a block, pairs from which it goes by rows)
CUTS = st.tuples(st.sampled_from([1, 7, 40, 10**4]), st.integers(1, 9), st.sampled_from([1, 99]))


def rounded(growth: Fraction, steps: int | None) -> Fraction:
    if steps is None:
        return growth
    size = int(abs(growth - 1) * steps + Fraction(1, 2))
    return Fraction(size if growth > 1 else -size)


def brute(rows: Sequence[Row], ties: Ties, missing: Missing, steps: int | None) -> list[int]:
    """The signed lengths of one pair, as its rules are told."""
    lengths, length, base, gap = [], 0, (0, 0), False
    for a, b in rows:
        common = a > 0 and b > 0
        if common and (base == (0, 0) or (gap and missing is Missing.BREAK)):
            length = 0
        elif common:
            mine, other = rounded(Fraction(a, base[0]), steps), rounded(Fraction(b, base[1]), steps)
            if mine == other and ties is not Ties.SKIP:
                length = 0 if ties is Ties.BREAK else length + (length > 0) - (length < 0)
            elif mine != other:
                sign = 1 if mine > other else -1
                length = length + sign if length * sign > 0 else sign
        base, gap = ((a, b), False) if common else (base, True)
        lengths.append(length)
    return lengths


def turns(rows: Sequence[Row], periods: Sequence[int], policy: Policy) -> list[Turn]:
    """The same with the functions that carry one pair."""
    ties, missing, steps = policy
    steps_taken, running, last, gap = [], None, None, False
    for period, (a, b) in zip(periods, rows, strict=True):
        step = Turn(running, None, False)
        if a and b:
            if last is not None and gap and missing is Missing.BREAK:
                step = interrupted(running) if running else step
            elif last is not None:
                sign = active_sign(last[1], a, last[2], b, steps)
                step = turn(running, sign, last[0], period, ties)
            last = period, a, b
        running, gap = step.running, not (a and b)
        steps_taken.append(step)
    return steps_taken


@st.composite
def histories(draw: st.DrawFn) -> tuple[Closes, Closes]:
    """Closes of a few pairs, from few prices (ties, near-ties), with holes or without."""
    shape = draw(st.tuples(st.integers(0, 25), st.integers(0, 5)))
    pools = [[1, 2], [10_000, 10_050, 10_051, 9_950], PRIMES, NEIGHBOURS, [1, 2, 3, *PRIMES, TOP]]
    pool = draw(st.sampled_from(pools))
    holes = draw(st.sampled_from([[], [0], [0] * len(pool)]))
    cells = st.lists(
        st.sampled_from(pool + holes), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
    )
    a, b = (np.array(draw(cells), np.int64).reshape(shape) for _ in range(2))
    return a, b


def rows_of(a: Closes, b: Closes, pair: int) -> list[Row]:
    return list(zip(a[:, pair].tolist(), b[:, pair].tolist(), strict=True))


@contextmanager
def cut(cells: int, pairs: int, wide: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "_CELLS", cells)
        patch.setattr(kernel, "_CELLS_ROUNDED", cells)
        patch.setattr(kernel, "_PAIRS", pairs)
        patch.setattr(kernel, "_WIDE", wide)
        yield


def lengths_of(a: Closes, b: Closes, policy: Policy) -> npt.NDArray[np.int32]:
    ties, missing, steps = policy
    return running_lengths(a, b, ties=ties, missing=missing, steps=steps)


def board_of(pairs: int, policy: Policy) -> Board:
    ties, missing, steps = policy
    return Board(pairs, ties=ties, missing=missing, steps=steps)


@given(histories(), POLICIES, CUTS)
def test_lengths_are_those_of_a_brute_force(
    history: tuple[Closes, Closes], policy: Policy, blocks: tuple[int, int, int]
) -> None:
    a, b = history
    with cut(*blocks):
        lengths = lengths_of(a, b, policy)
    assert (lengths.shape, lengths.dtype) == (a.shape, np.int32)
    for pair in range(a.shape[1]):
        assert lengths[:, pair].tolist() == brute(rows_of(a, b, pair), *policy)


@given(histories(), POLICIES, st.lists(st.integers(1, 5), min_size=25, max_size=25))
def test_a_board_carries_each_pair_as_turn_does(
    history: tuple[Closes, Closes], policy: Policy, strides: list[int]
) -> None:
    a, b = history
    pairs = range(a.shape[1])
    periods = np.cumsum(strides)[: len(a)].tolist()
    board = board_of(len(pairs), policy)
    steps = [board.advance(*row) for row in zip(periods, a, b, strict=True)]
    for pair in pairs:
        expected = turns(rows_of(a, b, pair), periods, policy)
        assert [turn_of(step, pair) for step in steps] == expected
    lengths = [step.after.lengths.tolist() for step in steps]
    assert lengths == lengths_of(a, b, policy).tolist()


def turn_of(step: Step, pair: int) -> Turn:
    running, counted = step.after.streak(pair), pair in step.grew
    if pair not in step.ended:
        return Turn(running, None, counted)
    return Turn(running, step.before.streak(pair), counted, step.ended_by(pair))


@given(histories(), POLICIES)
def test_the_streaks_of_a_board_are_those_that_find_finds(
    history: tuple[Closes, Closes], policy: Policy
) -> None:
    a, b = history
    board = board_of(a.shape[1], policy)
    found: list[list[Streak | None]] = [[] for _ in range(a.shape[1])]
    for period, row in enumerate(zip(a, b, strict=True)):
        step = board.advance(period, *row)
        for pair in step.ended.tolist():
            found[pair].append(step.before.streak(pair))
    for pair, ended in enumerate(found):
        running = board.running.streak(pair)
        streaks = [*ended, running] if running else ended
        assert (streaks, running is not None) == found_by_find(a[:, pair], b[:, pair], policy)


def found_by_find(a: Closes, b: Closes, policy: Policy) -> tuple[list[Streak], bool]:
    ties, missing, steps = policy
    common = np.flatnonzero((a > 0) & (b > 0))
    broken = gaps(common, range(len(a))) if missing is Missing.BREAK else None
    return find(common, active_signs(a[common], b[common], steps), ties, broken)


@given(histories(), POLICIES, st.integers(0, 25))
def test_a_board_put_away_and_taken_up_again_goes_on_as_before(
    history: tuple[Closes, Closes], policy: Policy, split: int
) -> None:
    a, b = history
    board = board_of(a.shape[1], policy)
    for period in range(len(a)):
        if period == split:
            board = pickle.loads(pickle.dumps(board))
        board.advance(period, a[period], b[period])
    if len(a):
        assert board.running.lengths.tolist() == lengths_of(a, b, policy)[-1].tolist()


@pytest.mark.parametrize("shape", [(300, 2), (3000, 1), (3000, 3), (40, 9000)])
@pytest.mark.parametrize("cells", [1000, 1 << 17])
@pytest.mark.parametrize("holes", [0.0, 0.02])
@pytest.mark.parametrize("ties", list(Ties))
def test_blocks_join_without_a_seam(
    shape: tuple[int, int], cells: int, holes: float, ties: Ties
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(100, 120, (2, *shape))
    a[rng.random(shape) < holes] = 0
    with cut(cells, 8192, 192):
        lengths = running_lengths(a, b, ties=ties, missing=Missing.BREAK)
    for pair in np.unique(rng.integers(0, shape[1], 20)).tolist():
        expected = brute(rows_of(a, b, pair), ties, Missing.BREAK, None)
        assert lengths[:, pair].tolist() == expected


def test_near_ties_that_float64_cannot_see_are_told_apart() -> None:
    a, b = np.array([*NEIGHBOURS[1:], TOP])[:, None], np.array(NEIGHBOURS)[:, None]
    assert np.unique(a[:3] / b[:3]).size == 1
    assert running_lengths(a, b).tolist() == [[0], [-1], [-2], [-3]]
    assert running_lengths(b, a).tolist() == [[0], [1], [2], [3]]


@pytest.mark.filterwarnings("error")
def test_a_first_close_is_no_return_however_high() -> None:
    closes = np.array([[0], [TOP], [TOP]])
    assert running_lengths(closes, closes, steps=10**12).tolist() == [[0], [0], [0]]


def test_what_a_step_told_stays_true() -> None:
    board = Board(2)
    rows = [([2, 2], [2, 2]), ([3, 1], [2, 2]), ([4, 2], [2, 2]), ([2, 3], [2, 2])]
    steps = [board.advance(day, *map(np.array, row)) for day, row in enumerate(rows)]
    assert [step.grew.tolist() for step in steps] == [[], [0, 1], [0, 1], [0, 1]]
    assert [step.ended.tolist() for step in steps] == [[], [], [1], [0]]
    assert steps[1].after.streak(0) == Streak(1, 1, 0, 1, 1)
    assert steps[3].before.streak(0) == Streak(1, 2, 0, 1, 2)
    assert steps[3].after.streak(0) == Streak(-1, 1, 2, 3, 3)
    assert board.last.tolist() == [3, 3]


@pytest.mark.parametrize(("a", "b"), [((2,), (2,)), ((2, 3), (2, 2)), ((2, 1), (2,))])
def test_closes_of_other_shapes_are_refused(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        running_lengths(np.ones(a, np.int64), np.ones(b, np.int64))
    with pytest.raises(ValueError, match="shape"):
        Board(4).advance(0, np.ones(a, np.int64), np.ones(b, np.int64))


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (3, 0)])
def test_without_returns_nothing_runs(shape: tuple[int, int]) -> None:
    closes = np.ones(shape, np.int64)
    assert running_lengths(closes, closes).tolist() == np.zeros(shape).tolist()
