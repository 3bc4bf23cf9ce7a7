"""The agent of the closes: routes each one to its watchlists."""

from __future__ import annotations

from streams.agents.frames import feed
from streams.calendars import by_name
from streams.folds.router import RouterFold
from streams.records import Place, Topic
from streams.runtime import Runtime


def attach(runtime: Runtime) -> None:
    """Add the agent to the app."""
    watchlists = runtime.settings.watchlists
    sessions = by_name(w.calendar for w in watchlists.values())

    def make(place: Place) -> RouterFold:
        return RouterFold(place, watchlists, sessions)

    runner = runtime.fold_runner("router", Topic.CLOSES, make)

    @runtime.app.agent(runtime.channel(Topic.CLOSES), name="router", concurrency=1)
    async def router(frames):  # type: ignore[no-untyped-def]
        await feed(runtime, runner, frames)
