"""Sending records so that each is known to be in the log before anything goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faust.exceptions import ProducerSendError

from streams.records import Output

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
#: How long the broker may take to acknowledge before we say that we wait for it, in seconds.
_PATIENCE = 5.0


class TooLargeError(Exception):
    """A record is larger than the broker takes; trying again is no use."""


class Outbox(Protocol):
    """The port through which folds send; :class:`KafkaOutbox` is the real one."""

    async def send(self, outputs: Sequence[Output]) -> None:
        """Return once all are acknowledged by the log, in order within each partition."""
        ...


Send = Callable[..., Awaitable[Awaitable[Any]]]


class KafkaOutbox:
    """Sends through a Faust or aiokafka producer, and tries until the broker has taken all.

    A batch that fails is sent again whole: repeats carry the same ids, and order is kept.
    """

    def __init__(self, send: Callable[[], Send], topic_prefix: str) -> None:
        self._send = send
        self._prefix = topic_prefix

    async def send(self, outputs: Sequence[Output]) -> None:
        """See :class:`Outbox`.

        Raises:
            TooLargeError: a record can never be taken.
        """
        pause = _FIRST_PAUSE
        while outputs:
            try:
                await self._send_once(outputs)
            except MessageSizeTooLargeError as error:
                raise TooLargeError(str(error)) from error
            except (KafkaError, ProducerSendError) as error:
                log.warning("the broker did not take %d records (%s); again in %.1f s",
                            len(outputs), error, pause)  # fmt: skip
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    async def _send_once(self, outputs: Sequence[Output]) -> None:
        send = self._send()
        acks = [
            await send(
                self._prefix + output.topic,
                key=output.key,
                value=output.value,
                partition=output.partition,
                timestamp=None,
                headers=list(output.headers),
            )
            for output in outputs
        ]
        # the producer itself tries again, for ever, what a broker cannot take for the time being:
        # too few replicas in sync, a leader that is being elected
        telling = asyncio.get_running_loop().call_later(_PATIENCE, _tell, outputs)
        try:
            await asyncio.gather(*acks)
        finally:
            telling.cancel()


def _tell(outputs: Sequence[Output]) -> None:
    names = ", ".join(sorted({output.topic for output in outputs}))
    log.warning("waiting: the broker has not taken %d records for %s in %.0f s",
                len(outputs), names, _PATIENCE)  # fmt: skip
