"""Several messages as one: what the closing bell brings at once is read at once."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.targets import Message

_RULE = "\n\n---\n\n"


def as_one(messages: Sequence[Message]) -> Message:
    """One message of several, by their order: the first lines of all, then each as it is.

    A single one is left as it is.
    """
    if len(messages) == 1:
        return messages[0]
    first, *others = messages
    lines = [f"{number}. {message.title}" for number, message in enumerate(messages, 1)]
    return Message(
        f"{first.title} (and {len(others)} more)",
        _RULE.join(["\n".join(lines), *(f"{one.title}\n{one.body}" for one in messages)]),
        failure=any(message.failure for message in messages),
    )
