"""What services are sent, by apprise's own plugins: the words of each family, as they are."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from receivers import MailServer

from alerts import samples
from alerts.rendering import render
from alerts.targets import Attempt, Message, notifiers
from alerts.words.channels import channel_of
from config.settings import Target

NAMES = {"RUT": "<!channel> *x* [y](http://z) @everyone", "SPX": "S&P <b>500</b>"}
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = f"discord://{'1' * 18}/{'a' * 60}"
TELEGRAM = "tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/12315544"


class Payloads:
    """An HTTP server that keeps what it is sent."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        found = self.found

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                found.append(json.loads(raw))
                answer = b"ok" if "slack" in self.path else b'{"ok": true}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """No line for each request."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.address = f"127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Payloads]:
    made = Payloads()
    monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{made.address}/slack")
    monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://{made.address}/discord")
    monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://{made.address}/bot")
    yield made
    made.server.shutdown()
    made.server.server_close()


async def sent(target: Target, kind: str = "record.broken") -> Message:
    channel = channel_of(target.url.get_secret_value(), target.format)
    message = render(samples.of(kind), NAMES, channel)
    notifier = notifiers({"t": target})["t"]
    assert await notifier.notify(message, 10) == Attempt(True)
    return message


async def test_slack_is_sent_mrkdwn_as_it_was_written(service: Payloads) -> None:
    message = await sent(Target(url=SLACK))
    (payload,) = service.found
    (attachment,) = payload["attachments"]
    assert payload["mrkdwn"] is True
    assert attachment["text"] == message.body
    assert attachment["title"] == ""
    assert "&lt;!channel&gt; \u2217x\u2217" in attachment["text"]
    assert len(attachment["text"]) <= 3000
    assert "<" not in json.dumps(payload)


async def test_slack_in_blocks_keeps_to_the_room_of_a_section(service: Payloads) -> None:
    message = await sent(Target(url=f"{SLACK}?blocks=yes"))
    (section, *_) = service.found[0]["attachments"][0]["blocks"]
    assert section == {"type": "section", "text": {"type": "mrkdwn", "text": message.body}}


@pytest.mark.parametrize("family", ["plain", "push", "markdown"])
async def test_slack_in_another_family_is_inert_too(service: Payloads, family: Any) -> None:
    await sent(Target(url=SLACK, format=family))
    text = json.dumps(service.found[0], ensure_ascii=False)
    assert "<!channel>" not in text
    assert "<http" not in text


async def test_discord_is_sent_markdown_that_mentions_nobody(service: Payloads) -> None:
    message = await sent(Target(url=DISCORD))
    assert service.found[0]["content"] == message.body
    assert "@everyone" not in message.body
    assert "\\[y]" in message.body
    assert len(message.body) <= 2000


@pytest.mark.parametrize("version", ["", "?mdv=v2"])
async def test_telegram_is_sent_its_own_markdown(service: Payloads, version: str) -> None:
    await sent(Target(url=f"{TELEGRAM}{version}"))
    (payload,) = service.found
    assert payload["parse_mode"].lower().startswith("markdown")
    assert payload["text"].startswith("*RUT beat SPX for the 14th session running")
    assert not re.search(r"(?<!\\)\[y", payload["text"])
    assert len(payload["text"]) <= 4096


async def test_mattermost_is_sent_markdown(service: Payloads) -> None:
    url = f"mmost://{service.address}/0123456789abcdefghijklmnop"
    message = await sent(Target(url=url))
    assert service.found[0]["text"] == message.body


async def test_a_mail_has_html_and_the_plain_text_of_its_own() -> None:
    with MailsAsTheyCame() as mail:
        message = await sent(Target(url=mail.url("a@x.example")))
    (whole,) = mail.wholes
    parts = {part.get_content_type(): part for part in whole.walk()}
    assert list(parts) == ["multipart/alternative", "text/plain", "text/html"]
    assert parts["text/plain"].get_content().replace("\r", "").strip() == message.text
    assert parts["text/html"].get_content().replace("\r", "").strip() == message.body
    assert whole["Subject"] == message.title
    assert message.title.startswith("RUT beat SPX for the 14th session running")


async def test_a_mail_can_be_plain() -> None:
    with MailsAsTheyCame() as mail:
        message = await sent(Target(url=mail.url("a@x.example") + "&format=text", format="plain"))
    (whole,) = mail.wholes
    assert whole.get_content_type() == "text/plain"
    assert whole.get_content().split() == message.body.split()


class MailsAsTheyCame(MailServer):
    """The mails with all of their parts."""

    def __init__(self) -> None:
        super().__init__()
        self.wholes: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes
        from email.policy import default

        self.wholes.append(message_from_bytes(envelope.content, policy=default))
        return await super().handle_DATA(server, session, envelope)
