"""Snapshots: a fold's state with the offset that it has reached.

A snapshot is one record, its head. A state that is large lies in parts of its own before the head,
and counts only when all of them are there and whole. The parts of one snapshot never replace those
of the one before it: two slots take turns. A state travels as MessagePack, columns as they are in
memory, and compressed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from streams.log import Log
from streams.outbox import Outbox
from streams.records import Output, Place, Record, Topic

FORMAT = 4
#: A compressed state of more bytes than this lies in parts of at most as many.
PART_BYTES = 8 * 1024 * 1024
_FIRST_LOOK = 64
#: States of more bytes than this are compressed, and taken apart again, in a thread.
_LARGE = 1024 * 1024

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a fold knew when it had taken everything below ``cursor``.

    The ``state`` is made of dicts, lists, texts, numbers (integers of 64 bits) and bytes.
    """

    fold: str
    place: Place
    cursor: int
    definition: str
    state: dict[str, Any]


def snapshot_key(fold: str, place: Place) -> bytes:
    """The key of a fold's snapshots of one partition; newer ones replace older ones."""
    return f"{fold}/{place}".encode()


class UnusableError(ValueError):
    """A snapshot that cannot be used; the message says why."""


class _IncompleteError(UnusableError):
    """Not all parts of a snapshot have been seen."""


def encode(snapshot: Snapshot, slot: int = 0) -> list[tuple[bytes, bytes]]:
    """The records of a snapshot, as key and value: its parts, if any, and last its head.

    A head is a line of JSON (format, cursor, definition, checksum), then the compressed state;
    or, where that lies in parts, it names the checksum of each instead.
    """
    return _records(snapshot, msgspec.msgpack.encode(snapshot.state), slot)


def _records(snapshot: Snapshot, data: bytes, slot: int) -> list[tuple[bytes, bytes]]:
    state = zlib.compress(data, 1)
    key = snapshot_key(snapshot.fold, snapshot.place)
    head = {"format": FORMAT, "cursor": snapshot.cursor, "definition": snapshot.definition}
    if len(state) <= PART_BYTES:
        return [(key, _line(head, state) + state)]
    chunks = [state[at : at + PART_BYTES] for at in range(0, len(state), PART_BYTES)]
    parts = [(b"%s/%d/%d" % (key, slot, number), chunk) for number, chunk in enumerate(chunks)]
    head |= {"slot": slot, "parts": [zlib.crc32(chunk) for chunk in chunks]}
    return [*parts, (key, _line(head, b""))]


def decode(fold: str, place: Place, values: Sequence[tuple[bytes, bytes]]) -> Snapshot:
    """The inverse of :func:`encode`, of the records of one fold and place in any order.

    Raises:
        UnusableError: the head, which is the last, is damaged or of another format; or a part is
            missing, or damaged.
    """
    found = _Found(fold, place)
    for key, value in values:
        found.add(key, value)
    return found.snapshot(*_head(values[-1][1]))


@dataclass(slots=True)
class _Found:
    """What has been seen of the snapshots of one fold and place."""

    fold: str
    place: Place
    heads: list[bytes] = field(default_factory=list)
    parts: dict[int, bytes] = field(default_factory=dict)
    """Parts by their checksum, which the head names."""

    def add(self, key: bytes | None, value: bytes | None) -> None:
        """Take note of a record of the topic, whatever it is."""
        if key is None or value is None:
            return
        mine = snapshot_key(self.fold, self.place)
        if key == mine:
            self.heads.append(value)
        elif key.startswith(mine + b"/"):
            self.parts[zlib.crc32(value)] = value

    def snapshot(self, head: dict[str, Any], state: bytes) -> Snapshot:
        """The snapshot of a head, with the state beside it; UnusableError if it is not whole."""
        if "parts" in head:
            missing = [crc for crc in head["parts"] if crc not in self.parts]
            if missing:
                what = f"{len(missing)} of its {len(head['parts'])} parts are missing or damaged"
                raise _IncompleteError(what)
            state = b"".join(self.parts[crc] for crc in head["parts"])
        try:
            data = msgspec.msgpack.decode(zlib.decompress(state), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, zlib.error):
            raise UnusableError("it is damaged") from None
        return Snapshot(self.fold, self.place, head["cursor"], head["definition"], data)


