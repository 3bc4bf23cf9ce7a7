"""A worker: the Faust app with its agents, from start to a clean stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

from aiokafka.errors import KafkaError

from config.errors import StreakwatchError
from config.settings import Kafka, Settings
from streams import topics
from streams.agents import bars, delivery, router, watcher
from streams.connection import client_options
from streams.frames import FrameApp, choose, credentials
from streams.log import KafkaLog
from streams.logs import silence
from streams.metrics import Metrics
from streams.outbox import KafkaOutbox
from streams.reaching import reach
from streams.refusals import AwayError
from streams.runtime import Runtime
from streams.snapshots import Snapshots
from streams.web import MetricsServer

log = logging.getLogger(__name__)

ROLES: dict[str, Callable[[Runtime], None]] = {
    "bars": bars.attach,
    "router": router.attach,
    "watcher": watcher.attach,
    "delivery": delivery.attach,
}

#: How long what runs may go on when partitions are taken away, in seconds.
_GRACE = 1.0
_RETRY = 1.0
#: How often it is made sure that nobody has deleted a topic, in seconds.
_TOPICS_EVERY = 5.0
#: Frames that may wait for each agent; from four fifths on no more is handed on of its topic.
_FRAMES = 6
#: New objects that may come before cycles are looked for among them.
_NEW_OBJECTS = 100_000


def build(settings: Settings, roles: Sequence[str], instance: str | None = None) -> Runtime:
    """The runtime of a worker with the agents of these roles.

    Args:
        instance: a name that is unique among the workers and the same after a restart; with it
            a restarted worker gets its partitions back at once.
    """
    app = _faust_app(settings.kafka, instance)
    kafka_log, metrics = KafkaLog(settings.kafka), Metrics()
    outbox = KafkaOutbox(lambda: app.producer.send, settings.kafka.topic_prefix)
    runtime = Runtime(settings, app, kafka_log, outbox, Snapshots(kafka_log, outbox), metrics)
    app.positions = runtime.positions
    app.open_source = choose(settings.kafka)
    for role in roles:
        ROLES[role](runtime)
    _keep(runtime)
    return runtime


def _faust_app(kafka: Kafka, instance: str | None) -> FrameApp:
    return FrameApp(
        kafka.group,
        broker=[f"frames://{server}" for server in kafka.bootstrap_servers],
        broker_credentials=credentials(client_options(kafka)),
        autodiscover=False,
        origin="streams",
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
        broker_max_poll_records=65_536,
        consumer_max_fetch_size=4 << 20,
        stream_buffer_maxsize=_FRAMES,
        broker_session_timeout=kafka.session_timeout,
        broker_heartbeat_interval=min(1.0, kafka.session_timeout / 4),
        consumer_group_instance_id=instance,
        consumer_auto_offset_reset="earliest",
        producer_max_request_size=topics.LARGEST_REQUEST,
        producer_linger=0,
    )


def _keep(runtime: Runtime) -> None:
    """Snapshots and sweeps at their intervals, and a clean release before a rebalance."""
    state, broker = runtime.settings.state, _Broker()

    @runtime.app.timer(interval=state.snapshot_every)  # type: ignore[untyped-decorator]
    async def save() -> None:
        with broker.expected():
            for runner in runtime.runners.values():
                await runner.save()

    @runtime.app.timer(interval=state.sweep_every)  # type: ignore[untyped-decorator]
    async def sweep() -> None:
        with broker.expected():
            try:
                for runner in runtime.runners.values():
                    await runner.sweep()
            except StreakwatchError as error:
                await runtime.fail(error)
        runtime.metrics.ready.set(runtime.ready)

    @runtime.app.timer(interval=_TOPICS_EVERY)  # type: ignore[untyped-decorator]
    async def look_for_topics() -> None:
        with broker.expected():
            gone = await topics.missing(runtime.settings.kafka)
            if gone:
                await runtime.fail(topics.not_there(gone))

    @runtime.app.on_partitions_assigned.connect  # type: ignore[arg-type]
    async def stand_by(_: Any, *assigned: Any, **__: Any) -> None:
        # a worker without partitions is never asked where to start: it is a spare, and ready
        if not any(assigned):
            await runtime.stand_by()

    @runtime.app.on_partitions_revoked.connect
    async def release(*_: Any, **__: Any) -> None:
        await runtime.release(_GRACE)


class _Broker:
    """Says once that Kafka is away, and once that it is back."""

    def __init__(self) -> None:
        self._away = False

    @contextmanager
    def expected(self) -> Iterator[None]:
        """What is done within is tried again at the timer's next turn."""
        try:
            yield
        except (KafkaError, TimeoutError) as error:
            if not self._away:
                log.warning("Kafka is away (%r); waiting for it", error)
            self._away = True
        else:
            if self._away:
                log.info("Kafka is back")
            self._away = False


