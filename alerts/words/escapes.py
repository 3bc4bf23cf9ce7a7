"""How each family of channel writes a text of a feed, so that it stays text.

The texts are inert already (:mod:`alerts.words.inert`): here are the signs that mean something to
a channel. Links and mentions are broken with a space without width, for they work without any sign.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Final

from alerts.words.channels import Family

_NOTHING = "\u200b"
_LINKS = re.compile(r"://|www\.|mailto:|@", re.IGNORECASE)
_MARKDOWN = re.compile(r"[\\`*_~\[<>|#]|&(?=#?\w+;)|^(?=[-+=]|[0-9]+[.)])")
_EDGES = re.compile(r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])|`")
#: What reads badly on two lines: 1 204, 0,12 %, 6 Jun 2008, Jun 6, 2008.
_FIGURES = re.compile(
    r"\b[0-9]{1,3}(?: [0-9]{3})+\b|[0-9] %"
    r"|\b[0-9]{1,2} [^\W\d_]{3,5}\.? [0-9]{4}\b|\b[^\W\d_]{3,4}\.? [0-9]{1,2}, [0-9]{4}\b"
)
_LOOK_ALIKES = {"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"}


def html_text(text: str) -> str:
    """For HTML, within elements and within quoted attributes; no line ends within a figure."""
    text = html.escape(_unlinked(text))
    return _FIGURES.sub(lambda found: found[0].replace(" ", "&nbsp;"), text)


def markdown_text(text: str) -> str:
    """For CommonMark and its relatives: a backslash before each sign that would mean something."""
    return _unlinked(_MARKDOWN.sub(lambda found: f"\\{found[0]}", text))


def slack_text(text: str) -> str:
    """For Slack's mrkdwn, which has escapes for three signs alone: others become look-alikes."""
    text = _EDGES.sub(lambda found: _LOOK_ALIKES[found[0]], html.escape(text, quote=False))
    return _unlinked(text)


def plain_text(text: str) -> str:
    """Nothing means anything."""
    return text


def push_text(text: str) -> str:
    """For telephones, which show signs as they are, and make links of what looks like one."""
    return _unlinked(text)


def _unlinked(text: str) -> str:
    return _LINKS.sub(lambda found: f"{found[0][:1]}{_NOTHING}{found[0][1:]}", text)


ESCAPES: Final[dict[Family, Callable[[str], str]]] = {
    Family.PLAIN: plain_text,
    Family.MARKDOWN: markdown_text,
    Family.SLACK: slack_text,
    Family.HTML: html_text,
    Family.PUSH: push_text,
}
