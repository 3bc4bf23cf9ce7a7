"""Logging to standard error, one line an event; a line that repeats is held back and counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alerts.secrecy import silence_targets
from config.errors import StreakwatchError

FAUST = ("faust", "mode", "streams.frames.transport", "streams.frames.threads")
QUIET = (*FAUST, "aiokafka", "kafka", "librdkafka", "asyncio", "aiohttp")
OURS = ("streams", "alerts", "config")
EVERY = 10.0
LONGEST = 300.0
_MOST = 1000

# The first group on a new broker: the client asks again by itself, and is answered.
_EXPECTED = ("GroupCoordinatorNotAvailableError",)


class RateLimit(logging.Filter):
    """Lets the same message of a library's logger through once every ``every`` seconds.

    While it goes on, the pause doubles each time, up to ``LONGEST``: an outage of an hour is no
    more to read than one of minutes. Our own messages always pass: they are few, and each tells
    of another thing.
    """

    def __init__(self, every: float = EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every = every
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide, and say how many like it were held back."""
        if any(text in record.getMessage() for text in _EXPECTED) or _told_by_us(record):
            return False
        if record.name.split(".")[0] in OURS:
            return True
        if len(self._seen) > _MOST:
            self._seen.clear()
        key, now = (record.name, str(record.msg)), self._clock()
        last, held, pause = self._seen.get(key, (float("-inf"), 0, self._every))
        if now - last < pause:
            self._seen[key] = (last, held + 1, pause)
            return False
        self._seen[key] = (now, 0, min(2 * pause, LONGEST) if held else self._every)
        if held:
            record.msg = f"{record.getMessage()} (and {held} more like it)"
            record.args = ()
        return True


def _told_by_us(record: logging.LogRecord) -> bool:
    """Whether a library logs an error of ours, which whoever met it has told in words."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    theirs = record.name.startswith(QUIET)
    return theirs and any(isinstance(argument, StreakwatchError) for argument in arguments)


def configure(level: str) -> None:
    """Set up logging for a worker: ours at ``level``, of all others warnings at most.

    The libraries' own details hold URLs, and with them secrets: they are never logged.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    )
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    _set_libraries(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # "overlapping", while Kafka is away


def silence() -> None:
    """For commands that tell of trouble themselves, in one line: nothing from the libraries."""
    _set_libraries(logging.CRITICAL)


@contextmanager
def silenced() -> Iterator[None]:
    """Nothing from the libraries while we look whether a broker is there."""
    before = {name: logging.getLogger(name).level for name in QUIET}
    silence()
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _set_libraries(level: int) -> None:
    for name in QUIET:
        logging.getLogger(name).setLevel(level)
    silence_targets()
