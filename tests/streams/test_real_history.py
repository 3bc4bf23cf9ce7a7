"""Twenty years of real closes: S&P 500 and NASDAQ Composite, 1999-2018, as `arch` carries them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from arch.data import nasdaq, sp500

from config.settings import Settings
from streams.core import periods, prices
from streams.core.returns import active_signs
from streams.core.series import Closes, common
from streams.core.streaks import Ties, find
from streams.replay import of_closes
from streams.wire import Close


@pytest.fixture(scope="module")
def closes() -> pd.DataFrame:
    """Both closes as digits with six decimals, by date."""
    frame = pd.DataFrame({"IXIC": nasdaq.load()["Close"], "SPX": sp500.load()["Close"]})
    assert len(frame) == 5031
    assert not frame.isna().any().any()
    return frame.map(lambda close: f"{close:.6f}")


def events(closes: pd.DataFrame) -> Iterator[Close]:
    for day, row in zip(closes.index, closes.itertuples(index=False), strict=True):
        for symbol, digits in zip(closes.columns, row, strict=True):
            yield Close(symbol, periods.from_date(day.date()), prices.from_digits(digits))


def by_pandas(closes: pd.DataFrame) -> list[tuple[int, int, str, str]]:
    """Every streak by pandas: sign of the difference of pct_change, grouped where it changes."""
    returns = closes.astype(float).pct_change().iloc[1:]
    active = returns["IXIC"] - returns["SPX"]
    sign = (active > 0).astype(int) - (active < 0).astype(int)
    groups = sign.groupby((sign != sign.shift()).cumsum())
    return [
        (int(group.iloc[0]), len(group), str(group.index[0].date()), str(group.index[-1].date()))
        for _, group in groups
        if group.iloc[0] != 0
    ]


def test_every_streak_is_that_of_pandas(closes: pd.DataFrame) -> None:
    legs = {"IXIC": Closes(), "SPX": Closes()}
    for close in events(closes):
        legs[close.symbol].put(close.period, close.price)
    first, *_, last = legs["SPX"].periods
    days, asset, benchmark = common(legs["IXIC"], legs["SPX"], first, last)
    streaks, _ = find(days, active_signs(asset, benchmark), Ties.BREAK)
    found = [
        (s.direction, s.length, periods.to_text(s.start), periods.to_text(s.end)) for s in streaks
    ]
    assert found == by_pandas(closes)
    assert len(found) > 2000


def settings(**changes: Any) -> Settings:
    watchlist = {
        "calendar": "XNYS",
        "pairs": [{"asset": "IXIC", "benchmark": "SPX"}],
        "rules": [{"kind": "record", "on": ["tied", "broken"], "direction": "outperforming"}],
        "targets": ["console"],
    }
    return Settings.model_validate(
        {"watchlists": {"us": watchlist | changes}, "targets": {"console": {"url": "console://"}}}
    )


def test_the_nasdaq_ties_its_record_of_twelve_on_2017_07_24(closes: pd.DataFrame) -> None:
    found = list(of_closes(settings(), events(closes)))
    told = [(a.rule, a.milestone.level, str(a.period)) for a in found]
    # a year of history must be known before anything is called a record
    assert told[0][2] > "2000-01-03"
    assert [t for t in told if t[1] >= 12] == [
        ("record.broken", 12, "2017-05-01"),
        ("record.tied", 12, "2017-07-24"),
    ]
    tie = found[-1]
    assert tie.milestone.scope == "since 1999-01-04"
    assert str(tie.milestone.holder.end) == "2017-05-01"
    assert str(tie.evidence.longest_since.end) == "2017-05-01"


def test_what_is_told_with_the_tie_is_what_pandas_finds(closes: pd.DataFrame) -> None:
    evidence = list(of_closes(settings(), events(closes)))[-1].evidence
    until = closes.loc[:"2017-07-24"]
    won = [one for one in by_pandas(until) if one[0] == 1]
    assert (evidence.rank.rank, evidence.rank.of) == (1, len(won))
    assert evidence.rank.reached == sum(length >= 12 for _, length, _, _ in won) == 2
    before = max((one for one in won if one[3] < "2017-04-13"), key=lambda one: (one[1], one[3]))
    assert (evidence.record.length, evidence.record.end) == (12, "2017-05-01")
    assert (evidence.record_before.length, evidence.record_before.end) == (before[1], before[3])
    prices = until.astype(float)
    gains = prices.iloc[-1] / prices.loc[:"2016-12-31"].iloc[-1] - 1
    assert evidence.asset_year_return == pytest.approx(gains["IXIC"], rel=1e-12)
    assert evidence.benchmark_year_return == pytest.approx(gains["SPX"], rel=1e-12)
    ratio = prices["IXIC"] / prices["SPX"]
    as_high = ratio.iloc[:-1][ratio.iloc[:-1] >= ratio.iloc[-1]]
    assert evidence.ratio_since == str(as_high.index[-1].date())
    change = ratio.diff().iloc[1:]
    up, down = (one.iloc[13:].copy() for one in (change.clip(lower=0), -change.clip(upper=0)))
    up.iloc[0], down.iloc[0] = (
        change.clip(lower=0).iloc[:14].mean(),
        -(change.clip(upper=0).iloc[:14].mean()),
    )
    averages = [one.ewm(alpha=1 / 14, adjust=False).mean().iloc[-1] for one in (up, down)]
    assert evidence.rsi_14 == pytest.approx(100 * averages[0] / sum(averages), rel=1e-9)


def test_no_close_of_twenty_years_falls_on_a_closed_day(closes: pd.DataFrame) -> None:
    """Replay gives alerts alone: nothing was refused, the days after 9/11 included."""
    found = of_closes(settings(), events(closes))
    assert {type(one).__name__ for one in found} == {"Alert"}
