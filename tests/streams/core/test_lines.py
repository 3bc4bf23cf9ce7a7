"""Series made of others: their values, growths and reach, beside plain fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.baskets import EqualWeight, FixedWeight, PriceWeighted, active
from streams.core.breadth import Breadth
from streams.core.lines import Combined, Instrument
from streams.core.prices import SCALE
from streams.core.series import Closes

Final = dict[tuple[str, int], int]

MICROS = st.integers(1, 10**15)
FINALS = st.dictionaries(st.tuples(st.sampled_from("ABC"), st.integers(0, 9)), MICROS, max_size=30)


def store_of(final: Final) -> dict[str, Closes]:
    store = {symbol: Closes() for symbol in "ABC"}
    for (symbol, period), price in final.items():
        store[symbol].put(period, price)
    return store


def settled(make: Callable[[dict[str, Closes]], Any], final: Final) -> Any:
    """A line that saw the closes one by one."""
    store = {symbol: Closes() for symbol in "ABC"}
    line = make(store)
    for (symbol, period), price in final.items():
        store[symbol].put(period, price)
        line.settle(period)
    return line


def legs(store: dict[str, Closes], names: str) -> list[Instrument]:
    return [Instrument(name, store) for name in names]


MAKE: dict[str, Callable[[dict[str, Closes]], Any]] = {
    "equal": lambda store: EqualWeight(legs(store, "AB")),
    "price": lambda store: PriceWeighted(legs(store, "AB")),
    "fixed": lambda store: FixedWeight(legs(store, "AB"), [Fraction(3), Fraction(1)], 2),
    "ratio": lambda store: Combined(*legs(store, "AB"), divide=True),
    "spread": lambda store: Combined(EqualWeight(legs(store, "AB")), *legs(store, "C"),
                                     divide=False),
    "rose": lambda store: Breadth(legs(store, "AB"), 1, 2),
    "fell": lambda store: Breadth(legs(store, "AB"), -1, 1),
    "beat": lambda store: Breadth(legs(store, "AB"), 1, 1, Instrument("C", store)),
}  # fmt: skip


def common(final: Final, names: str, first: int = 0) -> list[int]:
    return [p for p in range(first, 10) if all((name, p) in final for name in names)]


def price(final: Final, symbol: str, period: int) -> Fraction:
    return Fraction(final[symbol, period], SCALE)


def equal_weight(final: Final) -> dict[int, Fraction]:
    own = common(final, "AB")
    values = {own[0]: Fraction(100)} if own else {}
    for p0, p1 in pairwise(own):
        values[p1] = values[p0] * sum(Fraction(final[s, p1], final[s, p0]) for s in "AB") / 2
    return values


def values_of(kind: str, final: Final) -> dict[int, Fraction]:
    """The definition of each series, in one line each."""
    if kind in ("equal", "spread"):
        equal = equal_weight(final)
        if kind == "equal":
            return equal
        return {p: equal[p] - price(final, "C", p) for p in common(final, "ABC")}
    if kind == "fixed":
        own = common(final, "AB", 2)
        gained = {p: [Fraction(final[s, p], final[s, own[0]]) for s in "AB"] for p in own}
        return {p: 100 * (3 * a + b) / 4 for p, (a, b) in gained.items()}
    if kind == "price":
        return {p: price(final, "A", p) + price(final, "B", p) for p in common(final, "AB")}
    if kind == "ratio":
        return {p: price(final, "A", p) / price(final, "B", p) for p in common(final, "AB")}
    span, own = (2, common(final, "AB")) if kind == "rose" else (1, common(final, "AB"))
    if kind == "beat":
        own = common(final, "ABC")
    return {
        now: Fraction(sum(did(kind, final, s, then, now) for s in "AB"), 2)
        for then, now in zip(own, own[span:], strict=False)
    }


def did(kind: str, final: Final, symbol: str, then: int, now: int) -> bool:
    gain = Fraction(final[symbol, now], final[symbol, then])
    if kind == "beat":
        return gain > Fraction(final["C", now], final["C", then])
    return gain > 1 if kind == "rose" else gain < 1


@pytest.mark.parametrize("kind", MAKE)
@given(final=FINALS)
def test_values_are_those_of_the_definition(kind: str, final: Final) -> None:
    line, expected = settled(MAKE[kind], final), values_of(kind, final)
    assert list(line.periods) == sorted(expected)
    for period in range(10):
        assert line.has(period) == (period in expected)
    for period, value in expected.items():
        if kind in ("equal", "spread"):  # the chain is told to eleven figures
            size = max(abs(equal_weight(final)[period]), abs(value))
            assert abs(line.value(period) - value) <= size * Fraction(1, 10**10)
        else:
            assert line.value(period) == value


@pytest.mark.parametrize("kind", MAKE)
@given(final=FINALS)
def test_order_does_not_matter_and_neither_does_loading(kind: str, final: Final) -> None:
    line = settled(MAKE[kind], final)
    backwards = settled(MAKE[kind], dict(reversed(final.items())))
    loaded = MAKE[kind](store_of(final))
    for part in (*loaded.parts, loaded):
        if not isinstance(part, Instrument):
            part.load()
    copied = line.over(store_of(final))
    for other in (backwards, loaded, copied):
        assert list(other.periods) == list(line.periods)
        assert [other.value(p) for p in other.periods] == [line.value(p) for p in line.periods]
    assert line.symbols == ({"A", "B", "C"} if kind in ("spread", "beat") else {"A", "B"})


@pytest.mark.parametrize("kind", MAKE)
@given(final=FINALS, data=st.data())
def test_a_change_reaches_no_further_than_said(kind: str, final: Final, data: Any) -> None:
    """Every value that a new or changed close touches lies between it and ``value_until``."""
    symbol, period = data.draw(st.sampled_from("ABC")), data.draw(st.integers(0, 9))
    changed = {**final, (symbol, period): data.draw(MICROS)}
    line = settled(MAKE[kind], changed)
    before, after = values_of(kind, final), values_of(kind, changed)
    differing = [p for p in after if before.get(p) != after[p]]
    if differing:
        assert line.knows(period) or line.bends(period)
        until = line.value_until(period)
        assert min(differing) >= period
        assert until is None or max(differing) <= until


@pytest.mark.parametrize("kind", MAKE)
@given(final=FINALS, period=st.integers(0, 9))
def test_who_is_missing_is_named(kind: str, final: Final, period: int) -> None:
    line = settled(MAKE[kind], final)
    assert line.lacking(period) == {s for s in line.symbols if (s, period) not in final}


@pytest.mark.parametrize("kind", ["equal", "price", "fixed"])
@given(final=FINALS)
def test_growths_of_baskets_are_exact(kind: str, final: Final) -> None:
    line, values = settled(MAKE[kind], final), values_of(kind, final)
    levels = line.levels()
    assert levels.shape == (len(line.periods),)
    for i, p0 in enumerate(line.periods):
        for j, p1 in enumerate(line.periods[i + 1 :], i + 1):
            grown, stood = line.growth(p0, p1)
            assert Fraction(grown) / Fraction(stood) == values[p1] / values[p0]
            assert line.gain(p0, p1) + 1 == pytest.approx(float(values[p1] / values[p0]), rel=1e-9)
            assert levels[j] / levels[i] == pytest.approx(float(values[p1] / values[p0]), rel=1e-9)


SMALL = st.dictionaries(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 9)), st.integers(1, 3), max_size=30
)


@pytest.mark.parametrize("kind", ["equal", "price", "fixed"])
@given(final=st.one_of(FINALS, SMALL), steps=st.sampled_from([None, 100]))
def test_signs_of_baskets_are_exact(kind: str, final: Final, steps: int | None) -> None:
    line, values = settled(MAKE[kind], final), values_of(kind, final)
    other = Instrument("C", store_of(final))
    for p0, p1 in pairwise(p for p in line.periods if other.has(p)):
        mine, theirs = values[p1] / values[p0] - 1, Fraction(final["C", p1], final["C", p0]) - 1
        if steps is not None:
            mine, theirs = (half_away(gain * steps) for gain in (mine, theirs))
        expected = (mine > theirs) - (mine < theirs)
        assert active(line, other, p0, p1, steps) == expected
        assert active(other, line, p0, p1, steps) == -expected


def half_away(value: Fraction) -> Fraction:
    size = Fraction((abs(value) + Fraction(1, 2)) // 1)
    return size if value >= 0 else -size


def test_a_chain_too_long_for_an_estimate_is_decided_exactly() -> None:
    """A hundred of the basket's periods between two of the benchmark's."""
    final = {(s, p): 10**6 + p for s in "AB" for p in range(101)}
    final |= {("C", 0): 10**6, ("C", 100): 10**6 + 100}
    store = store_of(final)
    line = EqualWeight(legs(store, "AB"))
    line.load()
    assert line.estimate(0, 100) is None
    assert line.estimate(0, 50) == pytest.approx((10**6 + 50) / 10**6)
    assert active(line, Instrument("C", store), 0, 100, None) == 0


def test_a_tie_of_a_basket_is_a_tie() -> None:
    """Thirds cannot be written in binary; both grow by exactly a third."""
    final = {("A", 0): 3, ("A", 1): 4, ("B", 0): 30, ("B", 1): 40, ("C", 0): 6, ("C", 1): 8}
    line = settled(MAKE["equal"], final)
    assert active(line, Instrument("C", store_of(final)), 0, 1, None) == 0


def test_five_hundred_members() -> None:
    """The sum of their returns has a denominator of 25,000 bits: a tie all the same."""
    names = [f"S{number}" for number in range(500)]
    store = {name: Closes() for name in (*names, "I")}
    for number, name in enumerate(names):
        store[name].put(0, 10**15 - 2 * number - 1)
        store[name].put(1, 10**15 - 2 * number - 1)
    store["I"].put(0, 7)
    store["I"].put(1, 7)
    line, index = EqualWeight([Instrument(name, store) for name in names]), Instrument("I", store)
    line.load()
    assert active(line, index, 0, 1, None) == 0
    store["S250"].put(1, 10**15)
    assert active(line, index, 0, 1, None) == 1


def test_a_basket_that_comes_back_stands_where_it_stood() -> None:
    """98 to 9 and back to 98: in float64 the chain ends a hair above 100."""
    prices = {0: 98, 1: 9, 2: 98, 3: 99, 4: 98}
    line = settled(MAKE["equal"], {(s, p): price for s in "AB" for p, price in prices.items()})
    assert line.value(0) == line.value(2) == line.value(4) == 100
    assert line.gain(1, 2) == pytest.approx(98 / 9 - 1)
