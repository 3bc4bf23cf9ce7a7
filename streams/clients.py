"""aiokafka's producer, without its haste, its patience at the end, and its dead end.

Leans on internals of aiokafka 0.14.0; tests/test_clients.py fails when they change.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed
from aiokafka.producer.transaction_manager import (
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    PidAndEpoch,
)

_BREATH = 0.1  # seconds between two looks for a leader
_GRACE = 1.0  # seconds for what is not acknowledged when the producer is stopped


class Producer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """An idempotent producer that goes on after a failure, and can always be stopped.

    It looks for a leader ten times a second, not thousands of times.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._ask = self.client.force_metadata_update
        self.client.force_metadata_update = self._ask_in_peace

    def _ask_in_peace(self) -> asyncio.Future[Any]:
        """The sender asks again as soon as this is done, for as long as there is no leader."""
        return asyncio.ensure_future(_at_rest(self._ask()))

    async def send(self, *args: Any, **options: Any) -> asyncio.Future[Any]:
        """As aiokafka does; one refused record is not the end of its partition."""
        sent: asyncio.Future[Any] = await super().send(*args, **options)
        sent.add_done_callback(self._begin_anew_after_failure)
        return sent

    def _begin_anew_after_failure(self, sent: asyncio.Future[Any]) -> None:
        """Take another producer id, whose numbers begin at 0.

        The broker takes the batches of an id in the order of their numbers only, and aiokafka
        never numbers anew: after a batch that was refused, or lost by the broker, all that follow
        would be refused too. So what waits behind it fails with it, or the new id would carry it
        past what is sent again. What is sent with the old id still cannot be there twice.
        """
        manager = self._txn_manager
        if sent.cancelled() or sent.exception() is None or manager is None:
            return
        if manager.transactional_id is None and manager.has_pid():
            self._fail_what_waits()
            manager._pid_and_epoch = PidAndEpoch(NO_PRODUCER_ID, NO_PRODUCER_EPOCH)
            manager._pid_waiter = asyncio.get_running_loop().create_future()
            manager._sequence_numbers.clear()

    def _fail_what_waits(self) -> None:
        for batch in self._waiting():
            batch.failure(KafkaError("a batch before it was refused"))
            _quieten(batch)
        self._message_accumulator._batches.clear()

    def _waiting(self) -> list[Any]:
        """The batches that were not handed to a broker yet."""
        return [batch for batches in self._message_accumulator._batches.values()
                for batch in batches]  # fmt: skip

    async def flush(self) -> None:
        """Wait for what is not acknowledged, but a moment only.

        Otherwise an idempotent producer would wait for as long as the broker cannot take it, and
        Faust with it, which flushes before it stops. Whoever needs an acknowledgement awaits it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await super().flush()

    async def stop(self) -> None:
        """Wait a moment for what is not acknowledged; it fails with ProducerClosed then."""
        if not self._closed:
            await self.flush()
            left = [*self._waiting(), *self._message_accumulator._pending_batches]
            self._message_accumulator.fail_all(ProducerClosed())
            for batch in left:
                _quieten(batch)
        await super().stop()


def _quieten(batch: Any) -> None:
    """Its messages tell who sent them; that nobody asks the batch itself is nothing to log."""
    for future in (batch.future, batch._drain_waiter, *(one for one, _ in batch._msg_futures)):
        if future.done() and not future.cancelled():
            future.exception()


async def _at_rest(asked: asyncio.Future[Any]) -> Any:
    answer, _ = await asyncio.gather(asked, asyncio.sleep(_BREATH))
    return answer
