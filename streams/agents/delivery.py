"""The agent of the alerts: hands them to their targets."""

from __future__ import annotations

from alerts.pictures.takers import takers
from alerts.targets import notifiers
from streams.clock import SystemClock
from streams.delivering import DeliveryWork
from streams.delivery.targets import Targets
from streams.pictures import Pictures
from streams.records import Topic
from streams.runtime import Runtime


def attach(runtime: Runtime) -> None:
    """Add the agent to the app.

    Raises:
        alerts.targets.TargetError: apprise does not take a target's URL.
    """
    settings, metrics = runtime.settings, runtime.metrics
    pictures = Pictures(takers(settings.targets))
    targets = Targets(settings, notifiers(settings.targets), metrics, pictures=pictures)
    runtime.app.task(pictures.run)
    runtime.runner(
        "delivery",
        Topic.ALERTS,
        lambda place: DeliveryWork(
            place,
            settings,
            targets,
            log=runtime.log,
            outbox=runtime.outbox,
            metrics=metrics,
            clock=SystemClock(),
            fail=runtime.fail,
            may_send=runtime.is_member,
        ),
    )
