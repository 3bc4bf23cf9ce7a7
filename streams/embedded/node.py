"""server.properties of one small node, broker and controller in one."""

from __future__ import annotations

from collections.abc import Mapping

from streams.embedded.ports import HOST

LARGEST_MESSAGE = 32 * 1024 * 1024  # bytes: a frame of ticks in one record

LOG_DIR = "log"  # relative to the data folder, which is Kafka's working directory

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    # Topics are made on purpose, and keep their data unless they say otherwise.
    "auto.create.topics.enable": "false",
    "delete.topic.enable": "true",
    "log.retention.ms": "-1",
    # One node: one replica of everything.
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    # Consumer groups form and fail over quickly.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # After a crash the controller takes the node for alive until its session ends, and lets no
    # new one in before.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Large messages, all the way through.
    "message.max.bytes": str(LARGEST_MESSAGE),
    "replica.fetch.max.bytes": str(LARGEST_MESSAGE),
    "replica.fetch.response.max.bytes": str(2 * LARGEST_MESSAGE),
    "fetch.max.bytes": str(2 * LARGEST_MESSAGE),
    "socket.request.max.bytes": str(3 * LARGEST_MESSAGE),
    # Small: the cleaner of compacted topics would take 128 MB of heap, and the threads as many
    # stacks.
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "4",
}


def properties(
    port: int, controller_port: int, overrides: Mapping[str, str], log_dir: str = LOG_DIR
) -> str:
    """The text of server.properties; ``overrides`` win over all but the place of the data."""
    listeners = {
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
    }
    settings = {**_SETTINGS, **listeners, **overrides, "log.dirs": log_dir}
    return "".join(f"{name}={_escaped(value)}\n" for name, value in settings.items())


def _escaped(value: str) -> str:
    """``value`` as a Java properties file spells it (Latin-1, with escapes for the rest)."""
    plain = value.replace("\\", "\\\\").replace("\n", "\\n")
    return "".join(c if c < "\x7f" else f"\\u{ord(c):04x}" for c in plain)
