"""The sign of an active return is that of exact arithmetic, however close the case."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.returns import active_sign, active_signs, rounded_return, simple_return

TOP = 10**15
PRICES = st.integers(1, TOP) | st.integers(1, 10) | st.integers(TOP - 1000, TOP)
STEPS = st.sampled_from([None, 100, 1000, 10_000, 10**6, 10**12])


def exact_rounded(p0: int, p1: int, steps: int) -> int:
    scaled = (Fraction(p1, p0) - 1) * steps
    size = int(abs(scaled) + Fraction(1, 2))
    return size if scaled >= 0 else -size


def exact_sign(a0: int, a1: int, b0: int, b1: int, steps: int | None = None) -> int:
    if steps is None:
        active = Fraction(a1, a0) - Fraction(b1, b0)
    else:
        active = Fraction(exact_rounded(a0, a1, steps) - exact_rounded(b0, b1, steps))
    return (active > 0) - (active < 0)


def near_tie(a0: int, b0: int, off: int) -> tuple[int, int] | None:
    """a1, b1 with a1*b0 = b1*a0 + off and 1 <= a1, b1 <= TOP, where there are such."""
    g = np.gcd(a0, b0)
    if off % g:
        return None
    b1 = (-off // g * pow(int(a0 // g), -1, int(b0 // g))) % int(b0 // g) if b0 > g else 1
    b1 = int(b1) or int(b0 // g)
    a1, rest = divmod(b1 * a0 + off, b0)
    assert rest == 0
    return (a1, b1) if 1 <= a1 <= TOP and 1 <= b1 <= TOP else None


@given(st.lists(st.tuples(PRICES, PRICES), max_size=12), STEPS)
@example([(1, 1), (TOP, TOP), (1, TOP), (TOP, 1)], None)
def test_signs_of_any_prices(rows: list[tuple[int, int]], steps: int | None) -> None:
    a, b = (np.array([row[leg] for row in rows], np.int64) for leg in (0, 1))
    expected = [exact_sign(a0, a1, b0, b1, steps) for (a0, b0), (a1, b1) in pairwise(rows)]
    assert active_signs(a, b, steps).tolist() == expected
    assert [active_sign(a0, a1, b0, b1, steps) for (a0, b0), (a1, b1) in pairwise(rows)] == expected


@given(st.integers(TOP // 2, TOP), st.integers(TOP // 2, TOP), st.sampled_from([-1, 0, 1, 2, -3]))
@example(TOP, TOP - 1, 1)
@example(TOP, TOP, 0)
def test_near_ties_are_neither_made_nor_hidden(a0: int, b0: int, off: int) -> None:
    found = near_tie(a0, b0, off)
    if found is None:
        return
    a1, b1 = found
    assert a1 * b0 - b1 * a0 == off
    signs = active_signs(np.array([a0, a1], np.int64), np.array([b0, b1], np.int64))
    assert signs.tolist() == [(off > 0) - (off < 0)]
    assert active_sign(a0, a1, b0, b1) == signs[0]


@given(st.integers(0, 4), st.integers(0, 4), STEPS, st.data())
def test_each_pair_of_a_table_has_the_signs_that_it_has_alone(
    periods: int, pairs: int, steps: int | None, data: st.DataObject
) -> None:
    cells = st.lists(PRICES, min_size=periods * pairs, max_size=periods * pairs)
    a, b = (np.array(data.draw(cells), np.int64).reshape(periods, pairs) for _ in range(2))
    signs = active_signs(a, b, steps)
    assert (signs.shape, signs.dtype) == ((max(periods - 1, 0), pairs), np.int8)
    for pair in range(pairs):
        assert signs[:, pair].tolist() == active_signs(a[:, pair], b[:, pair], steps).tolist()
    across = active_signs(np.asfortranarray(a), np.asfortranarray(b), steps)
    assert across.tolist() == signs.tolist()


UNITS = st.integers(-(10**4), 10**4) | st.integers(0, 2**58) | st.integers(2**49, 2**51)


@given(st.sampled_from([1, 7, 100, 10_000, 10**12, 2**53]), UNITS, st.integers(-1, 1), st.data())
def test_halves_are_rounded_as_fractions_are(
    steps: int, units: int, apart: int, data: st.DataObject
) -> None:
    """Both legs a hair beside half a unit: p1 is nearest to p0 (1 + (units + 1/2)/steps)."""
    legs: list[tuple[int, int]] = []
    for half in (2 * units + 1, 2 * (units + apart) + 1):
        highest = TOP * 2 * steps // (2 * steps + max(half, 0))
        p0 = data.draw(st.integers(1, max(highest, 1)))
        p1 = p0 + half * p0 // (2 * steps) + data.draw(st.integers(-1, 1))
        legs.append((p0, min(max(p1, 1), TOP)))
    (a0, a1), (b0, b1) = legs
    a, b = np.array([a0, a1], np.int64), np.array([b0, b1], np.int64)
    assert active_signs(a, b, steps).tolist() == [exact_sign(a0, a1, b0, b1, steps)]


@pytest.mark.parametrize("steps", [10_000, 10**12, 2**53, 2**53 + 1, 2**62, 10**30])
@pytest.mark.parametrize("a1", [1, 2, TOP - 1, TOP])
def test_returns_beyond_the_estimate_are_decided_exactly(steps: int, a1: int) -> None:
    a, b = np.array([[1, 7], [a1, 7]], np.int64), np.array([[1, 3], [TOP - 1, 3]], np.int64)
    expected = [exact_sign(1, a1, 1, TOP - 1, steps), 0]
    assert active_signs(a, b, steps).tolist() == [expected]


@pytest.mark.parametrize(
    ("legs", "steps", "sign"),
    [
        ((72_045_753_256, 329_040_283_825_732, 124_192_327_098, 567_198_991_064_763), 10**12, 1),
        ((27_079_580_426, 142_638_949_597_617, 177_222_883_330, 933_503_604_013_788), 10**12, 0),
        # between 2**51 and 2**52 units
        ((327814694751981, 668616494856528, 274752116343781, 560389146445003), 4289142502257615, 0),
        ((268601869023197, 544865419660308, 260642755061114, 528720163542600), 4289142502257615, 1),
    ],
)
def test_far_returns_whose_estimates_are_units_off(
    legs: tuple[int, int, int, int], steps: int, sign: int
) -> None:
    a0, a1, b0, b1 = legs
    signs = active_signs(np.array([a0, a1]), np.array([b0, b1]), steps)
    assert (signs.tolist(), exact_sign(a0, a1, b0, b1, steps)) == ([sign], sign)


@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize("steps", [2**53 + 1, 10**20, 10**40])
def test_more_steps_than_a_float_holds_still_make_ties(steps: int, off: int) -> None:
    """The returns from 10**15 and from 10**15 - 1 differ by off/10**30, about."""
    found = near_tie(TOP, TOP - 1, off)
    assert found is not None
    signs = active_signs(np.array([TOP, found[0]]), np.array([TOP - 1, found[1]]), steps)
    assert (signs.tolist(), signs.dtype) == ([off if steps > 10**30 else 0], np.int8)


def test_a_far_return_beside_one_that_is_rounded_up_to_the_bound() -> None:
    """2 to 3 is 2**50 - 1/2 units, which are 2**50; 1 to 3001 is far more, and only that is far."""
    far, near, steps = np.array([1, 3001]), np.array([2, 3]), 2**51 - 1
    assert rounded_return(2, 3, steps) == 2**50
    assert active_signs(far, near, steps).tolist() == [1]
    assert active_signs(near, far, steps).tolist() == [-1]


@pytest.mark.parametrize("steps", [None, 10_000])
def test_the_bounds_hold_up_to_two_to_the_53(steps: int | None) -> None:
    top = 2**53
    rng = np.random.default_rng(2)
    a, b = top - rng.integers(0, 1000, (2, 500))
    rows = list(zip(a.tolist(), b.tolist(), strict=True))
    expected = [exact_sign(a0, a1, b0, b1, steps) for (a0, b0), (a1, b1) in pairwise(rows)]
    assert active_signs(a, b, steps).tolist() == expected


def test_one_sign_takes_whole_numbers_of_any_size_and_fractions() -> None:
    big = 10**60
    assert active_sign(big, big + 1, big, big) == 1
    assert active_sign(big, big + 1, big, big, steps=10**60) == 1
    third = Fraction(1, 3)
    assert active_sign(third, third * 2, big, big * 2) == 0
    assert rounded_return(third, third * Fraction(3, 2), 1) == 1


def test_near_ties_in_a_long_history_stand_beside_clear_cases() -> None:
    rng = np.random.default_rng(1)
    a0, b0 = rng.integers(TOP // 2, TOP, (2, 300)).tolist()
    closest = [near_tie(x, y, off) for x, y in zip(a0, b0, strict=True) for off in (-1, 1)]
    assert sum(found is not None for found in closest) > 100
    for x, y, found in zip(np.repeat(a0, 2), np.repeat(b0, 2), closest, strict=True):
        if found:
            a = np.array([x, found[0], TOP, 1], np.int64)
            b = np.array([y, found[1], 1, TOP], np.int64)
            expected = [exact_sign(*map(int, (a[i], a[i + 1], b[i], b[i + 1]))) for i in range(3)]
            assert active_signs(a, b).tolist() == expected


@given(PRICES, PRICES, st.integers(1, 1000))
def test_the_same_return_is_a_tie(a: int, b: int, factor: int) -> None:
    assert active_sign(a, a * factor, b, b * factor) == 0


@given(PRICES, PRICES, st.sampled_from([1, 100, 10_000, 10**12]))
@example(10_000, 10_050, 100)
@example(10_000, 9_950, 100)
@example(1, TOP, 10**12)
def test_rounding_by_fractions(p0: int, p1: int, steps: int) -> None:
    assert rounded_return(p0, p1, steps) == exact_rounded(p0, p1, steps)


@pytest.mark.parametrize(
    ("p0", "p1", "units"),
    [
        (20_000, 20_001, 1),  # +0.005 % is half a unit of 0.01 %
        (20_000, 19_999, -1),
        (20_000, 20_003, 2),
        (20_000, 19_997, -2),
        (20_001, 20_002, 0),
        (20_001, 20_000, 0),
        (20_000, 20_000, 0),
    ],
)
def test_halves_go_away_from_zero(p0: int, p1: int, units: int) -> None:
    assert rounded_return(p0, p1, 10_000) == units


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("steps", [None, 10_000])
def test_fewer_than_two_periods_have_no_return(n: int, steps: int | None) -> None:
    prices = np.ones(n, np.int64)
    signs = active_signs(prices, prices, steps)
    assert (signs.shape, signs.dtype) == ((0,), np.int8)


def test_january_2026_rounded_and_not() -> None:
    """RUT +0.11 % and SPX -0.07 % on 2026-01-16; equal once rounded to whole percents."""
    legs = (2_674_560_000, 2_677_740_000, 6_944_470_000, 6_940_010_000)
    assert (active_sign(*legs), active_sign(*legs, steps=100)) == (1, 0)


@given(PRICES, PRICES)
def test_the_return_for_display_is_the_nearest_float(p0: int, p1: int) -> None:
    assert simple_return(p0, p1) == float(Fraction(p1 - p0, p0))
