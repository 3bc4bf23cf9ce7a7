"""Verify: a deployment without a fault is exact, and each kind of fault is told as what it is."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness import january

from alerts.ledger import Entry, Outcome
from config.routes import Routes
from config.settings import Settings
from streams.calendars import by_name
from streams.definitions import summary_rules
from streams.folds.router import RouterFold
from streams.folds.watcher import WatcherFold
from streams.judges.alerts import AlertsJudge
from streams.judges.scope import ANOTHER, EARLIER, REMOVED, Scope, digest
from streams.records import SUMMARIES, Output, Place, Topic, dead_letter
from streams.verdict import FAULTS, Finding, Part, Verdict
from streams.verifying import Carefully, verify
from streams.wire import Reason, RejectedError, decode_alert, encode_alert

BEGAN_MS = 1_769_400_000_000
NOW_MS = BEGAN_MS + 3_600_000
EXAMPLES = Path(__file__).parents[2] / "config/examples"
PAIR = {"asset": "RUT", "benchmark": "SPX"}
RULES = [{"kind": "threshold", "at": [3, 10]}, {"kind": "ended", "min_length": 10}]


def settings(**changes: Any) -> Settings:
    us = {"calendar": "XNYS", "pairs": [PAIR], "rules": RULES, "targets": ["mail", "hook"]}
    data: dict[str, Any] = {
        "kafka": {"partitions": 2},
        "watchlists": {"us": us, "desk": us | {"targets": ["mail"]}},
        "targets": {name: {"url": "console://"} for name in ("mail", "hook", "sre")},
    }
    return Settings.model_validate(data | changes)


class FixedClock:
    def now(self) -> float:
        return NOW_MS / 1000


class World:
    """A deployment in memory; its workers are the folds themselves."""

    def __init__(self, log: Any, configured: Settings) -> None:
        self.log = log
        self.settings = configured
        self.scope = Scope(2, NOW_MS)

    def add(
        self,
        topic: Topic,
        partition: int,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        at_ms: int = BEGAN_MS,
    ) -> Any:
        place = Place(topic, partition)
        self.log.append(place, value, key=key, headers=headers)
        self.log.records[place][-1] = replace(self.log.records[place][-1], timestamp=at_ms)
        return self.log.records[place][-1]

    def close(self, symbol: str, period: str, price: str, at_ms: int = BEGAN_MS) -> None:
        value = json.dumps({"symbol": symbol, "period": period, "close": price}).encode()
        self.add(Topic.CLOSES, symbol == "SPX", value, key=symbol.encode(), at_ms=at_ms)

    def send(self, outputs: Sequence[Output], at_ms: int = BEGAN_MS) -> None:
        for output in outputs:
            partition = output.partition
            if partition is None:
                partition = self.scope.home(output.key or b"")
            self.add(output.topic, partition, output.value,
                     key=output.key, headers=output.headers, at_ms=at_ms)  # fmt: skip

    def work(self) -> World:
        """Route, watch and deliver all that lies in the topics."""
        watchlists = self.settings.watchlists
        sessions = by_name((w.calendar, w.interval) for w in watchlists.values())
        closes = [(Place(Topic.CLOSES, p), r) for p in (0, 1) for r in self.of(Topic.CLOSES, p)]
        closes.sort(key=lambda one: json.loads(one[1].value).get("period", "")
                    if one[1].value[:1] == b"{" else "")  # fmt: skip
        for place, record in closes:
            self.send(RouterFold(place, watchlists, sessions).apply([record]), record.timestamp)
        for partition in (0, 1):
            fold = WatcherFold(Place(Topic.WATCH, partition), watchlists, {})
            for record in self.of(Topic.WATCH, partition):
                self.send(fold.apply([record]), record.timestamp)
        for partition in (0, 1):
            for record in self.of(Topic.ALERTS, partition):
                alert = decode_alert(record.value)
                for target in watchlists[alert.watchlist].targets:
                    self.entry(partition, Entry(alert.id, target, Outcome.DELIVERED, BEGAN_MS, 1,
                                                offset=record.offset))  # fmt: skip
        return self

    def entry(self, partition: int, entry: Entry) -> None:
        self.add(Topic.NOTIFICATIONS, partition, entry.encode(), key=entry.key)

    def of(self, topic: Topic, partition: int) -> list[Any]:
        return list(self.log.records.get(Place(topic, partition), []))

    def edit(self, topic: Topic, change: Callable[[list[Any]], Any], name: str = "us") -> Any:
        """Change the records of a watchlist's partition of a topic."""
        return change(self.log.records[Place(topic, self.scope.home(name.encode()))])

    def verify(self, **options: Any) -> Verdict:
        return asyncio.run(verify(self.settings, self.log, clock=FixedClock(), **options))


