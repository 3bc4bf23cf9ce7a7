"""A burst: fifty alerts through delivery to one real target are not held up, and come in order.

How long it takes is measured by bench/burst.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from apprise.plugins.slack import NotifySlack
from delivery_desk import Desk, an_alert, until
from receivers import HOST, MailServer, Receiver, retry_after, says

from alerts.ledger import Outcome
from alerts.targets import AppriseNotifier

ALERTS = [an_alert(number) for number in range(50)]
IDS = [alert.id for alert in ALERTS]


async def burst(harness: Any, url: str, **delivery: Any) -> Desk:
    """What became of fifty alerts of one pair at a target."""
    desk = Desk(harness, **delivery)
    desk.work = desk.new_work(mail=AppriseNotifier("mail", url))
    await desk.work.restore(None)
    try:
        await desk.take(*ALERTS)
        await until(lambda: desk.waiting("mail") == 0, 60)
    finally:
        desk.work.drop()
    assert [e.alert for e in desk.ledger("mail") if e.outcome is Outcome.DELIVERED] == IDS
    return desk


async def test_fifty_mails(harness: Any) -> None:
    with MailServer() as mail:
        await burst(harness, mail.url("desk@test.example"))
    keys = [sent.header("X-Streakwatch-Id")[0] for sent in mail.mails]
    assert keys == [f"{alert}/mail" for alert in IDS]


@pytest.mark.parametrize(
    "url",
    [
        "json://HOST/x",
        "ntfy://HOST/streaks",
        "mmost://HOST/abcdefghijklmnopqrstuvwxyz",
        "webhook://HOST/x?secret=0123456789abcdef",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ],
)
async def test_fifty_messages(url: str, harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver(always=says(b"ok")) as receiver:
        host = f"{HOST}:{receiver.port}"
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{host}/services")
        await burst(harness, url.replace("HOST", host))
    texts = [request.raw.decode() for request in receiver.requests()]
    assert len(texts) == 50
    assert all(f"Alert {one}" in text for one, text in zip(IDS, texts, strict=True))


async def test_a_service_that_is_asked_too_much_gets_all_in_the_end(harness: Any) -> None:
    """It says so; the pauses after it answer that."""
    with Receiver() as receiver:
        receiver.script("/x", *[retry_after(0)] * 3)
        await burst(harness, f"json://{HOST}:{receiver.port}/x", backoff=0.01)
    assert [request.alert for request in receiver.taken()] == IDS
    assert len(receiver.requests()) == 53
