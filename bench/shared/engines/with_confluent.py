"""A hand-written loop on confluent-kafka: SERVERS CLOSES HITS PARTITIONS dict|count COUNT…"""

from __future__ import annotations

import sys

import orjson
from confluent_kafka import Consumer, Producer
from streaks import Streaks

SERVERS, CLOSES, HITS, _, VARIANT, *COUNTS = sys.argv[1:]


def main() -> None:
    """Read until told to stop."""
    consumer = Consumer(
        {
            "bootstrap.servers": SERVERS,
            "group.id": HITS,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.queue.backoff.ms": 10,
            "queued.min.messages": 200_000,
            "fetch.wait.max.ms": 10,
        }
    )
    consumer.subscribe([CLOSES])
    producer = Producer({"bootstrap.servers": SERVERS, "linger.ms": 0})
    (count if VARIANT == "count" else job)(consumer, producer)


def job(consumer: Consumer, producer: Producer) -> None:
    """Streaks of ten."""
    take, loads = Streaks().take, orjson.loads
    while True:
        for record in consumer.consume(10_000, 0.1):
            found = take(loads(record.value()))
            if found:
                producer.produce(HITS, orjson.dumps(found), record.key())
        producer.poll(0)


def count(consumer: Consumer, producer: Producer) -> None:
    """No job: say when each of the counts is reached."""
    seen, counts = 0, [int(text) for text in COUNTS]
    while True:
        seen += len(consumer.consume(10_000, 0.1))
        while counts and seen >= counts[0]:
            producer.produce(HITS, b"%d" % counts.pop(0))
        producer.poll(0)


main()
