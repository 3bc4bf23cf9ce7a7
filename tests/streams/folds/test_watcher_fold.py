"""watch → alerts: what is told, when, by which id; and what is taken back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from alerts.evidence import Missed
from alerts.model import Alert, Kind
from alerts.pictures.tail import decode
from alerts.rendering import render
from config.loading import load
from config.settings import Settings
from config.watchlists import Watchlist
from streams.batches import Single
from streams.core.periods import ended_by_ms, from_text, to_text
from streams.core.prices import from_digits
from streams.folds import charting, watcher, watchlist_state
from streams.folds.charting import news
from streams.folds.watcher import WatcherFold
from streams.records import Output, Place, Topic
from streams.replay import Refused, of_closes
from streams.wire import Close, Routed, StreakNow, decode_alert, encode_close, encode_routed

EXAMPLES = Path(__file__).parents[3] / "config" / "examples"
PLACE = Place(Topic.WATCH, 0)
Row = tuple[str, str, str]

with (EXAMPLES / "january-2026.csv").open(newline="") as _file:
    JANUARY: list[Row] = [
        (symbol, line["period"], line[symbol])
        for line in csv.DictReader(_file)
        for symbol in ("RUT", "SPX")
    ]

SETTINGS: Settings = load(EXAMPLES / "streakwatch.yaml", {})
US: Watchlist = SETTINGS.watchlists["us-small-against-large"]
RULES = [rule.model_dump(mode="json") for rule in US.rules]


def us(**changes: Any) -> Watchlist:
    """The example's watchlist with some keys changed; ``records`` are those of its pair."""
    data = US.model_dump(mode="json")
    if "records" in changes:
        data["pairs"][0]["records"] = changes.pop("records")
    return Watchlist.model_validate(data | changes)


def routed(rows: Iterable[Row], name: str = "us", start: int = 0) -> list[Single]:
    """Records of ``watch``, from one partition of ``closes``."""
    return [
        Single(
            offset,
            0,
            name.encode(),
            encode_routed(
                Routed(name, Close(s, from_text(day), from_digits(price)), 0, offset, offset)
            ),
        )
        for offset, (s, day, price) in enumerate(rows, start)
    ]


def told(outputs: Sequence[Output]) -> list[Alert]:
    found = [decode_alert(o.value) for o in outputs if o.topic is Topic.ALERTS]
    assert found == [o.about for o in outputs if o.topic is Topic.ALERTS]
    return found


def run(watchlist: Watchlist, rows: Iterable[Row] = JANUARY) -> list[Alert]:
    return told(WatcherFold(PLACE, {"us": watchlist}).apply(routed(rows)))


def summary(alert: Alert) -> tuple[str, int, str, str]:
    return alert.rule, alert.milestone.level, str(alert.period), alert.milestone.scope


EXPECTED = [
    ("threshold", 10, "2026-01-15", ""),
    ("record.tied", 13, "2026-01-21", "since 2000-01-01"),
    ("record.broken", 14, "2026-01-22", "since 2000-01-01"),
    ("ended", 14, "2026-01-23", ""),
]


def test_january_2026_is_told_as_it_was() -> None:
    found = run(US)
    assert [summary(alert) for alert in found] == EXPECTED
    ten, tied, broken, ended = found
    assert ten.evidence.longest_since.end == "2008-06-06"
    assert (tied.milestone.holder.length, tied.milestone.holder.end) == (13, "2008-06-06")
    assert broken.milestone.holder.end == "2008-06-06"
    assert broken.evidence.longest_since.length == 16
    assert broken.evidence.longest_since.end == "1996-05-07"
    assert (ended.start, ended.end, ended.length) == ("2026-01-02", "2026-01-22", 14)
    assert all(alert.also == () and not alert.late and not alert.follows for alert in found)
    assert all(alert.direction == "outperforming" for alert in found)


def test_nobody_claims_a_tie_with_the_sixteen() -> None:
    for alert in run(US):
        for milestone in (alert.milestone, *alert.also):
            assert milestone.scope != "all"
            assert milestone.holder is None or milestone.holder.length == 13


def test_the_evidence_of_the_tenth_session() -> None:
    evidence = run(US)[0].evidence
    assert evidence.asset_return == pytest.approx(2674.56 / 2481.91 - 1, abs=1e-15)
    assert evidence.benchmark_return == pytest.approx(6944.47 / 6845.50 - 1, abs=1e-15)
    assert (evidence.known_from, evidence.known_returns) == ("2025-12-31", 10)
    assert evidence.begins_known
    assert (evidence.ties, evidence.round_returns_to) == ("break", "")
    assert evidence.seeds == (
        "published (price index; longest since 1987-09-10)",
        "published (price index)",
    )


def test_the_trigger_is_the_close_that_brought_it_about() -> None:
    ten = run(US)[0]
    trigger = ten.trigger
    assert JANUARY[trigger.offset][:2] == ("SPX", "2026-01-15")
    assert (trigger.topic, trigger.partition, trigger.arrived_ms) == ("closes", 0, trigger.offset)


