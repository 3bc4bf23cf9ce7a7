from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.loading import load

BASE = """\
watchlists:
  us:
    pairs:
      - {asset: RUT, benchmark: SPX}
    rules:
      - {kind: threshold, at: 10}
    targets: [desk]
targets:
  desk:
    url: console://
"""

WHOLE = """\
watchlists:
  us:
    series:
      MAG7: {kind: basket, members: [AAPL, MSFT]}
      HELD: {kind: basket, weighting: fixed, weights: {AAPL: 1}, as_of: 2026-01-02}
      GAP: {kind: spread, of: [PE1, PE2]}
      LEAD: {kind: ratio, of: [HELD, SPX]}
      UP: {kind: breadth, members: [AAPL, MSFT], measure: beat, benchmark: SPX, periods: 5}
    pairs: [{asset: MAG7, benchmark: SPX}]
    rules:
      - {kind: level, series: GAP, crosses: [1, 2], highest: ever, lowest: this year, min_age: 5}
      - {kind: level, series: LEAD, highest: last 252 periods, direction: rising}
      - {kind: breadth, series: UP, at_least: 0.6}
      - {kind: year-to-date, crosses: 0.05, direction: falling, pair: MAG7/SPX}
      - {kind: provisional, min_length: 5}
      - {kind: all, name: one, of: [{kind: breadth, series: UP, at_most: 0.4}, {kind: ended}]}
      - {kind: any, name: two, of: [{kind: level, series: GAP, crosses: 1}, {kind: ended}]}
    targets: [desk]
    interval: 5m
    overnight: exclude
targets: {desk: {url: "console://"}}
instruments:
  SPX: {name: S&P 500, closes: total return}
  PE1: {name: Price to earnings, closes: number}
"""

FaultsOf = Callable[..., list[str]]


@pytest.fixture
def base() -> str:
    """A small configuration that is right; line 4 is the pair, 6 the rule, 10 the url."""
    return BASE


@pytest.fixture(scope="session")
def whole() -> str:
    """A configuration with each kind of series and of rules about them that is right."""
    return WHOLE


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of streakwatch.yaml, which is not written yet, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return Path("streakwatch.yaml")


@pytest.fixture
def faults_of(file: Path) -> FaultsOf:
    """What is wrong with a text, one line each."""

    def faults(content: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(ConfigError) as caught:
            load(file, environ or {})
        return str(caught.value).splitlines()

    return faults