@pytest.fixture
def empty(harness: Any) -> World:
    return World(harness.log, settings())


@pytest.fixture
def world(empty: World) -> World:
    """January, routed, watched and delivered; one close was refused."""
    for row in january():
        empty.close(*row)
    empty.add(Topic.CLOSES, 0, b"rubbish", key=b"RUT")
    return empty.work()


def faults(verdict: Verdict) -> dict[str, list[Finding]]:
    """All that is told to be wrong or pending, by part and kind."""
    return {
        f"{name}.{kind}": findings
        for name in ("routed", "alerts", "ledger", "dead_letters")
        for kind in (*FAULTS, "pending")
        if (findings := getattr(getattr(verdict, name), kind))
    }


def only(verdict: Verdict, where: str) -> Finding:
    """The one finding that there is."""
    assert list(faults(verdict)) == [where], faults(verdict)
    (finding,) = faults(verdict)[where]
    assert not verdict.is_exact
    return finding


def test_the_two_watchlists_lie_on_different_partitions() -> None:
    assert {Scope(2, 0).home(name) for name in (b"us", b"desk")} == {0, 1}


def test_what_is_right_is_exact(world: World) -> None:
    verdict = world.verify()
    assert faults(verdict) == {}
    assert verdict.is_exact
    assert (verdict.routed.expected, verdict.routed.found) == (64, 64)
    assert (verdict.alerts.expected, verdict.alerts.found) == (6, 6)
    assert (verdict.ledger.expected, verdict.ledger.found) == (9, 9)
    assert verdict.outcomes == {"delivered": 9}
    assert (verdict.dead_letters.expected, verdict.reasons) == (1, {"not-json": 1})
    assert list(verdict.lines())[-1] == "exact: what was sent is exactly what should have been"


def test_targets_are_those_of_the_routes(world: World) -> None:
    def routed(*routes: dict[str, Any]) -> Verdict:
        found = Routes.model_validate({"routes": routes})
        world.settings = world.settings.model_copy(update={"routes": found})
        return world.verify()

    assert routed({"match": {"watchlist": "us"}}).is_exact
    nobody = routed({"match": {"rule": "ended"}, "targets": []})
    assert (nobody.is_exact, nobody.ledger.expected) == (True, 6)


def test_nothing_at_all_is_exact(empty: World) -> None:
    assert empty.verify().is_exact


# --- each kind of fault ---------------------------------------------------------------------


def test_a_close_that_was_not_routed(world: World) -> None:
    world.close("RUT", "2026-01-26", "2700")
    world.settings = settings(watchlists={"us": world.settings.watchlists["us"]})
    world.edit(Topic.WATCH, lambda records: records.clear(), "desk")
    world.edit(Topic.ALERTS, lambda records: records.clear(), "desk")
    world.edit(Topic.NOTIFICATIONS, lambda records: records.clear(), "desk")
    assert str(only(world.verify(), "routed.missing")) == "closes-0@17: not routed to us"


def test_an_alert_of_a_close_that_was_not_routed_has_no_cause(world: World) -> None:
    lost = world.edit(Topic.WATCH, lambda records: records.pop())
    partition, offset, _ = json.loads(lost.value)["origin"]
    found = faults(world.verify())
    assert list(found) == ["routed.missing", "alerts.extra"]
    assert found["routed.missing"][0].about == f"closes-{partition}@{offset}"


def test_a_wrong_copy(world: World) -> None:
    def change(records: list[Any]) -> None:
        value = records[-1].value.replace(b'"close":"', b'"close":"9')
        records[-1] = replace(records[-1], value=value)

    world.edit(Topic.WATCH, change)
    verdict = world.verify()
    assert faults(verdict)["routed.wrong"][0].detail.endswith("is not what the close says")
    assert "routed.missing" not in faults(verdict)


def test_a_copy_of_no_close(world: World) -> None:
    def invent(records: list[Any]) -> None:
        fields = json.loads(records[0].value) | {"period": "2026-03-02", "origin": [0, 999, 5]}
        world.add(Topic.WATCH, world.scope.home(b"us"), json.dumps(fields).encode(), key=b"us")

    world.edit(Topic.WATCH, invent)
    assert only(world.verify(), "routed.extra").detail == (
        "no close at closes-0@999 is routed to us"
    )


def test_a_copy_in_another_partition(world: World) -> None:
    copy = world.edit(Topic.WATCH, lambda records: records[0])
    world.add(Topic.WATCH, 1 - world.scope.home(b"us"), copy.value, key=b"us")
    finding = only(world.verify(), "routed.wrong")
    assert finding.detail.endswith("has another key or partition than its watchlist")


