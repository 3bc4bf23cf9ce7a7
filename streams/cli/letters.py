"""Dead letters as rows, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alerts.moments import moment
from streams.cli.tables import printable, printable_bytes
from streams.deadletters import Letter
from streams.records import Record

_SHOWN = 2000


def letter_row(letter: Letter) -> dict[str, Any]:
    """A letter in a list."""
    source = letter.source
    return {
        "place": str(letter.spot),
        "time": moment(letter.at_ms),
        "from": "" if source is None else str(source),
        "reason": letter.reason,
        "bytes": letter.size,
        "detail": "" if source is None else source.detail,
        "status": letter.status,
        "key": None if letter.key is None else printable_bytes(letter.key),
    }


def letter_lines(letter: Letter, record: Record) -> Iterator[str]:
    """All about a letter, for people."""
    source = letter.source
    yield f"Dead letter {letter.spot}, {moment(letter.at_ms)}"
    if source is None:
        yield "It is none: its headers do not say where it came from"
    else:
        yield f"From {source}: {printable(source.reason)}"
        yield f"  {printable(source.detail)}"
    for mark in letter.marks:
        yield f"{mark.done.value.capitalize()} {moment(mark.at_ms)}"
    yield "Headers:"
    for name, value in record.headers:
        yield f"  {printable(name)}: {printable_bytes(value or b'')}"
    yield f"Key: {'none' if record.key is None else printable_bytes(record.key)}"
    yield from _bytes(record.value)


def _bytes(value: bytes | None) -> Iterator[str]:
    if value is None:
        yield "Value: none"
        return
    yield f"Value, {len(value):,} bytes:"
    yield printable_bytes(value[:_SHOWN])
    if len(value) > _SHOWN:
        yield f"… and {len(value) - _SHOWN:,} more bytes (--raw writes all)"
