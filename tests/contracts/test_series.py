"""Baskets, spreads, breadths, conditions together, intervals and prices before the close: live."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from harness import Deployment, close_json, eventually

pytestmark = pytest.mark.kafka

WATCHLISTS: dict[str, Any] = {
    "daily": {
        "calendar": "XNYS",
        "min_history": 0,
        "series": {
            "TWO": {"kind": "basket", "members": ["A", "B"], "name": "The two"},
            "GAP": {"kind": "spread", "of": ["PE1", "PE2"]},
            "UP": {"kind": "breadth", "members": ["A", "B", "C"]},
            "DOWN": {"kind": "breadth", "members": ["A", "B"], "measure": "fell"},
        },
        "pairs": [{"asset": "TWO", "benchmark": "I"}],
        "rules": [
            {"kind": "threshold", "at": 2},
            {"kind": "provisional", "min_length": 3},
            {"kind": "level", "series": "GAP", "highest": "ever", "min_age": 1},
            {"kind": "level", "series": "YIELD", "crosses": 0},
            {"kind": "all", "name": "divergence", "of": [
                {"kind": "breadth", "series": "UP", "at_least": 0.3},
                {"kind": "breadth", "series": "DOWN", "at_least": 1}]},
        ],
        "targets": ["hook"],
    },
    "hourly": {
        "calendar": "XNYS",
        "interval": "1h",
        "pairs": [{"asset": "A", "benchmark": "I"}],
        "rules": [{"kind": "threshold", "at": 2}],
        "targets": ["hook"],
    },
}  # fmt: skip
DAYS = ("2026-01-15", "2026-01-16", "2026-01-20")
PRICES = {
    "A": (10, 11, 12),
    "B": (20, 21, 22),
    "C": (5, 5, 5),
    "I": (100, 100, 100),
    "PE1": (20, 22, "21.5"),
    "PE2": (15, 15, 15),
    "YIELD": ("-0.2", 0, "0.1"),
}
LIVE = {"A": 13, "B": 23, "I": 100}
LAST = {"A": 9, "B": 19, "C": 6, "I": 100}
HOURS = ("2026-01-15T14:30Z", "2026-01-15T15:30Z", "2026-01-15T16:30Z")


def send(deployment: Deployment, symbol: str, period: str, price: object, **more: Any) -> None:
    value = close_json(symbol, period, str(price), **more)
    deployment.send(value, key=symbol.encode())


def rules(deployment: Deployment) -> dict[str, int]:
    """How many distinct alerts there are of each kind."""
    alerts = {alert["id"]: alert["milestone"]["kind"] for alert in deployment.alerts()}
    kinds = list(alerts.values())
    return {kind: kinds.count(kind) for kind in set(kinds)}


def test_all_of_it_through_a_worker_that_is_killed(deployment: Deployment) -> None:
    deployment.overrides = {
        "watchlists": WATCHLISTS,
        "instruments": {"YIELD": {"name": "A yield", "closes": "number"}},
    }
    first = deployment.create_topics().start().ready()
    for at, day in enumerate(DAYS):
        for symbol, prices in PRICES.items():
            send(deployment, symbol, day, prices[at])
    expected = {"threshold": 1, "level.crossed": 1, "level.highest": 1}
    eventually(lambda: rules(deployment) == expected, "the alerts of three sessions")
    for symbol, price in LIVE.items():
        send(deployment, symbol, "2026-01-21", price, provisional=True)
    expected |= {"provisional": 1}
    eventually(lambda: rules(deployment) == expected, "what would be")
    # told before the worker dies: else what withdraws it may come first, and speak for it
    eventually(lambda: len(deployment.ledger()) == sum(expected.values()), "all of it told")
    first.end(signal.SIGKILL)
    second = deployment.start().ready()
    for symbol, price in LAST.items():
        send(deployment, symbol, "2026-01-21", price)
    for at, hour in enumerate(HOURS):
        send(deployment, "A", hour, 10 + at, interval="1h")
        send(deployment, "I", hour, 100, interval="1h")
    expected |= {"provisional.withdrawn": 1, "together": 1, "threshold": 2}
    eventually(lambda: rules(deployment) == expected, "what became of it, and the hours")
    ids = {alert["id"] for alert in deployment.alerts()}
    eventually(lambda: {i for i, _ in deployment.ledger()} == ids, "all of them in the ledger")
    assert set(deployment.ledger().values()) == {"delivered"}
    assert len(ids) == 7
    assert not deployment.read("dead-letters")
    told = [message.title for message in deployment.webhook.inbox.messages]
    for part in (
        "TWO beat I for the 2nd session running",
        "TWO would beat I for the 3rd session",
        "TWO v I",
        "GAP",
        "YIELD rose to 0",
        "divergence",
        "2nd 1h interval",
    ):
        assert any(part in title for title in told), (part, told)  # fmt: skip
    assert second.end()[0] == 0
