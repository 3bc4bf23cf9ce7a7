"""The threads in which Faust's consumer meets Kafka, with and without a source beside aiokafka."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.errors import ConsumerStoppedError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.batches import Batch
from streams.frames.source import Source

#: How long a poll may not notice that a partition is wanted again, in seconds.
_GLANCE = 0.1


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, blind to the records of aborted transactions."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # the log that gaps are read again from, and replays, must be the same log
        consumer._isolation_level = "read_committed"
        return consumer


class SourceThread(ConsumerThread):
    """The group, its heartbeats and the positions are aiokafka's; the records are the source's."""

    def __init__(self, *args: Any, open_source: Callable[[], Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open_source = open_source
        self._source: Source | None = None

    async def on_start(self) -> None:
        """Start both.

        Raises:
            StreakwatchError: the source does not take the configuration.
        """
        await super().on_start()
        _fetch_nothing(self._ensure_consumer()._fetcher)
        self._source = self._open_source()

    async def on_thread_stop(self) -> None:
        """Leave the group before anything else."""
        await super().on_thread_stop()
        if self._source is not None:
            self._source.close()

    async def _fetch_records(  # type: ignore[override]  # a batch is a sequence, no list
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: Collection[TP],
        timeout: float | None = None,  # noqa: ASYNC109
        max_records: int | None = None,
    ) -> Mapping[TP, Batch]:
        """As the driver does, from the source."""
        if not self.consumer.flow_active:
            return {}
        fetcher, subscriptions = consumer._fetcher, consumer._subscription
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        with subscriptions.fetch_context():
            if subscriptions.reassignment_in_progress:
                await asyncio.sleep(_GLANCE)
                return {}
            refusal = fetcher._create_fetch_waiter()
            try:
                return await self._poll(subscriptions.subscription.assignment, active_partitions)
            finally:
                if refusal.done():
                    refusal.result()  # what the group's coordinator does not forgive
                refusal.cancel()

    async def _poll(self, assignment: Assignment, active: Collection[TP]) -> Mapping[TP, Batch]:
        """What has come, but for partitions that were lost or sought meanwhile."""
        assert self._source is not None
        before = _positions(assignment)
        batches = await self._source.poll(before, active, _GLANCE)
        now = _positions(assignment) if assignment.active else {}
        whole = {tp: batch for tp, batch in batches.items() if now.get(tp) == before[tp]}
        for tp, batch in whole.items():
            assignment.state_value(tp).consumed_to(batch[-1].offset + 1)
        return whole

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: the driver looks at aiokafka's fetches, and the runners at the logs' ends."""

    verify_recovery_event_path = verify_event_path


def _positions(assignment: Assignment) -> dict[TP, int]:
    states = {ensure_TP(tp): assignment.state_value(tp) for tp in assignment.tps}
    return {tp: state.position for tp, state in states.items() if state.has_valid_position}


def _fetch_nothing(fetcher: Any) -> None:
    """Leave aiokafka's fetcher only the positions that are not known yet."""
    actions = fetcher._get_actions_per_node

    def without_requests(assignment: Assignment) -> Any:
        _, *others = actions(assignment)
        return [], *others

    fetcher._get_actions_per_node = without_requests
