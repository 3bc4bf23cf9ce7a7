"""What the demo's alerts are sent to: a real SMTP server and a real HTTP receiver, on loopback."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from config.errors import StreakwatchError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Received:
    """A message as a receiver got it."""

    title: str
    body: str
    size: int


@dataclass(slots=True)
class Inbox:
    """What a receiver has got so far."""

    messages: list[Received] = field(default_factory=list)


class HttpReceiver:
    """Takes JSON by POST, as apprise's json:// sends it; a context manager."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        inbox = self.inbox

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fields = json.loads(body)
                inbox.messages.append(Received(fields["title"], fields["message"], len(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """No line for each request."""

        return Handler


class SmtpReceiver:
    """Takes mail, as any SMTP server does; a context manager."""

    def __init__(self) -> None:
        """Raises StreakwatchError where aiosmtpd is not installed."""
        try:
            from aiosmtpd.controller import Controller
        except ImportError:
            raise StreakwatchError(
                "the demo's SMTP server needs aiosmtpd", "pip install 'streakwatch[demo]'"
            ) from None
        from streams.embedded.ports import free_port

        self.inbox = Inbox()
        self.port = free_port()
        self._controller = Controller(self, hostname=HOST, port=self.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd calls this for each message."""
        mail = message_from_bytes(envelope.content)
        subject = str(make_header(decode_header(mail["Subject"] or "")))
        part = next((p for p in mail.walk() if p.get_content_type().startswith("text/")), mail)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        body = payload.decode(part.get_content_charset() or "utf-8", "replace")
        self.inbox.messages.append(Received(" ".join(subject.split()), body, len(envelope.content)))
        return "250 OK"