def test_current_streaks_are_told_when_asked_for() -> None:
    fold, streaks = WatcherFold(PLACE, {"us": US}), []
    for record in routed(JANUARY):
        assert {o.topic for o in fold.apply([record])} <= {Topic.ALERTS}
        streaks += fold.latest()
    assert {o.topic for o in streaks} == {Topic.STREAKS}
    assert len(streaks) == 16
    assert fold.latest() == []
    assert {o.key for o in streaks} == {b"us|RUT|SPX"}
    assert streaks[-2].about == StreakNow(
        "us", "RUT", "SPX", "2026-01-22", "outperforming", 14, "2026-01-02"
    )
    assert streaks[-1].about == StreakNow(
        "us", "RUT", "SPX", "2026-01-23", "underperforming", 1, "2026-01-23"
    )


def test_news_goes_with_the_history_that_its_picture_shows() -> None:
    """The alerts are the same; and so is the history, in whatever frames the closes come."""
    rules = SETTINGS.delivery.model_copy(update={"max_age": "none"})
    records = routed(JANUARY)
    fold = WatcherFold(PLACE, {"us": US}, charted=news(rules, {"us"}))
    one_by_one = [output for record in records for output in fold.apply([record])]
    at_once = WatcherFold(PLACE, {"us": US}, charted=news(rules, {"us"})).apply(records)
    assert one_by_one == at_once
    plain = WatcherFold(PLACE, {"us": US}).apply(records)
    assert [replace(output, headers=()) for output in at_once] == plain
    for output in at_once:
        ((name, data),) = output.headers
        history = decode(data)
        assert name == "chart"
        assert output.about.period == to_text(int(history.periods[-1]))
        assert history.ratio[-1] == pytest.approx(output.about.evidence.ratio, rel=1e-6)
    assert len(at_once) >= 4


@pytest.mark.parametrize(("days", "expected"), [(0, True), (5, True), (7, False)])
def test_history_that_is_loaded_has_no_pictures(days: int, expected: bool) -> None:
    """An alert is news by the arrival of its close, no matter what time it is now."""
    ended = ended_by_ms(from_text("2026-01-22"))
    alert = replace(run(US)[-1], period="2026-01-22")
    trigger = replace(alert.trigger, arrived_ms=ended + days * 86_400_000)
    assert news(SETTINGS.delivery, {alert.watchlist})(replace(alert, trigger=trigger)) is expected


def test_an_alert_comes_even_where_its_history_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(charting, "tail", broken)
    rules = SETTINGS.delivery.model_copy(update={"max_age": "none"})
    found = WatcherFold(PLACE, {"us": US}, charted=news(rules, {"us"})).apply(routed(JANUARY))
    assert found == WatcherFold(PLACE, {"us": US}).apply(routed(JANUARY))


def test_replay_tells_the_same() -> None:
    closes = [Close(s, from_text(day), from_digits(price)) for s, day, price in JANUARY]
    found = list(of_closes(SETTINGS, [*closes, closes[-1]]))
    assert [summary(alert) for alert in found] == EXPECTED


def test_replay_says_what_it_refuses() -> None:
    holiday = Close("RUT", from_text("2026-01-19"), 1_000_000)
    (refused,) = of_closes(SETTINGS, [holiday])
    assert isinstance(refused, Refused)
    assert (refused.offset, refused.error.reason.value) == (0, "closed-day")


# --- frames, snapshots, repeats -------------------------------------------------------------

SMALL = Watchlist.model_validate(
    {
        "pairs": [{"asset": "A", "benchmark": "B"}, {"asset": "C", "benchmark": "B"}],
        "rules": [
            {"kind": "threshold", "at": [1, 2, 3]},
            {"kind": "record", "scopes": ["all", "since 2026-01-04"]},
            {"kind": "ended", "min_length": 1},
        ],
        "targets": ["desk"],
        "min_history": 2,
    }
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.integers(1, 8).map(lambda day: f"2026-01-{day:02}"),
        st.sampled_from(["1", "2", "3"]),
    ),
    max_size=30,
)


def in_pieces(
    watchlist: Watchlist, records: Sequence[Single], cuts: Sequence[tuple[int, bool]]
) -> list[Output]:
    """Fold frame by frame; at some cuts a new fold goes on from the old one's snapshot."""
    fold, outputs, last = WatcherFold(PLACE, {"us": watchlist}), [], 0
    for at, handed_over in sorted(cuts):
        outputs += fold.apply(records[last:at])
        last = at
        if handed_over:
            state = msgpack.decode(msgpack.encode(fold.snapshot()))
            fold = WatcherFold(PLACE, {"us": watchlist})
            fold.restore(state)
    return outputs + fold.apply(records[last:])


CUTS = st.lists(st.tuples(st.integers(0, 32), st.booleans()), max_size=6)


@given(CUTS)
def test_frames_and_takeovers_change_nothing_in_january(cuts: list[tuple[int, bool]]) -> None:
    records = routed(JANUARY)
    whole = WatcherFold(PLACE, {"us": US}).apply(records)
    assert in_pieces(US, records, cuts) == whole


@given(ROWS, CUTS)
def test_frames_and_takeovers_change_nothing(rows: list[Row], cuts: list[tuple[int, bool]]) -> None:
    """Whatever comes: late closes and corrections among them."""
    records = routed(rows)
    whole = WatcherFold(PLACE, {"us": SMALL}).apply(records)
    assert in_pieces(SMALL, records, cuts) == whole