def test_copies_out_of_order(world: World) -> None:
    """The watcher would take the later one, and pass over the earlier."""

    def swap(records: list[Any]) -> None:
        first, second = records[-3], records[-1]  # of one symbol
        records[-3] = replace(second, offset=first.offset)
        records[-1] = replace(first, offset=second.offset)

    world.edit(Topic.WATCH, swap)
    verdict = world.verify()
    (finding,) = faults(verdict)["routed.misordered"]
    assert "comes after that of offset" in finding.detail
    assert not verdict.routed.missing


def test_an_alert_that_was_removed(world: World) -> None:
    lost = decode_alert(world.edit(Topic.ALERTS, lambda records: records.pop()).value)
    verdict = world.verify()
    assert [f.about for f in faults(verdict)["alerts.missing"]] == [lost.id]
    assert "watch-" in verdict.alerts.missing[0].detail
    assert sorted(f.about for f in faults(verdict)["ledger.extra"]) == [
        f"{lost.id}/hook",
        f"{lost.id}/mail",
    ]
    assert len(faults(verdict)) == 2


def test_an_alert_that_was_altered(world: World) -> None:
    def change(records: list[Any]) -> str:
        alert = decode_alert(records[0].value)
        records[0] = replace(records[0], value=encode_alert(replace(alert, length=99)))
        return alert.id

    identity = world.edit(Topic.ALERTS, change)
    finding = only(world.verify(), "alerts.wrong")
    assert finding.about == identity
    assert finding.detail.endswith("has another content than folding gives")


def test_the_same_content_in_another_spelling_is_no_fault(world: World) -> None:
    def spell(records: list[Any]) -> None:
        fields = json.loads(records[0].value)
        value = json.dumps(dict(reversed(fields.items())), indent=1).encode()
        records[0] = replace(records[0], value=value)

    world.edit(Topic.ALERTS, spell)
    assert world.verify().is_exact


def test_an_alert_that_was_invented(world: World) -> None:
    home = world.scope.home(b"us")
    alert = replace(decode_alert(world.of(Topic.ALERTS, home)[0].value), id="f" * 20)
    world.add(Topic.ALERTS, home, encode_alert(alert), key=b"us")
    for target in ("mail", "hook"):
        world.entry(home, Entry(alert.id, target, Outcome.DELIVERED, BEGAN_MS))
    assert only(world.verify(), "alerts.extra").about == "f" * 20


def test_an_alert_in_another_partition(world: World) -> None:
    record = world.edit(Topic.ALERTS, lambda records: records[0])
    away = 1 - world.scope.home(b"us")
    world.add(Topic.ALERTS, away, record.value, key=b"us")
    verdict = world.verify()
    assert "another key or partition" in faults(verdict)["alerts.wrong"][0].detail
    assert len(faults(verdict)["ledger.missing"]) == 2  # its entries lie beside the other one


def test_a_doubled_alert_is_counted(world: World) -> None:
    record = world.edit(Topic.ALERTS, lambda records: records[0])
    world.add(Topic.ALERTS, world.scope.home(b"us"), record.value, key=b"us")
    verdict = world.verify()
    assert verdict.is_exact
    assert (verdict.alerts.found, verdict.alerts.repeated) == (6, 1)
    assert "  1 repeated" in list(verdict.lines())


def test_a_repeated_copy_is_counted(world: World) -> None:
    record = world.edit(Topic.WATCH, lambda records: records[0])
    world.add(Topic.WATCH, world.scope.home(b"us"), record.value, key=b"us")
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.routed.repeated == 1


def test_an_entry_that_is_missing(world: World) -> None:
    lost = Entry.decode(world.edit(Topic.NOTIFICATIONS, lambda records: records.pop()).value)
    finding = only(world.verify(), "ledger.missing")
    assert finding.about == f"{lost.alert}/{lost.target}"
    assert finding.detail.endswith("no entry")


def test_a_dead_letter_that_is_missing(world: World) -> None:
    place = next(p for p in world.log.records if p.topic is Topic.DEAD_LETTERS)
    world.log.records[place].clear()
    finding = only(world.verify(), "dead_letters.missing")
    assert str(finding) == "closes-0@16: not-json: no dead letter"


def test_a_dead_letter_with_other_bytes(world: World) -> None:
    place = next(p for p in world.log.records if p.topic is Topic.DEAD_LETTERS)
    records = world.log.records[place]
    records[0] = replace(records[0], value=b"other rubbish")
    assert only(world.verify(), "dead_letters.wrong").detail.endswith("the bytes of closes-0@16")


def test_a_dead_letter_of_no_record(world: World) -> None:
    headers = (("topic", b"closes"), ("partition", b"0"), ("offset", b"999"), ("reason", b"empty"))
    world.add(Topic.DEAD_LETTERS, 0, b"", headers=headers)
    assert only(world.verify(), "dead_letters.extra").detail == "there is no record at closes-0@999"


