"""An alert, written for a channel: plain lines first, then laid out, escaped and made to fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
) -> Words:
    """The message of an alert for a channel.

    Args:
        names: what symbols are called.
        channel: by default plain text with room for everything.
        locale: how numbers and dates are written, such as ``de_DE``.
        templates: by default those of the package.
        note: a line to begin with, such as why this target gets the message.

    Raises:
        TemplateFaultError: a template cannot be used.
    """
    channel = channel or Channel(Family.PLAIN, USUAL[Family.PLAIN])
    pen = _Pen(tame(alert), _tamed(names), channel, templates or library(locale))
    story = pen.story(note)
    title = shortened(story.title, channel.limits.title or LONGEST_LINE, channel.limits.weight)
    limits = channel.limits
    told = fitting(story, limits.body, lambda one: limits.weight(pen.laid_out(one)))
    text = pen.as_plain(told) if channel.family is Family.HTML else ""
    return Words(title, pen.laid_out(told), channel.limits.title == 0, text)


def _tamed(names: Mapping[str, str]) -> dict[str, str]:
    return {inert(symbol): inert(name) for symbol, name in names.items()}


@dataclass(frozen=True, slots=True)
class _Pen:
    """One alert, its channel and its templates."""

    alert: Alert
    names: Mapping[str, str]
    channel: Channel
    templates: Library

    def story(self, note: str = "") -> Story:
        """What there is to say, as plain lines."""
        values = {"alert": self.alert, "names": self.names, "noun": self._noun()}
        title = " ".join(self.templates.words("title", values).split())
        body = tidy(self.templates.words("body", values))
        paragraphs = [
            tuple(shortened(line, LONGEST_LINE) for line in paragraph.splitlines())
            for paragraph in body.split("\n\n")
        ]
        last = paragraphs[-1][-1] if paragraphs[-1] else ""
        paragraphs[-1] = paragraphs[-1][:-1]
        before = [(inert(note),)] if note else []
        kept = tuple(one for one in [*before, *paragraphs] if one)
        return Story(shortened(title, LONGEST_LINE), kept, last)

    def laid_out(self, story: Story) -> str:
        """A story as the family of the channel writes it."""
        kind = self.alert.milestone.kind.value
        values = {
            "alert": self.alert,
            "names": self.names,
            "noun": self._noun(),
            "kind": kind,
            "story": story,
            "headed": self.channel.limits.title == 0,
        }
        return tidy(self.templates.message(self.channel.family, kind, values))

    def as_plain(self, story: Story) -> str:
        """The same story as plain text, without a title."""
        channel = Channel(Family.PLAIN, Limits())
        return replace(self, channel=channel).laid_out(story)

    def _noun(self) -> str:
        return "session" if self.alert.interval == "1d" else f"{self.alert.interval} interval"
