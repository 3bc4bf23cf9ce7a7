"""One watchlist: its closes, its subjects, and how far each origin has been taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.model import Alert, Kind, Trigger
from config.settings import Instrument
from config.watchlists import Watchlist
from streams.arrow import MAX_ROWS
from streams.columns import FEW, INTERVALS, OF_TICKS, Columns
from streams.core import periods
from streams.core.cohort import Arrivals, Cohort
from streams.core.groups import distinct, highest_before, not_beyond
from streams.core.precedence import Precedence
from streams.core.subjects import Change, Moved, PairKey, Rewritten
from streams.folds.ahead import Ahead
from streams.folds.charting import Charted, chart_of, never
from streams.folds.missing import Switches
from streams.folds.revisions import Revisions
from streams.folds.rows import Rows, Single
from streams.folds.summaries import Summaries
from streams.folds.telling import Telling
from streams.records import SUMMARIES, Output, Topic
from streams.watches import watch
from streams.wire import TICKS, Close, Due, Look, Routed, StreakNow, encode_alert, encode_streak

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Numbered = tuple[int, Output]

_NO_PRECEDENCE = Precedence().dump()
_BEFORE = -(2**62)


class WatchlistState:
    """The state of one watchlist.

    A router that starts again copies closes that were copied before; for each symbol the
    highest position taken from each partition of ``closes`` tells the repeats apart.
    """

    def __init__(
        self,
        name: str,
        watchlist: Watchlist,
        instruments: Mapping[str, Instrument],
        charted: Charted = never,
    ) -> None:
        self.name = name
        self._charted = charted
        self._interval = watchlist.interval
        self.watch = watch(watchlist)
        self._telling = Telling(name, watchlist, instruments)
        self._ahead = Ahead(watchlist, self._telling.pairs, self.watch)
        self._revisions = Revisions()
        self.switches = Switches(name, watchlist, self.watch.closes)
        self.summaries = Summaries(name, watchlist, self.watch, instruments)
        self.symbols = list(self.watch.closes)
        self._places = {symbol: at for at, symbol in enumerate(self.symbols)}
        self._taken: dict[int, Column] = {}
        self._precedence = [Precedence() for _ in self.symbols]
        self._with_ticks: Mask = np.zeros(len(self.symbols), np.bool_)
        """The symbols that ticks have made closes of."""
        self._changed: dict[PairKey, None] = {}
        is_plain = self.watch.is_plain
        self._floors = self._telling.floors(watchlist.min_history) if is_plain else None

    # --- one by one -----------------------------------------------------------------------------

    def take(self, routed: Routed, trigger: Trigger) -> Iterator[Output]:
        """What a close brings about; nothing for a repeat."""
        close = routed.close
        place = self._places.get(close.symbol)
        if place is None or close.interval != self._interval:
            return  # the log remembers symbols that have left, and other intervals
        position = routed.offset * MAX_ROWS + routed.line
        taken = self._taken_from(routed.partition)
        if position <= taken[place]:
            return
        taken[place] = position
        if not self._counts(place, close):
            return
        if close.provisional:
            told = self._ahead.take(place, close.period, close.price, trigger)
            yield from map(self._sent, told)
            return
        for change in self.watch.put(close.symbol, close.period, close.price):
            yield from map(self._sent, self._alerts(change, trigger))
            if isinstance(change.key, PairKey):
                self._changed[change.key] = None
        yield from map(self._sent, self.switches.came(close.symbol, close.period, trigger))

    def _counts(self, place: int, close: Close) -> bool:
        """Whether a close counts beside others of its period, of ticks or not."""
        of_ticks, rule = close.source == TICKS, self._precedence[place]
        if close.provisional:
            return not of_ticks or rule.takes_ahead(close.period, close.revision)
        self._with_ticks[place] |= of_ticks
        had = self.watch.closes[close.symbol]
        known = had.get(close.period) is not None
        return rule.takes(
            close.period, close.revision, of_ticks=of_ticks, known=known, newest=had.last
        )

    def ask(self, what: Due | Look, trigger: Trigger) -> Iterator[Output]:
        """What is missing of a period that is due, or its summary, or what the prices before the
        close tell."""
        if isinstance(what, Look):
            yield from map(self._sent, self._ahead.ask(trigger))
        else:
            yield from map(self._sent, self.switches.ask(what, trigger))
            yield from map(self._sent, self.summaries.ask(what, trigger))

    def last_asked(self, rule: str) -> int | None:
        """The last period that a rule with a time of its own, by its definition, has asked for."""
        last = self.switches.last(rule)
        return self.summaries.last(rule) if last is None else last

    @property
    def waiting_since(self) -> int | None:
        """See :class:`Ahead`."""
        return self._ahead.waiting_since

    # --- many at once ---------------------------------------------------------------------------

    def take_many(
        self, closes: Columns, places: Column, singles: Sequence[Single], own: Trigger
    ) -> Iterator[Numbered]:
        """What closes bring about, by their numbers in the log.

        Args:
            closes: in the order of the log.
            places: of each symbol of the columns among those of the watchlist, -1 for none.
            singles: what is to be taken by itself, by number.
            own: where a close stands that a feed wrote to ``watch``, but for offset and time.
        """
        closes, place = self._new(closes, places[closes.symbol])
        alone = self._is_out_of_turn(closes, place)
        rows = Rows((self.name, self.symbols), closes, place, own)
        waiting = [*singles, *map(rows.single, np.flatnonzero(alone).tolist())]
        if len(waiting) > closes.size:
            waiting += map(rows.single, np.flatnonzero(~alone).tolist())
            yield from self._one_by_one(sorted(waiting, key=_number))
            return
        rows = rows.only(np.flatnonzero(~alone)) if alone.any() else rows
        numbers, begin = rows.closes.number, 0
        for one in sorted(waiting, key=_number):
            end = int(np.searchsorted(numbers, one[0]))
            yield from self._in_columns(rows.only(slice(begin, end)))
            yield from self._one_by_one([one])
            begin = end
        yield from self._in_columns(rows.only(slice(begin, None)) if begin else rows)

    def _in_columns(self, rows: Rows) -> Iterator[Numbered]:
        """Closes in turn, and prices before the close among them, up to each look at the pairs."""
        if not rows.closes.provisional.any():
            yield from self._together(rows)
            return
        rows = self._not_again(rows)
        closes = rows.closes
        final = np.flatnonzero(~closes.provisional)
        live = np.flatnonzero(self._is_open(closes, rows.place))
        begin = taken = 0
        for at in self._ahead.looks(closes.arrived[live]):
            row = int(live[at])
            end = int(np.searchsorted(final, row))
            yield from self._together(rows.only(final[begin:end]))
            self._put(rows, live[taken : at + 1])
            for alert in self._ahead.look(rows.trigger(row)):
                yield int(closes.number[row]), self._sent(alert)
            begin, taken = end, at + 1
        yield from self._together(rows.only(final[begin:]))
        self._put(rows, live[taken:])
        self._note(rows.only(closes.provisional))

    def _not_again(self, rows: Rows) -> Rows:
        """Without the prices of ticks before the close that came before."""
        closes, again = rows.closes, []
        for at in np.flatnonzero(closes.provisional & (closes.source == OF_TICKS)).tolist():
            rule = self._precedence[rows.place[at]]
            if not rule.takes_ahead(int(closes.period[at]), int(closes.revision[at])):
                again.append(at)
        return rows.only(np.delete(np.arange(closes.size), again)) if again else rows

    def _is_open(self, closes: Columns, place: Column) -> Mask:
        """Which are prices before the close of a period that is open when they come."""
        if not self._ahead.wanted:
            return np.zeros(closes.size, np.bool_)
        last = self._last()[place]
        if not closes.provisional.all():
            ended = np.where(closes.provisional, _BEFORE, closes.period)
            last = np.maximum(last, highest_before(place, ended, _BEFORE))
        return closes.provisional & (closes.period > last)

    def _put(self, rows: Rows, live: npt.NDArray[np.intp]) -> None:
        closes = rows.closes
        self._ahead.put(rows.place[live], closes.period[live], closes.price[live])

    def _new(self, closes: Columns, place: Column) -> tuple[Columns, Column]:
        """Closes of the watchlist's symbols and interval that were not taken before."""
        new = (place >= 0) & (closes.interval == INTERVALS.index(self._interval))
        position, partitions = closes.position, closes.partition
        for partition in distinct(partitions):
            taken = self._taken_from(partition)[place]
            new &= (partitions != partition) | (position > taken)
        line = place * (int(partitions.max(initial=0)) + 2) + partitions + 1
        new &= ~not_beyond(line, position)
        return (closes, place) if new.all() else (closes.only(new), place[new])

    def _is_out_of_turn(self, closes: Columns, place: Column) -> Mask:
        """Whether a period does not lie behind all that its symbol has, or has in the rows before.

        Provisional ones do not count.
        """
        final, period = np.flatnonzero(~closes.provisional), closes.period
        late = np.zeros(closes.size, np.bool_)
        late[final] = not_beyond(place[final], period[final])
        return late | (~closes.provisional & (period <= self._last()[place]))

    def _last(self) -> Column:
        """The last period of each symbol."""
        if self._floors is not None and self.watch.cohort is not None:
            return self.watch.cohort.last
        closes = self.watch.closes.values()
        return np.array([_BEFORE if one.last is None else one.last for one in closes], np.int64)

    def _together(self, rows: Rows) -> Iterator[Numbered]:
        closes, place = rows.closes, rows.place
        cohort, floors = self.watch.cohort, self._floors
        if (
            cohort is None
            or floors is None
            or closes.size < FEW
            or self.switches.waiting
            or (closes.period <= cohort.last[place]).any()  # after what was taken by itself
        ):
            yield from self._one_by_one(map(rows.single, range(closes.size)))
            return
        self._note_sources(closes, place)
        numbers = closes.number
        arrivals = Arrivals(place, closes.period, closes.price, numbers)
        for number, change in cohort.extend(arrivals, floors, self._told_ahead(cohort)):
            trigger = rows.trigger(int(np.searchsorted(numbers, number)))
            for alert in self._alerts(change, trigger):
                yield number, self._sent(alert)
        self._note(rows)

    def _note(self, rows: Rows) -> None:
        """Remember how far each origin has been taken."""
        closes, place = rows.closes, rows.place
        for partition in distinct(closes.partition):
            here = closes.partition == partition
            np.maximum.at(self._taken_from(partition), place[here], closes.position[here])

    def _note_sources(self, closes: Columns, place: Column) -> None:
        """Take note of who has made the closes of symbols that ticks are of; all of them count."""
        of_ticks = closes.source == OF_TICKS
        self._with_ticks[place[of_ticks]] = True
        for at in np.flatnonzero(self._with_ticks[place]).tolist():
            self._precedence[place[at]].takes(
                int(closes.period[at]), int(closes.revision[at]), of_ticks=bool(of_ticks[at]),
                known=False, newest=None,
            )  # fmt: skip

    def _told_ahead(self, cohort: Cohort) -> Mask | None:
        """The pairs whose next close settles something that was told before it."""
        if not self._ahead.told:
            return None
        whole = np.zeros(len(cohort), np.bool_)
        whole[[cohort.number(key) for key in self._ahead.told]] = True
        return whole

    def _one_by_one(self, singles: Iterable[Single]) -> Iterator[Numbered]:
        for number, one, trigger in singles:
            taken = self.take(one, trigger) if isinstance(one, Routed) else self.ask(one, trigger)
            for output in taken:
                yield number, output

    def _taken_from(self, partition: int) -> Column:
        """The highest position of each symbol's closes taken from a partition."""
        if partition not in self._taken:
            self._taken[partition] = np.full(len(self._places), -1, np.int64)
        return self._taken[partition]

    # --- what stands ----------------------------------------------------------------------------

    def latest(self, most: int | None = None) -> list[Output]:
        """The streaks of the pairs that have changed and were not told since, so many at most."""
        changed = self._untold()
        told = list(islice(changed, most))
        for pair in told:
            del changed[pair]
        return [self._current(pair) for pair in told]

    def _untold(self) -> dict[PairKey, None]:
        """The pairs whose streaks have changed and were not told since."""
        if self.watch.cohort is not None:
            self._changed |= dict.fromkeys(self.watch.cohort.those_moved())
        return self._changed

    def standing(self) -> list[Output]:
        """The current streak of each pair."""
        return [self._current(pair) for pair in self.watch.pairs]

    def dump(self) -> dict[str, Any]:
        """Plain values for a snapshot."""
        return {
            "taken": [[partition, taken.tobytes()] for partition, taken in self._taken.items()],
            "watch": self.watch.dump(),
            "revisions": self._revisions.dump(),
            "together": self._telling.dump(),
            "ahead": self._ahead.dump(),
            "missing": self.switches.dump(),
            "summaries": self.summaries.dump(),
            "changed": [list(pair) for pair in self._untold()],
            "precedence": [[at, self._precedence[at].dump()] for at in self._noted()],
        }

    def _noted(self) -> list[int]:
        return [at for at, rule in enumerate(self._precedence) if rule.dump() != _NO_PRECEDENCE]

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        self._taken = {
            partition: np.frombuffer(taken, np.int64).copy() for partition, taken in state["taken"]
        }
        self.watch.load(state["watch"])
        self._revisions.load(state["revisions"])
        self._telling.load(state["together"])
        self._ahead.load(state["ahead"])
        self.switches.load(state["missing"])
        self.summaries.load(state["summaries"])
        self._changed = {PairKey(*pair): None for pair in state["changed"]}
        for at, dumped in state["precedence"]:
            self._precedence[at] = Precedence.load(dumped)
            self._with_ticks[at] = self._precedence[at].has_ticks

    def _alerts(self, change: Change, trigger: Trigger) -> Iterator[Alert]:
        settled = list(self._ahead.settled(change, trigger)) if isinstance(change, Moved) else []
        for revision in self._telling.changed(change):
            for alert in self._revisions.alerts(revision, trigger):
                yield _confirming(alert, settled)
        yield from settled
        if isinstance(change, Rewritten):
            yield from self._ahead.revised(change, trigger)

    def _sent(self, alert: Alert) -> Output:
        headers = chart_of(alert, self.watch) if self._charted(alert) else ()
        is_summary = alert.milestone.kind is Kind.SUMMARY
        key = SUMMARIES if is_summary else self.name.encode()
        return Output(Topic.ALERTS, key, encode_alert(alert), None, headers, alert)

    def _current(self, pair: PairKey) -> Output:
        last, running = self.watch.standing(pair)
        streak = StreakNow(
            watchlist=self.name,
            asset=pair.asset,
            benchmark=pair.benchmark,
            period="" if last is None else periods.to_text(last, self._interval),
            direction="" if running is None else running.direction_name,
            length=0 if running is None else running.length,
            start="" if running is None else periods.to_text(running.start, self._interval),
        )
        key = "|".join((self.name, *pair)).encode()
        return Output(Topic.STREAKS, key, encode_streak(streak), about=streak)


def _number(single: Single) -> int:
    return single[0]


def _confirming(alert: Alert, settled: list[Alert]) -> Alert:
    """An alert that also confirms what was told before the close, taken out of ``settled``."""
    for one in settled:
        same = (one.period, one.direction, one.start, one.length) == (
            alert.period,
            alert.direction,
            alert.start,
            alert.length,
        )
        if same and one.milestone.kind is Kind.CONFIRMED and alert.benchmark and not alert.follows:
            settled.remove(one)
            return replace(alert, also=(*alert.also, one.milestone), follows=one.follows)
    return alert
