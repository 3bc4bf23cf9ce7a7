"""Routes: who is told of which alerts, together with what else, and when not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from config.matching import FIELD_PATTERN, Match
from config.models import Model, Name
from config.validators import distinct

_HOUR = 3600

Fact = Annotated[str, Field(pattern=FIELD_PATTERN)]
"""A field of alerts, as matchers have them, or calendar or period."""


class Group(Model):
    """Which alerts are told in one message."""

    by: Annotated[list[Fact], AfterValidator(distinct)] = Field(default=["watchlist", "period"])
    """Those that agree in these: watchlist, asset, benchmark, pair, rule, severity, direction,
    interval, missing, calendar, period, labels.NAME; an empty list for all of the route."""
    wait: Annotated[float, Field(ge=0, le=_HOUR, allow_inf_nan=False)] = 5
    """How long the first of them waits for others, in seconds."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    """At most so many in one message; beyond it, another message follows."""


class RouteOptions(Model):
    """What a route says, and hands down to those below it that do not say otherwise."""

    targets: Annotated[list[Name], AfterValidator(distinct)] | None = None
    """Who is told: names from `targets`; an empty list for nobody. By default as the route above;
    at the root the watchlist's own."""
    group: Group | None = None
    """Which alerts are told in one message; by default as the route above, at the root each by
    itself."""
    mute: Annotated[list[Name], AfterValidator(distinct)] | None = None
    """While one of these holds, nobody is told: names from `timings`; an empty list for never."""
    only: Annotated[list[Name], AfterValidator(distinct)] | None = None
    """Nobody is told unless one of these holds: names from `timings`; an empty list for always."""
    digest: bool | None = None
    """What was muted is told in one message when the muting ends; by default it is not told."""


class Route(RouteOptions):
    """A route below another: taken where its matchers fit, unless one beside it was before."""

    match: Match = Match()
    """Which alerts it is for, of those that the route above is for; by default all."""
    further: bool = Field(default=False, alias="continue")
    """Those that come after it, beside it, are tried too."""
    routes: list[Route] = Field(default=[])
    """Routes below it: the first that fits takes the alert from it."""


class Routes(RouteOptions):
    """The root, which is for every alert."""

    routes: list[Route] = Field(default=[])
    """Routes below it: the first that fits takes the alert from it."""


class Inhibition(Model):
    """Alerts that are not told, because another one says it already."""

    source: Match
    """The alert that says it."""
    target: Match
    """What is not told then."""
    equal: Annotated[list[Fact], Field(min_length=1), AfterValidator(distinct)]
    """The fields in which both agree, such as pair and period."""


def inhibitions() -> list[Inhibition]:
    """Those that there are unless the configuration says otherwise."""
    records = ["record.tied", "record.broken", "record.extended"]
    settled = ["provisional.confirmed", "provisional.withdrawn"]
    missing = {"rule": ["data.missing"]}
    return [
        _inhibition(
            {"rule": records},
            {"rule": ["threshold"]},
            *("watchlist", "pair", "period", "interval"),
        ),
        _inhibition(
            {"rule": settled},
            {"rule": ["provisional"]},
            *("watchlist", "pair", "period", "interval"),
        ),
        _inhibition(
            missing | {"missing": ["all"]},
            missing | {"missing": ["some"]},
            *("watchlist", "period", "interval"),
        ),
        _inhibition(
            missing | {"missing": ["all"], "labels": {"scope": ["market"]}},
            missing | {"labels": {"scope": ["not market"]}},
            *("calendar", "period", "interval"),
        ),
    ]


def _inhibition(
    source: Mapping[str, object], target: Mapping[str, object], *equal: str
) -> Inhibition:
    return Inhibition.model_validate({"source": source, "target": target, "equal": equal})
