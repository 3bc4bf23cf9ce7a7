"""The embedded Kafka is a real one: it keeps its data, and says what is wrong."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from config.errors import StreakwatchError
from streams.embedded import Broker

pytestmark = pytest.mark.kafka

VALUES = [b"%d" % number for number in range(100)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "data", port=0)
    yield broker
    broker.kill()


async def create(bootstrap_servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def produce(bootstrap_servers: str, topic: str, values: list[bytes]) -> None:
    largest = max(map(len, values)) + 1_000_000
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, acks="all", max_request_size=largest
    )
    await producer.start()
    try:
        for sent in [await producer.send(topic, value) for value in values]:
            await sent
    finally:
        await producer.stop()


async def consume(
    bootstrap_servers: str, topic: str, count: int, group: str | None = None
) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id=group, auto_offset_reset="earliest"
    )
    if group is None:
        consumer.assign([TopicPartition(topic, 0)])
    else:
        consumer.subscribe([topic])
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


def seed(broker: Broker, topic: str = "kept") -> None:
    asyncio.run(create(broker.bootstrap_servers, topic))
    asyncio.run(produce(broker.bootstrap_servers, topic, VALUES))


def kept(broker: Broker, topic: str = "kept") -> list[bytes]:
    return asyncio.run(consume(broker.bootstrap_servers, topic, len(VALUES)))


def wait_for_end(pid: int, seconds: float = 20) -> bool:
    """Whether the process ends; it need not be a child of ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def error_of(broker: Broker, timeout: float = 60) -> StreakwatchError:
    with pytest.raises(StreakwatchError) as caught:
        broker.start(timeout)
    assert broker.pid is None
    assert "\n" not in str(caught.value)
    return caught.value


def test_data_survive_an_orderly_stop(broker: Broker) -> None:
    broker.start()
    seed(broker)
    broker.stop()
    assert broker.pid is None
    broker.start()
    assert kept(broker) == VALUES


def test_data_survive_a_kill(broker: Broker) -> None:
    broker.start()
    seed(broker)
    broker.kill()
    assert broker.pid is None
    broker.start()
    assert kept(broker) == VALUES


def test_a_broker_that_ended_by_itself_can_be_started_again(broker: Broker) -> None:
    broker.start()
    first = broker.pid
    assert first
    os.kill(first, signal.SIGKILL)
    assert wait_for_end(first)
    assert broker.pid is None
    broker.start()
    assert broker.pid not in (None, first)


def test_start_stop_and_kill_may_be_repeated(broker: Broker) -> None:
    broker.stop()
    broker.start()
    pid = broker.pid
    broker.start()
    assert broker.pid == pid
    broker.stop()
    broker.stop()
    broker.kill()
    assert broker.pid is None


def test_data_move_to_another_port(broker: Broker) -> None:
    broker.start()
    seed(broker)
    broker.stop()
    with Broker(broker.data_dir, port=0) as other:
        assert other.port != broker.port
        assert kept(other) == VALUES


def test_the_log_of_the_run_before_is_kept(broker: Broker) -> None:
    broker.start()
    broker.stop()
    before = broker.log_path.read_bytes()
    broker.start()
    assert broker.log_path.with_name("kafka.log.1").read_bytes() == before


def test_the_session_broker_serves_groups(kafka: Broker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}ticks"
    seed(kafka, topic)
    group = f"{topic_prefix}group"
    values = asyncio.run(consume(kafka.bootstrap_servers, topic, len(VALUES), group))
    assert values == VALUES


def test_messages_of_thirty_megabytes_pass(kafka: Broker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}frames"
    large = os.urandom(30 * 1024 * 1024)
    asyncio.run(create(kafka.bootstrap_servers, topic))
    asyncio.run(produce(kafka.bootstrap_servers, topic, [large]))
    assert asyncio.run(consume(kafka.bootstrap_servers, topic, 1)) == [large]


def test_only_this_machine_is_served(kafka: Broker) -> None:
    settings = (kafka.data_dir / "server.properties").read_text().splitlines()
    listeners = [line for line in settings if "listeners=" in line]
    assert listeners
    assert all("//127.0.0.1:" in endpoint for line in listeners for endpoint in line.split(","))


