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

from alerts.envelope import KEY_HEADER
from alerts.underway import underway


@cache
def register_keyed() -> None:
    """Have apprise send the key along."""
    for plugin in (NotifyKeyedJson, NotifyKeyedXml, NotifyKeyedForm):
        NotificationManager().add(plugin, force=True)


class _Keyed:
    """A plugin that sends its headers with the key of what is under way."""

    headers: dict[str, str]

    def send(self, *given: Any, **named: Any) -> bool:
        """Send a message; whether the receiver took it."""
        once, parcel = copy.copy(self), underway()  # others may be sending at the same time
        if parcel is not None:
            once.headers = {**self.headers, KEY_HEADER: parcel.envelope.key}
        return bool(super(_Keyed, once).send(*given, **named))  # type: ignore[misc]


class NotifyKeyedJson(_Keyed, NotifyJSON):
    """JSON in apprise's form."""


class NotifyKeyedXml(_Keyed, NotifyXML):
    """XML in apprise's form."""


class NotifyKeyedForm(_Keyed, NotifyForm):
    """A form in apprise's form."""
