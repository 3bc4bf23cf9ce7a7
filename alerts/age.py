"""Whether an alert is news, or about what has long been history."""

from __future__ import annotations

from alerts.evidence import Overview
from alerts.model import Alert
from config.settings import Delivery
from streams.core import periods

_DAY_MS = 86_400_000.0


def is_historic(alert: Alert, rules: Delivery, at_ms: float) -> bool:
    """Whether an alert's period had ended too long before a time to be news.

    A summary is news of when it was due, which may be days after its session.

    Args:
        at_ms: in milliseconds since 1970.
    """
    if rules.max_age == "none":
        return False
    told, interval = alert.period, alert.interval
    if isinstance(alert.evidence, Overview):
        told, interval = alert.evidence.due, "1m"
    period = periods.from_text(told, interval)
    return at_ms - periods.ended_by_ms(period, interval) > rules.max_age * _DAY_MS
