"""Pictures of a pair: what is in the file, and what is refused."""

from __future__ import annotations

import datetime
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from config.errors import UsageError
from config.loading import example_text
from streams.cli.main import run
from streams.cli.plot import Shade, draw

DAYS = [datetime.date(2026, 1, 1) + datetime.timedelta(days=day) for day in range(15)]
HOURS = [
    datetime.datetime(2026, 1, 5, 9, tzinfo=datetime.UTC) + datetime.timedelta(hours=hour)
    for hour in range(15)
]
STREAKS = [
    Shade(DAYS[1], DAYS[3], 1, False, 3),
    Shade(DAYS[4], DAYS[4], -1, False, 1),
    Shade(DAYS[5], DAYS[14], 1, True, 10),
]


def drawn(
    path: Path,
    streaks: Sequence[Shade] = STREAKS,
    days: Sequence[datetime.date] = DAYS,
    title: str = "RUT against SPX",
    label: str = "RUT / SPX",
    source: str = "",
) -> bytes:
    ratio = [0.35 + 0.001 * (day % 7) for day in range(len(days))]
    draw(path, title=title, days=days, ratio=ratio, streaks=streaks, label=label, source=source)
    return path.read_bytes()


def elements(svg: bytes) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter())


def texts(svg: bytes) -> list[str]:
    return [element.text or "" for element in elements(svg) if element.tag.endswith("}text")]


def shades(svg: bytes) -> list[str]:
    names = [element.get("id", "") for element in elements(svg)]
    return [name for name in names if name.startswith("streak-")]


def shade_widths(svg: bytes) -> list[float]:
    """In points; a shade is a rectangle: M x y L x y L x y L x y z."""
    widths = []
    for element in elements(svg):
        if element.get("id", "").startswith("streak-"):
            path = next(child for child in element if child.tag.endswith("}path"))
            numbers = [float(word) for word in path.get("d", "").split() if word not in "MLz"]
            widths.append(max(numbers[::2]) - min(numbers[::2]))
    return widths


def test_a_png_of_1200_by_675_pixels(tmp_path: Path) -> None:
    png = drawn(tmp_path / "pair.PNG")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (1200, 675)


def test_an_svg_holds_the_words_and_each_streak(tmp_path: Path) -> None:
    svg = drawn(tmp_path / "pair.svg", source="Closes: a.csv")
    assert shades(svg) == ["streak-1", "streak-2", "streak-3"]
    wanted = ["RUT against SPX", "RUT / SPX", "Closes: a.csv", "10 sessions, open"]
    assert set(wanted) <= set(texts(svg))
    assert {"outperforming", "underperforming"} <= set(texts(svg))


def test_a_streak_is_as_wide_as_its_periods(tmp_path: Path) -> None:
    three, one, ten = shade_widths(drawn(tmp_path / "pair.svg"))
    assert one > 10
    assert three == pytest.approx(3 * one)
    assert ten == pytest.approx(10 * one)


def test_days_without_trading_belong_to_no_streak(tmp_path: Path) -> None:
    days = [*DAYS[:8], *(day + datetime.timedelta(days=5) for day in DAYS[8:])]
    friday, monday, two = shade_widths(
        drawn(
            tmp_path / "pair.svg",
            [
                Shade(days[7], days[7], 1, False, 1),
                Shade(days[8], days[8], -1, False, 1),
                Shade(days[1], days[2], 1, False, 2),
            ],
            days,
        )
    )
    assert friday == pytest.approx(monday)
    assert two == pytest.approx(2 * monday)


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_same_bytes_each_time(tmp_path: Path, ending: str) -> None:
    assert drawn(tmp_path / f"a.{ending}") == drawn(tmp_path / f"b.{ending}")


def test_hours_are_periods_not_sessions(tmp_path: Path) -> None:
    svg = drawn(tmp_path / "pair.svg", [Shade(HOURS[13], HOURS[14], -1, True, 2)], HOURS)
    assert "2 periods, open" in texts(svg)
    assert "outperforming" not in texts(svg)


