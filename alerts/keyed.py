"""apprise's json://, xml:// and form:// with the key of the alert as a header."""

# apprise declares its class attributes as None and its methods without types
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from apprise import NotificationManager
from apprise.plugins.custom_form import NotifyForm
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.custom_xml import NotifyXML

from alerts.underway import underway

KEY_HEADER = "X-Streakwatch-Id"
"""The header of mails and of HTTP requests that has the key of an alert at a target."""


@cache
def register_keyed() -> None:
    """Have apprise send the key along."""
    for plugin in (NotifyKeyedJson, NotifyKeyedXml, NotifyKeyedForm):
        NotificationManager().add(plugin, force=True)


def _keyed(service: Any) -> Any:
    """The service with the key of what is under way; others may be sending at the same time."""
    parcel = underway()
    if parcel is None:
        return service
    once = copy.copy(service)
    once.headers = {**service.headers, KEY_HEADER: parcel.envelope.key}
    return once


class NotifyKeyedJson(NotifyJSON):
    """JSON in apprise's form."""

    def send(self, *given: Any, **named: Any) -> bool:
        """Send a message; whether the receiver took it."""
        return bool(NotifyJSON.send(_keyed(self), *given, **named))


class NotifyKeyedXml(NotifyXML):
    """XML in apprise's form."""

    def send(self, *given: Any, **named: Any) -> bool:
        """Send a message; whether the receiver took it."""
        return bool(NotifyXML.send(_keyed(self), *given, **named))


class NotifyKeyedForm(NotifyForm):
    """A form in apprise's form."""

    def send(self, *given: Any, **named: Any) -> bool:
        """Send a message; whether the receiver took it."""
        return bool(NotifyForm.send(_keyed(self), *given, **named))