def _head(value: bytes) -> tuple[dict[str, Any], bytes]:
    line, _, state = value.partition(b"\n")
    try:
        head = json.loads(line)
        crc, written = head.pop("crc"), head["format"]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise UnusableError("it is damaged") from None
    if written != FORMAT:
        raise UnusableError(f"it has the format {written!r}, and this version reads {FORMAT}")
    if crc != _crc(head, state):
        raise UnusableError("it is damaged")
    return head, state


def _line(head: dict[str, Any], state: bytes) -> bytes:
    return json.dumps(head | {"crc": _crc(head, state)}).encode() + b"\n"


def _crc(head: dict[str, Any], state: bytes) -> int:
    return zlib.crc32(state, zlib.crc32(json.dumps(head, sort_keys=True).encode()))


async def _aside(size: int, job: Callable[..., T], *args: Any) -> T:
    """Do a job on so many bytes; a large one without holding up the event loop."""
    return await asyncio.to_thread(job, *args) if size > _LARGE else job(*args)


class Snapshots:
    """Writes snapshots to the compacted topic, and finds the newest."""

    def __init__(self, log: Log, outbox: Outbox) -> None:
        self._log = log
        self._outbox = outbox
        self._slots: dict[bytes, int] = {}

    async def write(self, snapshot: Snapshot) -> None:
        """Write a snapshot; its head only when all of its parts are in the log."""
        key = snapshot_key(snapshot.fold, snapshot.place)
        slot = 1 - self._slots.get(key, 1)
        data = msgspec.msgpack.encode(snapshot.state)
        for name, value in await _aside(len(data), _records, snapshot, data, slot):
            output = Output(Topic.SNAPSHOTS, name, value, snapshot.place.partition)
            await self._outbox.send([output])
        self._slots[key] = slot

    async def newest(self, fold: str, place: Place, definition: str) -> Snapshot | None:
        """The usable snapshot with the highest cursor, or None.

        Looks at the end of the topic first and goes back only as far as it must. A worker that
        has lost its partition can write an older snapshot after a newer one; hence the highest.
        """
        source = Place(Topic.SNAPSHOTS, place.partition)
        first, end = await self._log.bounds(source)
        look, upper, found = _FIRST_LOOK, end, _Found(fold, place)
        best, said = None, set[str]()
        while best is None and upper > first:
            lower = max(first, upper - look)
            async for records in self._log.read(source, lower, upper):
                _note(found, records)
            best = await self._highest(found, definition, said, last=lower == first)
            upper, look = lower, look * 8
        return best

    async def _highest(
        self, found: _Found, definition: str, said: set[str], *, last: bool
    ) -> Snapshot | None:
        """The first that is whole, from the highest cursor down: states are large."""
        for head, state in _by_cursor(found, said):
            if head["definition"] != definition:
                continue
            try:
                size = PART_BYTES * len(head.get("parts", ())) or len(state)
                snapshot = await _aside(size, found.snapshot, head, state)
            except UnusableError as error:
                if last or not isinstance(error, _IncompleteError):
                    _say(found, str(error), said)
                continue
            self._slots[snapshot_key(found.fold, found.place)] = int(head.get("slot", 1))
            return snapshot
        return None


def _note(found: _Found, records: Iterable[Record]) -> None:
    for record in records:
        found.add(record.key, record.value)


def _by_cursor(found: _Found, said: set[str]) -> list[tuple[dict[str, Any], bytes]]:
    """The heads that can be read, the highest cursor first; of the same the later one."""
    heads = []
    for value in reversed(found.heads):
        try:
            heads.append(_head(value))
        except UnusableError as error:
            _say(found, str(error), said)
    return sorted(heads, key=lambda head: -head[0]["cursor"])


def _say(found: _Found, why: str, said: set[str]) -> None:
    if why not in said:
        said.add(why)
        log.warning("a snapshot of %s on %s is not used: %s; an older one is looked for, or the "
                    "log folded from its beginning", found.fold, found.place, why)  # fmt: skip
