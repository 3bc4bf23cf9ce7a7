"""The producer of ours, and the internals of aiokafka that it stands on."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import MessageAccumulator
from aiokafka.producer.sender import Sender
from aiokafka.producer.transaction_manager import TransactionManager
from faust.transport.drivers import aiokafka as driver

from streams.clients import Producer


@pytest.mark.parametrize(
    ("owner", "text"),
    [
        # without a leader the sender asks for metadata, and again as soon as it has them
        (Sender._sender_routine, "fut = self.client.force_metadata_update()"),
        (MessageAccumulator.fail_all, "batch.failure(exception)"),
        # what follows a batch of the same partition waits until that is answered
        (MessageAccumulator.drain_by_nodes, "self._batches"),
        (Sender._sender_routine, "self._muted_partitions.add(tp)"),
        # a batch has its number from when it is first sent; an id is asked for before
        (MessageAccumulator._pop_batch, "not_retry = batch.retry_count == 0"),
        (Sender._sender_routine, "await self._maybe_wait_for_pid()"),
        (TransactionManager.has_pid, "self._pid_and_epoch.pid != NO_PRODUCER_ID"),
        (TransactionManager.set_pid_and_epoch, "self._pid_waiter.set_result(None)"),
        # Faust makes the producer that ours names, with the options of its credentials
        (driver.Producer._new_producer, "return self._producer_type("),
        (driver.AIOKafkaConsumerThread._create_worker_consumer, "conf.broker_credentials"),
        (AIOKafkaProducer.stop, "self._message_accumulator.close()"),
    ],
)
def test_what_the_producer_relies_on(owner: Any, text: str) -> None:
    assert text in inspect.getsource(owner)


async def test_metadata_are_asked_for_ten_times_a_second_at_most() -> None:
    loop = asyncio.get_running_loop()
    made = Producer(bootstrap_servers="127.0.0.1:1")
    asked = 0

    def ask() -> asyncio.Future[bool]:
        nonlocal asked
        asked += 1
        answer: asyncio.Future[bool] = loop.create_future()
        answer.set_result(True)
        return answer

    made._ask = ask
    began = loop.time()
    for _ in range(3):
        assert await made.client.force_metadata_update()
    assert asked == 3
    assert loop.time() - began >= 0.29
    await made.stop()
