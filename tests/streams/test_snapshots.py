"""A snapshot is read back whole or not at all."""

from __future__ import annotations

import itertools
import json
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams import snapshots
from streams.records import Place, Topic
from streams.snapshots import Snapshot, Snapshots, UnusableError, decode, encode, snapshot_key

PLACE = Place(Topic.CLOSES, 2)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
STATES = st.dictionaries(
    st.text(max_size=5),
    INTEGERS | st.text(max_size=5) | st.binary(max_size=9) | st.lists(INTEGERS, max_size=4),
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


KEY = snapshot_key("watcher", PLACE)
ANOTHER = f"it has the format 9, and this version reads {snapshots.FORMAT}"


def one(value: bytes) -> Snapshot:
    return decode("watcher", PLACE, [(KEY, value)])


def encoded(snapshot: Snapshot) -> bytes:
    ((key, value),) = encode(snapshot)
    assert key == KEY
    return value


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PART_BYTES", 10)


@given(SNAPSHOTS, st.integers(1, 400), st.integers(0, 1))
def test_round_trip(snapshot: Snapshot, part_bytes: int, slot: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "PART_BYTES", part_bytes)
        assert decode("watcher", PLACE, encode(snapshot, slot)) == snapshot


@given(SNAPSHOTS, st.integers(1, 400), st.data())
def test_a_flipped_bit_never_gives_another_snapshot(
    snapshot: Snapshot, part_bytes: int, data: Any
) -> None:
    """An error; or the same, where white space became other white space."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "PART_BYTES", part_bytes)
        records = encode(snapshot)
    which = data.draw(st.integers(0, len(records) - 1))
    key, value = records[which]
    damaged = bytearray(value)
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    records[which] = (key, bytes(damaged))
    with suppress(UnusableError):
        assert decode("watcher", PLACE, records) == snapshot


@pytest.mark.parametrize("field", [b'"cursor": 123456', b'"definition": "012345'])
def test_a_damaged_head_is_noticed(field: bytes) -> None:
    """A wrong cursor would pass records over, or fold them twice."""
    value = encoded(AN_EXAMPLE)
    assert field in value
    with pytest.raises(UnusableError, match="it is damaged"):
        one(value.replace(field, field[:-1] + b"9"))


@given(SNAPSHOTS, st.data())
def test_what_is_truncated_is_damaged(snapshot: Snapshot, data: Any) -> None:
    value = encoded(snapshot)
    with pytest.raises(UnusableError, match="it is damaged"):
        one(value[: data.draw(st.integers(0, len(value) - 1))])


@given(st.binary(max_size=200))
@example(b"[]\n")
@example(b"null\n")
@example(b'{"format":1}\n')
@example(b'{"format":1,"crc":0,"cursor":1e999,"definition":""}\n')
def test_any_bytes_are_a_snapshot_or_not_used(value: bytes) -> None:
    with pytest.raises(UnusableError):
        one(value)


def test_another_format_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "FORMAT", 9)
    value = encoded(AN_EXAMPLE)
    monkeypatch.undo()
    with pytest.raises(UnusableError, match=ANOTHER):
        one(value)


async def test_the_format_that_was_json_is_not_used(
    harness: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The log is folded from its beginning instead."""
    state = zlib.compress(b'{"a":{"dtype":"int64","array":"AAAA"}}', 1)
    head = {"format": 2, "cursor": 1, "definition": "d"}
    head["crc"] = zlib.crc32(state, zlib.crc32(json.dumps(head, sort_keys=True).encode()))
    value = json.dumps(head).encode() + b"\n" + state
    harness.log.append(Place(Topic.SNAPSHOTS, 2), value, key=KEY)
    assert await harness.snapshots.newest("watcher", PLACE, "d") is None
    assert ANOTHER.replace("9", "2") in caplog.text


def test_a_state_that_is_not_compressed_messagepack_is_damaged() -> None:
    """Neither is one that is no mapping."""
    for state in (b"plain", zlib.compress(b"\x81\xa1"), zlib.compress(b"\x93\x01\x02\x03")):
        head = {"format": snapshots.FORMAT, "cursor": 1, "definition": "d"}
        head["crc"] = zlib.crc32(state, zlib.crc32(json.dumps(head, sort_keys=True).encode()))
        with pytest.raises(UnusableError, match="it is damaged"):
            one(json.dumps(head).encode() + b"\n" + state)


LARGE = {"many": [str(number) for number in range(50)]}


@pytest.mark.usefixtures("small_parts")
async def test_a_large_state_lies_in_parts_before_its_head(harness: Any) -> None:
    await harness.snapshots.write(Snapshot("f", PLACE, 3, "d", LARGE))
    *parts, head = [output.key for output in harness.outbox.sent]
    assert parts == [b"f/closes-2/0/%d" % number for number in range(len(parts))]
    assert len(parts) > 5
    assert head == b"f/closes-2"
    assert (await harness.snapshots.newest("f", PLACE, "d")).state == LARGE


async def test_a_large_state_does_not_hold_up_the_loop(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressing, and its inverse, are done in a thread; what is small is not worth one."""
    states = {"small": {"column": b"abc"}, "large": {"column": bytes(3 * 1024 * 1024)}}
    jobs: list[str] = []

    async def noted(job: Any, *args: Any) -> Any:
        jobs.append(job.__name__)
        return job(*args)

    monkeypatch.setattr("asyncio.to_thread", noted)
    for name, state in states.items():
        monkeypatch.setattr(snapshots, "PART_BYTES", 1024)
        await harness.snapshots.write(Snapshot(name, PLACE, 3, "d", state))
        monkeypatch.undo()
        monkeypatch.setattr("asyncio.to_thread", noted)
        assert (await harness.snapshots.newest(name, PLACE, "d")).state == state
    assert jobs == ["_records", "snapshot"]


@pytest.mark.usefixtures("small_parts")
async def test_only_what_is_whole_counts(harness: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A worker that dies between parts, or a part that is lost: the one before is used."""
    await harness.snapshots.write(Snapshot("f", PLACE, 3, "d", LARGE))
    whole = len(harness.outbox.sent)
    await harness.snapshots.write(Snapshot("f", PLACE, 9, "d", LARGE | {"more": 1}))
    place = Place(Topic.SNAPSHOTS, 2)
    written = harness.log.records[place]
    for lost in range(whole, len(written)):
        left = [record for record in written if record.offset != lost]
        harness.log.records[place] = compacted(left)
        newest = await harness.snapshots.newest("f", PLACE, "d")
        assert (newest.cursor, newest.state) == (3, LARGE)
    harness.log.records[place] = compacted(written)
    assert (await harness.snapshots.newest("f", PLACE, "d")).cursor == 9


def compacted(records: list[Any]) -> list[Any]:
    """As Kafka keeps them; but of heads both, for the cleaner has not seen the last one yet."""
    return [
        record
        for at, record in enumerate(records)
        if record.key == b"f/closes-2" or all(r.key != record.key for r in records[at + 1 :])
    ]


@pytest.mark.usefixtures("small_parts")
async def test_a_worker_that_takes_over_spares_the_parts_that_it_began_with(harness: Any) -> None:
    for cursor in range(1, 6):
        snapshots = Snapshots(harness.log, harness.outbox)
        newest = await snapshots.newest("f", PLACE, "d")
        assert newest is None or newest.cursor == cursor - 1
        await snapshots.write(Snapshot("f", PLACE, cursor, "d", LARGE))
    slots = [
        output.key.split(b"/")[2] for output in harness.outbox.sent if output.key.count(b"/") > 1
    ]
    assert "".join(s.decode() for s, _ in itertools.groupby(slots)) == "01010"


async def test_what_is_not_used_is_told_with_its_reason(
    harness: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await harness.snapshots.write(Snapshot("f", PLACE, 3, "d", {}))
    monkeypatch.setattr(snapshots, "FORMAT", 9)
    await harness.snapshots.write(Snapshot("f", PLACE, 4, "d", {}))
    monkeypatch.undo()
    harness.log.append(Place(Topic.SNAPSHOTS, 2), b"cut o", key=b"f/closes-2")
    assert (await harness.snapshots.newest("f", PLACE, "d")).cursor == 3
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"a snapshot of f on closes-2 is not used: {why}; an older one is looked for, or the log "
        "folded from its beginning"
        for why in ("it is damaged", ANOTHER)
    ]


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
