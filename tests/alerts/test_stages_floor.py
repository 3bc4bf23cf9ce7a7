"""The floor of a target."""

from __future__ import annotations

import pytest

from alerts.stages.floor import below
from config.severities import LEVELS, Severity


@pytest.mark.parametrize(
    ("severity", "floor", "expected"),
    [
        ("info", "info", ""),
        ("info", "warning", "info, below warning"),
        ("info", "critical", "info, below critical"),
        ("warning", "info", ""),
        ("warning", "warning", ""),
        ("warning", "critical", "warning, below critical"),
        ("critical", "info", ""),
        ("critical", "warning", ""),
        ("critical", "critical", ""),
    ],
)
def test_what_is_below_the_floor_says_why(
    severity: Severity, floor: Severity, expected: str
) -> None:
    assert below(severity, floor) == expected


def test_a_target_without_a_floor_gets_all() -> None:
    assert {below(severity, "info") for severity in LEVELS} == {""}
