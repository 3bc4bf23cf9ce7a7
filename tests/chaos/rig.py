"""One run: a market that is published while things break, and the two judges at its end."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import raw_records
import yaml
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from chaos import oracle
from chaos.market import ASSETS, BENCHMARKS, Market, Sent
from harness import WorkerProcess, eventually, start_worker
from receivers import Receiver

from config.loading import load
from config.settings import Settings
from streams import topics
from streams.log import KafkaLog
from streams.verdict import Verdict
from streams.verifying import verify

PARTITIONS = 4
TARGETS = ("desk", "risk")

Publish = Callable[[Sequence[Sent]], Coroutine[Any, Any, None]]


@dataclass
class Figures:
    """What a run has come to."""

    scenario: str
    seed: int
    closes: int = 0
    alerts: int = 0
    deliveries: int = 0
    broken: int = 0
    """Kills, stops, outages: how often something was broken."""
    repeats_in_log: int = 0
    repeats_at_targets: int = 0

    def __str__(self) -> str:
        return (
            f"{self.scenario:24} seed {self.seed:>10}: {self.broken:>3} x broken, "
            f"{self.closes:>6,} closes, {self.alerts:>5,} alerts, {self.deliveries:>6,} "
            f"deliveries; missing 0, wrong 0; repeats in the log {self.repeats_in_log:,}, "
            f"at targets {self.repeats_at_targets:,}"
        )


@dataclass
class Rig:
    """A market, its topics on a broker, workers, and a real HTTP receiver for two targets."""

    folder: Path
    servers: str
    prefix: str
    market: Market
    receiver: Receiver
    scenario: str
    overrides: dict[str, Any] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)
    broken: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.market.seed} {self.scenario}")
        self._feed = list(self.market.feed())
        self._sent = 0
        self.feeding = threading.Thread()
        """What publishes at present, or did last."""
        config = {
            "kafka": {
                "bootstrap_servers": [self.servers],
                "topic_prefix": self.prefix,
                "group": f"{self.prefix}group",
                "partitions": PARTITIONS,
                "session_timeout": 6,
            },
            "metrics": {"port": 0},
            "delivery": {
                "max_age": "none",
                "backoff": 0.05,
                "backoff_ceiling": 0.5,
                "timeout": 2,
                "deadline": 3600,
            },
            "state": {"snapshot_every": 1, "sweep_every": 0.5},
            "watchlists": self.market.config(TARGETS),
            "targets": {name: {"url": self.receiver.url(f"/{name}")} for name in TARGETS},
        } | self.overrides
        self.config = self.folder / "streakwatch.yaml"
        self.config.write_text(yaml.safe_dump(config, sort_keys=False))
        asyncio.run(topics.create(self.settings.kafka))

    @property
    def settings(self) -> Settings:
        return load(self.config, {})

    # --- workers --------------------------------------------------------------------------------

    def start(self, instance: str, **options: Any) -> WorkerProcess:
        worker = start_worker(self.config, self.folder, len(self.workers), instance, **options)
        self.workers.append(worker)
        return worker

    def kill(self, worker: WorkerProcess) -> None:
        """SIGKILL, wherever it is."""
        assert worker.process.poll() is None, worker.stderr.read_text()[-3000:]
        worker.process.kill()
        worker.process.wait()
        self.broken += 1

    def end(self) -> None:
        """Whatever still runs is killed: the end of a test."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()

    @property
    def running(self) -> list[WorkerProcess]:
        return [worker for worker in self.workers if worker.process.poll() is None]

    # --- the feed -------------------------------------------------------------------------------

    def slices(self, count: int) -> Iterator[Sequence[Sent]]:
        """The feed in so many slices of about the same length."""
        ends = [len(self._feed) * (number + 1) // count for number in range(count)]
        for begin, end in zip([0, *ends], ends, strict=False):
            yield self._feed[begin:end]

    @contextmanager
    def publishing(self, records: Sequence[Sent], how: Publish | None = None) -> Iterator[None]:
        """Publish while the body runs, and to the end before it is left."""
        failed: list[BaseException] = []
        publish = how or self._publish

        def run() -> None:
            try:
                asyncio.run(publish(records))
            except BaseException as error:
                failed.append(error)

        self.feeding = thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        assert not failed, failed

    def publish(self, records: Sequence[Sent]) -> None:
        """Publish, acknowledged."""
        with self.publishing(records):
            pass

    def publish_all(self) -> None:
        """The whole feed."""
        self.publish(self._feed)

    async def _publish(self, records: Sequence[Sent]) -> None:
        """In order; a broker that is away is waited for, as a feed would."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.servers, acks="all", enable_idempotence=True
        )
        await _patiently(producer.start)
        try:
            for at in range(0, len(records), 100):
                acks = [
                    await producer.send(self.prefix + "closes", sent.value, key=sent.key)
                    for sent in records[at : at + 100]
                ]
                await asyncio.gather(*acks)
        finally:
            await producer.stop()

    def write(self, topic: str, key: bytes, value: bytes, partition: int) -> None:
        """One raw record."""
        raw_records.write(self.servers, self.prefix + topic, value, key=key, partition=partition)

    # --- the judges -----------------------------------------------------------------------------

    def judge(self, timeout: float = 120) -> Figures:
        """Wait until all is told; then nothing may be missing, extra or wrong."""
        self.settle_exactly(timeout)
        first = self.alerts()
        self.check_facts(first.values())
        received = self.received()
        wanted = {(identity, target) for identity in first for target in TARGETS}
        lost, unknown = wanted - received.keys(), received.keys() - wanted
        assert not lost, f"alerts that a target never got: {sorted(lost)[:10]}"
        assert not unknown, f"messages about no alert: {sorted(unknown)[:10]}"
        return self.figures(len(wanted), sum(received.values()) - len(received))

    def settle_exactly(self, timeout: float) -> None:
        """Wait until all is told, and have it verified."""
        began = time.monotonic()
        verdict = self.settle(timeout)
        print(f"settled in {time.monotonic() - began:.1f} s")
        assert verdict.is_exact, "\n".join(verdict.lines())

    def alerts(self) -> dict[str, dict[str, Any]]:
        """The alerts in the log by their ids, of each the first."""
        first: dict[str, dict[str, Any]] = {}
        for record in self.read("alerts"):
            alert = json.loads(record.value)
            first.setdefault(alert["id"], alert)
        return first

    def check_facts(self, alerts: Iterable[Mapping[str, Any]]) -> None:
        """What is told of the streaks must be what the plain loops find."""
        final = oracle.final_closes(
            (record.value for record in self.read("closes")),
            {*ASSETS, *BENCHMARKS},
            set(self.market.periods),
        )
        expected = oracle.facts(self.market.config(TARGETS), final)
        told = oracle.standing(alerts)
        assert not told - expected, f"told, and not so: {sorted(told - expected)[:10]}"
        assert not expected - told, f"so, and not told: {sorted(expected - told)[:10]}"

    def figures(self, deliveries: int, repeats: int) -> Figures:
        """What the run has come to; ``repeats`` are those at targets."""
        alerts = self.read("alerts")
        first = {json.loads(record.value)["id"] for record in alerts}
        return Figures(
            self.scenario,
            self.market.seed,
            closes=len(self.read("closes")),
            alerts=len(first),
            deliveries=deliveries,
            broken=self.broken,
            repeats_in_log=len(alerts) - len(first),
            repeats_at_targets=repeats,
        )

    def settle(self, timeout: float = 120) -> Verdict:
        """The verdict when nothing is pending any more."""
        began = time.monotonic()
        eventually(self.is_quiet, "workers that have nothing to do", timeout)
        print(f"quiet in {time.monotonic() - began:.1f} s")
        verdict = self.verify()
        while verdict.pending:
            eventually(self.is_quiet, "workers that have nothing to do", timeout)
            before, verdict = verdict.pending, self.verify()
            assert verdict.pending < before, "\n".join(verdict.lines())
        return verdict

    def is_quiet(self) -> bool:
        """Whether all workers have taken, told and delivered everything that they know of."""
        running = self.running
        assert running, self.workers[-1].stderr.read_text()[-3000:]
        return all(
            '"ready": true' in worker.get("/ready")
            and worker.total("streakwatch_deliveries_waiting") == 0
            for worker in running
        )

    def verify(self) -> Verdict:
        """What ``streakwatch verify`` says; what is missing is pending for a minute."""

        async def run() -> Verdict:
            log = KafkaLog(self.settings.kafka)
            await log.start()
            try:
                return await verify(self.settings, log)
            finally:
                await log.stop()

        return asyncio.run(run())

    def received(self) -> Counter[tuple[str, str]]:
        """How often each (alert, target) was taken with a yes, or before a worker was killed."""
        return Counter(
            (request.alert, request.path.strip("/")) for request in self.receiver.taken()
        )

    def read(self, topic: str) -> list[Any]:
        """Every record of a topic, by partition and offset."""
        return raw_records.read(self.servers, self.prefix + topic, PARTITIONS)


async def _patiently(start: Callable[[], Any]) -> None:
    while True:
        try:
            return await start()
        except KafkaError:
            await asyncio.sleep(0.1)
