"""Targets: where alerts are delivered, each one apprise URL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

import apprise
from apprise import AppriseAsset, NotifyFormat, NotifyType
from apprise.plugins.slack import NotifySlack

from alerts.answers import sum_up
from alerts.console import register_console
from alerts.keyed import register_keyed
from alerts.mail import NotifyThreadedEmail, register_mail
from alerts.model import Alert
from alerts.parts import Parts
from alerts.pictures.attaching import attachment, described
from alerts.pictures.drawing import Picture
from alerts.plugins import as_it_is, teach_mails, text_part
from alerts.privacy import public_url
from alerts.secrecy import silence_targets
from alerts.underway import sending
from alerts.webhook import register_webhook
from alerts.witness import watch
from alerts.words.channels import Family, channel_of
from config.errors import StreakwatchError
from config.settings import Target

#: What apprise is told about the bodies of a family; it changes nothing in those of the channel's
#: own format. Slack's is apprise's Markdown, but for its signs: see AppriseNotifier.
_FORMATS = {
    Family.PLAIN: NotifyFormat.TEXT,
    Family.PUSH: NotifyFormat.TEXT,
    Family.MARKDOWN: NotifyFormat.MARKDOWN,
    Family.SLACK: NotifyFormat.MARKDOWN,
    Family.HTML: NotifyFormat.HTML,
}
#: Attempts at one target at the same time. One that hangs fills these, and no other's.
_THREADS = 4
#: How long the answer to an attempt that came too late is remembered, in seconds.
_LATE = 120.0


@dataclass(frozen=True, slots=True)
class Message:
    """What a target is given, as its family of channel writes it, and for machines the alert.

    The title is empty where the body begins with it; ``text`` is the plain part of HTML. ``again``
    is not empty where a person wants it sent, whatever was before: it tells apart such requests.
    ``others`` are the alerts that it tells beside the first. ``first`` is the id of the first alert
    that the target was told of the same streak, if any. ``test`` says that it is about nothing that
    has happened. It is the same message with a picture and without.
    """

    title: str
    body: str
    failure: bool = False
    text: str = ""
    alert: Alert | None = field(default=None, compare=False)
    others: tuple[Alert, ...] = field(default=(), compare=False)
    again: str = ""
    first: str = field(default="", compare=False)
    test: bool = False
    picture: Picture | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt at a target ended; ``detail`` never holds any part of the URL.

    ``permanent`` says that no further attempt would mend it; ``retry_after`` in seconds, where the
    target asks for a pause; ``in_part`` that some of its recipients have the message.
    """

    delivered: bool
    detail: str = ""
    permanent: bool = False
    retry_after: float | None = None
    in_part: bool = False


class Notifier(Protocol):
    """The port to one target."""

    async def notify(self, message: Message, timeout: float) -> Attempt:  # noqa: ASYNC109
        """Hand over a message; never raises for what the target does."""
        ...


