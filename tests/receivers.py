"""Real receivers with bad manners: an HTTP server and an SMTP server that do as they are told.

with Receiver() as receiver:
    receiver.script("/desk", status(500), retry_after(2), hang(), drop(), ok())
    ... receiver.url("/desk") is a target's URL ...
    receiver.requests("/desk")
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from streams.embedded.ports import free_port

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is done about a request: after ``wait`` seconds an answer, whole, in part or none.

    ``whole`` is false where the connection is closed in the middle of the answer; ``status`` 0
    closes it without one.
    """

    name: str
    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0
    whole: bool = True
    body: bytes = b""

    @property
    def is_yes(self) -> bool:
        """Whether the answer says that the message was taken, and arrives whole."""
        return self.whole and self.status in range(200, 300)


def ok(wait: float = 0.0) -> Behaviour:
    """A yes, after so many seconds."""
    return Behaviour("ok", wait=wait)


def says(body: bytes) -> Behaviour:
    """A yes as services of their own form say it: 200, with a body."""
    return Behaviour("ok", 200, body=body)


def status(code: int, **headers: str) -> Behaviour:
    """An answer with another status, such as 500 or 404."""
    given = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Behaviour(f"HTTP {code}", code, given)


def retry_after(seconds: float | str, code: int = 429) -> Behaviour:
    """Too much, come back later: seconds, or a date as HTTP writes it."""
    return Behaviour(f"HTTP {code}", code, (("Retry-After", str(seconds)),))


def hang() -> Behaviour:
    """Take the request, and never answer."""
    return Behaviour("hang", 0, wait=float("inf"))


def cut() -> Behaviour:
    """Close the connection in the middle of the answer."""
    return Behaviour("cut", 200, whole=False)


