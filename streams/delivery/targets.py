"""The targets of one worker, as the works of all its partitions share them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from alerts.backoff import Jitter
from alerts.targets import Notifier
from config.settings import Settings
from streams.delivery.gate import Gate
from streams.delivery.lane import DeliveryLane
from streams.metrics import Metrics
from streams.pictures import Pictures


class Targets:
    """A notifier and a gate for each target, and its lanes; and pictures for some of them."""

    def __init__(
        self,
        settings: Settings,
        notifiers: Mapping[str, Notifier],
        metrics: Metrics,
        jitter: Jitter = random.random,
        pictures: Pictures | None = None,
    ) -> None:
        self.pictures = pictures or Pictures({})
        self.notifiers = notifiers
        self.gates = {
            name: Gate(settings.delivery, jitter, settings.targets[name].limit)
            for name in notifiers
        }
        self.lanes: dict[str, list[DeliveryLane]] = {name: [] for name in notifiers}
        metrics.expect(settings.targets)
        for name in notifiers:
            metrics.watch_target(name, self._waiting(name), self._oldest(name))

    def _waiting(self, name: str) -> Callable[[], float]:
        return lambda: sum(len(lane.inbox) for lane in self.lanes[name])

    def _oldest(self, name: str) -> Callable[[], float]:
        return lambda: max((lane.age() for lane in self.lanes[name]), default=0.0)
