"""The agent of the alerts: hands them to their targets."""

from __future__ import annotations

from alerts.targets import notifiers
from streams.agents.frames import feed_side_by_side
from streams.clock import SystemClock
from streams.delivering import DeliveryWork
from streams.records import Topic
from streams.runtime import Runtime


def attach(runtime: Runtime) -> None:
    """Add the agent to the app.

    Raises:
        alerts.targets.TargetError: apprise does not take a target's URL.
    """
    targets = notifiers(runtime.settings.targets)
    runtime.metrics.expect(targets)
    runner = runtime.runner(
        "delivery",
        Topic.ALERTS,
        lambda place: DeliveryWork(
            place,
            runtime.settings,
            targets,
            log=runtime.log,
            outbox=runtime.outbox,
            metrics=runtime.metrics,
            clock=SystemClock(),
        ),
    )

    @runtime.app.agent(runtime.channel(Topic.ALERTS), name="delivery", concurrency=1)
    async def delivery(frames):  # type: ignore[no-untyped-def]
        await feed_side_by_side(runtime, runner, frames)
