"""How the alerts of one target come from the log to its queue, with bounded memory.

What the partition is handed goes into the queue while there is room. What comes after that is read
from the log once more when there is room again; so nothing is lost, and no other target waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from alerts.ledger import Entry, Outcome
from streams.delivery.desk import Desk
from streams.delivery.queue import Held, Item, Queue
from streams.delivery.requests import Request
from streams.records import Record

log = logging.getLogger(__name__)

_BATCH = 500
_SLICE = 100


class Inbox:
    """What lies before ``read_to`` is settled, in the queue, or owed; the log goes to ``end``."""

    def __init__(self, target: str, desk: Desk, begin: int, end: int) -> None:
        """``begin`` is the lowest offset that may not be settled; -1: where the first one is."""
        self.queue = Queue()
        self.owed: dict[int, Entry] = {}
        self._target = target
        self._desk = desk
        self._begin = self._read_to = begin
        self._end = end
        self._historic: list[Entry] = []
        self._writing = asyncio.Lock()

    @property
    def cursor(self) -> int:
        """The lowest offset that is not settled; -1 while nothing is known."""
        oldest = self.queue.oldest()
        waiting = [oldest.offset] if oldest else []
        return min([self._read_to, *waiting, *(entry.offset for entry in self._historic[:1])])

    def __len__(self) -> int:
        """How many records are not settled, or not looked at."""
        behind = self._end - self._read_to
        return len(self.queue) + len(self._historic) + len(self.owed) + behind

    @property
    def room(self) -> int:
        """How many more alerts may wait in memory."""
        return max(0, self._desk.room - len(self.queue))

    def hand(self, offset: int, request: Request | None) -> None:
        """The next record of the partition, None where it is no alert; one seen before is none."""
        if self._end < 0:
            self._begin = self._read_to = self._end = offset
        if offset < self._end:
            return
        if self._read_to >= self._end and self.room:
            self._look(offset, request)
            self._read_to = offset + 1
        self._end = offset + 1

    def owe(self, entry: Entry, request: Request | None = None) -> None:
        """What the ledger says must go to this target, wherever it lies in the log."""
        if entry.offset in self.queue or entry.offset in self.owed:
            return  # two targets with one fallback may hand over at the same moment
        if request is not None and self.room:
            self.queue.add(self._item_of(entry, request))
        else:
            self.owed[entry.offset] = entry

    async def fill(self) -> bool:
        """Read on from the log, where something is left there; whether there is more to read."""
        if self._has_much_room():
            await self._fill_owed()
            await self._fill_next()
        await self.flush()
        is_owed = any(offset < self._read_to for offset in self.owed)
        return self._has_much_room() and (self._read_to < self._end or is_owed)

    def _has_much_room(self) -> bool:
        """So that the log is read in long stretches, not for every alert."""
        return self.room >= (self._desk.room + 1) // 2

    async def flush(self) -> None:
        """Write the ends of what is history into the ledger."""
        async with self._writing:
            while self._historic:
                batch = self._historic[:_BATCH]
                await self._desk.write(batch)
                del self._historic[: len(batch)]

    async def _fill_owed(self) -> None:
        wanted = sorted(o for o in self.owed if o < self._read_to)[: self.room]
        if not wanted:
            return
        async for records in self._desk.log.read(self._desk.place, wanted[0], wanted[-1] + 1):
            for record in records:
                if record.offset in self.owed:
                    self._look(record.offset, self._desk.reader.again(record))
        for offset in wanted:
            if self.owed.pop(offset, None) is not None:
                log.warning("target %s: the alert at offset %d of %s is not there any more",
                            self._target, offset, self._desk.place)  # fmt: skip

    async def _fill_next(self) -> None:
        if self._read_to >= self._end:
            return
        end = min(self._end, self._read_to + self.room)
        async for records in self._desk.log.read(self._desk.place, self._read_to, end):
            await self._look_at(records)
        self._read_to = max(self._read_to, end)  # the log may end in a hole

    async def _look_at(self, records: Sequence[Record]) -> None:
        for start in range(0, len(records), _SLICE):
            for record in records[start : start + _SLICE]:
                self._look(record.offset, self._desk.reader.again(record))
                self._read_to = record.offset + 1
            await self.flush()
            await asyncio.sleep(0)

    def _look(self, offset: int, request: Request | None) -> None:
        """Queue what is due; note what is history."""
        owed = self.owed.pop(offset, None)
        if request is None or offset in self.queue:
            return
        if owed is not None and owed.alert == request.alert.id:
            self.queue.add(self._item_of(owed, request))
        elif offset >= self._begin and self._is_for_us(request):
            self._take_up(request)

    def _is_for_us(self, request: Request) -> bool:
        """Whether the target is asked for, or was told, as a fallback, what the alert corrects."""
        if self._target in request.targets or request.asked:
            return self._target in request.targets
        ledger, corrected = self._desk.ledger, request.alert.follows
        told = ledger.outcome(corrected, self._target) is Outcome.DELIVERED
        return bool(corrected) and (told or ledger.is_retrying(corrected, self._target))

    def _take_up(self, request: Request) -> None:
        desk, alert = self._desk, request.alert
        if desk.is_settled(request, self._target):
            if desk.ledger.outcome(alert.id, self._target) is Outcome.SUPPRESSED:
                desk.ledger.forget(alert.id, self._target)
        elif not request.asked and not alert.follows and desk.is_historic(alert):
            self._historic.append(historic(desk, request, self._target))
        else:
            group = desk.group(desk.group_of(request, self._target), self._target)
            due = _now() + (group.wait if group else 0.0)
            self.queue.add(Item(request, due, desk.deadline(request), group=group))

    def _item_of(self, entry: Entry, request: Request) -> Item:
        """An item as the ledger has left it.

        Whether what was held back still is, is asked again: the configuration may be another.
        """
        desk, until = self._desk, entry.until_ms / 1000
        if not entry.instead_of:
            until = max(until, desk.deadline(request))  # what was held back has more time
        held = Held.of(entry)
        way = held.digest if held else desk.group_of(request, entry.instead_of or self._target)
        group = desk.group(way, self._target)
        item = Item(request, _now(), until, entry.attempts, entry.detail, entry.instead_of,
                    group=group, held=held)  # fmt: skip
        if entry.attempts:
            wait = min(entry.next_ms / 1000 - desk.clock.now(), desk.rules.deadline)
            item.due += max(0.0, wait)
        elif entry.instead_of and group is not None:
            item.due += group.wait  # who was refused by itself, one after the other, goes together
        return item


def _now() -> float:
    return asyncio.get_running_loop().time()


def historic(desk: Desk, request: Request, target: str) -> Entry:
    """The end of what is too old to be told."""
    return desk.entry(target, request, Outcome.SUPPRESSED, "historic")
