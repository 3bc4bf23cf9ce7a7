"""Which of the three ways records are fetched: the fastest that is there, or the one asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec

from faust.types import TP

from config.errors import StreakwatchError
from config.settings import Fetch, Kafka
from streams.batches import Batch
from streams.frames.source import Source
from streams.tls import Stamps, stamps

log = logging.getLogger(__name__)

_INSTALL: Mapping[Fetch, str] = {
    "gather": "install the extra `fast` and a C compiler, and then streakwatch anew",
    "librdkafka": "install the extra `fast`: pip install 'streakwatch[fast]'",
}


def choose(kafka: Kafka) -> Callable[[], Source] | None:
    """What opens the source, once it is needed; None for aiokafka alone.

    Raises:
        StreakwatchError: ``kafka.fetch`` asks for what is not installed.
    """
    name = kafka.fetch
    if name == "auto":
        name = next((way for way in _INSTALL if _is_there(way)), "aiokafka")
    elif name in _INSTALL and not _is_there(name):
        raise StreakwatchError(f"kafka.fetch: {name} is not installed here", _INSTALL[name])
    log.info("records are fetched by %s", name)
    return None if name == "aiokafka" else lambda: Renewed(kafka, lambda: _open(name, kafka))


def _is_there(name: Fetch) -> bool:
    if name == "librdkafka":
        return find_spec("confluent_kafka") is not None
    from streams.frames.gather import compiled
    from streams.frames.library import library

    return compiled() is not None and library() is not None


def _open(name: Fetch, kafka: Kafka) -> Source:
    if name == "gather":
        from streams.frames.gather import Gathered

        return Gathered(kafka)
    from streams.frames.librdkafka import Librdkafka

    return Librdkafka(kafka)


class Renewed:
    """A source that is opened anew when the files of its certificates were written anew."""

    def __init__(self, kafka: Kafka, opened: Callable[[], Source]) -> None:
        """Raises StreakwatchError as ``opened`` does."""
        self._tls = kafka.security.tls
        self._opened = opened
        self._stamps = self._now()
        self._source = opened()

    async def poll(
        self,
        positions: Mapping[TP, int],
        active: Collection[TP],
        timeout: float,  # noqa: ASYNC109
    ) -> Mapping[TP, Batch]:
        """See :class:`streams.frames.source.Source`."""
        if self._now() != self._stamps:
            self._renew()
        return await self._source.poll(positions, active, timeout)

    def close(self) -> None:
        """See :class:`streams.frames.source.Source`."""
        self._source.close()

    def _now(self) -> Stamps:
        return {} if self._tls is None else stamps(self._tls)

    def _renew(self) -> None:
        self._stamps = self._now()
        try:
            source = self._opened()
        except StreakwatchError as error:  # half written, perhaps: the next change is seen
            log.warning("%s; going on with what was read before", error)
        else:
            self._source.close()
            self._source = source
