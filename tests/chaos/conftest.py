"""Fixtures of the chaos suite, and its figures at the end of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from chaos.extent import seed
from chaos.market import Market
from chaos.rig import Figures, Rig
from receivers import Receiver

from streams.embedded import Broker

_FIGURES: list[Figures] = []


@pytest.fixture
def rig(
    kafka: Broker, topic_prefix: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Rig]]:
    """Makes the rig of a scenario, on the broker that all tests share unless given another."""
    number = seed()
    print(f"CHAOS_SEED={number} .venv/bin/pytest {request.node.nodeid!r}")
    with ExitStack() as stack:

        def make(
            servers: str = "",
            *,
            receiver: Callable[[int], Receiver] = lambda _: Receiver(),
            market: Mapping[str, Any] = MappingProxyType({}),
            **options: Any,
        ) -> Rig:
            run = Rig(
                tmp_path,
                servers or kafka.bootstrap_servers,
                topic_prefix,
                Market(number, **market),
                stack.enter_context(receiver(number)),
                request.node.name,
                **options,
            )
            stack.callback(run.end)
            return run

        yield make


@pytest.fixture
def tell() -> Callable[[Figures], None]:
    """Keep the figures of a run for the summary."""
    return _FIGURES.append


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line a run, with its seed."""
    if _FIGURES:
        terminalreporter.section("chaos")
        for figures in _FIGURES:
            terminalreporter.write_line(str(figures))
