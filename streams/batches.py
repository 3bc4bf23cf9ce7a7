"""Batches: consecutive records of one partition, as columns and one by one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import overload

import numpy as np
import numpy.typing as npt

from streams.records import Headers, Record

Column = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Single:
    """One record of a batch; see :class:`streams.records.Record`."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Values:
    """Values of records in one buffer: value i is ``buffer[starts[i]:ends[i]]``.

    Between two neighbours stands one byte, a line feed; a record without a value is empty.
    """

    buffer: bytes | bytearray | memoryview
    starts: Column
    ends: Column


class Batch(Sequence[Record], ABC):
    """Records of one partition by ascending offset; a slice is a batch too."""

    @property
    @abstractmethod
    def offsets(self) -> Column:
        """The offsets, int64 of shape (n,)."""

    @property
    @abstractmethod
    def timestamps(self) -> Column:
        """Milliseconds since 1970, int64 of shape (n,)."""

    @property
    @abstractmethod
    def values(self) -> Values:
        """All values in one buffer."""

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> Batch: ...
    def __getitem__(self, at: int | slice) -> Record | Batch:
        """One record, or consecutive ones (a slice without a step)."""
        return self._part(at) if isinstance(at, slice) else self._one(at)

    @abstractmethod
    def _one(self, at: int) -> Record: ...

    @abstractmethod
    def _part(self, part: slice) -> Batch: ...


class Records(Batch):
    """A batch of records that are objects already."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def _one(self, at: int) -> Record:
        return self._records[at]

    def _part(self, part: slice) -> Batch:
        return Records(self._records[part])

    @cached_property
    def offsets(self) -> Column:
        """See :class:`Batch`."""
        return np.fromiter(map(attrgetter("offset"), self._records), np.int64, len(self))

    @cached_property
    def timestamps(self) -> Column:
        """See :class:`Batch`."""
        return np.fromiter(map(attrgetter("timestamp"), self._records), np.int64, len(self))

    @cached_property
    def values(self) -> Values:
        """See :class:`Batch`."""
        return joined([value or b"" for value in map(attrgetter("value"), self._records)])


def joined(values: Sequence[bytes]) -> Values:
    """Values, joined by line feeds."""
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    ends = np.cumsum(lengths + 1) - 1
    return Values(b"\n".join(values), ends - lengths, ends)


def only(values: Values, places: Column) -> Values:
    """The values in some places, ascending; the same where these are all."""
    if len(places) == len(values.starts):
        return values
    edges = zip(values.starts[places].tolist(), values.ends[places].tolist(), strict=True)
    return joined([bytes(values.buffer[start:end]) for start, end in edges])


def batch(records: Sequence[Record]) -> Batch:
    """A batch of records, which may be one already."""
    return records if isinstance(records, Batch) else Records(records)
