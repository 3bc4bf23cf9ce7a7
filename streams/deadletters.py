"""Dead letters as they lie in their topic, and the marks of those that people dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from streams.formats import arrow
from streams.records import RESEND, Headers, Output, Record, Topic
from streams.wire import Reason

#: The topics that letters come from, and that take them again.
DOORS = (Topic.TICKS, Topic.CLOSES, Topic.WATCH, Topic.ALERTS, Topic.NOTIFICATIONS)
#: The reason of a record that is somebody's own.
NO_LETTER = "not-a-dead-letter"


class Done(StrEnum):
    """What people can do with a letter."""

    RETRIED = "retried"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the topic of dead letters, written ``PARTITION:OFFSET``."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Spot:
        """The inverse of ``str``; ValueError for anything else."""
        partition, colon, offset = text.partition(":")
        if not (colon and partition.isdecimal() and offset.isdecimal() and text.isascii()):
            raise ValueError(f"{text!r} is not of the form PARTITION:OFFSET")
        return cls(int(partition), int(offset))


@dataclass(frozen=True, slots=True)
class Source:
    """Where a letter came from, and why: what its headers say.

    ``row`` is set where it is one row of a record that holds many.
    """

    topic: Topic
    partition: int
    offset: int
    reason: str
    detail: str
    row: int | None = None

    def __str__(self) -> str:
        row = "" if self.row is None else f" row {self.row}"
        return f"{self.topic}-{self.partition}@{self.offset}{row}"


@dataclass(frozen=True, slots=True)
class Mark:
    """That a letter was dealt with: at ``at_ms``, milliseconds since 1970."""

    of: Spot
    done: Done
    at_ms: int


@dataclass(slots=True)
class Letter:
    """A record of the topic; ``source`` is None where it is somebody's own, and no dead letter."""

    spot: Spot
    at_ms: int
    key: bytes | None
    size: int
    source: Source | None
    marks: list[Mark] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """Why it is here."""
        return NO_LETTER if self.source is None else self.source.reason

    @property
    def status(self) -> str:
        """``open``, or what was done with it last."""
        return self.marks[-1].done.value if self.marks else "open"


class Letters:
    """A fold over the records of the topic; the values themselves are not kept."""

    def __init__(self) -> None:
        self._letters: dict[Spot, Letter] = {}

    def take(self, partition: int, record: Record) -> None:
        """A letter, or the mark of an earlier one."""
        spot = Spot(partition, record.offset)
        mark = mark_of(partition, record)
        if mark is None:
            size = len(record.value or b"")
            source = source_of(record.headers)
            self._letters[spot] = Letter(spot, record.timestamp, record.key, size, source)
        elif mark.of in self._letters:  # else retention has removed what it marks
            self._letters[mark.of].marks.append(mark)

    def all(self) -> list[Letter]:
        """In the order of their coming."""
        return sorted(self._letters.values(), key=lambda one: (one.at_ms, one.spot.offset))

    def get(self, spot: Spot) -> Letter | None:
        """The letter in a place."""
        return self._letters.get(spot)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant; each that is empty asks for nothing."""

    since_ms: int = 0
    topic: str = ""
    reason: str = ""
    done_too: bool = False

    def wants(self, letter: Letter) -> bool:
        """Whether a letter is among them."""
        topic = "" if letter.source is None else letter.source.topic.value
        return (
            letter.at_ms >= self.since_ms
            and self.topic in ("", topic)
            and self.reason in ("", letter.reason)
            and (self.done_too or not letter.marks)
        )


def source_of(headers: Headers) -> Source | None:
    """What the headers of a dead letter say; None where they are not those of one."""
    said = _texts(headers)
    try:
        return Source(
            Topic(said["topic"]),
            int(said["partition"]),
            int(said["offset"]),
            said["reason"],
            said.get("detail", ""),
            int(said["row"]) if "row" in said else None,
        )
    except (KeyError, ValueError):
        return None


def mark_of(partition: int, record: Record) -> Mark | None:
    """The mark that a record is; None where it is none."""
    said = _texts(record.headers)
    if record.value is not None:
        return None
    try:
        of = Spot(partition, int(said["of"]))
        return Mark(of, Done(said["marked"]), int(said["at"]))
    except (KeyError, ValueError):
        return None


def mark(letter: Letter, done: Done, now_ms: int) -> Output:
    """The record that marks a letter, in the same partition; aiokafka wants a key, or a value."""
    said = {"marked": done.value, "of": str(letter.spot.offset), "at": str(now_ms)}
    headers = tuple((name, text.encode()) for name, text in said.items())
    return Output(Topic.DEAD_LETTERS, said["of"].encode(), None, letter.spot.partition, headers)


def is_retriable(letter: Letter, partitions: int) -> bool:
    """Whether there is a door that it can pass again: a topic, and one of its partitions."""
    source = letter.source
    return source is not None and source.topic in DOORS and 0 <= source.partition < partitions


def again(letter: Letter, record: Record) -> Output:
    """The original bytes on their way to where they came from.

    A close goes where its key says; what has no key, such as a stream of many closes, and all
    others to the very partition that they came from.

    Args:
        record: the letter's own record, with the bytes.
    """
    source = letter.source
    assert source is not None
    by_key = source.topic is Topic.CLOSES and record.key is not None
    partition = None if by_key else source.partition
    spot = f"{Topic.DEAD_LETTERS}-{letter.spot.partition}@{letter.spot.offset}"
    headers = [("retried", spot.encode())]
    headers += [header for header in record.headers if header in arrow.HEADERS]
    if source.topic is Topic.ALERTS:
        headers += _request(source, record)
    return Output(source.topic, record.key, record.value, partition, tuple(headers))


def _request(source: Source, record: Record) -> list[tuple[str, bytes]]:
    """The request that an alert was; one that no message could be made of is asked for anew.

    The ledger has it as failed at each target, and would else have it pass over.
    """
    asked = [(name, value) for name, value in record.headers if name == RESEND]
    return asked or ([(RESEND, b"*")] if source.reason == Reason.INTERNAL.value else [])


def in_order(letters: Iterable[Letter]) -> list[Letter]:
    """As they stood in the topics that they came from."""

    def place(letter: Letter) -> tuple[str, int, int]:
        source = letter.source
        return ("", 0, 0) if source is None else (source.topic, source.partition, source.offset)

    return sorted(letters, key=place)


def _texts(headers: Headers) -> Mapping[str, str]:
    return {name: (value or b"").decode("utf-8", "replace") for name, value in headers}
