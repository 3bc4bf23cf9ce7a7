"""The engines by name: what each is, how it is started, and how its hits are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import environments
from shared.deployment import Deployment, environment, fetches, job_watchlists
from shared.job import LENGTH, Hit, Job
from shared.kafka import WrongError, create_topics

ENGINES = Path(__file__).parent / "engines"
FAUST, AIOKAFKA, CONFLUENT, ORJSON = (
    "faust-streaming==0.15.3",
    "aiokafka==0.14.0",
    "confluent-kafka==2.16.1",
    "orjson==3.13.0",
)
QUIX, BYTEWAX = "quixstreams==3.28.1", "bytewax[kafka]==0.21.1"
VERSIONS = ", ".join(
    [*(pin.replace("==", " ") for pin in (FAUST, AIOKAFKA, CONFLUENT, ORJSON, QUIX, BYTEWAX)),
     f"kafka-streams {environments.STREAMS_VERSION}"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an engine: where Kafka is, names of its own, a folder, and the job."""

    servers: str
    name: str
    folder: Path
    job: Job


@dataclass(frozen=True, slots=True)
class Started:
    """What is needed to start an engine whose topics are there."""

    command: list[str]
    closes: str
    hits: str
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine of the table."""

    name: str
    title: str
    start: Callable[[Run], Awaitable[Started]]
    """Creates the topics, and tells how to start."""
    prepare: Callable[[], object]
    """Makes the environment, once; raises UnavailableError."""
    hit: Callable[[dict[str, Any]], Hit] = lambda fields: Hit(**fields)
    """The hit in the fields of a record that came out."""
    counts: bool = False
    """Does no job: it says how many closes it has seen, and hits are not compared."""
    share: int = 1
    """Takes one close in so many, being slow; the rate is that of the share."""


def contenders() -> dict[str, Contender]:
    """All engines, in the table's order."""
    listed = [
        _python("faust", "plain Faust", "with_faust", "dict", FAUST, AIOKAFKA, ORJSON, share=20),
        _python("faust-table", "Faust, a Table in memory", "with_faust", "table",
                FAUST, AIOKAFKA, ORJSON, share=20),
        _python("quix-rocksdb", "Quix Streams, RocksDB", "with_quix", "rocksdb", QUIX, ORJSON),
        _python("quix", "Quix Streams, a dictionary", "with_quix", "dict", QUIX, ORJSON),
        _python("bytewax", "Bytewax, recovery on", "with_bytewax", "recovery", BYTEWAX, ORJSON),
        _streams("rocksdb", "Kafka Streams, RocksDB and changelog"),
        _streams("cache", "Kafka Streams, a cache of 64 MB, too"),
        _streams("exactly-once", "Kafka Streams, cache, exactly once"),
        _streams("memory", "Kafka Streams, in memory"),
        _python("aiokafka", "hand-written loop, aiokafka", "with_aiokafka", "dict",
                AIOKAFKA, ORJSON),
        _python("confluent", "hand-written loop, confluent-kafka", "with_confluent", "dict",
                CONFLUENT, ORJSON),
        _python("aiokafka-count", "limit: aiokafka, counting", "with_aiokafka", "count",
                AIOKAFKA, ORJSON, counts=True),
        _python("confluent-count", "limit: confluent-kafka, counting", "with_confluent", "count",
                CONFLUENT, ORJSON, counts=True),
        streakwatch(),
        *(streakwatch(f"streakwatch-{fetch}", f"Streakwatch, kafka.fetch: {fetch}", fetch)
          for fetch in fetches() if fetch != "auto"),
    ]  # fmt: skip
    return {contender.name: contender for contender in listed}


#: The engine that all are compared with, and the loops whose best one is the other measure.
BASE, LOOPS = "faust", ("aiokafka", "confluent")


def _python(
    name: str, title: str, script: str, variant: str, *needs: str, **more: Any
) -> Contender:
    async def start(run: Run) -> Started:
        interpreter = str(environments.python(*needs))
        return await _peer(run, [interpreter, str(ENGINES / f"{script}.py")], variant)

    return Contender(name, title, start, lambda: environments.python(*needs), **more)


def _streams(variant: str, title: str) -> Contender:
    async def start(run: Run) -> Started:
        return await _peer(run, environments.kafka_streams(), variant)

    return Contender(f"streams-{variant}", title, start, environments.kafka_streams)


async def _peer(run: Run, command: list[str], variant: str) -> Started:
    closes, hits = f"{run.name}-closes", f"{run.name}-hits"
    await create_topics(run.servers, closes, hits, partitions=run.job.partitions)
    counts = [str(count) for count in run.job.counts]
    arguments = [run.servers, closes, hits, str(run.job.partitions), variant, *counts]
    return Started([*command, *arguments], closes, hits, {"PYTHONPATH": ""})


def streakwatch(
    name: str = "streakwatch", title: str = "Streakwatch", fetch: str | None = None
) -> Contender:
    """A worker of the role watcher, by default with the settings that everyone gets."""

    async def start(run: Run) -> Started:
        kafka = {} if fetch is None else {"fetch": fetch}
        deployment = Deployment(run.folder, run.servers, f"{run.name}-", job_watchlists(run.job),
                                partitions=run.job.partitions, kafka=kafka)  # fmt: skip
        await deployment.create_topics()
        return Started(
            deployment.command("watcher"),
            deployment.topic("watch"),
            deployment.topic("alerts"),
            environment(),
        )

    return Contender(name, title, start, lambda: sys.executable, _alert)


def _alert(alert: dict[str, Any]) -> Hit:
    """The hit that an alert tells of."""
    kind, length = alert["milestone"]["kind"], alert["length"]
    if (kind, length) != ("threshold", LENGTH):
        raise WrongError(f"an alert of the kind {kind} at {length}")
    return Hit(alert["watchlist"], alert["asset"], alert["period"], alert["direction"])


def reading(contender: Contender, value: bytes) -> Hit:
    """The hit in a record that came out of an engine."""
    return contender.hit(json.loads(value))
