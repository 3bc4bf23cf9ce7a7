"""What an alert about a pair rests on, computed from its closes and its record book."""

from __future__ import annotations

from typing import NamedTuple

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
from streams.core.rsi import wilder_rsi
from streams.core.streaks import Periods, Runs, Streak, runs
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
    history = step.view.history(step.period)
    past = None if kind is Kind.YEAR_TO_DATE else _past(step, streak, history)
    record, before = (None, None) if past is None else _records(step, streak, past.streaks, history)
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
        ratio=step.view.ratio(step.period),
        ratio_since=_as_far(ratio * streak.direction, history, interval),
        rsi_14=wilder_rsi(ratio),
        missing_periods=_missing(tracker, history),
        asset_closes=closes[0],
        benchmark_closes=closes[1],
        overnight="include" if terms.nights is None else "exclude",
    )


# --- earlier streaks ------------------------------------------------------------------------


class _Past(NamedTuple):
    """The finished streaks of one direction before the one that is told, oldest first.

    ``won`` is the share of the direction among all returns that are counted and no ties.
    """

    streaks: Runs
    won: float

    def rank(self, streak: Streak) -> Rank:
        """Where a streak stands among them."""
        lengths = self.streaks.length
        longer = int(np.count_nonzero(lengths > streak.length))
        reached = int(np.count_nonzero(lengths >= streak.length)) + 1
        expected = self.won ** (streak.length - 1)
        return Rank(longer + 1, len(lengths) + 1, reached - longer - 1, reached, expected)

    def followed(self, history: History, length: int) -> tuple[Followed, ...]:
        """What followed those of at least a length."""
        broken = self.streaks.broken[self.streaks.length >= length]
        if len(broken) == 0:
            return ()
        found = (followed(history.asset, history.benchmark, broken, h) for h in HORIZONS)
        return tuple(one for one in found if one.count)


def _past(step: Step, streak: Streak, history: History) -> _Past:
    terms, way = step.tracker.terms, streak.direction
    signs = step.view.signs(history)
    broken, uncounted = terms.masks(history.periods)
    all_runs = runs(signs, terms.ties, broken, uncounted)
    earlier = (all_runs.direction == way) & (all_runs.end < history.index(streak.start))
    for mask in (broken, uncounted):
        if mask is not None:
            signs = signs * ~mask
    of = int(np.count_nonzero(signs))
    won = int(np.count_nonzero(signs == way)) / of if of else 0.0
    return _Past(all_runs.only(earlier.nonzero()[0]), won)


def _records(
    step: Step, streak: Streak, past: Runs, history: History
) -> tuple[Holder | None, Holder | None]:
    """The longest of the earlier streaks, and the one that was the longest before it."""
    tracker = step.tracker
    published = seeds(tracker, streak.direction)
    if tracker.returns < tracker.terms.min_history and not published:
        return None, None
    days, count = history.periods, len(past.length)
    edge = int(count > 0 and days.item(past.base.item(0)) == tracker.first)
    entries = published
    if edge:  # it may have been published
        entries = [*published, tracker.entry(past.streak(0, days))]
    record = _longest(entries, past, slice(edge, count), days)
    before = None
    if record is not None:
        end = int(past.end.searchsorted(history.index(record.start)))
        entries = [e for e in entries if e.end < record.start]
        before = _longest(entries, past, slice(edge, end), days)
    held = [None if one is None else holder(one, step.interval) for one in (record, before)]
    return held[0], held[1]


def _longest(entries: list[Entry], streaks: Runs, which: slice, days: Periods) -> Entry | None:
    """The longest of some entries and of some streaks, which have ended; the latest of equals."""
    lengths = streaks.length[which]
    if len(lengths):
        at = which.start + len(lengths) - 1 - int(lengths[::-1].argmax())
        longest = streaks.streak(at, days)
        entries = [*entries, Entry(longest.length, longest.start, longest.end)]
    return max(entries, key=lambda entry: (entry.length, entry.end), default=None)


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
    at = (levels[:-1] >= near).nonzero()[0]
    return periods.to_text(history.periods.item(at[-1]), interval) if len(at) else None
