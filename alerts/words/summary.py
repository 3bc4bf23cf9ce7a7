"""Several alerts in one message: what the closing bell brings at once is read at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from alerts.evidence import Evidence
from alerts.model import Alert, Kind
from alerts.words.channels import Channel
from alerts.words.inert import inert
from alerts.words.library import Library
from alerts.words.shortening import Story
from alerts.words.writing import Words, pen_of, written

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
    """The message of two alerts or more, in their order; each by its first lines, the returns of a
    pair, and its id.

    A note that all of them have is told once. Where there is no room for everything, none has its
    returns; then the last alerts go.

    Raises:
        TemplateFaultError: a template cannot be used.
    """
    pens = [pen_of(part.alert, part.names, channel, locale, templates) for part in parts]
    notes = {part.note for part in parts}
    note = inert(notes.pop()) if len(notes) == 1 else ""
    stories = [pen.story("" if note else part.note) for pen, part in zip(pens, parts, strict=True)]
    told = [(story, part.alert) for story, part in zip(stories, parts, strict=True)]
    begin = (*([(note,)] if note else []), (f"{len(parts)} alerts:",))
    shorter = Story(
        f"{stories[0].title} (and {len(parts) - 1} more)",
        (*begin, *(_lines(*one) for one in told)),
        "The whole of each: streakwatch alerts show ID",
        note,
    )
    whole = (*begin, *(_lines(*one, _returns(*one)) for one in told))
    return written(pens[0], replace(shorter, paragraphs=whole, shorter=shorter), GROUP)


def _lines(story: Story, alert: Alert, returns: tuple[str, ...] = ()) -> tuple[str, ...]:
    """An alert in a few lines: its title, its note if it has one, when it was, its returns, and its
    id; a summary with its streaks."""
    count = 1 + bool(story.note) + (alert.milestone.kind is Kind.SUMMARY)
    some = [line for paragraph in story.paragraphs[:count] for line in paragraph]
    return (story.title, *some, *returns, f"Alert {alert.id}")


def _returns(story: Story, alert: Alert) -> tuple[str, ...]:
    """The line of a pair's returns: the first of the figures, or the second before the close."""
    gone = alert.milestone.kind in (Kind.CORRECTION, Kind.WITHDRAWN)
    if gone or not isinstance(alert.evidence, Evidence) or len(story.told) < 2:
        return ()
    at = 1 if alert.so_far else 0
    return story.told[1][at : at + 1]
