"""What services are posted: Mattermost's, ntfy's and Slack's forms, and Slack's limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from apprise.plugins.slack import NotifySlack
from receivers import HOST, Receiver, retry_after, says

from alerts import samples
from alerts.rendering import render
from alerts.targets import AppriseNotifier, Attempt, Message
from alerts.words.channels import channel_of

TOKEN = "abcdefghijklmnopqrstuvwxyz"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


def told(kind: str) -> Message:
    alert = samples.of(kind)
    return replace(render(alert, samples.NAMES), alert=alert)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(always=says(b"ok")) as made:
        yield made


async def posted(receiver: Receiver, url: str, message: Message) -> Any:
    """What the receiver was posted; it took it."""
    assert await AppriseNotifier("t", url).notify(message, 10) == Attempt(True)
    (request,) = receiver.requests()
    return request.path, json.loads(request.raw)


async def test_mattermost(receiver: Receiver) -> None:
    message = told("record.tied")
    url = f"mmost://streaks@{HOST}:{receiver.port}/{TOKEN}?format=text"
    path, fields = await posted(receiver, url, message)
    assert path == f"/hooks/{TOKEN}"
    assert fields["username"] == "streaks"
    assert message.title in fields["text"]
    assert message.alert is not None
    assert message.alert.id in fields["text"]


async def test_ntfy(receiver: Receiver) -> None:
    message = told("record.tied")
    url = f"ntfy://{HOST}:{receiver.port}/streaks"
    path, fields = await posted(receiver, url, message)
    assert path == "/"
    assert (fields["topic"], fields["title"]) == ("streaks", message.title)
    assert fields["message"].splitlines()[0] in message.body


@pytest.fixture
def slack(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Slack's incoming webhooks, as a local server."""
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{HOST}:{receiver.port}/services")
    return receiver


@pytest.mark.parametrize("kind", samples.KINDS)
@pytest.mark.parametrize("blocks", ["no", "yes"])
async def test_slack_within_its_published_limits(kind: str, blocks: str, slack: Receiver) -> None:
    """docs.slack.dev: 40,000 characters of text, 50 blocks, 3,000 of a section, 100 attachments."""
    path, fields = await posted(slack, f"{SLACK}?blocks={blocks}", told(kind))
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    attachments = fields["attachments"]
    assert len(json.dumps(fields)) < 40_000
    assert 0 < len(attachments) <= 100
    shown = [block for one in attachments for block in one.get("blocks", ())]
    assert len(shown) <= 50
    for block in shown:
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= 3000


@pytest.mark.parametrize("symbol", ["RUT", " ".join(["S&P"] * 30), " ".join(["😀"] * 90)])
async def test_a_header_of_slack_is_shortened_by_whole_words(symbol: str, slack: Receiver) -> None:
    """docs.slack.dev: 150 characters of a header block, for which apprise writes entities."""
    alert, url = replace(samples.of("provisional"), asset=symbol), f"{SLACK}?blocks=yes"
    whole = render(alert, {}).title
    message = replace(render(alert, {}, channel_of(url, "plain")), alert=alert)
    _, fields = await posted(slack, url, message)
    header, *_ = fields["attachments"][0]["blocks"]
    text = header["text"]["text"]
    assert header["type"] == "header"
    assert 120 < len(text.encode("utf-16-le")) // 2 <= 150
    kept = unescape(text).removesuffix("…")
    assert whole.startswith(kept)
    assert whole[len(kept)] in " ,;:"


async def test_slack_asks_for_a_pause(slack: Receiver) -> None:
    slack.script("/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", retry_after(30))
    attempt = await AppriseNotifier("t", SLACK).notify(told("record.tied"), 10)
    assert attempt == Attempt(False, "HTTP 429", retry_after=30)


@pytest.mark.parametrize(
    "url",
    [
        f"{SLACK}",
        "mailto://example.com?from=a@example.com",
        "ntfy://topic",
        f"mmost://example.com/{TOKEN}",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "syslog://",
    ],
)
def test_no_plugin_throttles(url: str) -> None:
    (service,) = AppriseNotifier("t", url)._apprise
    assert service.request_rate_per_sec == 0
