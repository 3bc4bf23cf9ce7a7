"""Delivery goes where the routes lead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from delivery_desk import LEDGER, Desk, an_alert, until

from alerts.evidence import Holder
from alerts.model import Kind, Milestone
from streams.delivery.requests import Reader

TIED = Milestone(Kind.RECORD_TIED, 10, "all", Holder(10, "1996-04-16", "1996-05-07"))
ROUTES = {
    "routes": [
        {"match": {"rule": "record.*"}, "targets": ["spare"], "continue": True},
        {"match": {"asset": "MDY"}, "targets": []},
        {"match": {"watchlist": "us"}},
    ]
}


def routed(harness: Any) -> Desk:
    desk = Desk(harness)
    data = desk.settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    desk.settings = type(desk.settings).model_validate(data | {"routes": ROUTES})
    desk.work.drop()
    desk.work = desk.new_work()
    return desk


@pytest.mark.parametrize(
    ("fields", "targets"),
    [
        ({}, {"mail", "chat"}),
        ({"milestone": TIED}, {"mail", "chat", "spare"}),
        ({"milestone": TIED, "asset": "MDY"}, {"spare"}),
        ({"asset": "MDY"}, set()),
        ({"watchlist": "quiet"}, {"mail"}),
        ({"watchlist": "gone"}, set()),
    ],
)
async def test_an_alert_goes_to_the_targets_of_its_routes(
    harness: Any, fields: dict[str, Any], targets: set[str]
) -> None:
    desk = routed(harness)
    await desk.work.restore(None)
    await desk.deliver(an_alert(1, **fields))
    told = {("a1", target, "delivered") for target in targets}
    assert desk.outcomes() == (told or {("a1", "", "suppressed")})
    desk.work.drop()


async def test_a_person_asks_for_those_of_the_routes_by_a_star(harness: Any) -> None:
    desk = routed(harness)
    await desk.work.restore(None)
    (record,) = desk.append(an_alert(1, milestone=TIED), headers=[("resend", b"*")])
    reader: Reader = desk.work._desk.reader
    assert reader.read(record).targets == ("spare", "mail", "chat")
    desk.work.drop()


def with_routes(desk: Desk, *gone: str) -> None:
    """Routes to all targets but those that are gone, in a worker that begins anew."""
    data = desk.settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    whom = {"MDY": ["spare"], "IWM": ["mail", "spare"], "*": ["mail", "chat", "spare"]}
    routes = [
        {"match": {"asset": asset}, "targets": [name for name in names if name not in gone]}
        for asset, names in whom.items()
    ]
    targets = {name: target for name, target in data["targets"].items() if name not in gone}
    changes = {"routes": {"routes": routes}, "targets": targets}
    desk.settings = type(desk.settings).model_validate(data | changes)
    desk.work.drop()
    desk.work = desk.new_work()


async def test_what_waited_untried_for_a_target_that_is_gone_has_an_end(harness: Any) -> None:
    """And nothing else gets one: not what was told, nor what another has before it."""
    desk = Desk(harness, timeout=1000)
    with_routes(desk)
    await desk.work.restore(None)
    desk.spare.hold = asyncio.Event()
    await desk.take(an_alert(1, asset="MDY"), an_alert(2, asset="MDY"), an_alert(3))
    await until(lambda: len(desk.outcomes()) == 2)
    desk.mail.hold = asyncio.Event()
    await desk.take(an_alert(4, asset="IWM"))
    await until(lambda: desk.mail.attempts == 2)
    state = desk.work.snapshot()
    desk.mail.hold = None
    with_routes(desk, "spare")
    await desk.work.restore(state)
    await desk.idle()
    end = "unrouted: the target spare is not in the configuration any more"
    assert {(e.alert, e.target, e.detail) for e in desk.ledger()} == {
        ("a1", "", end),
        ("a2", "", end),
        ("a3", "mail", ""),
        ("a3", "chat", ""),
        ("a4", "mail", ""),
    }
    assert [place for place, *_ in harness.log.reads].count(LEDGER) == 2, "once at each start"
    desk.work.drop()
