"""A person asks for an alert once more: a record with the header ``resend``."""

from __future__ import annotations

import pytest
from delivery_desk import NO, Desk, an_alert, until

from alerts.ledger import Outcome
from streams.records import Topic


def to(names: str) -> list[tuple[str, bytes]]:
    return [("resend", names.encode())]


@pytest.mark.parametrize(
    ("names", "mail", "chat", "spare"),
    [("mail", 2, 1, 0), ("*", 2, 2, 0), (" chat , spare ", 1, 2, 1), ("mail,mail", 2, 1, 0)],
)
async def test_it_goes_to_who_was_named_whatever_the_ledger_has(
    desk: Desk, names: str, mail: int, chat: int, spare: int
) -> None:
    await desk.deliver(an_alert(1))
    await desk.deliver(an_alert(1), headers=to(names))
    assert [t.attempts for t in (desk.mail, desk.chat, desk.spare)] == [mail, chat, spare]


async def test_it_is_never_too_old(desk: Desk) -> None:
    desk.clock.start += 400 * 86_400
    await desk.deliver(an_alert(1))
    assert desk.mail.attempts == 0
    await desk.deliver(an_alert(1), headers=to("mail"))
    assert (desk.mail.ids, desk.chat.ids) == (["a1"], [])
    assert desk.ledger("mail")[-1].offset == 1


async def test_it_is_done_once(desk: Desk) -> None:
    await desk.deliver(an_alert(1))
    await desk.deliver(an_alert(1), headers=to("*"))
    await desk.restart()
    await desk.work.take(desk.harness.log.records[desk.work._desk.place])
    await desk.idle()
    assert desk.mail.attempts == desk.chat.attempts == 2


async def test_it_is_tried_again_over_a_restart(desk: Desk) -> None:
    await desk.deliver(an_alert(1))
    desk.mail.answers = [NO, NO]
    await desk.take(an_alert(1), headers=to("mail"))
    await until(lambda: desk.mail.attempts == 3)
    await desk.restart(desk.work.snapshot())
    await desk.idle()
    assert desk.mail.ids == ["a1", "a1"]
    last = desk.ledger("mail")[-1]
    assert (last.outcome, last.attempts, last.offset) == (Outcome.DELIVERED, 3, 1)


async def test_a_person_takes_precedence_over_what_was_given_up(desk: Desk) -> None:
    desk.mail.always = NO
    await desk.deliver(an_alert(1))
    assert ("a1", "mail", "given-up") in desk.outcomes()
    desk.mail.always = desk.chat.always
    await desk.deliver(an_alert(1), headers=to("*"))
    assert desk.mail.ids == ["a1"]


async def test_an_unknown_target_is_a_dead_letter(desk: Desk) -> None:
    await desk.deliver(an_alert(1), headers=to("mail,pager"))
    (letter,) = desk.harness.outbox.to(Topic.DEAD_LETTERS)
    headers = dict(letter.headers)
    assert headers["reason"] == b"unknown-target"
    assert headers["detail"] == b"resend names 'pager', which is no target"
    assert desk.mail.attempts == 0
    await desk.deliver(an_alert(1), headers=to(""))
    assert len(desk.harness.outbox.to(Topic.DEAD_LETTERS)) == 2