def test_topics_are_not_made_by_accident(kafka: Broker, topic_prefix: str) -> None:
    async def topics_after_a_typo() -> list[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await admin.start()
        try:
            await admin.describe_topics([f"{topic_prefix}typo"])
            return list(await admin.list_topics())
        finally:
            await admin.close()

    assert f"{topic_prefix}typo" not in asyncio.run(topics_after_a_typo())


@pytest.mark.parametrize("which", ["port", "controller_port"])
def test_a_port_in_use(tmp_path: Path, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        error = error_of(Broker(tmp_path, **{"port": 0, which: port}))
    assert error.what == f"port {port} on 127.0.0.1 is in use"
    assert error.cure == ("stop what listens there, or choose another with --port / embedded.port")


def test_a_data_folder_in_use(kafka: Broker) -> None:
    error = error_of(Broker(kafka.data_dir, port=0))
    assert error.what == (
        f"the data folder {kafka.data_dir} is in use by the Kafka with process id {kafka.pid}"
    )


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    error = error_of(Broker(folder, port=0))
    assert error.what == f"cannot write Kafka's data folder {folder} (Not a directory)"
    assert error.cure == "choose another folder, or fix its permissions"


@pytest.mark.parametrize(
    "content",
    ["", "garbage", "version=9\nnode.id=1\n", "version=1\nnode.id=7\ncluster.id=another\n"],
    ids=["empty", "garbage", "another version", "another node"],
)
def test_data_of_another_kafka(broker: Broker, content: str) -> None:
    folder = broker.data_dir / "log"
    folder.mkdir(parents=True)
    (folder / "meta.properties").write_text(content)
    error = error_of(broker)
    assert f"the data in {broker.data_dir} are damaged or of another version (" in error.what
    assert f"move {folder} away" in error.cure
    assert (folder / "meta.properties").read_text() == content


def test_half_a_format_is_begun_again(broker: Broker) -> None:
    half = broker.data_dir / "log.new"
    half.mkdir(parents=True)
    (half / "meta.properties").write_text("half")
    broker.start()
    assert not half.exists()


def test_an_early_end_names_kafkas_reason_and_its_log(tmp_path: Path) -> None:
    broker = Broker(tmp_path, port=0)
    broker.start()
    broker.stop()
    broken = Broker(tmp_path, port=0, overrides={"num.io.threads": "many"})
    error = error_of(broken)
    assert error.what == (
        "Kafka ended while it started: Invalid value many for configuration num.io.threads: "
        "Not a number of type INT"
    )
    assert error.cure == f"see {broken.log_path}"


def test_a_format_that_fails_names_kafkas_reason(tmp_path: Path) -> None:
    error = error_of(Broker(tmp_path, port=0, overrides={"num.io.threads": "many"}))
    assert error.what.startswith(f"Kafka could not format {tmp_path}: ")
    assert "num.io.threads" in error.what


def test_a_start_that_takes_too_long(broker: Broker) -> None:
    error = error_of(broker, timeout=0)
    assert error.what.startswith("Kafka did not answer within 0 s: ")
    broker.start()
    assert broker.pid


def test_the_data_folder_is_free_again_after_a_failed_start(broker: Broker) -> None:
    error_of(broker, timeout=0)
    with Broker(broker.data_dir, port=0) as other:
        assert other.pid


PARENT = """
import signal, sys, threading
from pathlib import Path
from streams.embedded import Broker
broker = Broker(Path(sys.argv[1]), port=0)
starting = threading.Thread(target=broker.start)  # Kafka outlives the thread that starts it ...
starting.start()
starting.join()
print(broker.pid, broker.port, flush=True)
signal.pause()
"""


def test_kafka_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pid, port = map(int, parent.stdout.readline().split())
        socket.create_connection(("127.0.0.1", port)).close()
        assert os.getpgid(pid) == pid  # ... and Ctrl-C in the terminal does not reach it
        parent.kill()  # ... but not the process
        assert wait_for_end(pid)
    with Broker(tmp_path, port=0) as again:
        assert again.pid


def test_a_long_running_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    from streams.embedded import logs

    log = tmp_path / "kafka.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        logs.trim(log, limit=100)
        assert log.stat().st_size == 100
        writer.write(b"y")
        logs.trim(log, limit=100)
        writer.write(b"z")
    assert log.read_bytes() == b"z"
    assert log.with_name("kafka.log.1").read_bytes() == b"x" * 100 + b"y"


def test_a_stop_is_orderly_long_before_it_would_become_a_kill(broker: Broker) -> None:
    """0.3 s; 2.5 s where Java writes its class archive; it is killed after ten."""
    broker.start()
    broker.stop()
    assert (broker.data_dir / "log" / ".kafka_cleanshutdown").exists()
