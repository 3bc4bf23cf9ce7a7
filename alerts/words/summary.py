"""Several alerts in one message: what the closing bell brings at once is read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alerts.model import Alert, Kind
from alerts.words.channels import Channel
from alerts.words.library import Library
from alerts.words.shortening import Story
from alerts.words.writing import Pen, Words, pen_of, written

GROUP = "group"
"""What takes the place of a kind of milestone in the templates of such a message."""


class Part(NamedTuple):
    """One of the alerts: what symbols of it are called, and a line to begin with, if any."""

    alert: Alert
    names: Mapping[str, str]
    note: str = ""


def summary(
    parts: Sequence[Part],
    channel: Channel | None = None,
    *,
    locale: str,
    templates: Library | None = None,
) -> Words:
    """The message of two alerts or more, in their order; each by its first lines, and its id.

    Raises:
        TemplateFaultError: a template cannot be used.
    """
    pens = [pen_of(part.alert, part.names, channel, locale, templates) for part in parts]
    stories = [_lines(pen, part) for pen, part in zip(pens, parts, strict=True)]
    first, *_ = stories[0]
    story = Story(
        f"{first} (and {len(parts) - 1} more)",
        ((f"{len(parts)} alerts:",), *stories),
        "The whole of each: streakwatch alerts show ID",
    )
    return written(pens[0], story, GROUP)


def _lines(pen: Pen, part: Part) -> tuple[str, ...]:
    """An alert in a few lines: its title, when it was, and its id; a summary with its streaks."""
    story = pen.story(part.note)
    count = 1 + bool(part.note) + (part.alert.milestone.kind is Kind.SUMMARY)
    some = [line for paragraph in story.paragraphs[:count] for line in paragraph]
    return (story.title, *some, f"Alert {part.alert.id}")
