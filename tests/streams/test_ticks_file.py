"""Every row of a file of ticks is read as a worker would, or refused with its line and reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.errors import UsageError
from streams.closes_file import Refusal
from streams.core.instants import parse
from streams.plans import BarsPlan
from streams.ticks_file import TicksRead, read

PLAN = BarsPlan(("RUT", "SPX"), frozenset(), {("XNYS", "1d"): (0, 1)}, frozenset(), 0, 5 * 10**9, 0)
NOW_MS = 1_769_200_000_000  # 2026-01-23T20:26:40Z

HEADER = "symbol,time,price,size\n"


def file(folder: Path, content: str | bytes, name: str = "ticks.csv") -> TicksRead:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, PLAN, NOW_MS)


def test_ticks_are_ordered_by_time_and_the_later_line_comes_last(tmp_path: Path) -> None:
    found = file(
        tmp_path,
        HEADER + "RUT,2026-01-22T20:00:01Z,1.5,10\nSPX,2026-01-22T15:00:00-05:00,2,\n\n"
        "RUT,2026-01-22T20:00:00Z,3,1\nother,2026-01-22T20:00:00Z,x,1\n",
    )
    assert found.ticks.symbols.tolist() == [1, 0, 0]
    assert found.ticks.prices.tolist() == [2_000_000, 3_000_000, 1_500_000]
    second = parse(["2026-01-22T20:00:00Z", "2026-01-22T20:00:01Z"])[0]
    assert found.ticks.instants.tolist() == [second[0], second[0], second[1]]
    assert (found.refused, found.unwatched) == ([], 1)


def test_rows_that_are_no_ticks_are_refused_with_their_lines(tmp_path: Path) -> None:
    found = file(
        tmp_path,
        HEADER + "RUT,2026-01-22T20:00:01,1.5,10\nRUT,2026-01-22T20:00:01Z,1.1234567,\n"
        "RUT,2026-01-24T20:00:01Z,1.5,\nRUT,2026-01-22T22:00:01Z,1.5,\n"
        "RUT\nRUT,2026-01-22T20:00:01Z,1.5,\n",
    )
    assert [one.line for one in found.refused] == [2, 3, 4, 5, 6]
    assert found.refused[3] == Refusal(5, "there is no trading at that time")
    assert found.ticks.prices.tolist() == [1_500_000]


def test_lines_of_json(tmp_path: Path) -> None:
    tick = {"symbol": "RUT", "time": "2026-01-22T20:00:01Z", "price": 1.5}
    lines = [tick, tick | {"price": "x"}, {"due": "2026-01-22T20:00:01Z"}, tick | {"price": 2}]
    lines += [tick | {"time": "2026-01-23T20:30:00Z"}]
    content = "\n".join(["", *map(json.dumps, lines), "rubbish"])
    found = file(tmp_path, content, "ticks.jsonl")
    assert found.ticks.prices.tolist() == [1_500_000, 2_000_000]
    assert [one.line for one in found.refused] == [3, 4, 6, 7]
    assert [one.reason for one in found.refused][1:3] == [
        "no tick, but a time that is due",
        "the time lies in the future",
    ]


def test_more_than_is_read_at_once(tmp_path: Path) -> None:
    rows = [f"RUT,2026-01-22T20:00:00.{number:06d}Z,{number + 1}" for number in range(10_000)]
    rows[5000] = "rubbish"
    found = file(tmp_path, "symbol,time,price\n" + "\n".join(rows))
    assert len(found.ticks.symbols) == 9999
    assert [one.line for one in found.refused] == [5002]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "the header is ''"),
        ("symbol,price\n", "the header is 'symbol,price'"),
        ("symbol,time,price,price\n", "the header is 'symbol,time,price,price'"),
        (b"symbol,time,price\n\xff", "not UTF-8"),
        ('symbol,time,price\n"x', "not CSV"),
    ],
)
def test_files_that_cannot_be_used(content: str | bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=what):
        file(tmp_path, content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read(tmp_path / "ticks.csv", PLAN, NOW_MS)
