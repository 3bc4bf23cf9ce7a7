"""Which closes count where ticks and others bring the same period."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.core import precedence
from streams.core.precedence import Precedence


class Closes:
    """The closes of one symbol, under the rule."""

    def __init__(self) -> None:
        self.rule = Precedence()
        self.closes: dict[int, tuple[str, int]] = {}

    def take(self, period: int, source: str, revision: int = 0) -> bool:
        newest, known = max(self.closes, default=None), period in self.closes
        of_ticks = source == "ticks"
        taken = self.rule.takes(period, revision, of_ticks=of_ticks, known=known, newest=newest)
        if taken:
            self.closes[period] = (source, revision)
        return taken


def test_an_official_close_stands() -> None:
    closes = Closes()
    assert closes.take(5, "ticks")
    assert closes.take(5, "official")
    assert not closes.take(5, "ticks", 1)
    assert closes.take(5, "official")
    assert closes.take(6, "official")
    assert not closes.take(6, "ticks")


def test_of_ticks_only_a_later_revision_counts() -> None:
    closes = Closes()
    taken = [closes.take(5, "ticks", r) for r in (0, 1, 0, 1, 3, 2)]
    assert taken == [True, True, False, False, True, False]


def test_history_before_the_ticks_is_of_others() -> None:
    closes = Closes()
    for period in (1, 2, 4):
        closes.take(period, "official")
    assert not closes.take(2, "ticks")
    assert closes.take(3, "ticks")
    assert not closes.take(3, "ticks", 1)  # a hole in what others bring is filled once
    assert closes.take(5, "ticks")
    assert closes.take(5, "ticks", 1)


def test_what_is_not_noted_any_more_is_as_of_others() -> None:
    closes = Closes()
    for period in range(precedence._MOST + 10):
        closes.take(period, "ticks")
        closes.take(period, "ticks", 1)
    assert not closes.take(3, "ticks", 2)
    assert closes.take(precedence._MOST, "ticks", 2)
    assert len(closes.rule.dump()[1]) == precedence._MOST


def test_prices_before_the_close_are_taken_in_their_order() -> None:
    rule = Precedence()
    seen = [(5, 0), (5, 1), (5, 0), (5, 1), (6, 0), (5, 2), (6, 1)]
    assert [rule.takes_ahead(*one) for one in seen] == [1, 1, 0, 0, 1, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["ticks", "official"]),
                          st.integers(0, 3)), max_size=40), st.data())  # fmt: skip
def test_never_over_an_official_close_and_always_the_same_after_a_repeat(
    sent: list[Any], data: st.DataObject
) -> None:
    closes = Closes()
    for period, source, revision in sent:
        before = closes.closes.get(period)
        closes.take(period, source, revision)
        if before is not None and before[0] == "official":
            assert closes.closes[period][0] == "official"
        closes.rule = Precedence.load(closes.rule.dump())
    of_ticks = [one for one in sent if one[1] == "ticks"]
    once = dict(closes.closes)
    again = data.draw(st.integers(0, len(of_ticks)))
    for period, source, revision in of_ticks[again:]:
        closes.take(period, source, revision)
    assert closes.closes == once
