"""The gate of a target: what it asks for itself is kept, whatever others are answered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from config.rates import Rate
from config.settings import Delivery
from streams.delivery.gate import Gate


def test_a_yes_that_was_on_its_way_does_not_lift_what_the_target_asked_for() -> None:
    gate = Gate(Delivery(), lambda: 0.0)
    with gate.attempt(0.0), gate.attempt(0.0):
        gate.failed(0.0, "a1", 1, 120.0)
        gate.answered()
    assert not gate.is_open(119.9)
    assert gate.is_open(120.0)


def test_a_yes_lifts_a_pause_of_our_own() -> None:
    gate = Gate(Delivery(), lambda: 0.0)
    with gate.attempt(0.0):
        gate.failed(0.0, "a1", 1, None)
    assert not gate.is_open(0.1)
    gate.answered()
    assert gate.is_open(0.1)


def test_a_rate_shuts_the_gate_until_it_allows_one_more() -> None:
    gate = Gate(Delivery(), lambda: 0.0, Rate(2, 60.0))
    opened = []
    for now in (0.0, 10.0, 11.0, 60.0, 61.0, 70.0):
        opened.append(gate.is_open(now))
        if opened[-1]:
            with gate.attempt(now):
                gate.answered()
    assert opened == [True, True, False, True, False, True]


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["yes", "no", "later"])), max_size=60),
)
def test_a_rate_is_kept_whatever_the_target_answers(
    count: int, steps: list[tuple[float, str]]
) -> None:
    gate, begun, now = Gate(Delivery(), lambda: 0.5, Rate(count, 60.0)), list[float](), 0.0
    for passed, answer in steps:
        now += passed
        if not gate.is_open(now):
            continue
        with gate.attempt(now):
            begun.append(now)
            if answer == "yes":
                gate.answered()
            else:
                gate.failed(now, f"a{now}", 1, 7.0 if answer == "later" else None)
    assert all(later - one >= 60 for one, later in zip(begun, begun[count:], strict=False))


def test_with_a_rate_the_gate_opens_in_the_end() -> None:
    gate = Gate(Delivery(), lambda: 0.0, Rate(1, 1.0))
    with gate.attempt(5.0):
        gate.answered()
    assert (gate.is_open(5.9), gate.is_open(6.0), gate.opens) == (False, True, 6.0)
