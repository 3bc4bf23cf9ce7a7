"""Snapshots: a fold's state with the offset that it has reached, one record each."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from streams.log import Log
from streams.outbox import Outbox
from streams.records import Output, Place, Topic

FORMAT = 2
MAX_BYTES = 24 * 1024 * 1024
_FIRST_LOOK = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a fold knew when it had taken everything below ``cursor``."""

    fold: str
    place: Place
    cursor: int
    definition: str
    state: dict[str, Any]

    @property
    def key(self) -> bytes:
        """The key under which newer snapshots replace older ones."""
        return snapshot_key(self.fold, self.place)


def snapshot_key(fold: str, place: Place) -> bytes:
    """The key of a fold's snapshots of one partition."""
    return f"{fold}/{place}".encode()


def encode(snapshot: Snapshot) -> bytes:
    """A line of JSON (format, cursor, definition, checksum), then the compressed state."""
    state = zlib.compress(json.dumps(snapshot.state, separators=(",", ":")).encode(), 1)
    head = {
        "format": FORMAT,
        "cursor": snapshot.cursor,
        "definition": snapshot.definition,
    }
    head["crc"] = _crc(head, state)
    return json.dumps(head).encode() + b"\n" + state


def decode(fold: str, place: Place, value: bytes) -> Snapshot | None:
    """The inverse of :func:`encode`; None for another format or damaged bytes."""
    try:
        line, _, state = value.partition(b"\n")
        head = json.loads(line)
        if head["format"] != FORMAT or head.pop("crc") != _crc(head, state):
            return None
        data = json.loads(zlib.decompress(state))
        return Snapshot(fold, place, int(head["cursor"]), str(head["definition"]), data)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, zlib.error):
        return None


def _crc(head: dict[str, Any], state: bytes) -> int:
    return zlib.crc32(state, zlib.crc32(json.dumps(head, sort_keys=True).encode()))


class Snapshots:
    """Writes snapshots to the compacted topic, and finds the newest."""

    def __init__(self, log: Log, outbox: Outbox) -> None:
        self._log = log
        self._outbox = outbox

    async def write(self, snapshot: Snapshot) -> bool:
        """Write a snapshot; False, with a warning, where it is too large for one record."""
        value = encode(snapshot)
        if len(value) > MAX_BYTES:
            log.warning(
                "snapshot of %s on %s: %d bytes are more than one record holds; "
                "a restart folds from an older one, or from the log's beginning",
                snapshot.fold, snapshot.place, len(value),
            )  # fmt: skip
            return False
        output = Output(Topic.SNAPSHOTS, snapshot.key, value, snapshot.place.partition)
        await self._outbox.send([output])
        return True

    async def newest(self, fold: str, place: Place, definition: str) -> Snapshot | None:
        """The usable snapshot with the highest cursor, or None.

        Looks at the end of the topic first and goes back only as far as it must. A worker that
        has lost its partition can write an older snapshot after a newer one; hence the highest.
        """
        source = Place(Topic.SNAPSHOTS, place.partition)
        first, end = await self._log.bounds(source)
        look, upper, best = _FIRST_LOOK, end, None
        while best is None and upper > first:
            lower = max(first, upper - look)
            found = await self._values(source, snapshot_key(fold, place), lower, upper)
            best = _highest(fold, place, definition, found)
            upper, look = lower, look * 8
        return best

    async def _values(self, source: Place, key: bytes, start: int, end: int) -> list[bytes]:
        found: list[bytes] = []
        async for records in self._log.read(source, start, end):
            found += [r.value for r in records if r.key == key and r.value is not None]
        return found


def _highest(fold: str, place: Place, definition: str, values: Iterable[bytes]) -> Snapshot | None:
    decoded = (decode(fold, place, value) for value in values)
    usable = [s for s in decoded if s is not None and s.definition == definition]
    return max(usable, key=lambda s: s.cursor, default=None)
