"""What a target does not take goes to its fallback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from delivery_desk import LEDGER, NEVER, NO, NOW, YES, Desk, an_alert, until

from alerts.envelope import thread
from alerts.ledger import Entry, Outcome
from alerts.model import Kind, Milestone

NewDesk = Callable[..., Any]
QUIET = {"watchlist": "quiet"}
"""Its target is mail alone."""


def ends(desk: Desk) -> dict[str, tuple[str, str]]:
    """The outcome at each target, and whose fallback it was."""
    final = [e for e in desk.ledger() if e.outcome.is_final]
    return {e.target: (e.outcome.value, e.instead_of) for e in final}


async def test_given_up_goes_to_the_fallback(new_desk: NewDesk) -> None:
    desk = await new_desk(fallbacks={"mail": "spare"})
    desk.mail.always = NO
    await desk.deliver(an_alert(1, **QUIET))
    assert ends(desk) == {"mail": ("given-up", ""), "spare": ("delivered", "mail")}
    assert desk.spare.times == [pytest.approx(900, abs=31)]
    (message,) = desk.spare.taken
    assert message.body.startswith("The target mail did not take this message, so it comes here.\n")
    labels = {"target": "mail", "fallback": "spare"}
    assert desk.metric("streakwatch_deliveries_fallback_total", **labels) == 1


async def test_refused_for_good_goes_to_the_fallback_at_once(new_desk: NewDesk) -> None:
    desk = await new_desk(fallbacks={"mail": "spare"})
    desk.mail.always = NEVER
    await desk.deliver(*(an_alert(i, **QUIET) for i in range(3)))
    assert desk.spare.ids == ["a0", "a1", "a2"]
    assert desk.spare.times == [0, 0, 0]


async def test_the_order_of_the_entries(new_desk: NewDesk) -> None:
    """Who reads the end of the one must know of the other."""
    desk = await new_desk(fallbacks={"mail": "spare"})
    desk.mail.always = NEVER
    await desk.deliver(an_alert(1, **QUIET))
    now, told = int(NOW * 1000), thread(an_alert(1, **QUIET), "spare")
    assert desk.ledger() == [
        Entry("a1", "spare", Outcome.RETRYING, now, 0, "", 0, now, "mail", now + 900_000),
        Entry("a1", "mail", Outcome.FAILED, now, 1, "HTTP 404", 0),
        Entry("a1", "spare", Outcome.DELIVERED, now, 1, "", 0, 0, "mail", 0, told),
    ]


async def test_chains(new_desk: NewDesk) -> None:
    desk = await new_desk(fallbacks={"mail": "spare", "spare": "chat"})
    desk.mail.always = desk.spare.always = NO
    await desk.deliver(an_alert(1, **QUIET))
    assert ends(desk) == {
        "mail": ("given-up", ""),
        "spare": ("given-up", "mail"),
        "chat": ("delivered", "spare"),
    }
    assert desk.chat.times == [pytest.approx(1800, abs=60)]  # a deadline of its own for each


async def test_who_gets_it_anyway_gets_it_once(new_desk: NewDesk) -> None:
    desk = await new_desk(fallbacks={"mail": "chat", "chat": "spare"})
    desk.mail.always = NEVER
    await desk.deliver(an_alert(1))
    assert ends(desk) == {"mail": ("failed", ""), "chat": ("delivered", "")}
    desk.chat.always = NEVER
    await desk.deliver(an_alert(2))
    assert desk.spare.ids == ["a2"]


async def test_history_is_no_matter_for_a_fallback(new_desk: NewDesk) -> None:
    desk = await new_desk(fallbacks={"mail": "spare"})
    desk.clock.start += 400 * 86_400
    await desk.deliver(an_alert(1, **QUIET))
    assert ends(desk) == {"mail": ("suppressed", "")}


async def test_nor_is_what_cannot_be_rendered(new_desk: NewDesk) -> None:
    desk = await new_desk(fallbacks={"mail": "spare"})
    milestone = Milestone(Kind.RECORD_TIED, 10, "all", None)
    await desk.deliver(an_alert(1, **QUIET, milestone=milestone))
    assert ends(desk) == {"mail": ("failed", "")}


@pytest.mark.parametrize("with_snapshot", [True, False])
@pytest.mark.parametrize("written", [1, 2])
async def test_a_restart_right_after_the_end(
    new_desk: NewDesk, with_snapshot: bool, written: int
) -> None:
    """The ledger has both entries, or the first one alone."""
    desk = await new_desk(fallbacks={"mail": "spare"})
    later = an_alert(2, watchlist="quiet")
    records = desk.append(an_alert(1, **QUIET), later)
    now = int(NOW * 1000)
    both = [
        Entry("a1", "spare", Outcome.RETRYING, now, 0, "", 0, now, "mail", now + 900_000),
        Entry("a1", "mail", Outcome.FAILED, now, 1, "HTTP 404", 0),
    ]
    for entry in both[:written]:
        desk.harness.log.append(LEDGER, entry.encode(), key=entry.key)
    desk.mail.always = NEVER
    cursors = {"mail": 0, "chat": 2, "spare": 2}  # the spare's was beyond it
    await desk.restart({"next": 2, "cursors": cursors} if with_snapshot else None)
    if not with_snapshot:
        await desk.work.take(records)
    await desk.idle()
    assert sorted(desk.spare.ids) == ["a1", "a2"]
    assert desk.mail.asked == (["a2"] if written == 2 else ["a1", "a2"])


async def test_a_fallback_that_hangs_delays_only_itself(new_desk: NewDesk) -> None:
    """What it has no room for is kept in the ledger and read from the log, in order."""
    desk = await new_desk(fallbacks={"mail": "spare"}, room=4)
    desk.spare.hold = asyncio.Event()
    desk.mail.always = NEVER
    await desk.take(*(an_alert(i, **QUIET) for i in range(40)))
    await until(lambda: desk.waiting("mail") == 0, seconds=1)
    lane = desk.work._lanes["spare"]
    assert (len(lane.inbox.queue), len(lane.inbox.owed)) == (4, 36)
    desk.mail.always = YES
    await desk.deliver_to("mail", an_alert(100, **QUIET))
    desk.spare.hold.set()
    await desk.idle()
    assert desk.spare.ids == [f"a{i}" for i in range(40)]


async def test_a_target_that_is_gone_from_the_configuration(new_desk: NewDesk) -> None:
    desk = await new_desk()
    entry = Entry("a1", "pager", Outcome.RETRYING, 0, 1, "HTTP 500", 0)
    desk.harness.log.append(LEDGER, entry.encode(), key=entry.key)
    desk.append(an_alert(1, watchlist="gone"))
    await desk.restart({"next": 1, "cursors": {"pager": 0}})
    await desk.deliver(an_alert(2))
    assert desk.mail.ids == ["a2"]
    assert "pager" not in desk.work.snapshot()["cursors"]


async def test_what_is_owed_but_gone_from_the_log_is_let_go(
    new_desk: NewDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await new_desk()
    entry = Entry("a1", "mail", Outcome.RETRYING, 0, 1, "HTTP 500", 0)
    desk.harness.log.append(LEDGER, entry.encode(), key=entry.key)
    desk.append(an_alert(1), an_alert(2))
    desk.harness.log.forget(desk.work._desk.place, 1)
    await desk.restart({"next": 2, "cursors": {"mail": 1, "chat": 2}})
    await desk.idle()
    assert desk.mail.ids == ["a2"]
    assert "the alert at offset 0 of alerts-1 is not there any more" in caplog.text


async def test_a_correction_reaches_the_fallback_that_was_told(new_desk: NewDesk) -> None:
    desk = await new_desk(fallbacks={"mail": "spare"})
    desk.mail.answers = [NEVER]
    await desk.deliver(an_alert(1, **QUIET))
    correction = {"milestone": Milestone(Kind.CORRECTION, 10), "follows": "a1", "late": True}
    await desk.deliver(an_alert(2, **QUIET, **correction), an_alert(3, **QUIET))
    assert desk.spare.ids == ["a1", "a2"]
    assert desk.mail.ids == ["a2", "a3"]


async def test_two_targets_hand_over_to_one_fallback_at_the_same_moment(
    new_desk: NewDesk,
) -> None:
    desk = await new_desk(fallbacks={"mail": "spare", "chat": "spare"})
    desk.mail.answers, desk.chat.answers = [NEVER], [NEVER]
    await desk.deliver(an_alert(1))
    assert desk.spare.ids == ["a1"]
    assert ends(desk)["mail"][0] == ends(desk)["chat"][0] == "failed"


async def test_an_end_has_another_key_than_a_try(new_desk: NewDesk) -> None:
    """So that a late line of a worker that lost its partition never takes its place."""
    desk = await new_desk()
    desk.mail.answers = [NO]
    await desk.deliver(an_alert(1, **QUIET))
    keys = [record.key for record in desk.harness.log.records[LEDGER]]
    assert keys == [b"a1/mail/retrying", b"a1/mail"]
