"""The floor of a target: it gets no alert of a lower severity."""

from __future__ import annotations

from config.severities import Severity, at_least


def below(severity: Severity, floor: Severity) -> str:
    """Why an alert is not for a target, in the words of the ledger; empty where it is.

    >>> below("info", "warning"), below("critical", "warning")
    ('info, below warning', '')
    """
    return "" if severity in at_least(floor) else f"{severity}, below {floor}"
