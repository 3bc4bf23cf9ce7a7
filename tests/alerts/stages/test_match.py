"""The tree of routes, by tables: who takes what, and what a route has from those above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from delivery_desk import AN_ALERT

from alerts.facts import Facts
from alerts.model import Kind, Milestone
from alerts.stages.match import Router, Way
from alerts.stages.path import Known
from alerts.stages.tracing import Met, trace
from config.routes import Group
from config.settings import Settings

SettingsOf = Callable[[str], Settings]
KnownOf = Callable[[str], Known]


def facts_of(router: Router, watchlist: str, kind: str = "threshold", **fields: Any) -> Facts:
    milestone = Milestone(Kind(kind), 10)
    return router.describer.describe(
        replace(AN_ALERT, watchlist=watchlist, milestone=milestone, **fields)
    )


OWNERS = {
    "team-a": ["routes.routes[0].routes[0]"],
    "team-a-production": ["routes.routes[0].routes[1]", "routes.routes[0].routes[2]"],
    "team-b-testing": ["routes.routes[1]"],
    "team-b-staging": ["routes.routes[1]"],
    "team-b-production": ["routes.routes[1]"],
    "team-c": ["routes.routes[1]"],
}


@pytest.mark.parametrize(("watchlist", "paths"), OWNERS.items(), ids=OWNERS)
def test_the_deepest_that_fits_takes_it(
    watchlist: str, paths: list[str], settings_of: SettingsOf
) -> None:
    router = Router(settings_of("alertmanager"))
    assert [way.path for way in router.root.ways(facts_of(router, watchlist))] == paths


def test_what_a_route_does_not_say_it_has_from_above(settings_of: SettingsOf) -> None:
    router = Router(settings_of("alertmanager"))
    (testing,) = router.root.ways(facts_of(router, "team-a"))
    assert (testing.targets, testing.group) == (("testing",), Group(by=[], wait=60, limit=9))
    first, second = router.root.ways(facts_of(router, "team-a-production"))
    assert first.group == Group(by=["rule"], wait=30, limit=5)
    assert second.group == Group(by=["pair"], wait=5, limit=50)


def test_alerts_of_a_group_agree_in_its_fields() -> None:
    facts = {"pair": "RUT/SPX", "period": "2026-01-22", "labels.desk": "us"}
    way = Way("routes", group=Group(by=["period", "labels.desk", "calendar"]))
    assert way.group_key(facts) == ("routes", "2026-01-22", "us", "")
    assert Way("routes", group=Group(by=[])).group_key(facts) == ("routes",)
    assert Way("routes").group_key(facts) == ()


DESK = {
    "grave: also on the pager": ("us", "record.broken", {}, ["pager", "chat", "mail"]),
    "made less grave": ("us", "record.tied", {}, ["chat", "mail"]),
    "told to nobody": ("us", "provisional", {}, []),
    "a glob of kinds": ("us", "provisional.confirmed", {}, []),
    "the watchlist's own": ("europe", "threshold", {}, ["mail"]),
    "grave elsewhere, caught by no other route": ("europe", "record.broken", {}, ["pager"]),
    "a watchlist that is gone": ("gone", "record.broken", {}, []),
}


@pytest.mark.parametrize(("watchlist", "kind", "fields", "targets"), DESK.values(), ids=DESK)
def test_who_is_told(
    watchlist: str, kind: str, fields: dict[str, Any], targets: list[str], settings_of: SettingsOf
) -> None:
    router = Router(settings_of("desk"))
    assert list(router.match(facts_of(router, watchlist, kind, **fields))) == targets


def test_why_nobody_is_told(settings_of: SettingsOf) -> None:
    router = Router(settings_of("desk"))
    assert str(router.nobody(facts_of(router, "us", "provisional"))) == (
        "unrouted: routes.routes[1] has no targets"
    )
    assert str(router.nobody(facts_of(router, "gone"))) == (
        "unrouted: the watchlist gone is not in the configuration"
    )


def test_without_routes_each_watchlist_tells_its_own_targets(settings_of: SettingsOf) -> None:
    router = Router(settings_of("nothing"))
    assert router.targets(replace(AN_ALERT, watchlist="us")) == ("b", "a")


def test_a_trace_says_what_each_route_met(settings_of: SettingsOf) -> None:
    router = Router(settings_of("desk"))
    steps = list(trace(router.root, facts_of(router, "us", "record.broken")))
    assert [(step.node.way.path, step.met) for step in steps] == [
        ("routes", Met.TAKEN),
        ("routes.routes[0]", Met.TAKEN),
        ("routes.routes[1]", Met.REFUSED),
        ("routes.routes[2]", Met.TAKEN),
        ("routes.routes[2].routes[0]", Met.REFUSED),
        ("routes.routes[3]", Met.PASSED),
    ]
    assert str(steps[2].refused_by) == "rule: provisional*"
