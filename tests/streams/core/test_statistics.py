"""Run lengths beside the expectation for independent signs."""

from __future__ import annotations

from itertools import groupby, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.statistics import changed, expected_runs, run_lengths
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Streak


def by_enumeration(n: int, p: float, length: int) -> float:
    """Every sequence of n trials with its probability, and its runs counted."""
    total = 0.0
    for trials in product((True, False), repeat=n):
        probability = p ** sum(trials) * (1 - p) ** (n - sum(trials))
        runs = (len(list(group)) for success, group in groupby(trials) if success)
        total += probability * sum(run == length for run in runs)
    return total


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_the_expectation_is_that_of_all_sequences(n: int, p: float) -> None:
    for length in range(1, n + 2):
        assert expected_runs(n, p, length) == pytest.approx(by_enumeration(n, p, length))


@given(st.integers(1, 400), st.floats(0, 1))
def test_the_expected_runs_hold_the_expected_successes(n: int, p: float) -> None:
    held = sum(length * expected_runs(n, p, length) for length in range(1, n + 1))
    assert held == pytest.approx(n * p, abs=1e-6)


def streak(direction: int, length: int, start: int = 0) -> Streak:
    return Streak(direction, length, start - 1, start, start + length - 1)


def test_each_length_and_direction_is_counted() -> None:
    streaks = [streak(1, 2), streak(-1, 1), streak(1, 2), streak(-1, 3)]
    rows = run_lengths(streaks, wins=4, losses=4)
    assert [(r.direction, r.length, r.observed) for r in rows] == [
        (OUTPERFORMING, 1, 0), (UNDERPERFORMING, 1, 1),
        (OUTPERFORMING, 2, 2), (UNDERPERFORMING, 2, 0),
        (OUTPERFORMING, 3, 0), (UNDERPERFORMING, 3, 1),
    ]  # fmt: skip
    assert {row.expected for row in rows if row.length == 2} == {expected_runs(8, 0.5, 2)}


def test_without_streaks_there_is_nothing_to_count() -> None:
    assert run_lengths([], 0, 0) == []


def test_what_another_policy_changes() -> None:
    one = [streak(1, 8, 0), streak(-1, 9, 20), streak(1, 3, 40)]
    other = [streak(1, 8, 0), streak(-1, 10, 20), streak(1, 2, 40)]
    assert changed(one, one, 1) == 0
    assert changed(one, other, 8) == 2  # the nine is gone, the ten is new
    assert changed(one, other, 1) == 4
