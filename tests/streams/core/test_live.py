"""Prices before the close: what all pairs would do in one pass = what each would do by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.groups import highest_before
from streams.core.levels import LevelTerms
from streams.core.live import Live
from streams.core.pairs import Nights, Terms
from streams.core.series import Closes
from streams.core.streaks import Missing, Ties
from streams.core.subjects import PairKey
from streams.core.watch import Watch

SYMBOLS = ("A", "B", "C", "D")
PAIRS = [PairKey("A", "B"), PairKey("C", "B"), PairKey("D", "A"), PairKey("D", "C")]

terms = st.builds(
    Terms,
    ties=st.sampled_from(Ties),
    steps=st.sampled_from([None, 10]),
    sessions=st.sampled_from([(), tuple(range(0, 60, 2))]),
    missing=st.sampled_from(Missing),
    nights=st.sampled_from([None, Nights(day=14)]),
)
events = st.lists(
    st.tuples(
        st.sampled_from(["close", "close", "live"]),
        st.sampled_from(SYMBOLS),
        st.integers(0, 12).map(lambda at: 2 * at),
        st.sampled_from([9, 10, 10, 11, 10**15]),
    ),
    max_size=50,
)


@given(terms, events)
def test_one_pass_over_the_board_is_each_pair_by_itself(kept: Terms, log: list[Any]) -> None:
    watch = Watch(dict.fromkeys(PAIRS, kept))
    live = Live(watch.closes)
    places = {symbol: place for place, symbol in enumerate(watch.closes)}
    for kind, symbol, period, price in log:
        if kind == "close":
            watch.put(symbol, period, price)
        else:
            live.put(places[symbol], period, price)
        latest = live.latest()
        now, _ = (np.frombuffer(one, np.int64).reshape(2, -1) for one in live.dump())
        assert latest.live.tolist() == [
            live.is_open(place, int(now[0, place])) and now[1, place] > 0
            for place in range(len(places))
        ]
    before = watch.dump()
    latest, preview = live.latest(), watch.preview(live.latest())
    rows = zip(*(column.tolist() for column in preview), strict=True)
    found = {PAIRS[pair]: tuple(row) for pair, *row in rows}
    for pair in PAIRS:
        moved = watch.ahead(pair, latest)
        assert (moved is not None) == (pair in found)
        if moved is None:
            continue
        period, length, asset, benchmark = found[pair]
        assert period == moved.tracker.last
        turn = moved.turn
        streak = turn.running if turn.counted else None
        assert length == (0 if streak is None else streak.direction * streak.length)
        previous = moved.view.last_before(period)
        gains = [leg.gain(previous, period) for leg in (moved.view.asset, moved.view.benchmark)]
        assert [asset - 1, benchmark - 1] == pytest.approx(gains)
    assert str(watch.dump()) == str(before)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3)), max_size=30))
def test_many_prices_are_taken_as_one_by_one(prices: list[tuple[int, int, int]]) -> None:
    closes = {symbol: Closes() for symbol in SYMBOLS}
    one, many = Live(closes), Live(closes)
    for row in prices:
        one.put(*row)
    many.put(*np.array(prices, np.int64).reshape(-1, 3).T)
    assert str(one.dump()) == str(many.dump())
    expected = {place: (period, price) for place, period, price in prices}
    latest = one.latest()
    for place in range(len(SYMBOLS)):
        assert bool(latest.live[place]) == (place in expected)
        if place in expected:
            assert (latest.period[place], latest.price[place]) == expected[place]


def test_a_price_waits_until_it_is_looked_at_or_closed() -> None:
    closes = {symbol: Closes() for symbol in "AB"}
    live = Live(closes)
    assert not live.waiting
    live.put(0, 5, 10)
    assert live.waiting
    live.look()
    assert not live.waiting
    live.put(0, 5, 10)
    assert not live.waiting  # the same again
    live.put(0, 5, 11)
    closes["A"].put(5, 11)
    assert not live.waiting
    assert not live.is_open(0, 5)
    assert live.is_open(0, 6)
    assert live.latest().period.tolist()[0] == 5
    assert not live.latest().live.any()


def test_levels_do_not_look_ahead() -> None:
    watch = Watch({PairKey("A", "B"): Terms()}, levels={"A": LevelTerms()})
    for symbol in "AB":
        watch.put(symbol, 1, 5)
    live = Live(watch.closes)
    live.put(0, 2, 6)
    assert watch.ahead(PairKey("A", "B"), live.latest()) is None
    live.put(1, 2, 5)
    moved = watch.ahead(PairKey("A", "B"), live.latest())
    assert moved is not None
    assert moved.tracker.last == 2
    assert watch.tracker("A").count == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), max_size=30))
def test_the_highest_before_each(rows: list[tuple[int, int]]) -> None:
    keys, values = np.array(rows, np.int64).reshape(-1, 2).T
    expected = [
        max((v for k, v in rows[:at] if k == key), default=-9) for at, (key, _) in enumerate(rows)
    ]
    assert highest_before(keys, values, -9).tolist() == expected
