"""A message of several that is refused for good: nothing valid goes down with what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from delivery_desk import NEVER, YES, Desk, an_alert, until

from alerts.ledger import Outcome
from alerts.targets import Attempt

NewDesk = Callable[..., Any]
GROUPED = {"routes": {"targets": ["mail"], "group": {"by": [], "wait": 5}}}


def several(*numbers: int) -> Sequence[Any]:
    return [an_alert(number, asset=f"A{number}") for number in numbers]


def lines(desk: Desk, alert: str) -> list[tuple[str, str, int, str]]:
    """Target, outcome, attempts and detail of the entries of an alert."""
    found = [e for e in desk.ledger() if e.alert == alert]
    return [(e.target, e.outcome.value, e.attempts, e.detail) for e in found]


async def test_each_is_tried_by_itself_and_only_the_bad_one_is_refused(new_desk: NewDesk) -> None:
    desk = await new_desk(more=GROUPED, fallbacks={"mail": "spare"})
    desk.mail.answers = [NEVER]
    desk.mail.always = lambda alert: NEVER if alert == "a2" else YES
    await desk.deliver(*several(1, 2, 3))
    assert desk.mail.ids == ["a1", "a3"]
    assert desk.mail.times == [5.0] * 4
    assert desk.spare.ids == ["a2"]
    together = ("mail", "retrying", 1, "HTTP 404, in one message of 3")
    assert lines(desk, "a1") == [together, ("mail", "delivered", 2, "")]
    assert lines(desk, "a2") == [
        together,
        ("spare", "retrying", 0, ""),
        ("mail", "failed", 2, "HTTP 404"),
        ("spare", "delivered", 1, ""),
    ]
    assert all(e.next_ms == e.at_ms for e in desk.ledger("mail") if e.outcome is Outcome.RETRYING)


async def test_who_refuses_all_is_asked_once_more_for_each(new_desk: NewDesk) -> None:
    desk = await new_desk(more=GROUPED)
    desk.mail.always = NEVER
    await desk.deliver(*several(1, 2, 3))
    assert desk.mail.attempts == 4
    assert {outcome for _, _, outcome in desk.outcomes()} == {"failed"}


async def test_what_some_of_its_recipients_have_is_not_sent_to_them_again(
    new_desk: NewDesk,
) -> None:
    desk = await new_desk(more=GROUPED)
    desk.mail.always = replace(NEVER, in_part=True)
    await desk.deliver(*several(1, 2, 3))
    assert desk.mail.attempts == 1
    assert {outcome for _, _, outcome in desk.outcomes()} == {"failed"}


async def test_what_all_are_refused_goes_to_the_fallback_as_one(new_desk: NewDesk) -> None:
    desk = await new_desk(more=GROUPED, fallbacks={"mail": "spare"})
    desk.mail.always = NEVER
    await desk.deliver(*several(1, 2, 3))
    (message,) = desk.spare.taken
    assert [f"Alert a{number}" in message.body for number in (1, 2, 3)] == [True] * 3


async def test_a_worker_that_ends_in_between_loses_nothing(new_desk: NewDesk) -> None:
    desk = await new_desk(more=GROUPED)

    def refuse_and_hang(_: str) -> Attempt:
        desk.mail.hold = asyncio.Event()
        return NEVER

    desk.mail.answers = [refuse_and_hang]  # type: ignore[list-item]
    await desk.take(*several(1, 2, 3))
    await until(lambda: desk.mail.attempts == 2)
    assert not desk.outcomes()
    desk.mail.hold = None
    await desk.restart(desk.work.snapshot())
    await desk.idle()
    assert desk.outcomes() == {(f"a{number}", "mail", "delivered") for number in (1, 2, 3)}
