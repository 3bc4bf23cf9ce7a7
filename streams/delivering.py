"""alerts → targets: each alert to each target of its watchlist, with the ledger as witness.

The ledger is written only after the target has accepted, and read before anything is sent; so an
alert reaches each target at least once, and again only where the worker died in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from alerts.ledger import Entry, Ledger, Outcome
from alerts.model import Alert
from alerts.rendering import render
from alerts.targets import Attempt, Message, Notifier
from config.settings import Delivery, Settings
from streams.clock import Clock
from streams.core import periods
from streams.definitions import names
from streams.log import Log
from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import RejectedError, decode_alert
from streams.works import internal_dead_letter

log = logging.getLogger(__name__)

_DAY = 86_400.0


class DeliveryWork:
    """What the runner drives for one partition of alerts; its state is the ledger's topic."""

    definition = "ledger"

    def __init__(
        self,
        place: Place,
        settings: Settings,
        notifiers: Mapping[str, Notifier],
        *,
        log: Log,
        outbox: Outbox,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._place = place
        self._targets = {name: w.targets for name, w in settings.watchlists.items()}
        self._names = names(settings.watchlists, settings.instruments)
        self._rules: Delivery = settings.delivery
        self._notifiers = notifiers
        self._log = log
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._ledger = Ledger()

    async def take(self, records: Sequence[Record]) -> None:
        """Deliver alerts: each target in order, the targets side by side."""
        refused: list[Output] = []
        alerts: list[Alert] = []
        for record in records:
            try:
                alerts.append(decode_alert(record.value))
            except RejectedError as error:
                refused.append(dead_letter(self._place, record, error))
        await self._outbox.send(refused)
        self._metrics.observe(refused)
        async with asyncio.TaskGroup() as targets:
            for target, due in self._by_target(alerts).items():
                targets.create_task(self._serve(target, due))

    async def refuse(self, record: Record, error: Exception) -> None:
        """See :class:`streams.fold.Work`."""
        refused = [internal_dead_letter(self._place, record, error)]
        await self._outbox.send(refused)
        self._metrics.observe(refused)

    def snapshot(self) -> dict[str, Any]:
        """Nothing: the ledger has its own topic."""
        return {}

    async def restore(self, state: dict[str, Any] | None) -> None:
        """Read the ledger of this partition."""
        self._ledger = Ledger()
        place = Place(Topic.NOTIFICATIONS, self._place.partition)
        async for records in self._log.read(place, *await self._log.bounds(place)):
            for record in records:
                self._read_entry(record)

    def drop(self) -> None:
        """Nothing of it is in the metrics by partition."""

    def _read_entry(self, record: Record) -> None:
        try:
            self._ledger.apply(Entry.decode(record.value or b""))
        except ValueError as error:
            log.warning("ledger offset %d: %s", record.offset, error)

    def _by_target(self, alerts: Sequence[Alert]) -> dict[str, list[Alert]]:
        due: dict[str, list[Alert]] = {}
        for alert in alerts:
            for target in self._targets.get(alert.watchlist, ()):
                due.setdefault(target, []).append(alert)
        return due

    async def _serve(self, target: str, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            if not self._ledger.settled(alert.id, target):
                await self._settle(target, alert)

    async def _settle(self, target: str, alert: Alert) -> None:
        if self._is_historic(alert) and not self._was_told(target, alert.follows):
            outcome, attempts, detail = Outcome.SUPPRESSED, 0, "historic"
        else:
            outcome, attempts, detail = await self._deliver(target, alert)
        at_ms = int(self._clock.now() * 1000)
        entry = Entry(alert.id, target, outcome, at_ms, attempts, detail)
        output = Output(Topic.NOTIFICATIONS, entry.key, entry.encode(), self._place.partition)
        await self._outbox.send([output])
        self._ledger.apply(entry)
        self._metrics.deliveries.labels(target, outcome.value).inc()

    def _is_historic(self, alert: Alert) -> bool:
        if self._rules.max_age == "none":
            return False
        ended = periods.ended_by_ms(periods.from_text(alert.period, alert.interval), alert.interval)
        return self._clock.now() - ended / 1000 > self._rules.max_age * _DAY

    def _was_told(self, target: str, alert: str) -> bool:
        """Who has been told of something is told of its correction, however old."""
        return self._ledger.outcome(alert, target) is Outcome.DELIVERED

    async def _deliver(self, target: str, alert: Alert) -> tuple[Outcome, int, str]:
        message, pause = render(alert, self._names.get(alert.watchlist, {})), self._rules.backoff
        for number in range(1, self._rules.attempts + 1):
            attempt = await self._attempt(target, message)
            if attempt.delivered:
                seconds = self._clock.now() - alert.trigger.arrived_ms / 1000
                self._metrics.delivery_seconds.labels(target).observe(max(0.0, seconds))
                return Outcome.DELIVERED, number, ""
            self._metrics.attempts.labels(target).inc()
            log.warning("alert %s to %s: attempt %d of %d failed (%s)", alert.id, target,
                        number, self._rules.attempts, attempt.detail)  # fmt: skip
            if number < self._rules.attempts:
                await asyncio.sleep(pause)
                pause = min(2 * pause, self._rules.backoff_ceiling)
        log.error("alert %s to %s: given up after %d attempts", alert.id, target, number)
        return Outcome.FAILED, number, attempt.detail

    async def _attempt(self, target: str, message: Message) -> Attempt:
        try:
            async with asyncio.timeout(self._rules.timeout + 1):
                return await self._notifiers[target].notify(message, self._rules.timeout)
        except TimeoutError:
            return Attempt(False, f"no answer within {self._rules.timeout:g} s")
        except Exception as error:  # the other targets are not to suffer for it
            log.exception("target %s: an unexpected error", target)
            return Attempt(False, type(error).__name__)
