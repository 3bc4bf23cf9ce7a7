"""Series that are made of the closes of instruments."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from config.models import Day, Length, Model, Symbol
from config.validators import distinct, plain_weight, refusal
from config.words import KeyPath

Members = Annotated[list[Symbol], Field(min_length=1), AfterValidator(distinct)]
Weight = Annotated[
    Decimal,
    Field(gt=0, le=1_000_000_000),
    AfterValidator(plain_weight),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000_000}),
]

Parts = Iterator[tuple[KeyPath, str]]


def _listed(key: str, names: list[str]) -> Parts:
    return (((key, index), name) for index, name in enumerate(names))


class Named(Model):
    """What all series share."""

    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """The name that people know, for example Magnificent Seven."""

    def parts(self) -> Parts:
        """The names of what it is made of, each with the path that leads there."""
        raise NotImplementedError

    def symbols(self) -> tuple[str, ...]:
        """The names of what it is made of, each once."""
        return tuple(dict.fromkeys(name for _, name in self.parts()))


class Basket(Named):
    """Several instruments as one; it can be the leg of a pair."""

    kind: Literal["basket"]
    weighting: Literal["equal", "price", "fixed"] = "equal"
    """equal: rebalanced each period, the mean of the members' returns. price: the sum of their
    closes. fixed: bought in the weights on the first period from `as_of` on, and kept."""
    members: Annotated[list[Symbol], AfterValidator(distinct)] = Field(default=[])
    """The symbols, for the weightings equal and price."""
    weights: dict[Symbol, Weight] = Field(default={})
    """The weight of each symbol, for the weighting fixed; taken as shares of their sum."""
    as_of: Day | None = None
    """The day of the weights, for the weighting fixed; the basket begins there."""

    @model_validator(mode="after")
    def _one_way(self) -> Basket:
        fixed = self.weighting == "fixed"
        if fixed and (self.members or not self.weights or self.as_of is None):
            cure = "write weights (a number for each symbol) and as_of, without members"
            raise refusal("a basket of fixed weights has weights and a day", cure)
        if not fixed and (not self.members or self.weights or self.as_of is not None):
            cure = "write members alone, or the weighting fixed"
            raise refusal(f"a basket of {self.weighting} weighting has members", cure)
        return self

    def parts(self) -> Parts:
        """The members."""
        yield from ((("weights", symbol), symbol) for symbol in self.weights)
        yield from _listed("members", self.members)


class Ratio(Named):
    """One series divided by another, period by period."""

    kind: Literal["ratio"]
    of: Annotated[list[Symbol], Field(min_length=2, max_length=2), AfterValidator(distinct)]
    """Two symbols or baskets: the first is divided by the second."""

    def parts(self) -> Parts:
        """Both, which may be baskets."""
        return _listed("of", self.of)


class Spread(Named):
    """One series minus another, period by period: the gap between two valuations or yields."""

    kind: Literal["spread"]
    of: Annotated[list[Symbol], Field(min_length=2, max_length=2), AfterValidator(distinct)]
    """Two symbols or baskets: the second is taken from the first."""

    def parts(self) -> Parts:
        """Both, which may be baskets."""
        return _listed("of", self.of)


class Breadth(Named):
    """The share of the members that rose, fell, or beat a benchmark."""

    kind: Literal["breadth"]
    members: Members
    """The symbols that are counted."""
    measure: Literal["rose", "fell", "beat"] = "rose"
    """What is counted: closes higher or lower than before, or returns above the benchmark's."""
    benchmark: Symbol | None = None
    """The symbol to be beaten, for the measure beat."""
    periods: Length = 1
    """Over so many periods: 1, or 5 for the trailing week of sessions."""

    @model_validator(mode="after")
    def _whom(self) -> Breadth:
        if self.measure == "beat" and self.benchmark is None:
            raise refusal("the measure beat needs a benchmark", "add benchmark")
        if self.measure != "beat" and self.benchmark is not None:
            cure = "write the measure beat, or take benchmark out"
            raise refusal(f"the measure {self.measure} has no benchmark", cure)
        return self

    def parts(self) -> Parts:
        """The members and the benchmark."""
        yield from _listed("members", self.members)
        if self.benchmark is not None:
            yield ("benchmark",), self.benchmark


Series = Annotated[Basket | Ratio | Spread | Breadth, Field(discriminator="kind")]
