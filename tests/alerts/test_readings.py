"""Levels and breadths: what is told of each value, beside plain definitions over the whole past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.evidence import Missed, Standing
from alerts.model import Kind, Milestone
from alerts.readings import LevelStep, condition, milestones, reading
from config.rules import BreadthRule, LevelRule, ThresholdRule
from config.scopes import Scope
from streams.core.breadth import Breadth
from streams.core.levels import LevelTerms
from streams.core.periods import from_date, from_text, to_date, to_text
from streams.core.prices import SCALE
from streams.core.streaks import Missing
from streams.core.subjects import Moved
from streams.core.watch import Formula, Watch

#: A calendar of a session every sixty days, so that a few values span years.
SESSIONS = tuple(range(from_text("2020-01-15"), from_text("2026-01-01"), 60))
SCOPES = ["ever", "since 2021-06-01", "last 1 years", "last 2 years", "this year", "last 1 periods",
          "last 3 periods", "last 8 periods"]  # fmt: skip
HALVES = st.integers(2, 10).map(lambda n: n / 2)
PRICES = st.integers(1, 5)
HISTORIES = st.lists(st.tuples(st.booleans(), PRICES), max_size=len(SESSIONS)).map(
    lambda rows: [
        (day, price)
        for day, (known, price) in zip(SESSIONS, rows, strict=False)
        if known or price > 1
    ]
)

PLAIN = LevelTerms()
History = list[tuple[int, Fraction]]


@st.composite
def level_rules(draw: st.DrawFn) -> LevelRule:
    crosses = draw(st.lists(HALVES, unique=True, max_size=3))
    high, low = (draw(st.lists(st.sampled_from(SCOPES), unique=True, max_size=4)) for _ in "hl")
    return LevelRule.model_validate({
        "kind": "level",
        "series": "S",
        "crosses": crosses if crosses or high or low else [2],
        "highest": high,
        "lowest": low,
        "min_age": draw(st.integers(1, 4)),
        "direction": draw(st.sampled_from(["rising", "falling", "any"])),
    })  # fmt: skip


def steps(history: Sequence[tuple[int, int]], terms: LevelTerms = PLAIN) -> Iterator[LevelStep]:
    """The series S, of one symbol, period by period."""
    watch = Watch({}, {"S": terms})
    for period, price in history:
        (moved,) = watch.put("S", period, price * SCALE)
        assert isinstance(moved, Moved)
        yield LevelStep(moved.tracker, moved.turn, moved.view)  # type: ignore[arg-type]


# --- the plain definitions --------------------------------------------------------------------


def crossed(rule: LevelRule, before: Fraction | None, now: Fraction) -> Iterator[Milestone]:
    for value in rule.crosses:
        rose = before is not None and before < Fraction(value) and now >= Fraction(value)
        fell = before is not None and before > Fraction(value) and now <= Fraction(value)
        way = "rising" if rose else "falling" if fell else ""
        if way and rule.direction in (way, "any"):
            yield Milestone(Kind.LEVEL_CROSSED, value=str(value), direction=way)


def extreme(
    scope: Scope, high: bool, past: History, now: Fraction, min_age: int, min_history: int
) -> Milestone | None:
    """What is told where ``now``, the last of the past, is beyond all others of the scope."""
    *earlier, (today, _) = past
    start = scope.start(to_date(today))
    first = earlier[0][0] if earlier else today
    if scope.periods is not None:
        within, least = earlier[-scope.periods :], scope.periods
    else:
        within = [one for one in earlier if start is None or one[0] >= from_date(start)]
        least = min_history
    if not within or len(earlier) < least:
        return None
    best = (max if high else min)(value for _, value in within)
    beyond = now > best if high else now < best
    latest = max(at for at, one in enumerate(earlier) if one in within and one[1] == best)
    if not beyond or len(earlier) - latest < min_age:
        return None
    whole = start is None or from_date(start) < first
    name = f"since {to_text(first)}" if whole and scope.periods is None else str(scope)
    return Milestone(
        Kind.LEVEL_HIGHEST if high else Kind.LEVEL_LOWEST,
        scope=name,
        direction="rising" if high else "falling",
        standing=Standing(float(best), to_text(earlier[latest][0])),
    )


def extremes(rule: LevelRule, past: History, min_age: int, min_history: int) -> list[Milestone]:
    now = past[-1][1]
    sides = [(scope, True) for scope in rule.highest] + [(scope, False) for scope in rule.lowest]
    found = (extreme(scope, high, past, now, min_age, min_history) for scope, high in sides)
    return [one for one in found if one is not None]


def follows_a_gap(past: History) -> bool:
    days = [day for day, _ in past][-2:]
    return len(days) == 2 and SESSIONS.index(days[1]) - SESSIONS.index(days[0]) > 1


@given(HISTORIES, level_rules(), st.sampled_from(list(Missing)), st.sampled_from([0, 3]))
def test_levels(
    history: list[tuple[int, int]], rule: LevelRule, missing: Missing, min_history: int
) -> None:
    past: History = []
    for step in steps(history, LevelTerms(SESSIONS, missing, min_history)):
        past.append((step.period, Fraction(history[len(past)][1])))
        before = past[-2][1] if len(past) > 1 else None
        if missing is Missing.BREAK and follows_a_gap(past):
            before = None
        now = past[-1][1]
        told = milestones([rule], step)
        expected = [
            *extremes(rule, past, rule.min_age, min_history),
            *crossed(rule, before, now),
        ]
        assert sorted(map(repr, told)) == sorted(map(repr, dict.fromkeys(expected)))
        strength = [one.kind.rank for one in told]
        assert strength == sorted(strength)
        check_condition(rule, step, extremes(rule, past, 1, min_history), now)


def check_condition(
    rule: LevelRule, step: LevelStep, stands: list[Milestone], now: Fraction
) -> None:
    """It holds where the value stands beyond a scope, or else is beyond a value."""
    found = condition(rule, step)
    if stands:
        assert found in stands
        return
    falling = rule.direction == "falling"
    beyond = [v for v in rule.crosses if (now <= Fraction(v) if falling else now >= Fraction(v))]
    if not beyond:
        assert found is None
        return
    farthest, way = (min(beyond), "falling") if falling else (max(beyond), "rising")
    assert found == Milestone(Kind.LEVEL_CROSSED, value=str(farthest), direction=way)


@given(HISTORIES, st.sampled_from(["rising", "falling"]), st.sampled_from(list(Missing)))
def test_readings(history: list[tuple[int, int]], way: str, missing: Missing) -> None:
    past: History = []
    for step in steps(history, LevelTerms(SESSIONS, missing)):
        past.append((step.period, Fraction(history[len(past)][1])))
        now = past[-1][1]
        found = reading(step, Milestone(Kind.LEVEL_CROSSED, value="1", direction=way), "price")
        as_far = [(v, p) for p, v in past[:-1] if (v <= now if way == "falling" else v >= now)]
        broken = missing is Missing.BREAK and follows_a_gap(past)
        assert found.value == float(now)
        assert found.previous == (float(past[-2][1]) if len(past) > 1 and not broken else None)
        assert found.since == (Standing(float(as_far[-1][0]), to_text(as_far[-1][1]))
                               if as_far else None)  # fmt: skip
        assert (found.known_from, found.known_values) == (to_text(past[0][0]), len(past))
        assert (found.made_of, found.missing) == ("price", missing.value)
        assert (found.count, found.members) == (None, None)
        holes = [p for p in SESSIONS if len(past) > 1 and past[-2][0] < p < past[-1][0]]
        assert found.missed == tuple(Missed(to_text(hole), ("S",)) for hole in holes)


# --- examples ---------------------------------------------------------------------------------


def level(**keys: Any) -> LevelRule:
    return LevelRule.model_validate({"kind": "level", "series": "S"} | keys)


def told(rule: LevelRule, *prices: int, min_history: int = 0) -> list[tuple[str, str, str]]:
    """Kind, value or scope, and way, of all that is told of daily values."""
    rows = list(enumerate(prices, from_text("2026-01-05")))
    found = [m for step in steps(rows, LevelTerms(min_history=min_history))
             for m in milestones([rule], step)]  # fmt: skip
    return [(m.kind.value, m.value or m.scope, m.direction) for m in found]


def test_standing_exactly_at_a_value_has_crossed_it_once() -> None:
    rose, fell = (("level.crossed", "3", way) for way in ("rising", "falling"))
    rule = level(crosses=3)
    assert told(rule, 2, 3, 4) == [rose]
    assert told(rule, 2, 3, 2) == [rose]
    assert told(rule, 4, 3, 3, 2) == [fell]
    assert told(rule, 4, 3, 4) == [fell]
    assert told(rule, 2, 4, 2) == [rose, fell]
    assert told(rule, 3, 4, 3, 2) == [fell]
    assert told(rule, 3) == []


def test_the_widest_scope_speaks_first() -> None:
    rule = level(highest=["last 2 periods", "since 2026-01-07", "ever"], min_age=1)
    assert told(rule, 5, 1, 2, 3, 6)[-3:] == [
        ("level.highest", "since 2026-01-05", "rising"),
        ("level.highest", "since 2026-01-07", "rising"),
        ("level.highest", "last 2 periods", "rising"),
    ]


def test_a_high_that_is_young_is_not_told_again() -> None:
    rule = level(highest="ever", min_age=3)
    assert told(rule, 3, 1, 1, 4, 5, 6) == [("level.highest", "since 2026-01-05", "rising")]
    assert told(rule, 3, 1, 4) == []
    assert told(rule, 3, 1, 3, 4) == []  # of equals the last one counts


def test_an_equal_value_is_no_new_high() -> None:
    assert told(level(highest="ever", min_age=1), 3, 1, 3) == []


@pytest.mark.parametrize(("min_history", "count"), [(2, 1), (3, 0)])
def test_extremes_wait_for_enough_history(min_history: int, count: int) -> None:
    rule = level(lowest=["ever", "since 2026-01-05"], min_age=1)
    assert len(told(rule, 3, 3, 2, min_history=min_history)) == count


def test_rules_that_say_the_same_are_told_once() -> None:
    first, second = steps([(0, 1), (1, 3)])
    assert milestones([level(crosses=2), level(crosses=[2, 3])], second) == [
        Milestone(Kind.LEVEL_CROSSED, value="2", direction="rising"),
        Milestone(Kind.LEVEL_CROSSED, value="3", direction="rising"),
    ]
    assert milestones([level(crosses=2)], first) == []


def test_a_rule_about_pairs_says_nothing_of_a_series() -> None:
    (step,) = steps([(0, 1)])
    assert condition(ThresholdRule(kind="threshold", at=[1]), step) is None
    assert milestones([ThresholdRule(kind="threshold", at=[1])], step) == []


# --- breadth ----------------------------------------------------------------------------------

MEMBERS = ("A", "B", "C")
GRIDS = st.lists(st.tuples(*(st.integers(0, 3) for _ in "ABCX")), max_size=14)
SHARES = st.sampled_from(["0", "0.3", "0.34", "0.5", "0.66", "0.67", "1"])


@st.composite
def breadth_rules(draw: st.DrawFn) -> BreadthRule:
    side = draw(st.sampled_from(["at_least", "at_most"]))
    return BreadthRule.model_validate({"kind": "breadth", "series": "N", side: draw(SHARES)})


def breadth(direction: int, span: int, benchmark: str | None) -> Formula:
    return lambda made: Breadth(
        [made[member] for member in MEMBERS], direction, span, benchmark and made[benchmark]
    )


def share(rows: list[tuple[int, ...]], at: int, direction: int, span: int, beat: bool) -> Fraction:
    """The plain definition, over rows that all symbols have."""
    now, then = rows[at], rows[at - span]
    grown = [Fraction(n, t) for n, t in zip(now, then, strict=True)]
    hurdle = grown[3] if beat else Fraction(1)
    count = sum((g - hurdle) * direction > 0 for g in grown[:3])
    return Fraction(count, len(MEMBERS))


@given(GRIDS, breadth_rules(), st.sampled_from([1, -1]), st.sampled_from([1, 2]), st.booleans())
def test_breadths(
    grid: list[tuple[int, ...]], rule: BreadthRule, direction: int, span: int, beat: bool
) -> None:
    """A price of 0 stands for one that never comes; the series has the periods that all have."""
    symbols = (*MEMBERS, "X") if beat else MEMBERS
    terms = LevelTerms(tuple(range(len(grid))))
    watch = Watch({}, {"N": terms}, {"N": breadth(direction, span, "X" if beat else None)})
    whole = [at for at, row in enumerate(grid) if all(row[: len(symbols)])]
    rows = [tuple(price or 1 for price in grid[at]) for at in whole]
    found: list[LevelStep] = []
    for at, row in enumerate(grid):
        for symbol, price in zip(symbols, row, strict=False):
            changes = watch.put(symbol, at, price * SCALE) if price else []
            for moved in changes:
                assert isinstance(moved, Moved)
                found.append(LevelStep(moved.tracker.copy(), moved.turn, moved.view))  # type: ignore[arg-type]
    values = [share(rows, at, direction, span, beat) for at in range(span, len(rows))]
    assert [(step.period, step.turn.value) for step in found] == list(
        zip(whole[span:], values, strict=True)
    )
    for step, before, now in zip(found, [None, *values], values, strict=False):
        check_breadth(rule, step, before, now, grid)


def check_breadth(
    rule: BreadthRule,
    step: LevelStep,
    before: Fraction | None,
    now: Fraction,
    grid: list[tuple[int, ...]],
) -> None:
    rising = rule.at_least is not None
    limit = Fraction(rule.at_least if rising else rule.at_most)  # type: ignore[arg-type]

    def there(value: Fraction) -> bool:
        return value >= limit if rising else value <= limit

    value = str(rule.at_least if rising else rule.at_most)
    one = Milestone(Kind.BREADTH, value=value, direction="rising" if rising else "falling")
    new = there(now) and (before is None or not there(before))
    assert milestones([rule], step) == ([one] if new else [])
    assert condition(rule, step) == (one if there(now) else None)
    known = reading(step, one, "share")
    assert (known.count, known.members) == (now * len(MEMBERS), len(MEMBERS))
    symbols = sorted(step.view.line.symbols)
    lacking = {
        at: tuple(s for s, price in zip("ABCX", row, strict=True) if s in symbols and not price)
        for at, row in enumerate(grid)
    }
    last = step.view.last_before(step.period)
    holes = range(step.period if last is None else last + 1, step.period)
    assert known.missed == tuple(Missed(to_text(at), lacking[at]) for at in holes)


def test_a_share_is_told_when_it_is_reached_and_not_while_it_lasts() -> None:
    """Shares of 1, 1, 0 and 1 of one member that rises, rises, stands still and rises."""
    rule = BreadthRule.model_validate({"kind": "breadth", "series": "N", "at_least": 1})
    watch = Watch({}, {"N": LevelTerms()}, {"N": lambda made: Breadth([made["A"]], 1, 1)})
    rung = []
    for period, price in enumerate([1, 2, 3, 3, 4]):
        for moved in watch.put("A", period, price):
            assert isinstance(moved, Moved)
            step = LevelStep(moved.tracker, moved.turn, moved.view)  # type: ignore[arg-type]
            rung += [period] * len(milestones([rule], step))
    assert rung == [1, 4]
    assert all(one < other for one, other in pairwise(rung))
