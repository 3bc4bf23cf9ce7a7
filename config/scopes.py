"""The stretches of history within which a record, or a highest level, counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from config.models import Model
from config.validators import as_list, day, distinct, refusal
from config.words import any_of, found

_PART = r"all|this year|last [1-9][0-9]{0,2} years|since [0-9]{4}-[0-9]{2}-[0-9]{2}"
SCOPE_PATTERN = rf"^({_PART})$"
LEVEL_SCOPE_PATTERN = rf"^(ever|last [1-9][0-9]{{0,4}} periods|{_PART})$"
SCOPE_FORMS = ("all", "since YYYY-MM-DD", "last N years", "this year")
LEVEL_SCOPE_FORMS = ("ever", "since YYYY-MM-DD", "last N years", "last N periods", "this year")


class Scope(Model):
    """The stretch of history within which a record counts.

    A streak belongs to a scope when it ended on or after ``since``, at its whole length: a
    streak that straddles the edge makes a record harder to claim, never easier.
    """

    since: date | None = None
    years: int | None = None
    """The last so many years, counted back from the period that is told."""
    this_year: bool = False
    periods: int | None = None
    """The last so many periods before the one that is told (levels only)."""

    def start(self, on: date) -> date | None:
        """The first day of the scope as seen on a day; None for all history, and for periods."""
        if self.this_year:
            return date(on.year, 1, 1)
        if self.years is None:
            return self.since
        leap_day = (on.month, on.day) == (2, 29)
        return on.replace(year=on.year - self.years, day=28 if leap_day else on.day)

    def __str__(self) -> str:
        if self.this_year:
            return "this year"
        if self.years is not None:
            return f"last {self.years} years"
        if self.periods is not None:
            return f"last {self.periods} periods"
        return "all" if self.since is None else f"since {self.since}"


def _read(text: str) -> Scope | None:
    if text == "all":
        return Scope()
    if text == "this year":
        return Scope(this_year=True)
    if years := re.fullmatch(r"last ([1-9][0-9]{0,2}) years", text):
        return Scope(years=int(years[1]))
    if text.startswith("since "):
        return Scope(since=day(text.removeprefix("since ").strip()))
    return None


def _read_of_level(text: str) -> Scope | None:
    if periods := re.fullmatch(r"last ([1-9][0-9]{0,4}) periods", text):
        return Scope(periods=int(periods[1]))
    return _read("all" if text == "ever" else text)


def _scope(value: Any) -> Scope:
    return _written(value, _read, SCOPE_FORMS)


def _level_scope(value: Any) -> Scope:
    return _written(value, _read_of_level, LEVEL_SCOPE_FORMS)


def _written(value: Any, read: Callable[[str], Scope | None], forms: Sequence[str]) -> Scope:
    """A scope as it is written in a configuration, in one of ``forms``."""
    if isinstance(value, Scope):
        return value
    scope = read(value if isinstance(value, str) else "")
    if scope is None:
        raise refusal(f"found {found(value)}", f"write {any_of(forms)}")
    return scope


ScopeInput = Annotated[str, Field(pattern=SCOPE_PATTERN)]
ScopeText = Annotated[
    Scope,
    BeforeValidator(_scope, json_schema_input_type=ScopeInput),
    PlainSerializer(str, return_type=str),
]
ScopeInputs = Annotated[list[ScopeInput], Field(min_length=1)]

_LevelScopeInput = Annotated[str, Field(pattern=LEVEL_SCOPE_PATTERN)]
_LevelScopeText = Annotated[
    Scope,
    BeforeValidator(_level_scope, json_schema_input_type=_LevelScopeInput),
    PlainSerializer(str, return_type=str),
]
LevelScopes = Annotated[
    list[_LevelScopeText],
    AfterValidator(distinct),
    BeforeValidator(as_list, json_schema_input_type=_LevelScopeInput | list[_LevelScopeInput]),
]
