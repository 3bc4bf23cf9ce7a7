"""Messages with pictures: to who gets them, and never a message less for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from charts import FakeArtist, a_tail
from delivery_desk import NO, PERIOD, Desk, an_alert, until

from streams.artist import ArtistError
from streams.core.periods import from_text
from streams.pictures import PATIENCE, Pictures
from streams.records import CHART

HISTORY = [(CHART, a_tail(end=from_text(PERIOD)).encode())]


@pytest.fixture
def desk_of(new_desk: Callable[..., Any]) -> Callable[..., Any]:
    """A desk whose target mail gets pictures, drawn as told."""

    async def make(*does: Exception | asyncio.Event, **more: Any) -> Desk:
        made: Desk = await new_desk(
            pictures=Pictures({"mail": "en_GB"}, FakeArtist(*does)), more=more
        )
        return made

    return make


def pictures_of(desk: Desk) -> list[str]:
    return [message.picture.name if message.picture else "" for message in desk.mail.taken]


async def test_a_picture_goes_with_the_message(desk_of: Callable[..., Any]) -> None:
    desk = await desk_of()
    await desk.deliver(an_alert(1), headers=HISTORY)
    await desk.deliver(an_alert(2))  # of before there were pictures
    assert pictures_of(desk) == ["RUT-SPX-2026-01-15.png", ""]
    assert [message.picture for message in desk.chat.taken] == [None, None]


async def test_a_message_of_several_alerts_goes_without(desk_of: Callable[..., Any]) -> None:
    desk = await desk_of(routes={"group": {"by": ["period"], "wait": 5, "limit": 2}})
    await desk.deliver(*(an_alert(n, asset=f"A{n}") for n in (1, 2, 3)), headers=HISTORY)
    assert [message.picture is None for message in desk.mail.taken] == [True, False]


@pytest.mark.parametrize("error", [ArtistError("away"), ValueError("a fault of ours")])
async def test_no_picture_is_no_reason_for_no_message(
    desk_of: Callable[..., Any], error: Exception
) -> None:
    desk = await desk_of(error)
    await desk.deliver(an_alert(1), an_alert(2), headers=HISTORY)
    assert (desk.mail.ids, pictures_of(desk)) == (["a1", "a2"], ["", ""])


async def test_a_slow_picture_is_waited_for_a_little(desk_of: Callable[..., Any]) -> None:
    """It is not in time for the first attempt, and there for the second."""
    drawn = asyncio.Event()
    desk = await desk_of(drawn)
    desk.mail.answers = [NO]
    began = asyncio.get_running_loop().time()
    await desk.take(an_alert(1), headers=HISTORY)
    await until(lambda: desk.mail.attempts == 1)
    assert desk.mail.times[0] - began == pytest.approx(PATIENCE)
    drawn.set()
    await desk.idle()
    assert pictures_of(desk) == ["RUT-SPX-2026-01-15.png"]


async def test_other_targets_do_not_wait_for_it(desk_of: Callable[..., Any]) -> None:
    desk = await desk_of(asyncio.Event())
    await desk.deliver_to("chat", an_alert(1), headers=HISTORY)
    assert (desk.chat.ids, desk.mail.attempts) == (["a1"], 0)


async def test_what_was_lost_while_it_was_drawn_is_not_sent(desk_of: Callable[..., Any]) -> None:
    drawn = asyncio.Event()
    desk = await desk_of(drawn)
    await desk.take(an_alert(1), headers=HISTORY)
    await until(lambda: desk.chat.attempts == 1)
    desk.open = False  # another worker has the partition by now
    drawn.set()
    await asyncio.sleep(5)
    assert desk.mail.attempts == 0
    desk.open = True
    await desk.idle()
    assert desk.mail.ids == ["a1"]
