"""The alerts that wait for one target: in order within a pair, the pairs side by side."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import attrgetter

from streams.delivery.requests import Group, Request


@dataclass(slots=True, eq=False)
class Item:
    """An alert on its way to a target.

    ``due`` is when its turn comes, on the event loop's clock; ``until`` is its deadline, in seconds
    since 1970. ``group`` says what it may go with, ``beside`` what it was tried with, and
    ``held_back`` why it is told so late.
    """

    request: Request
    due: float
    until: float
    attempts: int = 0
    detail: str = ""
    instead_of: str = ""
    group: Group | None = None
    beside: Sequence[Item] = ()
    held_back: str = ""

    @property
    def offset(self) -> int:
        """The place of its record in the log."""
        return self.request.offset


_BY_OFFSET = attrgetter("offset")
_BY_TURN = attrgetter("due", "offset")


class Queue:
    """Items by pair, each at most once."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str, str], list[Item]] = {}
        self._offsets: set[int] = set()

    def add(self, item: Item) -> None:
        """Put an item behind those of its pair with lower offsets."""
        assert item.offset not in self._offsets
        insort(self._pairs.setdefault(item.request.pair, []), item, key=_BY_OFFSET)
        self._offsets.add(item.offset)

    def remove(self, item: Item) -> None:
        """Its way has ended; the next of its pair may go."""
        pair = self._pairs[item.request.pair]
        pair.remove(item)
        self._offsets.remove(item.offset)
        if not pair:
            del self._pairs[item.request.pair]

    def heads(self) -> Iterator[Item]:
        """The first item of each pair."""
        return (items[0] for items in self._pairs.values())

    def ready(self, now: float) -> list[Item]:
        """The items that go out now, in one message; none where it is nobody's turn.

        First is the head whose turn it is (what has failed comes after what was due before), then
        those of its group, by their order in the log, of each pair from the head on. What was tried
        in one message is tried in the same one again: who has seen it does not see it differently.
        """
        first = min((i for i in self.heads() if i.due <= now), key=_BY_TURN, default=None)
        if first is None:
            return []
        if first.attempts:
            return [item for item in first.beside if item.offset in self._offsets] or [first]
        if first.group is None:
            return [first]
        fitting = [
            item
            for items in self._pairs.values()
            for item in takewhile(lambda i: i.group == first.group and not i.attempts, items)
            if item is not first
        ]
        return [first, *sorted(fitting, key=_BY_OFFSET)[: first.group.limit - 1]]

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
