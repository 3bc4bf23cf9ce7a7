"""What a target is not told now: it ends with its reason, or is held back for a digest."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from alerts.ledger import Entry, Outcome
from alerts.model import Alert, Kind
from alerts.stages.decision import Reason
from alerts.stages.path import Told
from streams.delivery.desk import Desk
from streams.delivery.queue import Held, Item, Queue

_SEQUELS = (Kind.CORRECTION, Kind.WITHDRAWN, Kind.DATA_ARRIVED)


class Holding:
    """Asks the stages about the alerts of one target's queue, when their turn comes."""

    def __init__(self, target: str, desk: Desk, queue: Queue) -> None:
        self._target = target
        self._desk = desk
        self._queue = queue

    def withhold(self, item: Item) -> Entry | None:
        """The line of an alert that is not told now, its end or until when it waits; None where it
        goes on as it stands.

        One that is to wait has been put aside.
        """
        before = self._held_before(item)
        if before is not None:
            return None if item.held == before else self._hold(item, before)
        told = self._desk.withheld(item, self._target)
        if told is None:
            return None
        later = self._later(item, told)
        if later is not None:
            return self._hold(item, later)
        detail = str(told.decision)
        return self._desk.entry(self._target, item.request, Outcome.SUPPRESSED, detail)

    def _held_before(self, item: Item) -> Held | None:
        """Until when an alert is held back that this one speaks of: it is told with it."""
        alert = item.request.alert
        is_sequel = item.is_fresh and _speaks_of_another(alert)
        return self._queue.held(alert.follows) if is_sequel else None

    def _later(self, item: Item, told: Told) -> Held | None:
        """Until when an alert waits for a digest; None where it does not, or too many do."""
        at_ms = told.told_later
        is_full = item.held is None and self._queue.count_held >= self._desk.room // 2
        return None if at_ms is None or is_full else Held(at_ms, told.decision.words)

    def _hold(self, item: Item, held: Held) -> Entry:
        """Put an alert off until it is told in a digest."""
        desk, until = self._desk, held.until_ms / 1000
        item.due = asyncio.get_running_loop().time() + max(0.0, until - desk.clock.now())
        item.until = max(item.until, until + desk.rules.deadline)
        item.group = desk.group(held.digest, self._target)
        self._queue.hold(item, held)
        detail = f"{Reason.MUTED}: {held.why}"
        entry = desk.entry(self._target, item.request, Outcome.RETRYING, detail)
        entry = replace(entry, next_ms=held.until_ms, until_ms=int(item.until * 1000))
        return held.noted(entry)


def _speaks_of_another(alert: Alert) -> bool:
    """Whether an alert means nothing to who was not told of the one that it follows."""
    return bool(alert.follows) and (bool(alert.revision) or alert.milestone.kind in _SEQUELS)
