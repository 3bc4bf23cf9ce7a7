"""What a pair, a watchlist and a routing are defined by, as hashes and as terms of the core."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from config.watchlists import Pair, Watchlist
from streams.calendars import sessions
from streams.core import periods
from streams.core.book import Entry
from streams.core.pairs import Terms
from streams.core.streaks import OUTPERFORMING, UNDERPERFORMING, Missing, Ties
from streams.core.watch import PairKey

_DIRECTIONS = {"outperforming": OUTPERFORMING, "underperforming": UNDERPERFORMING}


def terms(watchlist: Watchlist, pair: Pair) -> Terms:
    """The terms of a pair's streaks, for the core."""
    step = watchlist.round_returns_to
    return Terms(
        ties=Ties(watchlist.ties),
        steps=None if step is None else int(1 / step),
        seeds=tuple(
            (
                _DIRECTIONS[r.direction],
                Entry(r.length, periods.from_date(r.start), periods.from_date(r.end), r.source),
            )
            for r in pair.records
        ),
        complete_from=pair.records_complete_from,
        sessions=() if watchlist.calendar == "none" else sessions(watchlist.calendar),
        missing=Missing(watchlist.missing),
    )


def pair_keys(watchlist: Watchlist) -> dict[PairKey, Terms]:
    """The pairs of a watchlist with their terms."""
    return {PairKey(p.asset, p.benchmark): terms(watchlist, p) for p in watchlist.pairs}


def pair_definition(watchlist: Watchlist, pair: Pair) -> str:
    """The hash of what decides a pair's streaks and records; part of each alert's id.

    Options that have their defaults are left out, so that ids outlive the coming of new options;
    and so are the words of the sources.
    """
    counted = {"calendar", "interval", "ties", "missing", "round_returns_to"}
    shared = watchlist.model_dump(mode="json", include=counted, exclude_defaults=True)
    words = {"records": {"__all__": {"source"}}}
    return _digest([shared, pair.model_dump(mode="json", exclude=words, exclude_defaults=True)])


def watch_definition(watchlists: Mapping[str, Watchlist]) -> str:
    """The hash of all that decides which alerts the closes bring, targets left out."""
    return _digest(
        {
            name: w.model_dump(mode="json", exclude={"targets"}, exclude_defaults=True)
            for name, w in watchlists.items()
        }
    )


def routing_definition(watchlists: Mapping[str, Watchlist]) -> str:
    """The hash of which watchlist gets which closes."""
    return _digest({n: [w.calendar, *sorted(w.symbols())] for n, w in watchlists.items()})


def _digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