@pytest.mark.parametrize(
    "topic", [Topic.WATCH, Topic.ALERTS, Topic.NOTIFICATIONS, Topic.DEAD_LETTERS]
)
def test_no_record_can_be_taken_away_unnoticed(world: World, topic: Topic) -> None:
    lists = [records for place, records in world.log.records.items() if place.topic is topic]
    for records in lists:
        for at, record in enumerate(list(records)):
            del records[at]
            verdict = world.verify()
            assert any(kind.endswith("missing") for kind in faults(verdict)), record
            records.insert(at, record)
    assert lists
    assert world.verify().is_exact


# --- what is no fault -----------------------------------------------------------------------


def test_rubbish_between_the_agents_belongs_in_the_dead_letters(world: World) -> None:
    world.add(Topic.WATCH, 0, b"rubbish", key=b"us")
    world.add(Topic.ALERTS, 1, b"{}", key=b"us")
    missing = [str(f).split(":")[0] for f in faults(world.verify())["dead_letters.missing"]]
    assert [place.split("@")[0] for place in missing] == ["watch-0", "alerts-1"]


def test_a_period_that_is_due_comes_from_no_close(world: World) -> None:
    due = {"watchlist": "us", "due": "2026-01-23", "interval": "1d", "rule": "x",
           "ended_ms": BEGAN_MS, "at_ms": BEGAN_MS}  # fmt: skip
    world.add(Topic.WATCH, world.scope.home(b"us"), json.dumps(due).encode(), key=b"us")
    assert world.verify().is_exact


def test_a_summary_is_judged_by_what_was_known_when_it_was_due(empty: World) -> None:
    rules = [*RULES, {"kind": "summary"}]
    us = {"calendar": "XNYS", "pairs": [PAIR], "rules": rules, "targets": ["mail"]}
    empty.settings = settings(watchlists={"us": us})
    for row in january():
        empty.close(*row)
    (rule,) = summary_rules(empty.settings.watchlists["us"], {})
    due = {"watchlist": "us", "due": "2026-01-22", "interval": "1d", "rule": rule,
           "ended_ms": BEGAN_MS, "at_ms": BEGAN_MS}  # fmt: skip
    empty.work()
    home = empty.scope.home(b"us")
    empty.add(Topic.WATCH, home, json.dumps(due).encode(), key=b"us")
    (missing,) = faults(empty.verify())["alerts.missing"]
    fold = WatcherFold(Place(Topic.WATCH, home), empty.settings.watchlists)
    told = [o for record in empty.of(Topic.WATCH, home) for o in fold.apply([record])][-1]
    assert decode_alert(told.value).id == missing.about
    empty.send([told])
    empty.entry(empty.scope.home(SUMMARIES), Entry(missing.about, "mail", Outcome.DELIVERED,
                                                   BEGAN_MS, 1))  # fmt: skip
    assert empty.verify().is_exact


def test_letters_of_records_that_would_be_taken_now_are_noted(world: World) -> None:
    headers = (("topic", b"closes"), ("partition", b"0"), ("offset", b"1"), ("reason", b"empty"))
    world.add(Topic.DEAD_LETTERS, 0, b"", headers=headers)
    world.add(Topic.DEAD_LETTERS, 0, b"somebody's")
    world.add(Topic.DEAD_LETTERS, 0, None, headers=(("marked", b"dropped"), ("of", b"0")))
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.dead_letters.notes == {
        "of records that would be taken now (empty)": 1,
        "records that are no dead letters": 1,
    }


def test_dead_letters_of_ticks_are_counted_and_no_fault(world: World) -> None:
    record = world.add(Topic.TICKS, 0, b"rubbish")
    refusal = RejectedError(Reason.NOT_JSON, "not JSON")
    world.send([dead_letter(Place(Topic.TICKS, 0), record, refusal)])
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.dead_letters.notes["of ticks, which are not folded anew (not-json)"] == 1


def test_alerts_of_another_configuration_are_not_judged(world: World) -> None:
    home = world.scope.home(b"us")
    alert = decode_alert(world.of(Topic.ALERTS, home)[0].value)
    for other in (replace(alert, id="1" * 20, definition="other"),
                  replace(alert, id="2" * 20, watchlist="gone")):  # fmt: skip
        world.add(Topic.ALERTS, home, encode_alert(other), key=b"us")
        for target in ("mail", "hook"):
            world.entry(home, Entry(other.id, target, Outcome.DELIVERED, BEGAN_MS))
    verdict = world.verify()
    assert (verdict.faults, verdict.alerts.unjudged) == (0, {ANOTHER: 2})
    assert not verdict.is_exact


