"""Dead letters: what their headers say, which were dealt with, and where they go again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.batches import Single
from streams.deadletters import (
    NO_LETTER,
    Done,
    Filter,
    Letter,
    Letters,
    Source,
    Spot,
    again,
    in_order,
    is_retriable,
    mark,
)
from streams.records import RESEND, Headers, Output, Place, Topic, dead_letter
from streams.wire import Reason, RejectedError

ERROR = RejectedError(Reason.NOT_JSON, "not JSON: line 1")


def refused(topic: Topic = Topic.CLOSES, offset: int = 7, key: bytes | None = b"RUT") -> Output:
    return dead_letter(Place(topic, 1), Single(offset, 5, key, b"rubbish"), ERROR)


def stored(offset: int, output: Output, at_ms: int = 100) -> Single:
    return Single(offset, at_ms, output.key, output.value, output.headers)


def letters(*records: Single) -> Letters:
    found = Letters()
    for record in records:
        found.take(0, record)
    return found


def only(*records: Single) -> Letter:
    (letter,) = letters(*records).all()
    return letter


def test_a_letter_says_where_it_came_from_and_why() -> None:
    letter = only(stored(3, refused()))
    assert letter.spot == Spot(0, 3)
    assert letter.source == Source(Topic.CLOSES, 1, 7, "not-json", "not JSON: line 1")
    assert str(letter.source) == "closes-1@7"
    assert (letter.size, letter.status, letter.reason) == (7, "open", "not-json")


@given(st.lists(st.tuples(st.sampled_from(["topic", "partition", "offset", "reason", "marked",
                                           "of", "at", "x"]), st.binary(max_size=8))),
       st.none() | st.binary(max_size=4))  # fmt: skip
def test_whatever_lies_there_can_be_taken(headers: Headers, value: bytes | None) -> None:
    assert len(letters(Single(0, 0, None, value, headers)).all()) <= 1


def test_somebodys_own_record_is_none() -> None:
    letter = only(Single(0, 0, None, b"hello", [("topic", b"closes"), ("offset", b"x")]))
    assert (letter.source, letter.reason) == (None, NO_LETTER)
    assert not is_retriable(letter, 9)


def test_a_mark_says_what_was_done_with_a_letter() -> None:
    record = stored(3, refused())
    marking = mark(only(record), Done.RETRIED, 999)
    assert (marking.partition, marking.value) == (0, None)
    letter = only(record, stored(4, marking))
    assert letter.status == "retried"
    assert [one.at_ms for one in letter.marks] == [999]
    again = stored(5, mark(letter, Done.DROPPED, 1000))
    assert only(record, stored(4, marking), again).status == "dropped"


def test_a_mark_of_what_retention_removed_is_no_letter() -> None:
    marking = mark(only(stored(3, refused())), Done.DROPPED, 999)
    assert letters(stored(4, marking)).all() == []


def test_a_close_goes_by_its_key_and_carries_where_it_was() -> None:
    record = stored(3, refused())
    output = again(only(record), record)
    assert (output.topic, output.key, output.value) == (Topic.CLOSES, b"RUT", b"rubbish")
    assert output.partition is None
    assert output.headers == (("retried", b"dead-letters-0@3"),)


def test_a_stream_of_closes_goes_back_to_its_partition() -> None:
    record = stored(3, refused(key=None))
    assert again(only(record), record).partition == 1


@pytest.mark.parametrize("topic", [Topic.TICKS, Topic.WATCH, Topic.ALERTS, Topic.NOTIFICATIONS])
def test_what_lay_between_the_agents_goes_back_to_its_partition(topic: Topic) -> None:
    record = stored(3, refused(topic))
    assert again(only(record), record).partition == 1


@pytest.mark.parametrize("topic", [Topic.STREAKS, Topic.SNAPSHOTS, Topic.DEAD_LETTERS])
def test_other_topics_take_no_letters(topic: Topic) -> None:
    assert not is_retriable(only(stored(3, refused(topic))), 9)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), [0, 1]),
        (Filter(done_too=True), [0, 1, 2]),
        (Filter(topic="watch"), [1]),
        (Filter(since_ms=101), [1]),
        (Filter(reason="empty"), []),
        (Filter(reason="not-json", topic="closes"), [0]),
    ],
)
def test_filters(wanted: Filter, expected: list[int]) -> None:
    third = stored(2, refused(offset=9))
    found = letters(
        stored(0, refused()),
        stored(1, refused(Topic.WATCH), at_ms=200),
        third,
        stored(3, mark(only(third), Done.DROPPED, 0)),
    )
    assert sorted(one.spot.offset for one in found.all() if wanted.wants(one)) == expected


def test_the_order_is_that_of_where_they_came_from() -> None:
    found = letters(*(stored(n, refused(offset=offset)) for n, offset in enumerate([9, 2, 11])))
    places = [one.source.offset for one in in_order(found.all()) if one.source is not None]
    assert places == [2, 9, 11]


@given(st.integers(0, 10**6), st.integers(0, 10**12))
def test_a_spot_is_written_as_it_is_read(partition: int, offset: int) -> None:
    assert Spot.parse(str(Spot(partition, offset))) == Spot(partition, offset)


@pytest.mark.parametrize("text", ["", "1", "1:", ":1", "-1:2", "1:2:3", "a:b", "1 :2", "²:1"])
def test_what_is_no_spot(text: str) -> None:
    with pytest.raises(ValueError, match="not of the form PARTITION:OFFSET"):
        Spot.parse(text)


@pytest.mark.parametrize(("partitions", "has_a_door"), [(1, False), (2, True)])
def test_a_partition_that_is_not_there_takes_none(partitions: int, has_a_door: bool) -> None:
    assert is_retriable(only(stored(3, refused(Topic.WATCH))), partitions) is has_a_door


def test_a_request_for_an_alert_is_one_again() -> None:
    error = RejectedError(Reason.UNKNOWN_TARGET, "sms is no target")
    asked = Single(7, 0, b"us", b"{}", [(RESEND, b"sms")])
    output = dead_letter(Place(Topic.ALERTS, 1), asked, error)
    record = Single(3, 0, output.key, output.value, output.headers)
    assert dict(again(only(record), record).headers)[RESEND] == b"sms"


def test_an_alert_that_gave_no_message_is_asked_for_anew() -> None:
    """The ledger says that it failed, so it would be passed over."""
    error = RejectedError(Reason.INTERNAL, "UndefinedError")
    output = dead_letter(Place(Topic.ALERTS, 1), Single(7, 0, b"us", b"{}"), error)
    record = Single(3, 0, output.key, output.value, output.headers)
    assert dict(again(only(record), record).headers)[RESEND] == b"*"
