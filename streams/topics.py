"""The topics of a deployment: declared here, created and compared by ``streakwatch topics``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka import AIOKafkaClient
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    NodeNotReadyError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.protocol.metadata import MetadataRequest

from config.errors import StreakwatchError
from config.settings import Kafka
from streams.connection import client_options
from streams.records import Topic

_MEGABYTE = 1024 * 1024
_DAY_MS = 86_400_000

# Closes and ticks of any size can be sent to the dead letters, whose headers need some room of
# their own.
_LARGEST_CLOSE = 16 * _MEGABYTE
_LARGEST_DEAD_LETTER = 17 * _MEGABYTE
_LARGEST_SNAPSHOT = 25 * _MEGABYTE
#: The largest request that a producer of ours sends.
LARGEST_REQUEST = 26 * _MEGABYTE

_LOOK_MS = 5_000
_SECOND_LOOK = 1.0  # seconds
_LOOKS, _BREATH = 50, 0.1  # seconds


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be in Kafka; ``config`` holds the settings that matter to us."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def specs(kafka: Kafka) -> list[TopicSpec]:
    """All topics of a deployment."""
    keep = kafka.retention
    configs: dict[Topic, dict[str, str]] = {
        # the broker's clock tells how far ahead the time of a tick is
        Topic.TICKS: _log(keep.ticks)
        | {"max.message.bytes": str(_LARGEST_CLOSE), "message.timestamp.type": "LogAppendTime"},
        Topic.CLOSES: _log(keep.closes) | {"max.message.bytes": str(_LARGEST_CLOSE)},
        Topic.WATCH: _log(keep.watch),
        Topic.ALERTS: _log(keep.alerts),
        Topic.STREAKS: _compacted(),
        Topic.NOTIFICATIONS: _compacted(),
        Topic.SILENCES: _compacted(),
        Topic.SNAPSHOTS: _compacted()
        | {"max.message.bytes": str(_LARGEST_SNAPSHOT), "segment.ms": "600000"},
        Topic.DEAD_LETTERS: _log(keep.dead_letters)
        | {"max.message.bytes": str(_LARGEST_DEAD_LETTER)},
    }
    return [
        TopicSpec(kafka.topic_prefix + topic, kafka.partitions, kafka.replication, config)
        for topic, config in configs.items()
    ]


def _log(days: float | Literal["forever"]) -> dict[str, str]:
    ms = -1 if days == "forever" else int(days * _DAY_MS)
    return {"cleanup.policy": "delete", "retention.ms": str(ms), "retention.bytes": "-1"}


def _compacted() -> dict[str, str]:
    return {"cleanup.policy": "compact"}


def partition_of(key: bytes, partitions: int) -> int:
    """The partition, of so many, that records of a key go to: the default of all producers."""
    return int(DefaultPartitioner()(key, range(partitions), ()))


@dataclass(frozen=True, slots=True)
class Report:
    """What there was and what was done: names of topics, and differences in words."""

    created: Sequence[str]
    existing: Sequence[str]
    missing: Sequence[str]
    differences: Sequence[str]


class TopicsError(StreakwatchError):
    """The topics in Kafka are not those of the configuration."""


async def create(kafka: Kafka) -> Report:
    """Create what is missing; what exists is compared and left alone.

    Raises:
        TopicsError: the broker refuses to create a topic.
    """
    async with _Admin(kafka) as admin:
        before = await admin.existing(specs(kafka))
        for spec in specs(kafka):
            if spec.name not in before:
                await admin.create(spec)
        await admin.until_known(specs(kafka))
        return await _report(admin, kafka, before)


async def check(kafka: Kafka) -> Report:
    """Compare, and change nothing."""
    async with _Admin(kafka) as admin:
        return await _report(admin, kafka, await admin.existing(specs(kafka)))


async def require(kafka: Kafka) -> None:
    """Raise TopicsError unless every topic is there with the right number of partitions."""
    report = await check(kafka)
    if report.missing:
        raise not_there(report.missing)
    if report.differences:
        raise TopicsError(report.differences[0], "run `streakwatch topics check` for all of them")


async def missing(kafka: Kafka) -> list[str]:
    """The names of the topics that do not exist; asks for metadata alone, and creates nothing.

    Looks again before it says so, for a broker that has just started may not know them yet.

    Raises:
        aiokafka.errors.KafkaError: the broker does not answer.
    """
    client = AIOKafkaClient(**client_options(kafka), request_timeout_ms=_LOOK_MS)
    try:
        await client.bootstrap()
        gone = await _gone(client, [spec.name for spec in specs(kafka)])
        if gone:
            await asyncio.sleep(_SECOND_LOOK)
            gone = await _gone(client, gone)
    finally:
        await client.close()
    return gone


def not_there(names: Sequence[str]) -> TopicsError:
    """The error about topics that are missing, of which there is one or more."""
    return TopicsError(
        f"topic {names[0]!r} does not exist"
        + (f" (nor do {len(names) - 1} more)" if len(names) > 1 else ""),
        "run `streakwatch topics create` with the same configuration",
    )


def other_partitions(name: str, partitions: int, wanted: int) -> str:
    """What to say of a topic with another number of partitions than configured."""
    return f"topic {name!r} has {partitions} partitions, the configuration says {wanted}"


async def _gone(client: AIOKafkaClient, names: Sequence[str]) -> list[str]:
    node = client.get_random_node()
    if node is None:
        raise NodeNotReadyError("no broker is known yet")
    request = MetadataRequest(list(names), allow_auto_topic_creation=False)
    answer = await client.send(node, request)
    unknown = {t[1] for t in answer.topics if t[0] == UnknownTopicOrPartitionError.errno}
    return [name for name in names if name in unknown]


async def _report(admin: _Admin, kafka: Kafka, before: Mapping[str, int]) -> Report:
    wanted = specs(kafka)
    now = await admin.existing(wanted)
    differences = [line for spec in wanted if spec.name in now
                   for line in await admin.differences(spec, now[spec.name])]  # fmt: skip
    return Report(
        created=[s.name for s in wanted if s.name in now and s.name not in before],
        existing=[s.name for s in wanted if s.name in before],
        missing=[s.name for s in wanted if s.name not in now],
        differences=differences,
    )


class _Admin:
    """The few calls of Kafka's admin interface that are needed."""

    def __init__(self, kafka: Kafka) -> None:
        self._client = AIOKafkaAdminClient(**client_options(kafka))

    async def __aenter__(self) -> _Admin:
        await self._client.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def existing(self, wanted: Sequence[TopicSpec]) -> dict[str, int]:
        """The partitions of each wanted topic that exists."""
        names = set(await self._client.list_topics()) & {spec.name for spec in wanted}
        if not names:
            return {}
        described = await self._client.describe_topics(sorted(names))
        return {topic["topic"]: len(topic["partitions"]) for topic in described}

    async def until_known(self, wanted: Sequence[TopicSpec]) -> None:
        """A topic that was just created is not in a broker's metadata at once.

        What is missing after some seconds is told in the report.
        """
        for _ in range(_LOOKS):
            if len(await self.existing(wanted)) == len(wanted):
                return
            await asyncio.sleep(_BREATH)

    async def create(self, spec: TopicSpec) -> None:
        new = NewTopic(spec.name, spec.partitions, spec.replication, topic_configs=spec.config)
        response = await self._client.create_topics([new])
        for _, code, *reason in response.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                why = next((text for text in reason if text), for_code(code).__name__)
                raise TopicsError(f"the broker does not create topic {spec.name!r}: {why}")

    async def differences(self, spec: TopicSpec, partitions: int) -> list[str]:
        found = []
        if partitions != spec.partitions:
            found.append(other_partitions(spec.name, partitions, spec.partitions))
        actual = await self._config(spec.name)
        found += [
            f"topic {spec.name!r} has {key}={actual[key]}, the configuration says {value}"
            for key, value in spec.config.items()
            if key in actual and actual[key] != value
        ]
        return found

    async def _config(self, topic: str) -> dict[str, Any]:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        responses = await self._client.describe_configs([resource])
        rows = [row for response in responses for row in response.resources]
        return {entry[0]: entry[1] for row in rows for entry in row[4]}
