"""What is watched: watchlists, their pairs, series and rules."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from config.models import Day, Direction, Model, Name, Symbol
from config.rules import (
    BreadthRule,
    LevelRule,
    MissingRule,
    PairRule,
    Rule,
    SimpleRule,
    TogetherRule,
    YearToDateRule,
)
from config.series import Basket, Breadth, Series
from config.summaries import SummaryRule
from config.validators import distinct, known_calendar, refusal, rounding_step
from config.words import KeyPath, any_of, shown, suggestion


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
    records: list[PublishedRecord] = Field(default=[])
    """Published records that precede the log, with their sources (seeds of the record book)."""
    records_complete_from: int | None = Field(default=None, ge=1)
    """The list of records is complete for streaks of at least this length; by default for those
    as long as its shortest. Nothing is claimed from it about shorter ones."""

    @property
    def name(self) -> str:
        """``ASSET/BENCHMARK``."""
        return f"{self.asset}/{self.benchmark}"

    @model_validator(mode="after")
    def _two_legs(self) -> Pair:
        if self.asset == self.benchmark:
            what = f"asset and benchmark are both '{shown(self.asset)}'"
            raise refusal(what, "a pair needs two symbols")
        return self


Step = Annotated[
    Decimal,
    AfterValidator(rounding_step),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 0.01}),
]


class Watchlist(Model):
    """The pairs that are watched together, on one calendar."""

    series: dict[Symbol, Series] = Field(default={})
    """Series that are made of others (baskets, ratios, spreads, breadths), by name."""
    pairs: list[Pair] = Field(default=[])
    """The pairs; each one once."""
    rules: list[Rule] = Field(min_length=1)
    """What is told about them."""
    targets: Annotated[list[Name], Field(min_length=1), AfterValidator(distinct)]
    """Where it is told: names from `targets`."""
    labels: dict[Name, Name] = Field(default={})
    """What routes, inhibitions and silences can tell it by, such as desk: us."""
    calendar: Annotated[str, AfterValidator(known_calendar)] = "none"
    """The exchange's MIC (XNYS, XLON, 24/7 …), or 'none' to take periods as they come."""
    interval: Literal["1m", "5m", "15m", "30m", "1h", "1d"] = "1d"
    """The length of a period: 1d, one exchange session, or a part of one, counted from its open
    (without a calendar from midnight UTC)."""
    overnight: Literal["include", "exclude"] = "include"
    """The first interval of a session is compared with the last one of the session before
    (include), or only begins anew (exclude): the night is not counted."""
    ties: Literal["break", "extend", "skip"] = "break"
    """An active return of exactly zero ends a streak, extends it, or is passed over."""
    missing: Literal["hold", "break"] = "hold"
    """A session for which a leg has no close: the next common close is compared with the last one
    and counts as one period (hold), or the streak ends there (break). Needs a calendar."""
    round_returns_to: Step | None = None
    """Round both returns to this step before they are compared, as a fraction (0.0001 = 0.01%)."""
    min_history: int = Field(default=252, ge=0)
    """Periods that must be known (or seeded) before anything is called a record."""

    @field_validator("missing")
    @classmethod
    def _has_sessions(cls, missing: str, info: ValidationInfo) -> str:
        if missing == "break" and info.data.get("calendar") == "none":
            what = "without a calendar nothing can be missing"
            raise refusal(what, "write hold, or the exchange's MIC as calendar")
        return missing

    @field_validator("overnight")
    @classmethod
    def _has_nights(cls, overnight: str, info: ValidationInfo) -> str:
        if overnight == "exclude" and info.data.get("interval") == "1d":
            what = "with the interval 1d every return is one of a night"
            raise refusal(what, "write include, or a shorter interval")
        return overnight

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

    @field_validator("series")
    @classmethod
    def _of_what_there_is(cls, series: dict[str, Series]) -> dict[str, Series]:
        for name, one in series.items():
            for path, part in one.parts():
                _check_part(name, one, part, series, path)
        return series

    @field_validator("pairs")
    @classmethod
    def _legs_have_returns(cls, pairs: list[Pair], info: ValidationInfo) -> list[Pair]:
        for index, pair in enumerate(pairs):
            for key, leg in (("asset", pair.asset), ("benchmark", pair.benchmark)):
                made = info.data.get("series", {}).get(leg)
                if made is not None and not isinstance(made, Basket):
                    what = f"{shown(leg)} is a {made.kind}, which has no returns"
                    raise refusal(what, "write a symbol or a basket", index, key)
        return pairs

    @field_validator("rules")
    @classmethod
    def _about_what_there_is(cls, rules: list[Rule], info: ValidationInfo) -> list[Rule]:
        if not {"pairs", "series"} <= info.data.keys():
            return rules  # a fault of their own is told already
        pairs = [pair.name for pair in info.data["pairs"]]
        for index, rule in enumerate(rules):
            for path, one in _simple(rule):
                _check_rule(one, pairs, info.data["series"], (index, *path))
        return rules

    @field_validator("rules")
    @classmethod
    def _names_differ(cls, rules: list[Rule]) -> list[Rule]:
        seen: set[str] = set()
        for index, rule in enumerate(rules):
            if isinstance(rule, TogetherRule):
                if rule.name in seen:
                    what = f"another rule is called '{shown(rule.name)}'"
                    raise refusal(what, "give each its own name", index, "name")
                seen.add(rule.name)
        return rules

    @model_validator(mode="after")
    def _has_its_time(self) -> Watchlist:
        symbols = self.symbols()
        for index, rule in enumerate(self.rules):
            if isinstance(rule, MissingRule):
                _check_missing(rule, symbols, self.calendar, ("rules", index))
            if isinstance(rule, SummaryRule) and rule.edge is not None and self.calendar == "none":
                what = "a summary around sessions, and the calendar none has no sessions"
                cure = "write a time such as 18:00, or the exchange's MIC as calendar"
                raise refusal(what, cure, "rules", index, "at")
        return self

    def symbols(self) -> set[str]:
        """The symbols whose closes this watchlist needs."""
        named = {leg for pair in self.pairs for leg in (pair.asset, pair.benchmark)}
        named |= self.followed()
        named |= {part for one in self.series.values() for part in one.symbols()}
        return named - self.series.keys()

    def followed(self) -> set[str]:
        """The series whose levels the rules ask for."""
        return {rule.series for rule in self.conditions() if isinstance(rule, _OF_SERIES)}

    def conditions(self) -> Iterator[OneRule]:
        """All rules, those within others included."""
        return (one for rule in self.rules for _, one in _simple(rule))


