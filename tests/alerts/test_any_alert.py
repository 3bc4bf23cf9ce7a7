"""Every alert survives its JSON, and is told in words, whatever is in it."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.document import document, encode, json_schema
from alerts.envelope import envelope
from alerts.evidence import (
    Absence,
    Conditions,
    Evidence,
    Holder,
    Missed,
    Overview,
    Rank,
    Reading,
    Running,
    Standing,
)
from alerts.model import Alert, Instead, Kind, Milestone, SoFar, Trigger, alert_id
from alerts.rendering import render
from alerts.targets import Message
from alerts.underway import Parcel
from streams.core.aftermath import HORIZONS, Followed, Outcome
from streams.core.periods import to_text

HOSTILE = [
    "two\nlines", "\r\nEvidence: all is well", "{{ 7 * 7 }}", "{% raw %}", "{# no #}", "%s %(a)s",
    "<b>bold</b> & <script>", "\u202egnp.exe", "\u200fמדד", "\u2028", "\x1b[31m", "\x00", "\t",
    "\x85", "${HOME}", "@everyone", " ", "None",
]  # fmt: skip
WORDS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))
SYMBOLS = st.from_regex(r"[A-Za-z0-9^.=_:/-]{1,12}", fullmatch=True) | WORDS
FRACTIONS = st.floats(-0.99, 10)
VALUES = st.floats(-1e12, 1e12)
COUNTS = st.integers(0, 5000)
LENGTHS = st.integers(1, 400)
DIGITS = st.decimals(-10_000, 10_000, places=4).map(lambda d: f"{d:f}")
SCOPES = st.sampled_from(
    ["all", "since 2000-01-01", "last 1 years", "last 20 years", "last 20 periods", "this year"]
)
WAYS = st.sampled_from(["rising", "falling"])
SIDES = st.sampled_from(["outperforming", "underperforming"])
RECORDS = [kind for kind in Kind if kind.startswith("record.")]
LEVELS = [Kind.LEVEL_HIGHEST, Kind.LEVEL_LOWEST]


def texts(interval: str) -> st.SearchStrategy[str]:
    most = 40_000 if interval == "1d" else 40_000 * 1440
    return st.integers(-20_000, most).map(lambda period: to_text(period, interval))


@st.composite
def holders(draw: st.DrawFn, dates: st.SearchStrategy[str]) -> Holder:
    return Holder(draw(LENGTHS), draw(dates), draw(dates), draw(WORDS), draw(st.booleans()))


def standings(dates: st.SearchStrategy[str]) -> st.SearchStrategy[Standing]:
    return st.builds(Standing, VALUES, dates)


def missed(dates: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Missed, ...]]:
    symbols = st.lists(SYMBOLS, max_size=8).map(tuple)
    return st.lists(st.builds(Missed, dates, symbols), max_size=8).map(tuple)


@st.composite
def milestones(draw: st.DrawFn, kinds: list[Kind], dates: Any, subject: str = "") -> Milestone:
    """One of the kinds, with what its kind has."""
    kind = draw(st.sampled_from(kinds))
    crossing = kind in (Kind.LEVEL_CROSSED, Kind.BREADTH, Kind.YEAR_TO_DATE)
    if kind in RECORDS:
        return Milestone(kind, draw(LENGTHS), draw(SCOPES), draw(holders(dates)), subject=subject)
    if kind in LEVELS:
        way = "rising" if kind is Kind.LEVEL_HIGHEST else "falling"
        standing = draw(standings(dates))
        return Milestone(
            kind, scope=draw(SCOPES), direction=way, standing=standing, subject=subject
        )
    if crossing:
        return Milestone(kind, value=draw(DIGITS), direction=draw(WAYS), subject=subject)
    if kind is Kind.TOGETHER:
        return Milestone(kind, name=draw(WORDS))
    return Milestone(kind, draw(COUNTS), draw(st.sampled_from(["", "all"])), subject=subject)


@st.composite
def followed(draw: st.DrawFn) -> Followed:
    count = draw(COUNTS)
    overlapping = draw(st.integers(0, max(0, count - 1)))
    outcome = st.builds(Outcome, FRACTIONS, st.floats(0, 1)) if count else st.none()
    outcomes = [draw(outcome) for _ in range(3)]
    return Followed(draw(st.sampled_from(HORIZONS)), count, overlapping, *outcomes)


@st.composite
def evidence(draw: st.DrawFn, dates: Any) -> Evidence:
    has_year = draw(st.booleans())
    year = st.none() if not has_year else FRACTIONS
    closes = st.sampled_from(
        ["price", "total return", "number", "price-weight basket of 2 (price)"]
    )
    return Evidence(
        asset_return=draw(FRACTIONS),
        benchmark_return=draw(FRACTIONS),
        longest_since=draw(st.none() | holders(dates)),
        known_from=draw(dates),
        known_returns=draw(COUNTS),
        begins_known=draw(st.booleans()),
        ties=draw(st.sampled_from(["break", "extend", "skip"])),
        round_returns_to=draw(st.sampled_from(["", "1/10000"])),
        seeds=tuple(draw(st.lists(WORDS, max_size=3))),
        missing=draw(st.sampled_from(["hold", "break"])),
        missed=draw(missed(dates)),
        ended_by=draw(st.sampled_from(["", "return", "tie", "missing"])),
        asset_year_return=draw(year),
        benchmark_year_return=draw(year),
        record=draw(st.none() | holders(dates)),
        record_before=None,
        rank=draw(st.none() | st.builds(Rank, LENGTHS, LENGTHS, COUNTS, COUNTS, st.floats(0, 1))),
        followed=tuple(draw(st.lists(followed(), max_size=3))),
        ratio=draw(st.none() | st.floats(1e-15, 1e15)),
        ratio_since=draw(st.none() | dates),
        rsi_14=draw(st.none() | st.floats(0, 100)),
        missing_periods=draw(COUNTS),
        asset_closes=draw(closes),
        benchmark_closes=draw(closes),
        overnight=draw(st.sampled_from(["include", "exclude"])),
    )


@st.composite
def readings(draw: st.DrawFn, dates: Any, breadth: bool) -> Reading:
    return Reading(
        value=draw(VALUES),
        previous=draw(st.none() | VALUES),
        since=draw(st.none() | standings(dates)),
        known_from=draw(dates),
        known_values=draw(COUNTS),
        made_of=draw(st.sampled_from(["price", "number", "A / B"]) | WORDS),
        count=draw(COUNTS) if breadth else None,
        members=draw(COUNTS) if breadth else None,
        missing=draw(st.sampled_from(["hold", "break"])),
        missed=draw(missed(dates)),
    )


@st.composite
def absences(draw: st.DrawFn, kind: Kind) -> Absence:
    symbols = tuple(draw(st.lists(SYMBOLS, min_size=1, max_size=20)))
    ended, seconds = draw(texts("1m")), draw(st.integers(0, 10**7))
    last = draw(SYMBOLS) if kind is Kind.DATA_ARRIVED else ""
    return Absence(symbols, draw(COUNTS), draw(LENGTHS), ended, seconds, last)


@st.composite
def overviews(draw: st.DrawFn, dates: Any) -> Overview:
    run = st.builds(
        Running, SYMBOLS, SYMBOLS, SIDES, LENGTHS, dates, dates, FRACTIONS, FRACTIONS,
        st.none() | holders(dates), st.booleans(),
    )  # fmt: skip
    listed = tuple(draw(st.lists(run, max_size=5)))
    return Overview(
        due=draw(texts("1m")),
        until=draw(st.just("") | dates),
        pairs=draw(LENGTHS),
        running=len(listed) + draw(COUNTS),
        near=draw(COUNTS),
        min_length=draw(LENGTHS),
        within=draw(COUNTS),
        streaks=listed,
    )


OF_PAIRS = [*RECORDS, Kind.THRESHOLD, Kind.YEAR_TO_DATE, Kind.ENDED]
BEFORE_CLOSE = [Kind.PROVISIONAL, Kind.CONFIRMED, Kind.WITHDRAWN]
OF_SERIES = [*LEVELS, Kind.LEVEL_CROSSED, Kind.BREADTH]
OF_DATA = [Kind.DATA_MISSING, Kind.DATA_ARRIVED]


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    """An alert on a pair, a series, several conditions, or closes, of any kind and revision."""
    interval = draw(st.sampled_from(["1d", "1d", "5m"]))
    dates = texts(interval)
    about = draw(st.sampled_from(["pair", "series", "together", "closes", "all"]))
    revision = draw(st.sampled_from(["", "", "retracted", "amended", "restored"]))
    if about == "pair":
        kinds, known = [*OF_PAIRS, *BEFORE_CLOSE], draw(evidence(dates))
        first = draw(milestones(kinds, dates))
        also = draw(st.lists(milestones([*OF_PAIRS, Kind.CONFIRMED], dates), max_size=4))
    elif about == "series":
        first = draw(milestones(OF_SERIES, dates))
        known = draw(readings(dates, first.kind is Kind.BREADTH or draw(st.booleans())))
        also = draw(st.lists(milestones(OF_SERIES, dates), max_size=4))
    elif about == "closes":
        first, also, revision = Milestone(draw(st.sampled_from(OF_DATA))), [], ""
        known = draw(absences(first.kind))
    elif about == "all":
        first, also, revision = Milestone(Kind.SUMMARY), [], ""
        known = draw(overviews(dates))
    else:
        first = draw(milestones([Kind.TOGETHER], dates))
        known = Conditions(draw(st.sampled_from(["all", "any"])), draw(st.integers(2, 9)))
        subject = draw(SYMBOLS) or "S"
        also = draw(st.lists(milestones([*OF_PAIRS, *OF_SERIES], dates, subject), min_size=1,
                             max_size=6))  # fmt: skip
    if revision == "retracted":
        first, also = Milestone(Kind.CORRECTION, first.level, first.scope), [first, *also]
    instead = st.none() | st.builds(Instead, SIDES, LENGTHS, dates) | st.just(Instead("", 0, ""))
    so_far = st.none() | st.builds(SoFar, FRACTIONS, FRACTIONS, st.none() | st.integers(1, 10**7))
    return Alert(
        id=draw(st.from_regex(r"[0-9a-f]{20}", fullmatch=True)),
        watchlist=draw(WORDS),
        asset=draw(SYMBOLS),
        benchmark=draw(SYMBOLS) if about == "pair" else "",
        direction=draw(SIDES) if about == "pair" else "",
        start=draw(dates),
        end=draw(dates),
        length=draw(LENGTHS) if about == "pair" else 0,
        period=draw(dates),
        milestone=first,
        also=tuple(also),
        evidence=known,
        definition=draw(WORDS),
        trigger=Trigger(draw(WORDS), draw(COUNTS), draw(COUNTS), draw(COUNTS)),
        late=draw(st.booleans()),
        follows=draw(st.just("") | WORDS),
        revision=revision,
        instead=draw(instead) if revision == "retracted" and about == "pair" else None,
        interval=interval,
        so_far=draw(so_far) if first.kind is Kind.PROVISIONAL else None,
    )


@given(alerts())
def test_json_and_back(alert: Alert) -> None:
    assert Alert.from_dict(json.loads(json.dumps(alert.to_dict()))) == alert


@given(alerts(), st.data())
def test_any_alert_has_words(alert: Alert, data: st.DataObject) -> None:
    names = data.draw(st.dictionaries(st.sampled_from([alert.asset, alert.benchmark]), WORDS))
    message = render(alert, names)
    assert message.title.isprintable()
    lines = message.body.split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(one == other == "" for one, other in pairwise(lines))


def benign(value: Any) -> Any:
    """The same alert, every unruly text in it as a plain word of its own."""
    if isinstance(value, dict):
        return {key: benign(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [benign(part) for part in value]
    if isinstance(value, str) and value in HOSTILE:
        return f"plain {HOSTILE.index(value)}"
    return value


@given(alerts())
def test_no_value_writes_lines_of_its_own(alert: Alert) -> None:
    plain = Alert.from_dict(benign(json.loads(json.dumps(alert.to_dict()))))
    lines = [render(one, {}).body.count("\n") for one in (alert, plain)]
    assert lines[0] == lines[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_value_is_a_template(text: str) -> None:
    """It is shown as it is, but for what cannot be printed."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    alert = plain_alert(text)
    message = render(alert, {text: text})
    assert message.title == f"{' '.join(shown.split())} rose through 1, at 2".strip()
    assert f"watchlist {shown}, period 2026-01-15" in message.body


