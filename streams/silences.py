"""The book of silences: what the topic says, kept by every worker, and how it is written."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable, Iterator

from alerts.silences import Silence, Silences
from streams.clock import Clock
from streams.log import Log
from streams.records import Output, Place, Record, Topic

log = logging.getLogger(__name__)

#: How long a silence that has ended is still listed, in milliseconds.
KEEP_MS = 30 * 86_400_000


class SilenceBook:
    """The silences as the topic has them; :meth:`refresh` reads what has come since.

    Whoever keeps one refreshes it once before alerts are judged by it, and then every second: so
    what a person adds counts on all workers a second later.
    """

    def __init__(self, log: Log, clock: Clock) -> None:
        self.silences = Silences()
        self._log = log
        self._clock = clock
        self._next: dict[int, int] = {}
        self._reading = asyncio.Lock()

    async def refresh(self) -> int:
        """Read all partitions up to their ends; how many records have come.

        Who asks while it is read waits, and reads what has come since: so an older record never
        takes the place of a later one.

        Raises:
            aiokafka.errors.KafkaError: the broker does not answer; what was known stays.
        """
        async with self._reading:
            if not self._next:
                self._next = dict.fromkeys(await self._log.partitions(Topic.SILENCES), 0)
            found = 0
            for partition in self._next:
                found += await self._read(Place(Topic.SILENCES, partition))
            self.silences.tidy(self._now())
            return found

    async def _read(self, place: Place) -> int:
        first, end = await self._log.bounds(place)
        start, count, strange = self._next[place.partition], 0, list[str]()
        if start > end:  # the topic was made anew
            start = first
        async for records in self._log.read(place, max(first, start), end):
            for record in records:
                try:
                    self._take(record)
                except ValueError as error:
                    strange.append(f"{place}@{record.offset} ({error})")
            count += len(records)
        self._next[place.partition] = end
        if strange:  # one line, however many there are
            more = f", and so are {len(strange) - 1:,} more" if len(strange) > 1 else ""
            log.warning("%s is no silence and is passed over%s", strange[0], more)
        return count

    def _take(self, record: Record) -> None:
        """Take a record; ValueError where it is no silence."""
        if record.value is None:
            self.silences.forget((record.key or b"").decode("utf-8", "replace"))
            return
        silence = Silence.decode(record.value)
        if record.key != silence.key:  # it would come back when the topic is compacted
            raise ValueError(f"the record of {silence.id} has another key")
        self.silences.put(silence, self._now())

    def _now(self) -> int:
        return int(self._clock.now() * 1000)


def new_id(known: Silences) -> str:
    """An id that no silence has: eight hex digits."""
    return next(name for name in iter(lambda: secrets.token_hex(4), "") if known.get(name) is None)


def written(silence: Silence) -> Output:
    """The record of a silence; a later one of the same id takes its place."""
    return Output(Topic.SILENCES, silence.key, silence.encode())


def forgotten(silences: Iterable[Silence], now_ms: int) -> Iterator[Output]:
    """The records that take out what has ended so long ago that nobody lists it any more."""
    for silence in silences:
        if silence.ends_ms + KEEP_MS < now_ms:
            yield Output(Topic.SILENCES, silence.key, None)
