"""The verdict: its words, its figures and its JSON; and what it rests on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from verify_world import World

from streams.judges.alerts import AlertsJudge
from streams.judges.scope import digest
from streams.records import Output, Place, Topic
from streams.verdict import Finding, Part, Verdict
from streams.verifying import Carefully
from streams.wire import decode_alert, encode_alert


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
