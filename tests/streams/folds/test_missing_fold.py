"""Missing closes: told once for a period when they are asked for, and once more when all came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from alerts.evidence import Absence
from alerts.model import Alert, Trigger
from config.watchlists import Watchlist
from streams.batches import Single
from streams.calendars import ended
from streams.core.periods import from_text
from streams.core.prices import from_digits
from streams.definitions import missing_rules
from streams.folds.missing import MOST_OPEN
from streams.folds.watcher import WatcherFold
from streams.records import Place, Topic
from streams.wire import Close, Due, Routed, decode_alert, encode_due, encode_routed

PLACE = Place(Topic.WATCH, 0)
DATA: dict[str, Any] = {
    "calendar": "XNYS",
    "pairs": [{"asset": "RUT", "benchmark": "SPX"}, {"asset": "NDX", "benchmark": "SPX"}],
    "rules": [{"kind": "missing", "after": 30}],
    "targets": ["desk"],
}


def watchlist(**changes: Any) -> Watchlist:
    return Watchlist.model_validate(DATA | changes)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


class Desk:
    """One watchlist; closes and what is due are its records, in the order in which they come."""

    def __init__(self, watched: Watchlist | None = None) -> None:
        self.watchlist = watched or watchlist()
        self.fold = WatcherFold(PLACE, {"us": self.watchlist})
        self.rules = list(missing_rules(self.watchlist))
        self.records: list[Single] = []

    def close(self, symbol: str, period: str, at: str = "", **more: Any) -> list[Alert]:
        close = Close(
            symbol,
            from_text(period, self.watchlist.interval),
            from_digits(more.pop("price", "100")),
            self.watchlist.interval,
            **more,
        )
        offset = len(self.records)
        return self.take(encode_routed(Routed("us", close, 0, offset, ms(at) if at else offset)))

    def due(self, period: str, at: str, rule: int = 0) -> list[Alert]:
        """Ask for a period at a time, by one of the rules."""
        calendar, interval = self.watchlist.calendar, self.watchlist.interval
        wanted = from_text(period, interval)
        (end,) = (e for p, e in ended(calendar, interval, ms(at), 100) if p == wanted)
        return self.take(encode_due(Due("us", wanted, interval, self.rules[rule], end, ms(at))))

    def take(self, value: bytes) -> list[Alert]:
        record = Single(len(self.records), 0, b"us", value)
        self.records.append(record)
        return alerts(self.fold, [record])

    def take_over(self) -> None:
        """Another worker goes on from the snapshot."""
        state = msgpack.decode(msgpack.encode(self.fold.snapshot()))
        self.fold = WatcherFold(PLACE, {"us": self.watchlist})
        self.fold.restore(state)


def alerts(fold: WatcherFold, records: Iterable[Single]) -> list[Alert]:
    outputs = fold.apply(list(records))
    found = [decode_alert(o.value) for o in outputs if o.topic is Topic.ALERTS]
    assert found == [o.about for o in outputs if o.topic is Topic.ALERTS]
    return found


def test_what_is_missing_is_told_once_and_told_again_when_it_is_complete() -> None:
    desk = Desk()
    desk.close("RUT", "2026-01-23")
    (missing,) = desk.due("2026-01-23", "2026-01-23T21:30:05Z")
    assert (missing.rule, missing.asset, missing.period) == ("data.missing", "us", "2026-01-23")
    assert missing.evidence == Absence(("NDX", "SPX"), 0, 3, "2026-01-23T21:00Z", 1805)
    assert missing.trigger == Trigger("watch", 0, 1, ms("2026-01-23T21:30:05Z"))
    assert desk.close("SPX", "2026-01-23") == []
    (arrived,) = desk.close("NDX", "2026-01-23", "2026-01-23T23:10:00Z")
    assert (arrived.rule, arrived.follows) == ("data.arrived", missing.id)
    assert arrived.evidence == Absence(("NDX", "SPX"), 0, 3, "2026-01-23T21:00Z", 7800, "NDX")
    assert arrived.id != missing.id
    assert arrived.trigger.topic == "closes"
    assert desk.close("NDX", "2026-01-23", price="101") == []


def test_an_early_close_is_the_sessions_end() -> None:
    desk = Desk()
    (missing,) = desk.due("2025-11-28", "2025-11-28T18:30:00Z")
    assert missing.evidence == Absence(("NDX", "RUT", "SPX"), 0, 3, "2025-11-28T18:00Z", 1800)


def test_a_period_that_is_complete_is_silent() -> None:
    desk = Desk()
    for symbol in ("RUT", "SPX", "NDX"):
        desk.close(symbol, "2026-01-23")
    assert desk.due("2026-01-23", "2026-01-23T21:30Z") == []


def test_asking_again_changes_nothing() -> None:
    desk = Desk()
    assert len(desk.due("2026-01-23", "2026-01-23T21:30Z")) == 1
    assert desk.due("2026-01-23", "2026-01-23T21:31Z") == []
    assert desk.due("2026-01-22", "2026-01-23T21:32Z") == []
    for symbol in ("RUT", "SPX"):
        assert desk.close(symbol, "2026-01-23") == []
    assert desk.due("2026-01-23", "2026-01-23T22:00Z") == []
    assert len(desk.close("NDX", "2026-01-23")) == 1


def test_a_price_before_the_close_is_no_close() -> None:
    desk = Desk()
    for symbol in ("RUT", "SPX", "NDX"):
        desk.close(symbol, "2026-01-23", provisional=True)
    assert len(desk.due("2026-01-23", "2026-01-23T21:30Z")) == 1
    for symbol in ("RUT", "SPX", "NDX"):
        assert desk.close(symbol, "2026-01-23", provisional=True) == []


def test_each_session_counts_for_itself() -> None:
    desk = Desk()
    told = [
        *desk.due("2026-01-22", "2026-01-22T21:30Z"),
        *desk.due("2026-01-23", "2026-01-23T21:30Z"),
    ]
    assert [alert.period for alert in told] == ["2026-01-22", "2026-01-23"]
    came = [alert for day in ("2026-01-23", "2026-01-22") for s in ("RUT", "SPX", "NDX")
            for alert in desk.close(s, day)]  # fmt: skip
    assert [alert.period for alert in came] == ["2026-01-23", "2026-01-22"]
    assert [alert.follows for alert in came] == [told[1].id, told[0].id]


def test_an_outage_within_a_day_is_told_once() -> None:
    desk = Desk(watchlist(interval="5m"))
    told = desk.due("2026-01-22T20:45Z", "2026-01-22T21:20Z")
    assert desk.due("2026-01-22T20:50Z", "2026-01-22T21:25Z") == []
    told += desk.due("2026-01-23T14:30Z", "2026-01-23T15:05Z")  # the next day
    assert [alert.period for alert in told] == ["2026-01-22T20:45Z", "2026-01-23T14:30Z"]
    for symbol in ("RUT", "SPX"):
        desk.close(symbol, "2026-01-23T14:35Z")
    assert desk.due("2026-01-23T14:35Z", "2026-01-23T15:10Z") == []  # NDX still
    (more,) = desk.due("2026-01-23T14:40Z", "2026-01-23T15:15Z")  # the others too
    assert more.evidence.symbols == ("NDX", "RUT", "SPX")
    for symbol in ("NDX", "RUT", "SPX"):
        desk.close(symbol, "2026-01-23T14:45Z")
    assert desk.due("2026-01-23T14:45Z", "2026-01-23T15:20Z") == []
    (again,) = desk.due("2026-01-23T14:50Z", "2026-01-23T15:25Z")
    assert again.period == "2026-01-23T14:50Z"


def test_rules_on_symbols_of_their_own() -> None:
    """What is published the next morning is asked for then."""
    rules = [{"kind": "missing", "symbols": ["RUT", "SPX"]},
             {"kind": "missing", "after": 900, "symbols": "NDX"}]  # fmt: skip
    desk = Desk(watchlist(rules=rules))
    (early,) = desk.due("2026-01-22", "2026-01-22T21:30Z")
    (late,) = desk.due("2026-01-22", "2026-01-23T12:00Z", rule=1)
    assert early.evidence.symbols == ("RUT", "SPX")
    assert (late.evidence.symbols, late.evidence.of) == (("NDX",), 1)
    assert early.id != late.id
    (came,) = desk.close("NDX", "2026-01-22")
    assert came.follows == late.id


def test_all_that_a_watchlist_needs_is_asked_for() -> None:
    series = {
        "TWO": {"kind": "basket", "members": ["A", "B"]},
        "UP": {"kind": "breadth", "members": ["A", "C"]},
    }
    rules = [{"kind": "missing"}, {"kind": "level", "series": "PE", "crosses": 1},
             {"kind": "breadth", "series": "UP", "at_least": 0.5}]  # fmt: skip
    pairs = [{"asset": "TWO", "benchmark": "I"}]
    desk = Desk(watchlist(series=series, pairs=pairs, rules=rules))
    (missing,) = desk.due("2026-01-22", "2026-01-22T21:30Z")
    assert missing.evidence.symbols == ("A", "B", "C", "I", "PE")


def test_of_many_symbols_twenty_are_listed() -> None:
    members = [f"S{number:02}" for number in range(30)]
    series = {"ALL": {"kind": "basket", "members": members}}
    desk = Desk(watchlist(series=series, pairs=[{"asset": "ALL", "benchmark": "I"}]))
    (missing,) = desk.due("2026-01-22", "2026-01-22T21:30Z")
    assert missing.evidence.symbols == ("I", *members[:19])
    assert (missing.evidence.more, missing.evidence.of) == (11, 31)
    came = [alert for symbol in ("I", *members) for alert in desk.close(symbol, "2026-01-22")]
    assert [alert.evidence.last for alert in came] == ["S29"]


def test_a_takeover_tells_nothing_twice_and_forgets_nothing() -> None:
    desk = Desk()
    desk.close("RUT", "2026-01-23")
    (missing,) = desk.due("2026-01-23", "2026-01-23T21:30Z")
    desk.take_over()
    assert desk.due("2026-01-23", "2026-01-23T21:31Z") == []
    desk.close("SPX", "2026-01-23")
    desk.take_over()
    assert desk.fold.last_asked("us", desk.rules[0]) == from_text("2026-01-23")
    (arrived,) = desk.close("NDX", "2026-01-23")
    assert arrived.follows == missing.id
    desk.take_over()
    assert desk.close("NDX", "2026-01-23", price="99") == []


def test_the_same_log_gives_the_same_ids() -> None:
    desk = Desk()
    told = [
        *desk.due("2026-01-22", "2026-01-22T21:30Z"),
        *(a for symbol in ("RUT", "SPX", "NDX") for a in desk.close(symbol, "2026-01-22")),
    ]
    assert len({alert.id for alert in told}) == 2
    assert alerts(WatcherFold(PLACE, {"us": desk.watchlist}), desk.records) == told


def test_what_another_rule_asked_is_passed_over() -> None:
    """The log remembers rules, intervals and watchlists that are gone."""
    desk = Desk()
    rule, period = desk.rules[0], from_text("2026-01-22")
    for due in (
        Due("us", period, "1d", "0123456789abcdef", 0, 1),
        Due("us", 29_484_870, "5m", rule, 0, 1),
        Due("eu", period, "1d", rule, 0, 1),
    ):
        assert desk.take(encode_due(due)) == []
    assert len(desk.due("2026-01-22", "2026-01-22T21:30Z")) == 1
    definitions = {
        *missing_rules(watchlist(rules=[{"kind": "missing", "after": 31}])),
        *missing_rules(watchlist(rules=[{"kind": "missing", "symbols": ["RUT"]}])),
        *missing_rules(watchlist(calendar="24/7")),
        *missing_rules(watchlist(interval="5m")),
        *missing_rules(watchlist(pairs=DATA["pairs"][:1])),
        rule,
    }
    assert len(definitions) == 6
    assert {rule} == missing_rules(watchlist(pairs=DATA["pairs"][::-1], ties="skip")).keys()


def test_nobody_has_asked_yet() -> None:
    desk = Desk()
    assert desk.fold.last_asked("us", desk.rules[0]) is None
    desk.close("RUT", "2026-01-22")
    assert desk.fold.last_asked("us", desk.rules[0]) is None


def test_rubbish_goes_to_the_dead_letters() -> None:
    record = Single(0, 0, b"us", b'{"watchlist":"us","due":"yesterday"}')
    (output,) = WatcherFold(PLACE, {"us": watchlist()}).apply([record])
    assert (output.topic, output.value) == (Topic.DEAD_LETTERS, record.value)


def test_what_is_never_complete_is_forgotten_in_the_end() -> None:
    desk = Desk(watchlist(calendar="24/7"))
    days = [f"2026-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
    for day in days:
        assert len(desk.due(day, "2026-04-01T00:00Z")) == 1
    assert len(desk.fold.snapshot()["us"]["missing"][desk.rules[0]]["open"]) == MOST_OPEN
    came = [a.period for day in days for s in ("RUT", "SPX", "NDX") for a in desk.close(s, day)]
    assert came == days[-MOST_OPEN:]


@pytest.mark.parametrize("at", ["2026-01-22T20:00Z", ""])
def test_a_close_that_was_stamped_before_the_end_came_at_the_end(at: str) -> None:
    desk = Desk(watchlist(pairs=DATA["pairs"][:1]))
    desk.due("2026-01-22", "2026-01-22T21:30Z")
    desk.close("RUT", "2026-01-22", at)
    (arrived,) = desk.close("SPX", "2026-01-22", at)
    assert arrived.evidence.after_seconds == 0


EVENTS = st.lists(
    st.tuples(st.sampled_from(["due", "RUT", "SPX", "NDX"]), st.sampled_from([20, 21, 22, 23])),
    max_size=30,
)


@given(EVENTS, st.sets(st.integers(0, 29)))
def test_any_order_is_told_once_each_whoever_takes_over(
    events: list[tuple[str, int]], takeovers: set[int]
) -> None:
    """Against a plain model: a period is asked for once, in order, and then completed once."""
    desk = Desk()
    closes: set[tuple[str, int]] = set()
    asked, missing, told, expected = 0, set[int](), list[tuple[str, str]](), []
    for number, (what, day) in enumerate(events):
        if number in takeovers:
            desk.take_over()
        text = f"2026-01-{day}"
        if what == "due":
            told += [(a.rule, a.period) for a in desk.due(text, "2026-01-23T22:00Z")]
            if day > asked:
                asked = day
                if sum(d == day for _, d in closes) < 3:
                    missing.add(day)
                    expected.append(("data.missing", text))
        else:
            told += [(a.rule, a.period) for a in desk.close(what, text)]
            closes.add((what, day))
            if day in missing and sum(d == day for _, d in closes) == 3:
                missing.remove(day)
                expected.append(("data.arrived", text))
    assert told == expected
