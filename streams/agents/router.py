"""The agent of the closes: routes each one to its watchlists."""

from __future__ import annotations

from streams.calendars import by_name
from streams.definitions import signed
from streams.folds.router import RouterFold
from streams.records import Place, Topic
from streams.runtime import Runtime


def attach(runtime: Runtime) -> None:
    """Add the agent to the app."""
    watchlists = runtime.settings.watchlists
    numbers = signed(runtime.settings.instruments)
    sessions = by_name((w.calendar, w.interval) for w in watchlists.values())

    def make(place: Place) -> RouterFold:
        return RouterFold(place, watchlists, sessions, numbers)

    runtime.fold_runner("router", Topic.CLOSES, make)
