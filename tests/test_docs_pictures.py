"""docs/alerts.md: the words of a picture are those of January 2026."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from alerts.pictures.tail import decode
from alerts.pictures.wording import alternative
from config.loading import load
from streams.batches import Single
from streams.core.periods import from_text
from streams.core.prices import from_digits
from streams.definitions import names
from streams.folds.watcher import WatcherFold
from streams.pictures import chart_in
from streams.records import CHART, Output, Place, Topic
from streams.wire import Close, Routed, encode_routed

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "config/examples"
WATCHLIST = "us-small-against-large"


def january() -> list[Output]:
    """The alerts of the example, each with its history."""
    settings = load(EXAMPLES / "streakwatch.yaml", {})
    fold = WatcherFold(Place(Topic.WATCH, 0), settings.watchlists, charted=bool)
    with (EXAMPLES / "january-2026.csv").open(newline="") as file:
        closes = [
            Close(symbol, from_text(row["period"]), from_digits(row[symbol]))
            for row in csv.DictReader(file)
            for symbol in ("RUT", "SPX")
        ]
    records = [
        Single(at, 0, b"", encode_routed(Routed(WATCHLIST, close, 0, at, at)))
        for at, close in enumerate(closes)
    ]
    return [output for output in fold.apply(records) if output.topic is Topic.ALERTS]


def words_of(output: Output, locale: str) -> str:
    settings = load(EXAMPLES / "streakwatch.yaml", {})
    record = Single(0, 0, output.key, output.value, output.headers)
    known = names(settings.watchlists, settings.instruments)[WATCHLIST]
    chart = chart_in(record, output.about, known, locale)
    assert chart is not None
    return alternative(chart)


def test_the_words_of_the_example() -> None:
    shown = re.findall(r"^Picture: (.*)$", (ROOT / "docs/alerts.md").read_text(), re.M)
    (broken,) = [one for one in january() if one.about.id == "928eb7a2538eb03a2cce"]
    assert [words_of(broken, locale) for locale in ("en_GB", "de_DE")] == shown


def test_the_form_of_the_header() -> None:
    """A byte 1, the periods as little-endian int32, then the ratios as float32."""
    ((name, data),) = january()[-1].headers
    history = decode(data)
    count = len(history.periods)
    assert name == CHART
    assert data[:1] == b"1"
    assert len(data) == 1 + 8 * count
    assert int.from_bytes(data[1:5], "little", signed=True) == from_text("2025-12-31")
