"""Summaries: which streaks run and which are near a record, when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from alerts.evidence import Holder, Overview, Running
from alerts.model import Alert, Trigger
from config.watchlists import Watchlist
from streams.batches import Single
from streams.core.periods import from_text, to_text
from streams.definitions import summary_rules
from streams.folds.watcher import WatcherFold
from streams.records import SUMMARIES, Output, Place, Topic
from streams.wire import Close, Due, Routed, decode_alert, encode_due, encode_routed

PLACE = Place(Topic.WATCH, 0)
FIRST = from_text("2026-01-01")
DUE_MS = int(datetime.fromisoformat("2026-01-23T21:30Z").timestamp() * 1000)

Prices = dict[str, Sequence[int]]
"""A price for each day from the first on, by symbol; 0 for none."""


def watchlist(pairs: Sequence[str], published: int = 0, **rule: Any) -> Watchlist:
    """``published`` is the length of a record of the first pair, which outperformed."""
    rows: list[dict[str, Any]] = [
        dict(zip(("asset", "benchmark"), pair.split("/"), strict=True)) for pair in pairs
    ]
    if published:
        record = {"direction": "outperforming", "length": published, "source": "Ledger",
                  "start": "2020-01-02", "end": "2020-03-02"}  # fmt: skip
        rows[0] |= {"records": [record], "records_complete_from": 1}
    return Watchlist.model_validate(
        {
            "series": {"SUM": {"kind": "basket", "weighting": "price", "members": ["A", "C"]}},
            "pairs": rows,
            "rules": [{"kind": "summary", "at": "21:30"} | rule],
            "targets": ["desk"],
            "min_history": 1,
        }
    )


class Desk:
    """One watchlist; closes, and when its summary is due, are its records."""

    def __init__(self, watched: Watchlist) -> None:
        self.watchlist = watched
        self.rule = next(iter(summary_rules(watched, {})))
        self.fold = WatcherFold(PLACE, {"us": watched})
        self.offset = 0

    def closes(self, prices: Prices) -> list[Single]:
        days = range(max(map(len, prices.values())))
        return [
            self.record(encode_routed(Routed("us", Close(s, FIRST + day, row[day]), 0, at, 0)))
            for at, (day, (s, row)) in enumerate((d, one) for d in days for one in prices.items())
            if day < len(row) and row[day]
        ]

    def due(self, period: str = "2026-01-23", **changes: Any) -> Single:
        due = Due("us", from_text(period), "1d", self.rule, DUE_MS, DUE_MS + 1500)
        return self.record(encode_due(Due(**{**_fields(due), **changes})))

    def record(self, value: bytes) -> Single:
        self.offset += 1
        return Single(self.offset - 1, 0, b"us", value)

    def outputs(self, *records: Single) -> list[Output]:
        return [one for one in self.fold.apply(records) if one.topic is Topic.ALERTS]

    def take(self, *records: Single) -> list[Alert]:
        return [decode_alert(output.value) for output in self.outputs(*records)]

    def take_over(self) -> None:
        """Another worker goes on from the snapshot."""
        state = msgpack.decode(msgpack.encode(self.fold.snapshot()))
        self.fold = WatcherFold(PLACE, {"us": self.watchlist})
        self.fold.restore(state)


def _fields(due: Due) -> dict[str, Any]:
    return {name: getattr(due, name) for name in Due.__dataclass_fields__}


#: A beat B 3 times and 5 times, C lags B 2 times and then 1 time, at the end.
PRICES = {
    "A": (100, 101, 102, 103, 102, 103, 104, 105, 106, 107),
    "B": (100,) * 10,
    "C": (100, 99, 98, 99, 100, 101, 102, 103, 104, 103),
}


def day(number: int) -> str:
    return to_text(FIRST + number)


def test_which_streaks_run_and_their_records() -> None:
    desk = Desk(watchlist(["C/B", "A/B"], min_length=1))
    (alert,) = desk.take(*desk.closes(PRICES), desk.due())
    assert (alert.rule, alert.asset, alert.benchmark) == ("summary", "us", "")
    assert (alert.period, alert.length, alert.definition) == ("2026-01-23", 0, desk.rule)
    assert alert.trigger == Trigger("watch", 0, 29 + 1, DUE_MS + 1500)
    evidence = alert.evidence
    assert isinstance(evidence, Overview)
    assert evidence == Overview(
        due="2026-01-23T21:30Z",
        until=day(9),
        pairs=2,
        running=2,
        near=2,
        min_length=1,
        within=2,
        streaks=(
            Running("A", "B", "outperforming", 5, day(5), day(9), evidence.streaks[0].asset_return,
                    0.0, Holder(3, day(1), day(3), begins_known=True), False),
            Running("C", "B", "underperforming", 1, day(9), day(9),
                    evidence.streaks[1].asset_return, 0.0,
                    Holder(2, day(1), day(2), begins_known=True), False),
        ),
    )  # fmt: skip
    assert evidence.streaks[0].asset_return == pytest.approx(107 / 102 - 1)


@pytest.mark.parametrize(
    ("rule", "listed", "near", "running"),
    [
        ({"min_length": 1}, ["A", "C"], 2, 2),
        ({"min_length": 2}, ["A"], 1, 1),
        ({"min_length": 6}, [], 0, 0),
        ({"min_length": 1, "near": 0}, ["A", "C"], 1, 2),
        ({"min_length": 1, "direction": "underperforming"}, ["C"], 1, 1),
        ({"min_length": 1, "most": 1}, ["A"], 2, 2),
    ],
)
def test_what_is_listed(rule: dict[str, Any], listed: list[str], near: int, running: int) -> None:
    desk = Desk(watchlist(["C/B", "A/B"], **rule))
    (alert,) = desk.take(*desk.closes(PRICES), desk.due())
    evidence: Any = alert.evidence
    assert [one.asset for one in evidence.streaks] == listed
    assert (evidence.near, evidence.running) == (near, running)


def test_what_is_not_known_long_enough_is_no_record() -> None:
    watched = watchlist(["A/B"], min_length=1).model_copy(update={"min_history": 10})
    desk = Desk(watched)
    (alert,) = desk.take(*desk.closes(PRICES), desk.due())
    assert alert.evidence.streaks[0].record is None  # type: ignore[union-attr]
    assert alert.evidence.near == 0  # type: ignore[union-attr]


def test_before_the_first_close_there_is_nothing() -> None:
    desk = Desk(watchlist(["A/B"]))
    (alert,) = desk.take(desk.due())
    assert alert.evidence == Overview("2026-01-23T21:30Z", "", 1, 0, 0, 3, 2)


def test_a_summary_is_told_once_and_the_next_one_too() -> None:
    desk = Desk(watchlist(["A/B"]))
    (first,) = desk.take(*desk.closes(PRICES), desk.due())
    assert desk.take(desk.due()) == []
    assert desk.take(desk.due("2026-01-22")) == []
    desk.take_over()
    assert desk.take(desk.due()) == []
    assert desk.fold.last_asked("us", desk.rule) == from_text("2026-01-23")
    (second,) = desk.take(desk.due("2026-01-24"))
    assert second.id != first.id


def test_what_asks_for_nothing_that_is_there_brings_nothing() -> None:
    desk = Desk(watchlist(["A/B"]))
    assert desk.take(desk.due(rule="another"), desk.due(interval="5m")) == []
    assert desk.fold.last_asked("us", desk.rule) is None
    assert desk.fold.last_asked("us", "another") is None


def test_all_summaries_have_one_key() -> None:
    """So that those of all watchlists lie in one partition."""
    desk = Desk(watchlist(["A/B"]))
    (output,) = desk.outputs(desk.due())
    assert output.key == SUMMARIES
    assert output.partition is None


def test_a_correction_before_it_counts_and_one_after_it_does_not_change_it() -> None:
    desk = Desk(watchlist(["A/B"], min_length=1))
    right = {**PRICES, "A": (*PRICES["A"][:-1], 99)}
    records = desk.closes(PRICES)
    late = encode_routed(Routed("us", Close("A", FIRST + 9, 99), 0, 1000, 0))
    corrected = desk.take(*records, desk.record(late), desk.due())[-1]
    other = Desk(watchlist(["A/B"], min_length=1))
    whole = other.take(*other.closes(right), other.due())[-1]
    assert corrected.evidence == whole.evidence
    assert corrected.id == whole.id


@pytest.mark.parametrize(
    "change",
    [{"min_length": 4}, {"at": "21:31"}, {"pairs": ["A/B"]}, {"ties": "skip"}],
    ids=str,
)
def test_what_decides_it_is_part_of_its_id(change: dict[str, Any]) -> None:
    pairs = change.pop("pairs", ["A/B", "C/B"])
    ties = change.pop("ties", "break")
    one, other = watchlist(["A/B", "C/B"]), watchlist(pairs, **change)
    other = Watchlist.model_validate(other.model_dump(mode="json") | {"ties": ties})
    assert summary_rules(one, {}).keys() != summary_rules(other, {}).keys()


def test_targets_and_labels_are_no_part_of_its_id() -> None:
    one = watchlist(["A/B"])
    more = {"targets": ["other"], "labels": {"desk": "us"}}
    other = Watchlist.model_validate(one.model_dump(mode="json") | more)
    assert summary_rules(one, {}).keys() == summary_rules(other, {}).keys()


# --- brute force ------------------------------------------------------------------------------


def streaks_of(asset: Sequence[int], benchmark: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Sign, length, first and last day of each streak, by whole numbers."""
    days = [at for at, both in enumerate(zip(asset, benchmark, strict=True)) if all(both)]
    found: list[tuple[int, int, int, int]] = []
    before = 0
    for p0, p1 in pairwise(days):
        gain, other = asset[p1] * benchmark[p0], benchmark[p1] * asset[p0]
        sign = (gain > other) - (gain < other)
        if sign and sign == before:
            _, length, start, _ = found[-1]
            found[-1] = (sign, length + 1, start, p1)
        elif sign:
            found.append((sign, 1, p1, p1))
        before = sign
    return found


