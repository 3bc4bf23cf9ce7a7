"""Memory is bounded: what has no room in it is read from the log when it is its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from delivery_desk import Desk, an_alert, until

NewDesk = Callable[..., Any]


async def test_a_target_that_hangs_is_read_for_later(new_desk: NewDesk) -> None:
    desk: Desk = await new_desk(room=10)
    desk.mail.hold = asyncio.Event()
    for start in range(0, 200, 20):
        await desk.take(*(an_alert(i, asset=f"A{i % 7}") for i in range(start, start + 20)))
    await until(lambda: desk.waiting("chat") == 0)
    inbox = desk.work._lanes["mail"].inbox
    assert (len(inbox.queue), desk.waiting("mail")) == (10, 200)
    assert desk.work.snapshot()["cursors"]["mail"] == 0
    desk.mail.hold.set()
    await desk.idle()
    assert sorted(desk.mail.ids) == sorted(f"a{i}" for i in range(200))
    for pair in range(7):
        ours = [f"a{i}" for i in range(pair, 200, 7)]
        assert [i for i in desk.mail.ids if i in ours] == ours
        assert [i for i in desk.chat.ids if i in ours] == ours
    assert desk.work.snapshot()["cursors"] == {"mail": 200, "chat": 200, "spare": 200}


async def test_it_never_holds_more_than_it_has_room_for(new_desk: NewDesk) -> None:
    desk: Desk = await new_desk(room=10)
    most = 0

    def look(_: str) -> Any:
        nonlocal most
        most = max(most, len(desk.work._lanes["mail"].inbox.queue))
        return desk.chat.always

    desk.mail.always = look
    await desk.deliver(*(an_alert(i) for i in range(300)))
    assert most == 10
    assert len(desk.mail.ids) == 300


async def test_what_comes_while_it_reads_is_not_lost(new_desk: NewDesk) -> None:
    desk: Desk = await new_desk(room=4)
    desk.mail.hold = asyncio.Event()
    await desk.take(*(an_alert(i) for i in range(20)))
    desk.mail.hold.set()
    for i in range(20, 60):
        await desk.take(an_alert(i))
        await asyncio.sleep(0)
    await desk.idle()
    assert desk.mail.ids == desk.chat.ids == [f"a{i}" for i in range(60)]


async def test_rubbish_that_is_read_for_later_is_one_dead_letter(new_desk: NewDesk) -> None:
    desk: Desk = await new_desk(room=2)
    desk.mail.hold = asyncio.Event()
    await desk.take(an_alert(0), an_alert(1), an_alert(2), b"?", an_alert(3))
    desk.mail.hold.set()
    await desk.idle()
    assert desk.mail.ids == ["a0", "a1", "a2", "a3"]
    assert desk.metric("streakwatch_dead_letters_total", topic="alerts", reason="not-json") == 1


async def test_history_that_is_read_for_later(new_desk: NewDesk) -> None:
    desk: Desk = await new_desk(room=2)
    desk.mail.hold = asyncio.Event()
    await desk.take(*(an_alert(i) for i in range(3)))
    await desk.take(*(an_alert(i, period="1990-01-02", end="1990-01-02") for i in range(3, 30)))
    await desk.take(an_alert(30))
    await until(lambda: desk.waiting("chat") == 0)
    desk.mail.hold.set()
    await desk.idle()
    assert desk.mail.ids == ["a0", "a1", "a2", "a30"]
    assert len(desk.ledger("mail")) == 31


async def test_a_lane_goes_on_reading_after_a_restart(new_desk: NewDesk) -> None:
    desk: Desk = await new_desk(room=5)
    desk.mail.hold = asyncio.Event()
    await desk.take(*(an_alert(i) for i in range(40)))
    await until(lambda: desk.waiting("chat") == 0)
    state = desk.work.snapshot()
    desk.mail.hold = None
    await desk.restart(state)
    await desk.idle()
    assert desk.mail.ids == [f"a{i}" for i in range(40)]
    assert desk.chat.ids == [f"a{i}" for i in range(40)]


async def test_ends_of_history_are_not_kept_in_memory(new_desk: NewDesk) -> None:
    desk: Desk = await new_desk()
    old = [an_alert(i, period="1990-01-02", end="1990-01-02") for i in range(500)]
    await desk.deliver(*old, an_alert(500))
    assert len(desk.work._lanes["mail"]._desk.ledger) == 2
    await desk.restart(desk.work.snapshot())
    assert len(desk.work._lanes["mail"]._desk.ledger) == 2
    await desk.restart()
    assert len(desk.work._lanes["mail"]._desk.ledger) == 1002
    await desk.work.take(desk.harness.log.records[desk.work._desk.place])
    await desk.idle()
    assert len(desk.work._lanes["mail"]._desk.ledger) == 2
    assert len(desk.ledger()) == 1002
