"""The words for each target of a configuration: its channel, its locale, the user's templates."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from alerts.model import Alert
from alerts.rendering import render
from alerts.targets import Message
from alerts.words.channels import channel_of
from alerts.words.faults import TemplateFaultError
from alerts.words.library import Library, library
from config.settings import Settings

log = logging.getLogger(__name__)


class Writers:
    """Writes for targets, by name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def message(
        self, alert: Alert, names: Mapping[str, str], target: str, note: str = ""
    ) -> Message:
        """The message for a target.

        Where a template of the user's fails, the message has the words of ours: a template is no
        reason for no message.
        """
        at = self._settings.targets[target]
        channel = channel_of(at.url.get_secret_value(), at.format)
        locale = at.locale or self._settings.locale

        def written(templates: Library) -> Message:
            return render(alert, names, channel, locale=locale, templates=templates, note=note)

        folder = self._settings.templates
        if folder is not None:
            try:
                return written(library(locale, folder))
            except TemplateFaultError as error:
                log.warning("target %s: a template fails, so ours is used: %s", target, error)
        return written(library(locale))