def drop() -> Behaviour:
    """Take the message, and close the connection without a word."""
    return Behaviour("drop", 0)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; ``at`` in seconds since 1970, ``alert`` the id in its last line.

    ``raw`` is what was posted, and ``headers`` have their names in lower case.
    """

    path: str
    at: float
    title: str
    body: str
    alert: str
    behaviour: Behaviour
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Script:
    always: Behaviour
    left: list[Behaviour] = field(default_factory=list)


class Receiver:
    """An HTTP server for apprise's json:// and others; a context manager, of use to any number of
    targets. With ``tls`` it speaks HTTPS."""

    def __init__(
        self, port: int = 0, tls: ssl.SSLContext | None = None, always: Behaviour | None = None
    ) -> None:
        self._all: list[Request] = []
        self._always = always or ok()
        self._scripts: dict[str, _Script] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._server = _Server((HOST, port), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        port: int = self._server.server_address[1]
        return port

    def url(self, path: str = "/", query: str = "") -> str:
        """A target's URL."""
        return f"json://{HOST}:{self.port}{path}" + (f"?{query}" if query else "")

    def script(self, path: str, *behaviours: Behaviour, always: Behaviour | None = None) -> None:
        """What is done about the next requests of a path, and then about all others."""
        with self._lock:
            script = self._scripts.setdefault(path, _Script(self._always))
            script.left += behaviours
            script.always = always or script.always

    def requests(self, path: str | None = None) -> Sequence[Request]:
        """All that came, whatever was done about it; of one path, or of all."""
        with self._lock:
            return [r for r in self._all if path in (None, r.path)]

    def taken(self, path: str | None = None) -> Sequence[Request]:
        """What was answered with a yes."""
        return [request for request in self.requests(path) if request.behaviour.is_yes]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._server.shutdown()
        self._server.server_close()

    def _note(self, path: str, body: bytes, headers: Mapping[str, str]) -> Behaviour:
        is_json = headers.get("Content-Type", "") == "application/json"
        fields = json.loads(body) if is_json else {}
        text = str(fields.get("message", ""))
        found = re.search(r"^Alert (\w+)", text, re.M)
        with self._lock:
            script = self._scripts.setdefault(path, _Script(self._always))
            behaviour = script.left.pop(0) if script.left else script.always
            request = Request(
                path, time.time(), str(fields.get("title", "")), text, found[1] if found else "",
                behaviour, body, {name.lower(): value for name, value in headers.items()},
            )  # fmt: skip
            self._all.append(request)
        return behaviour

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if not length or len(body) < length:
                    return  # whoever sent it was killed in the middle of it
                behaviour = receiver._note(self.path, body, dict(self.headers))
                receiver._end.wait(min(behaviour.wait, threading.TIMEOUT_MAX))
                self.close_connection = True
                if not behaviour.status:
                    return
                if not behaviour.whole:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
                    self.connection.shutdown(socket.SHUT_WR)
                    return
                self.send_response(behaviour.status)
                for name, value in behaviour.headers:
                    self.send_header(name, value)
                if behaviour.status != 204:
                    self.send_header("Content-Length", str(len(behaviour.body)))
                self.end_headers()
                self.wfile.write(behaviour.body)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, format: str, *args: Any) -> None:
                """No line for each request."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone, as killed workers do, is no error of ours."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was taken; ``headers`` in the order in which they came, ``user`` who logged in,
    and ``secure`` says whether it came encrypted."""

    recipients: tuple[str, ...]
    title: str
    body: str
    whole: EmailMessage
    headers: tuple[tuple[str, str], ...] = ()
    user: str = ""
    secure: bool = False
    raw: bytes = b""

    def header(self, name: str) -> list[str]:
        """The values of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    whole: EmailMessage


class MailServer:
    """An SMTP server that refuses recipients as told: ``{"a@x": ["451 later", "550 unknown"]}``.

    A list is used up, and then the recipient is welcome; a text is the answer for ever. With
    ``tls`` it asks for STARTTLS, with ``user``, a name and a password, for a login. Each answer
    takes ``away`` seconds; a connection takes ``most`` mails, and then 421.

    ``at_mail`` and ``at_content`` say what becomes of the next mails when they begin, and when
    their content has come: an answer, DROP to close the connection without one, HANG, or "" for
    as ever.
    """

    DROP, HANG = "drop", "hang"

    def __init__(
        self,
        refusals: dict[str, str | list[str]] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        user: tuple[str, str] | None = None,
        away: float = 0.0,
        most: int = 1000,
    ) -> None:
        self.refusals = refusals or {}
        self.away = away
        self.most = most
        self.at_mail: list[str] = []
        self.at_content: list[str] = []
        self.connections: list[Connection] = []
        self._tls = tls
        self._user = user
        self.mails: list[Mail] = []
        self.refused: list[tuple[str, str]] = []
        self.port = free_port()
        self._controller = _Controller(
            self,
            hostname=HOST,
            port=self.port,
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=self._authenticate,
            auth_required=user is not None,
            auth_require_tls=tls is not None,
        )

    def url(self, *recipients: str) -> str:
        """A target's URL."""
        login = "" if self._user is None else f"{':'.join(self._user)}@"
        query = f"from=watch@test.example&to={','.join(recipients)}"
        return f"mailto{'s' if self._tls else ''}://{login}{HOST}:{self.port}?{query}"

    def _authenticate(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._user, handled=False, auth_data=given[0])

    def __enter__(self) -> Self:
        self._controller.start()
        self.connections.clear()  # it has tried whether it answers
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def hang_up(self) -> None:
        """Close the connections that are open."""
        for one in self.connections:
            if not one.closed:
                self._controller.loop.call_soon_threadsafe(one.transport.close)

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """aiosmtpd asks this for each sender."""
        if server.mails >= self.most:
            return "421 4.7.0 too many mails"
        answer = await server.mishap(self.at_mail)
        if not answer:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        """And this for a goodbye."""
        server.said_goodbye = True
        return "221 Bye"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """This for each recipient."""
        answer = self.refusals.get(address, [])
        reply = answer if isinstance(answer, str) else answer.pop(0) if answer else ""
        if reply:
            self.refused.append((address, reply))
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """And this for each mail."""
        server.mails += 1
        mail = message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("html", "plain"))
        self.mails.append(
            Mail(
                tuple(envelope.rcpt_tos),
                str(mail["Subject"]),
                body.get_content() if body else "",
                mail,
                tuple((name, str(value)) for name, value in mail.items()),
                session.auth_data or "",
                session.ssl is not None,
                envelope.content,
            )
        )
        return await server.mishap(self.at_content) or "250 OK"


class Connection(SMTP):  # type: ignore[misc]
    """One connection: how many mails it brought, and how it ended."""

    def __init__(self, owner: MailServer, **options: Any) -> None:
        super().__init__(owner, **options)
        self.owner = owner
        self.mails = 0
        self.said_goodbye = self.closed = False

    async def push(self, status: Any) -> None:
        """aiosmtpd answers with this."""
        if self.owner.away:
            await asyncio.sleep(self.owner.away)
        await super().push(status)
        if str(status).startswith("421"):
            self.transport.close()

    async def mishap(self, script: list[str]) -> str:
        """Do what comes next; the answer, if it is another than ever."""
        todo = script.pop(0) if script else ""
        if todo == MailServer.HANG:
            await asyncio.Event().wait()
        if todo == MailServer.DROP:
            self.transport.close()
            raise ConnectionResetError
        return todo

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio tells this in the end."""
        self.closed = True
        super().connection_lost(error)


class _Controller(Controller):  # type: ignore[misc]
    def factory(self) -> Connection:
        connection = Connection(self.handler, **self.SMTP_kwargs)
        self.handler.connections.append(connection)
        return connection
