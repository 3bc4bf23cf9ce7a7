"""Alerts as words: jinja2 templates, sandboxed and strict about unknown names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts.model import Alert
from alerts.targets import Message


def render(alert: Alert, names: Mapping[str, str]) -> Message:
    """The message for people; ``names`` maps symbols to the names that people know."""
    values = {"alert": alert, "names": names}
    title = _environment().get_template("title.txt.j2").render(values)
    body = _environment().get_template("body.txt.j2").render(values)
    return Message(" ".join(title.split()), body.strip(), failure=alert.late)


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
    environment.filters |= {"ordinal": ordinal, "percent": percent, "of_scope": of_scope}
    return environment


def _one_line(value: object) -> object:
    """No value brings line breaks or control characters: lines are the template's alone."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else " " for c in value)


def of_scope(scope: str) -> str:
    """What follows "the record": of all known history, since DATE, of the last N years."""
    if scope == "all":
        return "of all known history"
    return scope if scope.startswith("since") else f"of {scope.replace('last', 'the last')}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th … 11th, 12th, 13th … 21st."""
    teens = 11 <= number % 100 <= 13
    suffix = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def percent(fraction: float) -> str:
    """A fraction as a signed percentage with two decimals: 0.0954 → +9.54%."""
    return f"{fraction * 100:+.2f}%"
