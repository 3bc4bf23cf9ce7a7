"""The floor of a target: it gets no alert of a lower severity."""

from __future__ import annotations

from typing import get_args

from config.settings import Severity

_ORDER: tuple[str, ...] = get_args(Severity)


def below(severity: Severity, floor: Severity) -> str:
    """Why an alert is not for a target, in the words of the ledger; empty where it is.

    >>> below("info", "warning"), below("critical", "warning")
    ('info, below warning', '')
    """
    is_below = _ORDER.index(severity) < _ORDER.index(floor)
    return f"{severity}, below {floor}" if is_below else ""
