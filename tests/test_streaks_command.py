"""``streakwatch streaks``: what it lists, in each form."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from streams.cli.main import run

ROOT = Path(__file__).parents[1]
JANUARY = ROOT / "config/examples/january-2026.csv"
PAIR = ["--asset", "RUT", "--benchmark", "SPX"]
COLUMNS = "asset,benchmark,direction,length,start,end,asset_return,benchmark_return,open"


def listed(capsys: pytest.CaptureFixture[str], *options: str, file: Path = JANUARY) -> list[str]:
    assert run(["streaks", str(file), *PAIR, *options]) == 0
    return capsys.readouterr().out.splitlines()


def test_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, "--format", "csv") == [
        COLUMNS,
        "RUT,SPX,outperforming,14,2026-01-02,2026-01-22,0.095435,0.009912,false",
        "RUT,SPX,underperforming,1,2026-01-23,2026-01-23,-0.018247,0.000327,true",
    ]


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads("".join(listed(capsys, "--format", "json")))
    table = csv.DictReader(io.StringIO("\n".join(listed(capsys, "--format", "csv"))))
    assert [{k: str(v).lower() for k, v in row.items()} for row in rows] == [
        {k: v.lower() for k, v in row.items()} for row in table
    ]


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ((), [14, 1]),
        (("--min-length", "2"), [14]),
        (("--min-length", "99"), []),
        (("--direction", "underperforming"), [1]),
        (("--since", "2026-01-23"), [1]),
        (("--top", "1"), [14]),
        (("--calendar", "XNYS"), [14, 1]),
        (("--calendar", "XNYS", "--missing", "break"), [14, 1]),
        (("--round-returns-to", "0.0001"), [14, 1]),
        (("--round-returns-to", "0.001"), [3, 10, 1]),  # 2026-01-07 becomes a tie
        (("--round-returns-to", "0.001", "--ties", "extend"), [14, 1]),
        (("--round-returns-to", "0.001", "--ties", "skip"), [13, 1]),
    ],
)
def test_what_is_chosen(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], lengths: list[int]
) -> None:
    rows = json.loads("".join(listed(capsys, *options, "--format", "json")))
    assert [row["length"] for row in rows] == lengths


def test_the_newest_row_may_come_first_and_closes_may_be_missing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without the Russell's close of 2026-01-13: held over, or broken."""
    header, *rows = JANUARY.read_text().split()
    rows = [",".join([*row.split(",")[:1], "", row.split(",")[2]]) if "01-13" in row else row
            for row in rows]  # fmt: skip
    file = tmp_path / "newest-first.csv"
    file.write_text("\n".join([header, *reversed(rows)]))
    calendar = ("--calendar", "XNYS", "--format", "json")
    held = json.loads("".join(listed(capsys, *calendar, file=file)))
    broken = json.loads("".join(listed(capsys, *calendar, "--missing", "break", file=file)))
    assert [row["length"] for row in held] == [13, 1]
    assert [(row["length"], row["end"]) for row in broken] == [
        (7, "2026-01-12"), (5, "2026-01-22"), (1, "2026-01-23"),
    ]  # fmt: skip


def test_the_longest_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    prices = [100, 101, 102, 101, 102, 103, 104, 103, 104, 105]
    lines = [f"2026-02-{day:02},{price},100" for day, price in enumerate(prices, 1)]
    file = tmp_path / "ladder.csv"
    file.write_text("\n".join(["period,RUT,SPX", *lines]))
    rows = json.loads("".join(listed(capsys, "--top", "3", "--format", "json", file=file)))
    assert [(row["length"], row["end"]) for row in rows] == [
        (3, "2026-02-07"), (2, "2026-02-10"), (2, "2026-02-03"),
    ]  # fmt: skip


def test_statistics(capsys: pytest.CaptureFixture[str]) -> None:
    table = listed(capsys, "--stats", "--calendar", "XNYS")
    assert table[0].split() == [
        "length",
        "outperforming",
        "expected",
        "underperforming",
        "expected",
    ]
    assert table[14].split()[:2] == ["14", "1"]
    assert "     0  ties break, missing break, returns not rounded" in table
    data = json.loads("".join(listed(capsys, "--stats", "--format", "json")))
    assert data["policy"] == "ties break, missing hold, returns not rounded"
    assert [row["length"] for row in data["lengths"] if row["observed"]] == [1, 14]
    assert set(data["changed"].values()) == {0}
    rows = listed(capsys, "--stats", "--format", "csv")
    assert rows[0] == "direction,length,observed,expected"
    assert len(rows) == 1 + 2 * 14


def test_statistics_tell_what_rounding_changes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Ten sessions of a hair each are none when returns are rounded to 0.01%."""
    lines = [f"2026-03-{day:02},{100 + day / 1000:.3f},100" for day in range(1, 12)]
    file = tmp_path / "hairs.csv"
    file.write_text("\n".join(["period,RUT,SPX", *lines]))
    data = json.loads("".join(listed(capsys, "--stats", "--format", "json", file=file)))
    assert data["changed"]["ties break, missing hold, returns rounded to 1/10000"] == 1


# --- baskets, pictures, intervals -------------------------------------------------------------

THREE = "period,A,B,I\n" + "\n".join(
    f"2026-01-{day:02},{a},{b},{i}"
    for day, a, b, i in [(5, 10, 20, 5), (6, 11, 20, 5), (7, 11, 23, 5), (8, 12, 20, 5)]
)


@pytest.mark.parametrize(
    ("basket", "expected"),
    [
        ("M=equal:A,B", [("outperforming", 2, 0.12875), ("underperforming", 1, None)]),
        ("M=price:A,B", [("outperforming", 2, 4 / 30), ("underperforming", 1, None)]),
        ("M=fixed@2026-01-01:A=3,B=1", [("outperforming", 3, None)]),
    ],
)
def test_baskets(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    basket: str,
    expected: list[tuple[str, int, float | None]],
) -> None:
    file = tmp_path / "three.csv"
    file.write_text(THREE)
    options = ["--asset", "M", "--benchmark", "I", "--basket", basket, "--format", "json"]
    assert run(["streaks", str(file), *options]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["direction"], row["length"]) for row in rows] == [e[:2] for e in expected]
    for row, (_, _, gain) in zip(rows, expected, strict=True):
        assert gain is None or row["asset_return"] == pytest.approx(gain, abs=1e-6)


def test_a_picture_is_drawn_beside_the_list(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    picture = tmp_path / "january.svg"
    assert listed(capsys, "--plot", str(picture)) == listed(capsys)
    text = picture.read_text()
    assert text.count('id="streak-') == 2
    assert "RUT / SPX" in text


def test_the_night_between_two_sessions(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A rises in each hour, and falls in the night."""
    file = tmp_path / "hours.csv"
    begins = [f"2026-01-{day}T{hour}:30Z" for day in (15, 16) for hour in range(14, 21)]
    prices = [*range(100, 107), *range(95, 102)]
    rows = [f"{b},{p},50" for b, p in zip(begins, prices, strict=True)]
    file.write_text("\n".join(["period,RUT,SPX", *rows]))
    hours = ["--interval", "1h", "--format", "csv"]
    assert [row.split(",")[3] for row in listed(capsys, *hours, file=file)[1:]] == ["6", "1", "6"]
    for more in ([], ["--calendar", "XNYS"], ["--calendar", "XNYS", "--missing", "break"]):
        (_, only) = listed(capsys, *hours, "--overnight", "exclude", *more, file=file)
        assert only.split(",")[3:6] == ["12", "2026-01-15T15:30Z", "2026-01-16T20:30Z"]
