"""The alerts that wait for one target: in order within a pair, the pairs side by side.

What is held back for a digest waits beside its pair: what the pair has to say meanwhile goes first.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from operator import attrgetter

from alerts.ledger import Entry
from streams.delivery.requests import Group, Request

#: Alerts that one message of a digest has at most.
_DIGEST = 100
#: Seconds that a fallback waits for the rest of a digest, which was refused alert by alert.
_REST = 10.0
#: Seconds by which the event loop's clock and the wall clock part in a night.
_DRIFT = 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """Until when an alert is held back for a digest, in milliseconds since 1970, and why."""

    until_ms: int
    why: str

    @classmethod
    def of(cls, entry: Entry) -> Held | None:
        """As an entry of the ledger has it; None where it is not of a digest."""
        return cls(entry.held_ms, entry.held_for) if entry.held_ms else None

    def noted(self, entry: Entry) -> Entry:
        """The entry with this: who goes on with it tells it in the digest."""
        return replace(entry, held_ms=self.until_ms, held_for=self.why)

    @property
    def digest(self) -> Group:
        """All that is held back until the same moment is told together."""
        return Group(("digest", self.until_ms), _REST, _DIGEST)


@dataclass(slots=True, eq=False)
class Item:
    """An alert on its way to a target.

    ``due`` is when its turn comes, on the event loop's clock; ``until`` is its deadline, in seconds
    since 1970. ``group`` says what it may go with, ``beside`` all that it was tried with, and
    ``held`` that it is told later than it might have been.
    """

    request: Request
    due: float
    until: float
    attempts: int = 0
    detail: str = ""
    instead_of: str = ""
    group: Group | None = None
    beside: Sequence[Item] = ()
    held: Held | None = None

    @property
    def offset(self) -> int:
        """The place of its record in the log."""
        return self.request.offset

    @property
    def since_ms(self) -> int:
        """Since when it waits for its target, in milliseconds since 1970: since it came into the
        log, or until when it was held back."""
        return self.held.until_ms if self.held else self.request.record.timestamp

    @property
    def line(self) -> Hashable:
        """What it stands in, behind those with lower offsets."""
        return (self.request.pair, self.held and self.held.until_ms)

    def goes_with(self, other: Item) -> bool:
        """Whether both may go in one message."""
        is_alike = self.group == other.group and self.attempts == other.attempts
        return is_alike and not (self.beside or other.beside)

    def may_go(self, now: float) -> bool:
        """Whether it may go along with others: what is held back does not before its moment."""
        is_waiting = self.held is not None and self.is_fresh
        return not is_waiting or self.due <= now + _DRIFT

    @property
    def is_fresh(self) -> bool:
        """Whether it is to be decided yet if it is told: no person has asked for it, it was not
        tried before, and it does not come instead of another target."""
        return not (self.request.asked or self.attempts or self.instead_of)


_BY_OFFSET = attrgetter("offset")
_BY_TURN = attrgetter("due", "offset")


class Queue:
    """Items by line, each at most once."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, list[Item]] = {}
        self._offsets: set[int] = set()
        self._held: dict[str, Held] = {}

    def add(self, item: Item) -> None:
        """Put an item behind those of its line with lower offsets."""
        assert item.offset not in self._offsets
        insort(self._lines.setdefault(item.line, []), item, key=_BY_OFFSET)
        self._offsets.add(item.offset)
        if item.held is not None:
            self._held[item.request.alert.id] = item.held

    def remove(self, item: Item) -> None:
        """Its way has ended; the next of its line may go."""
        line = self._lines[item.line]
        line.remove(item)
        self._offsets.remove(item.offset)
        if item.held is not None:
            self._held.pop(item.request.alert.id, None)
        if not line:
            del self._lines[item.line]

    def hold(self, item: Item, held: Held) -> None:
        """Put an item aside; those behind it go on."""
        self.remove(item)
        item.held = held
        self.add(item)

    def held(self, alert: str) -> Held | None:
        """Until when an alert is held back; None where it is not."""
        return self._held.get(alert)

    @property
    def count_held(self) -> int:
        """How many are held back."""
        return len(self._held)

    def heads(self) -> Iterator[Item]:
        """The first item of each line."""
        return (items[0] for items in self._lines.values())

    def ready(self, now: float) -> list[Item]:
        """The items that go out now, in one message; none where it is nobody's turn.

        First is the head whose turn it is (what has failed comes after what was due before), then
        those of its group, by their order in the log, of each line from the head on, none twice.
        What was tried in one message is tried in the same one again: who has seen it does not see
        it differently. After a restart that is what was tried as often.
        """
        first = min((i for i in self.heads() if i.due <= now), key=_BY_TURN, default=None)
        if first is None:
            return []
        if first.beside:
            return [item for item in first.beside if item.offset in self._offsets]
        if first.group is None:
            return [first]
        fitting = (
            item
            for items in self._lines.values()
            for item in takewhile(lambda i: i.goes_with(first) and i.may_go(now), items)
        )
        message = {first.request.alert.id: first}
        for item in sorted(fitting, key=_BY_OFFSET):
            message.setdefault(item.request.alert.id, item)
        return list(message.values())[: first.group.limit]

    def due(self, now: float) -> Iterator[Item]:
        """The heads whose turn it is."""
        return (item for item in self.heads() if item.due <= now)

    def oldest(self) -> Item | None:
        """The item with the lowest offset."""
        return min(self.heads(), key=_BY_OFFSET, default=None)

    def __contains__(self, offset: int) -> bool:
        return offset in self._offsets

    def __len__(self) -> int:
        return len(self._offsets)
