"""Verify: what is on its way is pending, and every end is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from harness import january
from verify_world import NOW_MS, World, faults, last_entry, only

from alerts.ledger import Entry, Outcome
from streams.records import Place, Topic


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