def test_copies_of_another_configuration_are_not_judged(world: World) -> None:
    world.settings = settings(watchlists={"desk": world.settings.watchlists["desk"]})
    verdict = world.verify()
    assert verdict.faults == 0
    assert verdict.routed.unjudged == {ANOTHER: 32}
    assert verdict.alerts.unjudged == {ANOTHER: 3}


def test_what_is_older_than_since_is_no_fault(world: World) -> None:
    world.edit(Topic.ALERTS, lambda records: records.pop())
    world.edit(Topic.NOTIFICATIONS, lambda records: records.clear())
    world.close("RUT", "2026-01-26", "2700")
    world.settings = settings(targets=world.settings.targets | {"new": {"url": "console://"}})
    verdict = world.verify(since_ms=BEGAN_MS + 1)
    assert verdict.passes(pending=False, unjudged=False)
    assert not verdict.is_exact, "nothing is exact of which a part was left out"
    assert (verdict.routed.notes, verdict.alerts.notes) == ({EARLIER: 2}, {EARLIER: 1})
    assert not world.verify(since_ms=BEGAN_MS).is_exact


def test_no_fault_of_what_is_older_than_since_is_told(world: World) -> None:
    """One of each: copies, alerts, entries and letters that are extra, wrong, or not there."""
    home = world.scope.home(b"us")
    copy, alert = world.of(Topic.WATCH, home)[0], world.of(Topic.ALERTS, home)[0]
    fields = json.loads(copy.value) | {"origin": [0, 999, 5]}
    world.add(Topic.WATCH, home, json.dumps(fields).encode(), key=b"us")
    world.add(Topic.WATCH, 1 - home, copy.value, key=b"us")
    told = decode_alert(alert.value)
    world.add(Topic.ALERTS, home, encode_alert(replace(told, id="f" * 20)), key=b"us")
    world.add(Topic.ALERTS, home, encode_alert(replace(told, length=99)), key=b"us")
    world.entry(home, Entry("e" * 20, "mail", Outcome.DELIVERED, BEGAN_MS))
    world.add(Topic.CLOSES, 0, b"more rubbish")
    assert world.verify().faults == 8
    verdict = world.verify(since_ms=BEGAN_MS + 1)
    assert verdict.passes(pending=False, unjudged=False)
    assert not verdict.is_exact
    assert verdict.untold == 8
    assert verdict.summary.startswith("nothing wrong since then, but 8 from before --since")


def test_a_letter_that_came_twice_is_counted(world: World) -> None:
    place = next(p for p in world.log.records if p.topic is Topic.DEAD_LETTERS)
    record = world.log.records[place][0]
    world.add(Topic.DEAD_LETTERS, 1, record.value, key=record.key, headers=record.headers)
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.dead_letters.repeated == 1


def test_copies_out_of_order_before_since_are_no_fault(world: World) -> None:
    world.edit(Topic.WATCH, lambda records: records.reverse())
    verdict = world.verify(since_ms=BEGAN_MS + 1)
    assert (verdict.routed.faults, verdict.routed.found) == (0, 64)


# --- pending --------------------------------------------------------------------------------


def test_what_was_told_by_other_routes_is_not_missing_by_those_of_now(world: World) -> None:
    """A target and its route are gone: what it was told of now has no line at another."""
    world.settings = settings(
        watchlists={name: {**w, "targets": ["sre"]} for name, w in _watchlists(world).items()}
    )
    verdict = world.verify()
    assert verdict.faults == 0, faults(verdict)
    assert verdict.ledger.unjudged == {ANOTHER: len(alerts_of(world))}


def _watchlists(world: World) -> dict[str, Any]:
    return world.settings.model_dump(mode="json", by_alias=True, exclude_unset=True)["watchlists"]  # type: ignore[no-any-return]


def alerts_of(world: World) -> set[str]:
    return {decode_alert(r.value).id for p in (0, 1) for r in world.of(Topic.ALERTS, p)}


def test_what_is_young_is_pending(world: World) -> None:
    world.close("RUT", "2026-01-26", "2700", at_ms=NOW_MS - 30_000)
    verdict = world.verify()
    assert [str(f) for f in faults(verdict)["routed.pending"]] == [
        "closes-0@17: not routed to us",
        "closes-0@17: not routed to desk",
    ]
    assert (verdict.faults, verdict.pending) == (0, 2)
    assert len(faults(world.verify(grace=10))["routed.missing"]) == 2


def test_a_close_of_the_far_future_is_not_pending_for_ever(world: World) -> None:
    world.close("RUT", "2026-01-26", "2700", at_ms=NOW_MS + 90_000_000)
    assert len(faults(world.verify())["routed.missing"]) == 2


