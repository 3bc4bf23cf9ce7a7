"""What is changed in apprise's plugins, for they have no options for it.

The plain part of an HTML e-mail is the message's own text, where apprise would make one of the
HTML. The text goes to where the mail is made by way of the context.
"""

# apprise declares its methods without types, and does not export what it imports
# mypy: disable-error-code="attr-defined, no-untyped-call"

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from apprise import NotifyFormat
from apprise.plugins.email import base as mails
from apprise.plugins.slack import NotifySlack

_TEXT: ContextVar[str] = ContextVar("text_part", default="")


@contextmanager
def text_part(text: str) -> Iterator[None]:
    """Mails made within have this text as their plain part; where it is empty, apprise's."""
    token = _TEXT.set(text)
    try:
        yield
    finally:
        _TEXT.reset(token)


@cache
def teach_mails() -> None:
    """Have apprise's mails take the text of the context; before they are signed or encrypted."""
    convert: Callable[..., str] = vars(mails)["convert_between"]

    def converted(before: NotifyFormat, after: NotifyFormat, content: str) -> str:
        if after == NotifyFormat.TEXT and _TEXT.get():
            return _TEXT.get()
        return convert(before, after, content)

    vars(mails)["convert_between"] = converted


def as_it_is(service: NotifySlack) -> None:
    """Have Slack's plugin send what it is given, for it would take mrkdwn for CommonMark."""
    vars(service)["dialect_convert"] = lambda body, *_, **__: body
