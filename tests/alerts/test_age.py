"""When an alert is news, and when it has long been history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts import samples
from alerts.age import is_historic
from alerts.evidence import Overview
from alerts.model import Alert
from config.settings import Delivery

SESSION = datetime(2026, 1, 23, tzinfo=UTC)
"""A Friday."""
PAIR = replace(samples.of("threshold"), period="2026-01-23")
INTERVAL = replace(PAIR, interval="5m", period="2026-01-23T14:30Z")


def a_summary(due: str) -> Alert:
    alert = replace(samples.of("summary"), period="2026-01-23")
    assert isinstance(alert.evidence, Overview)
    return replace(alert, evidence=replace(alert.evidence, due=due))


@pytest.mark.parametrize(
    ("alert", "last"),
    [
        (PAIR, SESSION + timedelta(days=2.5)),  # the day has ended everywhere
        (
            replace(PAIR, interval="5m", period="2026-01-23T14:30Z"),
            SESSION + timedelta(hours=38.58),
        ),
        (a_summary("2026-01-23T21:30Z"), SESSION + timedelta(hours=45.5)),
        (a_summary("2026-01-30T21:00Z"), SESSION + timedelta(days=7, hours=45)),  # close + 168h
    ],
)
def test_it_is_news_for_a_day(alert: Alert, last: datetime) -> None:
    rules, last_ms = Delivery(max_age=1), last.timestamp() * 1000
    assert not is_historic(alert, rules, last_ms)
    assert is_historic(alert, rules, last_ms + 120_000)
    assert not is_historic(alert, Delivery(max_age="none"), last_ms + 10**12)
