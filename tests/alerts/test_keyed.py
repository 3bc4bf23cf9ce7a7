"""json://, xml:// and form:// tell the key of an alert to machines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from receivers import HOST, Receiver, ok, status

from alerts import samples
from alerts.targets import AppriseNotifier, Message

TIED, ENDED = samples.of("record.tied"), samples.of("ended")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def target(receiver: Receiver, scheme: str) -> AppriseNotifier:
    return AppriseNotifier("desk", f"{scheme}://{HOST}:{receiver.port}/hook?+X-Own=1")


@pytest.mark.parametrize("scheme", ["json", "xml", "form"])
async def test_the_key_is_a_header_and_the_same_each_time(receiver: Receiver, scheme: str) -> None:
    receiver.script("/hook", status(503), ok())
    desk = target(receiver, scheme)
    for _ in range(2):
        await desk.notify(Message("title", "body", alert=TIED), 10)
    keys = [request.headers["x-streakwatch-id"] for request in receiver.requests()]
    assert keys == [f"{TIED.id}/desk"] * 2
    assert {request.headers["x-own"] for request in receiver.requests()} == {"1"}


async def test_messages_at_the_same_time_have_each_its_own(receiver: Receiver) -> None:
    receiver.script("/hook", ok(0.2), ok(0.2))
    desk = target(receiver, "json")
    alerts = (TIED, ENDED)
    await asyncio.gather(*(desk.notify(Message(one.id, "body", alert=one), 10) for one in alerts))
    found = {request.title: request.headers["x-streakwatch-id"] for request in receiver.requests()}
    assert found == {one.id: f"{one.id}/desk" for one in alerts}


async def test_words_alone_have_none(receiver: Receiver) -> None:
    await target(receiver, "json").notify(Message("title", "body"), 10)
    (request,) = receiver.requests()
    assert "x-streakwatch-id" not in request.headers
