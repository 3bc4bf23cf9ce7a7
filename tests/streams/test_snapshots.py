"""A snapshot is read back whole or not at all."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams import snapshots
from streams.records import Place, Topic
from streams.snapshots import Snapshot, Snapshots, decode, encode, snapshot_key

PLACE = Place(Topic.CLOSES, 2)
STATES = st.dictionaries(
    st.text(max_size=5),
    st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=4),
    max_size=4,
)
SNAPSHOTS = st.builds(
    Snapshot,
    st.just("watcher"),
    st.just(PLACE),
    st.integers(0, 2**63 - 1),
    st.text("0123456789abcdef", min_size=16, max_size=16),
    STATES,
)
AN_EXAMPLE = Snapshot("watcher", PLACE, 1_234_567, "0123456789abcdef", {"a": [1, 2, 3]})


@given(SNAPSHOTS)
def test_round_trip(snapshot: Snapshot) -> None:
    assert decode("watcher", PLACE, encode(snapshot)) == snapshot


@given(SNAPSHOTS, st.data())
def test_a_flipped_bit_never_gives_another_snapshot(snapshot: Snapshot, data: Any) -> None:
    """None; or the same, where white space became other white space."""
    damaged = bytearray(encode(snapshot))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    assert decode("watcher", PLACE, bytes(damaged)) in (None, snapshot)


@pytest.mark.parametrize("field", [b'"cursor": 123456', b'"definition": "012345'])
def test_a_damaged_head_is_noticed(field: bytes) -> None:
    """A wrong cursor would pass records over, or fold them twice."""
    value = encode(AN_EXAMPLE)
    assert field in value
    damaged = value.replace(field, field[:-1] + b"9")
    assert decode("watcher", PLACE, damaged) is None


@given(SNAPSHOTS, st.data())
def test_truncation_gives_none(snapshot: Snapshot, data: Any) -> None:
    value = encode(snapshot)
    assert decode("watcher", PLACE, value[: data.draw(st.integers(0, len(value) - 1))]) is None


@given(st.binary(max_size=200))
@example(b"[]\n")
@example(b"null\n")
@example(b'{"format":1}\n')
@example(b'{"format":1,"crc":0,"cursor":1e999,"definition":""}\n')
def test_any_bytes_are_a_snapshot_or_none(value: bytes) -> None:
    assert decode("watcher", PLACE, value) is None


def test_another_format_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    value = encode(AN_EXAMPLE)
    monkeypatch.setattr(snapshots, "FORMAT", snapshots.FORMAT + 1)
    assert decode("watcher", PLACE, value) is None


def test_a_state_that_is_not_compressed_json_gives_none() -> None:
    head = json.loads(encode(AN_EXAMPLE).partition(b"\n")[0])
    for state in (b"plain", zlib.compress(b"{")):
        head["crc"] = zlib.crc32(state)
        assert decode("watcher", PLACE, json.dumps(head).encode() + b"\n" + state) is None


async def test_the_newest_is_the_one_with_the_highest_cursor(harness: Any) -> None:
    for cursor in (5, 9, 7):
        await harness.snapshots.write(Snapshot("f", PLACE, cursor, "d", {"at": cursor}))
    newest = await harness.snapshots.newest("f", PLACE, "d")
    assert (newest.cursor, newest.state) == (9, {"at": 9})
    (first, *_) = harness.outbox.sent
    assert (first.topic, first.key, first.partition) == (Topic.SNAPSHOTS, b"f/closes-2", 2)
    assert snapshot_key("f", PLACE) == b"f/closes-2"


async def test_only_usable_snapshots_are_found(harness: Any) -> None:
    other = Place(Topic.WATCH, 2)
    await harness.snapshots.write(Snapshot("f", PLACE, 4, "d", {}))
    await harness.snapshots.write(Snapshot("f", PLACE, 90, "another definition", {}))
    await harness.snapshots.write(Snapshot("another fold", PLACE, 91, "d", {}))
    await harness.snapshots.write(Snapshot("f", other, 92, "d", {}))
    place = Place(Topic.SNAPSHOTS, 2)
    harness.log.append(place, b"damaged", None, key=snapshot_key("f", PLACE))
    assert (await harness.snapshots.newest("f", PLACE, "d")).cursor == 4
    assert await harness.snapshots.newest("f", PLACE, "unknown") is None
    assert await harness.snapshots.newest("f", Place(Topic.CLOSES, 0), "d") is None


async def test_looks_back_as_far_as_it_must_and_no_further(harness: Any) -> None:
    await harness.snapshots.write(Snapshot("rare", PLACE, 1, "d", {}))
    for cursor in range(700):
        await harness.snapshots.write(Snapshot("busy", PLACE, cursor, "d", {}))
    harness.log.reads.clear()
    assert (await harness.snapshots.newest("busy", PLACE, "d")).cursor == 699
    assert [(start, end) for _, start, end in harness.log.reads] == [(637, 701)]
    assert (await harness.snapshots.newest("rare", PLACE, "d")).cursor == 1


async def test_what_is_too_large_is_not_written(
    harness: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(snapshots, "MAX_BYTES", 50)
    assert not await Snapshots(harness.log, harness.outbox).write(AN_EXAMPLE)
    assert harness.outbox.sent == []
    assert "more than one record holds" in caplog.text
