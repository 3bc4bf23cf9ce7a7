"""Connections to mail servers that stay open between mails: opening one takes longer than a mail.

A mail goes over a connection that is kept, if there is one. Where it turns out that the server has
closed it, or closes it before it is offered the mail's content, the mail goes over a new one at
once. What is lost later than that is not sent again here, for the server may have taken it.
"""

# apprise declares its methods without types
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import smtplib
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from types import TracebackType
from typing import Any, Self

from apprise.plugins.email import base as mails
from apprise.plugins.email.smtp import SMTP_EXCEPTIONS, AppriseSMTPController

from alerts.witness import note, watch

#: Seconds that a connection stays open without a mail; servers wait for minutes.
IDLE = 5.0
#: Mails over one connection; most servers allow as many, and those that do not say 421.
MOST = 100
#: Seconds that a server has for its goodbye.
_GOODBYE = 0.5


class Line:
    """A connection to a mail server, past encryption and login.

    ``mails`` counts those that it has carried, ``spoilt`` says that one was refused, and
    ``in_doubt`` that the server has been offered the content of the last.
    """

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self.smtp = smtp
        self.mails = 0
        self.spoilt = self.in_doubt = False
        self.idle_since = 0.0
        offer = smtp.data

        def offered(content: Any) -> Any:
            self.in_doubt = True
            return offer(content)

        vars(smtp)["data"] = offered

    @property
    def was_closed_in_time(self) -> bool:
        """Whether it served before, and was closed before it got the content of this mail."""
        return self.mails > 0 and self.smtp.sock is None and not self.in_doubt

    def hang_up(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        with suppress(*SMTP_EXCEPTIONS):
            if self.smtp.sock is not None:
                self.smtp.sock.settimeout(_GOODBYE)
                self.smtp.quit()
        with suppress(*SMTP_EXCEPTIONS):
            self.smtp.close()


class Connections:
    """The idle connections of one target; each is in use by one thread, or lies here."""

    def __init__(self, idle: float = IDLE, most: int = MOST) -> None:
        """``idle`` in seconds; ``most`` mails go over one connection."""
        self._idle, self._most = idle, most
        self._lines: list[Line] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Mails that are sent within, in this context, go over these connections."""
        token = _in_use.set(self)
        try:
            yield
        finally:
            _in_use.reset(token)

    def take(self) -> Line | None:
        """The connection that was used last, if there is one; the server may have closed it."""
        with self._lock:
            return self._lines.pop() if self._lines else None

    def keep(self, line: Line) -> None:
        """Leave a connection for the next mail, for a while."""
        line.idle_since = time.monotonic()
        with self._lock:
            kept = not self._closed and line.mails < self._most
            if kept:
                self._lines.append(line)
                self._watch()
        if not kept:
            line.hang_up()

    def close(self) -> None:
        """Hang up, and keep no more; waits half a second for each at most."""
        with self._lock:
            self._closed = True
            lines, self._lines = self._lines, []
            if self._timer is not None:
                self._timer.cancel()
        for line in lines:
            line.hang_up()

    def _watch(self) -> None:
        """See to it that what is idle for too long is closed; with the lock held."""
        if self._timer is None and self._lines:
            oldest = min(line.idle_since for line in self._lines)
            wait = max(0.0, oldest + self._idle - time.monotonic())
            self._timer = threading.Timer(wait, self._close_idle)
            self._timer.daemon = True
            self._timer.start()

    def _close_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            idle = [line for line in self._lines if now - line.idle_since >= self._idle]
            self._lines = [line for line in self._lines if line not in idle]
            self._timer = None
            self._watch()
        for line in idle:
            line.hang_up()


_in_use: ContextVar[Connections | None] = ContextVar("connections", default=None)


@cache
def keep_connections() -> None:
    """Have apprise's mails go over connections that are kept, where there are such."""
    vars(mails)["AppriseSMTPController"] = KeptConnection


class KeptConnection(AppriseSMTPController):
    """What apprise opens for a message: a connection that is open already, or else a new one."""

    _socket: Any

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            OSError: there is no connection, encryption or login, as apprise has it.
        """
        self._connections = _in_use.get()
        line = None if self._connections is None else self._connections.take()
        self._line = self._opened() if line is None else line
        self._socket = self._line.smtp
        return self

    def sendmail(self, from_addr: str, to_addrs: Sequence[str], message: str) -> bool:
        """Send a mail; whether all its recipients are taken. Raises as :meth:`__enter__`."""
        with watch() as refusals:
            sent = self._sent(from_addr, to_addrs, message)
        if sent or not self._line.was_closed_in_time:
            note(*refusals)
            return sent
        self._line = self._opened()  # what the old one said was not about this mail
        return self._sent(from_addr, to_addrs, message)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the connection to the next mail; close it after any trouble."""
        fine = kind is None and not self._line.spoilt and self._line.mails > 0
        if fine and self._connections is not None:
            self._connections.keep(self._line)
        else:
            super().__exit__(kind, error, trace)

    def _opened(self) -> Line:
        super().__enter__()
        return Line(self._socket)

    def _sent(self, from_addr: str, to_addrs: Sequence[str], message: str) -> bool:
        self._line.in_doubt = False
        sent = bool(super().sendmail(from_addr, list(to_addrs), message))
        self._line.mails += sent
        self._line.spoilt |= not sent
        return sent