@given(ROWS, st.data())
def test_a_router_that_starts_again_changes_nothing(rows: list[Row], data: st.DataObject) -> None:
    """It copies a stretch once more, with the same origins, and then goes on."""
    records = routed(rows)
    whole = WatcherFold(PLACE, {"us": SMALL}).apply(records)
    repeated, at = [], 0
    while at < len(records):
        stop = data.draw(st.integers(at + 1, len(records)))
        back = data.draw(st.integers(0, stop))
        repeated += records[at:stop]
        repeated += records[back:stop]
        at = stop
    assert WatcherFold(PLACE, {"us": SMALL}).apply(repeated) == whole


def test_all_of_january_once_more_gives_nothing() -> None:
    fold, records = WatcherFold(PLACE, {"us": US}), routed(JANUARY)
    assert told(fold.apply(records))
    state = fold.snapshot()
    assert fold.apply(records) == []
    assert fold.snapshot() == state


def test_the_same_closes_sent_again_give_nothing() -> None:
    fold = WatcherFold(PLACE, {"us": US})
    fold.apply(routed(JANUARY))
    assert fold.apply(routed(JANUARY, start=100)) == []


def test_snapshots_are_left_alone_by_later_records() -> None:
    fold, records = WatcherFold(PLACE, {"us": SMALL}), routed([*ALL_OVER, *ALL_OVER])
    fold.apply(records[:9])
    snapshot = fold.snapshot()
    before = msgpack.encode(snapshot)
    fold.apply(records[9:])
    assert msgpack.encode(snapshot) == before


ALL_OVER: list[Row] = [
    (symbol, f"2026-01-{day:02}", price)
    for day in range(1, 6)
    for symbol, price in (("A", str(day)), ("B", "1"), ("C", str(7 - day)))
]


def test_what_is_unknown_is_passed_over_and_what_is_unreadable_is_a_dead_letter() -> None:
    fold = WatcherFold(PLACE, {"us": SMALL})
    gone = routed([("A", "2026-01-01", "1")], name="gone")
    left = routed([("Z", "2026-01-01", "1")])
    assert fold.apply([*gone, *left]) == []
    (output,) = fold.apply([Single(9, 5, b"us", b"?")])
    assert (output.topic, output.value) == (Topic.DEAD_LETTERS, b"?")
    assert dict(output.headers)["topic"] == b"watch"
    plain = encode_close(Close("A", 1, 1))
    assert dict(fold.apply([Single(10, 5, b"us", plain)])[0].headers)["reason"] == (
        b"missing-field"
    )


# --- corrections ----------------------------------------------------------------------------

LOST = ("RUT", "2026-01-07", "2570.00")
BACK = ("RUT", "2026-01-07", "2575.42")


def corrections() -> tuple[list[Alert], list[Alert], list[Alert]]:
    """Alerts of January, of the correction and of its reversal."""
    fold = WatcherFold(PLACE, {"us": US})
    first = told(fold.apply(routed(JANUARY)))
    return (
        first,
        told(fold.apply(routed([LOST], start=50))),
        told(fold.apply(routed([BACK], start=51))),
    )


def test_a_correction_retracts_what_was_told() -> None:
    first, second, _ = corrections()
    retracted = [alert for alert in second if alert.milestone.kind is Kind.CORRECTION]
    assert [alert.follows for alert in retracted] == [alert.id for alert in first]
    assert [alert.also[0] for alert in retracted] == [alert.milestone for alert in first]
    assert [alert.period for alert in retracted] == [alert.period for alert in first]
    assert [alert.evidence for alert in retracted] == [alert.evidence for alert in first]
    assert all(alert.late and alert.trigger.offset == 50 for alert in second)


def test_a_correction_tells_what_happened_instead() -> None:
    _, second, _ = corrections()
    new = [alert for alert in second if alert.milestone.kind is not Kind.CORRECTION]
    assert [summary(alert) for alert in new] == [
        ("threshold", 10, "2026-01-22", ""),
        ("ended", 10, "2026-01-23", ""),
    ]
    assert {alert.start for alert in new} == {"2026-01-08"}


def test_correcting_back_tells_again_under_new_ids() -> None:
    first, second, third = corrections()
    again = [alert for alert in third if alert.milestone.kind is not Kind.CORRECTION]
    assert [summary(alert) for alert in again] == EXPECTED
    assert [alert.follows for alert in again] == [alert.id for alert in first]
    ids = [alert.id for alert in (*first, *second, *third)]
    assert len(set(ids)) == len(ids)


def test_a_retraction_names_an_alert_that_was_told() -> None:
    first, second, third = corrections()
    told_before = {alert.id for alert in (*first, *second)}
    retracted = [alert for alert in third if alert.milestone.kind is Kind.CORRECTION]
    assert len(retracted) == 2
    assert {alert.follows for alert in retracted} <= told_before


def test_what_is_told_for_the_first_time_follows_nothing() -> None:
    _, second, _ = corrections()
    new = [alert for alert in second if alert.milestone.kind is not Kind.CORRECTION]
    assert [alert.follows for alert in new] == ["", ""]


@given(ROWS)
def test_whatever_is_followed_was_told(rows: list[Row]) -> None:
    known: set[str] = set()
    for alert in run(SMALL, rows):
        assert not alert.follows or alert.follows in known
        assert alert.id not in known
        known.add(alert.id)


