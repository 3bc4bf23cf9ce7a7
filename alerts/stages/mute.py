"""Mute: a route tells nobody while a timing holds, or while none of those that it needs does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from alerts.moments import moment
from alerts.stages.decision import Decision, Reason
from alerts.stages.match import Way
from alerts.timings import Timing

Timings = Mapping[str, Timing]

_MOST_TURNS = 100


def is_muted(way: Way, timings: Timings, at: datetime) -> str | None:
    """The name of the timing that mutes a route at a moment, or of what is waited for; None: none.

    What is waited for is written ``not NAME``, for the first of those that the route needs.
    """
    name = next((name for name in way.mute if timings[name].holds(at)), None)
    if name is not None:
        return name
    waits = way.only and not any(timings[name].holds(at) for name in way.only)
    return f"not {way.only[0]}" if waits else None


def next_change(way: Way, timings: Timings, at: datetime) -> datetime | None:
    """When a route that is muted is not any more, or the reverse; None: not within a year."""
    muted = is_muted(way, timings, at) is not None
    end = at + timedelta(days=400)
    for _ in range(_MOST_TURNS):
        turn = min(_turns(way, timings, at), default=None)
        if turn is None or turn > end:
            return None
        if (is_muted(way, timings, turn) is not None) != muted:
            return turn
        at = turn
    return None


def _turns(way: Way, timings: Timings, at: datetime) -> Iterable[datetime]:
    changes = (timings[name].next_change(at) for name in (*way.mute, *way.only))
    return (change for change in changes if change is not None)


def mute(way: Way, timings: Timings, now_ms: int) -> Decision | None:
    """Why a route tells nobody now; None where it does."""
    if not (way.mute or way.only):
        return None
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    name = is_muted(way, timings, at)
    if name is None:
        return None
    change = next_change(way, timings, at)
    until_ms = None if change is None else int(change.timestamp() * 1000)
    until = "" if until_ms is None else f" until {moment(until_ms)}"
    return Decision(Reason.MUTED, name, f"{name} on {way.path}{until}", until_ms)
