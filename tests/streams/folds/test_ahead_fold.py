"""Before the close, through the whole fold: what rings, when all pairs are looked at, and what a
storm of prices costs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.model import Alert
from alerts.rendering import render
from config.watchlists import Watchlist
from streams.batches import Single
from streams.columns.closes import ORIGIN
from streams.core.periods import from_text, to_text
from streams.core.watch import Watch
from streams.folds.watcher import WatcherFold
from streams.formats import arrow
from streams.records import Output, Place, Topic
from streams.wire import Close, Look, Routed, decode_alert, encode_look, encode_routed

PLACE = Place(Topic.WATCH, 0)
FIRST = from_text("2026-01-05")
#: One minute to nine in the evening of UTC, a minute before New York's close.
LATE = int(datetime.fromisoformat("2026-01-08T20:59Z").timestamp() * 1000)


def watchlist(*rules: dict[str, Any], **more: Any) -> Watchlist:
    base: dict[str, Any] = {
        "pairs": [{"asset": "A", "benchmark": "B"}],
        "rules": [{"kind": "provisional", **rule} for rule in rules or ({},)],
        "targets": ["t"],
        "min_history": 0,
    }
    return Watchlist.model_validate(base | more)


class Desk:
    """A fold, and the log that it has taken."""

    def __init__(self, *rules: dict[str, Any], **more: Any) -> None:
        self.watched = watchlist(*rules, **more)
        self.fold = WatcherFold(PLACE, {"w": self.watched})
        self.offset = 0

    def put(self, symbol: str, day: int, price: object, at_ms: int | None = None) -> list[Alert]:
        """A close, or with a time of arrival a price before the close; ``day`` from the first."""
        close = Close(symbol, FIRST + day, round(Fraction(str(price)) * 10**6),
                      provisional=at_ms is not None)  # fmt: skip
        routed = Routed("w", close, 0, self.offset, at_ms or 0)
        return self.take(encode_routed(routed))

    def look(self, at_ms: int) -> list[Alert]:
        """A record that asks for a look."""
        return self.take(encode_look(Look("w", at_ms)))

    def take(self, value: bytes) -> list[Alert]:
        self.offset += 1
        return told(self.fold.apply([Single(self.offset - 1, 0, b"w", value)]))

    def hand_over(self) -> None:
        """Another worker takes over from a snapshot."""
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.fold.snapshot()))
        self.fold = WatcherFold(PLACE, {"w": self.watched})
        self.fold.restore(state)


def told(outputs: Iterable[Output]) -> list[Alert]:
    return [decode_alert(o.value) for o in outputs if o.topic is Topic.ALERTS]


def three_up(*rules: dict[str, Any], **more: Any) -> Desk:
    """A has risen by 1% on each of two days, B stood still: a third would be long enough."""
    desk = Desk(*(rules or ({"min_length": 3, "every": 0},)), **more)
    for day, price in enumerate((100, 101, "102.01")):
        desk.put("A", day, price)
        desk.put("B", day, 50)
    assert desk.put("B", 3, 50, LATE - 10**6) == []
    return desk


def rang(alerts: Iterable[Alert]) -> list[tuple[str, str, int]]:
    return [(alert.rule, alert.direction, alert.length) for alert in alerts]


UP, DOWN = ("provisional", "outperforming", 3), ("provisional", "underperforming", 1)

# --- what rings -------------------------------------------------------------------------------

BASKET = {"S": {"kind": "basket", "weighting": "price", "members": ["A", "C"]}}
PAIRS = {"A/B": ("A", "B"), "C/B": ("C", "B"), "S/B": ("S", "B")}
MEMBERS = {"S": ("A", "C")}


class Naive:
    """The same by the words of the documents: everything anew for each price."""

    def __init__(self, rules: list[dict[str, Any]]) -> None:
        self.rules = rules
        self.every = min(rule["every"] for rule in rules) * 1000
        self.closes: dict[str, dict[int, int]] = {symbol: {} for symbol in "ABC"}
        self.live: dict[str, tuple[int, int]] = {}
        self.looked: int | None = None
        self.rung: set[tuple[str, int, int]] = set()

    def close(self, symbol: str, day: int, price: int) -> None:
        self.closes[symbol][day] = price

    def price(
        self, symbol: str, day: int, price: int, at_ms: int
    ) -> list[tuple[str, int, int, int]]:
        if day <= max(self.closes[symbol], default=-1):
            return []
        self.live[symbol] = (day, price)
        if self.looked is not None and abs(at_ms - self.looked) < self.every:
            return []
        self.looked = at_ms
        found = []
        for pair, legs in PAIRS.items():
            would = self.would(legs)
            if would is None:
                continue
            day, way, length, lead = would
            wanted = any(
                length >= rule["min_length"]
                and rule.get("pair", pair) == pair
                and rule.get("direction", "any") in ("any", NAMES[way])
                and (rule["margin"] == 0 or lead * way >= Fraction(str(rule["margin"])))
                for rule in self.rules
            )
            if wanted and (pair, day, way) not in self.rung:
                self.rung.add((pair, day, way))
                found.append((pair, day, way, length))
        return found

    def would(self, legs: tuple[str, str]) -> tuple[int, int, int, Fraction] | None:
        """Day, direction and length of a streak, and the active return of the day so far."""
        symbols = [one for leg in legs for one in MEMBERS.get(leg, (leg,))]
        standing, closes = set(), dict(self.closes)
        for symbol in symbols:
            last = max(self.closes[symbol], default=-1)
            day, price = self.live.get(symbol, (-1, 0))
            standing.add((max(day, last), day > last))
            if day > last:
                closes[symbol] = self.closes[symbol] | {day: price}
        if len({day for day, _ in standing}) > 1 or not any(live for _, live in standing):
            return None
        levels = [self.level(leg, closes) for leg in legs]
        days = sorted(levels[0].keys() & levels[1].keys())
        lead, way, length = Fraction(0), 0, 0
        for one, other in pairwise(days):
            asset, benchmark = (Fraction(level[other], level[one]) for level in levels)
            lead = asset - benchmark
            sign = (lead > 0) - (lead < 0)
            way, length = sign, (length + 1 if sign == way else 1)
        return (days[-1], way, length, lead) if len(days) > 1 and way else None

    @staticmethod
    def level(leg: str, closes: dict[str, dict[int, int]]) -> dict[int, int]:
        parts = [closes[symbol] for symbol in MEMBERS.get(leg, (leg,))]
        days = set(parts[0]).intersection(*parts)
        return {day: sum(part[day] for part in parts) for day in days}


NAMES = {1: "outperforming", -1: "underperforming"}
RULE = st.fixed_dictionaries(
    {
        "min_length": st.integers(1, 3),
        "every": st.sampled_from([0, 0, 2]),
        "margin": st.sampled_from([0, 0, 0.01, 0.005]),
    },
    optional={"direction": st.sampled_from(list(NAMES.values())), "pair": st.just("A/B")},
)
#: The day's move beside the last one: a day on is a new one; one of 0 is a price of today.
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2, -1]),
        st.sampled_from(["ABC", "ABC", "A", "B", "C"]),
        st.sampled_from([9900, 10_000, 10_000, 10_050, 10_100, 10_201]),
        st.sampled_from([0, 500, 2000, 5000, -3000]),
    ),
    min_size=5,
    max_size=50,
)


@given(st.lists(RULE, min_size=1, max_size=2), STEPS, st.sets(st.integers(0, 150)), st.booleans())
def test_what_rings_is_what_all_prefixes_say(
    rules: list[dict[str, Any]],
    steps: list[tuple[int, str, int, int]],
    handed_over: set[int],
    with_basket: bool,
) -> None:
    more: dict[str, Any] = {"series": BASKET} if with_basket else {}
    pairs = dict(list(PAIRS.items())[: 3 if with_basket else 2])
    more["pairs"] = [{"asset": a, "benchmark": b} for a, b in pairs.values()]
    desk, naive = Desk(*rules, **more), Naive(rules)
    day, at_ms, number = 0, 10**9, 0
    for on, symbols, price, pause in steps:
        closing = on == 1
        at_ms += pause
        for symbol in symbols:
            number += 1
            if number in handed_over:
                desk.hand_over()
            if closing:
                found = [a for a in desk.put(symbol, day, price) if a.rule == "provisional"]
                assert found == []
                naive.close(symbol, day, price)
                continue
            live = max(0, day + on)
            found = desk.put(symbol, live, price, at_ms)
            expected = naive.price(symbol, live, price, at_ms)
            assert {shown(alert) for alert in found} == {e for e in expected if e[0] in pairs}
            assert len(found) == len({alert.id for alert in found})
            assert all(clear(alert, rules) for alert in found)
        day += closing


def shown(alert: Alert) -> tuple[str, int, int, int]:
    way = 1 if alert.direction == "outperforming" else -1
    pair = f"{alert.asset}/{alert.benchmark}"
    return pair, from_text(alert.period) - FIRST, way, alert.length


def clear(alert: Alert, rules: list[dict[str, Any]]) -> bool:
    """What the message says of the day so far is beyond the margin, as nearly as it can be told."""
    assert alert.so_far is not None
    lead = alert.so_far.asset_return - alert.so_far.benchmark_return
    way = 1 if alert.direction == "outperforming" else -1
    return lead * way > min(rule["margin"] for rule in rules) - 1e-9


def test_each_direction_rings_once_however_often_it_turns() -> None:
    desk = three_up({"min_length": 1, "every": 0})
    prices = ("103", "101", "103", "101", "102.01", "103", "90", "200")
    found = [rang(desk.put("A", 3, p, LATE + at)) for at, p in enumerate(prices)]
    assert found == [[UP], [DOWN], *[[]] * 6]


def test_the_other_direction_rings_beyond_the_margin_on_its_side() -> None:
    """102.01 is where A would tie; the margin of 1% is at 103.0301 and at 100.9899, exactly."""
    desk = three_up({"min_length": 1, "every": 0, "margin": 0.01})
    prices = ("103.0300", "103.0301", "102.02", "101.00", "100.99", "100.9899", "104", "90")
    found = [rang(desk.put("A", 3, p, LATE + at)) for at, p in enumerate(prices)]
    assert found == [[], [UP], [], [], [], [DOWN], [], []]


def test_the_margin_is_that_of_the_day_not_of_the_streak() -> None:
    desk = three_up({"min_length": 3, "every": 0, "margin": 0.02})
    assert desk.put("A", 3, "103.5", LATE) == []
    assert rang(desk.put("A", 3, "104.1", LATE)) == [UP]


def test_a_tie_that_extends_a_streak_needs_no_margin() -> None:
    desk = three_up({"min_length": 3, "every": 0}, ties="extend")
    assert rang(desk.put("A", 3, "102.01", LATE)) == [UP]
    desk = three_up({"min_length": 3, "every": 0, "margin": 0.000001}, ties="extend")
    assert desk.put("A", 3, "102.01", LATE) == []


def test_it_is_settled_by_the_close_for_each_direction() -> None:
    desk = three_up({"min_length": 1, "every": 0})
    (up,), (down,) = desk.put("A", 3, 103, LATE), desk.put("A", 3, 101, LATE)
    desk.put("B", 3, 50)
    found = desk.put("A", 3, 104)
    assert [(a.rule, a.follows, a.so_far) for a in found] == [
        ("provisional.confirmed", up.id, None),
        ("provisional.withdrawn", down.id, None),
    ]


# --- when the pairs are looked at -------------------------------------------------------------


def test_pairs_are_looked_at_every_so_often() -> None:
    desk = three_up({"min_length": 3, "every": 5})  # looked at when the price of B came
    at = LATE - 10**6
    assert desk.put("A", 3, 103, at + 4999) == []
    assert desk.fold.waiting_since("w") == at
    assert rang(desk.put("B", 3, 50, at + 5000)) == [UP]
    assert desk.fold.waiting_since("w") is None


def test_the_last_prices_are_looked_at_when_it_is_asked_for() -> None:
    desk = three_up({"min_length": 3, "every": 5})
    at = LATE - 10**6
    desk.put("A", 3, 103, at + 1)
    assert desk.look(at + 4999) == []
    (alert,) = desk.look(at + 5000)
    assert rang([alert]) == [UP]
    assert (alert.trigger.topic, alert.trigger.offset) == ("watch", desk.offset - 1)
    assert alert.trigger.arrived_ms == at + 5000
    assert desk.look(at + 20_000) == []
    assert desk.fold.waiting_since("w") is None


@pytest.mark.parametrize("wrong", [10**12, -(10**9)])
def test_a_wrong_clock_stops_nothing(wrong: int) -> None:
    desk = three_up({"min_length": 3, "every": 5})
    desk.put("B", 3, 50, LATE + wrong)
    assert rang(desk.put("A", 3, 103, LATE)) == [UP]


@pytest.mark.parametrize("name", ["w", "other"])
def test_a_look_is_nothing_where_nobody_wants_one(name: str) -> None:
    desk = Desk(rules=[{"kind": "threshold", "at": 3}])
    desk.put("A", 0, 1, LATE)
    assert desk.take(encode_look(Look(name, LATE))) == []
    assert desk.fold.waiting_since("w") is None
    assert desk.fold.snapshot()["w"]["ahead"]["live"] == []


# --- odd prices -------------------------------------------------------------------------------


def test_a_price_after_the_close_is_passed_over() -> None:
    desk = three_up()
    desk.put("A", 3, 100)  # closed: no third
    assert desk.put("A", 3, 103, LATE) == []
    assert desk.fold.waiting_since("w") is None
    desk.put("B", 3, 50)
    assert desk.put("A", 3, 103, LATE) == []
    assert desk.put("A", 2, 200, LATE) == []


def test_a_price_after_a_later_close_is_passed_over() -> None:
    desk = three_up()
    desk.put("A", 4, 100)
    assert desk.put("A", 3, 103, LATE) == []


def test_the_price_that_came_last_counts_whatever_its_period() -> None:
    """One of a period far ahead, by mistake, silences nothing; nor does one of an earlier one."""
    desk = three_up()
    assert desk.put("A", 9000, 103, LATE) == []
    assert rang(desk.put("A", 3, 103, LATE)) == [UP]
    desk.put("A", 4, 99, LATE)
    assert desk.put("A", 3, 99, LATE) == []
    assert rang(desk.put("B", 4, 50, LATE)) == []
    assert rang(desk.put("A", 4, 104, LATE)) == [("provisional", "outperforming", 3)]


def test_a_period_ahead_is_told_like_another() -> None:
    desk = three_up()
    desk.put("B", 7, 50, LATE)
    (alert,) = desk.put("A", 7, 103, LATE)
    assert (alert.length, alert.period) == (3, to_text(FIRST + 7))


# --- many prices ------------------------------------------------------------------------------


def storm(ticks: int, every_ms: int, offset: int) -> Iterable[Single]:
    """Prices of A alone, in Arrow streams of some thousands."""
    for first in range(0, ticks, 8192):
        count = min(8192, ticks - first)
        number = np.arange(first, first + count)
        origin = (np.zeros(count, np.int64), offset + number, np.zeros(count, np.int64),
                  LATE + number * every_ms)  # fmt: skip
        table = {
            "symbol": arrow.dictionary(["A"], np.zeros(count, np.int64)),
            "period": np.full(count, FIRST + 3),
            "micros": 102_010_000 + number % 7 - 3,
            "provisional": np.ones(count, np.bool_),
            **dict(zip(ORIGIN, origin, strict=True)),
        }
        yield Single(offset + first, 0, b"w", arrow.write(table, {"interval": "1d"}),
                       arrow.HEADERS)  # fmt: skip


def test_a_storm_costs_its_writes_and_a_look_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    preview = Watch.preview

    def counted(watch: Watch, latest: Any) -> Any:
        looks.append(latest)
        return preview(watch, latest)

    monkeypatch.setattr(Watch, "preview", counted)
    rules = [{"kind": "provisional", "min_length": 3}, {"kind": "threshold", "at": 9}]
    desk = three_up(rules=rules)
    looks.clear()
    state = desk.fold.snapshot()["w"]
    desk.fold.latest()
    found = told(desk.fold.apply(list(storm(100_000, 1, desk.offset))))
    assert len(looks) == 20  # of 100 seconds
    assert len(found) == 1
    after = desk.fold.snapshot()["w"]
    assert after["watch"] == state["watch"]
    sizes = [[len(column) for column in one["ahead"]["live"]] for one in (state, after)]
    assert sizes[0] == sizes[1]
    assert desk.fold.latest() == []  # the streaks stand as they stood
    assert desk.fold.waiting_since("w") == LATE + 95_000


def test_pairs_that_have_rung_are_not_looked_at_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = three_up()
    assert rang(desk.put("A", 3, 103, LATE)) == [UP]
    monkeypatch.delattr(Watch, "ahead")
    assert desk.put("A", 3, 104, LATE) == []
    desk.hand_over()
    assert desk.put("A", 3, 105, LATE) == []


# --- what it says -----------------------------------------------------------------------------


def test_the_message_says_how_the_day_stands() -> None:
    """The close is at 21:00, an hour and a minute after this price."""
    desk = three_up(calendar="XNYS")
    desk.put("B", 3, "49.95", LATE)
    (alert,) = desk.put("A", 3, "102.826", LATE - 3_600_000)
    message = render(alert, {})
    assert message.title == (
        "Provisional: A would beat B for the 3rd session running: A +0.80%, B -0.10% so far, "
        "1 hour 1 minute to the close"
    )
    assert "The session: A +0.80%, B -0.10% so far, 1 hour 1 minute to the close\n" in message.body
    assert "The streak: A +2.83%, B -0.10%, active +2.93 percentage points" in message.body


@pytest.mark.parametrize(("calendar", "after"), [("none", -1), ("XNYS", 60_000), ("XNYS", 10**8)])
def test_without_a_close_ahead_it_says_nothing_of_it(calendar: str, after: int) -> None:
    desk = three_up(calendar=calendar)
    (alert,) = desk.put("A", 3, 103, LATE + after)
    assert alert.so_far is not None
    assert alert.so_far.seconds_left is None
    assert render(alert, {}).title.endswith("A +0.97%, B +0.00% so far")
