"""The phrases that templates are made of: filters, in English, with a locale's numbers and dates.

Numbers are written as in English here, and then as the locale has them; ``digits`` and ``signed``
alone leave that to the template, which compares what they give.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial, wraps

from alerts.model import Alert, Kind, Milestone
from alerts.words.locales import Style, style

_STYLE = style()


def filters(style: Style) -> dict[str, Callable[..., str]]:
    """The filters of the templates, by name, in the style of a locale."""
    told = {f.__name__: _localised(f, style) for f in _NUMBERS}
    dated = {f.__name__: partial(f, style=style) for f in _DATED}
    plain = {f.__name__: f for f in (digits, first_told, longest, ordinal, signed)}
    return {**told, **dated, **plain, "date": style.date, "local": style.number}


def _localised(function: Callable[..., str], style: Style) -> Callable[..., str]:
    @wraps(function)
    def localised(*arguments: object) -> str:
        return style.number(function(*arguments))

    return localised


def first_told(alert: Alert, first: str) -> str:
    """What follows the id of a streak's end: that of the first message about it, if any."""
    return f", first told as {first}" if first and alert.milestone.kind is Kind.ENDED else ""


def step(rounding: str) -> str:
    """The step that returns are rounded to: ``1/10000`` → ``0.01%``."""
    return f"{100 / int(rounding.removeprefix('1/')):.10g}%"


def of_scope(scope: str, noun: str = "period", style: Style = _STYLE) -> str:
    """What follows "the record": of all known history, since DATE, of the last 10 years."""
    if scope == "all":
        return "of all known history"
    found = _LAST.fullmatch(scope)
    last = found and counted(int(found[1]), _unit(found[2], noun)).removeprefix("1 ")
    if last:
        return f"of the last {last}"
    return _since(scope, style) if scope.startswith("since ") else f"of {scope}"


def in_scope(scope: str, noun: str = "period", style: Style = _STYLE) -> str:
    """What follows "highest": since DATE, in 20 sessions, in 10 years, this year."""
    found = _LAST.fullmatch(scope)
    if found:
        return f"in {counted(int(found[1]), _unit(found[2], noun))}"
    return "in all known history" if scope == "all" else _since(scope, style)


def _since(scope: str, style: Style) -> str:
    """A scope as it is, the date in ``since DATE`` as the locale writes it."""
    return f"since {style.date(scope[6:])}" if scope.startswith("since ") else scope


_LAST = re.compile(r"last ([0-9]+) (years|periods)", re.ASCII)


def _unit(unit: str, noun: str) -> str:
    return "year" if unit == "years" else noun


def counted(number: int, noun: str) -> str:
    """How many of something: 1 session, 1,204 sessions."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def grouped(number: int) -> str:
    """A whole number with its thousands apart: 1204 → 1,204."""
    return f"{number:,}"


def does(milestone: Milestone, noun: str = "period", style: Style = _STYLE) -> str:
    """What a streak does to a record."""
    verb = {
        Kind.RECORD_BROKEN: "breaks",
        Kind.RECORD_EXTENDED: "extends",
        Kind.RECORD_TIED: "ties",
    }.get(milestone.kind) or f"{_short(milestone)} short of"
    return f"{verb} {_record(milestone, noun, style)}"


def would(milestone: Milestone, noun: str = "period", style: Style = _STYLE) -> str:
    """What a milestone of a period that has not closed would be, after "would"."""
    if milestone.kind is Kind.YEAR_TO_DATE:
        way = "more" if milestone.direction == "rising" else "less"
        value = style.number(signed(digits(milestone.value, 2)))
        return f"stand at {value} percentage points or {way} this year"
    verb = {
        Kind.RECORD_BROKEN: "break",
        Kind.RECORD_EXTENDED: "extend",
        Kind.RECORD_TIED: "tie",
    }.get(milestone.kind) or f"come within {_short(milestone)} of"
    return f"{verb} {_record(milestone, noun, style)}"


def _short(milestone: Milestone) -> int:
    assert milestone.holder is not None
    return milestone.holder.length - milestone.level


def _record(milestone: Milestone, noun: str, style: Style) -> str:
    held = milestone.holder
    assert held is not None
    ended = style.date(held.end)
    return f"the record {of_scope(milestone.scope, noun, style)} ({held.length}, ended {ended})"


def longest(rank: str) -> str:
    """``Longest`` for the 1st, ``3rd longest`` for others."""
    return "Longest" if rank == "1st" else f"{rank} longest"


def points(fraction: float) -> str:
    """A difference of returns: 0.0855 → +8.55 percentage points."""
    return f"{fraction * 100:+.2f} percentage points"


def share(fraction: float) -> str:
    """A share as a percentage: 0.624 → 62.4%; small ones with two figures that count."""
    percentage = fraction * 100
    if 0 < percentage < 0.01:
        return "less than 0.01%"
    shown = f"{percentage:.2g}" if percentage < 1 else f"{percentage:.1f}".removesuffix(".0")
    return f"{shown}%"


def number(value: float) -> str:
    """A value of a series, short: 6913.35, 0.52880 → 0.5288, 0.0001751; whole from ten millions."""
    if abs(value) >= 1e7:
        return digits(f"{value:.0f}")
    return digits(f"{round(value, 5):.7g}" if abs(value) >= 0.01 else f"{value:.4g}")


def digits(number: str, places: int = 0) -> str:
    """Plain digits, times a power of ten: 20.0 → 20, and 0.05 with two places → 5."""
    text = f"{Decimal(number).scaleb(places):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def signed(number: str) -> str:
    """A plus before what is above zero."""
    return number if number == "0" or number.startswith("-") else f"+{number}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th … 11th, 12th, 13th … 21st."""
    teens = 11 <= number % 100 <= 13
    suffix = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def percent(fraction: float) -> str:
    """A fraction as a signed percentage with two decimals: 0.0954 → +9.54%."""
    return f"{fraction * 100:+.2f}%"


def lasting(seconds: int) -> str:
    """A length of time by its two largest units: 45 s, 30 min, 2 h 10 min, 1 d 3 h."""
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    sizes = (("d", minutes // 1440), ("h", minutes // 60 % 24), ("min", minutes % 60))
    first = next(at for at, (_, size) in enumerate(sizes) if size)
    return " ".join(f"{size} {unit}" for unit, size in sizes[first : first + 2] if size)


def left(seconds: int) -> str:
    """A length of time in words, by its two largest units: 25 minutes, 2 hours 10 minutes."""
    if seconds < 60:
        return counted(seconds, "second")
    minutes = seconds // 60
    sizes = (("day", minutes // 1440), ("hour", minutes // 60 % 24), ("minute", minutes % 60))
    first = next(at for at, (_, size) in enumerate(sizes) if size)
    return " ".join(counted(size, unit) for unit, size in sizes[first : first + 2] if size)


_NUMBERS = (counted, grouped, lasting, left, number, percent, points, share, step)
_DATED = (does, in_scope, of_scope, would)
