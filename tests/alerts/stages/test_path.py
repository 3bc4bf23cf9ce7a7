"""The whole way: whatever the alert, it ends with a decision that says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from delivery_desk import AN_ALERT
from hypothesis import given
from hypothesis import strategies as st

from alerts.facts import Describer
from alerts.matchers import Matcher
from alerts.model import Alert, Kind, Milestone
from alerts.silences import Silence
from alerts.stages.decision import Reason
from alerts.stages.path import Known, decide, remember
from config.settings import Settings
from config.severities import SEVERITIES

KnownOf = Callable[[str], Known]
NOW = int(datetime(2026, 1, 22, 21, 30, tzinfo=UTC).timestamp() * 1000)
RUT = Silence("4f2c1a9e", (Matcher("asset", ("RUT",)),), "ann\n<b>", "split", 0, NOW + 3_600_000)


def alert(identity: str, kind: str, **fields: Any) -> Alert:
    return replace(AN_ALERT, id=identity, milestone=Milestone(Kind(kind), 10), **fields)


def words(one: Alert, known: Known, now: int = NOW) -> list[tuple[str, str]]:
    judgement = decide(one, known, now)
    remember(one, judgement, known)
    return [(told.target, str(told.decision)) for told in judgement.told]


def test_it_is_told_to_each_target_with_the_route(known_of: KnownOf) -> None:
    assert words(alert("r1", "record.broken"), known_of("desk")) == [
        ("pager", "routed: to pager by routes.routes[0]"),
        ("chat", "routed: to chat by routes.routes[2]"),
        ("mail", "routed: to mail by routes.routes[2]"),
    ]


def test_the_first_stage_that_withholds_it_says_why(known_of: KnownOf) -> None:
    known = known_of("desk")
    assert [t for t, _ in words(alert("r1", "record.broken"), known)] == ["pager", "chat", "mail"]
    inhibited = "inhibited: record.broken r1 says it already"
    assert words(alert("t1", "threshold"), known) == [("chat", inhibited), ("mail", inhibited)]
    known.silences.put(RUT, NOW)
    silenced = "silenced: 4f2c1a9e by ann <b> until 2026-01-22 22:30:00Z"
    assert words(alert("e1", "ended"), known) == [("chat", silenced), ("mail", silenced)]
    muted = "muted: not after-close on routes.routes[3] until 2026-01-23 21:00:00Z"
    later = NOW + 2 * 3_600_000
    assert words(alert("e2", "ended"), known, later) == [("chat", muted), ("mail", muted)]
    nobody = "unrouted: routes.routes[1] has no targets"
    assert words(alert("p1", "provisional"), known) == [("", nobody)]


def test_a_decision_changes_nothing_until_it_is_remembered(known_of: KnownOf) -> None:
    known = known_of("desk")
    decide(alert("r1", "record.broken"), known, NOW)
    assert decide(alert("t1", "threshold"), known, NOW).told[0].decision.is_told


QUIET_RECORDS = {"match": {"rule": "record.*"}, "mute": ["always"]}
WITHHELD: dict[str, tuple[dict[str, Any], bool]] = {
    "told": ({}, False),
    "muted": ({"routes": {"routes": [QUIET_RECORDS]}}, True),
    "muted, and told in a digest": (
        {"routes": {"routes": [QUIET_RECORDS | {"mute": ["today"], "digest": True}]}}, False,
    ),
    "below the floor": (
        {"severities": {"record.broken": "info"},
         "targets": {"desk": {"url": "console://", "severity": "warning"}}}, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("more", "is_told"), WITHHELD.values(), ids=WITHHELD)
def test_a_record_that_is_not_told_says_nothing_for_a_threshold(
    more: dict[str, Any], is_told: bool
) -> None:
    base = {
        "watchlists": {"us": {"pairs": [{"asset": "RUT", "benchmark": "SPX"}],
                              "rules": [{"kind": "record"}], "targets": ["desk"]}},
        "targets": {"desk": {"url": "console://"}},
        "timings": {"always": {"weekdays": "mon-sun"}, "today": {"dates": "2026-01-22"}},
    }  # fmt: skip
    known = Known.of(Settings.model_validate(base | more), lambda _: pytest.fail("no calendar"))
    words(alert("r1", "record.broken"), known)
    ((_, decision),) = words(alert("t1", "threshold"), known)
    assert decision.startswith("routed" if is_told else "inhibited")


def test_muted_on_one_way_it_goes_another() -> None:
    """Of two routes to one target, the first that is not muted tells it."""
    base = {
        "watchlists": {"us": {"pairs": [{"asset": "RUT", "benchmark": "SPX"}],
                              "rules": [{"kind": "ended"}], "targets": ["desk"]}},
        "targets": {"desk": {"url": "console://"}},
        "timings": {"always": {"weekdays": "mon-sun"}},
        "routes": {"routes": [{"continue": True, "mute": ["always"]}, {}]},
    }  # fmt: skip
    known = Known.of(Settings.model_validate(base), lambda _: pytest.fail("no calendar is asked"))
    assert words(alert("e1", "ended"), known) == [("desk", "routed: to desk by routes.routes[1]")]


def test_every_kind_has_a_severity_in_its_order() -> None:
    assert list(SEVERITIES) == [kind.value for kind in Kind]


def test_severities_are_those_of_the_configuration(known_of: KnownOf) -> None:
    describer = known_of("desk").router.describer
    assert isinstance(describer, Describer)
    assert [describer.severity(kind) for kind in ("record.tied", "record.broken", "new")] == [
        "warning", "critical", "warning",
    ]  # fmt: skip


NAMES = st.sampled_from(["us", "europe", "gone", ""]) | st.text(max_size=9)
ALERTS = st.builds(
    replace,
    st.just(AN_ALERT),
    id=st.sampled_from(["a1", "a2", "a3"]),
    watchlist=NAMES,
    asset=st.sampled_from(["RUT", "MDY", "SXXP"]) | st.text(max_size=9),
    benchmark=st.sampled_from(["SPX", ""]),
    direction=st.sampled_from(["outperforming", "underperforming", ""]),
    milestone=st.builds(Milestone, st.sampled_from(list(Kind)), st.just(3)),
    follows=st.sampled_from(["", "a1", "a2"]),
    revision=st.sampled_from(["", "retracted", "amended"]),
)


@given(
    name=st.sampled_from(["alertmanager", "desk", "nothing"]),
    some=st.lists(ALERTS, min_size=1, max_size=6),
    now=st.integers(NOW - 86_400_000 * 400, NOW + 86_400_000 * 400),
    is_silenced=st.booleans(),
)
def test_every_alert_ends_with_a_decision_and_a_reason(
    name: str, some: list[Alert], now: int, is_silenced: bool, known_of: KnownOf
) -> None:
    known = known_of(name)
    if is_silenced:
        known.silences.put(RUT, now)
    for one in some:
        judgement = decide(one, known, now)
        assert judgement == decide(one, known, now)
        remember(one, judgement, known)
        targets = [told.target for told in judgement.told]
        assert len(targets) == len(set(targets)) > 0
        assert tuple(filter(None, targets)) == known.router.targets(one)
        for told in judgement.told:
            decision = told.decision
            assert decision.words
            assert decision.words.isprintable()
            assert (decision.reason is Reason.UNROUTED) == (told.target == "")
            assert (told.way is None) == (told.target == "")
