"""What followed streaks, against loops over plain numbers."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.aftermath import HORIZONS, Followed, Outcome, followed

prices = st.integers(1, 10**15).map(float) | st.floats(1e-3, 1e6)
horizons = st.sampled_from([1, 2, 3, 5, 21])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[float], list[float], list[int]]:
    """Closes of both legs, and indexes of breaks into them."""
    n = draw(st.integers(0, 40))
    legs = [draw(st.lists(prices, min_size=n, max_size=n)) for _ in range(2)]
    breaks = sorted(draw(st.sets(st.integers(0, n - 1)))) if n else []
    return legs[0], legs[1], breaks


def ask(asset: list[float], benchmark: list[float], breaks: list[int], horizon: int) -> Followed:
    return followed(np.array(asset), np.array(benchmark), np.array(breaks, np.intp), horizon)


def outcome(returns: list[float]) -> Outcome | None:
    if not returns:
        return None
    return Outcome(median(returns), sum(r > 0 for r in returns) / len(returns))


def by_loops(
    asset: list[float], benchmark: list[float], breaks: list[int], horizon: int
) -> Followed:
    """One break after another, in plain Python."""
    moves: list[tuple[float, float]] = []
    overlapping, ended = 0, 0
    for begin in breaks:
        if begin + horizon <= len(asset) - 1:
            move = [leg[begin + horizon] / leg[begin] - 1 for leg in (asset, benchmark)]
            overlapping += bool(moves) and begin < ended
            ended = begin + horizon
            moves.append((move[0], move[1]))
    return Followed(
        horizon,
        len(moves),
        overlapping,
        outcome([a for a, _ in moves]),
        outcome([b for _, b in moves]),
        outcome([a - b for a, b in moves]),
    )


@given(histories(), horizons)
def test_it_is_what_loops_find(
    history: tuple[list[float], list[float], list[int]], horizon: int
) -> None:
    assert ask(*history, horizon) == by_loops(*history, horizon)


@given(histories(), horizons)
def test_the_unit_of_prices_does_not_matter(
    history: tuple[list[float], list[float], list[int]], horizon: int
) -> None:
    asset, benchmark, breaks = history
    scaled = [close * 1024 for close in asset]
    assert ask(scaled, benchmark, breaks, horizon) == ask(asset, benchmark, breaks, horizon)


@given(histories(), horizons)
def test_against_itself_nothing_is_active(
    history: tuple[list[float], list[float], list[int]], horizon: int
) -> None:
    asset, _, breaks = history
    found = ask(asset, asset, breaks, horizon)
    assert found.active == (Outcome(0.0, 0.0) if found.count else None)
    assert found.asset == found.benchmark


def test_two_breaks_by_hand() -> None:
    asset = [100.0, 128.0, 120.0, 96.0, 120.0]
    benchmark = [10.0, 10.0, 11.0, 10.0, 11.0]
    # from 1 to 3: asset -25%, benchmark 0; from 2 to 4: both 0; 3 has no two periods after it
    found = ask(asset, benchmark, [1, 2, 3], 2)
    assert (found.horizon_periods, found.count, found.overlapping) == (2, 2, 1)
    assert found.asset == Outcome(-0.125, 0.0)
    assert found.benchmark == Outcome(0.0, 0.0)
    assert found.active == Outcome(-0.125, 0.0)


def test_a_return_of_zero_is_not_positive() -> None:
    found = ask([1.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0, 1], 1)
    assert found.asset == Outcome(0.5, 0.5)
    assert found.benchmark == Outcome(0.0, 0.0)


@pytest.mark.parametrize(
    ("breaks", "overlapping"),
    [([0, 3, 6], 0), ([0, 2, 5], 1), ([0, 2, 4], 2), ([0, 8], 0), ([0, 7, 8], 0)],
)
def test_windows_that_begin_before_the_last_has_ended(breaks: list[int], overlapping: int) -> None:
    flat = [1.0] * 10
    assert ask(flat, flat, breaks, 3).overlapping == overlapping


@pytest.mark.parametrize("breaks", [[], [3], [2, 3]])
def test_without_a_whole_horizon_there_is_no_outcome(breaks: list[int]) -> None:
    flat = [1.0] * 4
    assert ask(flat, flat, breaks, 2) == Followed(2, 0, 0, None, None, None)


def test_a_history_shorter_than_the_horizon() -> None:
    assert [ask([1.0], [1.0], [0], horizon).count for horizon in HORIZONS] == [0, 0, 0]


@pytest.mark.parametrize("horizon", [0, -1])
def test_a_horizon_has_periods(horizon: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ask([1.0, 1.0], [1.0, 1.0], [0], horizon)
