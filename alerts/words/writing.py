"""An alert, written for a channel: plain lines first, then laid out, escaped and made to fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alerts.model import Alert
from alerts.words.channels import USUAL, Channel, Family, Limits
from alerts.words.inert import inert, tame
from alerts.words.library import Library, library, tidy
from alerts.words.locales import DEFAULT
from alerts.words.shortening import Story, fitting, shortened

LONGEST_LINE = 1000
"""Characters of one line; what is longer is shortened."""


@dataclass(frozen=True, slots=True)
class Words:
    """A message: a title, plain and on one line; a body as the family writes it.

    ``headed`` says that the body begins with the title. ``text`` is the plain part of HTML.
    """

    title: str
    body: str
    headed: bool = False
    text: str = ""


def words(
    alert: Alert,
    names: Mapping[str, str],
    channel: Channel | None = None,
    *,
    locale: str = DEFAULT,
    templates: Library | None = None,
    note: str = "",
    first: str = "",
) -> Words:
    """The message of an alert for a channel.

    Args:
        names: what symbols are called.
        channel: by default plain text with room for everything.
        locale: how numbers and dates are written, such as ``de_DE``.
        templates: by default those of the package.
        note: a line to begin with, such as why this target gets the message.
        first: the id of the first alert that the target was told of the streak, if any.

    Raises:
        TemplateFaultError: a template cannot be used.
    """
    pen = pen_of(alert, names, channel, locale, templates, first=first)
    return written(pen, pen.story(note), alert.milestone.kind.value)


def pen_of(
    alert: Alert,
    names: Mapping[str, str],
    channel: Channel | None,
    locale: str,
    templates: Library | None,
    *,
    first: str,
) -> Pen:
    """What writes of an alert; the arguments are those of :func:`words`."""
    channel = channel or Channel(Family.PLAIN, USUAL[Family.PLAIN])
    tamed = {inert(symbol): inert(name) for symbol, name in names.items()}
    return Pen(tame(alert), tamed, channel, templates or library(locale), inert(first))


def written(pen: Pen, story: Story, kind: str) -> Words:
    """A story as the channel of a pen has it, made to fit, by the template of a kind."""
    limits = pen.channel.limits
    title = shortened(story.title, limits.title or LONGEST_LINE, limits.weight)
    told = fitting(story, limits.body, lambda one: limits.weight(pen.laid_out(one, kind)))
    text = pen.as_plain(told, kind) if pen.channel.family is Family.HTML else ""
    return Words(title, pen.laid_out(told, kind), limits.title == 0, text)


@dataclass(frozen=True, slots=True)
class Pen:
    """One alert, its channel and its templates, and the id of the first about the same streak."""

    alert: Alert
    names: Mapping[str, str]
    channel: Channel
    templates: Library
    first: str = ""

    def story(self, note: str = "") -> Story:
        """What there is to say, as plain lines."""
        values = self._values()
        title = " ".join(self.templates.words("title", values).split())
        body = tidy(self.templates.words("body", values))
        paragraphs = [
            tuple(shortened(line, LONGEST_LINE) for line in paragraph.splitlines())
            for paragraph in body.split("\n\n")
        ]
        last = paragraphs[-1][-1] if paragraphs[-1] else ""
        paragraphs[-1] = paragraphs[-1][:-1]
        note = inert(note)
        before = [(note,)] if note else []
        kept = tuple(one for one in [*before, *paragraphs] if one)
        return Story(shortened(title, LONGEST_LINE), kept, last, note)

    def laid_out(self, story: Story, kind: str) -> str:
        """A story as the family of the channel writes it."""
        headed = self.channel.limits.title == 0
        values = self._values() | {"kind": kind, "story": story, "headed": headed}
        return tidy(self.templates.message(self.channel.family, kind, values))

    def as_plain(self, story: Story, kind: str) -> str:
        """The same story as plain text, without a title."""
        channel = Channel(Family.PLAIN, Limits())
        return replace(self, channel=channel).laid_out(story, kind)

    def _values(self) -> dict[str, Any]:
        noun = "session" if self.alert.interval == "1d" else f"{self.alert.interval} interval"
        return {"alert": self.alert, "names": self.names, "noun": noun, "first": self.first}