def plain_alert(text: str) -> Alert:
    return Alert(
        id="0",
        watchlist=text,
        asset=text,
        benchmark="",
        direction="",
        start="2026-01-15",
        end="2026-01-15",
        length=0,
        period="2026-01-15",
        milestone=Milestone(Kind.LEVEL_CROSSED, value="1", direction="rising"),
        also=(),
        evidence=Reading(2.0, 1.0, None, "2026-01-15", 1, text),
        definition="",
        trigger=Trigger("closes", 0, 0, 0),
    )


def test_rule_and_provisional() -> None:
    alert = plain_alert("A")
    assert (alert.rule, alert.provisional) == ("level.crossed", False)


@pytest.mark.parametrize(
    "change",
    [
        *({name: 1} for name in ("id", "watchlist", "asset", "benchmark", "direction", "start")),
        *({name: None} for name in ("end", "period", "definition", "follows", "revision")),
        {"length": "1"},
        {"length": True},
        {"late": 0},
        {"period": "2026-02-30"},
        {"period": "2026-01-15T14:30Z"},
        {"interval": "5m"},
        {"milestone": {"kind": "surprise", "holder": None, "standing": None}},
        {"milestone": {}},
        {"milestone": 1},
        {"evidence": {}},
        {"evidence": 1},
        {"evidence": {"rule": "all"}},
        {"trigger": {}},
        {"instead": {"length": 1}},
        {"surprise": 1},
    ],
)
def test_what_is_no_alert_is_refused(change: dict[str, Any]) -> None:
    data = json.loads(json.dumps(plain_alert("A").to_dict()))
    with pytest.raises((KeyError, TypeError, ValueError)):
        Alert.from_dict(data | change)


def test_ids_are_hashes_of_their_parts() -> None:
    assert alert_id("a", 1) == alert_id("a", "1")
    assert len({alert_id(), alert_id("a"), alert_id("a", ""), alert_id("", "a")}) == 4
    assert len(alert_id("a")) == 20


@given(alerts())
def test_plain_values_are_those_of_dataclasses(alert: Alert) -> None:
    """Whatever becomes of it travels as the same JSON."""
    plain = alert.to_dict()
    assert plain == json.loads(json.dumps(asdict(alert)))
    assert json.dumps(plain) == json.dumps(asdict(alert))


SCHEMA = jsonschema.Draft202012Validator(json_schema())


@given(alerts())
def test_its_document_for_webhooks_is_as_the_schema_says(alert: Alert) -> None:
    parcel = Parcel(Message("title", "body"), alert, "hook", envelope(alert, "hook"))
    posted = encode(document(parcel, 0.0))
    assert posted.isascii()
    assert not list(SCHEMA.iter_errors(json.loads(posted)))
    assert json.loads(posted)["alert"] == json.loads(json.dumps(alert.to_dict()))
