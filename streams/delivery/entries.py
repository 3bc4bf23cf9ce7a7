"""What becomes of an alert on its way to a target, as lines of the ledger."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from alerts.ledger import Entry, Outcome
from streams.delivery.desk import Desk
from streams.delivery.queue import Item

log = logging.getLogger(__name__)


class Entries:
    """Makes the entries of one target."""

    def __init__(self, target: str, desk: Desk) -> None:
        self._target = target
        self._desk = desk

    def of(self, item: Item, outcome: Outcome, detail: str) -> Entry:
        """An entry of an item that was tried."""
        entry = self._desk.entry(self._target, item.request, outcome, detail)
        return replace(entry, attempts=item.attempts, instead_of=item.instead_of)

    def retrying(self, item: Item) -> Entry:
        """The entry of an item that is tried again."""
        wait = max(0.0, item.due - asyncio.get_running_loop().time())
        entry = _of_digest(item, self.of(item, Outcome.RETRYING, item.detail))
        next_ms = int((self._desk.clock.now() + wait) * 1000)
        return replace(entry, next_ms=next_ms, until_ms=int(item.until * 1000))

    def not_taken(self, item: Item, outcome: Outcome, detail: str) -> list[Entry]:
        """The end here, after what becomes of the alert at the fallback, if there is one.

        In this order: whoever reads the end in the ledger knows who has the alert now.
        """
        log.error("alert %s to %s: %s, attempts: %d (%s)", item.request.alert.id, self._target,
                  outcome.value, item.attempts, detail)  # fmt: skip
        end = self.of(item, outcome, detail)
        fallback = self._desk.targets[self._target].fallback
        if fallback is None or self._is_concerned(fallback, item):
            return [end]
        entry = _of_digest(item, self._desk.entry(fallback, item.request, Outcome.RETRYING))
        until_ms = entry.at_ms + int(self._desk.rules.deadline * 1000)
        passed_on = replace(entry, instead_of=self._target, next_ms=entry.at_ms, until_ms=until_ms)
        return [passed_on, end]

    def _is_concerned(self, fallback: str, item: Item) -> bool:
        """Whether the alert goes or went to the fallback anyway."""
        desk, request = self._desk, item.request
        is_tried = desk.ledger.is_retrying(request.alert.id, fallback)
        return fallback in request.targets or is_tried or desk.is_settled(request, fallback)


def _of_digest(item: Item, entry: Entry) -> Entry:
    """The entry of an item; what was held back is so still for who goes on with it."""
    return item.held.noted(entry) if item.held else entry
