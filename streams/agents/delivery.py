"""The agent of the alerts: hands them to their targets."""

from __future__ import annotations

from alerts.pictures.takers import takers
from alerts.stages.path import Known
from alerts.targets import notifiers
from streams.calendars import hours_of
from streams.clock import SystemClock
from streams.delivering import DeliveryWork
from streams.delivery.targets import Targets
from streams.pictures import Pictures
from streams.records import Topic
from streams.runtime import Runtime
from streams.silences import SilenceBook

#: How often it is looked whether people have silenced something, in seconds.
_LOOK = 1.0


def attach(runtime: Runtime) -> None:
    """Add the agent to the app, and to its timers the look at what is silenced.

    Raises:
        alerts.targets.TargetError: apprise does not take a target's URL.
    """
    settings, metrics, clock = runtime.settings, runtime.metrics, SystemClock()
    pictures = Pictures(takers(settings.targets))
    targets = Targets(settings, notifiers(settings.targets), metrics, pictures=pictures)
    runtime.app.task(pictures.run)
    book = SilenceBook(runtime.log, clock)
    known = Known.of(settings, hours_of)
    known.silences = book.silences
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
            clock=clock,
            fail=runtime.fail,
            may_send=runtime.is_member,
            known=known,
            refresh=book.refresh,
        ),
    )
    runtime.every(_LOOK, book.refresh, "silences cannot be read yet")
