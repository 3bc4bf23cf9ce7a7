"""Delivery: at least once to each target, and never again once the ledger has it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.evidence import Evidence
from alerts.ledger import Entry, Ledger, Outcome
from alerts.model import Alert, Kind, Milestone, Trigger
from alerts.targets import Attempt, Message
from config.settings import Settings
from streams.clock import SystemClock
from streams.delivering import DeliveryWork
from streams.records import Place, Topic
from streams.wire import encode_alert

PLACE = Place(Topic.ALERTS, 1)
LEDGER = Place(Topic.NOTIFICATIONS, 1)
PERIOD = "2026-01-15"
NOW = datetime(2026, 1, 15, 22, tzinfo=UTC).timestamp()

AN_ALERT = Alert(
    id="a1",
    watchlist="us",
    asset="RUT",
    benchmark="SPX",
    direction="outperforming",
    start="2026-01-02",
    end=PERIOD,
    length=10,
    period=PERIOD,
    milestone=Milestone(Kind.THRESHOLD, 10),
    also=(),
    evidence=Evidence(0.0776, 0.0145, None, "2025-12-31", 10, True, "break", ""),
    definition="d",
    trigger=Trigger("closes", 0, 5, int((NOW - 2) * 1000)),
)


class FakeClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time


class FakeTarget:
    """Answers as told, then always yes; ``hold`` keeps it from answering."""

    def __init__(self, *answers: Attempt | Exception) -> None:
        self.answers = list(answers)
        self.taken: list[Message] = []
        self.attempts = 0
        self.hold: asyncio.Event | None = None

    async def notify(self, message: Message, timeout: float) -> Attempt:  # noqa: ASYNC109
        self.attempts += 1
        if self.hold is not None:
            await self.hold.wait()
        answer = self.answers.pop(0) if self.answers else Attempt(True)
        if isinstance(answer, Exception):
            raise answer
        if answer.delivered:
            self.taken.append(message)
        return answer


NO = Attempt(False, "HTTP 503")


class Desk:
    """A work upon a harness, with two targets: mail and chat."""

    def __init__(self, harness: Any, **delivery: Any) -> None:
        self.harness = harness
        self.clock = FakeClock()
        self.mail, self.chat = FakeTarget(), FakeTarget()
        pair = {"asset": "RUT", "benchmark": "SPX"}
        us = {"pairs": [pair], "rules": [{"kind": "threshold", "at": 10}]}
        self.settings = Settings.model_validate(
            {
                "watchlists": {
                    "us": us | {"targets": ["mail", "chat"]},
                    "quiet": us | {"targets": ["mail"]},
                },
                "targets": {"mail": {"url": "console://"}, "chat": {"url": "console://"}},
                "instruments": {"RUT": {"name": "Russell 2000"}},
                "delivery": {
                    "attempts": 5,
                    "backoff": 0.001,
                    "backoff_ceiling": 0.002,
                    "timeout": 5,
                }
                | delivery,
            }
        )
        self.work = self.new_work()

    def new_work(self) -> DeliveryWork:
        return DeliveryWork(
            PLACE,
            self.settings,
            {"mail": self.mail, "chat": self.chat},
            log=self.harness.log,
            outbox=self.harness.outbox,
            metrics=self.harness.metrics,
            clock=self.clock,
        )

    async def take(self, *alerts: Alert | bytes) -> None:
        values = [a if isinstance(a, bytes) else encode_alert(a) for a in alerts]
        await self.work.take(self.harness.log.append(PLACE, *values))

    def ledger(self) -> list[Entry]:
        return [Entry.decode(value) for value in self.harness.log.values(Topic.NOTIFICATIONS)]

    def outcomes(self) -> set[tuple[str, str, str]]:
        return {(e.alert, e.target, e.outcome.value) for e in self.ledger()}

    def metric(self, name: str, **labels: str) -> float:
        return self.harness.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def desk(harness: Any) -> Desk:
    return Desk(harness)


async def test_an_alert_reaches_each_target_of_its_watchlist(desk: Desk) -> None:
    quiet = replace(AN_ALERT, id="a2", watchlist="quiet")
    gone = replace(AN_ALERT, id="a3", watchlist="gone")
    await desk.take(AN_ALERT, quiet, gone)
    assert desk.outcomes() == {
        ("a1", "mail", "delivered"),
        ("a1", "chat", "delivered"),
        ("a2", "mail", "delivered"),
    }
    assert (len(desk.mail.taken), len(desk.chat.taken)) == (2, 1)
    assert "Russell 2000" in desk.mail.taken[0].body
    assert desk.metric("streakwatch_delivery_seconds_sum", target="chat") == pytest.approx(2)


async def test_entries_of_the_ledger(desk: Desk) -> None:
    await desk.take(AN_ALERT)
    entry = next(e for e in desk.ledger() if e.target == "mail")
    assert entry == Entry("a1", "mail", Outcome.DELIVERED, int(NOW * 1000), 1, "")
    output = next(o for o in desk.harness.outbox.sent if o.key == b"a1/mail")
    assert (output.topic, output.partition) == (Topic.NOTIFICATIONS, 1)


async def test_what_is_settled_is_not_delivered_again(desk: Desk) -> None:
    await desk.take(AN_ALERT)
    await desk.take(AN_ALERT, replace(AN_ALERT, late=True))
    assert (len(desk.mail.taken), len(desk.chat.taken)) == (1, 1)


@pytest.mark.parametrize("outcome", [o for o in Outcome if o.is_final])
async def test_another_worker_reads_the_ledger(desk: Desk, outcome: Outcome) -> None:
    entry = Entry("a1", "mail", outcome, 0)
    desk.harness.log.append(LEDGER, b"{}", None, b"?", entry.encode(), key=entry.key)
    await desk.work.restore(None)
    await desk.take(AN_ALERT)
    assert (len(desk.mail.taken), len(desk.chat.taken)) == (0, 1)


async def test_the_ledger_of_another_partition_is_another(desk: Desk) -> None:
    desk.harness.log.append(
        Place(Topic.NOTIFICATIONS, 0), Entry("a1", "mail", Outcome.DELIVERED, 0).encode()
    )
    await desk.work.restore(None)
    await desk.take(AN_ALERT)
    assert len(desk.mail.taken) == 1


async def test_the_ledger_is_written_only_after_the_yes(
    desk: Desk, eventually: Any, until_done: Any
) -> None:
    desk.mail.hold = asyncio.Event()
    task = asyncio.create_task(desk.take(AN_ALERT))
    await eventually(lambda: desk.mail.attempts and desk.chat.taken and desk.ledger())
    assert desk.outcomes() == {("a1", "chat", "delivered")}
    await until_done([task])
    desk.mail.hold = None
    desk.work = desk.new_work()
    await desk.work.restore(None)
    await desk.take(AN_ALERT)
    assert (len(desk.mail.taken), len(desk.chat.taken)) == (1, 1)


async def test_a_failing_target_is_tried_again(desk: Desk) -> None:
    desk.mail.answers = [NO, NO]
    await desk.take(AN_ALERT)
    entry = next(e for e in desk.ledger() if e.target == "mail")
    assert (entry.outcome, entry.attempts) == (Outcome.DELIVERED, 3)
    assert len(desk.mail.taken) == 1
    assert desk.metric("streakwatch_delivery_attempts_failed_total", target="mail") == 2
    assert desk.metric("streakwatch_deliveries_total", target="mail", outcome="delivered") == 1


async def test_pauses_double_up_to_the_ceiling(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, pauses, sleep = Desk(harness, attempts=6, backoff=1, backoff_ceiling=5), [], asyncio.sleep

    async def no_sleep(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr("streams.delivering.asyncio.sleep", no_sleep)
    desk.mail.answers = [NO] * 9
    await desk.take(replace(AN_ALERT, watchlist="quiet"))
    assert [pause for pause in pauses if pause] == [1, 2, 4, 5, 5]


async def test_given_up_is_failed_in_the_ledger(desk: Desk) -> None:
    desk.mail.answers = [NO] * 5
    await desk.take(AN_ALERT, replace(AN_ALERT, id="a2"))
    entries = [e for e in desk.ledger() if e.target == "mail"]
    assert [(e.alert, e.outcome, e.attempts, e.detail) for e in entries] == [
        ("a1", Outcome.FAILED, 5, "HTTP 503"),
        ("a2", Outcome.DELIVERED, 1, ""),
    ]
    await desk.take(AN_ALERT)
    assert desk.mail.attempts == 6


async def test_a_target_that_does_not_answer(harness: Any) -> None:
    desk = Desk(harness, attempts=1, timeout=0.01)
    desk.mail.hold = asyncio.Event()
    attempts = []

    class Impatient(asyncio.Timeout):
        def __init__(self, when: float | None) -> None:
            attempts.append(when)
            super().__init__(asyncio.get_running_loop().time() + 0.01)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.delivering.asyncio.timeout", Impatient)
        await desk.take(replace(AN_ALERT, watchlist="quiet"))
    assert attempts == [1.01]
    (entry,) = desk.ledger()
    assert (entry.outcome, entry.detail) == (Outcome.FAILED, "no answer within 0.01 s")


async def test_one_target_does_not_wait_for_another(desk: Desk, eventually: Any) -> None:
    """Within a frame; the next frame waits for both."""
    desk.mail.hold = asyncio.Event()
    alerts = [replace(AN_ALERT, id=f"a{i}") for i in range(5)]
    task = asyncio.create_task(desk.take(*alerts))
    await eventually(lambda: len(desk.chat.taken) == 5 and len(desk.ledger()) == 5)
    assert desk.mail.attempts == 1
    desk.mail.hold.set()
    await task
    assert len(desk.mail.taken) == 5


async def test_each_target_gets_its_alerts_in_order(desk: Desk) -> None:
    desk.mail.answers = [NO, Attempt(True), NO]
    await desk.take(*(replace(AN_ALERT, id=f"a{i}") for i in range(5)))
    for target in ("mail", "chat"):
        assert [e.alert for e in desk.ledger() if e.target == target] == [f"a{i}" for i in range(5)]


DAY = 86_400.0


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
    desk.clock.time = datetime(2026, 1, 15, tzinfo=UTC).timestamp() + days * DAY
    await desk.take(replace(AN_ALERT, watchlist="quiet"))
    (entry,) = desk.ledger()
    delivered = outcome == "delivered"
    assert (entry.outcome.value, entry.detail) == (outcome, "" if delivered else "historic")
    assert len(desk.mail.taken) == delivered
    assert entry.attempts == delivered


async def test_what_is_no_alert_is_a_dead_letter(desk: Desk) -> None:
    await desk.take(b"?", AN_ALERT, b"{}", replace(AN_ALERT, id="a2"))
    letters = desk.harness.outbox.to(Topic.DEAD_LETTERS)
    assert [letter.value for letter in letters] == [b"?", b"{}"]
    headers = [dict(letter.headers) for letter in letters]
    assert [h["reason"] for h in headers] == [b"not-json", b"not-an-alert"]
    assert [(h["topic"], h["partition"], h["offset"]) for h in headers] == [
        (b"alerts", b"1", b"0"),
        (b"alerts", b"1", b"2"),
    ]
    assert len(desk.mail.taken) == len(desk.chat.taken) == 2
    assert desk.metric("streakwatch_dead_letters_total", topic="alerts", reason="not-json") == 1


async def test_an_error_of_ours_for_one_alert_leaves_the_others(desk: Desk) -> None:
    """An alert that cannot be rendered: the runner takes the frame again, one by one."""
    alerts = [replace(AN_ALERT, id=f"a{i}") for i in range(3)]
    alerts[1] = replace(alerts[1], milestone=Milestone(Kind.RECORD_TIED, 10, "all", None))
    runner = desk.harness.runner(lambda _: desk.work, Topic.ALERTS, "delivery")
    records = desk.harness.log.append(PLACE, *map(encode_alert, alerts))
    await runner.attach([1])
    await runner.take(1, records)
    (letter,) = desk.harness.outbox.to(Topic.DEAD_LETTERS)
    assert letter.value == encode_alert(alerts[1])
    assert dict(letter.headers)["reason"] == b"internal-error"
    assert [e.alert for e in desk.ledger() if e.target == "mail"] == ["a0", "a2"]


async def test_an_error_at_one_target_leaves_the_other(desk: Desk, eventually: Any) -> None:
    """The chat has been asked when the mail breaks: its answer must reach the ledger."""
    desk.chat.hold = asyncio.Event()
    desk.mail.answers = [RuntimeError(), RuntimeError()]
    runner = desk.harness.runner(lambda _: desk.work, Topic.ALERTS, "delivery")
    records = desk.harness.log.append(PLACE, encode_alert(AN_ALERT))
    await runner.attach([1])
    task = asyncio.create_task(runner.take(1, records))
    await eventually(lambda: desk.chat.attempts)
    for _ in range(20):
        await asyncio.sleep(0)
    desk.chat.hold.set()
    await task
    assert ("a1", "chat", "delivered") in desk.outcomes()
    assert desk.chat.attempts == 1


async def test_the_state_is_the_ledger(desk: Desk) -> None:
    await desk.take(AN_ALERT)
    assert desk.work.snapshot() == {}
    assert desk.work.definition == "ledger"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"alert":"a","target":"t","outcome":"lost","at_ms":1}',
        b'{"alert":"a","target":"t","outcome":"failed","at_ms":1,"more":1}',
        b'{"alert":[],"target":"t","outcome":"failed","at_ms":1}',
        b'{"alert":"a","target":{},"outcome":"failed","at_ms":1}',
        b'{"alert":"a","target":"t","outcome":[],"at_ms":1}',
    ],
)
async def test_what_is_no_entry_does_not_stop_the_ledger(desk: Desk, value: bytes) -> None:
    good = Entry("a1", "mail", Outcome.DELIVERED, 0)
    desk.harness.log.append(LEDGER, value, good.encode())
    await desk.work.restore(None)
    await desk.take(AN_ALERT)
    assert desk.mail.taken == []
    with pytest.raises(ValueError, match=r".+"):
        Entry.decode(value)


def test_the_ledger_round_trips() -> None:
    entry = Entry("a", "t", Outcome.FAILED, 5, 3, "HTTP 500")
    assert Entry.decode(entry.encode()) == entry
    ledger = Ledger()
    ledger.apply(entry)
    ledger.apply(entry)
    assert (len(ledger), ledger.settled("a", "t"), ledger.settled("a", "u")) == (1, True, False)


def test_the_system_clock_counts_from_1970() -> None:
    assert SystemClock().now() > 1_700_000_000


async def test_who_was_told_is_told_of_the_correction_however_old(desk: Desk) -> None:
    """The mail was told in time; the chat came later, when it was history."""
    await desk.take(AN_ALERT)
    desk.clock.time += 400 * 86_400
    correction = replace(
        AN_ALERT, id="c1", milestone=Milestone(Kind.CORRECTION, 10), follows="a1", late=True
    )
    await desk.take(correction, replace(correction, id="c2", follows="never told"))
    assert [message.failure for message in desk.mail.taken] == [False, True]
    assert ("c2", "mail", "suppressed") in desk.outcomes()
