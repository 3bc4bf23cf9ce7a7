"""Attempts that fail: pauses, Retry-After, deadlines, order, and what a restart leaves of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from delivery_desk import LEDGER, NEVER, NO, NOW, YES, Desk, an_alert, until

from alerts.ledger import Entry, Outcome
from alerts.targets import Attempt
from config.errors import StreakwatchError
from streams.records import Output

NewDesk = Callable[..., Any]
LATER = Attempt(False, "HTTP 429", retry_after=40.0)


def gaps(times: list[float]) -> list[float]:
    return [round(b - a, 3) for a, b in pairwise(times)]


async def test_a_failing_target_is_tried_again(desk: Desk) -> None:
    desk.mail.answers = [NO, NO]
    await desk.deliver(an_alert(1))
    assert [(e.outcome, e.attempts, e.detail) for e in desk.ledger("mail")] == [
        (Outcome.RETRYING, 1, "HTTP 503"),
        (Outcome.RETRYING, 2, "HTTP 503"),
        (Outcome.DELIVERED, 3, ""),
    ]
    assert desk.mail.ids == ["a1"]
    assert desk.metric("streakwatch_delivery_attempts_failed_total", target="mail") == 2
    assert desk.metric("streakwatch_deliveries_total", target="mail", outcome="delivered") == 1


async def test_an_entry_says_when_it_is_tried_again_and_until_when(desk: Desk) -> None:
    desk.mail.answers = [NO]
    await desk.deliver(an_alert(1))
    first = desk.ledger("mail")[0]
    assert first == Entry(
        *("a1", "mail", Outcome.RETRYING, int(NOW * 1000), 1, "HTTP 503", 0),
        next_ms=int((NOW + 2) * 1000),
        until_ms=int((NOW + 900) * 1000),
    )


@pytest.mark.parametrize(
    ("jitter", "expected"),
    [(1.0, [2, 4, 8, 16, 30, 30]), (0.0, [1] * 6), (0.5, [1.5, 2.5, 4.5, 8.5, 15.5, 15.5])],
)
async def test_pauses_grow_up_to_the_ceiling(
    new_desk: NewDesk, jitter: float, expected: list[float]
) -> None:
    desk = await new_desk(jitter=lambda: jitter)
    desk.mail.answers = [NO] * 6
    await desk.deliver(an_alert(1))
    assert gaps(desk.mail.times) == expected


async def test_a_target_that_fails_is_left_alone_by_all(desk: Desk) -> None:
    """Its failures in a row set the pause, whichever alert meets them."""
    desk.mail.answers = [NO] * 4
    await desk.deliver(*(an_alert(i, asset=f"A{i}") for i in range(3)))
    assert gaps(desk.mail.times)[:4] == [2, 4, 8, 16]
    assert sorted(desk.mail.ids) == ["a0", "a1", "a2"]
    assert gaps(desk.chat.times) == [0, 0]


async def test_one_alert_that_is_always_refused_blocks_no_other_pair(desk: Desk) -> None:
    desk.mail.always = lambda alert: NO if alert == "a0" else YES
    await desk.take(*(an_alert(i, asset=f"A{i % 10}") for i in range(30)))
    await until(lambda: len(desk.mail.ids) == 27, seconds=60)
    await desk.idle()
    ends = {e.alert: e.outcome for e in desk.ledger("mail") if e.outcome.is_final}
    assert ends.pop("a0") is Outcome.GIVEN_UP
    assert set(ends.values()) == {Outcome.DELIVERED}
    pair = [alert for alert in desk.mail.ids if alert in ("a10", "a20")]
    assert pair == ["a10", "a20"]  # they waited for a0
    assert set(desk.mail.ids[:27]) == {f"a{i}" for i in range(30)} - {"a0", "a10", "a20"}


async def test_order_within_a_pair(desk: Desk) -> None:
    desk.mail.answers = [NO, YES, NO]
    await desk.deliver(*(an_alert(i) for i in range(5)))
    assert desk.mail.ids == desk.chat.ids == [f"a{i}" for i in range(5)]
    assert desk.mail.asked == ["a0", "a0", "a1", "a1", "a2", "a3", "a4"]


async def test_retry_after_is_kept_by_all_alerts_of_the_target(desk: Desk) -> None:
    desk.mail.answers = [LATER]
    await desk.deliver(an_alert(1), an_alert(2, asset="IWM"))
    assert gaps(desk.mail.times) == [40, 0]
    assert gaps(desk.chat.times) == [0]


async def test_retry_after_is_kept_over_a_restart(desk: Desk) -> None:
    desk.mail.answers = [LATER]
    await desk.take(an_alert(1), an_alert(2, asset="IWM"))
    await until(lambda: desk.ledger("mail"))
    await asyncio.sleep(10)
    await desk.restart(desk.work.snapshot())
    await desk.idle()
    assert gaps(desk.mail.times) == [40, 0]
    assert [e.attempts for e in desk.ledger("mail") if e.alert == "a1"] == [1, 2]


async def test_retry_after_beyond_the_deadline_ends_with_it(desk: Desk) -> None:
    desk.mail.answers = [Attempt(False, "HTTP 429", retry_after=1e9)]
    await desk.deliver(an_alert(1))
    end = desk.ledger("mail")[-1]
    assert (end.outcome, end.at_ms) == (Outcome.GIVEN_UP, int((NOW + 900) * 1000))
    await desk.deliver(an_alert(2))
    assert desk.mail.ids == ["a2"]


async def test_given_up_at_the_deadline(desk: Desk) -> None:
    """It counts from the alert's record in the log."""
    desk.mail.always = NO
    await desk.deliver(an_alert(1), ago=600)
    end = desk.ledger("mail")[-1]
    assert (end.outcome, end.detail) == (Outcome.GIVEN_UP, "HTTP 503")
    assert end.at_ms == pytest.approx((NOW + 300) * 1000, abs=1000)
    assert end.attempts == desk.mail.attempts
    assert desk.metric("streakwatch_deliveries_total", target="mail", outcome="given-up") == 1
    desk.mail.always = YES
    await desk.deliver(an_alert(1), an_alert(2))
    assert desk.mail.ids == ["a2"]


