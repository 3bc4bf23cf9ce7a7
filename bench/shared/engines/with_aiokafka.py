"""A hand-written loop on aiokafka: SERVERS CLOSES HITS PARTITIONS dict|count COUNT…"""

from __future__ import annotations

import asyncio
import sys

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from streaks import Streaks

SERVERS, CLOSES, HITS, _, VARIANT, *COUNTS = sys.argv[1:]


async def main() -> None:
    """Read until told to stop."""
    consumer = AIOKafkaConsumer(
        CLOSES,
        bootstrap_servers=SERVERS,
        group_id=HITS,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=45_000,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    producer = AIOKafkaProducer(bootstrap_servers=SERVERS)
    await producer.start()
    await consumer.start()
    await (count if VARIANT == "count" else job)(consumer, producer)


async def job(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
    """Streaks of ten."""
    take, loads = Streaks().take, orjson.loads
    while True:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=10_000)).values():
            for record in records:
                found = take(loads(record.value))
                if found:
                    await producer.send(HITS, orjson.dumps(found), key=record.key)


async def count(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
    """No job: say when each of the counts is reached."""
    seen, counts = 0, [int(text) for text in COUNTS]
    while True:
        fetched = await consumer.getmany(timeout_ms=1000, max_records=10_000)
        seen += sum(map(len, fetched.values()))
        while counts and seen >= counts[0]:
            await producer.send(HITS, b"%d" % counts.pop(0))


asyncio.run(main())
