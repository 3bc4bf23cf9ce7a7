"""find() = turn() step by step = a brute force, for every policy of ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.streaks import Streak, Ties, Turn, carried, find, interrupted, runs, turn

POLICIES = pytest.mark.parametrize("ties", list(Ties))
SIGNS = st.lists(st.sampled_from([-1, 0, 1]), max_size=30)
# A sign, whether the gap before the period breaks, and whether its return is passed over.
STEPS = st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.booleans(), st.booleans()), max_size=30)


def brute(periods: list[int], signs: list[int], ties: Ties) -> tuple[list[Streak], bool]:
    """Group the returns by hand: [direction, indexes of its returns], then dress them up."""
    groups: list[tuple[int, list[int]]] = []
    current: tuple[int, list[int]] | None = None
    for i, sign in enumerate(signs):
        effective = current[0] if sign == 0 and ties is Ties.EXTEND and current else sign
        if effective == 0:
            current = current if ties is Ties.SKIP else None
        elif current and current[0] == effective:
            current[1].append(i)
        else:
            current = (effective, [i])
            groups.append(current)
    return [
        Streak(way, len(at), periods[at[0]], periods[at[0] + 1], periods[at[-1] + 1])
        for way, at in groups
    ], current is not None


def stepwise(periods: list[int], signs: list[int], ties: Ties) -> tuple[list[Streak], bool]:
    running, ended = None, []
    for i, sign in enumerate(signs):
        before = running
        step = turn(running, sign, periods[i], periods[i + 1], ties)
        if step.ended is not None:
            assert step.ended == before
            ended.append(step.ended)
        grown = step.running is not None and step.running != before
        assert step.counted == grown
        running = step.running
    return [*ended, *([running] if running else [])], running is not None


@POLICIES
@given(SIGNS, st.data())
@example([], None)
@example([0], None)
@example([0, 0, 1, 0, 0], None)
@example([0, -1, -1, 0, -1, 1, 0], None)
@example([1, 0, -1, 0, 1], None)
def test_batch_is_stepwise_is_brute_force(
    ties: Ties, signs: list[int], data: st.DataObject | None
) -> None:
    gaps = (
        data.draw(st.lists(st.integers(1, 5), min_size=len(signs), max_size=len(signs)))
        if data
        else [1] * len(signs)
    )
    periods = np.cumsum([100, *gaps]).tolist()
    expected = brute(periods, signs, ties)
    found = find(np.array(periods, np.int64), np.array(signs, np.int8), ties)
    assert found == expected
    assert stepwise(periods, signs, ties) == expected


@POLICIES
@pytest.mark.parametrize("periods", [[], [7]])
def test_no_return_no_streak(ties: Ties, periods: list[int]) -> None:
    assert find(np.array(periods, np.int64), np.zeros(0, np.int8), ties) == ([], False)


@pytest.mark.parametrize(
    ("ties", "expected", "runs_on"),
    [
        (Ties.BREAK, [(1, 2, 1, 2, 3), (1, 1, 4, 5, 5), (-1, 1, 5, 6, 6)], False),
        (Ties.EXTEND, [(1, 4, 1, 2, 5), (-1, 2, 5, 6, 7)], True),
        (Ties.SKIP, [(1, 3, 1, 2, 5), (-1, 1, 5, 6, 6)], True),
    ],
)
def test_what_a_tie_does(
    ties: Ties, expected: list[tuple[int, int, int, int, int]], runs_on: bool
) -> None:
    periods, signs = np.arange(8), np.array([0, 1, 1, 0, 1, -1, 0], np.int8)
    assert find(periods, signs, ties) == ([Streak(*row) for row in expected], runs_on)


@POLICIES
@given(STEPS)
@example([(1, False, False), (1, False, True), (1, False, False)])
@example([(1, False, False), (1, True, False), (0, False, False)])
@example([(1, False, False), (1, False, False), (-1, True, True)])
def test_batch_is_stepwise_over_gaps_and_nights(
    ties: Ties, steps: list[tuple[int, bool, bool]]
) -> None:
    running, ended = None, []
    for i, (sign, breaks, passed) in enumerate(steps):
        if breaks:
            step = interrupted(running)
        elif passed:
            step = carried(running)
        else:
            step = turn(running, sign, 10 * i, 10 * i + 10, ties)
        ended += [step.ended] if step.ended else []
        running = step.running
    periods = np.arange(0, 10 * len(steps) + 10, 10)
    signs, broken, uncounted = np.array(steps, np.int8).reshape(-1, 3).T
    found = find(periods, signs, ties, broken != 0, uncounted != 0)
    assert found == ([*ended, *([running] if running else [])], running is not None)


@pytest.mark.parametrize("running", [None, Streak(-1, 3, 10, 11, 13)])
def test_a_step_that_is_passed_over_changes_nothing(running: Streak | None) -> None:
    assert carried(running) == Turn(running=running, ended=None, counted=False)


def test_some_of_the_streaks_are_chosen_whole_and_have_ended() -> None:
    periods, signs = np.arange(100, 107), np.array([1, 1, -1, -1, -1, 1], np.int8)
    found = runs(signs, Ties.BREAK)
    chosen = found.only(found.direction == 1)
    assert (found.runs_on, chosen.runs_on) == (True, False)
    assert chosen.streaks(periods) == [Streak(1, 2, 100, 101, 102), Streak(1, 1, 105, 106, 106)]


def test_directions_have_names() -> None:
    assert [Streak(d, 1, 0, 1, 1).direction_name for d in (1, -1)] == [
        "outperforming",
        "underperforming",
    ]