async def test_past_the_deadline_a_target_that_does_not_fail_is_asked_once(desk: Desk) -> None:
    """Once it has failed with two alerts, neither is to blame, and the others need not try."""
    desk.mail.answers = [YES, NO, NO]
    await desk.deliver(*(an_alert(i) for i in range(4)), ago=3600)
    ends = [(e.alert, e.outcome, e.attempts) for e in desk.ledger("mail")]
    assert ends == [
        ("a0", Outcome.DELIVERED, 1),
        ("a1", Outcome.GIVEN_UP, 1),
        ("a2", Outcome.GIVEN_UP, 1),
        ("a3", Outcome.GIVEN_UP, 0),
    ]
    assert desk.ledger("mail")[-1].detail == "the target fails"


async def test_what_is_refused_for_good_is_not_tried_again(desk: Desk) -> None:
    desk.mail.always = NEVER
    await desk.deliver(an_alert(1), an_alert(2))
    assert [(e.alert, e.outcome, e.detail) for e in desk.ledger("mail")] == [
        ("a1", Outcome.FAILED, "HTTP 404"),
        ("a2", Outcome.FAILED, "HTTP 404"),
    ]
    assert gaps(desk.mail.times) == [0]


async def test_a_target_that_hangs_delays_no_other(desk: Desk) -> None:
    desk.mail.hold = asyncio.Event()
    await desk.take(*(an_alert(i) for i in range(50)))
    await until(lambda: desk.waiting("chat") == 0, seconds=1)
    assert len(desk.chat.ids) == 50
    await until(lambda: desk.mail.attempts == 2)
    assert desk.ledger("mail")[0].detail == "no answer within 5 s"
    assert gaps(desk.mail.times) == [6 + 2]
    assert desk.metric("streakwatch_delivery_oldest_seconds", target="mail") >= 8
    assert desk.metric("streakwatch_deliveries_waiting", target="mail") == 50


async def test_a_failing_target_is_asked_by_one_lane_at_a_time(desk: Desk) -> None:
    """Lanes of other partitions share its gate."""
    gate = desk.work._targets.gates["mail"]
    desk.mail.answers = [NO]
    await desk.take(an_alert(1))
    await until(lambda: desk.mail.attempts == 1)
    with gate.attempt(0.0):
        await asyncio.sleep(100)
        assert desk.mail.attempts == 1
    await desk.idle()
    assert desk.mail.attempts == 2


async def test_counts_and_pauses_go_on_after_a_restart(desk: Desk) -> None:
    desk.mail.answers = [NO] * 5
    await desk.take(an_alert(1), an_alert(2))
    await until(lambda: desk.mail.attempts == 3)
    await desk.restart(desk.work.snapshot())
    await desk.idle()
    assert gaps(desk.mail.times)[:3] == [2, 4, 8]
    assert [e.attempts for e in desk.ledger("mail") if e.alert == "a1"] == [1, 2, 3, 4, 5, 6]
    assert desk.mail.ids == ["a1", "a2"]


