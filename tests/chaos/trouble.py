"""Kinds of trouble: each alone in the long runs, several at once in every run of the tests."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import time
import zlib
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaProducer
from chaos.market import Sent
from chaos.rig import Publish, Rig
from harness import WorkerProcess, eventually
from receivers import Behaviour, Receiver, cut, drop, hang, retry_after, status

from streams import snapshots

FOLDED = "streakwatch_records_folded_total"


def a_moment(rig: Rig, *workers: WorkerProcess) -> None:
    """A random one: while the workers start, now and then, else in the middle of their work.

    What is published may be through before it is looked for.
    """
    if rig.chance.random() < 0.8:
        before = [(worker, worker.total(FOLDED)) for worker in workers]
        for worker, folded in before:
            eventually(
                lambda w=worker, b=folded: w.total(FOLDED) > b or not rig.feeding.is_alive(),
                "a worker at work",
            )
    time.sleep(rig.chance.uniform(0, 3))


def sleep(rig: Rig, worker: WorkerProcess) -> None:
    """SIGSTOP for longer than the session's timeout of 6 s, and SIGCONT."""
    os.kill(worker.process.pid, signal.SIGSTOP)
    rig.broken += 1
    time.sleep(rig.chance.uniform(8, 12))
    os.kill(worker.process.pid, signal.SIGCONT)


def start_on_a_full_disk(rig: Rig) -> WorkerProcess:
    """A worker that can write no line of a log, of the console or of any file."""
    worker = rig.start("one", full_disk=True)
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (0, 0))
    rig.broken += 1
    return worker


class Rude(Receiver):
    """Every eighth answer or so is a bad one, of all kinds that pass."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.chance = random.Random(f"{number} manners")

    def _note(self, path: str, body: bytes, headers: Mapping[str, str]) -> Behaviour:
        if self.chance.random() < 0.12:
            bad = (status(500), status(503), retry_after(0.3), cut(), drop())
            self.script(path, self.chance.choice(bad))
        elif self.chance.random() < 0.002:
            self.script(path, hang())
        return super()._note(path, body, headers)


def newest(run: Rig, fold: str) -> dict[int, tuple[bytes, bytes]]:
    """The key and value of the last snapshot of a fold, by partition."""
    found = {}
    for record in run.read("snapshots"):
        if record.key.startswith(fold.encode() + b"/"):
            found[record.partition] = (record.key, record.value)
    return found


def as_if_newer(value: bytes) -> bytes:
    """The same snapshot, as a later version of ours might write it."""
    line, _, state = value.partition(b"\n")
    head = json.loads(line) | {"format": snapshots.FORMAT + 1}
    del head["crc"]
    head["crc"] = zlib.crc32(state, zlib.crc32(json.dumps(head, sort_keys=True).encode()))
    return json.dumps(head).encode() + b"\n" + state


def damage_snapshots(rig: Rig) -> None:
    """A newer one for each partition of the watcher: cut off, corrupted, of the future, empty."""
    for partition, (key, value) in newest(rig, "watcher").items():
        middle = len(value) // 2
        corrupted = value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
        damage = (value[:middle], corrupted, as_if_newer(value), b"")
        rig.write("snapshots", key, damage[partition], partition)
        rig.broken += 1


def with_holes(rig: Rig) -> Publish:
    """Publishes in transactions; a third are followed by one of lies, which is aborted."""

    async def publish(records: Sequence[Sent]) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=rig.servers, transactional_id=f"{rig.prefix}feed"
        )
        await producer.start()
        try:
            for at in range(0, len(records), 70):
                batch = records[at : at + 70]
                await producer.begin_transaction()
                await _send(rig, producer, batch)
                await producer.commit_transaction()
                if rig.chance.random() < 0.3:
                    await producer.begin_transaction()
                    await _send(rig, producer, [_lie(sent) for sent in batch[:3]])
                    await producer.abort_transaction()
                    rig.broken += 1
        finally:
            await producer.stop()

    return publish


async def _send(rig: Rig, producer: AIOKafkaProducer, records: Sequence[Sent]) -> None:
    for sent in records:
        await producer.send(f"{rig.prefix}closes", sent.value, key=sent.key)


def _lie(sent: Sent) -> Sent:
    return Sent(sent.key, sent.value.replace(b'"close": "', b'"close": "9'))
