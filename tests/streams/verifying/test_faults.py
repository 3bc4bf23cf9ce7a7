"""Verify: each kind of fault is told as what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from verify_world import BEGAN_MS, World, faults, only, settings

from alerts.ledger import Entry, Outcome
from streams.records import Topic
from streams.wire import decode_alert, encode_alert


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