@given(ROWS)
def test_what_stands_in_the_end_is_what_the_final_closes_tell(rows: list[Row]) -> None:
    """Told, minus retracted, plus told late = the alerts of a fold that saw no correction."""
    standing: dict[str, tuple[Any, ...]] = {}
    for alert in run(SMALL, rows):
        if alert.revision in ("retracted", "amended"):
            del standing[alert.follows]
        if alert.revision != "retracted":
            standing[alert.id] = facts(alert)
    final = {(s, day): price for s, day, price in rows}
    in_order = sorted((day, s, price) for (s, day), price in final.items())
    clean = run(SMALL, [(s, day, price) for day, s, price in in_order])
    assert sorted(standing.values()) == sorted(facts(alert) for alert in clean)


def facts(alert: Alert) -> tuple[Any, ...]:
    """What an alert's id stands for."""
    m = alert.milestone
    also = tuple(str(other) for other in alert.also)
    dates = (alert.start, alert.end, alert.period)
    gains = (round(alert.evidence.asset_return, 4), round(alert.evidence.benchmark_return, 4))
    about = (alert.asset, alert.direction, alert.length, *dates, *gains)
    return (*about, m.kind.value, m.level, m.scope, str(m.holder), *also)


def test_a_late_close_fills_its_hole() -> None:
    without = [row for row in JANUARY if row[:2] != ("SPX", "2026-01-14")]
    fold = WatcherFold(PLACE, {"us": US})
    held = told(fold.apply(routed(without)))
    assert [summary(alert) for alert in held] == [
        ("threshold", 10, "2026-01-16", ""),
        ("record.tied", 13, "2026-01-22", "since 2000-01-01"),
        ("ended", 13, "2026-01-23", ""),
    ]
    late = told(fold.apply(routed([("SPX", "2026-01-14", "6926.60")], start=90)))
    retracted, tenth, tied, broken, ended = late
    assert (retracted.rule, retracted.follows) == ("correction", held[2].id)
    assert [(alert.revision, alert.follows) for alert in (tenth, tied)] == [
        ("amended", held[0].id),
        ("amended", held[1].id),
    ]
    assert [summary(alert) for alert in late[1:]] == EXPECTED
    assert [alert.revision for alert in (broken, ended)] == ["", ""]
    assert all(alert.late for alert in late)
    assert len({alert.id for alert in (*held, *late)}) == 8


def test_a_changed_figure_amends_what_was_told() -> None:
    """A close within the streak: every alert after it has another benchmark or holder, or none."""
    fold = WatcherFold(PLACE, {"us": US})
    first = told(fold.apply(routed(JANUARY)))
    amended = told(fold.apply(routed([("RUT", "2026-01-21", "2697.00")], start=50)))
    assert [alert.follows for alert in amended] == [first[1].id]
    (thirteenth,) = amended
    assert (thirteenth.revision, thirteenth.late) == ("amended", True)
    assert summary(thirteenth) == summary(first[1])
    assert thirteenth.evidence.asset_return == pytest.approx(2697 / 2481.91 - 1)
    again = told(fold.apply(routed([("RUT", "2026-01-21", "2698.17")], start=51)))
    assert [alert.follows for alert in again] == [thirteenth.id]
    assert again[0].evidence == first[1].evidence


def test_a_figure_that_reads_the_same_amends_nothing() -> None:
    fold = WatcherFold(PLACE, {"us": US})
    fold.apply(routed(JANUARY))
    assert told(fold.apply(routed([("RUT", "2026-01-21", "2698.170001")], start=50))) == []


def test_a_retraction_says_what_was_instead() -> None:
    fold = WatcherFold(PLACE, {"us": US})
    fold.apply(routed(JANUARY))
    retracted = [a for a in told(fold.apply(routed([LOST], start=50))) if a.rule == "correction"]
    instead = [(a.period, a.instead.direction, a.instead.length, a.instead.start)
               for a in retracted]  # fmt: skip
    assert instead == [
        ("2026-01-15", "outperforming", 6, "2026-01-08"),
        ("2026-01-21", "outperforming", 9, "2026-01-08"),
        ("2026-01-22", "outperforming", 10, "2026-01-08"),
        ("2026-01-23", "underperforming", 1, "2026-01-23"),
    ]


def test_a_retracted_level_can_be_reached_again() -> None:
    """With ties skipped, a session that turns out a tie is made up for by the next one."""
    fold = WatcherFold(PLACE, {"us": ab([{"kind": "threshold", "at": 3}], ties="skip")})
    rows = up_and_down([3])
    (third,) = told(fold.apply(routed(rows)))
    (retracted,) = told(fold.apply(routed([("A", "2020-01-04", "1002")], start=20)))
    again = told(
        fold.apply(routed([("A", "2020-01-05", "1003"), ("B", "2020-01-05", "5")], start=21))
    )
    assert [alert.period for alert in again] == ["2020-01-05"]
    assert again[0].follows == retracted.follows == third.id
    assert len({third.id, retracted.id, again[0].id}) == 3
    assert not again[0].late


# --- rules ----------------------------------------------------------------------------------


def test_without_history_or_seeds_nothing_is_called_a_record() -> None:
    found = run(us(records=[]))
    assert [summary(alert) for alert in found] == [EXPECTED[0], EXPECTED[3]]
    assert all(alert.evidence.longest_since is None for alert in found)
    assert all(alert.evidence.seeds == () for alert in found)


