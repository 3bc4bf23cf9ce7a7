"""``streakwatch explain``: where a pair or series stands, and what comes next."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streams.cli.main import run

EXAMPLES = Path(__file__).parents[1] / "config/examples"
FILE = ["--file", str(EXAMPLES / "january-2026.csv"), "-c", str(EXAMPLES / "streakwatch.yaml")]
PAIR = ["explain", "us-small-against-large", "RUT/SPX"]


def explained(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert run([*PAIR, *FILE, "--format", "json", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_where_january_stood_on_its_twelfth_session(capsys: pytest.CaptureFixture[str]) -> None:
    state = explained(capsys, "--at", "2026-01-20")
    assert (state["direction"], state["length"], state["start"]) == (
        *("outperforming", 12, "2026-01-02"),
    )
    assert state["asset_return"] == pytest.approx(2645.36 / 2481.91 - 1)
    assert [entry["length"] for entry in state["books"]["outperforming"]] == [16, 13]
    assert [one["close"] for one in state["outcomes"]] == [
        f"RUT {word} 2645.36 with SPX at 6796.86" for word in ("above", "at", "below")
    ]
    assert [one["tells"] for one in state["outcomes"]] == [
        ["record.tied at 13 (since 2000-01-01)"],
        ["ended at 12"],
        ["ended at 12"],
    ]
    assert [(one["periods_more"], one["length"]) for one in state["next"]] == [
        (1, 13),
        (2, 14),
        (4, 16),
    ]


def test_what_it_foretells_is_what_a_replay_tells(capsys: pytest.CaptureFixture[str]) -> None:
    """After each session, the outcome that came about tells what the replay then told."""
    assert run(["replay", *FILE]) == 0
    told: dict[str, list[str]] = {}
    for line in capsys.readouterr().out.splitlines():
        alert = json.loads(line)
        m = alert["milestone"]
        scope = f" ({m['scope']})" if m["scope"] else ""
        told[alert["period"]] = [f"{m['kind']} at {m['level']}{scope}"]
    lines = (EXAMPLES / "january-2026.csv").read_text().splitlines()[1:]
    days = [line.split(",")[0] for line in lines]
    for before, after in pairwise(days[1:]):
        state, then = (explained(capsys, "--at", day) for day in (before, after))
        grown = then["length"] if then["direction"] == state["direction"] else 0
        outcome = state["outcomes"][0 if grown > state["length"] else 2]
        assert outcome["streak"].startswith(f"{then['direction']} {then['length']}")
        assert outcome["tells"] == told.get(after, [])


def test_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*PAIR, *FILE, "--at", "2026-01-21"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "RUT v SPX after 2026-01-21",
        "  outperforming, 13 since 2026-01-02: +8.71% against +0.44%, "
        "active +8.27 percentage points",
        "  13 active returns from 2025-12-31, of 252 that records need; ties break; missing hold",
    ]
    assert "    tells record.broken at 14 (since 2000-01-01)" in lines
    assert lines[-2] == "  after 3 more, at 16: record.tied at 16 (all)"


def test_before_any_streak(capsys: pytest.CaptureFixture[str]) -> None:
    state = explained(capsys, "--at", "2025-12-31")
    assert (state["length"], state["next"], state["asset_return"]) == (0, [], None)
    assert run([*PAIR, *FILE, "--at", "2025-12-31"]) == 0
    assert "  no streak runs" in capsys.readouterr().out


SERIES = """
watchlists:
  gap:
    series:
      GAP: {kind: spread, of: [A, B]}
      M: {kind: basket, members: [A, B]}
    pairs: [{asset: M, benchmark: C}]
    rules:
      - {kind: level, series: GAP, crosses: [2, -1.5], highest: ever}
      - {kind: threshold, at: 2, min_active_return: 0.5}
    targets: [console]
    round_returns_to: 0.0001
    min_history: 0
targets: {console: {url: "console://"}}
"""


@pytest.fixture
def gap(tmp_path: Path) -> list[str]:
    config, closes = tmp_path / "gap.yaml", tmp_path / "gap.csv"
    config.write_text(SERIES)
    closes.write_text("period,A,B,C\n2026-01-05,5,4,1\n2026-01-06,7,4,1\n2026-01-07,5,4.5,1\n")
    return ["--file", str(closes), "-c", str(config)]


def test_a_series(capsys: pytest.CaptureFixture[str], gap: list[str]) -> None:
    assert run(["explain", "gap", "GAP", *gap]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "GAP after 2026-01-07: 0.5",
        "  3 values from 2026-01-05",
        "Last higher, oldest first:",
        "  2026-01-06  3",
        "Last lower, oldest first:",
        "  nothing was lower",
        "To cross 2: +1.5",
        "To cross -1.5: -2",
    ]


def test_a_basket_and_rounded_returns(capsys: pytest.CaptureFixture[str], gap: list[str]) -> None:
    assert run(["explain", "gap", "M/C", *gap, "--at", "2026-01-06", "--format", "json"]) == 0
    state = json.loads(capsys.readouterr().out)
    assert state["outcomes"][0] == {
        "close": "M returns more than C (returns rounded to 1/10000)",
        "streak": "outperforming 2",
        "tells": ["threshold at 2, if worth 50 percentage points"],
    }
