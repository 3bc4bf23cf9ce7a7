"""The watchman: says when a period is over, for the rules on missing closes, when a summary is due,
and when prices before the close have waited for long enough.

Folds read no clock. So the time comes to the watcher as a record of ``watch``, and is told again
by whoever folds that topic once more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from config.rules import MissingRule
from config.summaries import SummaryRule
from config.watchlists import Watchlist
from streams.appointments import last_appointment
from streams.calendars import Ended, ended
from streams.clock import Clock
from streams.definitions import Instruments, looks_every, missing_rules, summary_rules
from streams.fold import Runner
from streams.outbox import Outbox
from streams.records import Output, Topic
from streams.wire import Due, Look, encode_due, encode_look

#: How many periods that ended while nobody looked are asked for at most.
MOST = 3

Timed = MissingRule | SummaryRule
"""Rules that have a time of their own."""


class Watchman:
    """Sends a record for each period whose closes are due, into the log that has the closes.

    A rule on missing closes that has never asked begins with the last period that has ended, and
    one on summaries with the next that is due; of those that were due while nobody looked, only the
    last is told. Prices before the close are looked at as they come; where none has come since, it
    asks for a look at the last ones.
    """

    def __init__(
        self,
        watchlists: Mapping[str, Watchlist],
        instruments: Instruments,
        clock: Clock,
        outbox: Outbox,
        *,
        last_asked: Callable[[str, str], int | None],
        waiting_since: Callable[[str], int | None],
        is_current: Callable[[], Awaitable[bool]],
    ) -> None:
        """The watchman of one worker.

        Args:
            last_asked: the last period that a watchlist's rule has asked for, by the rule's
                definition, as far as the records are folded.
            waiting_since: when a watchlist was looked at last before the close, in milliseconds
                since 1970; None if no price waits for the next look.
            is_current: whether the closes that are known by now are in the log that is asked.
        """
        self._watchlists = watchlists
        self._rules: dict[str, Mapping[str, Timed]] = {
            name: {**missing_rules(watchlist), **summary_rules(watchlist, instruments)}
            for name, watchlist in watchlists.items()
        }
        self._clock = clock
        self._began_ms = clock.now() * 1000
        self._outbox = outbox
        self._every = {name: looks_every(watchlist) for name, watchlist in watchlists.items()}
        self._last_asked = last_asked
        self._waiting_since = waiting_since
        self._is_current = is_current
        self._sent: dict[tuple[str, str], int] = {}
        self._looked: dict[str, int] = {}

    async def look(self, is_mine: Callable[[str], bool]) -> None:
        """Ask for what is due of the watchlists that are this worker's."""
        await self._look_ahead([name for name in self._watchlists if is_mine(name)])
        due = [
            one
            for name, rules in self._rules.items()
            if rules and is_mine(name)
            for definition, rule in rules.items()
            for one in self._due(name, definition, rule)
        ]
        if due and await self._is_current():
            await self._outbox.send([_output(one) for one in due])
            self._sent |= {(one.watchlist, one.rule): one.period for one in due}

    async def _look_ahead(self, names: Sequence[str]) -> None:
        """Ask for a look where prices have waited for one; once for each look before it."""
        now_ms = int(self._clock.now() * 1000)
        waiting = {}
        for name in names:
            every = self._every[name]
            since = None if every is None else self._waiting_since(name)
            if since is None or every is None or since == self._looked.get(name):
                continue
            if abs(now_ms - since) >= every:  # a wrong clock may have been ahead of this one
                waiting[name] = since
        if waiting:
            await self._outbox.send([_look(Look(name, now_ms)) for name in waiting])
            self._looked |= waiting

    def _due(self, name: str, definition: str, rule: Timed) -> Iterator[Due]:
        """What a rule has not asked for yet."""
        now_ms, watchlist = int(self._clock.now() * 1000), self._watchlists[name]
        known = (self._last_asked(name, definition), self._sent.get((name, definition)))
        last = max((period for period in known if period is not None), default=None)
        for period, ended_ms in self._over(rule, watchlist, now_ms, is_new=last is None):
            if last is None or period > last:
                yield Due(name, period, watchlist.interval, definition, ended_ms, now_ms)

    def _over(
        self, rule: Timed, watchlist: Watchlist, now_ms: int, *, is_new: bool
    ) -> Sequence[Ended]:
        """The periods that a rule has to ask for by now, ascending, asked for or not."""
        if isinstance(rule, SummaryRule):
            one = last_appointment(rule, watchlist, now_ms)
            return [] if one is None or (is_new and one.at_ms < self._began_ms) else [one]
        by_ms = now_ms - rule.after * 60_000
        return ended(watchlist.calendar, watchlist.interval, by_ms, 1 if is_new else MOST)


def _output(due: Due) -> Output:
    """The record, with the key that the closes of its watchlist have."""
    return Output(Topic.WATCH, due.watchlist.encode(), encode_due(due), about=due)


def _look(look: Look) -> Output:
    return Output(Topic.WATCH, look.watchlist.encode(), encode_look(look), about=look)


class Passage:
    """Whether a runner has taken what was in its log a moment ago.

    What the router has taken lies in ``watch``, before whatever is sent there next.
    """

    def __init__(self, find: Callable[[], Runner | None]) -> None:
        """``find`` gives the runner; None where another worker alone has one."""
        self._find = find
        self._ends: dict[int, int] = {}

    async def __call__(self) -> bool:
        """Look at the log's ends, and say whether they are reached; if not, the next call says.

        Raises:
            KafkaError, TimeoutError: the broker does not answer.
        """
        runner = self._find()
        lanes = {} if runner is None else dict(runner.lanes)
        if not self._ends:
            for lane in lanes.values():
                await lane.look()
            self._ends = {partition: lane.end for partition, lane in lanes.items()}
        if any(lane.cursor < self._ends.get(number, 0) for number, lane in lanes.items()):
            return False
        self._ends = {}
        return True