def run(settings: Settings, roles: Sequence[str], instance: str | None = None) -> None:
    """Run a worker until SIGTERM or SIGINT; see :func:`work`.

    Does not wait for threads, as ``asyncio.run`` does: a target that hangs may hold one.
    """
    loop = _new_loop()
    _spare_the_collector()
    try:
        loop.run_until_complete(work(settings, roles, instance))
    finally:
        silence()  # what is left unfinished at the end is nothing to tell
        loop.close()


def _spare_the_collector() -> None:
    """Cycles are few: look for them more rarely, and not among what stays for ever.

    A look at everything that 50,000 pairs have would hold all else up.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, where it is installed: it takes less of the time between records."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def work(settings: Settings, roles: Sequence[str], instance: str | None = None) -> None:
    """Run a worker until SIGTERM or SIGINT.

    Raises:
        StreakwatchError: the topics are missing or differ, a target is wrong, the port of the
            metrics is in use, or the worker met a fatal error.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = asyncio.create_task(_work(settings, roles, instance, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        _, late = await asyncio.wait({running}, timeout=4)
        for task in late:
            task.cancel()
    stopping.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _work(
    settings: Settings, roles: Sequence[str], instance: str | None, stop: asyncio.Event
) -> None:
    async with AsyncExitStack() as stack:
        if not await _broker_answers(settings.kafka, stop):
            return
        await topics.require(settings.kafka)
        runtime = build(settings, roles, instance)
        await runtime.log.start()
        stack.push_async_callback(runtime.log.stop)
        server = await stack.enter_async_context(MetricsServer(runtime, settings.metrics))
        log.info("metrics at %s/metrics", server.url)
        app = runtime.app
        await app.start()
        stack.push_async_callback(app.stop)
        log.info("working as %s; watchlists: %s", ", ".join(roles), _some(settings.watchlists))
        await _until(stop, app)
        log.info("stopping")
        with suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(runtime.release(_GRACE), 2.5)
        if app.crash_reason is not None:
            raise _fatal(app.crash_reason)


def _some(names: Iterable[str]) -> str:
    first = list(names)
    return ", ".join(first[:5]) + (f" and {len(first) - 5} more" if len(first) > 5 else "")


async def _until(stop: asyncio.Event, app: FrameApp) -> None:
    waits = [asyncio.create_task(stop.wait()), asyncio.create_task(app._crashed.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()


def _fatal(reason: BaseException) -> StreakwatchError:
    if isinstance(reason, StreakwatchError):
        return reason
    return StreakwatchError(f"the worker met a fatal error: {reason!r}", "see the log above")


async def _broker_answers(kafka: Kafka, stop: asyncio.Event) -> bool:
    """Wait for a broker, with one line; False when told to stop before one answers.

    Raises:
        StreakwatchError: there is one, and it cannot be used with this configuration.
    """
    told = False
    while not stop.is_set():
        try:
            await reach(kafka)
        except AwayError as error:
            if not told:
                servers = ", ".join(kafka.bootstrap_servers)
                log.warning("waiting for Kafka at %s (%s)", servers, error.why)
            told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RETRY)
        else:
            return True
    return False
