"""The floor of a target: it gets no alert of a lower severity."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.facts import SEVERITY, Facts
from alerts.stages.decision import Decision, Reason
from config.severities import Severity, at_least


def floor(facts: Facts, target: str, floors: Mapping[str, Severity]) -> Decision | None:
    """Why an alert is below the floor of a target; None where it is not.

    >>> str(floor({"severity": "info"}, "pager", {"pager": "critical"}))
    'below: info, and pager wants critical and above'
    """
    least = floors.get(target)
    severity = facts[SEVERITY]
    if least is None or severity in at_least(least):
        return None
    return Decision(Reason.BELOW, target, f"{severity}, and {target} wants {least} and above")
