"""How often something may happen, as the configuration says it: 30 per minute."""

from __future__ import annotations

from dataclasses import dataclass

UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}
RATE_PATTERN = rf"^[1-9][0-9]{{0,5}} per ({'|'.join(UNITS)})$"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` times within any ``seconds``."""

    count: int
    seconds: float


def rate_of(text: str) -> Rate:
    """What a text of the form of RATE_PATTERN means.

    >>> rate_of("30 per minute")
    Rate(count=30, seconds=60.0)
    """
    count, _, unit = text.split(" ")
    return Rate(int(count), UNITS[unit])