_OF_SERIES = (LevelRule, BreadthRule)
OneRule = SimpleRule | PairRule | MissingRule | SummaryRule


def _simple(rule: Rule) -> list[tuple[KeyPath, OneRule]]:
    """The rule itself or those within it, each with the path that leads there."""
    if isinstance(rule, TogetherRule):
        return [(("of", index), one) for index, one in enumerate(rule.of)]
    return [((), rule)]


def _check_part(
    name: str, one: Series, part: str, series: dict[str, Series], path: KeyPath
) -> None:
    made = series.get(part)
    if made is None:
        return
    if part == name:
        what = f"{shown(name)} is made of itself"
        raise refusal(what, "call the series by a name that is no symbol", name, *path)
    if isinstance(one, Basket | Breadth):
        what = f"{shown(part)} is a {made.kind}, and the parts of a {one.kind} are symbols"
        raise refusal(what, "write a symbol", name, *path)
    if not isinstance(made, Basket):
        what = f"{shown(part)} is a {made.kind}, of which no {one.kind} can be made"
        raise refusal(what, "write a symbol or a basket", name, *path)


def _check_rule(
    rule: OneRule,
    pairs: list[str],
    series: dict[str, Series],
    path: KeyPath,
) -> None:
    if isinstance(rule, BreadthRule):
        _check_breadth(rule.series, series, path)
    if isinstance(rule, PairRule | YearToDateRule | SummaryRule) and not pairs:
        raise refusal("a rule about pairs, and there are none", "add pairs", *path)
    if isinstance(rule, PairRule | YearToDateRule) and rule.pair not in (None, *pairs):
        what = f"there is no pair '{shown(str(rule.pair))}'"
        cure = suggestion(str(rule.pair), pairs) or f"write {any_of(pairs[:10])}"
        raise refusal(what, cure, *path, "pair")


def _check_breadth(name: str, series: dict[str, Series], path: KeyPath) -> None:
    made = series.get(name)
    if isinstance(made, Breadth):
        return
    breadths = [name for name, one in series.items() if isinstance(one, Breadth)]
    cure = "define it in series, of the kind breadth"
    if made is None:
        what, hint = f"there is no breadth '{shown(name)}'", suggestion(name, breadths)
    else:
        what, hint = f"{shown(name)} is a {made.kind}, not a breadth", ""
        cure = "use a rule of the kind level, or name a breadth"
    raise refusal(what, hint or cure, *path, "series")


def _check_missing(rule: MissingRule, symbols: set[str], calendar: str, path: KeyPath) -> None:
    if calendar == "none":
        what = "without a calendar nothing can be missing"
        raise refusal(what, "write the exchange's MIC, or 24/7, as calendar", *path)
    if not symbols:
        raise refusal("nothing that could be missing", "add pairs", *path)
    for index, symbol in enumerate(rule.symbols):
        if symbol not in symbols:
            what = f"nothing here needs closes of '{shown(symbol)}'"
            cure = suggestion(symbol, symbols) or f"write {any_of(sorted(symbols)[:10])}"
            raise refusal(what, cure, *path, "symbols", index)
