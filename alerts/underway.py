"""What is being sent in this context, for plugins of ours: apprise hands them words alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.envelope import Envelope, envelope
from alerts.model import Alert

if TYPE_CHECKING:
    from alerts.targets import Message


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message that tells an alert, on its way to a target."""

    message: Message
    alert: Alert
    target: str
    envelope: Envelope


_underway: ContextVar[Parcel | None] = ContextVar("parcel", default=None)


@contextmanager
def sending(message: Message, target: str) -> Iterator[None]:
    """While it lasts, what is sent in this context is this message to this target."""
    alert, parcel = message.alert, None
    if alert is not None:
        around = envelope(alert, target, message.again, message.others, message.first)
        parcel = Parcel(message, alert, target, around)
    token = _underway.set(parcel)
    try:
        yield
    finally:
        _underway.reset(token)


def underway() -> Parcel | None:
    """What is being sent; None for a message that tells no alert."""
    return _underway.get()
