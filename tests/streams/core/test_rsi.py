"""The relative strength index: streaming = batch = Wilder's recursion in exact fractions."""

from __future__ import annotations

import doctest
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import rsi
from streams.core.rsi import WilderRsi, wilder_rsi

lengths = st.integers(2, 20)
histories = st.one_of(
    st.lists(st.integers(1, 10**15).map(float), max_size=40),
    st.lists(st.integers(1, 5).map(float), max_size=40),  # many changes of zero
    st.lists(st.floats(1e-3, 1e6), max_size=40),
)


def by_recursion(values: list[float], length: int) -> Fraction | None:
    """The book's own words, one step after another, without rounding."""
    changes = [Fraction(new) - Fraction(old) for old, new in pairwise(values)]
    if len(changes) < length:
        return None
    gains = [max(change, Fraction(0)) for change in changes]
    losses = [max(-change, Fraction(0)) for change in changes]
    gain, loss = sum(gains[:length], Fraction()) / length, sum(losses[:length], Fraction()) / length
    for new_gain, new_loss in zip(gains[length:], losses[length:], strict=True):
        gain = (gain * (length - 1) + new_gain) / length
        loss = (loss * (length - 1) + new_loss) / length
    if loss == 0:
        return Fraction(100 if gain else 50)
    return 100 - 100 / (1 + gain / loss)


def streamed(values: list[float], length: int) -> list[float | None]:
    """What the streaming form gives after each value."""
    index = WilderRsi(length)
    found = []
    for value in values:
        index.update(value)
        found.append(index.get())
    return found


def near(expected: Fraction | float | None) -> object:
    return None if expected is None else pytest.approx(float(expected), rel=1e-9, abs=0)


@given(histories, lengths)
def test_batch_is_the_recursion(values: list[float], length: int) -> None:
    assert wilder_rsi(values, length) == near(by_recursion(values, length))


@given(histories, lengths)
def test_streaming_is_batch_after_each_value(values: list[float], length: int) -> None:
    for seen, index in enumerate(streamed(values, length), 1):
        assert index == near(wilder_rsi(values[:seen], length))


@given(histories, lengths)
def test_it_lies_between_0_and_100_and_turns_with_the_sign(
    values: list[float], length: int
) -> None:
    index = wilder_rsi(values, length)
    if index is not None:
        assert 0 <= index <= 100
        turned = wilder_rsi([-value for value in values], length)
        assert turned == pytest.approx(100 - index, abs=1e-9)


@given(histories, lengths, st.integers(1, 5))
def test_a_value_that_stays_leaves_it_as_it_is(values: list[float], length: int, more: int) -> None:
    index = wilder_rsi(values, length)
    if index is not None:
        assert wilder_rsi(values + values[-1:] * more, length) == index


def test_an_example_by_hand() -> None:
    # changes +2 -1 +3 +0, then -2: average gain 5/4, loss 1/4; then 15/16 and 11/16
    values = [10.0, 12.0, 11.0, 14.0, 14.0, 12.0]
    first = 100 - 100 / (1 + Fraction(5, 4) / Fraction(1, 4))
    gain, loss = Fraction(5, 4) * 3 / 4, (Fraction(1, 4) * 3 + 2) / 4
    second = 100 - 100 / (1 + gain / loss)
    assert (first, second) == (Fraction(250, 3), Fraction(750, 13))
    assert streamed(values, 4) == [None] * 4 + [near(first), near(second)]
    assert wilder_rsi(values, 4) == near(second)


def test_fourteen_is_the_default() -> None:
    values = [float(value) for value in (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2)]
    assert wilder_rsi(values[:14]) is None
    assert wilder_rsi(values) == wilder_rsi(values, 14) == near(by_recursion(values, 14))
    assert streamed(values, 14)[13:15] == [None, near(by_recursion(values[:15], 14))]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3, 4], 100.0), ([4, 3, 2, 1], 0.0), ([2, 2, 2, 2], 50.0), ([1, 2, 1, 1], 50.0)],
)
def test_the_ends_and_the_middle(values: list[float], expected: float) -> None:
    assert wilder_rsi(values, 2) == expected
    assert streamed(values, 2)[-1] == expected


def test_a_long_calm_forgets_nothing() -> None:
    values = [10.0, 13.0, 12.0] + [12.0] * 50_000
    assert wilder_rsi(values, 2) == 75.0
    assert streamed(values, 2)[-1] == 75.0


def test_ten_thousand_values_are_the_recursion() -> None:
    steps = np.random.default_rng(7).normal(0, 1, 10_000)
    values = np.exp(np.cumsum(steps) / 100)
    gain = loss = 0.0
    for seen, change in enumerate(np.diff(values).tolist()):
        share = 1 / 14
        kept = 1.0 if seen < 14 else 13 / 14
        gain, loss = (
            kept * gain + share * max(change, 0.0),
            kept * loss + share * max(-change, 0.0),
        )
    assert wilder_rsi(values) == near(100 - 100 / (1 + gain / loss))


@pytest.mark.parametrize("length", [1, 0, -14])
def test_a_length_that_cannot_be_smoothed(length: int) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        wilder_rsi([1.0, 2.0], length)
    with pytest.raises(ValueError, match="at least 2"):
        WilderRsi(length)


def test_the_example_of_the_docstring() -> None:
    result = doctest.testmod(rsi)
    assert result.attempted
    assert not result.failed
