"""What a picture says, in words: its title and marks, and its alternative text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from alerts.pictures.chart import Chart, Span
from streams.core import periods
from streams.core.streaks import DIRECTION_NAMES


def title(chart: Chart) -> str:
    """What is measured against what, by the names that people know."""
    return " / ".join(chart.names)


def told(chart: Chart) -> str:
    """What is told of it: ``outperforming, 14 sessions: 2 Jan 2026 to 22 Jan 2026``."""
    what = f"{DIRECTION_NAMES[chart.direction]}, {counted(chart.streak.length, chart.interval)}"
    if chart.is_year:
        what = f"year to date, {DIRECTION_NAMES[chart.direction]}"
    return f"{what}: {between(chart.streak, chart.interval)}"


def record(chart: Chart) -> str:
    """The record that it is measured by; empty without."""
    held = chart.record
    if held is None:
        return ""
    place = "" if chart.seen_record else " (not in the picture)"
    ended = day(held.last, chart.interval)
    return f"Record before: {counted(held.length, chart.interval)}, ended {ended}{place}"


def alternative(chart: Chart) -> str:
    """The picture in words, for who cannot see it."""
    first, last = (day(period, chart.interval) for period in (chart.periods[0], chart.periods[-1]))
    base = max(0, bisect_left(chart.periods, chart.streak.first) - 1)
    end = bisect_right(chart.periods, chart.streak.last) - 1
    sentences = [
        f"Line chart of {chart.symbols[0]} divided by {chart.symbols[1]}, {first} to {last}",
        f"Shaded: {told(chart)}",
        f"The ratio went from {chart.ratio[base]:.4g} to {chart.ratio[end]:.4g} over it; it lies "
        f"between {min(chart.ratio):.4g} and {max(chart.ratio):.4g} in the whole picture",
    ]
    said = record(chart)
    if said:
        sentences.append(f"{said}, hatched" if chart.seen_record else said)
    return ". ".join(sentences) + "."


def counted(length: int, interval: str) -> str:
    """How many periods: 1 session, 14 sessions, 20 periods of 5m."""
    if interval == "1d":
        return f"{length:,} session{'' if length == 1 else 's'}"
    return f"{length:,} period{'' if length == 1 else 's'} of {interval}"


def between(span: Span, interval: str) -> str:
    """The first and the last period, with what they share said once.

    ``2 Jan to 22 Jan 2026``; ``22 Jan 2026 19:20 to 20:55 UTC``; one alone where they are the same.
    """
    one, other = (_parts(period, interval) for period in (span.first, span.last))
    (date, year, time), (last_date, last_year, last_time) = one, other
    last = f"{last_date} {last_year}{last_time}"
    if one == other:
        first = ""
    elif time and (date, year) == (last_date, last_year):
        first, last = f"{date} {year}{time} to ", last_time.strip()
    else:
        first = f"{date}{'' if year == last_year and not time else f' {year}'}{time} to "
    return f"{first}{last}{' UTC' if time else ''}"


def day(period: int, interval: str) -> str:
    """22 Jan 2026, or with its time: 22 Jan 2026 14:30 UTC."""
    return between(Span(period, period, 1), interval)


def _parts(period: int, interval: str) -> tuple[str, int, str]:
    """Day and month, year, and time of day; with nothing for that where the interval is a day."""
    date = periods.to_date(period, interval)
    time = "" if interval == "1d" else f" {period // 60 % 24:02}:{period % 60:02}"
    return f"{date.day} {date:%b}", date.year, time
