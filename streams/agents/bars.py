"""The agent of the ticks: makes closes of them; and says when a period is over."""

from __future__ import annotations

from streams.bell import Bell
from streams.clock import SystemClock
from streams.fold import Runner
from streams.folds.bars import BarsFold
from streams.plans import bars_plan
from streams.records import Place, Topic
from streams.runtime import Runtime


def attach(runtime: Runtime) -> None:
    """Add the agent to the app, and the bell to its timers."""
    folds: dict[int, BarsFold] = {}
    plan = bars_plan(runtime.settings)

    def make(place: Place) -> BarsFold:
        folds[place.partition] = BarsFold(place, plan, runtime.metrics.count_ticks)
        return folds[place.partition]

    runner = runtime.fold_runner("bars", Topic.TICKS, make)
    runtime.metrics.watch_bars(lambda: sum(folds[p].open_bars() for p in list(runner.lanes)))
    _tell_time(runtime, runner, folds)


def _tell_time(runtime: Runtime, runner: Runner, folds: dict[int, BarsFold]) -> None:
    """Say what is due; ``folds`` are those of the runner, by partition."""
    bell = Bell(SystemClock(), runtime.outbox)

    async def look() -> None:
        if runtime.assigned:
            await bell.look(runner.lanes, folds)

    runtime.every(runtime.settings.state.sweep_every, look, "what is due cannot be told yet")
