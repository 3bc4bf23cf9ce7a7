"""The words for each target of a configuration: its channel, its locale, the user's templates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from alerts import samples
from alerts.rendering import render, render_together
from alerts.targets import Message
from alerts.words.channels import Channel, channel_of
from alerts.words.faults import TemplateFaultError
from alerts.words.library import Library, library
from alerts.words.summary import Part
from config.hooks import SCHEMES
from config.settings import Settings

log = logging.getLogger(__name__)


class Writers:
    """Writes for targets, by name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def message(self, part: Part, target: str) -> Message:
        """The message of one alert for a target.

        Where a template of the user's fails, the message has the words of ours: a template is no
        reason for no message.
        """
        return self._written(
            target,
            lambda channel, locale, templates: render(
                part.alert,
                part.names,
                channel,
                locale=locale,
                templates=templates,
                note=part.note,
                first=part.first,
            ),
        )

    def together(self, parts: Sequence[Part], target: str) -> Message:
        """One message of the first of several alerts for a target, as many as it has room for."""
        return self._written(
            target,
            lambda channel, locale, templates: render_together(parts, channel, locale, templates),
        )

    def groups(self, target: str) -> bool:
        """Whether a target may get several alerts in one message: a machine gets each by itself."""
        url = self._settings.targets[target].url.get_secret_value()
        return url.partition("://")[0] not in SCHEMES

    def _written(self, target: str, write: Callable[[Channel, str, Library], Message]) -> Message:
        (channel, locale), folder = self._channel(target), self._settings.templates
        if folder is not None:
            try:
                return write(channel, locale, library(locale, folder))
            except TemplateFaultError as error:
                log.warning("target %s: a template fails, so ours is used: %s", target, error)
        return write(channel, locale, library(locale))

    def _channel(self, target: str) -> tuple[Channel, str]:
        """How a target's messages are written: for which channel, and in which locale."""
        at = self._settings.targets[target]
        channel = channel_of(at.url.get_secret_value(), at.format)
        return channel, at.locale or self._settings.locale

    def warm(self) -> None:
        """Write samples, so that no alert waits for templates and locales to be read; never fails.

        One of each kind, for each family and locale that there is. What is wrong with a template
        is told when an alert meets it.
        """
        channels = map(self._channel, self._settings.targets)
        ways = {(channel.family, locale): channel for channel, locale in channels}
        folder = self._settings.templates
        for (_, locale), channel in ways.items():
            templates = library(locale) if folder is None else library(locale, folder)
            for kind in samples.KINDS:
                with suppress(Exception):
                    render(samples.of(kind), samples.NAMES, channel, locale=locale,
                           templates=templates)  # fmt: skip
