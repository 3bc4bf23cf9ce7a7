"""What goes along with a message for machines: a key, and which message it belongs to.

All of it follows from the alert and the target, and from the ledger, which knows the first alert of
a streak that the target was told; so any worker says the same, again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.model import Alert, alert_id

KEY_HEADER = "X-Streakwatch-Id"
"""The header of mails and of HTTP requests that has the key of an alert at a target."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a plugin puts around the words of a message.

    ``key`` is the same for each attempt to deliver an alert to a target, ``ALERT/TARGET``. A
    person's request and a test have one of their own, ``ALERT/TARGET/AGAIN``, for who asked wants
    to see it arrive. ``message`` identifies the message, ``follows`` the earlier one that it
    corrects, confirms, withdraws or settles, and ``thread`` what all messages about a streak have
    in common; each is 20 hex digits, the latter two empty where there is none. ``replies_to`` is
    the message that this one answers: what it repeats on request or follows, else the first about
    its streak. ``beside`` is what messages of the other alerts that it tells would be and belong
    to: whoever answers one of those names one of these.
    """

    key: str
    message: str
    follows: str = ""
    thread: str = ""
    replies_to: str = ""
    beside: tuple[str, ...] = ()


def envelope(
    alert: Alert, target: str, again: str = "", others: Sequence[Alert] = (), first: str = ""
) -> Envelope:
    """The envelope of an alert for a target.

    Args:
        again: tells apart what is sent on request.
        others: what is told in the same message.
        first: the id of the first alert that the target was told of the streak, if any.
    """
    key = "/".join(filter(None, (alert.id, target, again)))
    before = alert.id if again else alert.follows or first
    return Envelope(
        key,
        _message(key),
        _of(alert.follows, target),
        thread(alert, target),
        replies_to=_of(before, target),
        beside=tuple(one for other in others for one in _ids(other, target)),
    )


def thread(alert: Alert, target: str) -> str:
    """What the alerts of one streak have in common at a target; empty for others.

    One about the year to date is about no streak, though it has a direction.
    """
    if alert.of_year or not alert.direction or not alert.start:
        return ""
    pair = (alert.watchlist, alert.asset, alert.benchmark)
    return alert_id("thread", *pair, alert.direction, alert.start, target)


def _ids(alert: Alert, target: str) -> Sequence[str]:
    """What a message of an alert alone would be, and belong to."""
    ids = (thread(alert, target), _of(alert.follows, target), _of(alert.id, target))
    return [one for one in ids if one]


def _of(alert: str, target: str) -> str:
    """The message of the alert of this id, if there is one."""
    return _message(f"{alert}/{target}") if alert else ""


def _message(key: str) -> str:
    return alert_id("message", key)
