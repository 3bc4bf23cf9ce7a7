"""What folds take and give: records of a log, outputs for topics, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from streams.fields import RejectedError

Headers = Sequence[tuple[str, bytes]]

RESEND = "resend"
"""The header of a person's request: the names of targets, or ``*`` for the routes' own."""

CHART = "chart"
"""The header of an alert with what its picture shows; see :mod:`alerts.pictures.tail`."""

SUMMARIES = b"summary"
"""The key of all summaries in ``alerts``, whose other keys are watchlists: so they lie in one
partition, and a target can be told those of all watchlists in one message."""


class Topic(StrEnum):
    """The topics, by their names without a deployment's prefix."""

    TICKS = "ticks"
    CLOSES = "closes"
    WATCH = "watch"
    ALERTS = "alerts"
    STREAKS = "streaks"
    NOTIFICATIONS = "notifications"
    SILENCES = "silences"
    SNAPSHOTS = "snapshots"
    DEAD_LETTERS = "dead-letters"


class Record(Protocol):
    """A record of a log; ``timestamp`` in milliseconds since 1970."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


def requested(record: Record) -> bytes | None:
    """The targets that a person asks for with a record of an alert; None for any other record."""
    return next((value for name, value in record.headers if name == RESEND), None)


@dataclass(frozen=True, slots=True)
class Output:
    """A record to be sent; without a ``partition`` the key decides.

    ``about`` is what the value says, before it was encoded; it is not sent.
    """

    topic: Topic
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()
    about: object = None


@dataclass(frozen=True, slots=True)
class Place:
    """A partition of a topic: where a fold's records come from."""

    topic: Topic
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class Row(Protocol):
    """A row of a record that holds many: its number, and its values as JSON."""

    @property
    def row(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...


def dead_letter(
    place: Place, record: Record, error: RejectedError, row: Row | None = None
) -> Output:
    """The original bytes, or the row that is meant, with where they stood and why they could not
    be used."""
    position = {
        "topic": place.topic.value,
        "partition": str(place.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
        "reason": error.reason.value,
        "detail": error.detail,
    }
    content = record.value
    if row is not None and row.value is not None:
        position["row"] = str(row.row)
        content = row.value
    headers = [(name, text.encode("utf-8", "replace")) for name, text in position.items()]
    kept = (RESEND,) if "row" in position else (RESEND, "content-type")
    headers += [(name, value or b"") for name, value in record.headers if name in kept]
    nothing = record.key is None and record.value is None  # which no producer of ours can send
    value = b"" if nothing else content
    return Output(
        Topic.DEAD_LETTERS, record.key, value, headers=tuple(headers), about=(place, error)
    )
