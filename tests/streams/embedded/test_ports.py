"""Ports of 127.0.0.1: free ones, each given once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from config.errors import StreakwatchError
from streams.embedded import ports


def all_that_are_given() -> Iterator[int]:
    with suppress(StreakwatchError):
        while True:
            yield ports.free_port()


def test_a_port_is_given_once_whether_somebody_listens_there_yet_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "_CHOICE", ports._CHOICE[:100])
    monkeypatch.setattr(ports, "_given", set())
    found = list(all_that_are_given())
    assert len(found) == len(set(found)) > 1
    with pytest.raises(StreakwatchError, match="no free port"):
        ports.free_port()


def test_a_port_on_which_somebody_listens_is_not_free() -> None:
    with socket.create_server((ports.HOST, ports.free_port())) as server:
        taken = server.getsockname()[1]
        with pytest.raises(StreakwatchError, match=f"port {taken} on .* is in use"):
            ports.require_free(taken)
    ports.require_free(taken)
