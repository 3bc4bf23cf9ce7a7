"""Silences: their life, their record, and which of many an alert meets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.matchers import Matcher
from alerts.silences import Silence, Silences
from config.matching import FIELD_PATTERN, MATCH_PATTERN, TEXT_PATTERNS

RUT = Silence("4f2c1a9e", (Matcher("asset", ("RUT",)),), "ann", "a split", 1_000, 2_000)


@pytest.mark.parametrize(
    ("now", "state", "is_active"),
    [(999, "pending", False), (1_000, "active", True), (1_999, "active", True),
     (2_000, "expired", False)],
)  # fmt: skip
def test_its_life(now: int, state: str, is_active: bool) -> None:
    assert (RUT.state(now), RUT.is_active(now)) == (state, is_active)


@pytest.mark.parametrize(
    ("now", "starts", "ends"), [(1_500, 1_000, 1_500), (500, 500, 500), (9_000, 1_000, 2_000)]
)
def test_ended_before_its_time(now: int, starts: int, ends: int) -> None:
    assert RUT.expired(now) == replace(RUT, starts_ms=starts, ends_ms=ends)
    assert RUT.expired(now).state(now) == "expired"


TEXT = st.text(max_size=200).filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
FIELD = st.from_regex(FIELD_PATTERN, fullmatch=True).filter(
    lambda field: field not in TEXT_PATTERNS
)
VALUE = st.from_regex(MATCH_PATTERN, fullmatch=True)


@given(
    st.lists(st.tuples(FIELD, st.lists(VALUE, min_size=1, max_size=3)),
             min_size=1, max_size=4, unique_by=lambda one: one[0]),
    TEXT, TEXT, st.integers(0, 2**60), st.integers(0, 2**60),
)  # fmt: skip
def test_its_record_reads_as_it_was(
    matchers: list[tuple[str, list[str]]], creator: str, comment: str, starts: int, ends: int
) -> None:
    made = tuple(Matcher(field, tuple(texts)) for field, texts in matchers)
    silence = Silence("0123abcd", made, creator, comment, starts, ends)
    assert Silence.decode(silence.encode()) == silence


def test_its_record_is_json_with_a_key() -> None:
    assert (RUT.key, json.loads(RUT.encode())) == (
        b"4f2c1a9e",
        {"id": "4f2c1a9e", "matchers": {"asset": ["RUT"]}, "creator": "ann", "comment": "a split",
         "starts_ms": 1000, "ends_ms": 2000},
    )  # fmt: skip


GOOD = json.loads(RUT.encode())
BAD = {
    "no JSON": b"rubbish",
    "no object": b"[]",
    "nothing": b"{}",
    "nested": b"[" * 5000,
    "no matchers": json.dumps(GOOD | {"matchers": {}}).encode(),
    "a matcher that is a text": json.dumps(GOOD | {"matchers": {"asset": "RUT"}}).encode(),
    "a matcher of numbers": json.dumps(GOOD | {"matchers": {"asset": [1]}}).encode(),
    "a matcher of nothing": json.dumps(GOOD | {"matchers": {"asset": []}}).encode(),
    "a field that is misspelt": json.dumps(GOOD | {"matchers": {"sevrity": ["not info"]}}).encode(),
    "a severity that is none": json.dumps(GOOD | {"matchers": {"severity": ["not hihg"]}}).encode(),
    "a matcher of 100 KB": json.dumps(GOOD | {"matchers": {"asset": ["x" * 100_000]}}).encode(),
    "half a character": json.dumps(GOOD | {"comment": "\ud800"}).encode(),
    "an id of other letters": json.dumps(GOOD | {"id": "\x1b[31m"}).encode(),
    "a comment that is a number": json.dumps(GOOD | {"comment": 1}).encode(),
    "a comment of 100 KB": json.dumps(GOOD | {"comment": "x" * 100_000}).encode(),
    "a time that is a text": json.dumps(GOOD | {"ends_ms": "9"}).encode(),
    "a time that is true": json.dumps(GOOD | {"ends_ms": True}).encode(),
    "no text at all": b"\xff\xfe",
}


@pytest.mark.parametrize("value", BAD.values(), ids=BAD)
def test_what_is_no_silence_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Silence.decode(value)


def silences(*some: Silence, now: int = 0) -> Silences:
    known = Silences()
    for one in some:
        known.put(one, now)
    return known


def test_an_alert_meets_those_that_are_active_and_fit() -> None:
    other = replace(RUT, id="aaaa0000", matchers=(Matcher("asset", ("MDY",)),))
    later = replace(RUT, id="bbbb0000", starts_ms=1_500)
    known = silences(RUT, other, later)
    assert list(known.active({"asset": "RUT"}, 1_200)) == [RUT]
    assert list(known.active({"asset": "RUT"}, 1_700)) == [RUT, later]
    assert list(known.active({"asset": "SPX"}, 1_700)) == []


def test_the_last_record_of_an_id_counts() -> None:
    known = silences(RUT, replace(RUT, matchers=(Matcher("asset", ("MDY",)),)))
    assert list(known.active({"asset": "RUT"}, 1_500)) == []
    assert len(list(known.active({"asset": "MDY"}, 1_500))) == 1
    known.put(RUT.expired(1_500), 1_500)
    assert list(known.active({"asset": "MDY"}, 1_500)) == []
    assert (len(known), known.get(RUT.id)) == (1, RUT.expired(1_500))


def test_what_has_ended_is_listed_and_not_looked_for() -> None:
    known = silences(RUT)
    known.tidy(2_000)
    assert (list(known), len(known._index)) == ([RUT], 0)
    known.forget(RUT.id)
    known.forget("unknown")
    assert list(known) == []
