"""Frames from librdkafka's C interface, gathered by gather.c: no object is made for a record."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from ctypes import c_int64, c_void_p
from functools import cache
from pathlib import Path

import numpy as np
from faust.types import TP

from config.settings import Kafka
from streams.batches import Batch
from streams.frames.library import WITHOUT_CLOSE, Library, library
from streams.frames.packed import Cells, Packed, PackedBatch
from streams.frames.properties import properties
from streams.frames.refusing import refused, unusable
from streams.frames.source import MOST_BYTES, MOST_RECORDS, Follower

log = logging.getLogger("librdkafka")

FILE = Path(__file__).with_name("libgather.so")
VERSION = 1  # of gather.c
#: Bytes that are copied before the event loop has its turn.
_MOST_AT_ONCE = 16 << 20
_MOST_TOPICS = 3  # of one worker
_LINE_FEED = 1


class _Functions(ctypes.Structure):
    """``library`` of gather.c."""

    _fields_ = [
        (name, c_void_p) for name in ("consume", "destroy", "timestamp", "headers", "header")
    ]


class _Taken(ctypes.Structure):
    """``taken`` of gather.c."""

    _fields_ = [(name, c_int64) for name in ("count", "values", "keys", "headers", "error")]


class _Columns(ctypes.Structure):
    """``columns`` of gather.c."""

    _fields_ = [
        (name, c_void_p)
        for name in ("values", "keys", "headers", "offsets", "timestamps", "value_lengths",
                     "key_lengths")
    ]  # fmt: skip


class Gather:
    """The two libraries, and room for the messages of one batch."""

    def __init__(self, rd: Library, compiled: ctypes.CDLL) -> None:
        self._take, self._copy = compiled.gather_take, compiled.gather_copy
        self._take.argtypes = [c_void_p, c_void_p, c_void_p, c_int64, c_int64, c_void_p]
        self._copy.argtypes = [c_void_p, c_void_p, c_int64, c_void_p]
        self._take.restype = self._copy.restype = None
        names = ("consume_batch_queue", "message_destroy", "message_timestamp", "message_headers",
                 "header_get_all")  # fmt: skip
        self._functions = _Functions(*map(rd.address, names))
        self._messages = (c_void_p * MOST_RECORDS)()
        self._taken = _Taken()

    def batch(self, queue: int) -> tuple[PackedBatch | None, int, int]:
        """What is in a queue: a batch, its bytes, and the code of an error that was among it."""
        functions, taken = ctypes.byref(self._functions), self._taken
        self._take(functions, queue, self._messages, MOST_RECORDS, MOST_BYTES, ctypes.byref(taken))
        count, error = int(taken.count), int(taken.error)
        if not count:
            return None, 0, error
        offsets, timestamps, value_lengths, key_lengths = np.empty((4, count), np.int64)
        values, keys = bytearray(taken.values + count - 1), bytearray(taken.keys)
        headers = bytearray(taken.headers)
        places = [_address(part) for part in (values, keys, headers)]
        places += [column.ctypes.data for column in
                   (offsets, timestamps, value_lengths, key_lengths)]  # fmt: skip
        self._copy(functions, self._messages, count, ctypes.byref(_Columns(*places)))
        packed = Packed(
            offsets,
            timestamps,
            Cells(values, value_lengths, _LINE_FEED),
            Cells(keys, key_lengths, 0),
            bytes(headers),
        )
        return PackedBatch(packed), len(values) + len(keys) + len(headers), error


def _address(buffer: bytearray) -> int:
    return np.ndarray(len(buffer), np.uint8, buffer).ctypes.data


@cache
def compiled() -> ctypes.CDLL | None:
    """What gather.c was compiled to, if it was, and from this version of it."""
    with suppress(OSError, AttributeError):
        found = ctypes.CDLL(str(FILE))
        if found.gather_version() == VERSION:
            return found
    return None


class Gathered(Follower):
    """Each partition has a queue of its own; nothing waits but for the pipe that tells of records.

    A partition that is not active keeps what was fetched of it, and is fetched no further.
    """

    def __init__(self, kafka: Kafka) -> None:
        """Raises StreakwatchError when librdkafka cannot do what the configuration asks for."""
        super().__init__()
        rd, made = library(), compiled()
        if rd is None or made is None:
            raise unusable("gather.c is not compiled")
        self._rd, self._gather = rd, Gather(rd, made)
        options = properties(kafka, queues=_MOST_TOPICS * kafka.partitions)
        self._handle: int | None = rd.consumer(options | {"log.queue": "true"})
        self._log = rd.queue_new(self._handle)
        rd.set_log_queue(self._handle, self._log)
        self._pipe = os.pipe()
        for end in self._pipe:
            os.set_blocking(end, False)
        self._common = rd.queue_get_consumer(self._handle)
        self._queues: dict[TP, int] = {}
        self._turns: deque[TP] = deque()
        self._came: asyncio.Future[None] | None = None
        self._watch(self._common)

    async def poll(
        self,
        positions: Mapping[TP, int],
        active: Collection[TP],
        timeout: float,  # noqa: ASYNC109
    ) -> Mapping[TP, Batch]:
        """See :class:`streams.frames.source.Source`."""
        if self._handle is None:
            return {}
        self._follow(positions)
        batches = self._take(active)
        if not batches:
            await self._wait(timeout)
            batches = self._take(active)
        self._handed_on(batches)
        return batches

    def close(self) -> None:
        """See :class:`streams.frames.source.Source`."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        self._wake()
        for queue in (*self._queues.values(), self._common, self._log):
            self._rd.queue_io_event_enable(queue, -1, None, 0)
            self._rd.queue_destroy(queue)
        self._rd.destroy_flags(handle, WITHOUT_CLOSE)
        for end in self._pipe:
            os.close(end)

    # --- what has come --------------------------------------------------------------------------

    def _take(self, active: Collection[TP]) -> dict[TP, Batch]:
        """Each partition in its turn; who was left out begins the next time."""
        batches: dict[TP, Batch] = {}
        if self._handle is None:
            return batches
        self._tell()
        total, failed = 0, 0
        for _ in range(len(self._turns)):
            if total >= _MOST_AT_ONCE:
                break
            tp = self._turns[0]
            self._turns.rotate(-1)
            if tp in active:
                batch, size, error = self._gather.batch(self._queues[tp])
                total, failed = total + size, error or failed
                if batch is not None:
                    batches[tp] = batch
        if failed and not batches:
            refused(failed, self._rd.err2str(failed).decode())
        return batches

    async def _wait(self, timeout: float) -> None:  # noqa: ASYNC109
        """Until something comes into a queue that was empty."""
        loop = asyncio.get_running_loop()
        self._came = loop.create_future()
        loop.add_reader(self._pipe[0], self._wake)
        try:
            await asyncio.wait([self._came], timeout=timeout)
        finally:
            self._wake()
        if self._handle is not None:
            with suppress(BlockingIOError):
                os.read(self._pipe[0], 4096)

    def _wake(self) -> None:
        came, self._came = self._came, None
        if came is not None:
            came.get_loop().remove_reader(self._pipe[0])
            came.set_result(None)

    def _tell(self) -> None:
        """Hand librdkafka's warnings to the log, and let go of what concerns no partition."""
        self._gather.batch(self._common)
        while event := self._rd.queue_poll(self._log, 0):
            facility, text, level = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_int()
            self._rd.event_log(event, facility, text, level)
            log.warning("%s", (text.value or b"").decode("utf-8", "replace"))
            self._rd.event_destroy(event)

    # --- what is fetched ------------------------------------------------------------------------

    def _assign(self, positions: Mapping[TP, int]) -> None:
        for tp in positions.keys() - self._queues.keys():
            self._open(tp)
        with self._list(positions) as those:
            self._done(self._rd.incremental_assign(self._handle, those))

    def _unassign(self, partitions: Collection[TP]) -> None:
        with self._list(dict.fromkeys(partitions, 0)) as those:
            self._done(self._rd.incremental_unassign(self._handle, those))
        for tp in partitions:
            self._gather.batch(self._queues[tp])  # what was fetched before is not kept

    def _open(self, tp: TP) -> None:
        """A queue for the partition alone."""
        queue = self._rd.queue_get_partition(self._handle, tp.topic.encode(), tp.partition)
        self._rd.queue_forward(queue, None)
        self._watch(queue)
        self._queues[tp] = queue
        self._turns.append(tp)

    def _watch(self, queue: int) -> None:
        self._rd.queue_io_event_enable(queue, self._pipe[1], b"1", 1)

    @contextmanager
    def _list(self, positions: Mapping[TP, int]) -> Iterator[int]:
        those: int = self._rd.topic_partition_list_new(len(positions))
        try:
            for tp, at in positions.items():
                name = tp.topic.encode()
                self._rd.topic_partition_list_add(those, name, tp.partition)
                self._rd.topic_partition_list_set_offset(those, name, tp.partition, at)
            yield those
        finally:
            self._rd.topic_partition_list_destroy(those)

    def _done(self, error: int | None) -> None:
        if error is not None:
            text = self._rd.error_string(error).decode("utf-8", "replace")
            self._rd.error_destroy(error)
            raise unusable(text)
