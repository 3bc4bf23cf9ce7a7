"""apprise's mails with headers of ours: what a mail tells, and which mails it belongs to."""

# apprise declares its class attributes as None and its methods without types
# mypy: disable-error-code="attr-defined, override, no-untyped-call"

from __future__ import annotations

from email.utils import make_msgid
from functools import cache
from typing import Any

from apprise import NotificationManager
from apprise.plugins.email import NotifyEmail
from apprise.plugins.email import base as mails

from alerts.connections import Connections, keep_connections
from alerts.envelope import KEY_HEADER, Envelope
from alerts.underway import underway


@cache
def register_mail() -> None:
    """Have apprise send mails with our headers, over connections that stay open for a while."""
    NotificationManager().add(NotifyThreadedEmail, force=True)
    mails.make_msgid = _message_id  # there is no other way to a Message-ID
    keep_connections()


class NotifyThreadedEmail(NotifyEmail):
    """A mail that mail programs show below those that it belongs to."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.connections = Connections()

    def send(self, *given: Any, **named: Any) -> bool:
        """Send a message to each recipient; whether all have it."""
        with self.connections.in_use():
            return bool(super().send(*given, **named))

    def _protocol_headers(self, body: str) -> dict[str, str]:
        """apprise asks for these with each mail."""
        parcel = underway()
        return {} if parcel is None else headers(parcel.envelope, self.smtp_host)


def headers(envelope: Envelope, domain: str) -> dict[str, str]:
    """What a mail has beside its Message-ID (RFC 5322, 3.6.4), with the key of the alert.

    References begin with the thread, whether or not there is a mail of that id: mail programs show
    those together that name the same. They end with what the mail answers, if it answers one.

    >>> headers(Envelope("a1/mail", "a", follows="b", thread="c", replies_to="b"), "example.com")
    ... # doctest: +NORMALIZE_WHITESPACE
    {'X-Streakwatch-Id': 'a1/mail', 'In-Reply-To': '<b@example.com>',
     'References': '<c@example.com>\\n <b@example.com>'}
    """
    answered = envelope.replies_to
    before = (*envelope.beside, envelope.thread, envelope.follows, answered)
    distinct = dict.fromkeys(reversed([one for one in before if one not in ("", envelope.message)]))
    references = (f"<{one}@{domain}>" for one in reversed(distinct))
    found = {
        KEY_HEADER: envelope.key,
        "In-Reply-To": f"<{answered}@{domain}>" if answered else "",
        "References": "\n ".join(references),  # apprise folds no lines
    }
    return {name: value for name, value in found.items() if value}


def _message_id(idstring: str | None = None, domain: str | None = None) -> str:
    """The same for each attempt, so that a repeat is known to be one."""
    parcel = underway()
    if parcel is None:
        return make_msgid(idstring, domain)
    return f"<{parcel.envelope.message}@{domain}>"
