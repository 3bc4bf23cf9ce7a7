"""The gate of a target: what it asks for itself is kept, whatever others are answered."""

from __future__ import annotations

from config.settings import Delivery
from streams.delivery.gate import Gate


def test_a_yes_that_was_on_its_way_does_not_lift_what_the_target_asked_for() -> None:
    gate = Gate(Delivery(), lambda: 0.0)
    with gate.attempt(), gate.attempt():
        gate.failed(0.0, "a1", 1, 120.0)
        gate.answered()
    assert not gate.is_open(119.9)
    assert gate.is_open(120.0)


def test_a_yes_lifts_a_pause_of_our_own() -> None:
    gate = Gate(Delivery(), lambda: 0.0)
    with gate.attempt():
        gate.failed(0.0, "a1", 1, None)
    assert not gate.is_open(0.1)
    gate.answered()
    assert gate.is_open(0.1)
