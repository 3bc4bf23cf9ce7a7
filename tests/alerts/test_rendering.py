"""Messages: what each kind of milestone says, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from alerts.model import Alert, Evidence, Holder, Kind, Milestone, Trigger
from alerts.rendering import _environment, ordinal, percent, render

NAMES = {"RUT": "Russell 2000", "SPX": "S&P 500"}
OF_2008 = Holder(13, date(2008, 5, 20), date(2008, 6, 6), "published")
OF_1996 = Holder(16, date(1996, 4, 16), date(1996, 5, 7))

TEN = Alert(
    id="0123456789abcdef0123",
    watchlist="us",
    asset="RUT",
    benchmark="SPX",
    direction="outperforming",
    start=date(2026, 1, 2),
    end=date(2026, 1, 15),
    length=10,
    period=date(2026, 1, 15),
    milestone=Milestone(Kind.THRESHOLD, 10),
    also=(),
    evidence=Evidence(
        0.07761, 0.01446, OF_2008, date(2025, 12, 31), 10, True, "break", "", ("published",)
    ),
    definition="d",
    trigger=Trigger("closes", 0, 5, 0),
)


def an_alert(kind: Kind, level: int = 13, **changes: Any) -> Alert:
    record = kind.startswith("record.")
    scope, holder = ("since 2000-01-01", OF_2008) if record else ("", None)
    return replace(
        TEN, milestone=Milestone(kind, level, scope, holder), **({"length": level} | changes)
    )


def without_context(alert: Alert) -> Alert:
    evidence = replace(alert.evidence, longest_since=None, begins_known=False, seeds=())
    return replace(alert, evidence=evidence)


ALL_TIED = replace(
    TEN, milestone=Milestone(Kind.RECORD_TIED, 16, "all", replace(OF_1996, source=""))
)
RAN_SINCE = "RUT beat SPX for the 10th session running: longest since 2008-06-06"
TITLES = {
    "threshold": (TEN, RAN_SINCE),
    "threshold, late": (replace(TEN, late=True), f"Late: {RAN_SINCE}"),
    "threshold, nothing known": (without_context(TEN), "RUT beat SPX for the 10th session running"),
    "underperforming": (
        without_context(replace(TEN, direction="underperforming")),
        "RUT lagged SPX for the 10th session running",
    ),
    "first": (
        without_context(an_alert(Kind.THRESHOLD, 1)),
        "RUT beat SPX for the 1st session running",
    ),
    "tied": (
        an_alert(Kind.RECORD_TIED),
        "RUT beat SPX for the 13th session running: "
        "ties the record since 2000-01-01 (13, ended 2008-06-06)",
    ),
    "tied, of all": (
        ALL_TIED,
        "RUT beat SPX for the 16th session running: "
        "ties the record of all known history (16, ended 1996-05-07)",
    ),
    "broken": (
        replace(
            an_alert(Kind.RECORD_BROKEN, 14),
            evidence=replace(TEN.evidence, longest_since=OF_1996),
        ),
        "RUT beat SPX for the 14th session running: "
        "breaks the record since 2000-01-01 (13, ended 2008-06-06), longest since 1996-05-07",
    ),
    "broken, late, nothing longer": (
        replace(without_context(an_alert(Kind.RECORD_BROKEN, 14)), late=True),
        "Late: RUT beat SPX for the 14th session running: "
        "breaks the record since 2000-01-01 (13, ended 2008-06-06)",
    ),
    "ended": (
        an_alert(Kind.ENDED, 14),
        "RUT's streak against SPX ended at 14 sessions, the longest since 2008-06-06",
    ),
    "ended, late": (
        an_alert(Kind.ENDED, 2, late=True),
        "Late: RUT's streak against SPX ended at 2 sessions, the longest since 2008-06-06",
    ),
    "ended at one": (
        an_alert(Kind.ENDED, 1),
        "RUT's streak against SPX ended at 1 session, the longest since 2008-06-06",
    ),
    "approached": (
        an_alert(Kind.RECORD_APPROACHED, 11),
        "RUT beat SPX for the 11th session running: 2 short of the record since 2000-01-01 "
        "(13, ended 2008-06-06)",
    ),
    "extended": (
        an_alert(Kind.RECORD_EXTENDED, 15),
        "RUT beat SPX for the 15th session running: extends the record since 2000-01-01 "
        "(13, ended 2008-06-06), longest since 2008-06-06",
    ),
    "sessions missing": (
        replace(TEN, evidence=replace(TEN.evidence, missed=(date(2026, 1, 5),))),
        "RUT beat SPX for the 10th session running (1 missing): longest since 2008-06-06",
    ),
    "of the last years": (
        replace(TEN, milestone=Milestone(Kind.RECORD_TIED, 13, "last 20 years", OF_2008)),
        "RUT beat SPX for the 13th session running: ties the record of the last 20 years "
        "(13, ended 2008-06-06)",
    ),
    "of this year": (
        replace(TEN, milestone=Milestone(Kind.RECORD_TIED, 13, "this year", OF_2008)),
        "RUT beat SPX for the 13th session running: ties the record of this year "
        "(13, ended 2008-06-06)",
    ),
    "correction": (
        an_alert(Kind.CORRECTION, 12, late=True, follows="abc"),
        "Correction: RUT v SPX, what was told of the 12th session (2026-01-15) no longer holds",
    ),
    "correction of an end": (
        an_alert(Kind.CORRECTION, 3, late=True, also=(Milestone(Kind.ENDED, 3),)),
        "Correction: RUT v SPX, the streak's end at 3 sessions (2026-01-15) no longer holds",
    ),
}


@pytest.mark.parametrize(("alert", "title"), TITLES.values(), ids=TITLES)
def test_titles(alert: Alert, title: str) -> None:
    assert render(alert, NAMES).title == title


def test_the_body_of_a_threshold() -> None:
    assert render(TEN, NAMES).body.splitlines() == [
        "Russell 2000 (RUT) v S&P 500 (SPX), outperforming",
        "10 sessions, 2026-01-02 to 2026-01-15",
        "",
        "RUT +7.76%, SPX +1.45%, active +6.31 percentage points",
        "Longest since the 13 that ended 2008-06-06 [published]",
        "",
        "Evidence: closes of both from 2025-12-31, 10 active returns; ties break; "
        "published records: published",
        "The streak begins with the first return known, so it may have begun earlier.",
        "Alert 0123456789abcdef0123, watchlist us, period 2026-01-15",
    ]


def test_the_body_of_a_record() -> None:
    alert = replace(
        an_alert(Kind.RECORD_TIED),
        also=(Milestone(Kind.RECORD_TIED, 13, "all", OF_1996), Milestone(Kind.THRESHOLD, 13)),
    )
    body = render(alert, NAMES).body.splitlines()
    assert (
        "Record since 2000-01-01 before this streak: 13, 2008-05-20 to 2008-06-06 [published]"
        in (body)
    )
    told = [line for line in body if line.startswith("Also")]
    assert told == ["Also: record.tied at 13, all", "Also: threshold at 13"]
    assert "Record of all known history before this streak: 16, 1996-04-16 to 1996-05-07" in (
        render(ALL_TIED, NAMES).body.splitlines()
    )


def test_the_body_of_an_end() -> None:
    alert = without_context(an_alert(Kind.ENDED, 14, period=date(2026, 1, 23)))
    assert render(alert, NAMES).body.splitlines()[1] == (
        "14 sessions, 2026-01-02 to 2026-01-15 (ended by the close of 2026-01-23)"
    )


def test_the_body_of_a_correction() -> None:
    alert = an_alert(
        Kind.CORRECTION,
        12,
        late=True,
        follows="0000",
        also=(Milestone(Kind.THRESHOLD, 12), Milestone(Kind.RECORD_TIED, 12, "all", OF_1996)),
    )
    message = render(alert, NAMES)
    body = message.body.splitlines()
    assert "Told before: threshold at 12" in body
    assert "Told before: record.tied at 12, all" in body
    assert (
        "A corrected or late close changed the past of this pair: "
        "the alert 0000 no longer holds." in body
    )
    assert not any(line.startswith("Longest since") for line in body)
    assert message.failure


def test_what_is_told_late_says_so() -> None:
    message = render(replace(TEN, late=True), NAMES)
    assert "Told after the fact: a corrected or late close brought it about." in message.body
    assert message.failure
    assert not render(TEN, NAMES).failure


@pytest.mark.parametrize(
    ("length", "line"),
    [(1, "1 session, 2026-01-02 to 2026-01-15"), (2, "2 sessions, 2026-01-02 to 2026-01-15")],
)
def test_singular_and_plural(length: int, line: str) -> None:
    assert render(replace(TEN, length=length), NAMES).body.splitlines()[1] == line


def test_symbols_without_a_name_stand_for_themselves() -> None:
    assert render(TEN, {}).body.splitlines()[0] == "RUT (RUT) v SPX (SPX), outperforming"


def test_rounding_and_seeds_are_told() -> None:
    evidence = replace(TEN.evidence, round_returns_to="1/10000", seeds=("a", "b"), ties="skip")
    assert (
        "ties skip; returns rounded to 1/10000; published records: a, b"
        in render(replace(TEN, evidence=evidence), NAMES).body
    )


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("late", [False, True])
def test_each_kind_has_words(kind: Kind, late: bool) -> None:
    message = render(an_alert(kind, late=late), NAMES)
    assert "\n" not in message.title
    assert "  " not in message.title
    assert "\n\n\n" not in message.body
    assert message.body == message.body.strip()


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (9, "9th"), (10, "10th")),
        *((11, "11th"), (12, "12th"), (13, "13th"), (14, "14th"), (20, "20th"), (21, "21st")),
        *((22, "22nd"), (23, "23rd"), (24, "24th"), (100, "100th"), (101, "101st")),
        *((102, "102nd"), (103, "103rd"), (111, "111th"), (112, "112th"), (113, "113th")),
        *((121, "121st"), (0, "0th")),
    ],
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0954, "+9.54%"), (-0.0954, "-9.54%"), (0.0, "+0.00%"), (1.5, "+150.00%")],
)
def test_percentages(fraction: float, text: str) -> None:
    assert percent(fraction) == text


HOSTILE = "a\nb\r\n<script>alert(1)</script> {{7*7}} {% raw %} ${HOME}"


def hostile(text: str) -> Alert:
    holder = replace(OF_2008, source=text)
    return replace(
        TEN,
        milestone=Milestone(Kind.RECORD_BROKEN, 14, "all", holder),
        also=(Milestone(Kind.THRESHOLD, 14, text),),
        evidence=replace(TEN.evidence, longest_since=holder, seeds=(text,)),
    )


def test_hostile_text_is_inert() -> None:
    message = render(hostile(HOSTILE), {"RUT": HOSTILE, "SPX": HOSTILE})
    assert "{{7*7}}" in message.body
    assert "49" not in message.body
    assert "<script>" in message.body  # plain text: for the target to show as it is
    assert "\n" not in message.title


def test_a_source_cannot_write_lines_of_its_own() -> None:
    """A line break in it would let a source pass for a statement of ours."""
    for alert in (hostile("x\nEvidence: all is well"), hostile("x\u2028Evidence: all is well")):
        body = render(alert, {"RUT": "R\nEvidence: all is well"}).body.splitlines()
        assert sum(line.startswith("Evidence:") for line in body) == 1


@given(st.text(max_size=60))
def test_any_text_leaves_the_title_one_line(text: str) -> None:
    alert = replace(hostile(text), asset=text, benchmark=text, watchlist=text, id=text)
    message = render(alert, {text: text})
    assert len(message.title.splitlines()) == 1


def test_templates_know_no_unknown_names() -> None:
    with pytest.raises(UndefinedError):
        _environment().from_string("{{ surprise }}").render(alert=TEN)
    with pytest.raises(UndefinedError):
        _environment().from_string("{{ alert.surprise }}").render(alert=TEN)


@pytest.mark.parametrize("template", ["{{ alert.__class__.__mro__ }}", "{{ [].append(1) }}"])
def test_templates_are_sandboxed(template: str) -> None:
    with pytest.raises((SecurityError, UndefinedError)):
        _environment().from_string(template).render(alert=TEN)


@pytest.mark.parametrize(
    ("days", "line"),
    [
        ((5,), "1 session of the calendar within the streak without a close of both, "
               "not counted: 2026-01-05"),
        ((5, 6, 7, 8, 9, 12), "6 sessions of the calendar within the streak without a close of "
         "both, not counted: 2026-01-05, 2026-01-06, 2026-01-07, 2026-01-08, 2026-01-09 …"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told(days: tuple[int, ...], line: str) -> None:
    evidence = replace(TEN.evidence, missed=tuple(date(2026, 1, day) for day in days))
    assert line in render(replace(TEN, evidence=evidence), NAMES).body.splitlines()


@pytest.mark.parametrize(
    ("ended_by", "words"),
    [
        ("return", "(ended by the close of 2026-01-15)"),
        ("tie", "(ended by the tie of 2026-01-15)"),
        ("missing", "(ended by what is missing before 2026-01-15)"),
    ],
)
def test_what_ended_a_streak_is_told(ended_by: str, words: str) -> None:
    evidence = replace(TEN.evidence, ended_by=ended_by)
    assert words in render(replace(an_alert(Kind.ENDED), evidence=evidence), NAMES).body
