"""What is changed in apprise's plugins, for it has no options for it.

The plain part of an HTML e-mail is the message's own text, where apprise would make one of the
HTML. The text goes to where the mail is made by way of the context.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from apprise.plugins.email import NotifyEmail
from apprise.plugins.slack import NotifySlack

_TEXT: ContextVar[str] = ContextVar("text_part", default="")


@contextmanager
def text_part(text: str) -> Iterator[None]:
    """Mails made within have this text as their plain part; none of their own where it is empty."""
    token = _TEXT.set(text)
    try:
        yield
    finally:
        _TEXT.reset(token)


def with_text(service: NotifyEmail) -> None:
    """Have a plugin's mails of two parts carry the text of the context."""
    prepare = service.prepare_emails

    def prepared(*arguments: Any, **options: Any) -> Iterator[Any]:
        for mail in prepare(*arguments, **options):
            text = _TEXT.get()
            if text:
                mail.body = _replaced(mail.body, text)
            yield mail

    vars(service)["prepare_emails"] = prepared


def as_it_is(service: NotifySlack) -> None:
    """Have Slack's plugin send what it is given, for it would take mrkdwn for CommonMark."""
    vars(service)["dialect_convert"] = lambda body, *_, **__: body


def _replaced(raw: str, text: str) -> str:
    whole = email.message_from_string(raw)
    for part in whole.walk():
        alternatives = part.get_payload() if part.get_content_subtype() == "alternative" else []
        for one in alternatives:
            if isinstance(one, email.message.Message) and one.get_content_type() == "text/plain":
                del one["Content-Transfer-Encoding"]
                one.set_payload(text, "utf-8")
                return whole.as_string()
    return raw
