"""Baskets, ratios, spreads, breadths and rules on several, through the whole fold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from alerts.evidence import Conditions, Reading
from alerts.model import Alert, Kind
from alerts.rendering import render
from config.settings import Instrument
from config.watchlists import Watchlist
from streams.batches import Single
from streams.core.periods import from_text, to_text
from streams.core.prices import signed_from_digits
from streams.folds.watcher import WatcherFold
from streams.records import Place, Topic
from streams.wire import Close, Routed, decode_alert, encode_routed

PLACE = Place(Topic.WATCH, 0)
Row = tuple[str, str, str]


def routed(rows: Iterable[Row], start: int = 0, **more: Any) -> list[Single]:
    interval = more.get("interval", "1d")
    closes = [Close(s, from_text(day, interval), signed_from_digits(p), **more)
              for s, day, p in rows]  # fmt: skip
    return [
        Single(at, 0, b"w", encode_routed(Routed("w", close, 0, at, at)))
        for at, close in enumerate(closes, start)
    ]


def watchlist(rules: list[dict[str, Any]], **more: Any) -> Watchlist:
    base = {"rules": rules, "targets": ["t"], "min_history": 0}
    return Watchlist.model_validate(base | more)


def fold_of(watched: Watchlist, **instruments: str) -> WatcherFold:
    known = {s: Instrument(name=s, closes=closes) for s, closes in instruments.items()}  # type: ignore[arg-type]
    return WatcherFold(PLACE, {"w": watched}, known)


def alerts(outputs: Iterable[Any]) -> list[Alert]:
    found = [decode_alert(o.value) for o in outputs if o.topic is Topic.ALERTS]
    assert found == [o.about for o in outputs if o.topic is Topic.ALERTS]
    return found


def run(watched: Watchlist, rows: Iterable[Row], **instruments: str) -> list[Alert]:
    return alerts(fold_of(watched, **instruments).apply(routed(rows)))


def days(symbol: str, *prices: object, start: str = "2026-01-05") -> Iterator[Row]:
    """One close a day; None leaves a day out."""
    for at, price in enumerate(prices):
        if price is not None:
            yield symbol, to_text(from_text(start) + at), str(price)


def by_day(*columns: Iterator[Row]) -> list[Row]:
    return sorted((row for column in columns for row in column), key=lambda row: row[1])


def told(alert: Alert) -> tuple[str, str, str, str, str]:
    m = alert.milestone
    return alert.asset, m.kind.value, alert.period, m.scope, m.value


# --- everything at once: order, frames and corrections change nothing -------------------------

SERIES = {
    "EQUAL": {"kind": "basket", "members": ["A", "C"]},
    "FIXED": {"kind": "basket", "weighting": "fixed", "weights": {"A": 2, "C": 1},
              "as_of": "2024-12-28"},
    "RATIO": {"kind": "ratio", "of": ["EQUAL", "B"]},
    "GAP": {"kind": "spread", "of": ["A", "FIXED"]},
    "ROSE": {"kind": "breadth", "members": ["A", "B", "C"], "periods": 2},
    "FELL": {"kind": "breadth", "members": ["A", "B", "C"], "measure": "fell"},
    "BEAT": {"kind": "breadth", "members": ["A", "C"], "measure": "beat", "benchmark": "B"},
}  # fmt: skip
SCOPES = ["ever", "last 3 periods", "since 2024-12-30", "this year"]
EVERYTHING = [
    *({"kind": "level", "series": name, "highest": SCOPES, "lowest": SCOPES, "min_age": 1}
      for name in ("EQUAL", "FIXED", "RATIO", "GAP", "C")),
    {"kind": "level", "series": "GAP", "crosses": [-98, -50]},
    {"kind": "breadth", "series": "ROSE", "at_least": 0.6},
    {"kind": "breadth", "series": "BEAT", "at_most": 0.5},
    {"kind": "year-to-date", "crosses": [-0.1, 0.2]},
    {"kind": "threshold", "at": 2},
    {"kind": "all", "name": "divergence", "of": [
        {"kind": "breadth", "series": "ROSE", "at_least": 0.3},
        {"kind": "breadth", "series": "FELL", "at_most": 0.7},
        {"kind": "threshold", "at": 1, "pair": "A/B"}]},
    {"kind": "any", "name": "either", "of": [
        {"kind": "level", "series": "C", "crosses": 3},
        {"kind": "record", "min_length": 1},
        {"kind": "year-to-date", "crosses": 0.4}]},
]  # fmt: skip
PAIRS = [{"asset": "A", "benchmark": "B"}, {"asset": "EQUAL", "benchmark": "B"}]
ALL = watchlist(EVERYTHING, series=SERIES, pairs=PAIRS, calendar="24/7")
HELD = {"hold": ALL, "break": ALL.model_copy(update={"missing": "break"})}

ROWS = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.integers(from_text("2024-12-26"), from_text("2025-01-06")).map(to_text),
        st.sampled_from("1234"),
    ),
    max_size=50,
)
CUTS = st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=4)


def in_pieces(watched: Watchlist, rows: list[Row], cuts: list[tuple[int, bool]]) -> list[Alert]:
    records, fold, outputs, at = routed(rows), fold_of(watched), [], 0
    for cut, handed_over in [*sorted(cuts), (len(records), False)]:
        outputs += fold.apply(records[at:cut])
        at = max(at, cut)
        if handed_over:
            state = msgpack.decode(msgpack.encode(fold.snapshot()))
            fold = fold_of(watched)
            fold.restore(state)
    return alerts(outputs)


def facts(alert: Alert) -> tuple[Any, ...]:
    about = (alert.asset, alert.benchmark, alert.direction, alert.start, alert.period)
    value = alert.evidence.value if isinstance(alert.evidence, Reading) else None
    also = "" if alert.rule == "together" else str(alert.also)
    return (*about, str(alert.milestone), also, value)


@given(ROWS, CUTS, st.sampled_from(["hold", "break"]))
def test_what_stands_in_the_end_is_what_the_final_closes_tell(
    rows: list[Row], cuts: list[tuple[int, bool]], missing: str
) -> None:
    watched = HELD[missing]
    standing: dict[str, Alert] = {}
    ids = set()
    for alert in in_pieces(watched, rows, cuts):
        assert alert.id not in ids
        ids.add(alert.id)
        if alert.revision in ("retracted", "amended"):
            del standing[alert.follows]
        if alert.revision != "retracted":
            standing[alert.id] = alert
    final = {(s, day): price for s, day, price in rows}
    clean = run(watched, sorted(((s, d, p) for (s, d), p in final.items()), key=lambda r: r[1]))
    assert sorted(map(facts, standing.values())) == sorted(map(facts, clean))
    assert not any(alert.revision or alert.late for alert in clean)


@given(ROWS, CUTS)
def test_frames_and_takeovers_change_nothing(rows: list[Row], cuts: list[tuple[int, bool]]) -> None:
    assert in_pieces(ALL, rows, cuts) == in_pieces(ALL, rows, [])


# --- one by one -------------------------------------------------------------------------------

SEVEN = ["AAPL", "MSFT", "AMZN", "GOOGL", "META", "NVDA", "TSLA"]


def test_the_magnificent_seven_against_an_index() -> None:
    """Six stand still and one gains 7%: the basket gains 1% a day, the index half a percent."""
    series = {"MAG7": {"kind": "basket", "members": SEVEN, "name": "Magnificent Seven"}}
    pair = {"asset": "MAG7", "benchmark": "SPX"}
    watched = watchlist([{"kind": "threshold", "at": 3}], series=series, pairs=[pair])
    still = [days(symbol, 50, 50, 50, 50) for symbol in SEVEN[:-1]]
    rows = by_day(*still, days("TSLA", 100, 107, "114.49", "122.5043"),
                  days("SPX", 1000, 1005, "1010.025", "1015.075125"))  # fmt: skip
    (alert,) = run(watched, rows)
    assert (alert.asset, alert.length, alert.period) == ("MAG7", 3, "2026-01-08")
    assert alert.evidence.asset_return == pytest.approx(1.01**3 - 1)
    assert alert.evidence.asset_closes == "equal-weight basket of 7 (price)"
    assert alert.evidence.benchmark_closes == "price"


def test_a_member_that_is_missing_is_named() -> None:
    series = {"TWO": {"kind": "basket", "members": ["A", "C"]}}
    watched = watchlist(
        [{"kind": "threshold", "at": 2}],
        series=series,
        pairs=[{"asset": "TWO", "benchmark": "B"}],
        calendar="24/7",
    )
    rows = by_day(days("A", 10, 11, 12, 13), days("C", 10, 11, None, 13), days("B", 1, 1, 1, 1))
    (alert,) = run(watched, rows)
    assert (alert.length, alert.period) == (2, "2026-01-08")
    (missed,) = alert.evidence.missed
    assert (missed.period, missed.symbols) == ("2026-01-07", ("C",))


def test_a_valuation_gap_is_widest_since() -> None:
    series = {"GAP": {"kind": "spread", "of": ["PE_US", "PE_EU"]}}
    rule = {"kind": "level", "series": "GAP", "highest": ["ever", "last 3 periods"], "min_age": 2}
    watched = watchlist([rule], series=series)
    rows = by_day(days("PE_US", 20, 22, 21, "21.5", 23), days("PE_EU", 15, 15, 15, 15, 15))
    (alert,) = run(watched, rows)
    assert told(alert) == ("GAP", "level.highest", "2026-01-09", "since 2026-01-05", "")
    assert [m.scope for m in alert.also] == ["last 3 periods"]
    assert alert.evidence == Reading(
        value=8.0,
        previous=6.5,
        since=None,
        known_from="2026-01-05",
        known_values=5,
        made_of="PE_US - PE_EU",
    )
    assert (alert.milestone.standing.value, alert.milestone.standing.period) == (7.0, "2026-01-06")


def test_a_published_number_may_be_negative_and_crosses_zero() -> None:
    rule = {"kind": "level", "series": "YIELD", "crosses": 0}
    found = run(watchlist([rule]), days("YIELD", "-0.5", "-0.1", 0, "0.2", "-0.3"), YIELD="number")
    assert [(a.period, a.milestone.direction) for a in found] == [
        ("2026-01-07", "rising"),
        ("2026-01-09", "falling"),
    ]
    assert found[0].evidence.made_of == "number"


def test_breadth_of_a_week() -> None:
    series = {"UP": {"kind": "breadth", "members": ["A", "B", "C", "D", "E"], "periods": 2}}
    watched = watchlist([{"kind": "breadth", "series": "UP", "at_least": 0.6}], series=series)
    rows = by_day(*(days(s, 10, 10, 11, 12) for s in "ABC"), *(days(s, 9, 9, 9, 8) for s in "DE"))
    (alert,) = run(watched, rows)
    assert told(alert) == ("UP", "breadth", "2026-01-07", "", "0.6")
    assert (alert.evidence.count, alert.evidence.members) == (3, 5)
    assert alert.evidence.made_of == "share of 5 that rose over 2 periods (price)"


def test_divergence_while_every_member_fell() -> None:
    """Three of five of the market rose while both leaders fell: told on the first such day."""
    series = {
        "MARKET": {"kind": "breadth", "members": ["A", "B", "C", "X", "Y"]},
        "LEADERS": {"kind": "breadth", "members": ["X", "Y"], "measure": "fell"},
    }
    rule = {
        "kind": "all",
        "name": "divergence",
        "of": [
            {"kind": "breadth", "series": "MARKET", "at_least": 0.6},
            {"kind": "breadth", "series": "LEADERS", "at_least": 1},
        ],
    }
    watched = watchlist([rule], series=series)
    rows = by_day(*(days(s, 10, 11, 12, 13, 12, 13) for s in "ABC"),
                  days("X", 10, 11, 10, 9, 8, 7), days("Y", 10, 9, 8, 7, 6, 5))  # fmt: skip
    found = run(watched, rows)
    assert [told(a)[:3] for a in found] == [
        ("divergence", "together", "2026-01-07"),
        ("divergence", "together", "2026-01-10"),
    ]
    assert [m.subject for m in found[0].also] == ["MARKET", "LEADERS"]
    assert found[0].evidence == Conditions("all", 2, 2)


def test_a_correction_takes_a_divergence_back() -> None:
    rule = {
        "kind": "all",
        "name": "both",
        "of": [
            {"kind": "level", "series": "A", "crosses": 5},
            {"kind": "level", "series": "B", "crosses": 5},
        ],
    }
    fold = fold_of(watchlist([rule]))
    (first,) = alerts(fold.apply(routed(by_day(days("A", 1, 6), days("B", 1, 6)))))
    (retracted,) = alerts(fold.apply(routed([("B", "2026-01-06", "4")], start=9)))
    (again,) = alerts(fold.apply(routed([("B", "2026-01-06", "7")], start=10)))
    assert (retracted.milestone.kind, retracted.follows) == (Kind.CORRECTION, first.id)
    assert (again.revision, again.follows, again.also) == ("restored", first.id, first.also)


def test_the_year_to_date_crosses_a_value() -> None:
    watched = watchlist(
        [{"kind": "year-to-date", "crosses": [0.05, -0.05]}],
        pairs=[{"asset": "A", "benchmark": "B"}],
    )
    rows = by_day(
        days("A", 90, 100, 103, 107, 104, 94, start="2025-12-30"),
        days("B", 100, 100, 100, 101, 101, 101, start="2025-12-30"),
    )
    found = run(watched, rows)
    assert [(a.period, a.milestone.value, a.milestone.direction, a.direction) for a in found] == [
        ("2026-01-02", "0.05", "rising", "outperforming"),
        ("2026-01-03", "0.05", "falling", "outperforming"),
        ("2026-01-04", "-0.05", "falling", "underperforming"),
    ]
    assert found[0].evidence.asset_return == pytest.approx(0.07)
    assert found[0].evidence.rank is None


def test_total_return_closes_are_said() -> None:
    watched = watchlist([{"kind": "threshold", "at": 1}], pairs=[{"asset": "A", "benchmark": "B"}])
    rows = by_day(days("A", 1, 2), days("B", 1, 1))
    (alert,) = run(watched, rows, A="total return", B="total return")
    assert (alert.evidence.asset_closes, alert.evidence.benchmark_closes) == (
        *("total return", "total return"),
    )
    (plain,) = run(watched, rows)
    assert plain.id != alert.id


# --- within the day ---------------------------------------------------------------------------


def within_the_day(overnight: str) -> list[Alert]:
    """A rises with each 1h interval of two sessions, and falls in the night between them."""
    watched = watchlist(
        [{"kind": "threshold", "at": [6, 12]}, {"kind": "ended"}],
        pairs=[{"asset": "A", "benchmark": "B"}],
        calendar="XNYS",
        interval="1h",
        overnight=overnight,
    )
    begins = [f"2026-01-{day}T{hour}:30Z" for day in (15, 16) for hour in range(14, 21)]
    prices = [*range(100, 107), *range(95, 102)]
    rows = [row for begin, price in zip(begins, prices, strict=True)
            for row in (("A", begin, str(price)), ("B", begin, "50"))]  # fmt: skip
    return alerts(fold_of(watched).apply(routed(rows, interval="1h")))


def test_the_night_counts() -> None:
    found = within_the_day("include")
    assert [(a.rule, a.length, a.period) for a in found] == [
        ("threshold", 6, "2026-01-15T20:30Z"),
        ("ended", 6, "2026-01-16T14:30Z"),
        ("threshold", 6, "2026-01-16T20:30Z"),
    ]


def test_the_night_is_passed_over() -> None:
    sixth, twelfth = within_the_day("exclude")
    assert (sixth.length, sixth.period) == (6, "2026-01-15T20:30Z")
    assert (twelfth.length, twelfth.period) == (12, "2026-01-16T20:30Z")
    assert twelfth.evidence.asset_return == pytest.approx(1.06 * 101 / 95 - 1)
    assert twelfth.evidence.overnight == "exclude"
    assert twelfth.evidence.missed == ()


def test_closes_of_another_interval_are_passed_over() -> None:
    watched = watchlist([{"kind": "threshold", "at": 1}], pairs=[{"asset": "A", "benchmark": "B"}])
    rows = [("A", "2026-01-15T14:30Z", "5"), ("B", "2026-01-15T14:30Z", "5")]
    assert fold_of(watched).apply(routed(rows, interval="1h")) == []


# --- before the close -------------------------------------------------------------------------

BEFORE = watchlist(
    [{"kind": "provisional", "min_length": 3, "every": 0}, {"kind": "threshold", "at": 3}],
    pairs=[{"asset": "A", "benchmark": "B"}],
)
TWO_UP = by_day(days("A", 1, 2, 3), days("B", 5, 5, 5))
LIVE = [("A", "2026-01-08", "4"), ("B", "2026-01-08", "5")]


def before_the_close(*prices: list[Row]) -> tuple[WatcherFold, list[Alert]]:
    fold, at = fold_of(BEFORE), 0
    assert alerts(fold.apply(routed(TWO_UP))) == []
    found = []
    for rows in prices:
        at += 100
        found += alerts(fold.apply(routed(rows, start=at, provisional=True)))
    return fold, found


def test_a_streak_that_would_be_is_told_once() -> None:
    _, found = before_the_close(LIVE, [("A", "2026-01-08", "4.1")], LIVE)
    (alert,) = found
    assert (alert.rule, alert.length, alert.period) == ("provisional", 3, "2026-01-08")
    assert [m.kind for m in alert.also] == [Kind.THRESHOLD]
    assert alert.evidence.asset_return == pytest.approx(3)


def test_it_is_confirmed_by_the_message_of_the_close() -> None:
    fold, (would,) = before_the_close(LIVE)
    (third,) = alerts(fold.apply(routed(LIVE, start=900)))
    assert (third.rule, third.follows) == ("threshold", would.id)
    assert [m.kind for m in third.also] == [Kind.CONFIRMED]
    clean = run(BEFORE, [*TWO_UP, *LIVE])
    assert [alert.id for alert in clean] == [third.id]


def test_it_is_confirmed_by_a_message_of_its_own_where_there_is_no_other() -> None:
    rules = [{"kind": "provisional", "min_length": 3, "every": 0}, {"kind": "threshold", "at": 9}]
    fold = fold_of(watchlist(rules, pairs=[{"asset": "A", "benchmark": "B"}]))
    fold.apply(routed(TWO_UP))
    (would,) = alerts(fold.apply(routed(LIVE, start=100, provisional=True)))
    (confirmed,) = alerts(fold.apply(routed(LIVE, start=200)))
    assert (confirmed.rule, confirmed.follows) == ("provisional.confirmed", would.id)


@pytest.mark.parametrize("close", ["2", "3"])
def test_it_is_withdrawn_when_the_close_says_otherwise(close: str) -> None:
    """A falls, or ties."""
    fold, (would,) = before_the_close(LIVE)
    closes = [("A", "2026-01-08", close), ("B", "2026-01-08", "5")]
    (withdrawn,) = alerts(fold.apply(routed(closes, start=900)))
    assert (withdrawn.rule, withdrawn.follows) == ("provisional.withdrawn", would.id)
    assert (withdrawn.period, withdrawn.length) == ("2026-01-08", 3)


def test_it_is_withdrawn_when_the_period_never_closes() -> None:
    fold, (would,) = before_the_close(LIVE)
    closes = [("A", "2026-01-09", "9"), ("B", "2026-01-09", "5")]
    found = alerts(fold.apply(routed(closes, start=900)))
    assert [(a.rule, a.follows) for a in found] == [
        ("threshold", ""),
        ("provisional.withdrawn", would.id),
    ]


def test_prices_before_the_close_never_come_into_the_book() -> None:
    fold, _ = before_the_close(LIVE, [("A", "2026-01-08", "1"), ("A", "2026-01-07", "1")])
    clean = fold_of(BEFORE)
    clean.apply(routed(TWO_UP))
    assert fold.snapshot()["w"]["watch"] == clean.snapshot()["w"]["watch"]


def test_one_leg_may_have_closed_already() -> None:
    fold, none = before_the_close([LIVE[0]])
    assert none == []
    assert alerts(fold.apply(routed([LIVE[1]], start=800))) == []
    (would,) = alerts(fold.apply(routed([("A", "2026-01-08", "4.5")], start=850, provisional=True)))
    assert (would.rule, would.evidence.asset_return) == ("provisional", 3.5)


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_correction_of_the_close_corrects_what_became_of_it(handed_over: bool) -> None:
    rules = [{"kind": "provisional", "min_length": 3, "every": 0}, {"kind": "threshold", "at": 9}]
    watched = watchlist(rules, pairs=[{"asset": "A", "benchmark": "B"}])
    fold = fold_of(watched)
    fold.apply(routed(TWO_UP))
    fold.apply(routed(LIVE, start=100, provisional=True))
    (confirmed,) = alerts(fold.apply(routed(LIVE, start=200)))
    if handed_over:
        state = msgpack.decode(msgpack.encode(fold.snapshot()))
        fold = fold_of(watched)
        fold.restore(state)
    (withdrawn,) = alerts(fold.apply(routed([("A", "2026-01-08", "2")], start=300)))
    assert (withdrawn.rule, withdrawn.follows) == ("provisional.withdrawn", confirmed.id)
    assert (withdrawn.revision, withdrawn.late) == ("amended", True)
    (again,) = alerts(fold.apply(routed([("A", "2026-01-08", "5")], start=301)))
    assert (again.rule, again.follows) == ("provisional.confirmed", withdrawn.id)
    assert alerts(fold.apply(routed([("A", "2026-01-08", "6")], start=302))) == []
    assert len({alert.id for alert in (confirmed, withdrawn, again)}) == 3


def test_a_takeover_remembers_what_was_told_before_the_close() -> None:
    fold, (would,) = before_the_close(LIVE)
    state = msgpack.decode(msgpack.encode(fold.snapshot()))
    other = fold_of(BEFORE)
    other.restore(state)
    assert alerts(other.apply(routed(LIVE, start=700, provisional=True))) == []
    (third,) = alerts(other.apply(routed(LIVE, start=900)))
    assert third.follows == would.id


# --- what a review found ----------------------------------------------------------------------


def test_the_year_to_date_is_told_by_what_it_crossed_with_the_nights() -> None:
    """All of the gain is made overnight; nights do not count for streaks, but for the year."""
    watched = watchlist(
        [{"kind": "year-to-date", "crosses": 0.05}],
        pairs=[{"asset": "A", "benchmark": "B"}],
        interval="1h",
        overnight="exclude",
    )
    begins = ["2025-12-31T14:00Z", "2025-12-31T15:00Z", "2026-01-02T14:00Z", "2026-01-02T15:00Z"]
    rows = [row for begin, price in zip(begins, (100, 100, 110, 110), strict=True)
            for row in (("A", begin, str(price)), ("B", begin, "50"))]  # fmt: skip
    (alert,) = alerts(fold_of(watched).apply(routed(rows, interval="1h")))
    assert alert.evidence.asset_return == alert.evidence.asset_year_return == pytest.approx(0.1)


def test_what_is_no_longer_the_highest_since_is_amended() -> None:
    rule = {"kind": "level", "series": "A", "highest": "last 2 periods", "min_age": 1}
    fold = fold_of(watchlist([rule]))
    (first,) = alerts(fold.apply(routed(days("A", 9, 1, 2, 3, 2, 1, 7))))[-1:]
    assert first.evidence.since.period == "2026-01-05"
    (amended,) = [a for a in alerts(fold.apply(routed([("A", "2026-01-06", "60")], start=50)))
                  if a.period == first.period]  # fmt: skip
    assert (amended.revision, amended.follows) == ("amended", first.id)
    assert amended.evidence.since.period == "2026-01-06"


def test_what_is_missing_is_listed_up_to_a_bound() -> None:
    """Two years without closes, of fifty members: an alert stays small."""
    members = [f"S{number}" for number in range(50)]
    watched = watchlist(
        [{"kind": "threshold", "at": 1}],
        series={"M": {"kind": "basket", "members": members}},
        pairs=[{"asset": "M", "benchmark": "B"}],
        calendar="24/7",
    )
    rows = [(s, day, price) for day, price in (("2024-01-01", "1"), ("2025-12-31", "2"))
            for s in members] + [("B", "2024-01-01", "1"), ("B", "2025-12-31", "1")]  # fmt: skip
    (alert,) = run(watched, rows)
    assert (len(alert.evidence.missed), alert.evidence.missed_more) == (20, 709)
    assert (len(alert.evidence.missed[0].symbols), alert.evidence.missed[0].more) == (20, 31)
    assert "(729 missing)" in render(alert, {}).title
    assert len(json.dumps(alert.to_dict())) < 20_000


def test_a_level_of_many_members_survives_a_snapshot() -> None:
    """The worth of 400 holdings is a fraction of thousands of digits."""
    weights = {f"S{number}": 1 for number in range(400)}
    series = {"H": {"kind": "basket", "weighting": "fixed", "weights": weights,
                    "as_of": "2026-01-01"}}  # fmt: skip
    watched = watchlist([{"kind": "level", "series": "H", "highest": "ever"}], series=series)
    rows = [(s, day, f"{thousand}.{number:06}")
            for thousand, day in ((1000, "2026-01-01"), (1001, "2026-01-02"))
            for number, s in enumerate(weights)]  # fmt: skip
    fold = fold_of(watched)
    fold.apply(routed(rows))
    state = msgpack.decode(msgpack.encode(fold.snapshot()))
    other = fold_of(watched)
    other.restore(state)
    assert other.snapshot() == fold.snapshot()


def test_ids_do_not_hang_on_order_and_spelling() -> None:
    def ids(members: list[str], weight: str) -> list[str]:
        series = {
            "E": {"kind": "basket", "members": members},
            "F": {"kind": "basket", "weighting": "fixed", "weights": {"A": weight, "C": "1"},
                  "as_of": "2026-01-01"},
        }  # fmt: skip
        watched = watchlist([{"kind": "threshold", "at": 1}], series=series,
                            pairs=[{"asset": leg, "benchmark": "B"} for leg in "EF"])  # fmt: skip
        rows = by_day(days("A", 1, 2), days("C", 1, 2), days("B", 1, 1))
        return [alert.id for alert in run(watched, rows)]

    assert ids(["A", "C"], "0.5") == ids(["C", "A"], "0.50")
    assert len(set(ids(["A", "C"], "0.5"))) == 2


def test_a_divergence_has_its_id_whatever_else_is_watched() -> None:
    rule = {
        "kind": "all",
        "name": "both",
        "of": [
            {"kind": "level", "series": "A", "crosses": 5},
            {"kind": "level", "series": "B", "crosses": 5},
        ],
    }
    pair = {"asset": "M", "benchmark": "B"}
    found = [
        run(watchlist([rule], **more), by_day(days("A", 1, 6), days("B", 1, 6)))[0].id
        for more in (
            {},
            {"pairs": [pair], "series": {"M": {"kind": "basket", "members": ["A", "C"]}}},
        )
    ]
    assert found[0] == found[1]
