"""What a watchlist watches, as the core takes it: lines, terms and subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from config.rules import YearToDateRule
from config.series import Basket, Breadth, Ratio, Series, Spread
from config.watchlists import Pair, Watchlist
from streams import calendars
from streams.core import breadth, periods
from streams.core.baskets import EqualWeight, FixedWeight, PriceWeighted
from streams.core.book import Entry
from streams.core.levels import LevelTerms
from streams.core.lines import Combined, Derived
from streams.core.pairs import Nights, Terms
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Missing, Ties
from streams.core.subjects import PairKey
from streams.core.watch import Formula, Watch

_DIRECTIONS = {"outperforming": OUTPERFORMING, "underperforming": UNDERPERFORMING}


def terms(watchlist: Watchlist, pair: Pair | None = None) -> Terms:
    """The terms of a pair's streaks, for the core; without a pair, of all that have no records."""
    step, interval = watchlist.round_returns_to, watchlist.interval
    return Terms(
        ties=Ties(watchlist.ties),
        steps=None if step is None else int(1 / step),
        seeds=tuple(
            (
                _DIRECTIONS[r.direction],
                Entry(
                    r.length,
                    periods.from_date(r.start, interval),
                    periods.from_date(r.end, interval),
                    r.source,
                ),
            )
            for r in (pair.records if pair else ())
        ),
        complete_from=pair.records_complete_from if pair else None,
        sessions=sessions(watchlist),
        missing=Missing(watchlist.missing),
        nights=nights(watchlist),
        min_history=watchlist.min_history,
    )


def sessions(watchlist: Watchlist) -> Any:
    """All periods of a watchlist's calendar; none where periods are taken as they come."""
    if watchlist.calendar == "none":
        return ()
    return calendars.sessions(watchlist.calendar, watchlist.interval)


def nights(watchlist: Watchlist) -> Nights | None:
    """What lies between trading days, where the returns over it are not counted."""
    if watchlist.overnight == "include":
        return None
    if watchlist.calendar == "none":
        return Nights()
    return Nights(calendars.opens(watchlist.calendar, watchlist.interval))


def watch(watchlist: Watchlist) -> Watch:
    """The closes, series and subjects of a watchlist, at their beginning."""
    level = LevelTerms(sessions(watchlist), Missing(watchlist.missing), watchlist.min_history)
    shared = terms(watchlist)
    return Watch(
        pairs={
            PairKey(pair.asset, pair.benchmark): terms(watchlist, pair) if pair.records else shared
            for pair in watchlist.pairs
        },
        levels=dict.fromkeys(sorted(watchlist.followed()), level),
        derived=formulas(watchlist.series, watchlist.interval),
        horizon=_horizon(watchlist),
    )


def formulas(series: Mapping[str, Series], interval: str) -> dict[str, Formula]:
    """How each series is made, those that others are made of first."""
    simple = {name: one for name, one in series.items() if not isinstance(one, Ratio | Spread)}
    ordered = simple | dict(series)
    return {name: partial(_line, one, interval) for name, one in ordered.items()}


def _line(series: Series, interval: str, made: Mapping[str, Any]) -> Derived:
    match series:
        case Basket(weighting="equal"):
            return EqualWeight([made[symbol] for symbol in series.members])
        case Basket(weighting="price"):
            return PriceWeighted([made[symbol] for symbol in series.members])
        case Basket():
            assert series.as_of is not None
            members = [made[symbol] for symbol in series.weights]
            weights = [Fraction(weight) for weight in series.weights.values()]
            return FixedWeight(members, weights, periods.from_date(series.as_of, interval))
        case Breadth():
            members = [made[symbol] for symbol in series.members]
            benchmark = None if series.benchmark is None else made[series.benchmark]
            direction = -1 if series.measure == "fell" else 1
            return breadth.Breadth(members, direction, series.periods, benchmark)
        case _:
            over, under = (made[name] for name in series.of)
            return Combined(over, under, divide=isinstance(series, Ratio))


def _horizon(watchlist: Watchlist) -> Callable[[int], int] | None:
    """With returns since the year's beginning, a change has effects to the end of the next year."""
    if not any(isinstance(rule, YearToDateRule) for rule in watchlist.conditions()):
        return None
    return partial(_two_years_on, watchlist.interval)


def _two_years_on(interval: str, period: int) -> int:
    day = periods.to_date(period, interval)
    return periods.from_date(day.replace(year=day.year + 2, month=1, day=1), interval)
