"""Rules: what is told about pairs and series."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from config.models import Length, Model, Name, Symbol
from config.scopes import LevelScopes, Scope, ScopeInput, ScopeInputs, ScopeText
from config.summaries import SummaryRule
from config.validators import OneOrMore, as_list, distinct, plain_number, refusal

_LARGEST = 1_000_000_000
_WEEK = 7 * 24 * 60
_HOUR = 3600

DirectionFilter = Literal["outperforming", "underperforming", "any"]
RecordEvent = Literal["approached", "tied", "broken", "extended"]

Number = Annotated[
    Decimal,
    Field(ge=-_LARGEST, le=_LARGEST),
    AfterValidator(plain_number),
    WithJsonSchema({"type": "number", "minimum": -_LARGEST, "maximum": _LARGEST}),
]
Numbers = OneOrMore[Number]
Share = Annotated[
    Decimal,
    Field(ge=0, le=1),
    AfterValidator(plain_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]

_SomeNumbers = Annotated[list[Number], Field(min_length=1)]
_Lengths = Annotated[list[Length], Field(min_length=1)]
_RecordEvents = Annotated[list[RecordEvent], Field(min_length=1)]


class PairRule(Model):
    """What the rules about pairs share."""

    direction: DirectionFilter = "any"
    """Which streaks: outperforming, underperforming or any."""
    pair: str | None = Field(default=None, max_length=65)
    """Only this pair, written ASSET/BENCHMARK; by default each of the watchlist."""


class ThresholdRule(PairRule):
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


class RecordRule(PairRule):
    """Tells when a streak ties or breaks the record of a scope."""

    kind: Literal["record"]
    on: Annotated[
        list[RecordEvent],
        Field(min_length=1),
        AfterValidator(distinct),
        BeforeValidator(as_list, json_schema_input_type=RecordEvent | _RecordEvents),
    ] = Field(default=["tied", "broken"])
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
        BeforeValidator(as_list, json_schema_input_type=ScopeInput | ScopeInputs),
    ] = Field(default=[Scope()], json_schema_extra={"default": ["all"]})
    """'all' (everything known), 'since YYYY-MM-DD', 'last N years' or 'this year'; one or more."""


class EndedRule(PairRule):
    """Tells when a streak ends."""

    kind: Literal["ended"]
    min_length: int = Field(default=2, ge=1)
    """Only streaks at least this long, in periods."""


class ProvisionalRule(PairRule):
    """Tells, before the close, what a streak would be with the prices so far.

    It is told once for each pair, period and direction, and confirmed or withdrawn at the close.
    """

    kind: Literal["provisional"]
    min_length: int = Field(default=5, ge=1)
    """Only streaks that would be at least this long, in periods."""
    every: float = Field(default=5.0, ge=0, le=_HOUR, allow_inf_nan=False)
    """How often all pairs are looked at while prices come, in seconds of their arrival; 0 for each
    price. The least of a watchlist counts for all of its rules."""
    margin: Share = Field(default=Decimal(0), json_schema_extra={"default": 0})
    """Only when the legs' returns of the period so far are so far apart in the streak's direction,
    as a fraction (0.001 = a tenth of a percentage point)."""


class MissingRule(Model):
    """Tells when closes have not come some time after a session's end, and when all are there."""

    kind: Literal["missing"]
    after: float = Field(default=30.0, ge=0, le=_WEEK, allow_inf_nan=False)
    """How long after the end of the session or interval, in minutes."""
    symbols: OneOrMore[Symbol] = Field(default=[])
    """Only these, one or more; by default all that the watchlist needs."""


class YearToDateRule(Model):
    """Tells when a pair's active return since the year's beginning crosses a value."""

    kind: Literal["year-to-date"]
    crosses: Annotated[
        list[Number],
        Field(min_length=1),
        AfterValidator(distinct),
        BeforeValidator(as_list, json_schema_input_type=Number | _SomeNumbers),
    ]
    """The values, as fractions (0.05 = five percentage points): one number or a list."""
    direction: Literal["rising", "falling", "any"] = "any"
    """Crossed from below (rising), from above (falling), or any."""
    pair: str | None = Field(default=None, max_length=65)
    """Only this pair, written ASSET/BENCHMARK; by default each of the watchlist."""


class LevelRule(Model):
    """Tells when a series crosses a value, or stands highest or lowest."""

    kind: Literal["level"]
    series: Symbol
    """A symbol, or a name from `series`."""
    crosses: Numbers = Field(default=[])
    """The values, in the units of the series: one number or a list."""
    highest: LevelScopes = Field(default=[])
    """Where it stands highest: 'ever', 'since YYYY-MM-DD', 'last N years', 'last N periods' or
    'this year'; one or more."""
    lowest: LevelScopes = Field(default=[])
    """Where it stands lowest, likewise."""
    min_age: int = Field(default=5, ge=1)
    """A high or low is told only when the one before it was at least so many periods ago."""
    direction: Literal["rising", "falling", "any"] = "any"
    """How `crosses` is meant: from below (rising), from above (falling), or any."""

    @model_validator(mode="after")
    def _something(self) -> LevelRule:
        if not (self.crosses or self.highest or self.lowest):
            raise refusal("nothing to tell", "add crosses, highest or lowest")
        return self


class BreadthRule(Model):
    """Tells when a breadth reaches a share of the members."""

    kind: Literal["breadth"]
    series: Symbol
    """A name from `series` of the kind breadth."""
    at_least: Share | None = None
    """When the share has risen to this, from 0 to 1."""
    at_most: Share | None = None
    """When the share has fallen to this, from 0 to 1."""

    @model_validator(mode="after")
    def _one_side(self) -> BreadthRule:
        if (self.at_least is None) == (self.at_most is None):
            raise refusal("one share is needed", "write either at_least or at_most")
        return self


SimpleRule = ThresholdRule | RecordRule | EndedRule | YearToDateRule | LevelRule | BreadthRule
Condition = Annotated[SimpleRule, Field(discriminator="kind")]


class TogetherRule(Model):
    """What the rules of several conditions share."""

    name: Name
    """What it is called in messages, such as divergence."""
    of: list[Condition] = Field(min_length=2)
    """The conditions: rules of the other kinds. A threshold holds while the streak is at least so
    long, a value while the series is beyond it, a record in the period that brings it."""


class AllRule(TogetherRule):
    """Tells the first of consecutive periods in which all of some conditions hold."""

    kind: Literal["all"]


class AnyRule(TogetherRule):
    """Tells the first of consecutive periods in which any of some conditions holds."""

    kind: Literal["any"]


Rule = Annotated[
    SimpleRule | ProvisionalRule | MissingRule | SummaryRule | AllRule | AnyRule,
    Field(discriminator="kind"),
]
