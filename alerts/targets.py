"""Targets: where alerts are delivered, each one apprise URL."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import apprise
from apprise import AppriseResultStatus, NotifyFormat, NotifyType
from apprise.plugins.email import NotifyEmail

from alerts.console import register_console
from config.errors import StreakwatchError
from config.settings import Target


@dataclass(frozen=True, slots=True)
class Message:
    """What a target is given: plain text."""

    title: str
    body: str
    failure: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt at a target ended; ``detail`` never holds any part of the URL."""

    delivered: bool
    detail: str = ""


class Notifier(Protocol):
    """The port to one target."""

    async def notify(self, message: Message, timeout: float) -> Attempt:  # noqa: ASYNC109
        """Hand over a message; never raises for what the target does."""
        ...


class AppriseNotifier:
    """One apprise object for one URL, so that a retry never repeats what another has taken."""

    def __init__(self, name: str, url: str) -> None:
        """Raises TargetError where apprise does not take the URL."""
        register_console()
        self._apprise = apprise.Apprise()
        if not self._apprise.add(url) or len(self._apprise) != 1:
            raise TargetError(name)
        for service in self._apprise:
            if isinstance(service, NotifyEmail):
                # apprise waits 5.5 s between mails; a server that is asked too much says so,
                # and the attempts' back-off answers it
                service.request_rate_per_sec = 0

    async def notify(self, message: Message, timeout: float) -> Attempt:  # noqa: ASYNC109
        """See :class:`Notifier`."""
        kind = NotifyType.WARNING if message.failure else NotifyType.INFO
        try:
            result = await self._apprise.async_notify(
                body=message.body,
                title=message.title,
                notify_type=kind,
                body_format=NotifyFormat.TEXT,
                timeout=timeout,
            )
        except Exception as error:  # plugins raise what they like
            return Attempt(False, type(error).__name__)
        if result.status is AppriseResultStatus.SUCCESS:
            return Attempt(True)
        return Attempt(False, _detail(result))


def notifiers(targets: Mapping[str, Target]) -> dict[str, Notifier]:
    """A notifier for each target.

    Raises:
        TargetError: apprise does not take a URL; the target is named, the URL is not shown.
    """
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines can hold URLs
    return {name: AppriseNotifier(name, t.url.get_secret_value()) for name, t in targets.items()}


class TargetError(StreakwatchError):
    """A target's URL is not one that apprise takes."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        what = f"target {name!r}: apprise does not take its URL, or takes it for several"
        super().__init__(what, "check its spelling, and give each service a target of its own")


def _detail(result: Any) -> str:
    """The status, and the HTTP code that the plugin's log mentions; nothing else of the log."""
    messages = [
        str(getattr(entry, "message", entry))
        for service in result
        for attempt in service
        for entry in attempt.logs
    ]
    codes = [code for message in messages for code in re.findall(r"error=(\d{3})\b", message)]
    return f"HTTP {codes[-1]}" if codes else str(result.status.name).lower()
