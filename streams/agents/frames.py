"""How an agent hands frames to a runner: the same for every fold."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from aiokafka.errors import KafkaError

from config.errors import StreakwatchError
from streams.fold import Runner
from streams.frames import Frame
from streams.runtime import Runtime

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


async def feed(runtime: Runtime, runner: Runner, frames: AsyncIterator[Frame]) -> None:
    """Hand each frame to the runner, and wait until it is taken."""
    async for frame in frames:
        await _hand_over(runtime, runner, frame)


async def feed_side_by_side(runtime: Runtime, runner: Runner, frames: AsyncIterator[Frame]) -> None:
    """Hand over frames without waiting: a partition that hangs keeps no other from going on.

    A frame for a partition that is busy is passed over, and read from the log later; so memory
    is bounded by one frame for each partition.
    """
    async with asyncio.TaskGroup() as lanes:
        async for frame in frames:
            if not runner.is_busy(frame.partition):
                lanes.create_task(_hand_over(runtime, runner, frame))
                await asyncio.sleep(0)  # it has the lane before the next frame is looked at


async def _hand_over(runtime: Runtime, runner: Runner, frame: Frame) -> None:
    """Only a fatal error ends the worker."""
    try:
        await _persist(runner, frame)
    except StreakwatchError as error:
        await runtime.fail(error)


async def _persist(runner: Runner, frame: Frame) -> None:
    """An error of the broker's is waited out: the cursor knows what was taken."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await runner.take(frame.partition, frame.records)
        except (KafkaError, TimeoutError) as error:
            log.warning("%s: the broker is in trouble (%r); again in %.1f s",
                        runner.name, error, pause)  # fmt: skip
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
