"""The book of silences: what the topic says, as it comes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from alerts.matchers import Matcher
from alerts.silences import Silence, Silences
from streams.records import Output, Place, Topic
from streams.silences import KEEP_MS, SilenceBook, forgotten, new_id, written

NOW = 1_769_119_504.0
RUT = Silence("4f2c1a9e", (Matcher("asset", ("RUT",)),), "ann", "split", 0, int(NOW + 60) * 1000)
FACTS = {"asset": "RUT"}


class StillClock:
    """A clock that stands still."""

    at = NOW

    def now(self) -> float:
        return self.at


class Topics:
    """The topic in memory, in two partitions."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.clock = StillClock()
        self.book = SilenceBook(log, self.clock)

    def put(self, output: Output, partition: int = 0) -> None:
        self.log.append(Place(output.topic, partition), output.value, key=output.key)

    def active(self) -> list[str]:
        now_ms = int(self.clock.now() * 1000)
        return [one.id for one in self.book.silences.active(FACTS, now_ms)]


@pytest.fixture
def topics(harness: Any) -> Topics:
    made = Topics(harness.log)
    for partition in (0, 1):
        harness.log.append(Place(Topic.SILENCES, partition))
    return made


async def test_it_is_read_to_its_end_and_then_followed(topics: Topics) -> None:
    topics.put(written(RUT), 1)
    assert (await topics.book.refresh(), topics.active()) == (1, [RUT.id])
    assert await topics.book.refresh() == 0
    topics.put(written(replace(RUT, id="aaaa0000")), 0)
    assert (await topics.book.refresh(), topics.active()) == (1, [RUT.id, "aaaa0000"])


async def test_a_later_record_takes_the_place_of_an_earlier_one(topics: Topics) -> None:
    topics.put(written(RUT))
    topics.put(written(RUT.expired(int(NOW * 1000))))
    await topics.book.refresh()
    assert (topics.active(), len(topics.book.silences)) == ([], 1)


async def test_one_that_ends_by_itself_is_looked_for_no_more(topics: Topics) -> None:
    topics.put(written(RUT))
    await topics.book.refresh()
    topics.clock.at += 60
    assert topics.active() == []
    await topics.book.refresh()
    assert len(topics.book.silences._index) == 0


async def test_what_is_no_silence_is_passed_over(
    topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3000):
        topics.put(Output(Topic.SILENCES, b"x", b"rubbish \x1b[31m"))
    topics.put(written(RUT))
    with caplog.at_level(logging.WARNING):
        await topics.book.refresh()
    assert topics.active() == [RUT.id]
    (line,) = caplog.messages
    assert line.startswith("silences-0@0 (Expecting value")
    assert line.endswith("is no silence and is passed over, and so are 2,999 more")
    assert "\x1b" not in caplog.text


async def test_one_under_the_key_of_another_is_passed_over(topics: Topics) -> None:
    topics.put(Output(Topic.SILENCES, b"aaaa0000", RUT.encode()))
    await topics.book.refresh()
    assert topics.active() == []


async def test_what_ended_long_ago_is_taken_out(topics: Topics) -> None:
    topics.put(written(RUT))
    await topics.book.refresh()
    outputs = list(forgotten(topics.book.silences, RUT.ends_ms + KEEP_MS))
    assert outputs == []
    (output,) = forgotten(topics.book.silences, RUT.ends_ms + KEEP_MS + 1)
    assert (output.key, output.value) == (RUT.key, None)
    topics.put(output)
    await topics.book.refresh()
    assert list(topics.book.silences) == []


async def test_all_who_ask_at_the_same_time_have_it_read_once(topics: Topics) -> None:
    topics.put(written(RUT))
    found = await asyncio.gather(*(topics.book.refresh() for _ in range(4)))
    assert (found, topics.active()) == ([1, 0, 0, 0], [RUT.id])


async def test_when_the_log_does_not_answer_what_was_known_stays(topics: Topics) -> None:
    topics.put(written(RUT))
    await topics.book.refresh()
    topics.put(written(replace(RUT, id="aaaa0000")))
    topics.log.failures.append(ConnectionError("away"))
    with pytest.raises(ConnectionError):
        await topics.book.refresh()
    assert topics.active() == [RUT.id]
    await topics.book.refresh()
    assert topics.active() == [RUT.id, "aaaa0000"]


def test_an_id_is_eight_hex_digits_that_no_other_has() -> None:
    found = {new_id(Silences()) for _ in range(50)}
    assert len(found) == 50
    assert all(len(one) == 8 and int(one, 16) >= 0 for one in found)