def up_and_down(runs: Sequence[int], start: int = from_text("2020-01-01")) -> list[Row]:
    """A's streaks against a B that stands still: +3 is three periods up, -2 two down."""
    price, rows, period = 1000, [("A", to_text(start), "1000"), ("B", to_text(start), "5")], start
    for length in runs:
        for _ in range(abs(length)):
            price, period = price + (1 if length > 0 else -1), period + 1
            rows += [("A", to_text(period), str(price)), ("B", to_text(period), "5")]
    return rows


def ab(rules: list[dict[str, Any]], **more: Any) -> Watchlist:
    records = more.pop("records", [])
    pair = {"asset": "A", "benchmark": "B", "records": records}
    rules = [{"min_length": 1} | rule if rule["kind"] == "record" else rule for rule in rules]
    return Watchlist.model_validate({"pairs": [pair], "rules": rules, "targets": ["t"]} | more)


RECORD = {"kind": "record", "scopes": ["all"]}


def seed(length: int, start: str, end: str, direction: str = "outperforming") -> dict[str, Any]:
    return {
        "direction": direction,
        "length": length,
        "start": start,
        "end": end,
        "source": "a book",
    }


@pytest.mark.parametrize(("min_history", "levels"), [(0, [2]), (5, [2]), (6, []), (7, [])])
def test_records_wait_for_enough_history(min_history: int, levels: list[int]) -> None:
    """Up 1, down 2, up 4: the second session of the last streak is the fifth return."""
    found = run(ab([{**RECORD, "on": "broken"}], min_history=min_history), up_and_down([1, -2, 4]))
    assert [a.milestone.level for a in found if a.direction == "outperforming"] == levels


def test_a_record_is_broken_once_and_by_one() -> None:
    found = run(ab([RECORD], min_history=0), up_and_down([2, -1, 5]))
    ups = [summary(alert)[:2] for alert in found if alert.direction == "outperforming"]
    assert ups == [("record.tied", 2), ("record.broken", 3)]


@pytest.mark.parametrize("scope", ["all", "since 1990-01-01"])
def test_a_scope_before_the_first_close_is_named_honestly(scope: str) -> None:
    found = run(ab([{**RECORD, "scopes": scope}], min_history=0), up_and_down([2, -1, 2]))
    assert [alert.milestone.scope for alert in found] == ["since 2020-01-01"]


def test_scopes_that_come_to_the_same_are_told_once() -> None:
    scopes = ["all", "since 1990-01-01", "since 2019-01-01"]
    found = run(ab([{**RECORD, "scopes": scopes}], min_history=0), up_and_down([2, -1, 2]))
    assert [(alert.milestone.scope, alert.also) for alert in found] == [("since 2020-01-01", ())]


def test_a_scope_within_what_is_known_keeps_its_name() -> None:
    rules = [{**RECORD, "scopes": ["since 2020-01-07"], "direction": "outperforming"}]
    (alert,) = run(ab(rules, min_history=0), up_and_down([5, -1, 2, -1, 2]))
    assert summary(alert) == ("record.tied", 2, "2020-01-12", "since 2020-01-07")


def test_a_streak_that_straddles_the_edge_counts_at_its_whole_length() -> None:
    rules = [{**RECORD, "scopes": ["since 2020-01-06"], "direction": "outperforming"}]
    assert run(ab(rules, min_history=0), up_and_down([5, -1, 2, -1, 2])) == []


def test_a_seed_before_the_scope_does_not_vouch_for_it() -> None:
    """The record of 1996 says nothing about the years since 2010 that no close covers."""
    watchlist = us(rules=[{"kind": "record", "scopes": ["since 2010-01-01"]}])
    wobbly = up_and_down([1, -1, 2, -1, 3], from_text("2025-06-01"))
    rows = [({"A": "RUT", "B": "SPX"}[s], day, price) for s, day, price in wobbly]
    assert [summary(a) for a in run(watchlist, rows) if a.direction == "outperforming"] == []


def test_with_history_a_scope_without_its_own_seed_is_named_from_the_first_close() -> None:
    rules = [{**RECORD, "scopes": ["since 2010-01-01"]}]
    records = [seed(9, "1996-01-01", "1996-02-01")]
    found = run(ab(rules, records=records, min_history=0), up_and_down([2, -1, 2]))
    assert [alert.milestone.scope for alert in found] == ["since 2020-01-01"]


def test_seeds_of_the_other_direction_vouch_for_nothing() -> None:
    records = [seed(3, "2000-01-01", "2000-02-01", "underperforming")]
    found = run(ab([RECORD], records=records), up_and_down([2, -1, 3]))
    assert found == []


def test_a_seeded_record_is_tied_and_broken() -> None:
    records = [seed(3, "2000-01-01", "2000-02-01")]
    found = run(ab([RECORD], records=records), up_and_down([2, -1, 5]))
    assert [summary(alert)[:2] for alert in found] == [("record.tied", 3), ("record.broken", 4)]
    assert {alert.milestone.holder.source for alert in found} == {"a book"}
    assert {alert.milestone.scope for alert in found} == {"all"}


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("any", [("outperforming", 2), ("underperforming", 2)]),
        ("outperforming", [("outperforming", 2)]),
        ("underperforming", [("underperforming", 2)]),
    ],
)
@pytest.mark.parametrize(
    "rule",
    [{"kind": "threshold", "at": 2}, {"kind": "ended"}, {**RECORD, "on": "tied"}],
    ids=lambda rule: rule["kind"],
)
def test_rules_choose_a_direction(
    rule: dict[str, Any], direction: str, expected: list[tuple[str, int]]
) -> None:
    records = [seed(2, "2000-01-01", "2000-02-01", d) for d in ("outperforming", "underperforming")]
    watchlist = ab([{**rule, "direction": direction}], records=records)
    found = run(watchlist, up_and_down([2, -2, 1]))
    assert [(alert.direction, alert.milestone.level) for alert in found] == expected


