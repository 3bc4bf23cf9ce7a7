"""The end of a history that goes along with an alert: how much of it, and in which bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from charts import END, a_tail, a_view, an_alert, weekdays
from hypothesis import given
from hypothesis import strategies as st

from alerts.evidence import Conditions, Holder
from alerts.model import Kind, Milestone
from alerts.pictures.tail import MOST, YEAR, Tail, decode, has_picture, tail
from streams.core.periods import to_text

DAYS = weekdays(1000)


def held(sessions_ago: int) -> Holder:
    """A record of ten sessions that began so long ago."""
    return Holder(10, to_text(DAYS[-sessions_ago]), to_text(DAYS[9 - sessions_ago]))


@pytest.mark.parametrize(
    ("known", "start", "record", "expected"),
    [
        (1000, 14, None, YEAR),
        (100, 14, None, 100),
        (1000, 200, None, 600),
        (1000, 900, None, MOST),
        (1000, 14, held(100), YEAR),
        (1000, 14, held(400), 400 + YEAR // 12),
        (1000, 14, held(MOST - YEAR // 12), MOST),
        (1000, 14, held(MOST), YEAR),
        (300, 14, held(400), YEAR),
    ],
    ids=[
        "a year", "all that there is", "thrice a long streak", "never more than so much",
        "a record within the year", "up to a record before it", "just as far as that",
        "a record too long ago", "a record before the closes",
    ],
)  # fmt: skip
def test_how_far_back_it_goes(known: int, start: int, record: Holder | None, expected: int) -> None:
    alert = an_alert(record, start=to_text(DAYS[-start]))
    found = tail(alert, a_view(DAYS[-known:]))
    assert found is not None
    assert found.periods.tolist() == DAYS[-expected:]
    assert found.ratio[-1] == pytest.approx(known / 1000)


def test_it_ends_with_the_period_of_the_alert() -> None:
    """The pair may have gone on when a frame is folded as a whole."""
    found = tail(an_alert(), a_view([*DAYS, END + 1, END + 4]))
    assert found is not None
    assert found.periods[-1] == END


def test_there_is_none_of_what_has_not_closed_or_did_not_happen() -> None:
    told = {
        "provisional": an_alert(milestone=Milestone(Kind.PROVISIONAL, 14)),
        "withdrawn": an_alert(milestone=Milestone(Kind.WITHDRAWN, 14)),
        "retracted": an_alert(revision="retracted"),
        "no pair": replace(an_alert(), evidence=Conditions("all", 2)),
    }
    assert [name for name, alert in told.items() if has_picture(alert)] == []
    assert [name for name, alert in told.items() if tail(alert, a_view(DAYS))] == []
    assert has_picture(an_alert(revision="amended"))


def test_there_is_none_without_a_period_of_the_alert_or_of_one_alone() -> None:
    assert tail(an_alert(), a_view(DAYS[:-1])) is None
    assert tail(an_alert(), a_view(DAYS[-1:])) is None


@given(
    st.lists(st.integers(-60_000, 10**8), min_size=1, max_size=MOST, unique=True).map(sorted),
    st.floats(1e-12, 1e15),
)
def test_it_survives_its_bytes(days: list[int], ratio: float) -> None:
    before = Tail(np.array(days), np.full(len(days), ratio))
    data = before.encode()
    after = decode(data)
    assert after.periods.tolist() == days
    assert after.ratio == pytest.approx(before.ratio, rel=1e-6)
    assert len(data) == 1 + 8 * len(days)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: b"1" + data))
def test_any_bytes_are_a_tail_or_an_error(data: bytes) -> None:
    try:
        found = decode(data)
    except ValueError:
        return
    assert found.encode() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1",
        b"2" + a_tail(3).encode()[1:],
        a_tail(3).encode()[:-1],
        a_tail(MOST + 1).encode(),
        Tail(np.array([5, 5]), np.ones(2)).encode(),
        Tail(np.array([5, 6]), np.array([1, np.nan])).encode(),
        Tail(np.array([5, 6]), np.array([1, 0.0])).encode(),
    ],
    ids=["empty", "no period", "version", "cut", "long", "twice", "not a number", "zero"],
)
def test_what_is_no_tail(data: bytes) -> None:
    with pytest.raises(ValueError, match="history"):
        decode(data)
