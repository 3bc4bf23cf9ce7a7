"""What a period says of a pair: to a rule of its own, and as a condition of a rule on several."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from alerts.evidence import Holder
from alerts.milestones import ahead, condition, milestones
from alerts.model import Kind, Milestone
from alerts.steps import Step
from config.rules import (
    EndedRule,
    LevelRule,
    ProvisionalRule,
    RecordRule,
    ThresholdRule,
    YearToDateRule,
)
from streams.core.pairs import Nights, Terms, Tracker
from streams.core.periods import from_date
from streams.core.prices import SCALE
from streams.core.streaks import Ties
from streams.core.subjects import PairKey, walk
from streams.core.watch import Watch

START = from_date(date(2019, 12, 31))
THREE = ThresholdRule(kind="threshold", at=[5, 3])


def steps(*closes: int, **terms: Any) -> list[Step]:
    """A against a B that stands still, from the last day of 2019 on."""
    pair, agreed = PairKey("A", "B"), Terms(**terms)
    watch = Watch({pair: agreed})
    for day, close in enumerate(closes, START):
        watch.put("A", day, close * SCALE)
        watch.put("B", day, SCALE)
    view = watch.view(pair)
    return [Step(tracker.copy(), turn, view) for tracker, turn in walk(Tracker(agreed), view)]  # type: ignore[arg-type]


def found(rule: Any, moved: list[Step]) -> list[Milestone | None]:
    return [condition(rule, step) for step in moved]


def streak(length: int) -> Milestone:
    return Milestone(Kind.THRESHOLD, length)


def test_a_threshold_holds_while_the_streak_is_at_least_so_long() -> None:
    moved = steps(1, 2, 3, 4, 4, 5, 5, 4, 4, ties=Ties.SKIP)
    expected = [None, None, streak(3), streak(3), streak(4), streak(4), None, None]
    assert found(THREE, moved) == expected
    rung = [milestones([THREE], step) for step in moved]
    assert [[m for _, m in one] for one in rung] == [[], [], [streak(3)], *[[]] * 5]


def test_a_threshold_may_want_one_direction() -> None:
    falling = ThresholdRule(kind="threshold", at=[2], direction="underperforming")
    assert found(falling, steps(5, 6, 7, 6, 5, 5)) == [None, None, None, streak(2), None]


def test_a_threshold_that_is_worth_too_little_does_not_hold() -> None:
    rule = ThresholdRule(kind="threshold", at=[1], min_active_return=0.5)
    assert found(rule, steps(4, 5, 6, 5, 3)) == [None, streak(2), None, streak(2)]


@pytest.mark.parametrize(("least", "held"), [(0.5, True), (0.6, False)])
def test_nights_that_are_not_counted_are_worth_nothing(least: float, held: bool) -> None:
    """Half of the rise came at night."""
    night = Nights(opens=(START, START + 2))
    rule = ThresholdRule(kind="threshold", at=[2], min_active_return=least)
    *_, last = steps(8, 9, 18, 24, nights=night)
    assert last.tracker.running is not None
    assert last.active_return(last.tracker.running) == pytest.approx(24 / 18 * 9 / 8 - 1)
    assert (condition(rule, last) is not None) == held


def test_a_record_holds_in_the_period_that_brings_it() -> None:
    rule = RecordRule(kind="record", min_length=2, on=["tied", "broken"])
    tied, broken = (
        Milestone(kind, level, "since 2019-12-31", Holder(2, "2020-01-01", "2020-01-02", "", True))
        for kind, level in ((Kind.RECORD_TIED, 2), (Kind.RECORD_BROKEN, 3))
    )
    assert found(rule, steps(1, 2, 3, 2, 3, 4, 5, 6)) == [
        *[None] * 4, tied, broken, None,
    ]  # fmt: skip


def test_an_end_holds_in_the_period_that_brings_it() -> None:
    rule = EndedRule(kind="ended", min_length=2)
    ended = Milestone(Kind.ENDED, 2)
    assert found(rule, steps(1, 2, 3, 2, 3)) == [None, None, ended, None]


def year(value: str, way: str) -> Milestone:
    return Milestone(Kind.YEAR_TO_DATE, value=value, direction=way)


def test_a_year_holds_while_it_is_beyond_a_value() -> None:
    rising = YearToDateRule.model_validate({"kind": "year-to-date", "crosses": [0.5, 0.25]})
    assert found(rising, steps(8, 9, 10, 14, 12, 9)) == [
        None, year("0.25", "rising"), year("0.5", "rising"), year("0.5", "rising"), None,
    ]  # fmt: skip
    falling = YearToDateRule.model_validate(
        {"kind": "year-to-date", "crosses": [-0.25, -0.5], "direction": "falling"}
    )
    assert found(falling, steps(8, 7, 6, 4, 5)) == [
        None, year("-0.25", "falling"), year("-0.5", "falling"), year("-0.25", "falling"),
    ]  # fmt: skip


def test_without_the_year_before_nothing_is_said_of_the_year() -> None:
    rule = YearToDateRule.model_validate({"kind": "year-to-date", "crosses": -1})
    pair = PairKey("A", "B")
    watch = Watch({pair: Terms()})
    for day in (START + 5, START + 6):
        watch.put("A", day, SCALE)
        watch.put("B", day, SCALE)
    view = watch.view(pair)
    ((tracker, turn),) = walk(Tracker(Terms()), view)
    assert condition(rule, Step(tracker, turn, view)) is None  # type: ignore[arg-type]


def test_a_rule_about_a_series_says_nothing_of_a_pair() -> None:
    (step,) = steps(1, 2)
    rule = LevelRule.model_validate({"kind": "level", "series": "A", "crosses": 1})
    assert condition(rule, step) is None
    assert milestones([rule], step) == []


@pytest.mark.parametrize(("direction", "least"), [("underperforming", 1), ("any", 4)])
def test_what_would_be_is_told_from_a_length_on(direction: Any, least: int) -> None:
    *_, two, three = steps(1, 2, 3, 4)
    wanted = ProvisionalRule(kind="provisional", min_length=3)
    other = ProvisionalRule(kind="provisional", min_length=least, direction=direction)
    assert ahead([other, wanted], three) == Milestone(Kind.PROVISIONAL, 3)
    assert ahead([other, wanted], two) is None
    assert ahead([other], three) is None


@pytest.mark.parametrize(("margin", "told"), [("0.333333", True), ("0.333334", False)])
def test_what_would_be_must_lead_by_the_margin(margin: str, told: bool) -> None:
    """The third step is by exactly a third, whatever the streak has made before."""
    *_, three = steps(1, 2, 3, 4)
    rule = ProvisionalRule(kind="provisional", min_length=3, margin=Decimal(margin))
    assert (ahead([rule], three) is not None) is told
