"""The records of a batch that have a header, whatever the batch is made of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.batches import Batch, Records, Single
from streams.frames.librdkafka import Messages
from streams.frames.packed import Cells, Packed, PackedBatch

HEADER = ("kind", b"a")
ONES = st.sampled_from([HEADER, ("kind", b"b"), ("other", b"a"), ("a", b""), ("kind", None)])
HEADERS = st.lists(st.lists(ONES, max_size=3), min_size=1, max_size=12)


def of_objects(headers: list[Any]) -> Batch:
    return Records([Single(at, 0, None, b"", tuple(one)) for at, one in enumerate(headers)])


def of_messages(headers: list[Any]) -> Batch:
    messages: list[Any] = [SimpleNamespace(headers=lambda h=h: h or None) for h in headers]
    return Messages(messages, [b""] * len(headers))


def of_buffers(headers: list[Any]) -> Batch:
    nothing = np.zeros(len(headers), np.int64)
    packed = b"".join(
        np.array([at, len(name), -1 if value is None else len(value)]).tobytes()
        + name.encode()
        + (value or b"")
        for at, some in enumerate(headers)
        for name, value in some
    )
    values = Cells(b"\n" * (len(headers) - 1), nothing, 1)
    return PackedBatch(Packed(nothing, nothing, values, Cells(b"", nothing, 0), packed))


@pytest.mark.parametrize("of", [of_objects, of_messages, of_buffers])
@given(HEADERS, st.integers(0, 12), st.integers(0, 12))
def test_the_records_that_have_a_header(of: Any, headers: Any, first: int, last: int) -> None:
    part = of(headers)[first:last]
    expected = [at for at, some in enumerate(headers[first:last]) if HEADER in some]
    assert part.having(*HEADER) == expected
