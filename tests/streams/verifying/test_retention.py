"""Verify: what cannot be judged, because what comes before it is gone, is said."""

from __future__ import annotations

import pytest
from verify_world import BEGAN_MS, World

from streams.judges.scope import REMOVED
from streams.records import Place, Topic


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
