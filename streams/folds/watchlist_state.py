"""One watchlist: its closes, its subjects, and how far each origin has been taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.model import Alert, Kind, Trigger
from config.settings import Instrument
from config.watchlists import Watchlist
from streams.columns.closes import FEW, INTERVALS, Columns
from streams.core import periods
from streams.core.cohort import Cohort
from streams.core.groups import highest_before, not_beyond
from streams.core.subjects import Change, Moved, PairKey, Rewritten
from streams.core.tape import Arrivals, ends
from streams.folds.ahead import Ahead, confirming
from streams.folds.charting import Charted, chart_of, never
from streams.folds.counting import Counting
from streams.folds.missing import Switches
from streams.folds.origins import Origins
from streams.folds.revisions import Revisions
from streams.folds.rows import Rows, Single
from streams.folds.summaries import Summaries
from streams.folds.telling import Telling
from streams.records import SUMMARIES, Output, Topic
from streams.watches import watch
from streams.wire import Due, Look, Routed, StreakNow, encode_alert, encode_streak

Column = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Numbered = tuple[int, Output]


class WatchlistState:
    """The state of one watchlist."""

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
        self._origins = Origins(len(self.symbols))
        self._counting = Counting(len(self.symbols))
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
        had = self.watch.closes[close.symbol]
        if not self._origins.take(place, routed) or not self._counting.takes(place, close, had):
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
            yield from self._one_by_one(sorted(waiting, key=itemgetter(0)))
            return
        rows = rows.only(np.flatnonzero(~alone)) if alone.any() else rows
        numbers, begin = rows.closes.number, 0
        for one in sorted(waiting, key=itemgetter(0)):
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
        again = self._counting.again(rows.closes, rows.place)
        rows = rows.only(np.delete(np.arange(rows.closes.size), again)) if again else rows
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
        ahead = closes.provisional
        self._origins.note(closes.only(ahead), rows.place[ahead])

    def _is_open(self, closes: Columns, place: Column) -> Mask:
        """Which are prices before the close of a period that is open when they come."""
        if not self._ahead.wanted:
            return np.zeros(closes.size, np.bool_)
        last = self._last()[place]
        if not closes.provisional.all():
            ended = np.where(closes.provisional, periods.NEVER, closes.period)
            last = np.maximum(last, highest_before(place, ended, periods.NEVER))
        return closes.provisional & (closes.period > last)

    def _put(self, rows: Rows, live: npt.NDArray[np.intp]) -> None:
        closes = rows.closes
        self._ahead.put(rows.place[live], closes.period[live], closes.price[live])

    def _new(self, closes: Columns, place: Column) -> tuple[Columns, Column]:
        """Closes of the watchlist's symbols and interval that were not taken before."""
        ours = (place >= 0) & (closes.interval == INTERVALS.index(self._interval))
        new = ours & self._origins.new(closes, place)
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
            return self.watch.cohort.tape.last
        return ends(self.watch.closes.values())

    def _together(self, rows: Rows) -> Iterator[Numbered]:
        closes, place = rows.closes, rows.place
        cohort, floors = self.watch.cohort, self._floors
        if (
            cohort is None
            or floors is None
            or closes.size < FEW
            or self.switches.waiting
            or (closes.period <= cohort.tape.last[place]).any()  # after what was taken by itself
        ):
            yield from self._one_by_one(map(rows.single, range(closes.size)))
            return
        self._counting.note(closes, place)
        numbers = closes.number
        arrivals = Arrivals(place, closes.period, closes.price, numbers)
        for number, change in cohort.extend(arrivals, floors, self._told_ahead(cohort)):
            trigger = rows.trigger(int(np.searchsorted(numbers, number)))
            for alert in self._alerts(change, trigger):
                yield number, self._sent(alert)
        self._origins.note(closes, place)

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
            "taken": self._origins.dump(),
            "watch": self.watch.dump(),
            "revisions": self._revisions.dump(),
            "together": self._telling.dump(),
            "ahead": self._ahead.dump(),
            "missing": self.switches.dump(),
            "summaries": self.summaries.dump(),
            "changed": [list(pair) for pair in self._untold()],
            "precedence": self._counting.dump(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        self._origins.load(state["taken"])
        self.watch.load(state["watch"])
        self._revisions.load(state["revisions"])
        self._telling.load(state["together"])
        self._ahead.load(state["ahead"])
        self.switches.load(state["missing"])
        self.summaries.load(state["summaries"])
        self._changed = {PairKey(*pair): None for pair in state["changed"]}
        self._counting.load(state["precedence"])

    def _alerts(self, change: Change, trigger: Trigger) -> Iterator[Alert]:
        settled = list(self._ahead.settled(change, trigger)) if isinstance(change, Moved) else []
        for revision in self._telling.changed(change):
            for alert in self._revisions.alerts(revision, trigger):
                yield confirming(alert, settled)
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
