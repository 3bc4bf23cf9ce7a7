"""Verify: what is right is exact, and what is no fault is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from harness import january
from verify_world import BEGAN_MS, PAIR, RULES, World, alerts_of, faults, settings

from alerts.ledger import Entry, Outcome
from config.routes import Routes
from streams.definitions import summary_rules
from streams.folds.watcher import WatcherFold
from streams.judges.scope import ANOTHER, EARLIER, Scope
from streams.records import SUMMARIES, Place, Topic, dead_letter
from streams.verdict import Verdict
from streams.wire import Reason, RejectedError, decode_alert, encode_alert


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
