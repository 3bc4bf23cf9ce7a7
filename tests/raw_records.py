"""Records of a real broker as they are: written acknowledged, and read to the end."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.topics import LARGEST_REQUEST


def write(
    servers: str,
    topic: str,
    *values: bytes | None,
    key: bytes | None = None,
    partition: int | None = None,
) -> None:
    """One record after the other, each acknowledged."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=LARGEST_REQUEST)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(topic, value, key=key, partition=partition)
        finally:
            await producer.stop()

    asyncio.run(send())


def read(servers: str, topic: str, partitions: int) -> list[Any]:
    """Every committed record of a topic, by partition and offset."""

    async def read_all() -> list[Any]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await consumer.start()
        try:
            tps = [TopicPartition(topic, partition) for partition in range(partitions)]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            found: list[Any] = []
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += batch
            return sorted(found, key=lambda r: (r.partition, r.offset))
        finally:
            await consumer.stop()

    return asyncio.run(read_all())
