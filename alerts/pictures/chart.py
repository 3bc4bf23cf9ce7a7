"""What is to be seen in a picture of an alert, as a pure value."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from alerts.evidence import Holder
from alerts.model import Alert, Kind
from alerts.pictures.tail import Tail, has_picture, record_of
from alerts.words.locales import DEFAULT
from streams.core import periods
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING

_SHORT, _LONG = 20, 40
"""The most characters of a symbol, and of a name."""


@dataclass(frozen=True, slots=True)
class Span:
    """A streak: its first and last period, and its length."""

    first: int
    last: int
    length: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The ratio of a pair with a streak, and what it is measured by.

    Attributes:
        interval: of the periods, a key of :data:`streams.core.periods.INTERVALS`.
        periods: ascending; at least two.
        ratio: asset / benchmark at each of them.
        names: of asset and benchmark, for the title; ``symbols``: for the axis.
        direction: +1 outperforming, -1 underperforming.
        streak: what is told; its last period is among ``periods``, its first may lie before them.
        is_year: the streak is the year to date.
        record: the earlier streak that it is measured by, wherever it lies.
        year: the first of the periods that is of the last one's year; None if all are, or the
            interval is shorter than a day.
        locale: how numbers and dates are written, such as ``de_DE``.
    """

    interval: str
    periods: tuple[int, ...]
    ratio: tuple[float, ...]
    names: tuple[str, str]
    symbols: tuple[str, str]
    direction: int
    streak: Span
    is_year: bool = False
    record: Span | None = None
    year: int | None = None
    locale: str = DEFAULT

    @property
    def seen_record(self) -> Span | None:
        """The record, where all of it lies among the periods."""
        held = self.record
        if held is None or not self.periods[0] <= held.first <= held.last <= self.periods[-1]:
            return None
        return held


def chart(
    alert: Alert, tail: Tail, names: Mapping[str, str], locale: str = DEFAULT
) -> Chart | None:
    """The picture of an alert; None where there is nothing to see.

    Args:
        tail: up to the period of the alert.
        names: of symbols, as people know them. What they and the symbols bring is made harmless:
            one line, no marks that turn or hide text, at most so long.
        locale: one that is known.
    """
    interval = alert.interval
    start, end = (periods.from_text(text, interval) for text in (alert.start, alert.end))
    days = tail.periods
    if not has_picture(alert) or len(days) < 2 or not (days == end).any() or start > end:
        return None
    legs = (alert.asset, alert.benchmark)
    return Chart(
        interval=interval,
        periods=tuple(days.tolist()),
        ratio=tuple(tail.ratio.tolist()),
        names=_both(tuple(clean(names.get(leg, leg), _LONG) for leg in legs)),
        symbols=_both(tuple(clean(leg, _SHORT) for leg in legs)),
        direction=UNDERPERFORMING if alert.direction == "underperforming" else OUTPERFORMING,
        streak=Span(start, end, alert.length),
        is_year=alert.milestone.kind is Kind.YEAR_TO_DATE,
        record=_span(record_of(alert), interval),
        year=_year(tail, interval),
        locale=locale,
    )


def clean(text: str, most: int) -> str:
    """One line of characters that show themselves, at most so many: the end is left out."""
    text = unicodedata.normalize("NFC", text[: 4 * most])
    shown = "".join(c if _shows(c) else " " for c in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def _shows(character: str) -> bool:
    """Whether a character is neither a control nor a mark that turns, joins or hides others."""
    return unicodedata.category(character)[0] not in "CZ" and not unicodedata.combining(character)


def _both(texts: tuple[str, ...]) -> tuple[str, str]:
    return texts[0], texts[1]


def _span(held: Holder | None, interval: str) -> Span | None:
    if held is None:
        return None
    first, last = (periods.from_text(text, interval) for text in (held.start, held.end))
    return Span(first, last, held.length)


def _year(tail: Tail, interval: str) -> int | None:
    if interval != "1d":
        return None
    begin = periods.from_date(periods.to_date(int(tail.periods[-1])).replace(month=1, day=1))
    at = int(np.searchsorted(tail.periods, begin))
    return None if at == 0 else int(tail.periods[at])
