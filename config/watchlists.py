"""What is watched: watchlists, their pairs and their rules."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from config.validators import as_list, day, distinct, known_calendar, refusal, rounding_step
from config.words import found, shown

Direction = Literal["outperforming", "underperforming"]
DirectionFilter = Literal["outperforming", "underperforming", "any"]

SYMBOL_PATTERN = r"^[A-Za-z0-9^.=_:/-]{1,32}$"
SCOPE_PATTERN = r"^(all|this year|last [1-9][0-9]{0,2} years|since [0-9]{4}-[0-9]{2}-[0-9]{2})$"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

Symbol = Annotated[str, Field(pattern=SYMBOL_PATTERN)]
"""What has a price, as the feed names it."""
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""What a watchlist, a target or a consumer group is called."""
Day = Annotated[date, BeforeValidator(day)]
Length = Annotated[int, Field(ge=1)]
"""A number of periods."""


class Model(BaseModel):
    """Strict and frozen: an unknown key is a fault, a value is never changed later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # an input may be a target's URL, with its secret
    )


class PublishedRecord(Model):
    """A streak that was published and lies before the closes that the log holds."""

    direction: Direction
    """outperforming: the asset beat the benchmark. underperforming: the reverse."""
    length: int = Field(ge=1)
    """Length in periods."""
    start: Day
    """First period of the streak."""
    end: Day
    """Last period of the streak."""
    source: str = Field(min_length=1, max_length=200)
    """Where it was published; quoted in the alerts that rest on it."""

    @model_validator(mode="after")
    def _in_order(self) -> PublishedRecord:
        if self.end < self.start:
            what = f"ends on {self.end}, before its start on {self.start}"
            raise refusal(what, "correct one of the two dates")
        return self


class Pair(Model):
    """An asset measured against a benchmark."""

    asset: Symbol
    """The symbol that is measured."""
    benchmark: Symbol
    """The symbol that it is measured against."""
    records: list[PublishedRecord] = []
    """Published records that precede the log, with their sources (seeds of the record book)."""
    records_complete_from: int | None = Field(default=None, ge=1)
    """The list of records is complete for streaks of at least this length; by default for those
    as long as its shortest. Nothing is claimed from it about shorter ones."""

    @model_validator(mode="after")
    def _two_legs(self) -> Pair:
        if self.asset == self.benchmark:
            what = f"asset and benchmark are both '{shown(self.asset)}'"
            raise refusal(what, "a pair needs two symbols")
        return self


class Scope(Model):
    """The stretch of history within which a record counts.

    A streak belongs to a scope when it ended on or after ``since``, at its whole length: a
    streak that straddles the edge makes a record harder to claim, never easier.
    """

    since: date | None = None
    years: int | None = None
    """The last so many years, counted back from the period that is told."""
    this_year: bool = False

    def start(self, on: date) -> date | None:
        """The first day of the scope as seen on a day; None for all history."""
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
        return "all" if self.since is None else f"since {self.since}"


def _scope(value: Any) -> Any:
    if isinstance(value, Scope):
        return value
    text = value if isinstance(value, str) else ""
    if text == "all":
        return Scope()
    if text == "this year":
        return Scope(this_year=True)
    if years := re.fullmatch(r"last ([1-9][0-9]{0,2}) years", text):
        return Scope(years=int(years[1]))
    if text.startswith("since "):
        return Scope(since=day(text.removeprefix("since ").strip()))
    cure = "write 'all', 'since YYYY-MM-DD', 'last N years' or 'this year'"
    raise refusal(f"found {found(value)}", cure)


_ScopeInput = Annotated[str, Field(pattern=SCOPE_PATTERN)]
ScopeText = Annotated[
    Scope,
    BeforeValidator(_scope, json_schema_input_type=_ScopeInput),
    PlainSerializer(str, return_type=str),
]

RecordEvent = Literal["approached", "tied", "broken", "extended"]

_Lengths = Annotated[list[Length], Field(min_length=1)]
_ScopeInputs = Annotated[list[_ScopeInput], Field(min_length=1)]
_RecordEvents = Annotated[list[RecordEvent], Field(min_length=1)]


class ThresholdRule(Model):
    """Tells when a streak reaches a length."""

    kind: Literal["threshold"]
    at: Annotated[
        list[Length],
        Field(min_length=1),
        AfterValidator(distinct),
        BeforeValidator(as_list, json_schema_input_type=Length | _Lengths),
    ]
    """The lengths, in periods, that are told: one number or a list."""
    every: int | None = Field(default=None, ge=1)
    """Beyond the longest of them, every so many periods again; by default no more."""
    min_active_return: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Only when the asset's return over the streak differs from the benchmark's by so much, as a
    fraction (0.01 = one percentage point)."""
    direction: DirectionFilter = "any"
    """Which streaks: outperforming, underperforming or any."""


