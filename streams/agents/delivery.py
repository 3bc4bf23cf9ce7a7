"""The agent of the alerts: hands them to their targets."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from threading import Thread

from alerts.pictures.takers import takers
from alerts.stages.path import Known
from alerts.targets import AppriseNotifier, notifiers
from alerts.writers import Writers
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
    pictures = Pictures(takers(settings))
    reached = notifiers(settings.targets)
    targets = Targets(settings, reached, metrics, pictures=pictures)
    runtime.app.task(pictures.run)
    runtime.app.task(lambda: hang_up_at_the_end(reached.values()))
    Thread(target=Writers(settings).warm, name="warm-up", daemon=True).start()
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


async def hang_up_at_the_end(notifiers: Collection[AppriseNotifier]) -> None:
    """Close what is open to targets when the worker stops, all at the same time."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.gather(*(asyncio.to_thread(one.close) for one in notifiers))
