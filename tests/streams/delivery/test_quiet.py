"""What the routes say of when and how: groups, mutings, silences and inhibitions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from delivery_desk import AN_ALERT, NEVER, NO, NOW, YES, Desk, an_alert, details, several, until

from alerts.evidence import Holder
from alerts.ledger import Outcome
from alerts.matchers import Matcher
from alerts.model import Kind, Milestone
from alerts.silences import Silence
from alerts.writers import Writers

HOUR = 3600.0
NIGHT = {"night": {"times": "22:00-23:00"}}
"""In UTC; the clock of these tests begins at ten in the evening."""
BELL = {"group": {"by": ["period"], "wait": 5, "limit": 3}}

NewDesk = Callable[..., Any]


def routes(**options: Any) -> Mapping[str, Any]:
    return {"routes": {"targets": ["mail"], **options}, "timings": NIGHT}


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


async def test_what_a_channel_has_no_room_for_is_in_the_next_message(new_desk: NewDesk) -> None:
    """All are told, in as many messages as they need; those that fail are tried as they were."""
    targets = {name: {"url": "discord://4174216298/abc"} for name in ("mail", "chat", "spare")}
    more = routes(group={"by": ["period"], "wait": 5, "limit": 50})
    desk = await new_desk(more=more | {"targets": targets})
    desk.mail.answers = [NO]
    await desk.deliver(*several(50))
    found = [re.findall(r"^- Alert (a\d+)$", message.body, re.M) for message in desk.mail.taken]
    assert 1 < len(found) < 5
    assert sorted(one for ids in found for one in ids) == sorted(f"a{n}" for n in range(1, 51))
    for ids in found:
        assert {details(desk)[one] for one in ids} == {f"in one message of {len(ids)}"}


async def test_what_has_no_room_is_what_came_last(new_desk: NewDesk) -> None:
    """So one that is graver goes before no other of its pair."""
    targets = {name: {"url": "discord://4174216298/abc"} for name in ("mail", "chat", "spare")}
    more = routes(group={"by": ["watchlist"], "wait": 5, "limit": 50})
    desk = await new_desk(more=more | {"targets": targets})
    weak, strong = Milestone(Kind.ENDED, 10), Milestone(Kind.THRESHOLD, 10)
    kinds = {n: weak if n <= 25 else strong for n in range(1, 51)}
    await desk.deliver(*(an_alert(n, asset=f"A{n % 25}", milestone=kinds[n]) for n in kinds))
    found = [re.findall(r"^- Alert a(\d+)$", message.body, re.M) for message in desk.mail.taken]
    assert len(found) > 1
    times = {int(number): at for at, numbers in enumerate(found) for number in numbers}
    assert sorted(times) == list(range(1, 51))
    assert sorted(times.values()) == [times[number] for number in sorted(times)]


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


async def test_what_can_only_not_be_written_together_is_told_alone(
    new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(Writers, "together", fail)
    desk = await new_desk(more=routes(**BELL))
    await desk.deliver(*several(3))
    assert sorted(desk.mail.ids) == ["a1", "a2", "a3"]
    assert details(desk) == {"a1": "", "a2": "", "a3": ""}


# --- mutings ------------------------------------------------------------------------


async def test_what_is_muted_is_not_told_and_the_ledger_says_why(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(mute=["night"]))
    await desk.deliver(AN_ALERT)
    assert desk.mail.taken == []
    assert details(desk) == {"a1": "muted: night on routes until 2026-01-15 23:00:00Z"}
    assert desk.metric("streakwatch_suppressed_total", target="mail", reason="muted") == 1


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


async def test_who_takes_over_knows_what_was_said_before(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    held = Holder(9, "2025-01-02", "2025-01-15")
    await desk.deliver(an_alert(1, milestone=Milestone(Kind.RECORD_EXTENDED, 11, "all", held)))
    await desk.restart(desk.work.snapshot())
    await desk.deliver(an_alert(2))
    assert details(desk) == {"a1": "", "a2": "inhibited: record.extended a1 says it already"}


async def test_what_is_for_nobody_has_its_line_in_the_ledger(new_desk: NewDesk) -> None:
    nobody = {"match": {"rule": "threshold"}, "targets": []}
    desk = await new_desk(more=routes(routes=[nobody]))
    await desk.take(AN_ALERT)
    (entry,) = desk.ledger()
    assert (entry.target, entry.outcome) == ("", Outcome.SUPPRESSED)
    assert entry.detail == "unrouted: routes.routes[0] has no targets"


def test_the_clock_begins_in_the_evening() -> None:
    assert NOW % (24 * HOUR) == 22 * HOUR