def test_one_session_is_not_one_sessions(tmp_path: Path) -> None:
    svg = drawn(tmp_path / "pair.svg", [Shade(DAYS[14], DAYS[14], 1, True, 1)])
    assert "1 session, open" in texts(svg)


def test_many_days(tmp_path: Path) -> None:
    days = [datetime.date(2000, 1, 1) + datetime.timedelta(days=day) for day in range(5000)]
    streaks = [Shade(days[at], days[at + 9], 1, False, 10) for at in range(0, 4000, 100)]
    assert len(shades(drawn(tmp_path / "pair.svg", streaks, days))) == 40


@pytest.mark.parametrize("count", [1, 2])
def test_few_days_and_no_streak(tmp_path: Path, count: int) -> None:
    svg = drawn(tmp_path / "pair.svg", [], DAYS[:count])
    assert shades(svg) == []
    assert not any("00:00" in text for text in texts(svg))


@pytest.mark.parametrize("symbol", ["$A$ / $B$", "$\\frac{", "A_b^c <&> \"d'"])
def test_symbols_are_no_formulas(tmp_path: Path, symbol: str) -> None:
    svg = drawn(tmp_path / "pair.svg", title=symbol, label=symbol, source=symbol)
    assert texts(svg).count(symbol) == 3


def test_a_long_title_takes_several_lines(tmp_path: Path) -> None:
    svg = drawn(tmp_path / "pair.svg", title="of many words " * 10)
    lines = [text for text in texts(svg) if "many" in text]
    assert len(lines) > 1
    assert max(map(len, lines)) <= 72


def test_settings_of_matplotlib_have_no_say_and_stay(tmp_path: Path) -> None:
    plain = drawn(tmp_path / "plain.svg")
    ours: Any = {
        "lines.linewidth": 9,
        "font.size": 30,
        "text.parse_math": True,
        "timezone": "Asia/Tokyo",
    }
    with mpl.rc_context(ours):
        assert drawn(tmp_path / "set.svg") == plain
        assert {key: mpl.rcParams[key] for key in ours} == ours


def test_matplotlib_is_imported_when_drawing_and_pyplot_never(tmp_path: Path) -> None:
    script = (
        "import sys, datetime, pathlib, streams.cli.plot as plot\n"
        "print('matplotlib' in sys.modules)\n"
        "plot.draw(pathlib.Path(sys.argv[1]), title='', days=[datetime.date(2026, 1, 2)],\n"
        "          ratio=[1.0], streaks=[], label='')\n"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "pair.png")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout.split() == ["False", "True", "False"]


def test_a_file_that_is_there_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pair.svg"
    first = drawn(path)
    second = drawn(path, [replace(streak, is_open=False) for streak in STREAKS])
    assert b"open" not in second
    assert len(second) < len(first)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("pair.pdf", "a picture cannot end with '.pdf'"),
        ("pair.svgz", "a picture cannot end with '.svgz'"),
        ("pair", "it has no ending"),
        ("png", "it has no ending"),
    ],
)
def test_another_ending_is_refused(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        drawn(tmp_path / name)
    assert refused.value.what == f"{tmp_path / name}: {what}"
    assert refused.value.cure == "let the file's name end with .png or .svg"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "pair.png"
    with pytest.raises(UsageError) as refused:
        drawn(path)
    assert str(refused.value) == f"{path}: no such file or directory"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file", encoding="utf-8")
    path = tmp_path / "folder" / "pair.svg"
    with pytest.raises(UsageError) as refused:
        drawn(path)
    assert str(refused.value) == f"{path}: not a directory"


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError) as refused:
        drawn(tmp_path / "pair.png")
    assert refused.value.what == "pictures need matplotlib"
    assert refused.value.cure == "pip install 'streakwatch[plot]'"
    assert list(tmp_path.iterdir()) == []


def test_a_sample_has_its_picture_without_kafka(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, file = tmp_path / "streakwatch.yaml", tmp_path / "tied.png"
    config.write_text(example_text())
    arguments = ["--sample", "record.tied", "--out", str(file), "-c", str(config)]
    assert run(["alerts", "picture", *arguments]) == 0
    assert file.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.startswith("Line chart of RUT divided by SPX, 31 Dec 2025 to 21")
