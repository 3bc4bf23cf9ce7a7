"""Checks of the names in routes, inhibitions and severities: what each means must be there.

They look at the plain data, as those of `config.checks` do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from config.matching import bare, glob, is_glob
from config.severities import SEVERITIES
from config.words import Complaint, KeyPath, any_of, found, suggestion

Plain = Mapping[str, Any]

_SHOWN = 10
_NONE = "there is no"
_NO_LABEL = "no watchlist has the"


def unfit_routes(data: Mapping[str, Any]) -> Iterator[Complaint]:
    """Targets, timings, watchlists, labels, symbols and kinds that are not there."""
    known = _known(data)
    root = data.get("routes")
    if isinstance(root, dict):
        yield from _route(root, ("routes",), known)
    for index, one in _items(data.get("inhibit")):
        for side in ("source", "target"):
            path = ("inhibit", index, side)
            yield from _match(_mapping(_mapping(one).get(side)), path, known)
        yield from _facts(_mapping(one).get("equal"), ("inhibit", index, "equal"), known)
    for kind in _mapping(data.get("severities")):
        yield from _name(kind, ("severities", kind), "kind of alert", SEVERITIES)


def unfit_match(match: Plain, data: Plain) -> Iterator[Complaint]:
    """What matchers name that is not there; ``data`` are those of a whole configuration."""
    yield from _match(match, (), _known(data))


def _route(route: Plain, path: KeyPath, known: Plain) -> Iterator[Complaint]:
    for key, what in (("targets", "target"), ("mute", "timing"), ("only", "timing")):
        for index, name in _items(route.get(key)):
            yield from _name(name, (*path, key, index), what, known[what])
    by = _mapping(route.get("group")).get("by")
    yield from _facts(by, (*path, "group", "by"), known)
    yield from _match(_mapping(route.get("match")), (*path, "match"), known)
    for index, below in _items(route.get("routes")):
        yield from _route(_mapping(below), (*path, "routes", index), known)


def _match(match: Plain, path: KeyPath, known: Plain) -> Iterator[Complaint]:
    for field in ("watchlist", "asset", "benchmark", "pair", "rule"):
        yield from _texts(match.get(field), (*path, field), _WORDS.get(field, field), known[field])
    for label, texts in _mapping(match.get("labels")).items():
        below = (*path, "labels", label)
        if label in known["labels"]:
            values = known["labels"][label]
            lacking = f"the label {found(label)} has no"
            yield from _texts(texts, below, "value", values, lacking)
        else:
            yield from _name(label, below, "label", known["labels"], _NO_LABEL)


_WORDS = {"rule": "kind of alert"}


def _facts(texts: Any, path: KeyPath, known: Plain) -> Iterator[Complaint]:
    """Of the fields that group or agree, the labels are names of ours."""
    for index, text in _items(texts):
        if isinstance(text, str) and text.startswith("labels."):
            label = text.removeprefix("labels.")
            yield from _name(label, (*path, index), "label", known["labels"], _NO_LABEL)


def _texts(
    texts: Any, path: KeyPath, what: str, known: Collection[str], lacking: str = _NONE
) -> Iterator[Complaint]:
    for index, text in _items(texts if isinstance(texts, list) else [texts]):
        below = (*path, index) if isinstance(texts, list) else path
        if isinstance(text, str) and is_glob(text):
            wanted = glob(bare(text))
            if not any(wanted.fullmatch(name) for name in known):
                like = f"{lacking} {what} like {found(bare(text))}"
                yield Complaint(below, like, _cure("", known))
        elif isinstance(text, str):
            yield from _name(bare(text), below, what, known, lacking)


def _name(
    name: Any, path: KeyPath, what: str, known: Collection[str], lacking: str = _NONE
) -> Iterator[Complaint]:
    if isinstance(name, str) and name not in known:
        yield Complaint(path, f"{lacking} {what} {found(name)}", _cure(name, known))


def _cure(name: str, known: Collection[str]) -> str:
    hint = suggestion(name, known)
    return hint or (f"write {any_of(list(known)[:_SHOWN])}" if known else "define it, or remove it")


# --- what there is --------------------------------------------------------------------------


def _known(data: Mapping[str, Any]) -> dict[str, Any]:
    """The names that matchers may use, by field; and the values of each label."""
    known: dict[str, Any] = {
        "target": list(_mapping(data.get("targets"))),
        "timing": list(_mapping(data.get("timings"))),
        "watchlist": list(_mapping(data.get("watchlists"))),
        "rule": list(SEVERITIES),
        "labels": {},
        **{field: {} for field in ("asset", "benchmark", "pair")},
    }
    for name, watchlist in _mapping(data.get("watchlists")).items():
        plain = _mapping(watchlist)
        for label, value in _mapping(plain.get("labels")).items():
            if isinstance(value, str):
                known["labels"].setdefault(label, {})[value] = None
        for _, pair in _items(plain.get("pairs")):
            _add_pair(known, _mapping(pair))
        alone = dict.fromkeys([name, *_followed(plain)])  # of its missing closes: its name
        known["asset"] |= alone
        known["pair"] |= alone
    return known


def _add_pair(known: dict[str, Any], pair: Mapping[str, Any]) -> None:
    asset, benchmark = pair.get("asset"), pair.get("benchmark")
    if isinstance(asset, str) and isinstance(benchmark, str):
        known["asset"][asset] = known["benchmark"][benchmark] = None
        known["pair"][f"{asset}/{benchmark}"] = None


def _followed(watchlist: Mapping[str, Any]) -> Iterator[str]:
    """What alerts without a benchmark are about: series, and the names of rules on several."""
    yield from _mapping(watchlist.get("series"))
    for _, rule in _items(watchlist.get("rules")):
        plain = _mapping(rule)
        yield from (plain[key] for key in ("series", "name") if isinstance(plain.get(key), str))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> Iterator[tuple[int, Any]]:
    yield from enumerate(value if isinstance(value, list) else [])
