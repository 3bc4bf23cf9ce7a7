"""The alerts that wait for one target: in order within a pair, the pairs side by side; what is held
back stands aside."""

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
    ``held_back`` why it is told so late. One that stands ``aside`` lets others of its pair pass.
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
    aside: bool = False

    @property
    def offset(self) -> int:
        """The place of its record in the log."""
        return self.request.offset


Line = tuple[tuple[str, str, str], bool]
"""A pair, and whether it is about what stands aside of it."""

_BY_OFFSET = attrgetter("offset")
_BY_TURN = attrgetter("due", "offset")


class Queue:
    """Items by line, each at most once."""

    def __init__(self) -> None:
        self._lines: dict[Line, list[Item]] = {}
        self._offsets: set[int] = set()

    def add(self, item: Item) -> None:
        """Put an item behind those of its line with lower offsets."""
        assert item.offset not in self._offsets
        insort(self._lines.setdefault(_line(item), []), item, key=_BY_OFFSET)
        self._offsets.add(item.offset)

    def remove(self, item: Item) -> None:
        """Its way has ended; the next of its line may go."""
        items = self._lines[_line(item)]
        items.remove(item)
        self._offsets.remove(item.offset)
        if not items:
            del self._lines[_line(item)]

    def put_aside(self, item: Item) -> None:
        """Let others of its pair pass."""
        self.remove(item)
        item.aside = True
        self.add(item)

    def aside(self, pair: tuple[str, str, str]) -> Sequence[Item]:
        """What stands aside of a pair, in order."""
        return self._lines.get((pair, True), ())

    def heads(self) -> Iterator[Item]:
        """The first item of each line."""
        return (items[0] for items in self._lines.values())

    def ready(self, now: float) -> list[Item]:
        """The items that go out now, in one message; none where it is nobody's turn.

        First is the head whose turn it is (what has failed comes after what was due before), then
        those of its group, by their order in the log, of each line from the head on. What was tried
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
            for items in self._lines.values()
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


def _line(item: Item) -> Line:
    return item.request.pair, item.aside
