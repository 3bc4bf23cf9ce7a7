"""A sample alert for every kind of milestone, for previews, checks and tests of targets.

Those of January 2026 are what the engine makes of ``config/examples/january-2026.csv``; the others
are written by hand, with figures such as they have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from alerts.envelope import thread
from alerts.model import Alert, Kind

KINDS: Final = tuple(kind.value for kind in Kind)
"""The kinds that there is a sample of: all of them."""

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "RUT": "Russell 2000",
        "SPX": "S&P 500",
        "NDX": "Nasdaq-100",
        "VIX": "Cboe Volatility Index",
        "RUT-SPX-RATIO": "Small against large",
        "CURVE": "Ten years less two",
        "AHEAD": "Stocks ahead of the index",
    }
)
"""What the samples' symbols are called."""


def of(kind: str) -> Alert:
    """The sample of a kind, such as ``record.tied``; KeyError for one that is not in KINDS."""
    if kind not in KINDS:
        raise KeyError(kind)
    return Alert.from_dict(_data(kind))


def first_of(kind: str) -> str:
    """The id of the sample that tells first of the streak of another; empty where there is none."""
    first, alert = of("threshold"), of(kind)
    return first.id if alert != first and thread(alert, "") == thread(first, "") else ""


@cache
def _text(kind: str) -> str:
    return (resources.files("alerts.samples") / f"{kind}.json").read_text("utf-8")


def _data(kind: str) -> dict[str, Any]:
    return json.loads(_text(kind))  # type: ignore[no-any-return]
