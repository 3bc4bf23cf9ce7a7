"""The plain part of an HTML e-mail: the message's own text, where apprise would make one of the HTML.

The text goes to where the mail is made by way of the context, for apprise has no place for it.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_TEXT: ContextVar[str] = ContextVar("text_part", default="")


@contextmanager
def text_part(text: str) -> Iterator[None]:
    """Mails made within have this text as their plain part; none of their own where it is empty."""
    token = _TEXT.set(text)
    try:
        yield
    finally:
        _TEXT.reset(token)


def with_text(prepare: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """apprise's maker of mails, whose mails of two parts then have the text of the context."""

    def prepared(*arguments: Any, **options: Any) -> Iterator[Any]:
        for mail in prepare(*arguments, **options):
            text = _TEXT.get()
            if text:
                mail.body = _replaced(mail.body, text)
            yield mail

    return prepared


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
