"""What is told of a streak names the first message about it that the same target has."""

from __future__ import annotations

from typing import Any

import pytest
from delivery_desk import NEVER, Desk, an_alert

from alerts.model import Alert, Kind, Milestone
from alerts.targets import Message

ENDED = Milestone(Kind.ENDED, 11)


def told(number: int, **fields: Any) -> Alert:
    return an_alert(number, milestone=Milestone(Kind.THRESHOLD, 9 + number), **fields)


def ended(number: int, **fields: Any) -> Alert:
    return an_alert(number, milestone=ENDED, **fields)


def firsts(messages: list[Message]) -> list[str]:
    return [message.first for message in messages]


async def test_the_first_has_none_and_the_others_have_it(desk: Desk) -> None:
    await desk.deliver(told(1), told(2), ended(3))
    assert firsts(desk.mail.taken) == firsts(desk.chat.taken) == ["", "a1", "a1"]


async def test_the_end_says_so_in_words_and_the_others_do_not(desk: Desk) -> None:
    await desk.deliver(told(1), told(2), ended(3))
    last = [message.body.splitlines()[-1] for message in desk.mail.taken]
    assert last == [f"Alert a{n}, watchlist us, period 2026-01-15" for n in (1, 2)] + [
        "Alert a3, watchlist us, period 2026-01-15, first told as a1"
    ]


async def test_an_end_that_is_the_first_names_none(desk: Desk) -> None:
    await desk.deliver(ended(1))
    assert firsts(desk.mail.taken) == [""]
    assert "first told" not in desk.mail.taken[0].body


async def test_it_is_the_first_that_this_target_was_told(desk: Desk) -> None:
    """The one has refused the first, and knows the streak from the second."""
    desk.chat.answers = [NEVER]
    await desk.deliver(told(1), told(2), ended(3))
    assert firsts(desk.mail.taken) == ["", "a1", "a1"]
    assert firsts(desk.chat.taken) == ["", "a2"]


@pytest.mark.parametrize(
    "other",
    [
        {"start": "2026-01-05"},
        {"direction": "underperforming"},
        {"asset": "MDY"},
        {"benchmark": "NDX"},
        {"watchlist": "quiet"},
    ],
)
async def test_another_streak_has_another_first(desk: Desk, other: dict[str, Any]) -> None:
    await desk.deliver(told(1), ended(2, **other))
    assert firsts(desk.mail.taken) == ["", ""]


async def test_another_worker_says_the_same(desk: Desk) -> None:
    await desk.deliver(told(1), told(2))
    await desk.restart()
    await desk.deliver(ended(3))
    assert firsts(desk.mail.taken) == ["", "a1", "a1"]


async def test_what_a_person_asks_for_again_changes_no_first(desk: Desk) -> None:
    await desk.deliver(told(1), told(2))
    await desk.deliver(told(2), headers=[("resend", b"mail")])
    await desk.deliver(told(1), headers=[("resend", b"mail")])
    await desk.deliver(ended(3))
    assert firsts(desk.mail.taken) == ["", "a1", "a1", "", "a1"]


async def test_a_message_of_several_has_that_of_its_strongest_and_says_those_of_the_ends(
    new_desk: Any,
) -> None:
    route = {"match": {}, "targets": ["mail"], "group": {"by": ["watchlist"], "wait": 5}}
    desk = await new_desk(more={"routes": {"routes": [route]}})
    await desk.deliver(told(1), told(2, asset="MDY"))
    await desk.deliver(told(3), ended(4, asset="MDY"))
    first, second = desk.mail.taken
    assert firsts([first, second]) == ["", "a1"]
    assert "first told" not in first.body
    named = [line for line in second.body.splitlines() if line.startswith("Alert ")]
    assert named == ["Alert a3", "Alert a4, first told as a2"]
