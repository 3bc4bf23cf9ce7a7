"""The JSON document that a webhook gets, and its JSON Schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from alerts.model import Alert
from alerts.underway import Parcel

VERSION: Literal[1] = 1
"""It changes where a reader of the version before would be wrong; keys may be added without."""


@dataclass(frozen=True, slots=True)
class Words:
    """The message for people, as plain text."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Links:
    """What the document belongs to."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(use_attribute_docstrings=True)

    follows: str
    """The key of the earlier document that this one corrects, restores, confirms, withdraws or
    settles; empty where there is none."""
    thread: str
    """What the documents about one streak have in common; empty where it is about none."""
    first: str
    """The key of the first document that this target was given about the streak; empty in that one,
    and where it is about none."""


@dataclass(frozen=True, slots=True)
class Document:
    """What Streakwatch posts to a webhook. Keys may be added: pass over those that are unknown."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(use_attribute_docstrings=True)

    version: Literal[1]
    """The version of this form."""
    key: str
    """ALERT/TARGET, the same each time that the document is sent: whoever has seen it is done. What
    a person asks for again has a key of its own."""
    sent_at: str
    """When this attempt was made, in UTC, such as 2026-01-22T21:05:04.210Z."""
    test: bool
    """Whether it is a test, about nothing that has happened."""
    target: str
    """The name of the target in the configuration."""
    words: Words
    links: Links
    alert: Alert
    """The alert with its evidence."""


def document(parcel: Parcel, now: float) -> dict[str, Any]:
    """The document of a message, as plain values; ``now`` in seconds since 1970."""
    message, alert = parcel.message, parcel.alert
    sent_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
    return {
        "version": VERSION,
        "key": parcel.envelope.key,
        "sent_at": sent_at.replace("+00:00", "Z"),
        "test": message.test,
        "target": parcel.target,
        "words": {"title": message.title, "body": message.body},
        "links": {
            "follows": f"{alert.follows}/{parcel.target}" if alert.follows else "",
            "thread": parcel.envelope.thread,
            "first": f"{message.first}/{parcel.target}" if message.first else "",
        },
        "alert": alert.to_dict(),
    }


def encode(fields: dict[str, Any]) -> bytes:
    """JSON in ASCII: no feed text of any alphabet can do harm in it."""
    return json.dumps(fields, separators=(",", ":")).encode()


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # a key needs no title beside its name


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the document."""
    adapter = TypeAdapter(Document)
    schema = adapter.json_schema(mode="serialization", schema_generator=_Generator)
    return {"$schema": GenerateJsonSchema.schema_dialect} | schema
