"""The producer after a record that was refused, and on a log that has lost its end."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from harness import Deployment

from config.settings import Kafka
from streams import topics
from streams.clients import Producer
from streams.embedded import Broker
from streams.producing import producer

pytestmark = pytest.mark.kafka


@pytest.fixture
async def sender(deployment: Deployment) -> AsyncIterator[Producer]:
    made = producer(deployment.settings.kafka)
    await topics.create(deployment.settings.kafka)
    await made.start()
    yield made
    await made.stop()


async def test_after_a_record_that_is_too_large_the_next_ones_are_taken(
    sender: Producer, deployment: Deployment
) -> None:
    """An idempotent producer numbers its batches, and one that is refused leaves a hole."""
    topic = f"{deployment.prefix}closes"
    assert (await sender.send_and_wait(topic, b"first", partition=0)).offset == 0
    with pytest.raises(MessageSizeTooLargeError):
        await sender.send_and_wait(topic, bytes(17 * 1024 * 1024), partition=0)
    sent = await asyncio.gather(
        *[await sender.send(topic, b"more", partition=n % 2) for n in range(10)]
    )
    assert sorted((one.partition, one.offset) for one in sent) == [
        *((0, n) for n in range(1, 6)),
        *((1, n) for n in range(5)),
    ]


async def test_what_waits_behind_a_refused_record_does_not_overtake_it(
    sender: Producer, deployment: Deployment
) -> None:
    """It is sent again with what it followed, or copies of closes would come out of order."""
    topic = f"{deployment.prefix}closes"
    values = [b"first", bytes(17 * 1024 * 1024), b"second", bytes(1024 * 1024), b"third"]
    outcomes = await asyncio.gather(
        *(sender.send_and_wait(topic, value, partition=0) for value in values),
        return_exceptions=True,
    )
    assert [isinstance(one, KafkaError) for one in outcomes] == [False, *[True] * 4]
    assert (await sender.send_and_wait(topic, b"again", partition=0)).offset == 1


def cut(folder: Path, batches: int) -> None:
    """Leave only the first batches of a partition's log, as a machine may that loses its power."""
    (log,) = folder.glob("*.log")
    end, data = 0, log.read_bytes()
    for _ in range(batches):
        end += 12 + struct.unpack_from(">i", data, end + 8)[0]
    os.truncate(log, end)
    for file in folder.glob("*.snapshot"):
        file.unlink()


async def test_a_broker_that_lost_what_it_had_acknowledged_is_sent_more(tmp_path: Path) -> None:
    with Broker(tmp_path, 0) as broker:
        kafka = Kafka(bootstrap_servers=[broker.bootstrap_servers], partitions=1)
        await topics.create(kafka)
        sender = producer(kafka)
        await sender.start()
        for n in range(5):
            await sender.send_and_wait("streaks", b"%d" % n, key=b"k")
        broker.kill()
        cut(tmp_path / "log" / "streaks-0", 2)
        broker.start()
        with pytest.raises(OutOfOrderSequenceNumber):
            await sender.send_and_wait("streaks", b"refused", key=b"k")
        assert (await sender.send_and_wait("streaks", b"again", key=b"k")).offset == 2
        await sender.stop()
