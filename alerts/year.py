"""The year to date of a pair: its active return, and the values that it crosses."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import takewhile

from alerts.crossings import beyond, crossed
from alerts.model import Kind, Milestone
from alerts.steps import Step
from config.rules import YearToDateRule
from streams.core import periods
from streams.core.baskets import EqualWeight
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Streak


def year_base(step: Step, period: int) -> int | None:
    """The last common period of the year before a period's; None where it is not known."""
    first_day = periods.to_date(period, step.interval).replace(month=1, day=1)
    base = step.view.last_before(periods.from_date(first_day, step.interval))
    if base is None or periods.to_date(base, step.interval).year != first_day.year - 1:
        return None
    return base


def year_to_date(step: Step, period: int) -> Fraction | None:
    """The active return since the year's beginning; None where its base is not known."""
    base = year_base(step, period)
    return None if base is None else _since(base, step, period)


def _since(base: int, step: Step, period: int) -> Fraction:
    """The active return from one common period to a later one.

    It is exact, but for a basket whose level is a chain in float64: then it has ten decimals, so
    that a hair of rounding crosses no value.
    """
    legs = (step.view.asset, step.view.benchmark)
    if any(isinstance(leg, EqualWeight) for leg in legs):
        asset, benchmark = (leg.gain(base, period) for leg in legs)
        return Fraction(f"{asset - benchmark:.10f}")
    grown = [
        Fraction(now) / Fraction(then) for now, then in (leg.growth(base, period) for leg in legs)
    ]
    return grown[0] - grown[1]


def crossings(rule: YearToDateRule, step: Step) -> Iterator[tuple[Streak, Milestone]]:
    """From nothing at the year's beginning; the year so far stands as a streak of its own."""
    base = year_base(step, step.period)
    if base is None:
        return
    previous, now = step.view.last_before(step.period), _since(base, step, step.period)
    assert previous is not None  # the base is one
    before = _since(base, step, previous)  # nothing, where the base is the one before
    for value in rule.crosses:
        way = crossed(before, now, value, rule.direction)
        if way is not None:
            milestone = Milestone(Kind.YEAR_TO_DATE, value=str(value), direction=way)
            yield _year(step, base, now), milestone


def _year(step: Step, base: int, now: Fraction) -> Streak:
    later = (period for period, _ in step.view.rows_after(base))
    days = list(takewhile(lambda period: period <= step.period, later))
    direction = OUTPERFORMING if now >= 0 else UNDERPERFORMING
    return Streak(direction, len(days), base, days[0], step.period)


def year_beyond(rule: YearToDateRule, step: Step) -> Milestone | None:
    """The farthest of the values that the year to date is beyond, as a condition."""
    now = year_to_date(step, step.period)
    return None if now is None else beyond(Kind.YEAR_TO_DATE, rule.crosses, rule.direction, now)
