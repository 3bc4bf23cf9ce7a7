"""All pairs at once = pair by pair = a brute force, for every policy and any cut into blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import kernel
from streams.core.kernel import running_lengths
from streams.core.returns import active_signs
from streams.core.streaks import Missing, Streak, Ties, find, gaps

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


def found_by_find(a: Closes, b: Closes, policy: Policy) -> tuple[list[Streak], bool]:
    ties, missing, steps = policy
    common = np.flatnonzero((a > 0) & (b > 0))
    broken = gaps(common, range(len(a))) if missing is Missing.BREAK else None
    return find(common, active_signs(a[common], b[common], steps), ties, broken)


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


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (3, 0)])
def test_without_returns_nothing_runs(shape: tuple[int, int]) -> None:
    closes = np.ones(shape, np.int64)
    assert running_lengths(closes, closes).tolist() == np.zeros(shape).tolist()
