"""What an alert about a pair rests on, computed from its closes and its record book."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alerts.evidence import Evidence, Holder, Rank
from alerts.milestones import enough_history, holder, seeds, vouched
from alerts.model import Kind
from alerts.steps import Step, absent
from alerts.year import year_base
from streams.core import periods
from streams.core.aftermath import HORIZONS, Followed, followed
from streams.core.book import Entry
from streams.core.pairs import Tracker
from streams.core.returns import Signs
from streams.core.rsi import wilder_rsi
from streams.core.streaks import Mask, Periods, Runs, Streak, Ties, runs
from streams.core.views import History

# Two ratios that differ by less, relative to themselves, are told as the same: the levels of
# baskets carry the roundings of a long chain.
_SAME = 1e-11


def evidence(step: Step, streak: Streak, kind: Kind, closes: tuple[str, str]) -> Evidence:
    """The evidence for a milestone of ``streak``, which runs or has just ended.

    Args:
        step: the pair after the milestone's period.
        kind: of the milestone; the year to date is no streak and is not ranked among them.
        closes: what the closes of asset and benchmark are, for people.
    """
    tracker, interval = step.tracker, step.interval
    terms = tracker.terms
    assert tracker.first is not None
    history = step.view.history().until(step.period)
    past = None if kind is Kind.YEAR_TO_DATE else _past(step, streak, history)
    record, before = (None, None) if past is None else _records(step, streak, past, history)
    missed, more = absent(_missed(step, streak, history), step.view, interval)
    ratio = history.asset / history.benchmark
    base = year_base(step, step.period)
    legs = (step.view.asset, step.view.benchmark)
    year = kind is Kind.YEAR_TO_DATE
    asset_return, benchmark_return = (step.gain(leg, streak, nights=year) for leg in legs)
    year_returns = [None if base is None else leg.gain(base, step.period) for leg in legs]
    return Evidence(
        asset_return=asset_return,
        benchmark_return=benchmark_return,
        longest_since=None if past is None else longest_since(tracker, streak, interval),
        known_from=periods.to_text(tracker.first, interval),
        known_returns=tracker.returns,
        begins_known=streak.base == tracker.first,
        ties=terms.ties.value,
        round_returns_to="" if terms.steps is None else f"1/{terms.steps}",
        seeds=tuple(dict.fromkeys(entry.source for entry in seeds(tracker, streak.direction))),
        missing=terms.missing.value,
        missed=missed,
        missed_more=more,
        ended_by=step.turn.ended_by.value if streak == step.turn.ended else "",
        asset_year_return=year_returns[0],
        benchmark_year_return=year_returns[1],
        record=record,
        record_before=before,
        rank=None if past is None else past.rank(streak),
        followed=() if past is None else past.followed(history, streak.length),
        ratio=float(legs[0].value(step.period) / legs[1].value(step.period)),
        ratio_since=_as_far(ratio * streak.direction, history, interval),
        rsi_14=wilder_rsi(ratio),
        missing_periods=_missing(tracker, history),
        asset_closes=closes[0],
        benchmark_closes=closes[1],
        overnight="include" if terms.nights is None else "exclude",
    )


# --- earlier streaks ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Past:
    """The finished streaks of one direction before the one that is told, oldest first.

    ``breaks`` are the indexes of the periods that ended them; ``won`` is the share of the
    direction among all returns that are counted and no ties.
    """

    streaks: Runs
    breaks: npt.NDArray[np.intp]
    won: float

    def rank(self, streak: Streak) -> Rank:
        """Where a streak stands among them."""
        lengths = self.streaks.length
        longer = int((lengths > streak.length).sum())
        shared = int((lengths == streak.length).sum())
        expected = self.won ** (streak.length - 1)
        return Rank(longer + 1, len(lengths) + 1, shared, longer + shared + 1, expected)

    def followed(self, history: History, length: int) -> tuple[Followed, ...]:
        """What followed those of at least a length."""
        breaks = self.breaks[self.streaks.length >= length]
        found = (followed(history.asset, history.benchmark, breaks, h) for h in HORIZONS)
        return tuple(one for one in found if one.count)


def _past(step: Step, streak: Streak, history: History) -> _Past:
    terms = step.tracker.terms
    signs = step.view.signs(history)
    broken, uncounted = terms.masks(history.periods)
    all_runs = runs(signs, terms.ties, broken, uncounted)
    earlier = (all_runs.direction == streak.direction) & (
        history.periods[all_runs.end] < streak.start
    )
    counted = _counted(signs, broken, uncounted)
    decided = counted & (signs != 0)
    ending = decided if terms.ties is Ties.SKIP else counted
    if broken is not None:
        ending = ending | broken
    streaks, at = all_runs.only(earlier), np.flatnonzero(ending)
    breaks = at[np.searchsorted(at, streaks.end)] + 1
    of = int(np.count_nonzero(decided))
    ours = int(np.count_nonzero(counted & (signs == streak.direction)))
    won = ours / of if of else 0.0
    return _Past(streaks, breaks, won)


def _counted(signs: Signs, *left_out: Mask | None) -> Mask:
    """Which returns count for something: shape (n - 1,)."""
    counted = np.ones(len(signs), np.bool_)
    for mask in left_out:
        if mask is not None:
            counted &= ~mask
    return counted


def _records(
    step: Step, streak: Streak, past: _Past, history: History
) -> tuple[Holder | None, Holder | None]:
    """The longest of the earlier streaks, and the one that was the longest before it."""
    tracker = step.tracker
    published = seeds(tracker, streak.direction)
    if tracker.returns < tracker.terms.min_history and not published:
        return None, None
    known, days = past.streaks, history.periods
    edge = int(len(known.base) > 0 and days[known.base[0]] == tracker.first)
    first = known.only(slice(edge)).streaks(days) if edge else []  # it may have been published
    entries, known = [*published, *map(tracker.entry, first)], known.only(slice(edge, None))
    record = _longest(entries, known, days)
    before = None
    if record is not None:
        earlier = known.only(slice(int(np.searchsorted(days[known.end], record.start))))
        before = _longest([e for e in entries if e.end < record.start], earlier, days)
    held = [None if one is None else holder(one, step.interval) for one in (record, before)]
    return held[0], held[1]


def _longest(entries: Iterable[Entry], streaks: Runs, days: Periods) -> Entry | None:
    """The longest of some entries and of all streaks, which have ended; the latest of equals."""
    found = list(entries)
    if len(streaks.length):
        at = len(streaks.length) - 1 - int(np.argmax(streaks.length[::-1]))
        start, end = int(days[streaks.start[at]]), int(days[streaks.end[at]])
        found.append(Entry(int(streaks.length[at]), start, end))
    return max(found, key=lambda entry: (entry.length, entry.end), default=None)


def longest_since(tracker: Tracker, streak: Streak, interval: str) -> Holder | None:
    """The last streak at least as long, where the closes or the published records vouch for it."""
    going = tracker.running is not None and tracker.running.start == streak.start
    book = tracker.books[streak.direction]
    entry = book.longest_since(streak.length) if going else tracker.matched
    if entry is None or not enough_history(tracker, streak):
        return None
    assert tracker.first is not None
    is_known = entry.end >= tracker.first or vouched(tracker, streak)
    return holder(entry, interval) if is_known else None


# --- what is missing, and the ratio ---------------------------------------------------------


def _missed(step: Step, streak: Streak, history: History) -> list[int]:
    """The calendar's periods from base to end for which a leg has no value."""
    inner = periods.between(step.tracker.terms.sessions, streak.base, streak.end)
    if not len(inner):
        return []
    first, last = history.index(streak.base), history.index(streak.end)
    known = set(history.periods[first : last + 1].tolist())
    return [period for period in inner if period not in known]


def _missing(tracker: Tracker, history: History) -> int:
    """How many of the calendar's periods lack a value, since the first one known."""
    assert tracker.first is not None
    assert tracker.last is not None
    inner = len(periods.between(tracker.terms.sessions, tracker.first, tracker.last))
    return max(0, inner - max(0, len(history.periods) - 2))


def _as_far(levels: npt.NDArray[np.float64], history: History, interval: str) -> str | None:
    """The last earlier period at which the levels were as high as at the last one."""
    near = levels[-1] - abs(levels[-1]) * _SAME
    at = np.flatnonzero(levels[:-1] >= near)
    return periods.to_text(int(history.periods[at[-1]]), interval) if len(at) else None
