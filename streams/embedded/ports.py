"""Ports on 127.0.0.1: which are free, and whether Kafka answers on one."""

from __future__ import annotations

import errno
import random
import socket
import struct
from contextlib import suppress

from config.errors import StreakwatchError

HOST = "127.0.0.1"
# Below the ports that systems give to outgoing connections: a client that tries to reconnect
# while the broker is down could otherwise be given the broker's own port, and talk to itself.
_CHOICE = range(20000, 32768)
_given: set[int] = set()

# Metadata, version 1, of no topic: length, api key, version, correlation id, no client id, []
_METADATA_REQUEST = struct.pack(">ihhihi", 14, 3, 1, 1, -1, 0)
_METADATA_HEAD = struct.Struct(">iii")  # length, correlation id, number of brokers


def free_port(besides: int = 0) -> int:
    """A port that nothing listens on now, and never one that was given before.

    Who was given it may not listen yet. Raises StreakwatchError when none is found.
    """
    for port in random.sample(_CHOICE, 100):
        if port != besides and port not in _given and _bind_error(port) is None:
            _given.add(port)
            return port
    raise StreakwatchError(f"no free port on {HOST} found", "choose one with --port")


def require_free(port: int) -> None:
    """Raises StreakwatchError when a server cannot listen on ``port``."""
    error = _bind_error(port)
    if error is None:
        return
    another = "choose another with --port / embedded.port"
    if error.errno == errno.EADDRINUSE:
        what = f"port {port} on {HOST} is in use"
        raise StreakwatchError(what, f"stop what listens there, or {another}")
    raise StreakwatchError(f"cannot listen on port {port} of {HOST} ({error.strerror})", another)


def _bind_error(port: int) -> OSError | None:
    with socket.socket() as probe:
        # As Kafka does: connections that are only waiting to be forgotten are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None


def kafka_answers(port: int, timeout: float = 1.0) -> bool:
    """Whether a broker on ``port`` says that it is part of its cluster.

    A connection is not enough: Kafka listens a moment before the controller lets it serve, and
    until then it names no broker.
    """
    with suppress(OSError), socket.create_connection((HOST, port), timeout) as connection:
        connection.sendall(_METADATA_REQUEST)
        head = connection.recv(_METADATA_HEAD.size, socket.MSG_WAITALL)
        if len(head) == _METADATA_HEAD.size:
            return bool(_METADATA_HEAD.unpack(head)[2] > 0)
    return False
