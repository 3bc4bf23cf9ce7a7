"""The internals of Faust and aiokafka that the frames stand on; the rebalances are in contracts/.

When one of these fails after an upgrade, read streams/frames/ beside the new driver first.
"""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from aiokafka.structs import ConsumerRecord
from faust.tables.recovery import Recovery
from faust.transport import by_url
from faust.transport.conductor import ConductorCompiler
from faust.transport.consumer import Consumer as BaseConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams import frames
from streams.batches import Records
from streams.frames import heartbeats as beats
from streams.frames import threads, transport


def test_the_versions_that_were_read() -> None:
    names = ("faust-streaming", "aiokafka", "confluent-kafka")
    assert [version(name) for name in names] == ["0.15.3", "0.14.0", "2.16.1"]


def test_the_scheme_leads_to_our_transport() -> None:
    assert by_url("frames://127.0.0.1:9092") is frames.Transport


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (BaseConsumer, "_wait_next_records", ["self", "timeout"]),
        (BaseConsumer, "getmany", ["self", "timeout"]),
        (BaseConsumer, "perform_seek", ["self"]),
        (BaseConsumer, "_drain_messages", ["self", "fetcher"]),
        (driver.Consumer, "_new_consumer_thread", ["self"]),
        (driver.AIOKafkaConsumerThread, "_create_worker_consumer", ["self", "transport"]),
        (driver.AIOKafkaConsumerThread, "seek_wait", ["self", "partitions"]),
        (driver.Producer, "_settings_extra", ["self"]),
        (faust.App, "_create_directories", ["self"]),
        (GroupCoordinator, "_do_heartbeat", ["self"]),
        (BaseConsumer, "on_buffer_full", ["self", "tp"]),
        (BaseConsumer, "on_buffer_drop", ["self", "tp"]),
        (driver.AIOKafkaConsumerThread, "on_start", ["self"]),
        (driver.AIOKafkaConsumerThread, "on_thread_stop", ["self"]),
        (driver.AIOKafkaConsumerThread, "verify_event_path", ["self", "now", "tp"]),
        (
            driver.AIOKafkaConsumerThread,
            "_fetch_records",
            ["self", "consumer", "active_partitions", "timeout", "max_records"],
        ),
        (Fetcher, "_get_actions_per_node", ["self", "assignment"]),
        (Fetcher, "_create_fetch_waiter", ["self"]),
        (SubscriptionState, "fetch_context", ["self"]),
        (TopicPartitionState, "consumed_to", ["self", "position"]),
    ],
)
def test_what_is_overridden_or_called(owner: type, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


@pytest.mark.parametrize(
    ("owner", "text"),
    [
        # the position below which frames are dropped, and the gaps that acks would make
        (BaseConsumer._drain_messages, "offset >= r_offset"),
        (BaseConsumer._drain_messages, "acks_enabled_for(message.topic)"),
        # the stream passes over frames of another generation
        (faust.Stream._py_aiter, "message.generation_id != self.app.consumer_generation_id"),
        # the fetcher takes the isolation level when the consumer starts, after we set it
        (aiokafka.AIOKafkaConsumer.start, "isolation_level=self._isolation_level"),
        # heartbeats go through the method that is watched
        (GroupCoordinator._heartbeat_routine, "success = await self._do_heartbeat()"),
        # a full queue of frames stops the fetching of the partition, not of the others
        (ConductorCompiler.build, "consumer_on_buffer_full(tp)"),
        # a stop waits for the producer, which we do not let it do for ever
        (faust.App._producer_flush, "await self._producer.flush()"),
        (driver.Producer.flush, "await self._producer.flush()"),
        # the active partitions are handed to the thread as they change, not as they were
        (BaseConsumer._wait_next_records, "active_partitions = self._get_active_partitions()"),
        # all frames of a topic wait in one queue
        (ConductorCompiler.build, "queue = chan.queue"),
        # without requests, aiokafka's fetcher still finds the positions that it does not know
        (Fetcher._fetch_requests_routine, "= self._get_actions_per_node(assignment)"),
        (Fetcher._fetch_requests_routine, "for node_id, tps in reset_requests.items():"),
        # what the group's coordinator does not forgive reaches who waits for records
        (SubscriptionState.abort_waiters, "for waiter in self._fetch_waiters"),
        # positions are sought before the streams resume
        (Recovery._resume_streams, "consumer.perform_seek()"),
    ],
)
def test_what_the_frames_rely_on(owner: Any, text: str) -> None:
    assert text in inspect.getsource(owner)


def test_a_frame_is_one_message_at_its_last_offset() -> None:
    records = [
        ConsumerRecord("closes", 1, offset, 1_000 * offset, 0, None, b"v", None, 0, 1, [])
        for offset in (7, 8, 11)
    ]
    message = transport._message(TP("closes", 1), Records(records), generation=5)
    assert (message.offset, message.timestamp, message.generation_id) == (11, 11.0, 5)
    assert message.key is None
    frame = message.value
    assert (frame.topic, frame.partition, list(frame.records)) == ("closes", 1, records)


def test_aiokafka_fetches_nothing_but_positions() -> None:
    class Asked:
        def _get_actions_per_node(self, assignment: Any) -> tuple[Any, ...]:
            return ["a request"], {1: ["a reset"]}, 0.2, False, [assignment]

    asked: Any = Asked()
    threads._fetch_nothing(asked)
    assert asked._get_actions_per_node("one") == ([], {1: ["a reset"]}, 0.2, False, ["one"])


def test_a_full_queue_stops_its_whole_topic_and_no_other() -> None:
    consumer: Any = transport.Consumer.__new__(transport.Consumer)
    consumer.app = SimpleNamespace(in_recovery=False)
    consumer._buffered_partitions = set()
    consumer._active_partitions = {TP("a", 0), TP("a", 1), TP("b", 0)}
    consumer._wanted_again = asyncio.Event()
    consumer.on_buffer_full(TP("a", 1))
    assert consumer._active_partitions == {TP("b", 0)}
    consumer.on_buffer_drop(TP("b", 0))
    assert consumer._active_partitions == {TP("b", 0)}
    assert not consumer._wanted_again.is_set()
    consumer.on_buffer_drop(TP("a", 1))
    assert consumer._wanted_again.is_set()
    assert consumer._active_partitions == {TP("a", 0), TP("a", 1), TP("b", 0)}


def test_a_frame_goes_through_the_schema_as_it_is() -> None:
    frame = frames.Frame("closes", 0, Records([]))
    message = type("Message", (), {"value": frame})
    assert frames.FrameSchema().loads_value(None, message) is frame
    assert frames.FrameSchema().loads_key(None, message) is None


class Coordinator:
    """As much of aiokafka's as is watched."""

    answers: bool = True

    async def _do_heartbeat(self) -> bool:
        return self.answers


async def test_a_member_is_who_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(beats, "_time", lambda: now[0])
    heartbeats, coordinator = beats.Heartbeats(), Coordinator()
    assert not heartbeats.within(10)
    heartbeats.watch(coordinator)
    now[0] = 105.0
    assert await coordinator._do_heartbeat()
    now[0] = 114.9
    assert heartbeats.within(10)
    now[0] = 115.0
    assert not heartbeats.within(10)
    assert await coordinator._do_heartbeat()
    assert heartbeats.within(10)
    coordinator.answers = False  # another has its place
    assert not await coordinator._do_heartbeat()
    assert not heartbeats.within(10)
    heartbeats.watch(coordinator)  # a new assignment: the heartbeat after it will tell
    assert not heartbeats.within(10)
    coordinator.answers = True
    now[0] = 130.0
    assert await coordinator._do_heartbeat()
    assert heartbeats.within(10)


def test_the_time_of_heartbeats_goes_on() -> None:
    first = beats._time()
    assert 0 <= beats._time() - first < 60
