"""What a target's channel takes: which family of templates it has, and how much room.

Rooms are those that apprise's plugins know, but where the service's own are narrower.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from html import escape
from typing import Final
from urllib.parse import parse_qs

from apprise import Apprise

from alerts.console import register_console


class Family(StrEnum):
    """How a channel writes."""

    PLAIN = "plain"
    MARKDOWN = "markdown"
    SLACK = "slack"
    HTML = "html"
    PUSH = "push"


SCHEMES: Final[dict[str, Family]] = {
    **dict.fromkeys(("slack",), Family.SLACK),
    **dict.fromkeys(("mailto", "mailtos", "azure", "o365", "sendgrid", "ses"), Family.HTML),
    **dict.fromkeys(("mailgun", "sparkpost", "smtp2go", "brevo", "resend"), Family.HTML),
    **dict.fromkeys(("discord", "tgram", "mmost", "mmosts", "rocket", "rockets"), Family.MARKDOWN),
    **dict.fromkeys(("workflow", "workflows", "wxteams", "webex"), Family.MARKDOWN),
    **dict.fromkeys(("matrix", "matrixs", "zulip", "gchat", "nctalk", "nctalks"), Family.MARKDOWN),
    **dict.fromkeys(("ntfy", "ntfys", "pover", "gotify", "gotifys", "pbul"), Family.PUSH),
    **dict.fromkeys(("prowl", "join", "bark", "barks", "pushy", "simplepush"), Family.PUSH),
    **dict.fromkeys(("json", "jsons", "xml", "xmls", "form", "forms", "console"), Family.PLAIN),
}
"""The family of each scheme of apprise's URLs; of others, such as those of SMS, it is plain."""


def octets(text: str) -> int:
    """How many bytes a text takes."""
    return len(text.encode(errors="replace"))


def units(text: str) -> int:
    """How many UTF-16 code units a text takes: what most services call characters."""
    return len(text) + sum(c > "\uffff" for c in text)


def escaped(text: str) -> int:
    """How many UTF-16 code units a text takes with ``&``, ``<`` and ``>`` as entities."""
    return units(escape(text, quote=False))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much room there is for a title and a body, in units of ``weight``.

    ``title`` is 0 where a channel has no titles of its own: they then begin the body.
    """

    title: int = 250
    body: int = 32_000
    weight: Callable[[str], int] = units


@dataclass(frozen=True, slots=True)
class Channel:
    """A family, and the limits of one channel of it."""

    family: Family = Family.PLAIN
    limits: Limits = Limits()


_HEADED = (Family.MARKDOWN, Family.SLACK)
"""Families whose titles are part of the body: what services do with titles of Markdown differs."""

USUAL: Final[dict[Family, Limits]] = {
    Family.PLAIN: Limits(1000, 100_000),
    Family.MARKDOWN: Limits(0, 2000),
    Family.SLACK: Limits(0, 3000),
    Family.HTML: Limits(250, 100_000, octets),
    Family.PUSH: Limits(200, 1000, octets),
}
"""The limits of a family where no channel is known."""

_OWN: Final[dict[str, tuple[int, Callable[[str], int]]]] = {
    "slack": (3000, units),  # of a section; a text has 4,000
    "discord": (2000, units),
    "tgram": (3500, units),  # of 4,096, for apprise adds its own escapes
    **dict.fromkeys(("ntfy", "ntfys"), (4096, octets)),
    **dict.fromkeys(("workflow", "workflows"), (24_000, octets)),  # of 28 KB in all
    **dict.fromkeys(("mailto", "mailtos"), (100_000, octets)),  # Gmail hides what is beyond 102 KB
}

_HEADER: Final = 150
"""The limit of Slack's header block, which is where a title goes with blocks."""


@lru_cache(1024)
def channel_of(url: str, family: str | None = None) -> Channel:
    """The channel of an apprise URL; ``family`` is what the configuration says, if it does."""
    scheme = url.partition("://")[0].lower()
    chosen = _family(url, scheme) if family is None else Family(family)
    return Channel(chosen, _limits(url, scheme, chosen))


def _family(url: str, scheme: str) -> Family:
    """By the scheme; an e-mail that the URL wants as text is plain."""
    usual = SCHEMES.get(scheme, Family.PLAIN)
    wants_text = "text" in parse_qs(url.partition("?")[2]).get("format", [])
    return Family.PLAIN if usual is Family.HTML and wants_text else usual


def _limits(url: str, scheme: str, family: Family) -> Limits:
    register_console()
    plugin = Apprise.instantiate(url, suppress_exceptions=True)
    if not plugin:
        return USUAL[family]
    title, body = max(0, plugin.title_maxlen), plugin.body_maxlen
    body, weight = _OWN.get(scheme, (body, units))
    if family in _HEADED:
        title = 0
    elif getattr(plugin, "use_blocks", False):  # with ?blocks=yes, of Slack alone
        title, weight = _HEADER, escaped
    elif plugin.overflow_amalgamate_title:  # both together have the room of the body
        body -= title
    return Limits(title, max(1, body), weight)
