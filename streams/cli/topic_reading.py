"""What the commands over the topics share: reading them, and sending to them, acknowledged."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import click

from config.settings import Settings
from streams import moments
from streams.cli.topics import ask_broker
from streams.log import KafkaLog, Log
from streams.producing import producer
from streams.records import Output, Place, Record, Topic
from streams.topics import TopicsError, not_there, other_partitions

T = TypeVar("T")
Send = Callable[[Output], Awaitable[tuple[int, int]]]
"""Sends a record; answers with its partition and offset once it is acknowledged."""


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


def _since(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else moments.since(text, now_ms())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def since_option(text: str, default: str | None = None) -> Callable[[Any], Any]:
    """``--since`` with its help; its value is in milliseconds since 1970."""
    return click.option(
        "--since",
        "since_ms",
        callback=_since,
        default=default,
        show_default=True,
        metavar="DATE|SPAN",
        help=f"{text}; a date such as 2026-01-22 (UTC), or a span such as 2h or 3d.",
    )


def with_log(
    settings: Settings, topics: Sequence[Topic], work: Callable[[KafkaLog], Awaitable[T]]
) -> T:
    """Do something with the topics.

    Raises:
        StreakwatchError: no broker answers, or one of ``topics`` is not as configured.
    """

    async def run() -> T:
        log = KafkaLog(settings.kafka)
        try:
            await log.start()
            for topic in topics:
                _require(settings, topic, len(await log.partitions(topic)))
            return await work(log)
        finally:
            await log.stop()

    return ask_broker(run(), settings.kafka)


def _require(settings: Settings, topic: Topic, partitions: int) -> None:
    name, wanted = settings.kafka.topic_prefix + topic, settings.kafka.partitions
    if not partitions:
        raise not_there([name])
    if partitions != wanted:
        what = other_partitions(name, partitions, wanted)
        raise TopicsError(what, "run `streakwatch topics check` for all of them")


async def records_of(log: Log, topic: Topic, partitions: int) -> AsyncIterator[tuple[int, Record]]:
    """Every record of a topic up to its present end, with its partition."""
    for partition in range(partitions):
        place = Place(topic, partition)
        async for batch in log.read(place, *await log.bounds(place)):
            for record in batch:
                yield partition, record


async def record_at(log: Log, place: Place, offset: int) -> Record | None:
    """One record; None where there is none."""
    first, end = await log.bounds(place)
    if not first <= offset < end:
        return None
    async for batch in log.read(place, offset, offset + 1):
        for record in batch:
            return record
    return None


@asynccontextmanager
async def sending(settings: Settings) -> AsyncIterator[Send]:
    """A producer for a while."""
    sender = producer(settings.kafka)

    async def send(output: Output) -> tuple[int, int]:
        metadata = await sender.send_and_wait(
            settings.kafka.topic_prefix + output.topic,
            output.value,
            key=output.key,
            partition=output.partition,
            headers=list(output.headers),
        )
        return metadata.partition, metadata.offset

    try:
        await sender.start()
        yield send
    finally:
        await sender.stop()
