"""Delivery goes where the routes lead."""

from __future__ import annotations

from typing import Any

import pytest
from delivery_desk import Desk, an_alert

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
