"""Where a pair or a series stands, and what its rules would tell next: pure, from a watch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from alerts.evidence import Holder
from alerts.milestones import holder, milestones
from alerts.model import Milestone
from alerts.steps import Step
from config.rules import EndedRule, LevelRule, RecordRule, ThresholdRule
from config.watchlists import Watchlist
from streams.core import periods, prices
from streams.core.levels import HIGHEST, LOWEST, LevelTracker, Peak
from streams.core.lines import Growing, Instrument
from streams.core.pairs import Tracker
from streams.core.streaks import DIRECTION_NAMES
from streams.core.subjects import PairKey
from streams.core.views import PairView
from streams.core.watch import Watch

#: How many periods ahead it is looked for what comes next.
_AHEAD = 100


@dataclass(frozen=True, slots=True)
class Next:
    """What rules would tell if the streak went on: after so many more periods, and what."""

    periods_more: int
    length: int
    tells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which the next common period can end: at what close, and what then."""

    close: str
    streak: str
    tells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairState:
    """A pair after its last common period; returns as fractions since the streak's base."""

    pair: str
    period: str
    direction: str
    length: int
    start: str
    asset_return: float | None
    benchmark_return: float | None
    known_from: str
    known_returns: int
    min_history: int
    ties: str
    missing: str
    books: dict[str, tuple[Holder, ...]]
    outcomes: tuple[Outcome, ...]
    next: tuple[Next, ...]
    also_rules: tuple[str, ...]
    """The kinds of other rules about the pair, which no single close decides."""

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield f"{self.pair} after {self.period}"
        yield f"  {self._streak()}"
        enough = "" if self.known_returns >= self.min_history else (
            f", of {self.min_history} that records need"
        )  # fmt: skip
        yield (
            f"  {self.known_returns} active returns from {self.known_from}{enough}; "
            f"ties {self.ties}; missing {self.missing}"
        )
        for direction, entries in self.books.items():
            yield f"Book, {direction} (each the longest since it ended):"
            yield from (f"  {_entry(entry)}" for entry in entries)
            if not entries:
                yield "  nothing has ended yet"
        yield "The next common close:"
        for outcome in self.outcomes:
            yield f"  {outcome.close}: {outcome.streak}"
            yield from (f"    tells {what}" for what in outcome.tells)
        if self.also_rules:
            yield f"Not looked at here: rules of the kind {', '.join(self.also_rules)}"
        if self.next:
            yield "If the streak goes on:"
        for one in self.next:
            more = f"{one.periods_more} more" if one.periods_more > 1 else "1 more"
            yield f"  after {more}, at {one.length}: {'; '.join(one.tells)}"

    def _streak(self) -> str:
        if not self.length:
            return "no streak runs"
        assert self.asset_return is not None
        assert self.benchmark_return is not None
        active = (self.asset_return - self.benchmark_return) * 100
        return (
            f"{self.direction}, {self.length} since {self.start}: "
            f"{self.asset_return * 100:+.2f}% against {self.benchmark_return * 100:+.2f}%, "
            f"active {active:+.2f} percentage points"
        )


@dataclass(frozen=True, slots=True)
class SeriesState:
    """A series after its last period, in its own units."""

    series: str
    period: str
    value: float
    known_from: str
    known_values: int
    highs: tuple[tuple[str, float], ...]
    lows: tuple[tuple[str, float], ...]
    crosses: tuple[tuple[str, float], ...]

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield f"{self.series} after {self.period}: {self.value:.10g}"
        yield f"  {self.known_values} values from {self.known_from}"
        for name, peaks in (("higher", self.highs), ("lower", self.lows)):
            yield f"Last {name}, oldest first:"
            yield from (f"  {period}  {value:.10g}" for period, value in peaks)
            if not peaks:
                yield f"  nothing was {name}"
        for value, distance in self.crosses:
            yield f"To cross {value}: {distance:+.10g}"


def explain_pair(watch: Watch, pair: PairKey, watchlist: Watchlist) -> PairState | None:
    """Where a pair stands; None before its first common period."""
    tracker: Tracker = watch.tracker(pair)
    view: PairView = watch.view(pair)
    if tracker.first is None or tracker.last is None:
        return None
    interval, running = watchlist.interval, tracker.running
    gains = [
        None if running is None else leg.gain(running.base, running.end)
        for leg in (view.asset, view.benchmark)
    ]
    rules = _rules(watchlist, f"{pair.asset}/{pair.benchmark}")
    return PairState(
        pair=f"{pair.asset} v {pair.benchmark}",
        period=periods.to_text(tracker.last, interval),
        direction="" if running is None else running.direction_name,
        length=0 if running is None else running.length,
        start="" if running is None else periods.to_text(running.start, interval),
        asset_return=gains[0],
        benchmark_return=gains[1],
        known_from=periods.to_text(tracker.first, interval),
        known_returns=tracker.returns,
        min_history=tracker.terms.min_history,
        ties=tracker.terms.ties.value,
        missing=tracker.terms.missing.value,
        books={
            DIRECTION_NAMES[way]: tuple(holder(entry, interval) for entry in book.entries)
            for way, book in tracker.books.items()
        },
        outcomes=tuple(_outcomes(pair, tracker, view, rules, interval)),
        next=tuple(_next(tracker, view, rules, interval)),
        also_rules=tuple(sorted({r.kind for r in watchlist.rules if not isinstance(r, Simple)})),
    )