class RecordRule(Model):
    """Tells when a streak ties or breaks the record of a scope."""

    kind: Literal["record"]
    on: Annotated[
        list[RecordEvent],
        Field(min_length=1),
        AfterValidator(distinct),
        BeforeValidator(as_list, json_schema_input_type=RecordEvent | _RecordEvents),
    ] = ["tied", "broken"]
    """approached: `short_by` periods short of the record. tied: as long as it. broken: the first
    period beyond it. extended: longer still, every `extended_every` periods."""
    min_length: int = Field(default=3, ge=1)
    """Only streaks at least this long, in periods: a young scope has short records."""
    short_by: int = Field(default=1, ge=1)
    """How many periods short of the record `approached` is."""
    extended_every: int = Field(default=1, ge=1)
    """How often `extended` is told once the record is broken, in periods."""
    scopes: Annotated[
        list[ScopeText],
        Field(min_length=1),
        AfterValidator(distinct),
        BeforeValidator(as_list, json_schema_input_type=_ScopeInput | _ScopeInputs),
    ] = Field(default=[Scope()], json_schema_extra={"default": ["all"]})
    """'all' (everything known), 'since YYYY-MM-DD', 'last N years' or 'this year'; one or more."""
    direction: DirectionFilter = "any"
    """Which streaks: outperforming, underperforming or any."""


class EndedRule(Model):
    """Tells when a streak ends."""

    kind: Literal["ended"]
    min_length: int = Field(default=2, ge=1)
    """Only streaks at least this long, in periods."""
    direction: DirectionFilter = "any"
    """Which streaks: outperforming, underperforming or any."""


Rule = Annotated[ThresholdRule | RecordRule | EndedRule, Field(discriminator="kind")]


Step = Annotated[
    Decimal,
    AfterValidator(rounding_step),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 0.01}),
]


class Watchlist(Model):
    """The pairs that are watched together, on one calendar."""

    pairs: list[Pair] = Field(min_length=1)
    """The pairs; each one once."""
    rules: list[Rule] = Field(min_length=1)
    """What is told about them."""
    targets: Annotated[list[Name], Field(min_length=1), AfterValidator(distinct)]
    """Where it is told: names from `targets`."""
    calendar: Annotated[str, AfterValidator(known_calendar)] = "none"
    """The exchange's MIC (XNYS, XLON, 24/7 …), or 'none' to take periods as they come."""
    interval: Literal["1d"] = "1d"
    """The length of a period: 1d, one exchange session."""
    ties: Literal["break", "extend", "skip"] = "break"
    """An active return of exactly zero ends a streak, extends it, or is passed over."""
    missing: Literal["hold", "break"] = "hold"
    """A session for which a leg has no close: the next common close is compared with the last one
    and counts as one period (hold), or the streak ends there (break). Needs a calendar."""
    round_returns_to: Step | None = None
    """Round both returns to this step before they are compared, as a fraction (0.0001 = 0.01%)."""
    min_history: int = Field(default=252, ge=0)
    """Periods that must be known (or seeded) before anything is called a record."""

    @field_validator("pairs")
    @classmethod
    def _each_once(cls, pairs: list[Pair]) -> list[Pair]:
        seen: set[tuple[str, str]] = set()
        for index, pair in enumerate(pairs):
            key = (pair.asset, pair.benchmark)
            if key in seen:
                what = f"{shown(pair.asset)} against {shown(pair.benchmark)} is listed twice"
                raise refusal(what, "keep one of the two", index)
            seen.add(key)
        return pairs

    def symbols(self) -> set[str]:
        """The symbols whose closes this watchlist needs."""
        return {symbol for pair in self.pairs for symbol in (pair.asset, pair.benchmark)}