def test_the_strongest_milestone_speaks_and_names_the_others() -> None:
    rules = [
        {"kind": "threshold", "at": [13, 14]},
        {"kind": "record", "scopes": ["since 2008-01-01", "all", "since 2000-01-01"]},
    ]
    tied, broken = run(us(rules=rules))
    assert tied.rule == "record.tied"
    assert [(m.kind.value, m.level, m.scope) for m in (tied.milestone, *tied.also)] == [
        ("record.tied", 13, "since 2000-01-01"),
        ("record.tied", 13, "since 2008-01-01"),
        ("threshold", 13, ""),
    ]
    assert [m.kind.value for m in (broken.milestone, *broken.also)] == [
        *("record.broken", "record.broken", "threshold"),
    ]


def test_one_period_can_tell_of_two_streaks() -> None:
    rules = [{"kind": "threshold", "at": 1}, {"kind": "ended"}]
    found = run(ab(rules), up_and_down([3, -1]))
    assert [(a.rule, a.direction, a.length) for a in found] == [
        ("threshold", "outperforming", 1),
        ("threshold", "underperforming", 1),
        ("ended", "outperforming", 3),
    ]


def test_rules_that_say_the_same_are_told_once() -> None:
    rules = [{"kind": "threshold", "at": 2}, {"kind": "threshold", "at": [2, 5]}]
    (alert,) = run(ab(rules), up_and_down([2]))
    assert alert.also == ()


def test_a_threshold_is_reached_once_by_streaks_that_ties_extend() -> None:
    rows = [*up_and_down([2]), ("A", "2020-01-04", "1002"), ("B", "2020-01-04", "5")]
    rules = [{"kind": "threshold", "at": [2, 3]}]
    assert [a.length for a in run(ab(rules, ties="extend"), rows)] == [2, 3]
    assert [a.length for a in run(ab(rules, ties="skip"), rows)] == [2]
    ended = [*rules, {"kind": "ended"}]
    assert [a.rule for a in run(ab(ended, ties="break"), rows)] == ["threshold", "ended"]


# --- ids ------------------------------------------------------------------------------------


def test_ids_are_the_same_everywhere() -> None:
    ids = [alert.id for alert in run(US)]
    assert ids == [alert.id for alert in run(US)]
    assert len({*ids}) == 4
    later = told(WatcherFold(PLACE, {"us": US}).apply(routed(JANUARY, start=1000)))
    assert [alert.id for alert in later] == ids


def test_ids_know_nothing_of_other_watchlists() -> None:
    records = [r for pair in zip(routed(JANUARY), routed(JANUARY, "x"), strict=True) for r in pair]
    both = told(WatcherFold(PLACE, {"us": US, "x": US}).apply(records))
    ids = {name: [a.id for a in both if a.watchlist == name] for name in ("us", "x")}
    assert ids["us"] == [alert.id for alert in run(US)]
    assert not {*ids["us"]} & {*ids["x"]}


@pytest.mark.parametrize(
    "change",
    [
        {"targets": ["mail"]},
        {"min_history": 10},
        {"rules": [*RULES, {"kind": "threshold", "at": [3, 5], "direction": "any"}]},
        {"rules": [*RULES, {"kind": "ended", "min_length": 2, "direction": "underperforming"}]},
    ],
)
def test_ids_survive_changes_of_other_things(change: dict[str, Any]) -> None:
    ids = {alert.id for alert in run(US)}
    assert ids <= {alert.id for alert in run(us(**change))}


@pytest.mark.parametrize("change", [{"ties": "skip"}, {"records": []}, {"round_returns_to": 1e-6}])
def test_ids_change_with_what_decides_the_streaks(change: dict[str, Any]) -> None:
    ids = {alert.id for alert in run(US)}
    assert not ids & {alert.id for alert in run(us(**change))}


def test_definitions() -> None:
    def definition(watchlist: Watchlist) -> str:
        return WatcherFold(PLACE, {"us": watchlist}).definition

    assert definition(us()) == definition(us(targets=["other"]))
    for change in ({"min_history": 1}, {"ties": "skip"}, {"rules": RULES[:1]}, {"records": []}):
        assert definition(us()) != definition(us(**change))


@pytest.mark.parametrize(
    ("complete_from", "since"),
    [(None, None), (11, None), (10, "2008-06-06"), (1, "2008-06-06")],
)
def test_published_records_say_nothing_of_shorter_streaks_than_they_list(
    complete_from: int | None, since: str | None
) -> None:
    """The 13 of 2008 does not tell that no streak of ten came after it; a complete list does."""
    data = us().model_dump(mode="json")
    data["pairs"][0]["records_complete_from"] = complete_from
    first = run(Watchlist.model_validate(data))[0]
    found = first.evidence.longest_since
    assert (first.length, found and found.end) == (10, since)