def test_alerts_and_letters_that_are_young_are_pending(empty: World) -> None:
    for row in january():
        empty.close(*row, at_ms=NOW_MS - 1000)
    empty.add(Topic.CLOSES, 0, b"rubbish", at_ms=NOW_MS - 1000)
    empty.work()
    empty.edit(Topic.ALERTS, lambda records: records.pop())
    empty.edit(Topic.NOTIFICATIONS, lambda records: records.clear())
    for place in [p for p in empty.log.records if p.topic is Topic.DEAD_LETTERS]:
        empty.log.records[place].clear()
    assert {name: len(found) for name, found in faults(empty.verify()).items()} == {
        "alerts.pending": 1,
        "ledger.pending": 4,
        "dead_letters.pending": 1,
    }


def last_entry(world: World, **changes: Any) -> Entry:
    """Another one in the place of the last."""
    home = world.scope.home(b"us")
    entry = replace(Entry.decode(world.of(Topic.NOTIFICATIONS, home)[-1].value), **changes)
    world.log.records[Place(Topic.NOTIFICATIONS, home)].pop()
    world.entry(home, entry)
    return entry


@pytest.mark.parametrize("outcome", [Outcome.RETRYING, Outcome.GIVEN_UP, Outcome.FAILED])
def test_a_late_entry_of_a_worker_that_lost_its_partition_undoes_no_delivery(
    world: World, outcome: Outcome
) -> None:
    home = world.scope.home(b"us")
    delivered = Entry.decode(world.of(Topic.NOTIFICATIONS, home)[-1].value)
    world.entry(home, replace(delivered, outcome=outcome))
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.outcomes == {"delivered": 9}


def test_what_is_tried_again_is_pending_whatever_its_age(world: World) -> None:
    entry = last_entry(
        world, outcome=Outcome.RETRYING, attempts=3, detail="HTTP 503", next_ms=NOW_MS
    )
    finding = only(world.verify(), "ledger.pending")
    assert finding.about == f"{entry.alert}/{entry.target}"
    assert finding.detail == "retrying: 3 attempts, next 2026-01-26 05:00:00Z (HTTP 503)"


def test_what_waits_for_a_target_that_fails_is_pending(world: World) -> None:
    """The target's lane tries one after the other: those that follow have no entry yet."""
    entry = last_entry(world, outcome=Outcome.RETRYING)
    home = Place(Topic.NOTIFICATIONS, world.scope.home(b"us"))
    waiting = next(r for r in world.log.records[home]
                   if Entry.decode(r.value).target == entry.target)  # fmt: skip
    world.log.records[home].remove(waiting)
    verdict = world.verify()
    assert (verdict.faults, verdict.pending) == (0, 2)
    identity = Entry.decode(waiting.value).alert
    (finding,) = [f for f in verdict.ledger.pending if f.about == f"{identity}/{entry.target}"]
    assert finding.detail.endswith("waits: the target fails at present")


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.GIVEN_UP, Outcome.SUPPRESSED])
def test_other_ends_are_counted_apart(world: World, outcome: Outcome) -> None:
    last_entry(world, outcome=outcome, detail="why")
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.outcomes == {"delivered": 8, outcome.value: 1}
    assert verdict.suppressed == ({"why": 1} if outcome is Outcome.SUPPRESSED else {})


# --- requests and fallbacks -----------------------------------------------------------------


def asked(world: World, names: bytes) -> Any:
    home = world.scope.home(b"us")
    record = world.of(Topic.ALERTS, home)[0]
    return world.add(Topic.ALERTS, home, record.value, key=b"us", headers=[("resend", names)])


def test_a_request_is_no_doubled_alert_and_needs_an_end(world: World) -> None:
    record = asked(world, b"sre, mail")
    verdict = world.verify()
    assert verdict.alerts.repeated == 0
    assert verdict.alerts.requested == 1
    assert [f.about.split("/")[1] for f in faults(verdict)["ledger.missing"]] == ["mail", "sre"]
    identity = decode_alert(record.value).id
    for target in ("mail", "sre"):
        entry = Entry(identity, target, Outcome.DELIVERED, NOW_MS, offset=record.offset)
        world.entry(world.scope.home(b"us"), entry)
    assert world.verify().is_exact


def test_a_request_for_an_unknown_target_is_refused(world: World) -> None:
    asked(world, b"nobody")
    finding = only(world.verify(), "dead_letters.missing")
    assert finding.about.startswith("alerts-")


def with_fallback(world: World, target: str) -> None:
    targets = {name: {"url": "console://"} for name in ("mail", "hook", "sre")}
    targets[target]["fallback"] = "sre"
    world.settings = settings(targets=targets)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.GIVEN_UP])
