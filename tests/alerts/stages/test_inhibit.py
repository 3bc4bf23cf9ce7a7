"""Which alert says what another would, by tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from delivery_desk import AN_ALERT

from alerts.evidence import Absence
from alerts.facts import Describer
from alerts.model import Alert, Kind, Milestone
from alerts.stages.inhibit import Sources, inhibit, rules_of
from config.routes import Inhibition
from config.settings import Settings


def alert(identity: str, kind: str, **fields: Any) -> Alert:
    return replace(AN_ALERT, id=identity, milestone=Milestone(Kind(kind), 10), **fields)


def missing(identity: str, watchlist: str, symbols: int, of: int) -> Alert:
    absence = Absence(("RUT",), symbols - 1, of, "2026-01-15T21:00Z", 1800)
    return alert(identity, "data.missing", watchlist=watchlist, asset=watchlist, benchmark="",
                 direction="", evidence=absence)  # fmt: skip


def settings(**more: Any) -> Settings:
    """Watchlists of two exchanges; that of the market is labelled so."""
    watchlists = {
        name: {
            "pairs": [{"asset": asset, "benchmark": f"{asset}-ALL"}],
            "rules": [{"kind": "threshold", "at": 10}],
            "targets": ["desk"],
            "calendar": calendar,
            "labels": labels,
        }
        for name, asset, calendar, labels in (
            ("us", "RUT", "XNYS", {}),
            ("other", "MDY", "XNYS", {}),
            ("market", "SPX", "XNYS", {"scope": "market"}),
            ("london", "UKX", "XLON", {}),
        )
    }
    targets = {"desk": {"url": "console://"}}
    return Settings.model_validate({"watchlists": watchlists, "targets": targets} | more)


SETTINGS = settings()
DESCRIBER = Describer(SETTINGS)


def sources(*said: Alert, rules: Settings = SETTINGS, room: int = 100) -> Sources:
    known = Sources(rules_of(rules.inhibit), room)
    for one in said:
        known.see(one, DESCRIBER.describe(one), ["desk"])
    return known


def verdict(one: Alert, known: Sources) -> str | None:
    decision = inhibit(one, DESCRIBER.describe(one), known, "desk")
    return None if decision is None else str(decision)


BROKEN = alert("r1", "record.broken")
WHOLE = missing("m1", "market", 3, 3)

CASES: dict[str, tuple[Alert, Alert, bool]] = {
    "record over threshold": (BROKEN, alert("t1", "threshold"), True),
    "tied record over threshold": (alert("r1", "record.tied"), alert("t1", "threshold"), True),
    "threshold not over record": (alert("t1", "threshold"), BROKEN, False),
    "of another pair": (BROKEN, alert("t1", "threshold", asset="MDY"), False),
    "of another period": (BROKEN, alert("t1", "threshold", period="2026-01-16"), False),
    "not over that of another watchlist with the pair": (
        BROKEN, alert("t1", "threshold", watchlist="x"), False,
    ),
    "approached is no record yet": (
        alert("r1", "record.approached"), alert("t1", "threshold"), False,
    ),
    "confirmed over provisional": (
        alert("c1", "provisional.confirmed"), alert("p1", "provisional"), True,
    ),
    "withdrawn over provisional": (
        alert("c1", "provisional.withdrawn"), alert("p1", "provisional"), True,
    ),
    "provisional not over confirmed": (
        alert("p1", "provisional"), alert("c1", "provisional.confirmed"), False,
    ),
    "all of a watchlist over some of it": (
        missing("m1", "us", 2, 2), missing("m2", "us", 1, 2), True,
    ),
    "some not over others": (missing("m1", "us", 1, 2), missing("m2", "us", 1, 3), False),
    "the market over a watchlist of its exchange": (WHOLE, missing("m2", "us", 2, 2), True),
    "the market over some of it": (WHOLE, missing("m2", "other", 1, 2), True),
    "the market not over another exchange": (WHOLE, missing("m2", "london", 2, 2), False),
    "a part of the market over nothing": (
        missing("m1", "market", 2, 3), missing("m2", "us", 2, 2), False,
    ),
    "never over itself": (WHOLE, WHOLE, False),
}  # fmt: skip


@pytest.mark.parametrize(("said", "one", "is_said"), CASES.values(), ids=CASES)
def test_what_another_says_already(said: Alert, one: Alert, is_said: bool) -> None:
    expected = f"inhibited: {said.rule} {said.id} says it already" if is_said else None
    assert verdict(one, sources(said)) == expected


def test_what_a_correction_brings_is_told_whatever_was_told_before() -> None:
    assert verdict(alert("t1", "threshold", late=True), sources(BROKEN)) is None
    assert verdict(alert("t1", "threshold"), sources(replace(BROKEN, late=True))) is None


def test_rules_of_the_configuration_take_the_place_of_ours() -> None:
    own = {
        "source": {"rule": "ended"}, "target": {"rule": "level.*"}, "equal": ["labels.scope"]
    }  # fmt: skip
    known = sources(alert("e1", "ended"), BROKEN, rules=settings(inhibit=[own]))
    assert verdict(alert("t1", "threshold"), known) is None
    assert verdict(alert("l1", "level.crossed"), known) == "inhibited: ended e1 says it already"
    assert verdict(alert("t1", "threshold"), sources(BROKEN, rules=settings(inhibit=[]))) is None


def test_of_two_on_both_sides_of_a_rule_both_are_told() -> None:
    kinds = ["record.*", "threshold"]
    both = {"source": {"rule": kinds}, "target": {"rule": [*kinds, "ended"]}, "equal": ["period"]}
    threshold, ended = alert("t1", "threshold"), alert("e1", "ended")
    known = sources(BROKEN, threshold, rules=settings(inhibit=[both]))
    assert (verdict(BROKEN, known), verdict(threshold, known)) == (None, None)
    assert verdict(ended, known) == "inhibited: record.broken r1 says it already"


def test_what_was_taken_back_says_nothing_any_more() -> None:
    known = sources(BROKEN)
    back = alert("k1", "correction", follows="r1", revision="retracted")
    known.see(back, DESCRIBER.describe(back), ["desk"])
    assert verdict(alert("t1", "threshold"), known) is None
    assert (known._said, dict(known._keys)) == ({}, {})


def test_what_follows_an_alert_that_was_not_told_is_not_told() -> None:
    known = sources(WHOLE)
    known.withhold("m2", "desk", "m1")
    arrived = alert("a2", "data.arrived", watchlist="us", asset="us", follows="m2")
    assert verdict(arrived, known) == "inhibited: it follows m2, which was not told for m1"
    other = alert("a1", "data.arrived", watchlist="market", asset="market", follows="m1")
    assert verdict(other, known) is None


def test_who_is_not_told_of_the_one_is_told_of_the_other() -> None:
    known = Sources(rules_of(SETTINGS.inhibit))
    known.see(BROKEN, DESCRIBER.describe(BROKEN), ["pager"])
    threshold = alert("t1", "threshold")
    facts = DESCRIBER.describe(threshold)
    assert inhibit(threshold, facts, known, "pager") is not None
    assert inhibit(threshold, facts, known, "desk") is None


def test_the_oldest_are_forgotten() -> None:
    known = sources(*(alert(f"r{n}", "record.tied", asset=f"A{n}") for n in range(7)), room=5)
    told = [verdict(alert("t", "threshold", asset=f"A{n}"), known) is None for n in range(7)]
    assert told == [True, True, False, False, False, False, False]
    for n in range(7):
        known.withhold(f"w{n}", "desk", "r9")
    assert [known.withheld_by(f"w{n}", "desk") for n in (0, 6)] == [None, "r9"]


def test_seen_twice_is_seen_once() -> None:
    known = sources(BROKEN, BROKEN)
    assert len(known._keys) == 1


def test_an_inhibition_needs_fields_to_agree_in() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Inhibition.model_validate({"source": {}, "target": {}, "equal": []})
