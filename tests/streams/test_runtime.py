"""Assignments that are overtaken, and brokers that do not answer in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from config.errors import StreakwatchError
from config.settings import Settings
from streams import runtime as module
from streams.metrics import Metrics
from streams.runtime import Runtime

ASSIGNED = frozenset({TP("closes", 0)})


class Reluctant:
    """A runner whose broker does not answer, until it does."""

    def __init__(self) -> None:
        self.attached = 0
        self.open = False
        self.answers = False

    async def attach(self, partitions: list[int]) -> dict[int, int]:
        self.attached += 1
        if not self.answers:
            raise KafkaConnectionError("nobody there")
        self.open = True
        return dict.fromkeys(partitions, 7)

    async def release(self, grace: float) -> None:
        self.open = False


@pytest.fixture
def runner() -> Reluctant:
    return Reluctant()


@pytest.fixture
def made(runner: Reluctant, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    pair = {"asset": "A", "benchmark": "B"}
    settings = Settings.model_validate(
        {
            "watchlists": {"w": {"pairs": [pair], "rules": [{"kind": "ended"}], "targets": ["t"]}},
            "targets": {"t": {"url": "console://"}},
        }
    )
    nothing: Any = None
    made = Runtime(settings, nothing, nothing, nothing, nothing, Metrics())
    made.runners["closes"] = runner  # type: ignore[assignment]
    return made


async def test_an_attachment_that_was_overtaken_opens_nothing_again(
    made: Runtime, runner: Reluctant, eventually: Any
) -> None:
    attaching = asyncio.create_task(made.positions(ASSIGNED))
    await eventually(lambda: runner.attached > 2)
    await made.release(0.1)
    runner.answers = True
    assert await attaching == {}
    assert not runner.open


async def test_the_broker_is_waited_for(made: Runtime, runner: Reluctant, eventually: Any) -> None:
    attaching = asyncio.create_task(made.positions(ASSIGNED))
    await eventually(lambda: runner.attached > 2)
    runner.answers = True
    assert await attaching == {TP("closes", 0): 7}
    assert made.assigned


async def test_but_not_until_faust_gives_up_in_silence(
    made: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LONGEST_WAIT", 0.0)
    told: list[Exception] = []

    async def fail(error: Exception) -> None:
        told.append(error)

    monkeypatch.setattr(Runtime, "fail", lambda _, error: fail(error))
    assert await made.positions(ASSIGNED) == {}
    (error,) = told
    assert isinstance(error, StreakwatchError)
    assert "partitions could not be restored for 0 s" in str(error)
