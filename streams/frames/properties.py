"""The configuration as librdkafka takes it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from config.security import Sasl, Security, Tls
from config.settings import Kafka
from streams.connection import protocol
from streams.tls import context_of

#: Kilobytes that are fetched ahead of the agents, of all partitions together.
AHEAD = 65_536
_LEAST_AHEAD = 256

_FETCHING = {
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "check.crcs": "true",
    # one request is on its way at a time: for so long it keeps a partition waiting whose queue was
    # full, or that was sought, when the others have nothing
    "fetch.wait.max.ms": "10",
    "fetch.queue.backoff.ms": "10",
    "fetch.max.bytes": str(8 << 20),
    "queued.min.messages": "200000",
    "reconnect.backoff.max.ms": "1000",
    "enable.metrics.push": "false",
    "log_level": "4",  # warnings
    "log.connection.close": "false",
}


def properties(kafka: Kafka, queues: int = 1) -> dict[str, str]:
    """What librdkafka is told.

    Args:
        queues: how many share what is fetched ahead, each with a part of its own.

    Raises:
        config.errors.UsageError: a certificate or a key cannot be read or used.
    """
    return _FETCHING | {
        "bootstrap.servers": ",".join(kafka.bootstrap_servers),
        "client.id": f"{kafka.group}-frames",
        "group.id": kafka.group,  # it never joins: but it asks for the coordinator of a group
        "queued.max.messages.kbytes": str(max(_LEAST_AHEAD, AHEAD // queues)),
        **_secured(kafka.security),
    }


def _secured(security: Security) -> Mapping[str, str]:
    tls, sasl = security.tls, security.sasl
    return {
        "security.protocol": protocol(security),
        **(_tls(tls) if tls is not None else {}),
        **(_sasl(sasl) if sasl is not None else {}),
    }


def _tls(tls: Tls) -> Mapping[str, str]:
    context_of(tls)  # which says in words what is wrong with a file
    paths = ssl.get_default_verify_paths()
    found: dict[str, object] = {
        "ssl.ca.location": tls.ca_file or paths.cafile or paths.capath,
        "ssl.certificate.location": tls.cert_file,
        "ssl.key.location": tls.key_file or tls.cert_file,
        "ssl.key.password": tls.key_password and tls.key_password.get_secret_value(),
        "ssl.endpoint.identification.algorithm": "https" if tls.check_hostname else "none",
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _sasl(sasl: Sasl) -> Mapping[str, str]:
    return {
        "sasl.mechanism": sasl.mechanism,
        "sasl.username": sasl.username,
        "sasl.password": sasl.password.get_secret_value(),
    }
