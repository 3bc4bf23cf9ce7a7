"""Alerts as messages: the words of :mod:`alerts.words`, and what a target is given with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from alerts.model import Alert, Kind
from alerts.targets import Message
from alerts.words.channels import Channel
from alerts.words.library import Library
from alerts.words.locales import DEFAULT
from alerts.words.summary import Part, summary
from alerts.words.writing import Words, words


def render(
    alert: Alert,
    names: Mapping[str, str],
    channel: Channel | None = None,
    *,
    locale: str = DEFAULT,
    templates: Library | None = None,
    note: str = "",
    first: str = "",
) -> Message:
    """The message for people, by default in plain text; the arguments are those of ``words``."""
    told = words(alert, names, channel, locale=locale, templates=templates, note=note, first=first)
    return _message(told, [alert])


def render_together(
    parts: Sequence[Part], channel: Channel, locale: str, templates: Library | None
) -> Message:
    """The message of the first of several alerts, as many as it has room for; the arguments are
    those of ``summary``."""
    told, count = summary(parts, channel, locale=locale, templates=templates)
    first, *others = (part.alert for part in parts[:count])
    return replace(_message(told, [first, *others]), alert=first, others=tuple(others))


def _message(told: Words, alerts: Sequence[Alert]) -> Message:
    failure = any(one.late or one.milestone.kind is Kind.DATA_MISSING for one in alerts)
    return Message("" if told.headed else told.title, told.body, failure=failure, text=told.text)
