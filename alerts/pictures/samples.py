"""The pictures of sample alerts: January 2026, from the closes that they are made of."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np

from alerts import samples
from alerts.pictures.chart import Chart, chart
from alerts.pictures.tail import Tail
from alerts.words.locales import DEFAULT
from streams.core import periods

_CLOSES = "january-2026.csv"


def sample_chart(kind: str, locale: str = DEFAULT) -> Chart | None:
    """What the picture of a kind's sample shows; None for a kind whose alerts have none.

    Raises:
        KeyError: there is no such kind.
    """
    alert = samples.of(kind)
    return chart(alert, _tail(alert.asset, alert.benchmark, alert.period), samples.NAMES, locale)


def _tail(asset: str, benchmark: str, end: str) -> Tail:
    """The ratio up to a period; without any where the closes are not of these two."""
    text = (resources.files("config") / "examples" / _CLOSES).read_text("utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["period"] <= end]
    known = [row for row in rows if asset in row and benchmark in row]
    days = [periods.from_text(row["period"]) for row in known]
    ratio = [float(row[asset]) / float(row[benchmark]) for row in known]
    return Tail(np.array(days, np.int64), np.array(ratio, np.float64))
