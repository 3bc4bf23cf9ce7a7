"""Mute: a route tells nobody while a timing holds, or while none of those that it needs does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from alerts.moments import moment
from alerts.stages.decision import Decision, Reason
from alerts.stages.match import Way
from alerts.timings import Timing

_MOST_TURNS = 100
_DAY = timedelta(days=1)

_Stay = tuple[datetime, datetime, datetime | None]
"""From when to when it is known when a route changes, and that."""


class Timings:
    """The timings of a configuration: whether they mute a route, and when that changes.

    A change is looked for once, however many alerts come until then.
    """

    def __init__(self, timings: Mapping[str, Timing]) -> None:
        self._timings = timings
        self._stays: dict[tuple[tuple[str, ...], tuple[str, ...]], _Stay] = {}

    def muting(self, way: Way, at: datetime) -> str | None:
        """The name of the timing that mutes a route at a moment, or of what is waited for; or None.

        What is waited for is written ``not NAME``, for the first of those that the route needs.
        """
        name = next((name for name in way.mute if self._timings[name].holds(at)), None)
        if name is not None:
            return name
        waits = way.only and not any(self._timings[name].holds(at) for name in way.only)
        return f"not {way.only[0]}" if waits else None

    def next_change(self, way: Way, at: datetime) -> datetime | None:
        """When a route that is muted is not any more, or the reverse; None: not within a year."""
        names = (way.mute, way.only)
        begin, end, change = self._stays.get(names, (at, at, None))
        if not begin <= at < end:
            change = self._change_after(way, at)
            self._stays[names] = (at, change or at + _DAY, change)
        return change

    def _change_after(self, way: Way, at: datetime) -> datetime | None:
        muted = self.muting(way, at) is not None
        end = at + 400 * _DAY
        for _ in range(_MOST_TURNS):
            turn = min(self._turns(way, at), default=None)
            if turn is None or turn > end:
                return None
            if (self.muting(way, turn) is not None) != muted:
                return turn
            at = turn
        return None

    def _turns(self, way: Way, at: datetime) -> Iterable[datetime]:
        changes = (self._timings[name].next_change(at) for name in (*way.mute, *way.only))
        return (change for change in changes if change is not None)


def mute(way: Way, timings: Timings, now_ms: int) -> Decision | None:
    """Why a route tells nobody now; None where it does."""
    if not (way.mute or way.only):
        return None
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    name = timings.muting(way, at)
    if name is None:
        return None
    change = timings.next_change(way, at)
    until_ms = None if change is None else int(change.timestamp() * 1000)
    until = "" if until_ms is None else f" until {moment(until_ms)}"
    return Decision(Reason.MUTED, name, f"{name} on {way.path}{until}", until_ms)
