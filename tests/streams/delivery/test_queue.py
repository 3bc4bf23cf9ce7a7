"""Which alerts go out next, and which of them in one message."""

from __future__ import annotations

from typing import Any

from delivery_desk import an_alert

from streams.delivery.queue import Item, Queue
from streams.delivery.requests import Group, Request

BELL = Group("bell", 2.0, 3)
NEWS = Group("news", 2.0, 3)


class _Record:
    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.timestamp, self.key, self.value, self.headers = 0, None, None, ()


def item(offset: int, group: Group | None = None, *, due: float = 0.0, asset: str = "") -> Item:
    alert = an_alert(offset, asset=asset or f"A{offset}")
    return Item(Request(_Record(offset), alert, ["mail"]), due, 100.0, group=group)


def queue(*items: Item) -> Queue:
    made = Queue()
    for one in items:
        made.add(one)
    return made


def ready(made: Queue, now: float = 0.0) -> list[int]:
    return [one.offset for one in made.ready(now)]


def test_without_a_group_each_goes_alone() -> None:
    assert ready(queue(item(1), item(2))) == [1]


def test_nothing_goes_before_its_turn() -> None:
    assert ready(queue(item(1, BELL, due=2.0), item(2, BELL, due=3.0)), 1.9) == []


def test_the_first_takes_its_group_along_whether_they_have_waited_or_not() -> None:
    made = queue(item(1, BELL, due=2.0), item(2, NEWS, due=2.5), item(3, BELL, due=3.9))
    assert ready(made, 2.0) == [1, 3]


def test_a_message_has_so_many_at_most_and_the_others_are_next() -> None:
    items = [item(at, BELL) for at in range(1, 6)]
    made = queue(*items)
    assert ready(made) == [1, 2, 3]
    for one in items[:3]:
        made.remove(one)
    assert ready(made) == [4, 5]


def test_of_a_pair_they_go_in_their_order() -> None:
    made = queue(item(1, BELL, asset="RUT"), item(2, asset="RUT"), item(3, BELL, asset="RUT"))
    assert ready(made) == [1]
    made = queue(item(1, BELL, asset="RUT"), item(2, BELL, asset="RUT"), item(3, BELL))
    assert ready(made) == [1, 2, 3]


def test_what_was_tried_together_is_tried_together_again() -> None:
    tried = [item(1, BELL), item(2, BELL)]
    made = queue(*tried, item(3, BELL, due=5.0))
    for one in tried:
        one.attempts, one.due, one.beside = 1, 4.0, tried
    assert ready(made, 4.0) == [1, 2]
    made.remove(tried[0])
    assert ready(made, 4.0) == [2]


def test_what_was_tried_alone_stays_alone() -> None:
    alone: Any = item(1, BELL)
    alone.attempts = 1
    made = queue(alone, item(2, BELL, due=5.0), item(3, BELL, due=5.0))
    assert ready(made) == [1]
    assert ready(queue(*made.heads()), 6.0) == [1]
