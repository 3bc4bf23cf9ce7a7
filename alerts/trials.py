"""Messages that try out a target: a sample alert, marked as a test."""

from __future__ import annotations

from dataclasses import replace

from alerts import samples
from alerts.targets import Message
from alerts.words.summary import Part
from alerts.writers import Writers


def trial(kind: str, target: str, again: str, writers: Writers) -> Message:
    """The sample of a kind as a message; ``again`` tells this trial from others."""
    alert = samples.of(kind)
    note = f"TEST of the target {target}: a sample, about nothing that has happened now."
    message = writers.message(Part(alert, samples.NAMES, note), target)
    title = f"TEST: {message.title}" if message.title else ""
    return replace(message, title=title, alert=alert, again=again, test=True)
