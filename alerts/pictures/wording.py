"""What a picture says, in words: its title and marks, and its alternative text.

Numbers and dates are as the chart's locale writes them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from alerts.pictures.chart import Chart, Span
from alerts.words.locales import Style, style
from alerts.words.phrases import counted as counted_nouns
from streams.core import periods
from streams.core.streaks import DIRECTION_NAMES


def title(chart: Chart) -> str:
    """What is measured against what, by the names that people know."""
    return " / ".join(chart.names)


def told(chart: Chart) -> str:
    """What is told of it: ``outperforming, 14 sessions: 2 Jan 2026 to 22 Jan 2026``."""
    way, written = DIRECTION_NAMES[chart.direction], style(chart.locale)
    length = counted(chart.streak.length, chart.interval, written)
    what = f"year to date, {way}" if chart.is_year else f"{way}, {length}"
    return f"{what}: {between(chart.streak, chart.interval, written)}"


def record(chart: Chart) -> str:
    """The record that it is measured by; empty without."""
    held = chart.record
    if held is None:
        return ""
    place, written = "" if chart.seen_record else " (not in the picture)", style(chart.locale)
    ended = day(held.last, chart.interval, written)
    return f"Record before: {counted(held.length, chart.interval, written)}, ended {ended}{place}"


def alternative(chart: Chart) -> str:
    """The picture in words, for who cannot see it."""
    written = style(chart.locale)
    ends = (chart.periods[0], chart.periods[-1])
    first, last = (day(period, chart.interval, written) for period in ends)
    base = max(0, bisect_left(chart.periods, chart.streak.first) - 1)
    end = bisect_right(chart.periods, chart.streak.last) - 1
    values = (chart.ratio[base], chart.ratio[end], min(chart.ratio), max(chart.ratio))
    before, after, least, most = (written.number(f"{value:.4g}") for value in values)
    sentences = [
        f"Line chart of {chart.symbols[0]} divided by {chart.symbols[1]}, {first} to {last}",
        f"Shaded: {told(chart)}",
        f"The ratio went from {before} to {after} over it; it lies between {least} and {most} in "
        "the whole picture",
    ]
    said = record(chart)
    if said:
        sentences.append(f"{said}, hatched" if chart.seen_record else said)
    return ". ".join(sentences) + "."


def counted(length: int, interval: str, written: Style) -> str:
    """How many periods: 1 session, 14 sessions, 20 periods of 5m."""
    if interval == "1d":
        return written.number(counted_nouns(length, "session"))
    return f"{written.number(counted_nouns(length, 'period'))} of {interval}"


def between(span: Span, interval: str, written: Style) -> str:
    """The first and the last period, with what they share said once.

    ``2 Jan to 22 Jan 2026``; ``22 Jan 2026 19:20 to 20:55 UTC``; one alone where they are the same.
    """
    one, other = (periods.to_date(period, interval) for period in (span.first, span.last))
    time, last_time = (_time(period, interval) for period in (span.first, span.last))
    last = f"{written.date(other.isoformat())}{last_time}"
    if span.first == span.last:
        first = ""
    elif time and one == other:
        first, last = f"{written.date(one.isoformat())}{time} to ", last_time.strip()
    elif time or one.year != other.year:
        first = f"{written.date(one.isoformat())}{time} to "
    else:
        first = f"{written.day(one.isoformat())} to "
    return f"{first}{last}{' UTC' if time else ''}"


def day(period: int, interval: str, written: Style) -> str:
    """22 Jan 2026, or with its time: 22 Jan 2026 14:30 UTC."""
    return between(Span(period, period, 1), interval, written)


def _time(period: int, interval: str) -> str:
    """The time of day after a space; nothing where the interval is a day."""
    return "" if interval == "1d" else f" {period // 60 % 24:02}:{period % 60:02}"
