"""Several alerts in one message: what the closing bell brings at once is read at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from alerts.evidence import Evidence
from alerts.model import Alert, Kind
from alerts.words.channels import Channel
from alerts.words.inert import inert
from alerts.words.library import Library
from alerts.words.phrases import first_told
from alerts.words.shortening import Story
from alerts.words.writing import Words, pen_of, written

GROUP = "group"
"""What takes the place of a kind of milestone in the templates of such a message."""


class Part(NamedTuple):
    """One of the alerts: what symbols of it are called, and a line to begin with, if any.

    ``first`` is the id of the first alert that the target was told of its streak, if any.
    """

    alert: Alert
    names: Mapping[str, str]
    note: str = ""
    first: str = ""


def summary(
    parts: Sequence[Part],
    channel: Channel | None = None,
    *,
    locale: str,
    templates: Library | None = None,
) -> tuple[Words, int]:
    """The message of the first of some alerts, in their order, and how many it has room for.

    Each has its first lines, the returns of a pair, and its id. Where there is no room for
    everything, none has its returns, then none more than its title; then a message has fewer. A
    note that all of them have is told once.

    Args:
        parts: one or more; where only one has room, it is best told by itself.

    Raises:
        TemplateFaultError: a template cannot be used.
    """
    pens = [pen_of(p.alert, p.names, channel, locale, templates, first=p.first) for p in parts]
    notes = {part.note for part in parts}
    note = inert(notes.pop()) if len(notes) == 1 else ""
    stories = [pen.story("" if note else part.note) for pen, part in zip(pens, parts, strict=True)]
    told = [_Told(s, p.alert, p.first) for s, p in zip(stories, parts, strict=True)]
    pen, limits = pens[0], pens[0].channel.limits

    def fits(count: int) -> bool:
        return limits.weight(pen.laid_out(_story(told[:count], note, _brief), GROUP)) <= limits.body

    count = _most(len(told), fits)
    story: Story | None = None
    for lines in (_brief, _lines, _whole):
        story = replace(_story(told[:count], note, lines), shorter=story)
    assert story is not None
    return written(pen, story, GROUP), count


def _most(count: int, fits: Callable[[int], bool]) -> int:
    """The largest number that fits, up to ``count``; 1 where none does."""
    if fits(count):
        return count
    return max(1, bisect_left(range(count), True, 1, key=lambda few: not fits(few)) - 1)


class _Told(NamedTuple):
    """What there is to say of an alert."""

    story: Story
    alert: Alert
    first: str

    @property
    def named(self) -> str:
        """The line with its id; the end of a streak with that of the first message about it."""
        return f"Alert {self.alert.id}{first_told(self.alert, self.first)}"


_Lines = Callable[[_Told], tuple[str, ...]]


def _story(told: Sequence[_Told], note: str, lines: _Lines) -> Story:
    """The story of all of them, each in some lines and with its id."""
    return Story(
        f"{told[0].story.title} (and {len(told) - 1} more)",
        (
            *([(note,)] if note else []),
            (f"{len(told)} alerts:",),
            *((*lines(one), one.named) for one in told),
        ),
        "The whole of each: streakwatch alerts show ID",
        note,
    )


def _whole(one: _Told) -> tuple[str, ...]:
    """Its lines, and its returns."""
    return (*_lines(one), *_returns(one.story, one.alert))


def _lines(one: _Told) -> tuple[str, ...]:
    """Its title, its note if it has one, and when it was; a summary with its streaks."""
    story, alert, _ = one
    count = 1 + bool(story.note) + (alert.milestone.kind is Kind.SUMMARY)
    return (story.title, *(line for part in story.paragraphs[:count] for line in part))


def _brief(one: _Told) -> tuple[str, ...]:
    """Its title, and its note if it has one; a summary is nothing without its streaks."""
    story, alert, _ = one
    if alert.milestone.kind is Kind.SUMMARY:
        return _lines(one)
    return (story.title, story.note) if story.note else (story.title,)


def _returns(story: Story, alert: Alert) -> tuple[str, ...]:
    """The line of a pair's returns: the first of the figures, or the second before the close."""
    gone = alert.milestone.kind in (Kind.CORRECTION, Kind.WITHDRAWN)
    if gone or not isinstance(alert.evidence, Evidence) or len(story.told) < 2:
        return ()
    at = 1 if alert.so_far else 0
    return story.told[1][at : at + 1]
