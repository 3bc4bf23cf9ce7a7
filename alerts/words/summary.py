"""Several alerts in one message: what the closing bell brings at once is read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alerts.model import Alert, Kind
from alerts.words.channels import Channel
from alerts.words.inert import inert
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

    A note that all of them have is told once.

    Raises:
        TemplateFaultError: a template cannot be used.
    """
    pens = [pen_of(part.alert, part.names, channel, locale, templates) for part in parts]
    notes = {part.note for part in parts}
    note = inert(notes.pop()) if len(notes) == 1 else ""
    stories = [
        _lines(pen, part.alert, "" if note else part.note)
        for pen, part in zip(pens, parts, strict=True)
    ]
    first, *_ = stories[0]
    story = Story(
        f"{first} (and {len(parts) - 1} more)",
        (*([(note,)] if note else []), (f"{len(parts)} alerts:",), *stories),
        "The whole of each: streakwatch alerts show ID",
        note,
    )
    return written(pens[0], story, GROUP)


def _lines(pen: Pen, alert: Alert, note: str) -> tuple[str, ...]:
    """An alert in a few lines: its title, its note if it has one, when it was, and its id; a
    summary with its streaks."""
    story = pen.story(note)
    count = 1 + bool(note) + (alert.milestone.kind is Kind.SUMMARY)
    some = [line for paragraph in story.paragraphs[:count] for line in paragraph]
    return (story.title, *some, f"Alert {alert.id}")
