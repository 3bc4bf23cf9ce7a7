"""The agent of the watchlists: streaks, records and alerts; and what is missing for them."""

from __future__ import annotations

from alerts.pictures.takers import pictured
from streams.clock import SystemClock
from streams.fold import Runner
from streams.folds.charting import news
from streams.folds.watcher import WatcherFold
from streams.records import Place, Topic
from streams.runtime import Runtime
from streams.topics import partition_of
from streams.watchman import Passage, Watchman


def attach(runtime: Runtime) -> None:
    """Add the agent to the app, and the watchman to its timers."""
    folds: dict[int, WatcherFold] = {}
    settings = runtime.settings
    charted = news(settings.delivery, pictured(settings))

    def make(place: Place) -> WatcherFold:
        fold = WatcherFold(place, settings.watchlists, settings.instruments, charted)
        folds[place.partition] = fold
        return fold

    runner = runtime.fold_runner("watcher", Topic.WATCH, make)
    _watch_time(runtime, runner, folds)


def _watch_time(runtime: Runtime, runner: Runner, folds: dict[int, WatcherFold]) -> None:
    """Ask for the closes that are due; ``folds`` are those of the runner, by partition."""
    settings = runtime.settings

    def partition(name: str) -> int:
        return partition_of(name.encode(), settings.kafka.partitions)

    watchman = Watchman(
        settings.watchlists,
        settings.instruments,
        SystemClock(),
        runtime.outbox,
        last_asked=lambda name, rule: folds[partition(name)].last_asked(name, rule),
        waiting_since=lambda name: folds[partition(name)].waiting_since(name),
        is_current=Passage(lambda: runtime.runners.get(runtime.topic_name(Topic.CLOSES))),
    )

    async def look() -> None:
        if runtime.ready:  # else what has been asked for already may not be folded yet
            await watchman.look(lambda name: partition(name) in runner.lanes)

    runtime.every(settings.state.sweep_every, look, "what is due cannot be asked for yet")
