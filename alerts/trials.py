"""Messages that try out a target: a sample alert, marked as a test."""

from __future__ import annotations

from dataclasses import replace

from alerts import samples
from alerts.targets import Message
from alerts.writers import Writers


def trial(kind: str, target: str, again: str, writers: Writers) -> Message:
    """The sample of a kind as a message; ``again`` tells this trial from others."""
    alert = samples.of(kind)
    note = f"TEST of the target {target}: a sample, about nothing that has happened now."
    message = writers.message(alert, samples.NAMES, target, note)
    title = f"TEST: {message.title}" if message.title else ""
    return replace(message, title=title, alert=alert, again=again, test=True)
