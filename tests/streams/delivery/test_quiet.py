"""What the routes say of when and how: groups, mutings, digests, silences and inhibitions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from delivery_desk import AN_ALERT, NEVER, NO, NOW, YES, Desk, an_alert, until

from alerts.evidence import Absence
from alerts.ledger import Outcome
from alerts.matchers import Matcher
from alerts.model import Kind, Milestone
from alerts.silences import Silence

HOUR = 3600.0
NIGHT = {"night": {"times": "22:00-23:00"}}
"""In UTC; the clock of these tests begins at ten in the evening."""
BELL = {"group": {"by": ["period"], "wait": 5, "limit": 3}}

NAMES = ("mail", "chat", "spare")
NewDesk = Callable[..., Any]


def routes(**options: Any) -> Mapping[str, Any]:
    return {"routes": {"targets": ["mail"], **options}, "timings": NIGHT}


def several(count: int, first: int = 1) -> list[Any]:
    return [an_alert(at, asset=f"A{at}") for at in range(first, first + count)]


def details(desk: Desk) -> dict[str, str]:
    return {e.alert: e.detail for e in desk.ledger("mail") if e.outcome.is_final}


def silenced(desk: Desk, seconds: float, **matchers: str) -> None:
    now_ms = int(desk.clock.now() * 1000)
    those = tuple(Matcher(field, (text,)) for field, text in matchers.items())
    silence = Silence("4f2c", those, "ann", "maintenance", now_ms, now_ms + int(seconds * 1000))
    desk.known.silences.put(silence, now_ms)


# --- groups -----------------------------------------------------------------------------------


async def test_the_bell_is_one_message(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL))
    await desk.deliver(*several(3))
    (message,) = desk.mail.taken
    assert message.title.endswith("(and 2 more)")
    assert all(f"Alert a{at}" in message.body for at in (1, 2, 3))
    assert message.alert is not None
    assert [one.id for one in (message.alert, *message.others)] == ["a1", "a2", "a3"]
    assert details(desk) == dict.fromkeys(["a1", "a2", "a3"], "in one message of 3")


async def test_the_first_waits_and_no_longer(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL))
    began = asyncio.get_running_loop().time()
    await desk.take(*several(1))
    await asyncio.sleep(4)
    await desk.take(*several(1, 2))
    await asyncio.sleep(2)
    await desk.deliver(*several(1, 3))
    assert [round(at - began) for at in desk.mail.times] == [5, 11]


async def test_a_message_has_no_more_than_its_limit(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL))
    await desk.deliver(*several(7))
    assert list(details(desk).values()) == ["in one message of 3"] * 6 + [""]


async def test_what_fails_together_is_tried_together_again(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL))
    desk.mail.answers = [NO, YES]
    await desk.take(*several(2))
    await until(lambda: desk.mail.attempts == 1)
    await desk.deliver(*several(1, 3))
    assert details(desk) == {"a1": "in one message of 2", "a2": "in one message of 2", "a3": ""}


async def test_what_failed_together_is_tried_together_after_a_restart(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL))
    desk.mail.answers = [NO, YES]
    await desk.take(*several(2))
    await until(lambda: len(desk.ledger("mail")) == 2)
    await desk.restart(desk.work.snapshot())
    await desk.idle()
    assert details(desk) == {"a1": "in one message of 2", "a2": "in one message of 2"}


async def test_what_a_target_refuses_together_its_fallback_gets_together(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL), fallbacks={"mail": "spare"})
    desk.mail.always = NEVER
    await desk.deliver(*several(2))
    (message,) = desk.spare.taken
    assert message.body.count("The target mail did not take this message") == 1


async def test_what_is_twice_in_the_log_is_not_twice_in_a_message(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL))
    await desk.deliver(AN_ALERT, AN_ALERT, an_alert(2))
    (message,) = desk.mail.taken
    assert message.body.count("Alert a1") == 1
    assert details(desk) == {"a1": "in one message of 2", "a2": "in one message of 2"}


async def test_one_that_cannot_be_rendered_leaves_the_others_of_its_group(
    new_desk: NewDesk,
) -> None:
    desk = await new_desk(more=routes(**BELL))
    broken = an_alert(9, milestone=Milestone(Kind.RECORD_TIED, 10, "all", None))
    await desk.deliver(broken, *several(2))
    assert details(desk) == {
        "a9": "internal error: AssertionError",
        "a1": "in one message of 2",
        "a2": "in one message of 2",
    }


# --- mutings and digests ------------------------------------------------------------------------


async def test_what_is_muted_is_not_told_and_the_ledger_says_why(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(mute=["night"]))
    await desk.deliver(AN_ALERT)
    assert desk.mail.taken == []
    assert details(desk) == {"a1": "muted: night on routes until 2026-01-15 23:00:00Z"}
    assert desk.metric("streakwatch_suppressed_total", target="mail", reason="muted") == 1


async def test_what_is_muted_is_told_afterwards_in_one_digest(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(mute=["night"], digest=True))
    began = asyncio.get_running_loop().time()
    await desk.take(*several(2))
    await until(lambda: len(desk.ledger("mail")) == 2)
    assert {e.outcome for e in desk.ledger("mail")} == {Outcome.RETRYING}
    await asyncio.sleep(HOUR / 2)
    await desk.deliver(*several(2, 3))
    (message,) = desk.mail.taken
    assert 0 <= desk.mail.times[0] - began - HOUR < 2
    assert message.body.count("Held back: night on routes until 2026-01-15 23:00:00Z.") == 1
    assert details(desk) == {f"a{at}": "in one message of 4" for at in (1, 2, 3, 4)}


async def test_a_webhook_gets_each_by_itself_in_the_end_too(new_desk: NewDesk) -> None:
    url = f"webhook://127.0.0.1/?secret={'s' * 20}"
    more = routes(mute=["night"], digest=True)
    desk = await new_desk(more=more | {"targets": {name: {"url": url} for name in NAMES}})
    await desk.take(*several(2))
    await desk.idle()
    assert desk.mail.ids == ["a1", "a2"]
    assert details(desk) == {"a1": "", "a2": ""}


async def test_what_is_held_back_outlives_a_restart(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(mute=["night"], digest=True))
    await desk.take(*several(2))
    await until(lambda: len(desk.ledger("mail")) == 2)
    await desk.restart(desk.work.snapshot())
    await asyncio.sleep(HOUR / 2)
    assert desk.mail.taken == []
    await desk.idle()
    (message,) = desk.mail.taken
    assert all(f"Alert a{at}" in message.body for at in (1, 2))


async def test_what_is_held_back_keeps_nothing_else_waiting(new_desk: NewDesk) -> None:
    quiet = {"match": {"watchlist": "us"}, "mute": ["night"], "digest": True}
    desk = await new_desk(more=routes(routes=[quiet]), room=10)
    await desk.take(*several(30))
    await desk.take(an_alert(99, watchlist="quiet"))
    await until(lambda: desk.mail.ids == ["a99"], 60)
    found = [e.outcome for e in desk.ledger("mail") if e.detail.startswith("muted")]
    assert found.count(Outcome.RETRYING) <= 6
    assert Outcome.SUPPRESSED in found


QUIET = routes(routes=[{"match": {"rule": "threshold"}, "mute": ["night"], "digest": True}])
"""Of one kind nothing is told before the morning."""
THE_END = Milestone(Kind.ENDED, 10)


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_is_held_back_lets_others_of_its_pair_pass(
    restarted: bool, new_desk: NewDesk
) -> None:
    desk = await new_desk(more=QUIET)
    await desk.take(AN_ALERT)
    await until(lambda: len(desk.ledger("mail")) == 1)
    if restarted:
        await desk.restart(desk.work.snapshot())
    began = asyncio.get_running_loop().time()
    await desk.take(an_alert(2, milestone=THE_END))
    await until(lambda: desk.mail.ids == ["a2"], 60)
    assert desk.mail.times[0] - began < 2
    await desk.idle()
    assert desk.mail.ids == ["a2", "a1"]
    assert desk.mail.times[1] - began > HOUR - 60


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({"milestone": Milestone(Kind.CORRECTION, 10), "revision": "retracted"}, True),
        ({"milestone": THE_END, "revision": "amended"}, True),
        ({"milestone": Milestone(Kind.DATA_ARRIVED)}, True),
        ({"milestone": THE_END}, False),  # such as a record that confirms what was provisional
    ],
    ids=str,
)
async def test_what_speaks_of_one_that_is_held_back_waits_with_it(
    fields: dict[str, Any], waits: bool, new_desk: NewDesk
) -> None:
    """And is told in the same message."""
    if fields["milestone"].kind is Kind.DATA_ARRIVED:
        fields = fields | {"evidence": Absence(("RUT",), 0, 1, "2026-01-15T21:00Z", 60, "RUT")}
    desk = await new_desk(more=QUIET)
    await desk.take(AN_ALERT)
    await until(lambda: len(desk.ledger("mail")) == 1)
    await desk.take(an_alert(2, follows="a1", **fields))
    await asyncio.sleep(HOUR / 2)
    assert len(desk.mail.taken) == (not waits)
    await desk.idle()
    assert len(desk.mail.taken) == 1 + (not waits)
    assert {id_: d for id_, d in details(desk).items() if d} == (
        dict.fromkeys(("a1", "a2"), "in one message of 2") if waits else {}
    )


async def test_what_was_held_back_is_one_message_when_a_worker_begins_after_its_time(
    new_desk: NewDesk,
) -> None:
    desk = await new_desk(more=routes(mute=["night"], digest=True))
    await desk.take(*several(3))
    await until(lambda: len(desk.ledger("mail")) == 3)
    state = desk.work.snapshot()
    desk.work.drop()
    await asyncio.sleep(2 * HOUR)
    await desk.restart(state)
    await desk.idle()
    (message,) = desk.mail.taken
    assert message.body.count("Held back: night on routes until 2026-01-15 23:00:00Z.") == 1


async def test_who_was_told_is_told_of_the_correction_at_night(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(mute=["night"]))
    (record,) = desk.append(AN_ALERT, headers=[("resend", b"mail")])
    await desk.work.take([record])
    await until(lambda: desk.mail.ids == ["a1"])
    await desk.deliver(an_alert(2, follows="a1", revision="retracted", late=True))
    assert desk.mail.ids == ["a1", "a2"]


# --- silences and inhibitions -------------------------------------------------------------------


async def test_what_is_silenced_is_not_told(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    silenced(desk, HOUR, asset="RUT")
    await desk.deliver(AN_ALERT, an_alert(2, asset="MDY"))
    assert desk.mail.ids == ["a2"]
    assert details(desk)["a1"] == "silenced: 4f2c by ann until 2026-01-15 23:00:00Z"
    await asyncio.sleep(HOUR)
    await desk.deliver(an_alert(3))
    assert desk.mail.ids == ["a2", "a3"]


async def test_a_silence_counts_for_what_waits_already(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(**BELL))
    await desk.take(*several(2))
    await asyncio.sleep(1)
    silenced(desk, HOUR, asset="A1")
    await desk.idle()
    assert desk.mail.ids == ["a2"]


async def test_a_person_who_asks_for_it_is_told(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(mute=["night"]))
    silenced(desk, HOUR, asset="RUT")
    await desk.deliver_to("mail", AN_ALERT, headers=[("resend", b"mail")])
    assert desk.mail.ids == ["a1"]


async def test_a_record_says_what_a_threshold_would(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    record = an_alert(1, milestone=Milestone(Kind.RECORD_EXTENDED, 10, "all"))
    desk.known.sources.see(record, desk.known.router.describer.describe(record), ["mail"])
    await desk.deliver(an_alert(2))
    assert details(desk) == {"a2": "inhibited: record.extended a1 says it already"}


async def test_what_is_for_nobody_has_its_line_in_the_ledger(new_desk: NewDesk) -> None:
    nobody = {"match": {"rule": "threshold"}, "targets": []}
    desk = await new_desk(more=routes(routes=[nobody]))
    await desk.take(AN_ALERT)
    (entry,) = desk.ledger()
    assert (entry.target, entry.outcome) == ("", Outcome.SUPPRESSED)
    assert entry.detail == "unrouted: routes.routes[0] has no targets"


def test_the_clock_begins_in_the_evening() -> None:
    assert NOW % (24 * HOUR) == 22 * HOUR