def test_who_stands_in_for_a_target_needs_an_end_too(world: World, outcome: Outcome) -> None:
    entry = last_entry(world, outcome=outcome)
    with_fallback(world, entry.target)
    assert only(world.verify(), "ledger.missing").about == f"{entry.alert}/sre"
    instead = replace(entry, target="sre", outcome=Outcome.DELIVERED, instead_of=entry.target)
    world.entry(world.scope.home(b"us"), instead)
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.outcomes == {"delivered": 8, outcome.value: 1, "delivered as a fallback": 1}


def test_an_alert_that_gives_no_message_ends_in_the_dead_letters(world: World) -> None:
    lost = Entry.decode(world.edit(Topic.NOTIFICATIONS, lambda records: records.pop()).value)
    home = world.scope.home(b"us")
    record = world.of(Topic.ALERTS, home)[lost.offset]
    error = RejectedError(Reason.INTERNAL, "AssertionError")
    world.send([dead_letter(Place(Topic.ALERTS, home), record, error)])
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.ledger.notes == {"refused by delivery (internal-error)": 1}


def test_records_of_the_ledger_that_are_no_entries_are_noted(world: World) -> None:
    world.add(Topic.NOTIFICATIONS, 0, b"rubbish")
    verdict = world.verify()
    assert verdict.is_exact
    assert verdict.ledger.notes == {"records that are no entries": 1}


# --- retention ------------------------------------------------------------------------------


def test_without_the_beginning_of_watch_its_alerts_are_not_judged(world: World) -> None:
    home = world.scope.home(b"us")
    world.log.forget(Place(Topic.WATCH, home), 5)
    verdict = world.verify()
    assert verdict.faults == 0
    assert verdict.routed.unjudged == {REMOVED: 5}
    assert verdict.alerts.unjudged == {REMOVED: 3}
    assert verdict.gaps == [
        f"watch-{home} begins at offset 5, retention removed what was before: the alerts of the "
        "watchlists of this partition"
    ]
    assert not verdict.is_exact
    assert verdict.summary.startswith("nothing wrong in what was judged: ")


def test_without_the_beginning_of_closes(world: World) -> None:
    world.log.forget(Place(Topic.CLOSES, 0), 3)
    verdict = world.verify()
    assert (verdict.faults, verdict.routed.unjudged) == (0, {REMOVED: 6})


def test_without_the_beginning_of_alerts(world: World) -> None:
    world.log.forget(Place(Topic.ALERTS, world.scope.home(b"us")), 1)
    verdict = world.verify()
    assert verdict.faults == 0
    assert (verdict.alerts.unjudged, verdict.ledger.unjudged) == ({REMOVED: 1}, {REMOVED: 2})


@pytest.mark.parametrize("newer", [True, False])
def test_without_the_beginning_of_the_dead_letters(world: World, newer: bool) -> None:
    for place in [p for p in world.log.records if p.topic is Topic.DEAD_LETTERS]:
        world.log.forget(place, 1)
        if newer:
            world.add(Topic.DEAD_LETTERS, place.partition, b"", at_ms=BEGAN_MS + 1)
    verdict = world.verify()
    assert verdict.faults == 0
    assert verdict.dead_letters.unjudged == {"older than the dead letters that are kept": 1}


# --- races ----------------------------------------------------------------------------------


class Racing:
    """A log whose workers go on while it is read: after the ends were seen."""

    def __init__(self, log: Any, go_on: Callable[[], object], after: int) -> None:
        self.log, self.go_on, self.after = log, go_on, after

    async def bounds(self, place: Place) -> tuple[int, int]:
        self.after -= 1
        if self.after == -1:
            self.go_on()
        bounds: tuple[int, int] = await self.log.bounds(place)
        return bounds

    def read(self, place: Place, start: int, end: int) -> Any:
        return self.log.read(place, start, end)

    async def partitions(self, topic: Topic) -> list[int]:
        return [0, 1]


@pytest.mark.parametrize("after", range(12))
def test_a_deployment_that_works_meanwhile_is_exact(empty: World, after: int) -> None:
    """At whatever look at the topics all of January comes in, is routed, told and delivered."""

    def go_on() -> None:
        for row in january():
            empty.close(*row, at_ms=BEGAN_MS)
        empty.add(Topic.CLOSES, 0, b"rubbish", key=b"RUT")
        empty.work()

    racing = Racing(empty.log, go_on, after)
    verdict = asyncio.run(verify(empty.settings, racing, clock=FixedClock(), grace=1))
    assert faults(verdict) == {}


@pytest.mark.parametrize("after", range(10, 17))
def test_what_comes_while_it_is_read_is_found_or_pending(empty: World, after: int) -> None:
    """The closes are there when the ends are seen; the workers are just behind."""
    for row in january():
        empty.close(*row, at_ms=NOW_MS - 1000)
    racing = Racing(empty.log, empty.work, after)
    verdict = asyncio.run(verify(empty.settings, racing, clock=FixedClock()))
    assert verdict.faults == 0
    found = {10: 64, 11: 32}.get(after, 0)  # partition by partition its present end is seen
    assert (verdict.routed.found, verdict.pending) == (found, 64 - found)