class AppriseNotifier:
    """One apprise object for one URL, so that a retry never repeats what another has taken.

    ``kind`` is the service's name, ``url`` its URL without what is private. It has threads of its
    own: apprise's are few and shared, and targets that hang would fill them.
    """

    def __init__(self, name: str, url: str, family: Family = Family.PLAIN) -> None:
        """``family`` is how its messages are written.

        Raises TargetError where apprise does not take the URL.
        """
        for register in (
            register_console,
            register_keyed,
            register_mail,
            register_webhook,
            teach_mails,
        ):
            register()
        # in the caller's thread, and without following redirects: see alerts.answers
        self._apprise = apprise.Apprise(asset=AppriseAsset(async_mode=False, http_redirects=False))
        if not self._apprise.add(url) or len(self._apprise) != 1:
            raise TargetError(name)
        self._inline = False
        for service in self._apprise:
            service.optional = False  # with ?optional=yes apprise calls every failure a success
            # apprise waits up to 5.5 s between messages, whatever the service allows; one that is
            # asked too much says so, and the pauses after it, or the target's rate, answer that
            service.request_rate_per_sec = 0
            self.kind, self.url = str(service.service_name), public_url(service)
            if isinstance(service, NotifyThreadedEmail):
                service.inline = self._inline = True  # a picture is seen within HTML
            if isinstance(service, NotifySlack) and family is Family.SLACK:
                as_it_is(service)
        self._takes_pictures = all(service.attachment_support for service in self._apprise)
        self._channel = channel_of(url, family)
        self._format = _FORMATS[family]
        self._name = name
        self._parts = Parts()
        self._late: dict[Message, tuple[float, Future[Attempt]]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"target-{name}")

    async def notify(self, message: Message, timeout: float) -> Attempt:  # noqa: ASYNC109
        """See :class:`Notifier`. What has not begun in time never will; what has may still end.

        The next attempt at the same message then waits for that one, and takes its yes: a target
        that is slow does not get it twice.
        """
        sending = self._still_sending(message) or self._threads.submit(self._send, message)
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.wrap_future(sending)
        except (TimeoutError, asyncio.CancelledError) as error:
            if not sending.cancelled():
                self._late[message] = (time.monotonic(), sending)
            if isinstance(error, TimeoutError):
                return Attempt(False, f"no answer within {timeout:g} s")
            raise

    def close(self) -> None:
        """Hang up on mail servers, where connections are open; that may take a second."""
        for service in self._apprise:
            if isinstance(service, NotifyThreadedEmail):
                service.connections.close()

    def _still_sending(self, message: Message) -> Future[Attempt] | None:
        """An earlier attempt that may yet end well, or has; others are forgotten."""
        now = time.monotonic()
        self._late = {
            one: (since, sending)
            for one, (since, sending) in self._late.items()
            if not sending.done() or now - since < _LATE
        }
        _, sending = self._late.pop(message, (0.0, None))
        is_no = sending is not None and sending.done() and not sending.result().delivered
        return None if is_no else sending

    def _send(self, message: Message) -> Attempt:
        picture = message.picture if self._takes_pictures else None
        with self._parts.of(message) as taken, sending(message, self._name):
            attempt = self._attempt(message, picture)
            if attempt.permanent and picture is not None:
                attempt = self._attempt(message, None)  # it may be the picture
        if attempt.delivered:
            self._parts.forget(message)
            return attempt
        return replace(attempt, in_part=bool(taken))

    def _attempt(self, message: Message, picture: Picture | None) -> Attempt:
        body, text = message.body, message.text
        if picture is not None:
            body = described(body, picture, self._channel, inline=self._inline)
            text = text and described(text, picture)
        with watch() as refusals, text_part(text):
            try:
                result = self._apprise.notify(
                    body=body,
                    title=message.title,
                    notify_type=NotifyType.WARNING if message.failure else NotifyType.INFO,
                    body_format=self._format,
                    attach=None if picture is None else attachment(picture),
                )
            except Exception as error:  # plugins raise what they like
                return Attempt(False, type(error).__name__)
        if result:
            return Attempt(True)
        refusal = sum_up(refusals)
        return Attempt(False, refusal.detail, refusal.permanent, refusal.retry_after)


def notifiers(targets: Mapping[str, Target]) -> dict[str, AppriseNotifier]:
    """A notifier for each target.

    Raises:
        TargetError: apprise does not take a URL; the target is named, the URL is not shown.
    """
    silence_targets()
    found: dict[str, AppriseNotifier] = {}
    for name, target in targets.items():
        url = target.url.get_secret_value()
        found[name] = AppriseNotifier(name, url, channel_of(url, target.format).family)
    return found


class TargetError(StreakwatchError):
    """A target's URL is not one that apprise takes."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        what = f"target {name!r}: apprise does not take its URL, or takes it for several"
        super().__init__(what, "check its spelling, and give each service a target of its own")
