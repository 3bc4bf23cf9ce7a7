"""Whole messages, word for word: what a trader reads of each kind."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from alerts import samples
from alerts.evidence import (
    Absence,
    Conditions,
    Evidence,
    Holder,
    Missed,
    Overview,
    Rank,
    Reading,
    Running,
    Standing,
)
from alerts.model import Alert, Instead, Kind, Milestone, SoFar
from alerts.rendering import render
from streams.core.aftermath import Followed, Outcome

NAMES = {
    "RUT": "Russell 2000",
    "SPX": "S&P 500",
    "VIX": "Cboe Volatility Index",
    "MAG7": "Magnificent Seven",
    "AHEAD": "Stocks ahead of the index",
}
OF_2008 = Holder(13, "2008-05-20", "2008-06-06")
OF_1996 = Holder(16, "1996-04-16", "1996-05-07")
OF_2023 = Holder(10, "2023-07-03", "2023-07-17")
OF_2025 = Holder(5, "2025-07-01", "2025-07-08")
OF_1991 = Holder(12, "1991-01-02", "1991-01-17")

#: A streak of ten with a long history behind it.
PAIR = replace(
    samples.of("threshold"),
    id="0123456789abcdef0123",
    watchlist="us",
    start="2026-01-05",
    end="2026-01-16",
    period="2026-01-16",
    evidence=Evidence(
        asset_return=0.0776,
        benchmark_return=0.0145,
        longest_since=OF_2008,
        known_from="1990-01-02",
        known_returns=9076,
        begins_known=False,
        ties="break",
        round_returns_to="",
        asset_year_return=0.0802,
        benchmark_year_return=0.0139,
        record=OF_1996,
        record_before=OF_1991,
        rank=Rank(7, 2214, 1, 8, 0.0018),
        followed=(
            Followed(
                5, 7, 1, Outcome(0.0123, 6 / 7), Outcome(0.0051, 5 / 7), Outcome(0.0044, 5 / 7)
            ),
            Followed(
                63, 7, 3, Outcome(0.0123, 6 / 7), Outcome(0.0051, 5 / 7), Outcome(0.0044, 5 / 7)
            ),
        ),
        ratio=0.386111,
        ratio_since="2024-11-25",
        rsi_14=71.6,
    ),
)  # fmt: skip

SERIES = replace(
    PAIR,
    asset="VIX",
    benchmark="",
    direction="",
    start="2026-01-16",
    length=0,
    milestone=Milestone(Kind.LEVEL_CROSSED, value="20", direction="rising"),
    evidence=Reading(20.4, 17.85, Standing(21.1, "2025-11-20"), "1990-01-02", 9077, "price"),
)
BREADTH = replace(
    SERIES,
    asset="AHEAD",
    milestone=Milestone(Kind.BREADTH, value="0.6", direction="rising"),
    evidence=Reading(
        22 / 36, 16 / 36, Standing(0.75, "2025-10-01"), "2024-01-09", 504,
        "share of 36 that beat SPX over 5 periods (price)", 22, 36,
    ),
)  # fmt: skip
TOGETHER = replace(
    SERIES,
    asset="divergence",
    milestone=Milestone(Kind.TOGETHER, name="divergence"),
    also=(
        Milestone(Kind.THRESHOLD, 5, subject="RUT/SPX"),
        Milestone(Kind.LEVEL_CROSSED, value="20", direction="rising", subject="VIX"),
        Milestone(Kind.BREADTH, value="0.3", direction="falling", subject="AHEAD"),
    ),
    evidence=Conditions("all", 3),
)

MISSING = replace(
    SERIES,
    asset="us",
    milestone=Milestone(Kind.DATA_MISSING),
    evidence=Absence(("NDX", "SPX"), 0, 7, "2026-01-16T21:00Z", 1805),
)
ARRIVED = replace(
    MISSING,
    milestone=Milestone(Kind.DATA_ARRIVED),
    evidence=Absence(("NDX", "SPX"), 0, 7, "2026-01-16T21:00Z", 7800, "SPX"),
    follows="89ab",
)


RUNNING = Running("RUT", "SPX", "outperforming", 14, "2026-01-02", "2026-01-16", 0.0954, 0.0099,
                  OF_1996, False)  # fmt: skip
SUMMARY = replace(
    SERIES,
    asset="us",
    milestone=Milestone(Kind.SUMMARY),
    evidence=Overview(
        "2026-01-16T21:30Z", "2026-01-16", 9, 6, 4, 3, 2,
        (
            replace(RUNNING, record=OF_2008),
            replace(RUNNING, asset="MDY", length=13, record=OF_2008),
            RUNNING,
            replace(RUNNING, asset="NDX", direction="underperforming", length=5, asset_return=0,
                    record=replace(OF_2023, source="Ledger"), begins_known=True),
            replace(RUNNING, asset="DJI", length=4, period="2026-01-15", record=None),
        ),
    ),
)  # fmt: skip


def a(kind: Kind, level: int = 10, scope: str = "", holder: Holder | None = None,
      **changes: Any) -> Alert:  # fmt: skip
    return replace(PAIR, milestone=Milestone(kind, level, scope, holder), **changes)


def short(alert: Alert, **changes: Any) -> Alert:
    """The same alert on a history that is too short to say more."""
    bare: dict[str, Any] = dict.fromkeys(
        ("asset_year_return", "benchmark_year_return", "record", "record_before", "rank", "ratio"
         ))  # fmt: skip
    bare |= {"known_from": "2025-12-31", "known_returns": 11, "followed": ()}
    return replace(alert, evidence=replace(alert.evidence, **(bare | changes)))


def read(alert: Alert, **changes: Any) -> Alert:
    return replace(alert, evidence=replace(alert.evidence, **changes))


def series(milestone: Milestone, **changes: Any) -> Alert:
    return read(replace(SERIES, milestone=milestone), **changes)


RECORD = short(PAIR, longest_since=OF_1996)
YEAR = Milestone(Kind.YEAR_TO_DATE, value="0.05", direction="rising")
GONE = {"late": True, "follows": "89ab", "revision": "retracted"}

ALERTS: dict[str, Alert] = {
    "threshold": PAIR,
    "threshold, underperforming, with holes": short(
        replace(PAIR, direction="underperforming", late=True),
        asset_return=-0.0776,
        missed=(Missed("2026-01-08", ("RUT",)), Missed("2026-01-09", ("RUT", "SPX"))),
        missing_periods=2,
        missing="hold",
        begins_known=True,
        longest_since=None,
        round_returns_to="1/10000",
    ),
    "record.approached": short(
        a(Kind.RECORD_APPROACHED, 11, "since 2000-01-01", OF_2008, length=11)),
    "record.tied": short(a(Kind.RECORD_TIED, 13, "since 2000-01-01", OF_2008, length=13)),
    "record.broken": replace(
        RECORD,
        length=14,
        milestone=Milestone(Kind.RECORD_BROKEN, 14, "last 20 years", OF_2008),
        also=(
            Milestone(Kind.RECORD_EXTENDED, 14, "this year", Holder(1, "2026-01-02", "2026-01-02")),
            Milestone(Kind.THRESHOLD, 14),
            YEAR,
            Milestone(Kind.RECORD_APPROACHED, 14, "all", OF_1996),
        ),
    ),
    "record.extended": replace(
        RECORD, length=15, milestone=Milestone(Kind.RECORD_EXTENDED, 15, "last 20 years", OF_2008)
    ),
    "ended": read(a(Kind.ENDED, period="2026-01-20"), ended_by="return"),
    "year-to-date": replace(
        read(PAIR, longest_since=None, record=None, record_before=None, rank=None, followed=()),
        milestone=YEAR,
    ),
    "year-to-date, exactly": short(
        replace(PAIR, milestone=Milestone(Kind.YEAR_TO_DATE, value="-0.025", direction="falling"),
                direction="underperforming"),
        longest_since=None, asset_return=-0.015, benchmark_return=0.01,
    ),
    "provisional": short(
        a(Kind.PROVISIONAL, 16, length=16, also=(
            Milestone(Kind.RECORD_TIED, 16, "all", OF_1996),
            Milestone(Kind.RECORD_EXTENDED, 16, "last 1 years", OF_2025),
            Milestone(Kind.THRESHOLD, 16),
            YEAR,
        )),
        longest_since=OF_1996,
    ),
    "provisional, with the session so far": short(
        a(Kind.PROVISIONAL, 13, length=13, so_far=SoFar(0.008, -0.001, 1500)),
        longest_since=OF_1996,
    ),
    "provisional.confirmed": short(a(Kind.CONFIRMED, follows="89ab")),
    "provisional.withdrawn": short(a(Kind.WITHDRAWN, follows="89ab")),
    "confirmed by another": short(replace(PAIR, also=(Milestone(Kind.CONFIRMED, 10),),
                                          follows="89ab")),
    "correction": short(a(
        Kind.CORRECTION, 10, **GONE, instead=Instead("outperforming", 6, "2026-01-09"),
        also=(Milestone(Kind.RECORD_TIED, 10, "last 5 years", OF_2023),
              Milestone(Kind.THRESHOLD, 10)))),
    "correction, and no streak": short(a(
        Kind.CORRECTION, 10, **GONE, instead=Instead("", 0, ""),
        also=(Milestone(Kind.THRESHOLD, 10),))),
    "correction of an end": short(a(
        Kind.CORRECTION, 10, **GONE, period="2026-01-20", also=(Milestone(Kind.ENDED, 10),),
        instead=Instead("outperforming", 11, "2026-01-05"))),
    "correction of a year": short(a(
        Kind.CORRECTION, 0, **GONE, also=(YEAR,), instead=Instead("outperforming", 6, "2026-01-09"),
    )),
    "amended": short(replace(PAIR, late=True, follows="89ab", revision="amended")),
    "restored": short(replace(PAIR, follows="89ab", revision="restored")),
    "intraday, nights left out": short(
        replace(PAIR, interval="5m", start="2026-01-16T14:30Z", end="2026-01-16T15:15Z",
                period="2026-01-16T15:15Z"),
        longest_since=Holder(11, "2026-01-08T18:00Z", "2026-01-08T18:50Z"),
        known_from="2026-01-05T14:30Z",
        overnight="exclude",
    ),
    "a basket": short(replace(PAIR, asset="MAG7"),
                      asset_closes="equal-weight basket of 7 (price)",
                      benchmark_closes="total return"),
    "total returns": short(PAIR, asset_closes="total return", benchmark_closes="total return"),
    "level.crossed": SERIES,
    "level.crossed, exactly": series(
        Milestone(Kind.LEVEL_CROSSED, value="20.0", direction="falling"),
        value=20.0, previous=20.5, since=None, missing="break",
        missed=(Missed("2026-01-15", ("VIX",)),),
    ),
    "level.crossed of a breadth": replace(BREADTH, milestone=Milestone(
        Kind.LEVEL_CROSSED, value="0.5", direction="rising")),
    "level.highest since": series(
        Milestone(Kind.LEVEL_HIGHEST, scope="since 2020-01-02", direction="rising",
                  standing=Standing(20.1, "2025-12-02")), since=Standing(21.1, "2019-12-02")),
    "level.lowest of periods": replace(series(
        Milestone(Kind.LEVEL_LOWEST, scope="last 20 periods", direction="falling",
                  standing=Standing(17.85, "2026-01-15")), value=13.2, since=None),
        also=(Milestone(Kind.LEVEL_LOWEST, scope="this year", direction="falling",
                        standing=Standing(17.85, "2026-01-15")),
              Milestone(Kind.LEVEL_CROSSED, value="15", direction="falling"))),
    "level.highest ever": series(
        Milestone(Kind.LEVEL_HIGHEST, scope="since 1990-01-02", direction="rising",
                  standing=Standing(82.69, "2020-03-16")), value=90.0, since=None),
    "level.highest ever, published": series(
        Milestone(Kind.LEVEL_HIGHEST, scope="all", direction="rising"), value=90.0, since=None,
        made_of="number"),
    "breadth": BREADTH,
    "breadth, its first value": replace(
        read(BREADTH, value=0.25, count=9, previous=None, since=None, known_values=1,
             known_from="2026-01-16"),
        milestone=Milestone(Kind.BREADTH, value="0.3", direction="falling")),
    "together, all": TOGETHER,
    "together, any": replace(
        TOGETHER, evidence=Conditions("any", 4),
        also=(Milestone(Kind.RECORD_TIED, 13, "all", OF_2008, subject="RUT/SPX"),
              Milestone(Kind.ENDED, 4, subject="RUT/SPX"),
              replace(YEAR, subject="RUT/SPX"),
              Milestone(Kind.LEVEL_HIGHEST, scope="last 1 years", direction="rising",
                        standing=Standing(3, "2025-01-02"), subject="VIX"))),
    "together, corrected": replace(
        TOGETHER, **GONE, milestone=Milestone(Kind.CORRECTION),
        also=(TOGETHER.milestone, *TOGETHER.also)),
    "together, amended": replace(TOGETHER, late=True, follows="89ab", revision="amended"),
    "correction of a series": replace(
        SERIES, **GONE, milestone=Milestone(Kind.CORRECTION), also=(SERIES.milestone,)),
    "series, amended": replace(SERIES, late=True, follows="89ab", revision="amended"),
    "series, restored": replace(SERIES, follows="89ab", revision="restored"),
    "series, late": replace(SERIES, late=True),
    "data.missing": MISSING,
    "data.missing, of many": read(
        replace(MISSING, interval="5m", period="2026-01-16T20:55Z"),
        symbols=tuple(f"S{number:02}" for number in range(20)), more=11, of=31,
        after_seconds=183_000,
    ),
    "data.arrived": ARRIVED,
    "data.arrived, one symbol": read(
        ARRIVED, symbols=("SPX",), of=1, after_seconds=45),
    "summary": SUMMARY,
    "summary, of no streak": read(SUMMARY, running=0, near=0, streaks=()),
    "summary, of no close": read(SUMMARY, until="", pairs=1, running=0, near=0, streaks=()),
}  # fmt: skip

TEXTS = {
    name: text.strip("\n")
    for name, _, text in (
        part.partition("\n")
        for part in Path(__file__).with_name("messages.txt").read_text().split("=== ")[1:]
    )
}


def test_each_message_is_written_down() -> None:
    assert list(TEXTS) == list(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_messages(name: str) -> None:
    message = render(ALERTS[name], NAMES)
    assert f"{message.title}\n\n{message.body}" == TEXTS[name]


def test_each_kind_has_a_message() -> None:
    assert {alert.milestone.kind for alert in ALERTS.values()} == set(Kind)


@pytest.mark.parametrize("name", ALERTS)
def test_nothing_is_clumsy(name: str) -> None:
    message = render(ALERTS[name], NAMES)
    lines = message.body.splitlines()
    assert "None" not in message.title + message.body
    assert not any(line != " ".join(line.split()) for line in [message.title, *lines])
    assert not any(one == other == "" for one, other in pairwise(lines))
    assert lines[0]
    assert lines[-1] == f"Alert 0123456789abcdef0123, watchlist us, period {ALERTS[name].period}"
