"""ticks → closes: the closes of the periods, as the ticks of one partition make them."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from streams.batches import Batch, batch
from streams.columns.ticks import Reject, Ticks, decode_ticks
from streams.core import instants
from streams.core.bars import DUE, Bar, Bars
from streams.core.grids import Numbers
from streams.core.rings import Fate, TickColumns
from streams.plans import BarsPlan
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.wire import TICKS, Close, Reason, RejectedError, encode_close

_MS = 1_000_000
#: What became of ticks that cannot be used although they can be read, by the reason.
OUTCOMES = {
    Reason.STALE_TICK: "stale",
    Reason.FUTURE_TICK: "future",
    Reason.OUT_OF_SESSION: "out-of-session",
}
_UNFIT = {
    Fate.STALE: (Reason.STALE_TICK, "is of a session before the last one"),
    Fate.OUTSIDE: (Reason.OUT_OF_SESSION, "is in no session"),
}
_ARRAYS = ("instants", "prices", "told")


def _ignore(_: Mapping[str, int]) -> None:
    """For folds whose counts nobody wants."""


class BarsFold:
    """The bars of all symbols that are watched, as far as their ticks lie on this partition."""

    def __init__(
        self, place: Place, plan: BarsPlan, count: Callable[[Mapping[str, int]], None] = _ignore
    ) -> None:
        """``count`` is told what became of how many ticks."""
        self.definition = plan.definition
        self._place = place
        self._count = count
        self._plan = plan
        self._numbers = {symbol: number for number, symbol in enumerate(plan.symbols)}
        self._lines = list(plan.lines)
        self._bars = self._anew()
        self._arrived_ms = 0

    def apply(self, records: Sequence[Record]) -> list[Output]:
        """The closes that ticks bring, and a dead letter for each record that cannot be used."""
        return self.read(records)()

    def read(self, records: Sequence[Record]) -> Callable[[], list[Output]]:
        """See :class:`streams.works.Fold`."""
        taken = batch(records)
        if not len(taken):
            return list
        return partial(self._take, taken, decode_ticks(taken, self._numbers, self._plan.signed))

    def _take(self, taken: Batch, read: Ticks) -> list[Output]:
        ticks, rejects = self._timely(read, taken)
        bars, fates = self._bars.fold(TickColumns(ticks.symbols, ticks.instants, ticks.prices))
        rejects += self._unfit(ticks, fates)
        is_tick = ticks.symbols != DUE
        arrived = taken.timestamps[ticks.at[is_tick]]
        self._arrived_ms = int(arrived.max(initial=self._arrived_ms))
        self._tell(fates[is_tick], rejects, ticks.unwatched)
        return [*map(self._close, bars), *self._letters(rejects, taken)]

    def snapshot(self) -> dict[str, Any]:
        """The watermark, and the bars of the last two sessions."""
        return {"arrived": self._arrived_ms, "bars": _plain(self._bars.dump())}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a snapshot made under the same definition."""
        self._arrived_ms = state["arrived"]
        self._bars = self._anew()
        self._bars.load(_arrays(state["bars"]))

    def latest(self, _: int | None = None) -> list[Output]:
        """Nothing stands: each close goes on its way."""
        return []

    def standing(self) -> list[Output]:
        """Nothing stands: each close goes on its way."""
        return []

    def due(self, now_ms: int) -> int | None:
        """The instant, in nanoseconds, up to which no tick is waited for any more, if it matters.

        It does when no tick has come for as long as the grace, so that none moves the watermark
        on, and a period that has ticks ended before.
        """
        until = now_ms * _MS - self._plan.grace
        ended = [end for end in self._bars.waits_for() if end <= until]
        quiet = self._arrived_ms * _MS <= until
        return ended[-1] - 1 if ended and quiet else None

    def open_bars(self) -> int:
        """How many periods of symbols have ticks and are not closed."""
        return self._bars.open()

    def _anew(self) -> Bars:
        plan = self._plan
        return Bars(plan.plans(), len(plan.symbols), grace=plan.grace, ahead_every=plan.ahead_every)

    def _timely(self, ticks: Ticks, taken: Batch) -> tuple[Ticks, list[Reject]]:
        """Without those whose time lies too far beyond their arrival."""
        arrived = taken.timestamps[ticks.at]
        future = (ticks.instants > arrived * _MS + self._plan.max_ahead) & (arrived > 0)

        def why(place: int) -> RejectedError:
            instant, came = int(ticks.instants[place]), int(arrived[place]) * _MS
            detail = f"{instants.to_text(instant)}, and it came at {instants.to_text(came)}"
            return RejectedError(Reason.FUTURE_TICK, detail)

        return ticks.only(~future), [*ticks.rejects, *ticks.refused(future, why)]

    def _unfit(self, ticks: Ticks, fates: Numbers) -> Iterator[Reject]:
        for fate, (reason, what) in _UNFIT.items():

            def why(place: int, reason: Reason = reason, what: str = what) -> RejectedError:
                symbol = self._plan.symbols[ticks.symbols[place]]
                when = instants.to_text(int(ticks.instants[place]))
                return RejectedError(reason, f"{symbol}: {when} {what}")

            yield from ticks.refused(fates == fate, why)

    def _tell(self, fates: Numbers, rejects: Sequence[Reject], unwatched: int) -> None:
        counts = Counter({"unwatched": unwatched})
        counts["taken"] = int(np.count_nonzero(fates == Fate.TAKEN))
        counts["late"] = int(np.count_nonzero(fates == Fate.LATE))
        for reject in rejects:
            counts[OUTCOMES.get(reject.error.reason, "unreadable")] += reject.count
        self._count(+counts)

    def _close(self, bar: Bar) -> Output:
        symbol, (_, interval) = self._plan.symbols[bar.symbol], self._lines[bar.ring]
        close = Close(
            symbol,
            bar.period,
            bar.price,
            interval,
            source=TICKS,
            provisional=bar.provisional,
            revision=bar.revision,
        )
        return Output(Topic.CLOSES, symbol.encode(), encode_close(close), about=close)

    def _letters(self, rejects: Sequence[Reject], taken: Batch) -> Iterator[Output]:
        """One for each record, whose first bad tick says why."""
        ordered = sorted(rejects, key=lambda reject: (reject.at, reject.row))
        for at, found in groupby(ordered, key=lambda reject: reject.at):
            first, *more = found
            error, others = first.error, first.count - 1 + sum(one.count for one in more)
            if first.row >= 0:
                detail = f"tick {first.row} of the message: {error.detail}"
                detail += f", and {others:,} more of its ticks" if others else ""
                error = RejectedError(error.reason, detail)
            yield dead_letter(self._place, taken[at], error)


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    rings = [
        ring | {name: base64.b64encode(ring[name].tobytes()).decode() for name in _ARRAYS}
        for ring in state["rings"]
    ]
    return state | {"rings": rings}


def _arrays(state: dict[str, Any]) -> dict[str, Any]:
    rings = [
        ring | {name: np.frombuffer(base64.b64decode(ring[name]), np.int64) for name in _ARRAYS}
        for ring in state["rings"]
    ]
    return state | {"rings": rings}
