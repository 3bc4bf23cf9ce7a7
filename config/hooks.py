"""The URL of a webhook: webhooks://HOST/PATH?secret=…, which is posted to as https://HOST/PATH."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from config.words import shown, suggestion

SCHEMES = {"webhook": "http", "webhooks": "https"}
SHORTEST = 16
"""Characters that a secret has at least."""
TIMEOUT = 4.0
"""Seconds to be reached and to answer, unless ``cto`` and ``rto`` say otherwise."""

_KEYS = ("secret", "cto", "rto")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
_OWN_HEADERS = ("content-", "host", "transfer-", "x-streakwatch-")


class HookError(Exception):
    """A URL that is no webhook's: what is wrong with it, and the cure. Neither shows a secret."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what, cure)
        self.what = what
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a webhook is, and what it shares with us.

    ``address`` is what is posted to; ``user`` is a name and a password; ``timeouts`` are the
    seconds to be reached and to answer.
    """

    address: str = field(repr=False)
    secret: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)
    timeouts: tuple[float, float] = (TIMEOUT, TIMEOUT)


def hook_of(url: str) -> Hook:
    """What a URL says.

    ``-NAME=VALUE`` goes into the query of the address, ``+NAME=VALUE`` is a header.

    Raises:
        HookError: the URL cannot be used.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise HookError("is not the URL of a webhook", _FORM) from None
    if not host or parts.scheme not in SCHEMES or parts.fragment or not _is_plain(url):
        raise HookError("is not the URL of a webhook", _FORM)
    options = _options(parts.query)
    _check(options)
    return Hook(
        address=_address(parts, host, port, options),
        secret=_secret(options.get("secret", "")),
        headers=tuple((k[1:], _header(k[1:], v)) for k, v in options.items() if k[0] == "+"),
        user=_user(parts),
        timeouts=(_seconds(options, "cto"), _seconds(options, "rto")),
    )


_FORM = "write webhooks://HOST/PATH?secret=${NAME}, with # ? & % within its parts written as %23 …"


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if unquote(name) in options:
            raise HookError(f"has {shown(unquote(name))} twice", "keep one of the two")
        options[unquote(name)] = unquote(value)
    return options


def _check(options: dict[str, str]) -> None:
    for name in options:
        if name not in _KEYS and not re.match(r"[-+].", name):
            hint = suggestion(name, _KEYS)
            more = "for the receiver's own query write -NAME=VALUE, for a header +NAME=VALUE"
            raise HookError(f"has an unknown option {shown(name)}", hint or more)


def _address(parts: SplitResult, host: str, port: int | None, options: dict[str, str]) -> str:
    netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    query = "&".join(
        f"{quote(k[1:], safe='')}={quote(v, safe='')}" for k, v in options.items() if k[0] == "-"
    )
    return f"{SCHEMES[parts.scheme]}://{netloc}{parts.path or '/'}" + (f"?{query}" if query else "")


def _secret(secret: str) -> str:
    if not secret:
        raise HookError("has no secret", "add ?secret=${NAME}: messages are signed with it")
    if len(secret) < SHORTEST:
        cure = f"take {SHORTEST} characters or more, such as those of: openssl rand -hex 32"
        raise HookError("has a secret that is too short", cure)
    return secret


def _header(name: str, value: str) -> str:
    is_ours = name.lower().startswith(_OWN_HEADERS)
    if is_ours or not _HEADER.fullmatch(name) or not (value.isascii() and value.isprintable()):
        cure = "take letters, digits and - for its name, and plain text for its value"
        raise HookError("has a header that cannot be sent", cure)
    return value


def _user(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")


def _seconds(options: dict[str, str], name: str) -> float:
    text = options.get(name, str(TIMEOUT))
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or not float(text):
        raise HookError(f"has an option {name} that is no time", "write seconds, such as 10")
    return float(text)
