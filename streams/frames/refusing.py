"""What librdkafka refuses, or is refused, in our words."""

from __future__ import annotations

import logging

from aiokafka.errors import KafkaError, for_code

from config.errors import StreakwatchError

log = logging.getLogger("librdkafka")

_TOPIC_AUTHORIZATION_FAILED = 29


def unusable(why: str) -> StreakwatchError:
    """The error of a configuration that librdkafka does not take."""
    return StreakwatchError(
        f"librdkafka cannot connect with this configuration ({why})",
        "set kafka.fetch to aiokafka, which does without it",
    )


class Warnings:
    """librdkafka's lines in our log: a warning each, whatever it takes it for, until it closes."""

    def __init__(self) -> None:
        self._closed = False

    def log(self, _: int, text: str, *arguments: object) -> None:
        """As a logger's; the text stays apart from what it is about, for repeats to be counted."""
        if not self._closed:
            log.warning(text, *arguments)

    def close(self) -> None:
        """No more: what a connection meets that is being closed is nobody's trouble."""
        self._closed = True


def refused(code: int, text: str) -> None:
    """Raise what ends the worker with aiokafka, too; all else passes, and is tried again."""
    if code == _TOPIC_AUTHORIZATION_FAILED:
        error: type[KafkaError] = for_code(code)
        raise error(text)
    log.warning("%s", text)
