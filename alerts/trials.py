"""Messages that try out a target: a sample alert, marked as a test."""

from __future__ import annotations

from dataclasses import replace

from alerts import samples
from alerts.rendering import render
from alerts.targets import Message


def trial(kind: str, target: str, again: str) -> Message:
    """The sample of a kind as a message; ``again`` tells this trial from others."""
    alert = samples.of(kind)
    message = render(alert, samples.NAMES)
    note = f"This is a test of the target {target}: a sample, about nothing that has happened now."
    return replace(
        message,
        title=f"TEST: {message.title}",
        body=f"{note}\n\n{message.body}",
        alert=alert,
        again=again,
        test=True,
    )
