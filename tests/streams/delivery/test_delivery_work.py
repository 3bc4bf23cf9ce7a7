"""Delivery: at least once to each target, and never again once the ledger has it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from delivery_desk import (
    AN_ALERT,
    LEDGER,
    NO,
    NOW,
    YES,
    Desk,
    an_alert,
    until,
)

from alerts.envelope import thread
from alerts.ledger import Entry, Ledger, Outcome
from alerts.model import Kind, Milestone
from streams.clock import SystemClock
from streams.records import Place, Topic
from streams.wire import encode_alert

DAY = 86_400.0


async def test_an_alert_reaches_each_target_of_its_watchlist(desk: Desk) -> None:
    quiet, gone = an_alert(2, watchlist="quiet"), an_alert(3, watchlist="gone")
    await desk.deliver(AN_ALERT, quiet, gone)
    assert desk.outcomes() == {
        ("a1", "mail", "delivered"),
        ("a1", "chat", "delivered"),
        ("a2", "mail", "delivered"),
        ("a3", "", "suppressed"),
    }
    assert (desk.mail.ids, desk.chat.ids, desk.spare.ids) == (["a1", "a2"], ["a1"], [])
    assert "Russell 2000" in desk.mail.taken[0].body
    assert desk.metric("streakwatch_delivery_seconds_sum", target="chat") == pytest.approx(2)


async def test_delivered_is_one_entry(desk: Desk) -> None:
    await desk.deliver(AN_ALERT)
    assert desk.ledger("mail") == [
        Entry(
            *("a1", "mail", Outcome.DELIVERED, int(NOW * 1000), 1),
            offset=0,
            thread=thread(AN_ALERT, "mail"),
        )
    ]
    output = next(o for o in desk.harness.outbox.sent if o.key == b"a1/mail")
    assert (output.topic, output.partition) == (Topic.NOTIFICATIONS, 1)


async def test_what_is_settled_is_not_delivered_again(desk: Desk) -> None:
    await desk.deliver(AN_ALERT, replace(AN_ALERT, late=True))
    await desk.deliver(AN_ALERT)
    assert (desk.mail.attempts, desk.chat.attempts) == (1, 1)
    assert len(desk.ledger()) == 2


@pytest.mark.parametrize("outcome", [o for o in Outcome if o.is_final])
@pytest.mark.parametrize("offset", [-1, 0])
async def test_another_worker_reads_the_ledger(desk: Desk, outcome: Outcome, offset: int) -> None:
    entry = Entry("a1", "mail", outcome, 0, offset=offset)
    desk.harness.log.append(LEDGER, b"{}", None, b"?", entry.encode(), key=entry.key)
    await desk.work.restore(None)
    await desk.deliver(AN_ALERT)
    assert (desk.mail.attempts, desk.chat.attempts) == (0, 1)


async def test_the_ledger_of_another_partition_is_another(desk: Desk) -> None:
    desk.harness.log.append(
        Place(Topic.NOTIFICATIONS, 0), Entry("a1", "mail", Outcome.DELIVERED, 0).encode()
    )
    await desk.work.restore(None)
    await desk.deliver(AN_ALERT)
    assert desk.mail.attempts == 1


async def test_the_ledger_is_written_only_after_the_yes(desk: Desk) -> None:
    desk.mail.hold = asyncio.Event()
    await desk.take(AN_ALERT)
    await until(lambda: desk.mail.attempts and desk.waiting("chat") == 0)
    assert desk.outcomes() == {("a1", "chat", "delivered")}
    state = desk.work.snapshot()
    desk.mail.hold = None
    await desk.restart(state)
    await desk.idle()
    assert (desk.mail.ids, desk.chat.ids) == (["a1"], ["a1"])


@pytest.mark.parametrize(
    ("days", "max_age", "outcome"),
    [
        (0, 5, "delivered"),
        (6.5, 5, "delivered"),  # the period lasts until its day has ended everywhere
        (6.501, 5, "suppressed"),
        (400, 5, "suppressed"),
        (400, "none", "delivered"),
        (-3, 5, "delivered"),
        (1.7, 0.25, "delivered"),
        (1.8, 0.25, "suppressed"),
    ],
)
async def test_what_is_too_old_is_recorded_as_historic(
    harness: Any, days: float, max_age: Any, outcome: str
) -> None:
    desk = Desk(harness, max_age=max_age)
    desk.clock.start += days * DAY - 22 * 3600
    await desk.work.restore(None)
    await desk.deliver(an_alert(1, watchlist="quiet"))
    (entry,) = desk.ledger()
    delivered = outcome == "delivered"
    assert (entry.outcome.value, entry.detail) == (outcome, "" if delivered else "historic")
    assert desk.mail.attempts == entry.attempts == delivered
    desk.work.drop()


async def test_history_is_recorded_in_batches(desk: Desk) -> None:
    desk.clock.start += 400 * DAY
    await desk.take(*(an_alert(i) for i in range(250)))
    assert desk.waiting() == 0  # nothing of it ever waits
    batches: list[int] = []

    async def count(outputs: Any) -> None:
        batches.append(len(outputs))

    desk.harness.outbox.before = count
    await desk.take(*(an_alert(i) for i in range(250, 450)))
    assert [size for size in batches if size] == [100, 100, 100, 100]
    assert len(desk.ledger("mail")) == len(desk.ledger("chat")) == 450
    assert desk.mail.attempts == 0


async def test_who_was_told_is_told_of_the_correction_however_old(desk: Desk) -> None:
    """The mail was told in time; the chat came later, when it was history."""
    await desk.deliver(AN_ALERT)
    desk.clock.start += 400 * DAY
    correction = an_alert(2, milestone=Milestone(Kind.CORRECTION, 10), follows="a1", late=True)
    await desk.deliver(correction, replace(correction, id="c2", follows="never told"))
    assert [message.failure for message in desk.mail.taken] == [False, True]
    assert ("c2", "mail", "suppressed") in desk.outcomes()


async def test_a_correction_waits_for_what_it_corrects(desk: Desk) -> None:
    """Whether that was told is not known before."""
    desk.mail.hold = asyncio.Event()
    await desk.take(AN_ALERT)
    await until(lambda: desk.mail.attempts)
    desk.clock.start += 400 * DAY
    correction = an_alert(2, milestone=Milestone(Kind.CORRECTION, 10), follows="a1", late=True)
    await desk.take(correction)
    desk.mail.hold.set()
    await desk.idle()
    assert desk.mail.ids == ["a1", "a2"]


async def test_what_is_no_alert_is_a_dead_letter(desk: Desk) -> None:
    await desk.deliver(b"?", AN_ALERT, b"{}", an_alert(2))
    letters = desk.harness.outbox.to(Topic.DEAD_LETTERS)
    assert [letter.value for letter in letters] == [b"?", b"{}"]
    headers = [dict(letter.headers) for letter in letters]
    assert [h["reason"] for h in headers] == [b"not-json", b"not-an-alert"]
    assert [(h["topic"], h["partition"], h["offset"]) for h in headers] == [
        (b"alerts", b"1", b"0"),
        (b"alerts", b"1", b"2"),
    ]
    assert desk.mail.ids == desk.chat.ids == ["a1", "a2"]
    assert desk.metric("streakwatch_dead_letters_total", topic="alerts", reason="not-json") == 1


async def test_an_error_of_ours_for_one_alert_leaves_the_others(desk: Desk) -> None:
    """An alert that cannot be rendered: one dead letter, and an end at each target."""
    broken = an_alert(1, milestone=Milestone(Kind.RECORD_TIED, 10, "all", None))
    await desk.deliver(an_alert(0, asset="A"), broken, an_alert(2, asset="B"))
    (letter,) = desk.harness.outbox.to(Topic.DEAD_LETTERS)
    assert letter.value == encode_alert(broken)
    assert dict(letter.headers)["reason"] == b"internal-error"
    assert desk.mail.ids == desk.chat.ids == ["a0", "a2"]
    failed = [(e.target, e.detail) for e in desk.ledger() if e.outcome is Outcome.FAILED]
    assert sorted(failed) == [(t, "internal error: AssertionError") for t in ("chat", "mail")]


async def test_refused_by_the_runner_is_a_dead_letter(desk: Desk) -> None:
    (record,) = desk.append(AN_ALERT)
    await desk.work.refuse(record, KeyError("secret"))
    (letter,) = desk.harness.outbox.to(Topic.DEAD_LETTERS)
    assert dict(letter.headers)["detail"] == b"KeyError"


async def test_through_the_runner(desk: Desk) -> None:
    """Its cursor runs ahead of what is delivered; a snapshot says how far each target is."""
    desk.mail.hold = asyncio.Event()
    runner = desk.harness.runner(lambda _: desk.work, Topic.ALERTS, "delivery")
    records = desk.append(an_alert(1), an_alert(2))
    await runner.attach([1])
    await runner.take(1, records)
    await until(lambda: desk.waiting("chat") == 0)
    assert desk.work.snapshot() == {"next": 2, "cursors": {"mail": 0, "chat": 2, "spare": 2}}
    await runner.save()
    desk.mail.hold = None
    desk.work.drop()
    desk.work = desk.new_work()
    other = desk.harness.runner(lambda _: desk.work, Topic.ALERTS, "delivery")
    assert await other.attach([1]) == {1: 2}
    await desk.idle()
    assert (desk.mail.ids, desk.chat.ids) == (["a1", "a2"], ["a1", "a2"])


async def test_without_records_there_is_no_state(desk: Desk) -> None:
    assert desk.work.snapshot() == {}
    assert desk.work.definition == "ledger"


async def test_a_target_that_is_new_gets_what_comes_later(desk: Desk) -> None:
    await desk.deliver(an_alert(1))
    state = desk.work.snapshot()
    del state["cursors"]["chat"]
    await desk.restart(state)
    await desk.deliver(an_alert(2))
    assert desk.chat.ids == ["a1", "a2"]
    assert desk.work.snapshot()["cursors"] == {"mail": 2, "chat": 2, "spare": 2}


async def test_a_snapshot_of_an_earlier_version_is_none(desk: Desk) -> None:
    desk.append(an_alert(1))
    await desk.restart({})
    await desk.deliver(an_alert(2))
    assert desk.mail.ids == ["a2"]


async def test_records_handed_over_twice_are_delivered_once(desk: Desk) -> None:
    desk.mail.hold = asyncio.Event()
    records = desk.append(*(an_alert(i) for i in range(5)))
    await desk.work.take(records[:3])
    await desk.work.take(records)
    desk.mail.hold.set()
    await desk.work.take(records[2:])
    await desk.idle()
    assert desk.mail.ids == desk.chat.ids == [f"a{i}" for i in range(5)]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"alert":"a","target":"t","outcome":"lost","at_ms":1}',
        b'{"alert":[],"target":"t","outcome":"failed","at_ms":1}',
        b'{"alert":"a","target":{},"outcome":"failed","at_ms":1}',
        b'{"alert":"a","target":"t","outcome":[],"at_ms":1}',
    ],
)
async def test_what_is_no_entry_does_not_stop_the_ledger(desk: Desk, value: bytes) -> None:
    good = Entry("a1", "mail", Outcome.DELIVERED, 0)
    desk.harness.log.append(LEDGER, value, good.encode())
    await desk.work.restore(None)
    await desk.deliver(AN_ALERT)
    assert desk.mail.taken == []
    with pytest.raises(ValueError, match=r".+"):
        Entry.decode(value)


async def test_what_a_later_version_has_told_is_not_told_again(desk: Desk) -> None:
    told = Entry("a1", "mail", Outcome.DELIVERED, 0).encode()
    desk.harness.log.append(LEDGER, told[:-1] + b',"later":1}')
    await desk.work.restore(None)
    await desk.deliver(AN_ALERT)
    assert desk.mail.taken == []


def test_the_ledger_round_trips() -> None:
    entry = Entry("a", "t", Outcome.FAILED, 5, 3, "HTTP 500", 7)
    assert Entry.decode(entry.encode()) == entry
    ledger = Ledger()
    ledger.apply(entry)
    ledger.apply(entry)
    assert (len(ledger), ledger.settled("a", "t"), ledger.settled("a", "u")) == (1, True, False)
    assert [ledger.settled("a", "t", since) for since in (-1, 7, 8)] == [True, True, False]
    assert (ledger.outcome("a", "t"), ledger.outcome("a", "u")) == (Outcome.FAILED, None)


def test_what_is_tried_again_has_not_ended() -> None:
    ledger = Ledger()
    retrying = Entry("a", "t", Outcome.RETRYING, 5, 3, "HTTP 500", 7)
    ledger.apply(retrying)
    assert (len(ledger), ledger.settled("a", "t"), list(ledger.retrying())) == (
        0,
        False,
        [retrying],
    )
    ledger.apply(replace(retrying, outcome=Outcome.DELIVERED))
    assert (len(ledger), ledger.settled("a", "t"), list(ledger.retrying())) == (1, True, [])


def test_the_system_clock_counts_from_1970() -> None:
    assert SystemClock().now() > 1_700_000_000


async def test_errors_at_one_target_leave_the_other(desk: Desk) -> None:
    desk.mail.answers = [RuntimeError("secret"), NO, YES]
    await desk.deliver(AN_ALERT)
    assert (desk.mail.ids, desk.chat.ids) == (["a1"], ["a1"])
    details = [e.detail for e in desk.ledger("mail")]
    assert details == ["RuntimeError", "HTTP 503", ""]
