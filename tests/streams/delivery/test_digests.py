"""What is held back for a digest: it keeps nothing waiting, and nothing of it is lost."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from delivery_desk import (
    AN_ALERT,
    NEVER,
    NO,
    YES,
    Desk,
    FakeTarget,
    an_alert,
    details,
    several,
    until,
)

from alerts.evidence import Absence
from alerts.ledger import Outcome
from alerts.model import Kind, Milestone
from alerts.targets import Message
from config.settings import Settings

HOUR, DAY = 3600.0, 86_400.0
NIGHT = {"night": {"times": "22:00-23:00"}, "week": {"dates": "2026-01-15 to 2026-01-24"}}
"""In UTC; the clock of these tests begins at ten in the evening of 15 January 2026."""
ALL: Mapping[str, Any] = {
    "routes": {"targets": ["mail"], "mute": ["night"], "digest": True},
    "timings": NIGHT,
}
ENDED = Milestone(Kind.ENDED, 10)

NewDesk = Callable[..., Any]


def routes(*below: Mapping[str, Any], mute: str = "night") -> Mapping[str, Any]:
    """Thresholds are held back, and all else as said."""
    held = {"match": {"rule": "threshold"}, "mute": [mute], "digest": True}
    return {"routes": {"targets": ["mail"], "routes": [held, *below]}, "timings": NIGHT}


async def held(desk: Desk, count: int) -> None:
    """Wait until so many have their line in the ledger that they are held back."""
    await until(lambda: len(desk.ledger("mail")) == count)
    assert {e.outcome for e in desk.ledger("mail")} == {Outcome.RETRYING}


async def test_what_is_muted_is_told_afterwards_in_one_digest(new_desk: NewDesk) -> None:
    desk = await new_desk(more=ALL)
    began = asyncio.get_running_loop().time()
    await desk.take(*several(2))
    await held(desk, 2)
    await asyncio.sleep(HOUR / 2)
    await desk.deliver(*several(2, 3))
    (message,) = desk.mail.taken
    assert 0 <= desk.mail.times[0] - began - HOUR < 2
    assert message.body.count("Held back: night on routes until 2026-01-15 23:00:00Z.") == 1
    assert details(desk) == {f"a{at}": "in one message of 4" for at in (1, 2, 3, 4)}


async def test_a_webhook_gets_each_by_itself_in_the_end_too(new_desk: NewDesk) -> None:
    url = f"webhook://127.0.0.1/?secret={'s' * 20}"
    more = ALL
    desk = await new_desk(
        more=more | {"targets": {name: {"url": url} for name in ("mail", "chat", "spare")}}
    )
    await desk.take(*several(2))
    await desk.idle()
    assert desk.mail.ids == ["a1", "a2"]
    assert details(desk) == {"a1": "", "a2": ""}


async def test_what_is_held_back_outlives_a_restart(new_desk: NewDesk) -> None:
    desk = await new_desk(more=ALL)
    await desk.take(*several(2))
    await held(desk, 2)
    await desk.restart(desk.work.snapshot())
    await asyncio.sleep(HOUR / 2)
    assert desk.mail.taken == []
    await desk.idle()
    (message,) = desk.mail.taken
    assert all(f"Alert a{at}" in message.body for at in (1, 2))


async def test_what_is_held_back_keeps_nothing_else_waiting(new_desk: NewDesk) -> None:
    quiet = {"match": {"watchlist": "us"}, "mute": ["night"], "digest": True}
    more = {"routes": {"targets": ["mail"], "routes": [quiet]}, "timings": NIGHT}
    desk = await new_desk(more=more, room=10)
    await desk.take(*several(30))
    await desk.take(an_alert(99, watchlist="quiet"))
    await until(lambda: desk.mail.ids == ["a99"], 60)
    found = [e.outcome for e in desk.ledger("mail") if e.detail.startswith("muted")]
    assert found.count(Outcome.RETRYING) <= 6
    assert Outcome.SUPPRESSED in found


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_is_held_back_lets_others_of_its_pair_pass(
    restarted: bool, new_desk: NewDesk
) -> None:
    desk = await new_desk(more=routes())
    await desk.take(AN_ALERT)
    await held(desk, 1)
    if restarted:
        await desk.restart(desk.work.snapshot())
    began = asyncio.get_running_loop().time()
    await desk.take(an_alert(2, milestone=ENDED))
    await until(lambda: desk.mail.ids == ["a2"], 60)
    assert desk.mail.times[0] - began < 2
    await desk.idle()
    assert desk.mail.ids == ["a2", "a1"]
    assert desk.mail.times[1] - began > HOUR - 60


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({"milestone": Milestone(Kind.CORRECTION, 10), "revision": "retracted"}, True),
        ({"milestone": ENDED, "revision": "amended"}, True),
        ({"milestone": Milestone(Kind.DATA_ARRIVED)}, True),
        ({"milestone": ENDED}, False),  # such as a record that confirms what was provisional
    ],
    ids=str,
)
async def test_what_speaks_of_one_that_is_held_back_waits_with_it(
    fields: dict[str, Any], waits: bool, new_desk: NewDesk
) -> None:
    """And is told in the same message."""
    if fields["milestone"].kind is Kind.DATA_ARRIVED:
        fields = fields | {"evidence": Absence(("RUT",), 0, 1, "2026-01-15T21:00Z", 60, "RUT")}
    desk = await new_desk(more=routes())
    await desk.take(AN_ALERT)
    await held(desk, 1)
    await desk.take(an_alert(2, follows="a1", **fields))
    await asyncio.sleep(HOUR / 2)
    assert len(desk.mail.taken) == (not waits)
    await desk.idle()
    assert len(desk.mail.taken) == 1 + (not waits)
    assert {id_: d for id_, d in details(desk).items() if d} == (
        dict.fromkeys(("a1", "a2"), "in one message of 2") if waits else {}
    )


async def test_what_the_pair_says_meanwhile_goes_first(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    await desk.take(an_alert(1), an_alert(2, milestone=ENDED), an_alert(3))
    await until(lambda: desk.mail.ids == ["a2"], 60)
    await desk.idle()
    assert details(desk) == {"a2": "", "a1": "in one message of 2", "a3": "in one message of 2"}


async def test_a_correction_of_it_is_told_with_it_however_old(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes({"match": {"rule": "ended"}, "mute": ["night"]}, mute="week"))
    correction = an_alert(2, milestone=ENDED, follows="a1", revision="retracted", late=True)
    await desk.take(AN_ALERT, correction)
    await held(desk, 2)
    await asyncio.sleep(10 * DAY)
    (message,) = desk.mail.taken
    assert message.body.index("Alert a1") < message.body.index("Alert a2")
    assert details(desk) == dict.fromkeys(["a1", "a2"], "in one message of 2")


async def test_a_muting_that_ends_while_no_worker_lives_ends_in_a_digest(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    await desk.take(*several(3))
    await held(desk, 3)
    state = desk.work.snapshot()
    desk.work.drop()
    await asyncio.sleep(2 * HOUR)
    await desk.restart(state)
    await desk.idle()
    (message,) = desk.mail.taken
    assert message.body.count("Held back: night on routes.routes[0] until") == 1


async def test_a_muting_that_is_no_more_holds_nothing_back(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    await desk.take(*several(2))
    await held(desk, 2)
    plain = desk.settings.model_dump(by_alias=True, mode="json", exclude_unset=True)
    desk.settings = Settings.model_validate(plain | {"routes": {"targets": ["mail"]}})
    await desk.restart(desk.work.snapshot())
    await until(lambda: len(desk.mail.taken) == 1, 60)
    assert details(desk) == dict.fromkeys(["a1", "a2"], "in one message of 2")


async def test_of_two_mutings_to_the_same_hour_one_may_go(new_desk: NewDesk) -> None:
    ended = {"match": {"rule": "ended"}, "mute": ["night"], "digest": True}
    desk = await new_desk(more=routes(ended))
    await desk.take(*several(2), an_alert(3, asset="A3", milestone=ENDED))
    await held(desk, 3)
    plain = desk.settings.model_dump(by_alias=True, mode="json", exclude_unset=True)
    still = {"targets": ["mail"], "routes": [ended]}
    desk.settings = Settings.model_validate(plain | {"routes": still})
    await desk.restart(desk.work.snapshot())
    await until(lambda: len(desk.mail.taken) == 1, 60)
    assert details(desk) == dict.fromkeys(["a1", "a2"], "in one message of 2")
    assert len([e for e in desk.ledger("mail") if e.alert == "a3"]) == 2
    await desk.idle()
    assert desk.mail.ids[1:] == ["a3"]


async def test_what_fails_afterwards_has_its_time_over_a_restart(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    desk.mail.answers = [NO, NO, NO]
    await desk.take(*several(2))
    await until(lambda: desk.mail.attempts == 1)
    await asyncio.sleep(0.1)
    await desk.restart(desk.work.snapshot())
    await desk.idle()
    assert {outcome for _, _, outcome in desk.outcomes()} == {"delivered"}


async def test_half_of_the_room_is_held_back_to_the_last_one(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes(), room=20)
    await desk.take(*several(15))
    await until(lambda: len(desk.ledger("mail")) == 15)
    found = [e.outcome for e in sorted(desk.ledger("mail"), key=lambda e: e.offset)]
    assert found == [Outcome.RETRYING] * 10 + [Outcome.SUPPRESSED] * 5


async def test_the_target_is_not_slow_because_something_is_held_back(new_desk: NewDesk) -> None:
    desk = await new_desk(more=routes())
    await desk.take(AN_ALERT)
    await held(desk, 1)
    await asyncio.sleep(HOUR / 2)
    assert desk.metric("streakwatch_delivery_oldest_seconds", target="mail") == 0
    assert desk.metric("streakwatch_deliveries_waiting", target="mail") == 1
    desk.mail.answers = [YES]
    await desk.idle()
    assert desk.metric("streakwatch_delivery_seconds_count", target="mail") == 0


async def test_of_two_muted_routes_to_a_target_the_one_with_a_digest_counts(
    new_desk: NewDesk,
) -> None:
    silent = {"match": {"asset": "RUT"}, "mute": ["night"], "continue": True}
    told = {"mute": ["night"], "digest": True}
    more = {"routes": {"targets": ["mail"], "routes": [silent, told]}, "timings": NIGHT}
    desk = await new_desk(more=more)
    await desk.deliver(AN_ALERT)
    assert desk.mail.ids == ["a1"]


async def test_the_route_that_tells_an_alert_says_what_it_is_told_with(new_desk: NewDesk) -> None:
    """Of two that lead to a target the first is muted, and its group is of no account."""
    muted = {"mute": ["night"], "group": {"by": [], "wait": 600}, "continue": True}
    told = {"group": {"by": ["asset"], "wait": 5}}
    more = {"routes": {"targets": ["mail"], "routes": [muted, told]}, "timings": NIGHT}
    desk = await new_desk(more=more)
    await desk.deliver(*several(2))
    assert desk.mail.times == [5.0, 5.0]
    assert details(desk) == {"a1": "", "a2": ""}


def the_digest(target: FakeTarget) -> Message:
    """The one message that the target took, of three alerts."""
    (message,) = target.taken
    assert all(f"Alert a{at}" in message.body for at in (1, 2, 3))
    return message


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_digest_that_has_failed_is_one_digest_again(
    restarted: bool, new_desk: NewDesk
) -> None:
    desk = await new_desk(more=ALL)
    desk.mail.always = NO
    await desk.take(*several(3))
    await until(lambda: desk.mail.attempts == 2, 2 * HOUR)
    if restarted:
        await desk.restart(desk.work.snapshot())
    desk.mail.always = YES
    await desk.idle()
    message = the_digest(desk.mail)
    assert message.body.count("Held back: night on routes until 2026-01-15 23:00:00Z.") == 1


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_digest_is_one_at_the_fallback_too(restarted: bool, new_desk: NewDesk) -> None:
    desk = await new_desk(more=ALL, fallbacks={"mail": "spare"})
    desk.mail.always, desk.spare.always = NEVER, NO
    await desk.take(*several(3))
    await until(lambda: desk.spare.attempts == 1, 2 * HOUR)
    if restarted:
        await desk.restart(desk.work.snapshot())
    desk.spare.always = YES
    await desk.idle()
    the_digest(desk.spare)


async def test_a_digest_that_fails_makes_its_target_slow(new_desk: NewDesk) -> None:
    """It waits since its moment, not since its alerts came."""
    desk = await new_desk(more=ALL)
    desk.mail.always = NO
    await desk.take(*several(2))
    await asyncio.sleep(HOUR + 120)
    assert 60 < desk.metric("streakwatch_delivery_oldest_seconds", target="mail") <= 120


async def test_a_digest_that_is_refused_slowly_is_one_at_the_fallback_too(
    new_desk: NewDesk,
) -> None:
    """Each alert is refused by itself before it goes there, a second or two after the other."""
    desk = await new_desk(more=ALL, fallbacks={"mail": "spare"})
    desk.mail.always, desk.mail.seconds = NEVER, 1.5
    await desk.deliver(*several(4))
    assert [len(set(re.findall(r"Alert (\w+)", m.body))) for m in desk.spare.taken] == [4]
