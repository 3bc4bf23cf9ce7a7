"""What goes along with a message for machines: a key, and which message it belongs to.

All of it follows from the alert and the target, so any worker says the same, again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

from alerts.model import Alert, Kind, alert_id


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a plugin puts around the words of a message.

    ``key`` is the same for each attempt to deliver an alert to a target, ``ALERT/TARGET``. A
    person's request and a test have one of their own, ``ALERT/TARGET/AGAIN``, for who asked wants
    to see it arrive. ``message`` identifies the message, ``follows`` the earlier one that it
    corrects, confirms, withdraws or settles, and ``thread`` what all messages about a streak have
    in common; each is 20 hex digits, the latter two empty where there is none. ``replies_to`` is
    which of them this one answers.
    """

    key: str
    message: str
    follows: str = ""
    thread: str = ""
    replies_to: str = ""


def envelope(alert: Alert, target: str, again: str = "") -> Envelope:
    """The envelope of an alert for a target; ``again`` tells apart what is sent on request.

    The end of a streak answers its thread: which of a streak's messages was the first depends on
    the rules, and no message says it.
    """
    key = "/".join(filter(None, (alert.id, target, again)))
    follows = _message(f"{alert.follows}/{target}") if alert.follows else ""
    thread = _thread(alert, target)
    is_answer = alert.milestone.kind is Kind.ENDED or bool(again)
    first = _message(f"{alert.id}/{target}") if again else ""
    replies_to = first or follows or (thread if is_answer else "")
    return Envelope(key, _message(key), follows, thread, replies_to)


def _message(key: str) -> str:
    return alert_id("message", key)


def _thread(alert: Alert, target: str) -> str:
    """What the alerts of one streak have in common at a target; empty for others."""
    if not alert.direction or not alert.start:
        return ""
    pair = (alert.watchlist, alert.asset, alert.benchmark)
    return alert_id("thread", *pair, alert.direction, alert.start, target)