def explain_series(watch: Watch, name: str, watchlist: Watchlist) -> SeriesState | None:
    """Where a series stands; None before its first period."""
    tracker: LevelTracker = watch.tracker(name)
    if tracker.first is None or tracker.last is None or tracker.value is None:
        return None
    crosses = [
        value
        for rule in watchlist.conditions()
        if isinstance(rule, LevelRule) and rule.series == name
        for value in rule.crosses
    ]
    return SeriesState(
        series=name,
        period=periods.to_text(tracker.last, watchlist.interval),
        value=float(tracker.value),
        known_from=periods.to_text(tracker.first, watchlist.interval),
        known_values=tracker.count,
        highs=_peaks(tracker.peaks[HIGHEST], watchlist.interval),
        lows=_peaks(tracker.peaks[LOWEST], watchlist.interval),
        crosses=tuple((str(v), float(Fraction(v) - tracker.value)) for v in crosses),
    )


def _peaks(peaks: Sequence[Peak], interval: str) -> tuple[tuple[str, float], ...]:
    """All but the newest value itself."""
    return tuple((periods.to_text(p.period, interval), float(p.value)) for p in peaks[:-1])


Simple = ThresholdRule | RecordRule | EndedRule


def _rules(watchlist: Watchlist, pair: str) -> list[Simple]:
    """The rules about the streaks of a pair."""
    return [
        rule for rule in watchlist.rules if isinstance(rule, Simple) and rule.pair in (None, pair)
    ]


def _tells(rules: list[Simple], step: Step) -> tuple[str, ...]:
    """What rules would tell, the strongest first; what a streak must be worth is said with it."""
    found: dict[str, int] = {}
    for rule in rules:
        worth, asked = "", rule
        if isinstance(rule, ThresholdRule) and rule.min_active_return:
            worth = f", if worth {rule.min_active_return * 100:g} percentage points"
            asked = rule.model_copy(update={"min_active_return": 0.0})
        for _, milestone in milestones([asked], step):
            found.setdefault(_words(milestone) + worth, milestone.kind.rank)
    return tuple(sorted(found, key=found.__getitem__))


def _outcomes(
    pair: PairKey, tracker: Tracker, view: PairView, rules: list[Simple], interval: str
) -> Iterator[Outcome]:
    """The asset does better, the same, or worse than the benchmark."""
    at = _following(tracker, interval)
    for sign, words in ((1, "above"), (0, "at"), (-1, "below")):
        moved = tracker.copy()
        turn = moved.step(at, sign)
        assert turn is not None
        streak = turn.running
        told = "no streak" if streak is None else f"{streak.direction_name} {streak.length}"
        if turn.ended is not None:
            told += f", {turn.ended.direction_name} ended at {turn.ended.length}"
        yield Outcome(
            close=_close(pair, view, tracker, words, interval),
            streak=told,
            tells=_tells(rules, Step(moved, turn, view, interval)),
        )


def _close(pair: PairKey, view: PairView, tracker: Tracker, words: str, interval: str) -> str:
    """At what close of the asset the next return is better than the benchmark's."""
    assert tracker.last is not None
    legs = (view.asset, view.benchmark)
    asset, benchmark = (_level(leg, tracker.last) for leg in legs)
    if asset is None or benchmark is None:
        than = {"above": "more than", "at": "exactly", "below": "less than"}[words]
        text = f"{pair.asset} returns {than} {pair.benchmark}"
    else:
        text = f"{pair.asset} {words} {asset} with {pair.benchmark} at {benchmark}"
    steps = tracker.terms.steps
    return text if steps is None else f"{text} (returns rounded to 1/{steps})"


def _level(leg: Growing, period: int) -> str | None:
    return prices.to_digits(leg.micros(period)) if isinstance(leg, Instrument) else None


def _next(tracker: Tracker, view: PairView, rules: list[Simple], interval: str) -> Iterator[Next]:
    """The next three lengths at which rules would speak, if the running streak went on."""
    if tracker.running is None:
        return
    moved, at, found = tracker.copy(), _following(tracker, interval), 0
    direction = tracker.running.direction
    for more in range(1, _AHEAD + 1):
        turn = moved.step(at, direction)
        assert turn is not None
        told = _tells(rules, Step(moved, turn, view, interval))
        if told:
            assert turn.running is not None
            yield Next(more, turn.running.length, told)
            found += 1
        if found == 3:
            return
        at = _after(tracker.terms.sessions, at, interval)


def _following(tracker: Tracker, interval: str) -> int:
    assert tracker.last is not None
    return _after(tracker.terms.sessions, tracker.last, interval)


def _after(sessions: Sequence[int], period: int, interval: str) -> int:
    """The next period of the calendar; without one, the next of the interval."""
    at = bisect_right(sessions, period)
    if at < len(sessions):
        return sessions[at]
    return period + (1 if interval == "1d" else periods.INTERVALS[interval])


def _words(milestone: Milestone) -> str:
    scope = f" ({milestone.scope})" if milestone.scope else ""
    return f"{milestone.kind.value} at {milestone.level}{scope}"


def _entry(entry: Holder) -> str:
    source = f"  [{entry.source}]" if entry.source else ""
    edge = "  (may have begun earlier)" if entry.begins_known else ""
    return f"{entry.length:>4}  {entry.start} to {entry.end}{source}{edge}"