def test_what_has_ended_is_measured_by_the_streaks_before_it() -> None:
    ended = run(US)[-1]
    assert ended.rule == "ended"
    assert ended.evidence.longest_since is not None
    assert str(ended.evidence.longest_since.end) == "1996-05-07"


LADDER = [3, -1, 1, -1, 2, -1, 6, -1]  # streaks of 3, 1, 2 and 6, up; of 1 each, down


def levels(rules: list[dict[str, Any]], runs: Sequence[int] = LADDER, **more: Any) -> list[Any]:
    found = run(ab(rules, **({"min_history": 0} | more)), up_and_down(runs))
    return [(alert.rule, alert.milestone.level) for alert in found]


def test_a_threshold_and_then_every_so_many() -> None:
    rule = {"kind": "threshold", "at": [1, 2], "every": 2, "direction": "outperforming"}
    found = levels([rule], [7, -1])
    assert found == [("threshold", level) for level in (1, 2, 4, 6)]


@pytest.mark.parametrize(("least", "count"), [(0, 1), (0.0299, 1), (0.0301, 0), (5, 0)])
def test_a_streak_of_hairs_does_not_ring(least: float, count: int) -> None:
    """Three sessions of one percent are worth three percentage points and a little."""
    days = ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"]
    rows = [row for d, a in zip(days, (100, 101, 102, 103), strict=True)
            for row in (("A", d, str(a)), ("B", d, "100"))]  # fmt: skip
    rule = {"kind": "threshold", "at": 3, "min_active_return": least}
    assert len(run(ab([rule]), rows)) == count


def test_underperformance_is_worth_its_size() -> None:
    days = ["2020-01-01", "2020-01-02", "2020-01-03"]
    rows = [row for d, a in zip(days, (100, 98, 96), strict=True)
            for row in (("A", d, str(a)), ("B", d, "100"))]  # fmt: skip
    rule = {"kind": "threshold", "at": 2, "min_active_return": 0.03}
    assert [alert.direction for alert in run(ab([rule]), rows)] == ["underperforming"]


def test_a_record_is_approached_tied_broken_and_extended() -> None:
    rule = {"kind": "record", "on": ["approached", "tied", "broken", "extended"],
            "direction": "outperforming"}  # fmt: skip
    assert levels([rule])[-5:] == [
        ("record.approached", 2),  # the sixth streak comes to the three of the first
        ("record.tied", 3),
        ("record.broken", 4),
        ("record.extended", 5),
        ("record.extended", 6),
    ]


def test_how_short_and_how_often() -> None:
    rule = {"kind": "record", "on": ["approached", "extended"], "short_by": 2, "extended_every": 2,
            "direction": "outperforming"}  # fmt: skip
    assert levels([rule], [3, -1, 8, -1]) == [
        ("record.approached", 1),
        ("record.extended", 6),
        ("record.extended", 8),
    ]


@pytest.mark.parametrize(
    ("scope", "rule"),
    [("this year", "record.broken"), ("last 1 years", "record.tied"), ("all", None)],
)
def test_scopes_that_move_with_the_calendar(scope: str, rule: str | None) -> None:
    """A streak of 5 in January 2020, of 3 in December 2020, of 2 in January 2021; then one of 3."""
    rows = [
        *up_and_down([5, -1], from_text("2020-01-01")),
        *up_and_down([3, -1], from_text("2020-12-01")),
        *up_and_down([2, -1, 3], from_text("2021-01-10")),
    ]
    record = {"kind": "record", "scopes": scope, "direction": "outperforming"}
    found = run(ab([record], min_history=0), rows)
    last = [
        (a.rule, a.milestone.scope)
        for a in found
        if a.milestone.level == 3 and a.period.startswith("2021")
    ]
    assert last == ([(rule, scope)] if rule else [])


def test_missing_sessions_are_listed_or_end_the_streak() -> None:
    """The Russell's close of 2026-01-13 never comes."""
    rows = [row for row in JANUARY if row[:2] != ("RUT", "2026-01-13")]
    held = run(us(), rows)
    assert [summary(alert)[:3] for alert in held] == [
        ("threshold", 10, "2026-01-16"),
        ("record.tied", 13, "2026-01-22"),
        ("ended", 13, "2026-01-23"),
    ]
    assert {alert.evidence.missed for alert in held} == {(Missed("2026-01-13", ("RUT",)),)}
    rule = {"kind": "ended", "min_length": 2}
    (first, second) = run(us(missing="break", rules=[rule]), rows)
    assert (first.length, str(first.period), first.evidence.ended_by) == (
        7,
        "2026-01-14",
        "missing",
    )
    assert (second.length, second.evidence.ended_by) == (5, "return")


def test_martin_luther_king_day_is_not_missing() -> None:
    assert [summary(alert) for alert in run(us(missing="break"))] == EXPECTED
    assert {alert.evidence.missed for alert in run(us())} == {()}


def test_a_young_scope_has_short_records() -> None:
    """By default nothing shorter than three is called a record."""
    rule = {"kind": "record", "on": ["approached", "tied", "broken", "extended"]}
    pair = {"asset": "A", "benchmark": "B"}
    data = {"pairs": [pair], "rules": [rule], "targets": ["t"], "min_history": 0}
    found = run(Watchlist.model_validate(data), up_and_down(LADDER))
    assert {alert.milestone.level for alert in found} == {3, 4, 5, 6}


