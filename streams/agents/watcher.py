"""The agent of the watchlists: streaks, records and alerts."""

from __future__ import annotations

from streams.agents.frames import feed
from streams.folds.watcher import WatcherFold
from streams.records import Place, Topic
from streams.runtime import Runtime


def attach(runtime: Runtime) -> None:
    """Add the agent to the app."""

    def make(place: Place) -> WatcherFold:
        return WatcherFold(place, runtime.settings.watchlists, runtime.settings.instruments)

    runner = runtime.fold_runner("watcher", Topic.WATCH, make)

    @runtime.app.agent(runtime.channel(Topic.WATCH), name="watcher", concurrency=1)
    async def watcher(frames):  # type: ignore[no-untyped-def]
        await feed(runtime, runner, frames)