def expected(prices: Prices, pair: str, least: int, published: int) -> tuple[Any, ...] | None:
    """The streak that runs, with the longest before it in its direction."""
    asset, benchmark = (prices[leg] for leg in pair.split("/"))
    both = [at for at in range(len(asset)) if asset[at] and benchmark[at]]
    streaks = streaks_of(asset, benchmark)
    if not streaks or streaks[-1][3] != both[-1] or streaks[-1][1] < least:
        return None
    sign, length, start, _ = streaks[-1]
    past = [(one[1], day(one[3])) for one in streaks[:-1] if one[0] == sign]
    if published and sign == 1:
        past.append((published, "2020-03-02"))
    return pair, sign, length, day(start), max(past, default=None)


def told(one: Running) -> tuple[Any, ...]:
    sign = 1 if one.direction == "outperforming" else -1
    record = one.record and (one.record.length, one.record.end)
    return f"{one.asset}/{one.benchmark}", sign, one.length, one.start, record


PAIRS = ["A/B", "C/B", "SUM/B", "A/C", "D/B"]
CLOSES = st.lists(st.integers(98, 102) | st.just(0), min_size=24, max_size=24)


@given(
    st.fixed_dictionaries(dict.fromkeys("ABCD", CLOSES)),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(0, 5),
    st.booleans(),
)
def test_a_summary_is_what_brute_force_finds(
    prices: Prices, least: int, near: int, published: int, one_by_one: bool
) -> None:
    desk = Desk(watchlist(PAIRS, published, min_length=least, near=near, most=100))
    records = [*desk.closes(prices), desk.due()]
    if one_by_one:
        alerts = [alert for record in records for alert in desk.take(record)]
    else:
        alerts = desk.take(*records)
    (alert,) = alerts
    evidence: Any = alert.evidence
    both = zip(prices["A"], prices["C"], strict=True)
    prices = {**prices, "SUM": [a + c if a and c else 0 for a, c in both]}
    wanted = [
        one
        for pair in PAIRS
        if (one := expected(prices, pair, least, published if pair == PAIRS[0] else 0))
    ]
    assert sorted(map(told, evidence.streaks), key=str) == sorted(wanted, key=str)
    assert evidence.running == len(wanted)
    close = [one for one in wanted if one[4] and one[4][0] - one[2] <= near]
    assert evidence.near == len(close)
    assert sorted(map(told, evidence.streaks[: len(close)]), key=str) == sorted(close, key=str)
    shorts = [one.record.length - one.length for one in evidence.streaks[: len(close)]]
    assert shorts == sorted(shorts)
    lengths = [one.length for one in evidence.streaks[len(close) :]]
    assert lengths == sorted(lengths, reverse=True)
