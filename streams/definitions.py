"""What a watchlist is defined by: as hashes, and in words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from config.rules import (
    AllRule,
    AnyRule,
    BreadthRule,
    LevelRule,
    MissingRule,
    PairRule,
    ProvisionalRule,
    YearToDateRule,
)
from config.series import Basket, Breadth, Ratio, Series
from config.settings import Instrument
from config.summaries import SummaryRule
from config.watchlists import Pair, Watchlist

Instruments = Mapping[str, Instrument]


# --- in words -------------------------------------------------------------------------------


def made_of(name: str, watchlist: Watchlist, instruments: Instruments) -> str:
    """What the closes of a symbol are, or what a series is made of, for people."""
    series = watchlist.series.get(name)
    if series is None:
        return closes_of(name, instruments)
    parts = {closes_of(symbol, instruments) for symbol in _leaves(series, watchlist)}
    of = f"{len(series.symbols())} ({', '.join(sorted(parts))})"
    match series:
        case Basket(weighting="fixed"):
            return f"basket of {of}, fixed weights of {series.as_of}"
        case Basket():
            return f"{series.weighting}-weight basket of {of}"
        case Breadth(benchmark=benchmark):
            whom = f"beat {benchmark}" if benchmark else series.measure
            over = f" over {series.periods} periods" if series.periods > 1 else ""
            return f"share of {len(series.members)} that {whom}{over} ({', '.join(sorted(parts))})"
        case _:
            one, other = series.of
            return f"{one} {'/' if isinstance(series, Ratio) else '-'} {other}"


def closes_of(symbol: str, instruments: Instruments) -> str:
    """``price``, ``total return`` or ``number``."""
    instrument = instruments.get(symbol)
    return "price" if instrument is None else instrument.closes


def names(
    watchlists: Mapping[str, Watchlist], instruments: Instruments
) -> dict[str, dict[str, str]]:
    """What symbols and series are called in messages, for each watchlist."""
    known = {symbol: i.name for symbol, i in instruments.items()}
    return {
        name: known | {key: one.name for key, one in w.series.items() if one.name is not None}
        for name, w in watchlists.items()
    }


def signed(instruments: Instruments) -> frozenset[str]:
    """The symbols whose closes are any published number, and may be zero or negative."""
    return frozenset(symbol for symbol, i in instruments.items() if i.closes == "number")


def _leaves(series: Series, watchlist: Watchlist) -> set[str]:
    found: set[str] = set()
    for part in series.symbols():
        inner = watchlist.series.get(part)
        found |= {part} if inner is None else _leaves(inner, watchlist)
    return found


# --- hashes ---------------------------------------------------------------------------------

_SHARED = {"calendar", "interval", "overnight", "ties", "missing", "round_returns_to"}


def pair_definition(watchlist: Watchlist, pair: Pair, instruments: Instruments) -> str:
    """The hash of what decides a pair's streaks and records; part of each alert's id.

    Options that have their defaults are left out, so that ids outlive the coming of new options;
    and so are the words of the sources, and names.
    """
    words = {"records": {"__all__": {"source"}}}
    own = pair.model_dump(mode="json", exclude=words, exclude_defaults=True)
    return _digest([*_made(watchlist, (pair.asset, pair.benchmark), instruments), own])


def series_definition(watchlist: Watchlist, name: str, instruments: Instruments) -> str:
    """The hash of what decides the values of a series; part of each alert's id."""
    return _digest([*_made(watchlist, (name,), instruments), name])


def rule_definition(watchlist: Watchlist, rule: AllRule | AnyRule, instruments: Instruments) -> str:
    """The hash of what decides when several conditions hold; part of each alert's id."""
    names = {one.series for one in rule.of if isinstance(one, LevelRule | BreadthRule)}
    about = [one.pair for one in rule.of if isinstance(one, PairRule | YearToDateRule)]
    pairs = [pair for pair in watchlist.pairs if None in about or pair.name in about]
    names |= {leg for pair in pairs for leg in (pair.asset, pair.benchmark)}
    made = _made(watchlist, tuple(sorted(names)), instruments)
    return _digest([*made, rule.model_dump(mode="json", exclude_defaults=True)])


