"""Rules on several conditions: in whatever order they come, told as their definition has it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.evidence import Holder, Standing
from alerts.model import Kind, Milestone
from alerts.together import Together
from config.rules import AllRule, AnyRule

Puts = list[tuple[int, str, dict[int, Milestone]]]

CONDITIONS = [{"kind": "threshold", "at": at} for at in (1, 2, 3)]
PERIODS = range(6)
MILESTONES = st.sampled_from(
    [
        Milestone(Kind.THRESHOLD, 3, subject="A/B"),
        Milestone(Kind.RECORD_TIED, 5, "all", Holder(5, "2020-01-01", "2020-01-07", "a book")),
        Milestone(Kind.LEVEL_HIGHEST, scope="this year", direction="rising",
                  standing=Standing(2.5, "2020-01-02"), subject="VIX"),
        Milestone(Kind.BREADTH, value="0.6", direction="falling", name="a name"),
    ]
)  # fmt: skip
PUTS: st.SearchStrategy[Puts] = st.lists(
    st.tuples(
        st.sampled_from(PERIODS),
        st.sampled_from(["A/B", "C/B", "VIX"]),
        st.dictionaries(st.sampled_from([0, 1, 2]), MILESTONES, max_size=3),
    ),
    max_size=30,
)
WHICH = st.sampled_from(["all", "any"])


def rule(kind: str, conditions: int = 3) -> AllRule | AnyRule:
    data = {"kind": kind, "name": "several", "of": CONDITIONS[:conditions]}
    return AllRule.model_validate(data) if kind == "all" else AnyRule.model_validate(data)


def batch(kind: str, puts: Puts, conditions: int = 3) -> dict[int, tuple[Milestone, ...]]:
    """What is told of each period, from what was said last of each subject in each period."""
    said: dict[int, dict[str, Mapping[int, Milestone]]] = {}
    for period, subject, found in puts:
        said.setdefault(period, {})[subject] = found
    told: dict[int, tuple[Milestone, ...]] = {}
    held_before = False
    for period in sorted(said):
        held = {number for found in said[period].values() for number in found}
        holds = held == set(range(conditions)) if kind == "all" else bool(held)
        if holds and not held_before:
            told[period] = tuple(
                said[period][subject][number]
                for number in sorted(held)
                for subject in sorted(said[period])
                if number in said[period][subject]
            )
        held_before = holds
    return told


def put(state: Together, puts: Iterable[tuple[int, str, dict[int, Milestone]]]) -> Together:
    for one in puts:
        state.put(*one)
    return state


def told(state: Together) -> dict[int, tuple[Milestone, ...]]:
    found = {period: state.told(period) for period in range(-1, len(PERIODS) + 1)}
    return {period: one for period, one in found.items() if one}


@given(PUTS, WHICH)
def test_told_is_what_its_definition_has(puts: Puts, kind: str) -> None:
    assert told(put(Together(rule(kind)), puts)) == batch(kind, puts)


@given(PUTS, WHICH, st.randoms())
def test_the_order_of_the_subjects_changes_nothing(puts: Puts, kind: str, random: Any) -> None:
    last = {(period, subject): found for period, subject, found in puts}
    shuffled = [(*key, found) for key, found in last.items()]
    random.shuffle(shuffled)
    assert told(put(Together(rule(kind)), shuffled)) == batch(kind, puts)


@given(PUTS, WHICH)
def test_what_changes_was_touched(puts: Puts, kind: str) -> None:
    state = Together(rule(kind))
    for one in puts:
        before, touched = told(state), state.touched(one[0])
        state.put(*one)
        after = told(state)
        changed = {p for p in {*before, *after} if before.get(p) != after.get(p)}
        assert changed <= set(touched)
        assert touched == sorted(set(touched))
        assert len(touched) <= 2
        assert touched == state.touched(one[0])  # before and after


@given(PUTS, PUTS, WHICH)
def test_dump_and_load(puts: Puts, more: Puts, kind: str) -> None:
    state = put(Together(rule(kind)), puts)
    dumped = json.loads(json.dumps(state.dump()))
    loaded = Together(rule(kind))
    loaded.put(3, "gone", {0: Milestone(Kind.ENDED, 1)})
    loaded.load(dumped)
    assert told(loaded) == told(state)
    assert json.loads(json.dumps(loaded.dump())) == dumped
    assert told(put(loaded, more)) == told(put(state, more)) == batch(kind, [*puts, *more])


@pytest.mark.parametrize(("kind", "expected"), [("all", [2, 5]), ("any", [1, 5])])
def test_the_first_of_consecutive_periods_speaks(kind: str, expected: list[int]) -> None:
    one, other = {0: Milestone(Kind.THRESHOLD, 1)}, {1: Milestone(Kind.THRESHOLD, 2)}
    state = Together(rule(kind, 2))
    for period, (a, b) in {1: (1, 0), 2: (1, 1), 3: (1, 1), 4: (0, 0), 5: (1, 1)}.items():
        state.put(period, "A", one if a else {})
        state.put(period, "B", other if b else {})
    assert [period for period in range(7) if state.told(period)] == expected


def test_periods_that_nobody_has_are_no_gap() -> None:
    state = Together(rule("any"))
    state.put(1, "A", {0: Milestone(Kind.THRESHOLD, 1)})
    state.put(9, "A", {0: Milestone(Kind.THRESHOLD, 2)})
    assert state.told(9) == ()
    state.put(5, "B", {})
    assert state.told(9) == (Milestone(Kind.THRESHOLD, 2),)


def test_one_condition_on_several_subjects_counts_once() -> None:
    state = Together(rule("all", 2))
    state.put(1, "A", {0: Milestone(Kind.THRESHOLD, 1)})
    state.put(1, "B", {0: Milestone(Kind.THRESHOLD, 2)})
    assert state.told(1) == ()
    state.put(1, "C", {1: Milestone(Kind.THRESHOLD, 3)})
    assert [milestone.level for milestone in state.told(1)] == [1, 2, 3]
