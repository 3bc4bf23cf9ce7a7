"""Values that are crossed: how, and which of them a value is beyond."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from alerts.model import Kind, Milestone

RISING, FALLING = "rising", "falling"


def crossed(before: Fraction, now: Fraction, value: Decimal, wanted: str) -> str | None:
    """How a value was crossed, ``rising`` or ``falling``; None if it was not, or not as wanted."""
    level = Fraction(value)
    if before < level <= now:
        way = RISING
    elif before > level >= now:
        way = FALLING
    else:
        return None
    return way if wanted in ("any", way) else None


def beyond(kind: Kind, values: Sequence[Decimal], wanted: str, now: Fraction) -> Milestone | None:
    """The farthest of some values that a value is beyond, upwards unless ``falling`` is wanted."""
    falling = wanted == FALLING
    reached = [v for v in values if (now <= Fraction(v) if falling else now >= Fraction(v))]
    if not reached:
        return None
    value, way = (min(reached), FALLING) if falling else (max(reached), RISING)
    return Milestone(kind, value=str(value), direction=way)
