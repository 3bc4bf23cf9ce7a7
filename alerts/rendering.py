"""Alerts as messages: the words of :mod:`alerts.words`, and what a target is given with them."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.model import Alert, Kind
from alerts.targets import Message
from alerts.words.channels import Channel
from alerts.words.library import Library
from alerts.words.locales import DEFAULT
from alerts.words.writing import words


def render(
    alert: Alert,
    names: Mapping[str, str],
    channel: Channel | None = None,
    *,
    locale: str = DEFAULT,
    templates: Library | None = None,
    note: str = "",
) -> Message:
    """The message for people, by default in plain text; the arguments are those of ``words``."""
    told = words(alert, names, channel, locale=locale, templates=templates, note=note)
    failure = alert.late or alert.milestone.kind is Kind.DATA_MISSING
    return Message("" if told.headed else told.title, told.body, failure=failure, text=told.text)
