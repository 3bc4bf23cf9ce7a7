"""Checks of the names within a watchlist: what each is used for, and whether it can be.

They look at the plain data, as those of `config.checks` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.words import Complaint, KeyPath, closest, found, shown

_LIKENESS = 0.8
"""How alike a symbol and a series must be, of 1, to take one for a misspelling of the other."""


@dataclass(frozen=True)
class Use:
    """A symbol or series, named at ``path``; ``of_returns`` is what needs its returns, if it does.

    ``by`` is the series that it is a part of.
    """

    path: KeyPath
    name: str
    of_returns: str = ""
    by: str = ""


def unfit_names(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with the names that pairs, series and rules use."""
    instruments = _mapping(data.get("instruments"))
    for name, watchlist in _mapping(data.get("watchlists")).items():
        plain, path = _mapping(watchlist), ("watchlists", name)
        series = _mapping(plain.get("series"))
        uses = [*_of_pairs(plain, path), *_of_series(series, path)]
        levels = list(_of_rules(plain, path))
        yield from _without_returns(uses, series, instruments)
        yield from _misspelt(levels, uses, series, instruments)
        yield from _unused([*uses, *levels], series, path)
        yield from _of_instruments(series, instruments, path)


# --- the uses -------------------------------------------------------------------------------


def _of_pairs(watchlist: Mapping[str, Any], path: KeyPath) -> Iterator[Use]:
    for index, pair in _items(watchlist.get("pairs")):
        for key in ("asset", "benchmark"):
            below = (*path, "pairs", index, key)
            yield from _use(below, _mapping(pair).get(key), "a leg of a pair")


def _of_series(series: Mapping[str, Any], path: KeyPath) -> Iterator[Use]:
    for name, one in series.items():
        plain, below = _mapping(one), (*path, "series", name)
        role = _role(plain)
        for key in ("members", "of"):
            for index, part in _items(plain.get(key)):
                yield from _use((*below, key, index), part, role, name)
        for symbol in _mapping(plain.get("weights")):
            yield from _use((*below, "weights", symbol), symbol, role, name)
        yield from _use((*below, "benchmark"), plain.get("benchmark"), role, name)


def _role(series: Mapping[str, Any]) -> str:
    match series.get("kind"), series.get("measure"):
        case "basket", _:
            return "a member of a basket"
        case "ratio", _:
            return "a part of a ratio"
        case "breadth", "beat":
            return "a breadth of the measure beat"
    return ""


def _of_rules(watchlist: Mapping[str, Any], path: KeyPath) -> Iterator[Use]:
    for index, rule in _items(watchlist.get("rules")):
        below = (*path, "rules", index)
        yield from _of_rule(rule, below)
        for inner, condition in _items(_mapping(rule).get("of")):
            yield from _of_rule(condition, (*below, "of", inner))


def _of_rule(rule: Any, path: KeyPath) -> Iterator[Use]:
    yield from _use((*path, "series"), _mapping(rule).get("series"))


def _use(path: KeyPath, name: Any, of_returns: str = "", by: str = "") -> Iterator[Use]:
    if isinstance(name, str):
        yield Use(path, name, of_returns, by)


# --- the complaints -------------------------------------------------------------------------


def _without_returns(
    uses: Iterable[Use], series: Mapping[str, Any], instruments: Mapping[str, Any]
) -> Iterator[Complaint]:
    for use in uses:
        closes = _mapping(instruments.get(use.name)).get("closes")
        if use.of_returns and use.name not in series and closes == "number":
            what = f"{found(use.name)} has closes: number, and so no returns"
            cure = f"{use.of_returns} needs a symbol with closes: price or total return"
            yield Complaint(use.path, what, cure)


def _misspelt(
    levels: Iterable[Use],
    others: Iterable[Use],
    series: Mapping[str, Any],
    instruments: Mapping[str, Any],
) -> Iterator[Complaint]:
    """Names that nothing else has, and that are almost the name of a series."""
    known = {*series, *instruments, *(use.name for use in others)}
    for use in levels:
        close = None if use.name in known else closest(use.name, series, _LIKENESS)
        if close is not None:
            cure = f"did you mean '{shown(close)}'? if it is a symbol, add it to instruments"
            yield Complaint(use.path, f"there is no series {found(use.name)}", cure)


def _unused(uses: Iterable[Use], series: Mapping[str, Any], path: KeyPath) -> Iterator[Complaint]:
    used = {use.name for use in uses if use.name != use.by}
    for name in series:
        if name not in used:
            cure = "name it in a pair, a rule or another series, or take it out"
            yield Complaint((*path, "series", name), f"{found(name)} is used nowhere", cure)


def _of_instruments(
    series: Mapping[str, Any], instruments: Mapping[str, Any], path: KeyPath
) -> Iterator[Complaint]:
    for name in series:
        if name in instruments:
            what = f"{found(name)} is in instruments too, where symbols are"
            cure = "call the series otherwise; for messages it has a name of its own"
            yield Complaint((*path, "series", name), what, cure)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> Iterable[tuple[int, Any]]:
    return enumerate(value if isinstance(value, list) else [])
