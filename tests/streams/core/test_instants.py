"""Instants of RFC 3339, against the standard library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import instants

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GOOD = {
    "2026-01-22T20:59:59.812Z": 1_769_115_599_812_000_000,
    "2026-01-22T15:59:59.812-05:00": 1_769_115_599_812_000_000,
    "2026-01-22T20:59:59Z": 1_769_115_599_000_000_000,
    "2026-01-22T20:59:59.123456789Z": 1_769_115_599_123_456_789,
    "2024-02-29T00:00:00+23:59": 1_709_078_460_000_000_000,
    "1970-01-01T00:00:00.000000001Z": 1,
    "1969-12-31T23:59:59-00:01": 59_000_000_000,
    "2199-12-31T23:59:59.999999999Z": instants.END - 1,
    "2200-01-01T00:00:00+00:01": instants.END - 60_000_000_000,
}
BAD = [
    *("", "Z", "2026-01-22", "2026-01-22T20:59:59", "2026-01-22T20:59:59.812"),
    *("2026-01-22 20:59:59Z", "2026-01-22t20:59:59Z", "2026-01-22T20:59:59z", "2026-01-22T20:59Z"),
    *("2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2100-02-29T00:00:00Z"),
    *("2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z"),
    *("2026-01-22T24:00:00Z", "2026-01-22T20:60:00Z", "2026-01-22T20:59:60Z"),
    *("2026-01-22T20:59:59.Z", "2026-01-22T20:59:59.1234567890Z", "2026-01-22T20:59:59,5Z"),
    *("2026-01-22T20:59:59-0500", "2026-01-22T20:59:59-05:60", "2026-01-22T20:59:59-24:00"),
    *("2026-01-22T20:59:59 05:00", "2026-01-22T20:59:59.-05:00", "+026-01-22T20:59:59Z"),
    *("２026-01-22T20:59:59Z", "2026-01-22T20:59:59\x00", "2026-01-22T20:59:59ZZ"),
    *("1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"),
    "1800-01-01T00:00:00Z",
]  # fmt: skip


@pytest.mark.parametrize(("text", "instant"), GOOD.items())
def test_good(text: str, instant: int) -> None:
    found, good = instants.parse([text])
    assert (found.tolist(), good.tolist()) == ([instant], [True])


@pytest.mark.parametrize("text", BAD)
def test_bad(text: str) -> None:
    assert instants.parse([text])[1].tolist() == [False]


def test_all_at_once_as_each_alone() -> None:
    texts = [*GOOD, *BAD, *GOOD]
    found, good = instants.parse(texts)
    assert good.tolist() == [text in GOOD for text in texts]
    assert found[good].tolist() == [GOOD[text] for text in texts if text in GOOD]


@given(
    st.integers(1, instants.END - 1),
    st.integers(-1439, 1439),
    st.integers(0, 9),
)
def test_any_instant_in_any_zone(instant: int, minutes: int, digits: int) -> None:
    instant -= instant % 10 ** (9 - digits)
    if instant <= 0:
        return
    seconds, rest = divmod(instant, 10**9)
    zone = timezone(timedelta(minutes=minutes))
    try:
        local = (EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    except OverflowError:
        return
    fraction = f".{rest:09d}"[: digits + 1] if digits else ""
    sign, (hours, more) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{sign}{hours:02d}:{more:02d}"
    found, good = instants.parse([text])
    assert (found.tolist(), good.tolist()) == ([instant], [True])
    assert instants.parse([instants.to_text(instant)])[0].tolist() == [instant]
