"""Sees what services answer to apprise, which tells of an attempt only whether it succeeded.

It looks on where its plugins meet the network: requests' session, for all that speak HTTP, and
smtplib's connection. Who asks with :func:`watch` is told what was refused meanwhile in the same
context, whatever other threads do.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any

import requests

from alerts.answers import Refusal, of_http, of_smtp

_seen: ContextVar[list[Refusal] | None] = ContextVar("refusals", default=None)


@contextmanager
def watch() -> Iterator[list[Refusal]]:
    """The refusals that come while it lasts, as they come."""
    install()
    refusals: list[Refusal] = []
    token = _seen.set(refusals)
    try:
        yield refusals
    finally:
        _seen.reset(token)


def note(*refusals: Refusal) -> None:
    """Tell who watches of these."""
    seen = _seen.get()
    if seen is not None:
        seen += refusals


@cache
def install() -> None:
    """Look on, once for the process; without a watch nothing is kept."""
    _wrap(requests.Session, "send", _http)
    _wrap(smtplib.SMTP, "getreply", _smtp)
    for name in ("connect", "starttls"):
        _wrap(smtplib.SMTP, name, lambda _: None)


def _wrap(owner: type, name: str, refusal_of: Callable[[Any], Refusal | None]) -> None:
    """Note what a method's answers refuse, and what it raises."""
    method = getattr(owner, name)

    @wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            answer = method(*args, **kwargs)
        except OSError as error:  # requests' and smtplib's are of this type too
            note(_of_error(error))
            raise
        refusal = refusal_of(answer)
        if refusal is not None:
            note(refusal)
        return answer

    setattr(owner, name, watched)


def _http(response: requests.Response) -> Refusal | None:
    return of_http(response.status_code, response.headers.get("Retry-After"), time.time())


def _smtp(reply: tuple[int, bytes]) -> Refusal | None:
    return of_smtp(reply[0])


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLError, "no TLS connection"),
    (requests.exceptions.SSLError, "no TLS connection"),
    (ConnectionRefusedError, "connection refused"),
    (socket.gaierror, "unknown host"),
    (TimeoutError, "no answer in time"),
    (requests.exceptions.Timeout, "no answer in time"),
    (smtplib.SMTPServerDisconnected, "connection lost"),
    (ConnectionError, "connection lost"),
    (requests.exceptions.ConnectionError, "connection lost"),
    (requests.exceptions.ChunkedEncodingError, "connection lost"),
)


def _of_error(error: OSError) -> Refusal:
    """An error by its type, or that of one that it came from; its text can hold a URL."""
    chain = list(_causes(error))
    words = (text for kind, text in _WORDS if any(isinstance(e, kind) for e in chain))
    return Refusal(next(words, type(error).__name__))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those within it: requests hands on urllib3's as arguments."""
    seen: list[BaseException] = [error]
    for one in seen:  # it grows meanwhile
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        seen += [e for e in inner if isinstance(e, BaseException) and e not in seen]