def missing_rules(watchlist: Watchlist) -> dict[str, MissingRule]:
    """The rules on missing closes, by the hash of what each asks for; part of its alerts' ids."""
    rules = [rule for rule in watchlist.rules if isinstance(rule, MissingRule)]
    shared = [watchlist.calendar, watchlist.interval]
    return {_digest([*shared, rule.after, sorted(asked(watchlist, rule))]): rule for rule in rules}


def summary_rules(watchlist: Watchlist, instruments: Instruments) -> dict[str, SummaryRule]:
    """The rules on summaries, by the hash of all that decides what each tells; part of its alerts'
    ids."""
    rules = [rule for rule in watchlist.rules if isinstance(rule, SummaryRule)]
    if not rules:
        return {}
    parts = {"pairs", "series", "min_history", *_SHARED}
    made = watchlist.model_dump(mode="json", include=parts, exclude_defaults=True)
    special = _special(watchlist.symbols(), instruments)
    return {
        _digest([made, special, rule.model_dump(mode="json", exclude_defaults=True)]): rule
        for rule in rules
    }


def looks_every(watchlist: Watchlist) -> int | None:
    """How often a watchlist is looked at before the close, in milliseconds; None for never."""
    every = [rule.every for rule in watchlist.rules if isinstance(rule, ProvisionalRule)]
    return round(min(every) * 1000) if every else None


def asked(watchlist: Watchlist, rule: MissingRule) -> set[str]:
    """The symbols whose closes a rule on missing ones asks for."""
    return set(rule.symbols) or watchlist.symbols()


def _made(
    watchlist: Watchlist, names: tuple[str, ...], instruments: Instruments
) -> list[dict[str, Any]]:
    """What is shared, and what is not a plain price: nothing for a pair of symbols."""
    shared = watchlist.model_dump(mode="json", include=_SHARED, exclude_defaults=True)
    series = {name: watchlist.series[name] for name in names if name in watchlist.series}
    for one in tuple(series.values()):
        series |= {part: watchlist.series[part] for part in one.symbols()
                   if part in watchlist.series}  # fmt: skip
    symbols = {*names, *(s for one in series.values() for s in _leaves(one, watchlist))}
    special = _special(symbols, instruments)
    more: dict[str, Any] = {"closes": special} if special else {}
    if series:
        more["series"] = {name: _facts(one) for name, one in series.items()}
    return [shared, more] if more else [shared]


def _facts(series: Series) -> dict[str, Any]:
    """What decides a series' values: not its name, nor the order and the spelling of its parts."""
    facts = series.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    if "members" in facts:
        facts["members"] = sorted(facts["members"])
    if isinstance(series, Basket) and series.weights:
        facts["weights"] = {s: str(weight.normalize()) for s, weight in series.weights.items()}
    return facts


def watch_definition(watchlists: Mapping[str, Watchlist], instruments: Instruments) -> str:
    """The hash of all that decides which alerts the closes bring, targets left out."""
    symbols = {symbol for w in watchlists.values() for symbol in w.symbols()}
    special = _special(symbols, instruments)
    data: dict[str, Any] = {
        name: w.model_dump(mode="json", exclude={"targets"}, exclude_defaults=True)
        for name, w in watchlists.items()
    }
    return _digest([data, special] if special else data)


def routing_definition(watchlists: Mapping[str, Watchlist], signed: frozenset[str]) -> str:
    """The hash of which watchlist gets which closes."""
    data: dict[str, Any] = {
        n: [w.calendar, *([w.interval] if w.interval != "1d" else []), *sorted(w.symbols())]
        for n, w in watchlists.items()
    }
    numbers = sorted(signed & {symbol for w in watchlists.values() for symbol in w.symbols()})
    return _digest([data, numbers] if numbers else data)


def _special(symbols: set[str], instruments: Instruments) -> dict[str, str]:
    """What the closes of symbols are, where they are not prices."""
    closes = {symbol: closes_of(symbol, instruments) for symbol in sorted(symbols)}
    return {symbol: what for symbol, what in closes.items() if what != "price"}


def _digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
