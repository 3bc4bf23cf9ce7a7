"""The Arrow streams among the records of a batch, whatever the batch is made of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.batches import Batch, Records, Single
from streams.formats import arrow
from streams.frames.librdkafka import Messages
from streams.frames.packed import Cells, Packed, PackedBatch

(HEADER,) = arrow.HEADERS
ONES = st.sampled_from([HEADER, (HEADER[0], b"text/plain"), ("a", b""), (HEADER[0], None)])
VALUES = st.sampled_from([arrow.MARK, arrow.MARK + b"x", b"\xff", b"{}", b"x", b"", None])
RECORDS = st.lists(st.tuples(VALUES, st.lists(ONES, max_size=3)), min_size=1, max_size=12)
Given = list[tuple[bytes | None, list[Any]]]


def of_objects(records: Given) -> Batch:
    return Records([Single(at, 0, None, value, tuple(headers))
                    for at, (value, headers) in enumerate(records)])  # fmt: skip


def of_messages(records: Given) -> Batch:
    messages: list[Any] = [
        SimpleNamespace(
            headers=lambda h=headers: h or None,
            offset=lambda: 0,
            key=lambda: None,
            timestamp=lambda: (0, 0),
        )
        for _, headers in records
    ]
    return Messages(messages, [value for value, _ in records])


def of_buffers(records: Given) -> Batch:
    nothing = np.zeros(len(records), np.int64)
    headers = [some for _, some in records]
    values = [value for value, _ in records]
    packed = b"".join(
        np.array([at, len(name), -1 if value is None else len(value)]).tobytes()
        + name.encode()
        + (value or b"")
        for at, some in enumerate(headers)
        for name, value in some
    )
    lengths = np.array([-1 if value is None else len(value) for value in values])
    cells = Cells(b"\n".join(value or b"" for value in values), lengths, 1)
    return PackedBatch(Packed(nothing, nothing, cells, Cells(b"", nothing, 0), packed))


@pytest.mark.parametrize("of", [of_objects, of_messages, of_buffers])
@given(RECORDS, st.integers(0, 12), st.integers(0, 12))
def test_the_records_that_are_streams(of: Any, records: Given, first: int, last: int) -> None:
    part = of(records)[first:last]
    expected = [
        at
        for at, (value, headers) in enumerate(records[first:last])
        if (value or b"").startswith(arrow.MARK) or (HEADER in headers and value != b"{}")
    ]
    assert arrow.streams_of(part) == expected
