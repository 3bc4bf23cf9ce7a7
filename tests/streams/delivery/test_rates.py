"""A target with a rate: what is over it waits, and nothing is lost or given up for it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from delivery_desk import NO, an_alert

from alerts.ledger import Outcome

NewDesk = Callable[..., Any]


async def test_what_is_over_the_rate_waits(new_desk: NewDesk) -> None:
    desk = await new_desk(rates={"mail": "2 per minute"})
    await desk.deliver(*(an_alert(i, asset=f"A{i}") for i in range(7)))
    gaps = [round(b - a) for a, b in pairwise(desk.mail.times)]
    assert gaps == [0, 60, 0, 60, 0, 60]
    assert desk.mail.ids == [f"a{i}" for i in range(7)]


async def test_no_other_target_waits(new_desk: NewDesk) -> None:
    desk = await new_desk(rates={"mail": "1 per hour"})
    await desk.take(*(an_alert(i, asset=f"A{i}") for i in range(5)))
    await desk.deliver_to("chat")
    assert desk.chat.times[-1] - desk.chat.times[0] < 1


async def test_who_waits_for_its_turn_is_not_given_up(new_desk: NewDesk) -> None:
    """However long it takes: the deadline is for targets that fail."""
    desk = await new_desk(rates={"mail": "1 per minute"}, deadline=90)
    await desk.deliver(*(an_alert(i, asset=f"A{i}") for i in range(6)))
    assert {e.outcome for e in desk.ledger("mail")} == {Outcome.DELIVERED}
    assert len(desk.mail.ids) == 6


async def test_attempts_that_fail_count_too(new_desk: NewDesk) -> None:
    desk = await new_desk(rates={"mail": "2 per minute"})
    desk.mail.answers = [NO, NO]
    await desk.deliver(an_alert(1))
    first, second, third = desk.mail.times
    assert round(second - first) == 2
    assert round(third - first) == 60
    assert desk.mail.ids == ["a1"]
