"""Matchers on the command line: FIELD=VALUE, FIELD!=VALUE, severity>=VALUE."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from alerts.matchers import Matcher
from config.errors import UsageError
from config.matching import AT_LEAST, MATCH_PATTERN, NOT, TEXT_PATTERNS, Match
from config.places import PATTERNS
from config.route_names import unfit_match
from config.settings import Settings
from config.words import suggestion

_FORM = re.compile(r"([A-Za-z0-9_.-]+) *(!=|>=|=) *(.+)")
_LABELS = "labels."

match_option = click.option(
    "--match",
    "texts",
    multiple=True,
    metavar="FIELD=VALUE",
    help="What it is about, such as asset=RUT, rule=record.*, severity>=warning, pair!=RUT/SPX, "
    "labels.desk=us; several values with commas. May be repeated: all must fit.",
)


def matchers(texts: Sequence[str], settings: Settings) -> tuple[Matcher, ...]:
    """The matchers that a person means, each name of which is in the configuration.

    Raises:
        UsageError: a text of another form, or a name that is not there.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        field, values = _parsed(text)
        before = found.get(field, [])
        if any(_is_asked(value) for value in before) and any(map(_is_asked, values)):
            cure = f"write {field}=A,B for one of several"
            raise UsageError(f"--match {text!r}: {field} is asked for twice", cure)
        found[field] = [*before, *values]
    for complaint in unfit_match(_plain(found), plain(settings)):
        raise UsageError(f"--match {complaint.path[0]}: {complaint.what}", complaint.cure)
    return tuple(Matcher(field, tuple(dict.fromkeys(values))) for field, values in found.items())


def plain(settings: Settings, watchlist: str | None = None) -> dict[str, Any]:
    """The watchlists as the file has them, for the checks of names; or one of them alone."""
    wanted: Any = True if watchlist is None else {watchlist}
    return settings.model_dump(mode="json", by_alias=True, include={"watchlists": wanted})


def _parsed(text: str) -> tuple[str, list[str]]:
    parts = _FORM.fullmatch(text)
    if parts is None:
        cure = "write FIELD=VALUE, FIELD!=VALUE or severity>=VALUE"
        raise UsageError(f"--match {text!r} is no matcher", cure)
    field, sign, rest = parts.groups()
    known = [name for name in Match.model_fields if name != "labels"]
    if field not in known and not field.startswith(_LABELS):
        cure = suggestion(field, known) or f"write {', '.join(known)} or {_LABELS}NAME"
        raise UsageError(f"--match {text!r}: there is no field {field!r}", cure)
    before = {"!=": NOT, ">=": AT_LEAST}.get(sign, "")
    values = [f"{before}{value.strip()}" for value in rest.split(",")]
    pattern = TEXT_PATTERNS.get(field, MATCH_PATTERN)
    for value in values:
        if not re.fullmatch(pattern, value):
            raise UsageError(f"--match {text!r}: found {value!r}", f"write {PATTERNS[pattern]}")
    return field, values


def _is_asked(value: str) -> bool:
    """Whether a text is what a field must be, and not what it must not be."""
    return not value.startswith(NOT)


def _plain(found: dict[str, list[str]]) -> dict[str, Any]:
    labels = {f.removeprefix(_LABELS): v for f, v in found.items() if f.startswith(_LABELS)}
    return {**{f: v for f, v in found.items() if not f.startswith(_LABELS)}, "labels": labels}