# --- folds that fail ------------------------------------------------------------------------


class Sum:
    """A fold that cannot take a 3, and notices it half-way."""

    def __init__(self) -> None:
        self.total = 0

    def snapshot(self) -> int:
        return self.total

    def restore(self, state: int) -> None:
        self.total = state

    def apply(self, records: Sequence[Any]) -> list[Output]:
        for record in records:
            self.total += int(record.value)
            if record.value == b"3":
                raise ArithmeticError
        return [Output(Topic.ALERTS, None, str(self.total).encode())]


def test_a_record_that_makes_a_fold_fail_is_refused_alone(world: World) -> None:
    place = Place(Topic.WATCH, 7)
    records = world.log.append(place, b"1", b"2", b"3", b"4")
    found = list(Carefully(place, Sum()).apply(records))
    assert [o.value for _, outputs in found for o in outputs] == [b"1", b"3", b"3", b"7"]
    refused = dict(found[2][1][0].headers)
    assert (refused["reason"], refused["detail"]) == (b"internal-error", b"ArithmeticError")


# --- the verdict ----------------------------------------------------------------------------


def many(count: int) -> Iterator[Finding]:
    return (Finding(f"id{n}", "gone") for n in range(count))


def test_the_report_shows_twenty_examples_and_json_has_all() -> None:
    verdict = Verdict(alerts=Part("watch → alerts", missing=list(many(25))))
    lines = list(verdict.lines())
    assert sum("gone" in line for line in lines) == 20
    assert "    … and 5 more (--format json has all)" in lines
    assert lines[-1] == "NOT exact: 25 missing"
    assert len(json.loads(json.dumps(verdict.to_dict()))["alerts"]["missing"]) == 25


ONE = Finding("id1", "it waits")


@pytest.mark.parametrize(
    ("part", "passes"),
    [
        (Part("x"), [True, True, True, True]),
        (Part("x", pending=[ONE]), [False, True, False, True]),
        (Part("x", unjudged=Counter(why=1)), [False, False, True, True]),
        (Part("x", misordered=[ONE]), [False, False, False, False]),
    ],
)
def test_what_passes(part: Part, passes: list[bool]) -> None:
    verdict = Verdict(routed=part)
    allowed = [(False, False), (True, False), (False, True), (True, True)]
    assert [verdict.passes(pending=p, unjudged=u) for p, u in allowed] == passes
    assert verdict.is_exact == passes[0]


def test_the_report_has_a_line_for_each_figure() -> None:
    part = Part("alerts → ledger", 9, 8, 2, 1, pending=[ONE], notes=Counter(noted=4),
                unjudged=Counter(lost=5))  # fmt: skip
    verdict = Verdict(ledger=part, outcomes=Counter(delivered=8), gaps=["watch-0 begins at 5"])
    text = "\n".join(verdict.lines())
    assert (
        """\
alerts → ledger: 9 expected, 8 found
  2 repeated
  1 requested by people
  4 noted
  5 not judged: lost
  1 pending
    id1: it waits
  outcomes: 8 delivered
"""
        in text
    )
    assert text.endswith("""\
not judged: watch-0 begins at 5
nothing wrong in what was judged: 1 pending, 6 not judged""")


def test_the_same_id_with_two_contents_may_be_there_with_either(world: World) -> None:
    """Folding gives an id one content; if ever it gave two, neither copy would be wrong."""
    home = world.scope.home(b"us")
    record = world.of(Topic.ALERTS, home)[0]
    one = decode_alert(record.value)
    other = replace(one, length=99)
    judge = AlertsJudge(world.settings, world.scope, {})
    for alert in (one, other):
        output = Output(Topic.ALERTS, b"us", encode_alert(alert), about=alert)
        judge.expect(Place(Topic.WATCH, home), record, output)
    for alert in (one, other):
        copy = replace(record, value=encode_alert(alert), key=b"us")
        judge.see(Place(Topic.ALERTS, home), copy, True)
    assert (judge.part.expected, judge.part.found, judge.part.repeated) == (1, 1, 1)
    assert judge.part.faults == 0


def test_the_verdict_in_json(world: World) -> None:
    plain = json.loads(json.dumps(world.verify().to_dict()))
    assert (plain["exact"], plain["faults"], plain["unjudged"]) == (True, 0, 0)
    assert plain["outcomes"] == {"delivered": 9}
    assert plain["routed"]["found"] == 64


def test_contents_are_told_apart_by_where_their_parts_end() -> None:
    assert len({digest(b"ab", b"c"), digest(b"a", b"bc"), digest(b"abc"), digest(None)}) == 4
