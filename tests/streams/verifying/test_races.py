"""Verify: a deployment that works while it is read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from harness import january
from verify_world import BEGAN_MS, NOW_MS, FixedClock, World, faults

from streams.records import Place, Topic
from streams.verifying import verify


class Racing:
    """A log whose workers go on while it is read: after the ends were seen."""

    def __init__(self, log: Any, go_on: Callable[[], object], after: int) -> None:
        self.log, self.go_on, self.after = log, go_on, after

    async def bounds(self, place: Place) -> tuple[int, int]:
        self.after -= 1
        if self.after == -1:
            self.go_on()
        bounds: tuple[int, int] = await self.log.bounds(place)
        return bounds

    def read(self, place: Place, start: int, end: int) -> Any:
        return self.log.read(place, start, end)

    async def partitions(self, topic: Topic) -> list[int]:
        return [0, 1]


@pytest.mark.parametrize("after", range(12))
def test_a_deployment_that_works_meanwhile_is_exact(empty: World, after: int) -> None:
    """At whatever look at the topics all of January comes in, is routed, told and delivered."""

    def go_on() -> None:
        for row in january():
            empty.close(*row, at_ms=BEGAN_MS)
        empty.add(Topic.CLOSES, 0, b"rubbish", key=b"RUT")
        empty.work()

    racing = Racing(empty.log, go_on, after)
    verdict = asyncio.run(verify(empty.settings, racing, clock=FixedClock(), grace=1))
    assert faults(verdict) == {}


@pytest.mark.parametrize("after", range(10, 17))
def test_what_comes_while_it_is_read_is_found_or_pending(empty: World, after: int) -> None:
    """The closes are there when the ends are seen; the workers are just behind."""
    for row in january():
        empty.close(*row, at_ms=NOW_MS - 1000)
    racing = Racing(empty.log, empty.work, after)
    verdict = asyncio.run(verify(empty.settings, racing, clock=FixedClock()))
    assert verdict.faults == 0
    found = {10: 64, 11: 32}.get(after, 0)  # partition by partition its present end is seen
    assert (verdict.routed.found, verdict.pending) == (found, 64 - found)
