"""Alerts as words: jinja2 templates, sandboxed and strict about unknown names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.model import Alert, Kind, Milestone
from alerts.targets import Message


def render(alert: Alert, names: Mapping[str, str]) -> Message:
    """The message for people; ``names`` maps symbols to the names that people know."""
    noun = "session" if alert.interval == "1d" else f"{alert.interval} interval"
    values = {"alert": alert, "names": names, "noun": noun}
    title = _environment().get_template("title.txt.j2").render(values)
    body = _environment().get_template("body.txt.j2").render(values)
    failure = alert.late or alert.milestone.kind is Kind.DATA_MISSING
    return Message(" ".join(title.split()), _tidy(body), failure=failure)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text
        finalize=_one_line,
    )
    environment.filters |= {filter_.__name__: filter_ for filter_ in _FILTERS}
    return environment


def _tidy(body: str) -> str:
    """At most one empty line in a row."""
    return re.sub(r"\n{3,}", "\n\n", body).strip()


def _one_line(value: object) -> object:
    """No value brings line breaks or control characters: lines are the template's alone."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else " " for c in value)


def step(rounding: str) -> str:
    """The step that returns are rounded to: ``1/10000`` → ``0.01%``."""
    return f"{100 / int(rounding.removeprefix('1/')):.10g}%"


def of_scope(scope: str, noun: str = "period") -> str:
    """What follows "the record": of all known history, since DATE, of the last 10 years."""
    if scope == "all":
        return "of all known history"
    found = _LAST.fullmatch(scope)
    last = found and counted(int(found[1]), _unit(found[2], noun)).removeprefix("1 ")
    return f"of the last {last}" if last else scope if scope.startswith("since") else f"of {scope}"


def in_scope(scope: str, noun: str = "period") -> str:
    """What follows "highest": since DATE, in 20 sessions, in 10 years, this year."""
    found = _LAST.fullmatch(scope)
    if found:
        return f"in {counted(int(found[1]), _unit(found[2], noun))}"
    return "in all known history" if scope == "all" else scope


_LAST = re.compile(r"last ([0-9]+) (years|periods)", re.ASCII)


def _unit(unit: str, noun: str) -> str:
    return "year" if unit == "years" else noun


def counted(number: int, noun: str) -> str:
    """How many of something: 1 session, 1,204 sessions."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def does(milestone: Milestone, noun: str = "period") -> str:
    """What a streak does to a record."""
    verb = {
        Kind.RECORD_BROKEN: "breaks",
        Kind.RECORD_EXTENDED: "extends",
        Kind.RECORD_TIED: "ties",
    }.get(milestone.kind) or f"{_short(milestone)} short of"
    return f"{verb} {_record(milestone, noun)}"


def would(milestone: Milestone, noun: str = "period") -> str:
    """What a milestone of a period that has not closed would be, after "would"."""
    if milestone.kind is Kind.YEAR_TO_DATE:
        way = "more" if milestone.direction == "rising" else "less"
        return f"stand at {signed(digits(milestone.value, 2))} percentage points or {way} this year"
    verb = {
        Kind.RECORD_BROKEN: "break",
        Kind.RECORD_EXTENDED: "extend",
        Kind.RECORD_TIED: "tie",
    }.get(milestone.kind) or f"come within {_short(milestone)} of"
    return f"{verb} {_record(milestone, noun)}"


def _short(milestone: Milestone) -> int:
    assert milestone.holder is not None
    return milestone.holder.length - milestone.level


def _record(milestone: Milestone, noun: str) -> str:
    held = milestone.holder
    assert held is not None
    return f"the record {of_scope(milestone.scope, noun)} ({held.length}, ended {held.end})"


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


_FILTERS = (
    *(counted, digits, lasting, left, number, ordinal, percent, points, share, signed, step),
    *(does, in_scope, longest, of_scope, would),
)
