"""What the lanes of one partition share: its ledger, its rules, and how both are written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from alerts.age import is_historic
from alerts.envelope import thread
from alerts.ledger import Entry, Ledger, Outcome
from alerts.model import Alert
from alerts.pictures.drawing import Picture
from alerts.stages.mute import mute
from alerts.stages.path import Known, Told, decide, remember, telling
from alerts.targets import Message
from alerts.words.summary import Part
from alerts.writers import Writers
from config.errors import StreakwatchError
from config.settings import Delivery, Target
from streams.clock import Clock
from streams.delivery.queue import Item
from streams.delivery.requests import Group, Reader, Request
from streams.log import Log
from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.pictures import Pictures
from streams.records import Output, Place, Topic
from streams.works import internal_dead_letter

Fail = Callable[[StreakwatchError], Awaitable[None]]
"""Ends the worker with an error that no trying again mends."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything but the target; ``room`` is how many alerts may wait in memory for each."""

    place: Place
    rules: Delivery
    targets: dict[str, Target]
    names: dict[str, dict[str, str]]
    writers: Writers
    pictures: Pictures
    reader: Reader
    ledger: Ledger
    log: Log
    outbox: Outbox
    metrics: Metrics
    clock: Clock
    may_send: Callable[[], bool]
    fail: Fail
    room: int
    known: Known
    unreadable: set[int]
    """Offsets of alerts that could not be rendered, and are in the dead letters."""

    def is_historic(self, alert: Alert) -> bool:
        """Whether an alert is about a period that ended too long ago to be news."""
        return is_historic(alert, self.rules, self.clock.now() * 1000)

    def deadline(self, request: Request) -> float:
        """Until when an alert is tried, in seconds since 1970."""
        return request.record.timestamp / 1000 + self.rules.deadline

    def is_settled(self, request: Request, target: str) -> bool:
        """Whether a request is done: for a person's by itself, else by any record of the alert."""
        since = request.offset if request.asked else -1
        return self.ledger.settled(request.alert.id, target, since)

    def withheld(self, item: Item, target: str) -> Told | None:
        """Why a target is not told of an alert now; None where it is.

        What a person has asked for, what was tried already, what comes instead of another target,
        and what follows something that the target was told, is told.
        """
        request = item.request
        if not item.is_fresh:
            return None
        follows = request.alert.follows
        if follows and self.ledger.outcome(follows, target) is Outcome.DELIVERED:
            return None
        judgement = decide(request.alert, self.known, int(self.clock.now() * 1000))
        remember(request.alert, judgement, self.known)
        told = next((one for one in judgement.told if one.target == target), None)
        if told is None or told.decision.is_told:
            return None
        if self.ledger.outcome(told.decision.by, target) in (Outcome.FAILED, Outcome.GIVEN_UP):
            return None  # who is said to tell it has told nothing
        return told

    def entry(self, target: str, request: Request, outcome: Outcome, detail: str = "") -> Entry:
        """A line of the ledger, of now."""
        at_ms = int(self.clock.now() * 1000)
        alert, offset = request.alert, request.offset
        told_in = thread(alert, target) if outcome is Outcome.DELIVERED else ""
        return Entry(alert.id, target, outcome, at_ms, detail=detail, offset=offset, thread=told_in)

    async def write(self, entries: Sequence[Entry]) -> None:
        """Write lines into the ledger, in their order; return when the log has them."""
        await self.outbox.send(
            [
                Output(Topic.NOTIFICATIONS, entry.key, entry.encode(), self.place.partition)
                for entry in entries
            ]
        )
        for entry in entries:
            if self.ledger.apply(entry) and entry.outcome is Outcome.SUPPRESSED:
                self.ledger.forget(entry.alert, entry.target)  # many, and soon never asked for
            if entry.outcome.is_final:
                self.metrics.deliveries.labels(entry.target, entry.outcome.value).inc()
            if entry.outcome is Outcome.SUPPRESSED:
                reason = entry.detail.partition(":")[0]
                self.metrics.suppressed.labels(entry.target, reason).inc()

    def words(self, items: Sequence[Item], target: str) -> tuple[Message, Sequence[Item]]:
        """The message of as many of these as it has room for, and of which."""
        if len(items) == 1:
            return self._message(items[0], target), items
        return self._together(items, target)

    def _message(self, item: Item, target: str) -> Message:
        """The words for a target; those of a fallback say whose they are."""
        part, again = self._part(item, target), str(item.offset) if item.request.asked else ""
        message = self.writers.message(part, target)
        return replace(message, alert=part.alert, again=again, first=part.first)

    def _together(self, items: Sequence[Item], target: str) -> tuple[Message, Sequence[Item]]:
        """The words of several, the strongest first, and of which: a message has so much room.

        Where there is no room for all, the later ones in the log are left for the next message: so
        what is said of a pair comes in its order.
        """
        ranked = sorted(items, key=_rank)
        parts = [self._part(item, target) for item in ranked]
        message = self.writers.together(parts, target)
        room = 1 + len(message.others)
        if room == len(items):
            return replace(message, first=parts[0].first), ranked
        earliest = sorted(items, key=attrgetter("offset"))[:room]
        if room == 1:
            return self._message(earliest[0], target), earliest
        return self._together(earliest, target)

    def _part(self, item: Item, target: str) -> Part:
        """What is told of an alert; the first of its streak names none."""
        alert = item.request.alert
        first = self.ledger.first(thread(alert, target))
        return Part(alert, self._names(item), _note(item), "" if first == alert.id else first)

    def _names(self, item: Item) -> dict[str, str]:
        return self.names.get(item.request.alert.watchlist, {})

    def group_of(self, request: Request, target: str) -> Group | None:
        """What an alert is told with, on the way that tells the target now; None where alone."""
        ways = request.ways.get(target)
        if ways is None:
            return None
        now_ms = int(self.clock.now() * 1000)
        way = telling(ways, lambda way: mute(way, self.known.timings, now_ms))
        return Group.of(way, request.facts)

    def group(self, group: Group | None, target: str) -> Group | None:
        """What alerts of a group are to a target: none, where it gets each by itself."""
        return group if self.writers.groups(target) else None

    async def picture(self, items: Sequence[Item], target: str) -> Picture | None:
        """What goes with the words; None where there is none, or not in time, or for several."""
        if len(items) > 1:
            return None
        record, alert = items[0].request.record, items[0].request.alert
        return await self.pictures.of(target, record, alert, self._names(items[0]))

    async def put_aside(self, request: Request, error: Exception) -> None:
        """Put an alert that met an error of ours into the dead letters, once for all targets."""
        if request.offset not in self.unreadable:
            self.unreadable.add(request.offset)
            letter = internal_dead_letter(self.place, request.record, error)
            await self.outbox.send([letter])
            self.metrics.observe([letter])


def _note(item: Item) -> str:
    """Why a message comes here, or so late."""
    if item.instead_of:
        return f"The target {item.instead_of} did not take this message, so it comes here."
    return f"Held back: {item.held.why}." if item.held else ""


def _rank(item: Item) -> tuple[int, int]:
    """The strongest first; of a kind, the earliest in the log."""
    return item.request.alert.milestone.kind.rank, item.offset
