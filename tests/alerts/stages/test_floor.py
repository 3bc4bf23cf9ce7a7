"""The floor of a target."""

from __future__ import annotations

import pytest

from alerts.stages.floor import floor
from config.severities import LEVELS, Severity


@pytest.mark.parametrize(
    ("severity", "least", "expected"),
    [
        ("info", "info", None),
        ("info", "warning", "below: info, and desk wants warning and above"),
        ("info", "critical", "below: info, and desk wants critical and above"),
        ("warning", "info", None),
        ("warning", "warning", None),
        ("warning", "critical", "below: warning, and desk wants critical and above"),
        ("critical", "info", None),
        ("critical", "warning", None),
        ("critical", "critical", None),
    ],
)
def test_what_is_below_the_floor_says_why(
    severity: Severity, least: Severity, expected: str | None
) -> None:
    decision = floor({"severity": severity}, "desk", {"desk": least})
    assert (None if decision is None else str(decision)) == expected


def test_a_target_without_a_floor_gets_all() -> None:
    assert {floor({"severity": severity}, "desk", {}) for severity in LEVELS} == {None}