def test_a_record_that_may_have_been_longer_says_so() -> None:
    """The first streak of three begins with the log."""
    (first, *_, last) = run(ab([RECORD], min_history=0), up_and_down([3, -1, 4, -1, 5]))
    assert first.milestone.holder is not None
    assert last.milestone.holder is not None
    assert (first.milestone.holder.begins_known, last.milestone.holder.begins_known) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (0.0001, EXPECTED),
        # to a tenth of a percent the seventh of January is a tie: -0.3% against -0.3%
        (0.001, [("threshold", 10, "2026-01-22", ""), ("ended", 10, "2026-01-23", "")]),
    ],
)
def test_january_with_rounded_returns_is_counted_anew_and_says_so(
    step: float, expected: list[tuple[str, int, str, str]]
) -> None:
    found = run(us(round_returns_to=step))
    assert [summary(alert) for alert in found] == expected
    for alert in found:
        assert alert.evidence.round_returns_to == f"1/{round(1 / step)}"
        assert f"returns rounded to {step * 100:g}%" in render(alert, {}).body


def test_what_is_no_longer_the_longest_since_is_amended() -> None:
    """A correction makes a streak of five between two others: the last is the longest since it."""
    fold = WatcherFold(PLACE, {"us": ab([{"kind": "threshold", "at": 4}], min_history=0)})
    told_first = told(fold.apply(routed(up_and_down([5, -1, 2, -1, 2, -2, 4]))))
    last = told_first[-1]
    assert (last.length, last.evidence.longest_since.length) == (4, 5)
    # the fall between the two streaks of two becomes a rise, and they one of five
    days = ("2020-01-10", "2020-01-11", "2020-01-12")
    rows = [("A", day, price) for day, price in zip(days, ("1007", "1008", "1009"), strict=True)]
    amended = [a for a in told(fold.apply(routed(rows, start=90))) if a.period == last.period]
    assert {alert.revision for alert in amended} == {"amended"}
    assert amended[0].follows == last.id
    since = amended[-1].evidence.longest_since
    assert (since.length, since.start, since.end) == (5, "2020-01-08", "2020-01-12")
    assert last.evidence.longest_since.end == "2020-01-06"


# --- closes of ticks, and others ------------------------------------------------------------------


def of_two_sources(closes: Sequence[tuple[str, str, str, str, int]], few: int) -> WatcherFold:
    """RUT and SPX by period, close, source and revision; taken one by one, or in columns."""
    fold = WatcherFold(PLACE, {"us": US})
    records = [
        Single(at, 0, b"us", encode_routed(Routed("us", Close(
            symbol, from_text(period), from_digits(close), "1d", source, revision=revision
        ), 0, at, 0)))
        for at, (symbol, period, close, source, revision) in enumerate(closes)
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for module in (watcher, watchlist_state):
            patch.setattr(module, "FEW", few)
        for at in range(0, len(records), 2):
            fold.apply(records[at : at + 2])
            state = fold.snapshot()
            fold = WatcherFold(PLACE, {"us": US})
            fold.restore(state)
    return fold


@pytest.mark.parametrize("few", [1, 10**9])
@pytest.mark.parametrize(
    ("last", "close"),
    [
        ([("RUT", "2026-01-05", "7", "ticks", 1)], 7),  # a late tick
        ([("RUT", "2026-01-05", "7", "ticks", 0)], 5),  # sent again
        ([("RUT", "2026-01-05", "6", "official", 0)], 6),
        ([("RUT", "2026-01-05", "6", "official", 0), ("RUT", "2026-01-05", "7", "ticks", 1)], 6),
        ([("RUT", "2026-01-05", "6", "", 0), ("RUT", "2026-01-05", "8", "", 0)], 8),
        ([("RUT", "2026-01-02", "9", "ticks", 3)], 5),  # an official one stands there
    ],
)
def test_an_official_close_stands_whatever_ticks_come(
    last: list[tuple[str, str, str, str, int]], close: int, few: int
) -> None:
    first = [
        ("RUT", "2026-01-02", "4", "official", 0),
        ("SPX", "2026-01-02", "4", "official", 0),
        ("RUT", "2026-01-05", "5", "ticks", 0),
        ("SPX", "2026-01-05", "5", "ticks", 0),
    ]
    closes = of_two_sources([*first, *last], few).watch("us").closes["RUT"]
    assert closes[from_text("2026-01-05")] == close * 10**6
    assert closes[from_text("2026-01-02")] == 4 * 10**6


def test_alerts_are_made_of_plain_values() -> None:
    """Nothing of numpy's: they go into snapshots, too."""
    rules = [*RULES, {"kind": "ended"}, {"kind": "provisional", "min_length": 1}]
    fold = WatcherFold(PLACE, {"us": us(rules=rules, min_history=0)})
    alerts = [output.about for output in fold.apply(routed(JANUARY))]
    for at, (symbol, price) in enumerate((("RUT", 10**10), ("SPX", 10**9)), 99):
        ahead = Close(symbol, from_text("2026-01-26"), price, provisional=True)
        record = Single(at, 0, b"us", encode_routed(Routed("us", ahead, 0, at, 6000 * at)))
        alerts += [output.about for output in fold.apply([record])]
    assert {alert.milestone.kind for alert in alerts} >= {Kind.PROVISIONAL, Kind.RECORD_TIED}
    for alert in alerts:
        assert isinstance(alert, Alert)
        msgspec.msgpack.encode(alert.to_dict())
