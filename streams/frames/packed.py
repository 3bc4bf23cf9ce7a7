"""A batch whose records lie in buffers; one of them becomes an object only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from streams.batches import Batch, Column, Single, Values
from streams.records import Record

_HEAD = 24  # three int64: the record's number, the length of the name, that of the value


@dataclass(frozen=True, slots=True)
class Cells:
    """Byte strings in one buffer with ``gap`` bytes between two; null where the length is -1."""

    buffer: bytes | bytearray | memoryview
    lengths: Column
    gap: int

    def edges(self) -> tuple[Column, Column]:
        """Where each starts and ends, int64 of shape (n,)."""
        lengths = np.maximum(self.lengths, 0)
        ends = np.cumsum(lengths + self.gap) - self.gap
        return ends - lengths, ends

    def between(self, starts: Column, ends: Column, span: slice) -> Iterator[bytes | None]:
        """Those of a span, whose edges are known."""
        edges = zip(starts[span].tolist(), ends[span].tolist(), strict=True)
        for (start, end), length in zip(edges, self.lengths[span].tolist(), strict=True):
            yield None if length < 0 else bytes(self.buffer[start:end])


@dataclass(frozen=True, slots=True)
class Packed:
    """What was gathered, before anything is made of it; ``headers`` as gather.c writes them."""

    offsets: Column
    timestamps: Column
    values: Cells
    keys: Cells
    headers: bytes


class _Shared:
    """What a batch and its slices have in common, worked out once and only when needed."""

    def __init__(self, packed: Packed) -> None:
        self.packed = packed

    @cached_property
    def values(self) -> Values:
        return Values(self.packed.values.buffer, *self.packed.values.edges())

    @cached_property
    def keys(self) -> tuple[Column, Column]:
        return self.packed.keys.edges()

    @cached_property
    def headers(self) -> dict[int, list[tuple[str, bytes]]]:
        return _unpack(self.packed.headers)


class PackedBatch(Batch):
    """Consecutive records of those that were gathered; all slices share the buffers."""

    def __init__(self, packed: Packed) -> None:
        self._shared = _Shared(packed)
        self._range = range(len(packed.offsets))

    def _sliced(self, numbers: range) -> PackedBatch:
        if numbers.step != 1:
            raise ValueError("a slice of a batch has no step")
        part = PackedBatch.__new__(PackedBatch)
        part._shared, part._range = self._shared, numbers
        return part

    def __len__(self) -> int:
        return len(self._range)

    def _part(self, part: slice) -> Batch:
        return self._sliced(self._range[part])

    def _one(self, at: int) -> Record:
        number = self._range[at]
        return next(iter(self._sliced(range(number, number + 1))))

    def __iter__(self) -> Iterator[Record]:
        shared, packed, span = self._shared, self._shared.packed, self._span
        offsets, timestamps = packed.offsets[span].tolist(), packed.timestamps[span].tolist()
        keys = packed.keys.between(*shared.keys, span)
        values = packed.values.between(shared.values.starts, shared.values.ends, span)
        for number, offset, timestamp, key, value in zip(
            self._range, offsets, timestamps, keys, values, strict=True
        ):
            headers = tuple(shared.headers.get(number, ()))
            yield Single(offset, timestamp, key, value, headers)

    @property
    def _span(self) -> slice:
        return slice(self._range.start, self._range.stop)

    @property
    def offsets(self) -> Column:
        """See :class:`streams.batches.Batch`."""
        return self._shared.packed.offsets[self._span]

    @property
    def timestamps(self) -> Column:
        """See :class:`streams.batches.Batch`."""
        return self._shared.packed.timestamps[self._span]

    @property
    def values(self) -> Values:
        """See :class:`streams.batches.Batch`."""
        values = self._shared.values
        return Values(values.buffer, values.starts[self._span], values.ends[self._span])


def _unpack(packed: bytes) -> dict[int, list[tuple[str, bytes]]]:
    """Headers by the number of their record."""
    found: dict[int, list[tuple[str, bytes]]] = {}
    at = 0
    while at < len(packed):
        number, name, value = (int(n) for n in np.frombuffer(packed, np.int64, 3, at))
        middle = at + _HEAD + name
        at = middle + max(value, 0)
        text = packed[middle - name : middle].decode("utf-8", "replace")
        found.setdefault(number, []).append((text, packed[middle:at] if value >= 0 else None))  # type: ignore[arg-type]
    return found
