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
    field_validator,
    model_validator,
)

Direction = Literal["outperforming", "underperforming"]
DirectionFilter = Literal["outperforming", "underperforming", "any"]

Symbol = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9^.=_:/-]{1,32}$",
        description="What has a price, as the feed names it: letters, digits and ^ . = _ : / -",
        examples=["RUT", "^GSPC", "BRK.B"],
    ),
]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="Letters, digits, _ . and -, beginning with a letter or digit.",
    ),
]


class Model(BaseModel):
    """Strict and frozen: an unknown key is a fault, a value is never changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class PublishedRecord(Model):
    """A streak that was published and lies before the closes that the log holds."""

    direction: Direction
    """outperforming: the asset beat the benchmark. underperforming: the reverse."""
    length: int = Field(ge=1)
    """Length in periods."""
    start: date
    """First period of the streak."""
    end: date
    """Last period of the streak."""
    source: str = Field(min_length=1, max_length=200)
    """Where it was published; quoted in the alerts that rest on it."""

    @model_validator(mode="after")
    def _in_order(self) -> PublishedRecord:
        if self.end < self.start:
            raise ValueError(f"ends on {self.end}, before its start on {self.start}")
        return self


class Pair(Model):
    """An asset measured against a benchmark."""

    asset: Symbol
    """The symbol that is measured."""
    benchmark: Symbol
    """The symbol that it is measured against."""
    records: list[PublishedRecord] = []
    """Published records that precede the log, with their sources (seeds of the record book)."""

    @model_validator(mode="after")
    def _two_legs(self) -> Pair:
        if self.asset == self.benchmark:
            raise ValueError(f"asset and benchmark are both {self.asset}; a pair needs two symbols")
        return self


class Scope(Model):
    """The stretch of history within which a record counts.

    A streak belongs to a scope when it ended on or after ``since``, at its whole length: a
    streak that straddles the edge makes a record harder to claim, never easier.
    """

    since: date | None = None

    def __str__(self) -> str:
        return "all" if self.since is None else f"since {self.since}"


def _scope(value: Any) -> Any:
    if isinstance(value, str):
        if value == "all":
            return Scope()
        found = re.fullmatch(r"since (\d{4}-\d{2}-\d{2})", value)
        if found:
            return Scope(since=date.fromisoformat(found[1]))
        raise ValueError("write 'all' or 'since YYYY-MM-DD'")
    return value


ScopeText = Annotated[
    Scope,
    BeforeValidator(_scope, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class ThresholdRule(Model):
    """Tells when a streak reaches a length."""

    kind: Literal["threshold"]
    at: Annotated[list[Annotated[int, Field(ge=1)]], BeforeValidator(_as_list)] = Field(
        min_length=1
    )
    """The lengths, in periods, that are told: one number or a list."""
    direction: DirectionFilter = "any"
    """Which streaks: outperforming, underperforming or any."""


class RecordRule(Model):
    """Tells when a streak ties or breaks the record of a scope."""

    kind: Literal["record"]
    on: Annotated[list[Literal["tied", "broken"]], BeforeValidator(_as_list)] = Field(
        default=["tied", "broken"], min_length=1
    )
    """tied: as long as the record. broken: the first period beyond it."""
    scopes: Annotated[list[ScopeText], BeforeValidator(_as_list)] = Field(
        default=[Scope()], min_length=1
    )
    """'all' (everything known) or 'since YYYY-MM-DD', one or a list."""
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


def _step(value: Decimal | None) -> Decimal | None:
    if value is not None and not (0 < value <= Decimal("0.01") and (1 / value) % 1 == 0):
        raise ValueError("must be at most 0.01 and divide 1 exactly, for example 0.0001 (0.01%)")
    return value


class Watchlist(Model):
    """The pairs that are watched together, on one calendar."""

    pairs: list[Pair] = Field(min_length=1)
    """The pairs; each one once."""
    rules: list[Rule] = Field(min_length=1)
    """What is told about them."""
    targets: list[Name] = Field(min_length=1)
    """Where it is told: names from `targets`."""
    calendar: str = "none"
    """The exchange's MIC (XNYS, XLON, 24/7 …), or 'none' to take periods as they come."""
    interval: Literal["1d"] = "1d"
    """The length of a period: 1d, one exchange session."""
    ties: Literal["break", "extend", "skip"] = "break"
    """An active return of exactly zero ends a streak, extends it, or is passed over."""
    round_returns_to: Annotated[Decimal | None, AfterValidator(_step)] = None
    """Round both returns to this step before they are compared, as a fraction (0.0001 = 0.01%)."""
    min_history: int = Field(default=252, ge=0)
    """Periods that must be known (or seeded) before anything is called a record."""

    @field_validator("pairs")
    @classmethod
    def _each_once(cls, pairs: list[Pair]) -> list[Pair]:
        seen: set[tuple[str, str]] = set()
        for pair in pairs:
            key = (pair.asset, pair.benchmark)
            if key in seen:
                raise ValueError(f"{pair.asset} against {pair.benchmark} is listed twice")
            seen.add(key)
        return pairs

    def symbols(self) -> set[str]:
        """The symbols whose closes this watchlist needs."""
        return {symbol for pair in self.pairs for symbol in (pair.asset, pair.benchmark)}
