"""alerts → targets: each alert to each target that its routes name, with the ledger as witness.

The ledger is written only after the target has accepted, and read before anything is sent; so an
alert reaches each target at least once, and again only where the worker died in between. Each
target has a lane of its own, which goes on by itself: no target waits for another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerts.ledger import Entry, Ledger, Outcome
from alerts.stages.path import Known
from alerts.writers import Writers
from config.settings import Settings
from streams.calendars import hours_of
from streams.clock import Clock
from streams.definitions import names
from streams.delivery.desk import Desk, Fail
from streams.delivery.inbox import Inbox
from streams.delivery.lane import DeliveryLane
from streams.delivery.requests import Reader, Request
from streams.delivery.targets import Targets
from streams.log import Log
from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import RejectedError
from streams.works import internal_dead_letter

log = logging.getLogger(__name__)

#: How many alerts may wait in memory, for each target and partition.
ROOM = 1000
_SLICE = 100
#: How many alerts before those that are not settled are recalled, for what they say for others.
_RECALLED = 1000
#: Seconds that attempts may take to end before lanes begin anew.
_GRACE = 5.0


class DeliveryWork:
    """What the runner drives for one partition of alerts.

    It takes records as fast as they come: its state is how far each target has settled them, and
    with the ledger's topic, what is tried again.
    """

    definition = "ledger"

    def __init__(
        self,
        place: Place,
        settings: Settings,
        targets: Targets,
        *,
        log: Log,
        outbox: Outbox,
        metrics: Metrics,
        clock: Clock,
        fail: Fail,
        may_send: Callable[[], bool] = lambda: True,
        room: int = ROOM,
        known: Known | None = None,
        refresh: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Made by the agent.

        Args:
            fail: is told of an error that the worker must end with.
            may_send: says whether the partition is still ours; no attempt begins without it.
            known: what the stages know, of all partitions of a worker; by default what the
                configuration says.
            refresh: reads what has become known since, before anything is told.
        """
        known = known or Known.of(settings, hours_of)
        self._refresh = refresh
        self._targets = targets
        self._desk = Desk(
            place=place,
            rules=settings.delivery,
            targets=settings.targets,
            names=names(settings.watchlists, settings.instruments),
            writers=Writers(settings),
            reader=Reader(known.router, settings.targets),
            known=known,
            pictures=targets.pictures,
            ledger=Ledger(),
            log=log,
            outbox=outbox,
            metrics=metrics,
            clock=clock,
            may_send=may_send,
            fail=fail,
            room=room,
            unreadable=set(),
        )
        self._lanes: dict[str, DeliveryLane] = {}
        self._next = -1
        self._saved: dict[str, int] = {}

    async def take(self, records: Sequence[Record]) -> None:
        """Hand alerts to the lanes of their targets; return before they are delivered."""
        for start in range(0, len(records), _SLICE):
            refused: list[Output] = []
            untold: list[Entry] = []
            for record in records[start : start + _SLICE]:
                self._hand(record, refused, untold)
            await self._refuse(refused)
            await self._desk.write(untold)
            for lane in self._lanes.values():
                await lane.inbox.flush()
                lane.wake()
            await asyncio.sleep(0)

    async def settle(self) -> None:
        """Nothing is held back."""

    async def refuse(self, record: Record, error: Exception) -> None:
        """See :class:`streams.lane.Work`."""
        await self._refuse([internal_dead_letter(self._desk.place, record, error)])

    def snapshot(self) -> dict[str, Any]:
        """How far each target has come, and the offset after the last record taken."""
        self._saved = self._cursors()
        return {"next": self._next, "cursors": self._saved} if self._next >= 0 else {}

    def has_moved(self) -> bool:
        """Whether a target has settled more since."""
        return self._cursors() != self._saved

    async def restore(self, state: dict[str, Any] | None) -> None:
        """Read the ledger of this partition, and go on where each target has come to."""
        await self.close(_GRACE)
        self._forget_lanes()
        if self._refresh is not None:
            await self._refresh()
        self._next = int((state or {}).get("next", -1))
        saved = {name: int(at) for name, at in (state or {}).get("cursors", {}).items()}
        cursors = {name: saved.pop(name, self._next) for name in self._targets.notifiers}
        untold = await self._waiting(saved, cursors)
        ledger = await self._read_ledger(cursors, untold)
        await self._recall(min(cursors.values(), default=-1))
        self._open(cursors, ledger)
        tried = (entry for entry in ledger.retrying() if entry.target not in self._lanes)
        await self._desk.write([*map(self._nowhere, tried), *untold.values()])

    async def close(self, grace: float) -> None:
        """Begin no attempt; end those that run within ``grace`` seconds, with their entries."""
        await asyncio.gather(*(lane.close(grace) for lane in self._lanes.values()))

    def drop(self) -> None:
        """See :class:`streams.lane.Work`."""
        for lane in self._lanes.values():
            lane.cancel()
        self._forget_lanes()

    def _cursors(self) -> dict[str, int]:
        return {name: lane.inbox.cursor for name, lane in self._lanes.items()}

    def _hand(self, record: Record, refused: list[Output], untold: list[Entry]) -> None:
        """Hand a record on; ``untold`` are the ends of what no route names a target for."""
        request: Request | None = None
        try:
            request = self._desk.reader.read(record)
        except RejectedError as error:
            refused.append(dead_letter(self._desk.place, record, error))
        if request is not None and not request.targets:
            detail = str(self._desk.known.router.nobody(request.facts))
            untold.append(self._desk.entry("", request, Outcome.SUPPRESSED, detail))
        elif request is not None:
            self._desk.known.sources.see(request.alert, request.facts, request.targets)
        for lane in self._lanes.values():
            lane.inbox.hand(record.offset, request)
        self._next = max(self._next, record.offset + 1)

    async def _refuse(self, refused: Sequence[Output]) -> None:
        await self._desk.outbox.send(refused)
        self._desk.metrics.observe(refused)

    async def _recall(self, cursor: int) -> None:
        """Keep in mind again what alerts say for others, those that are settled included."""
        place, sources = self._desk.place, self._desk.known.sources
        if cursor < 0 or not sources.rules:
            return
        begin, _ = await self._desk.log.bounds(place)
        begin = max(begin, cursor - _RECALLED)
        async for records in self._desk.log.read(place, begin, max(begin, self._next)):
            for record in records:
                request = self._desk.reader.again(record)
                if request is not None:
                    sources.see(request.alert, request.facts, request.targets)
            await asyncio.sleep(0)

    async def _waiting(
        self, gone: Mapping[str, int], cursors: Mapping[str, int]
    ) -> dict[str, Entry]:
        """The ends of alerts that only targets which are not there any more have before them.

        Args:
            gone: the offsets that these targets had come to.
            cursors: where the others begin.
        """
        ends: dict[str, Entry] = {}
        first = min(gone.values(), default=self._next)
        if first >= self._next:
            return ends
        async for records in self._desk.log.read(self._desk.place, first, self._next):
            for request in filter(None, map(self._desk.reader.again, records)):
                if not any(cursors[name] <= request.offset for name in request.targets):
                    names = [name for name, at in gone.items() if at <= request.offset]
                    end = self._desk.entry("", request, Outcome.SUPPRESSED, _gone(names))
                    ends[request.alert.id] = end
        return ends

    async def _read_ledger(self, cursors: Mapping[str, int], untold: dict[str, Entry]) -> Ledger:
        """The ledger of this partition; what has any line in it is taken out of ``untold``."""
        ledger = Ledger()
        async for entry in self._lines():
            untold.pop(entry.alert, None)
            if ledger.apply(entry) and _is_past(entry, cursors):
                ledger.forget(entry.alert, entry.target)
        return ledger

    async def _lines(self) -> AsyncIterator[Entry]:
        """All that the ledger's topic has of this partition."""
        place = Place(Topic.NOTIFICATIONS, self._desk.place.partition)
        async for records in self._desk.log.read(place, *await self._desk.log.bounds(place)):
            for record in records:
                try:
                    yield Entry.decode(record.value or b"")
                except ValueError as error:
                    log.warning("ledger offset %d: %s", record.offset, error)

    def _open(self, cursors: Mapping[str, int], ledger: Ledger) -> None:
        desk = self._desk = replace(self._desk, ledger=ledger, unreadable=set())
        for name, notifier in self._targets.notifiers.items():
            inbox = Inbox(name, desk, cursors[name], self._next)
            gate = self._targets.gates[name]
            lane = DeliveryLane(name, desk, inbox, notifier=notifier, gate=gate, lanes=self._lanes)
            self._lanes[name] = lane
            self._targets.lanes[name].append(lane)
        for entry in ledger.retrying():
            if entry.target in self._lanes:
                self._owe(entry)
        for lane in self._lanes.values():
            lane.start()

    def _owe(self, entry: Entry) -> None:
        """Go on with what is tried again; the target is left alone as long as it was to be."""
        self._lanes[entry.target].inbox.owe(entry)
        wait = entry.next_ms / 1000 - self._desk.clock.now()
        if wait > 0 and entry.attempts:
            until = asyncio.get_running_loop().time() + min(wait, self._desk.rules.deadline)
            self._targets.gates[entry.target].leave_alone(until)

    def _nowhere(self, entry: Entry) -> Entry:
        """The end of what was to be tried again at a target that is not there any more."""
        at_ms = int(self._desk.clock.now() * 1000)
        return replace(
            entry,
            outcome=Outcome.SUPPRESSED,
            at_ms=at_ms,
            detail=_gone([entry.target]),
            next_ms=0,
            until_ms=0,
            held_ms=0,
            held_for="",
        )

    def _forget_lanes(self) -> None:
        for name, lane in self._lanes.items():
            self._targets.lanes[name].remove(lane)
        self._lanes = {}


def _is_past(entry: Entry, cursors: Mapping[str, int]) -> bool:
    """Whether an entry is about history that its lane has behind it: there is a lot of that."""
    is_known = entry.outcome is Outcome.SUPPRESSED and entry.offset >= 0
    return is_known and entry.offset < cursors.get(entry.target, 0)


def _gone(targets: Sequence[str]) -> str:
    """Why an alert is not told, which waited for these."""
    which = f"the target {targets[0]} is" if len(targets) == 1 else f"{', '.join(targets)} are"
    return f"unrouted: {which} not in the configuration any more"