async def test_a_restart_without_a_snapshot_begins_with_the_log(desk: Desk) -> None:
    desk.mail.answers = [NO, NO]
    await desk.take(an_alert(1), an_alert(2))
    await until(lambda: desk.mail.attempts == 2)
    await desk.restart()
    await desk.work.take(desk.harness.log.records[desk.work._desk.place])
    await desk.idle()
    assert desk.mail.ids == desk.chat.ids == ["a1", "a2"]
    assert desk.ledger("mail")[-2].attempts == 3


async def test_nothing_is_sent_without_leave(desk: Desk) -> None:
    desk.open = False
    await desk.take(an_alert(1))
    await asyncio.sleep(600)
    assert desk.mail.attempts == 0
    desk.open = True
    await asyncio.sleep(0.3)
    assert desk.mail.ids == ["a1"]


async def test_a_clean_end_waits_for_the_yes(desk: Desk) -> None:
    desk.mail.hold = asyncio.Event()
    await desk.take(an_alert(1), an_alert(2))
    await until(lambda: desk.mail.attempts)
    closing = asyncio.create_task(desk.work.close(1.0))
    await asyncio.sleep(0.5)
    desk.mail.hold.set()
    await closing
    assert [(e.alert, e.outcome) for e in desk.ledger("mail")] == [("a1", Outcome.DELIVERED)]
    assert desk.work.snapshot()["cursors"]["mail"] == 1
    await desk.work.restore(desk.work.snapshot())
    await desk.idle()
    assert desk.mail.ids == ["a1", "a2"]


async def test_a_clean_end_does_not_wait_for_ever(desk: Desk) -> None:
    desk.mail.hold = asyncio.Event()
    await desk.take(an_alert(1))
    await until(lambda: desk.mail.attempts)
    before = asyncio.get_running_loop().time()
    await desk.work.close(1.0)
    assert asyncio.get_running_loop().time() - before == pytest.approx(1.0)
    assert desk.ledger("mail") == []


async def test_lost_is_at_once_and_says_nothing_more(desk: Desk) -> None:
    desk.mail.answers = [NO] * 9
    await desk.take(an_alert(1))
    await until(lambda: desk.mail.attempts == 2)
    desk.work.drop()
    await asyncio.sleep(3600)
    assert desk.mail.attempts == 2
    assert desk.metric("streakwatch_deliveries_waiting", target="mail") == 0
    assert desk.work.snapshot()["cursors"] == {}


async def test_a_broker_that_is_away_is_waited_for(desk: Desk) -> None:
    """The lane reads from the log what the ledger says is owed."""
    desk.mail.answers = [NO]
    await desk.take(an_alert(1))
    await until(lambda: desk.mail.attempts)
    state = desk.work.snapshot()
    desk.work.drop()
    desk.work = desk.new_work()
    await desk.work.restore(state)
    desk.harness.log.failures = [ConnectionError("what this is, nobody knows"), TimeoutError()]
    await desk.idle()
    assert desk.mail.ids == ["a1"]


async def test_what_has_its_answer_is_not_asked_again_while_the_ledger_fails(desk: Desk) -> None:
    """Whatever the trouble is; the other target waits for no more than the ledger either."""
    troubles: list[Exception] = [RuntimeError("closed"), KafkaError(), TimeoutError()]

    async def fail(outputs: Sequence[Output]) -> None:
        if troubles and any(output.key == b"a1/mail" for output in outputs):
            raise troubles.pop()

    desk.harness.outbox.before = fail
    await desk.deliver(an_alert(1), an_alert(2))
    assert desk.mail.asked == desk.chat.asked == ["a1", "a2"]
    assert [e.alert for e in desk.ledger("mail")] == ["a1", "a2"]
    assert desk.fatal == []


async def test_an_error_that_nothing_mends_ends_the_worker(desk: Desk) -> None:
    async def fail(outputs: Sequence[Output]) -> None:
        if outputs:
            raise StreakwatchError("the producer is lost", "start again")

    desk.harness.outbox.before = fail
    await desk.take(an_alert(1), an_alert(2))
    await until(lambda: len(desk.fatal) == 2)
    assert (desk.mail.asked, desk.chat.asked) == (["a1"], ["a1"])


async def test_what_waited_for_a_target_that_is_removed_has_its_end(desk: Desk) -> None:
    entry = Entry("a1", "gone", Outcome.RETRYING, 1, 2, "HTTP 503", 0, held_ms=5, held_for="night")
    desk.harness.log.append(LEDGER, entry.encode())
    for _ in range(2):
        await desk.restart()
    (end,) = desk.ledger("gone")[1:]
    assert (end.outcome, end.attempts) == (Outcome.SUPPRESSED, 2)
    assert end.detail == "unrouted: the target gone is not in the configuration any more"
    assert (end.held_ms, end.held_for) == (0, "")
