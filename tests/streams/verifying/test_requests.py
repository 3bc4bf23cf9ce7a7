"""Verify: what people ask for, who stands in for a target, and what ends elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from verify_world import NOW_MS, World, faults, last_entry, only, settings

from alerts.ledger import Entry, Outcome
from streams.records import Place, Topic, dead_letter
from streams.wire import Reason, RejectedError, decode_alert


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
