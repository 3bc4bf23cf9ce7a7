"""The outbox: all acknowledged, in order, whatever it takes; or an error that says what to do."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
)

from streams import outbox
from streams.outbox import KafkaOutbox, TooLargeError
from streams.records import Output, Topic


class FakeProducer:
    """Refuses as it is told, by the value of a record; each refusal once."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int | None]] = []
        self.when_sent: dict[bytes, Exception] = {}
        self.when_acked: dict[bytes, Exception] = {}

    async def send(self, topic: str, *, value: bytes, **fields: Any) -> asyncio.Future[None]:
        if value in self.when_sent:
            raise self.when_sent.pop(value)
        acked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if value in self.when_acked:
            acked.set_exception(self.when_acked.pop(value))
        else:
            self.sent.append((topic, value, fields["partition"]))
            acked.set_result(None)
        return acked


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> FakeProducer:
    monkeypatch.setattr(outbox, "_FIRST_PAUSE", 0.0)
    return FakeProducer()


OUTPUTS = [Output(Topic.ALERTS, b"k", value, 2) for value in (b"1", b"2", b"3")]


def values(producer: FakeProducer) -> list[bytes]:
    return [value for _, value, _ in producer.sent]


async def test_in_order_to_where_they_belong(producer: FakeProducer) -> None:
    await KafkaOutbox(lambda: producer.send, "desk-").send(OUTPUTS)
    assert producer.sent == [("desk-alerts", value, 2) for value in (b"1", b"2", b"3")]


@pytest.mark.parametrize("when", ["when_sent", "when_acked"])
@pytest.mark.parametrize("error", [KafkaConnectionError(), OutOfOrderSequenceNumber()])
async def test_a_batch_is_sent_again_whole(
    producer: FakeProducer, when: str, error: Exception
) -> None:
    getattr(producer, when)[b"2"] = error
    await KafkaOutbox(lambda: producer.send, "").send(OUTPUTS)
    assert values(producer)[-3:] == [b"1", b"2", b"3"]


async def test_what_is_too_large_is_not_tried_for_ever(producer: FakeProducer) -> None:
    producer.when_sent[b"2"] = MessageSizeTooLargeError()
    with pytest.raises(TooLargeError):
        await KafkaOutbox(lambda: producer.send, "").send(OUTPUTS)


async def test_a_long_wait_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, eventually: Any
) -> None:
    monkeypatch.setattr(outbox, "_PATIENCE", 0.0)
    free = asyncio.Event()

    async def slow(*_: Any, **__: Any) -> asyncio.Task[bool]:
        return asyncio.create_task(free.wait())

    with caplog.at_level(logging.WARNING, "streams.outbox"):
        sending = asyncio.create_task(KafkaOutbox(lambda: slow, "").send(OUTPUTS))
        await eventually(lambda: caplog.records)
        free.set()
        await sending
    assert [record.getMessage() for record in caplog.records] == [
        "waiting: the broker has not taken 3 records for alerts in 0 s"
    ]
