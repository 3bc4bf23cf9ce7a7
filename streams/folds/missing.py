"""What is missing of a watchlist when its rules on missing closes ask for it, and when it comes.

That a close has not come is no record. So the time comes as one, a :class:`streams.wire.Due`, which
stands in the log behind the closes that came before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alerts.evidence import Absence
from alerts.model import Alert, Kind, Milestone, Trigger, alert_id
from alerts.steps import MOST_LISTED
from config.watchlists import Watchlist
from streams.core import periods
from streams.core.series import Closes
from streams.definitions import asked, missing_rules
from streams.folds.happenings import Origin
from streams.wire import Due

#: How many periods that are not complete are kept in mind.
MOST_OPEN = 64


class Switches:
    """The rules on missing closes of a watchlist; one for each of their definitions."""

    def __init__(self, name: str, watchlist: Watchlist, closes: Mapping[str, Closes]) -> None:
        self._by_rule = {
            definition: Switch(
                Origin(name, watchlist.interval, definition, name),
                {symbol: closes[symbol] for symbol in sorted(asked(watchlist, rule))},
            )
            for definition, rule in missing_rules(watchlist).items()
        }

    def ask(self, due: Due, trigger: Trigger) -> Iterator[Alert]:
        """What is missing of a period; nothing for a rule that is gone."""
        if due.rule in self._by_rule:
            yield from self._by_rule[due.rule].ask(due, trigger)

    @property
    def waiting(self) -> bool:
        """Whether a period that was told of lacks closes still."""
        return any(switch.waiting for switch in self._by_rule.values())

    def came(self, symbol: str, period: int, trigger: Trigger) -> Iterator[Alert]:
        """What a close completes."""
        for switch in self._by_rule.values():
            yield from switch.came(symbol, period, trigger)

    def last(self, rule: str) -> int | None:
        """The last period that a rule has asked for; None for one that is none of these."""
        return self._by_rule[rule].last if rule in self._by_rule else None

    def dump(self) -> dict[str, Any]:
        """The state as plain values, for a snapshot."""
        return {rule: switch.dump() for rule, switch in self._by_rule.items()}

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`, once the closes are there."""
        for rule, dumped in state.items():
            self._by_rule[rule].load(dumped)


@dataclass(slots=True)
class _Open:
    """A period that was told to lack closes: when it ended, what was told, what still lacks."""

    ended_ms: int
    symbols: tuple[str, ...]
    more: int
    waiting: set[str]


class Switch:
    """One rule: the last period that it has asked for, and what it still waits for.

    Within a day, an outage is told once: a period is silent when no other symbols are missing than
    still are of the period before it.
    """

    def __init__(self, origin: Origin, closes: Mapping[str, Closes]) -> None:
        """``closes`` of the symbols that it asks for, by symbol in order."""
        self.last: int | None = None
        self._origin = origin
        self._closes = closes
        self._open: dict[int, _Open] = {}

    @property
    def waiting(self) -> bool:
        """Whether a period that was told of lacks closes still."""
        return bool(self._open)

    def ask(self, due: Due, trigger: Trigger) -> Iterator[Alert]:
        """Ask for a period; what was asked for already changes nothing."""
        before = self.last
        if due.interval != self._origin.interval or (before is not None and due.period <= before):
            return
        self.last = due.period
        missing = self._missing(due.period)
        if not missing or (before is not None and self._goes_on(before, due.period, missing)):
            return
        listed = tuple(missing[:MOST_LISTED])
        one = _Open(due.ended_ms, listed, len(missing) - len(listed), set(missing))
        self._open[due.period] = one
        if len(self._open) > MOST_OPEN:
            del self._open[min(self._open)]
        yield self._alert(Kind.DATA_MISSING, due.period, one, trigger)

    def came(self, symbol: str, period: int, trigger: Trigger) -> Iterator[Alert]:
        """Take note of a close; the last one of a period that was told of is told."""
        one = self._open.get(period)
        if one is None or symbol not in one.waiting:
            return
        one.waiting.remove(symbol)
        if not one.waiting:
            del self._open[period]
            alert = self._alert(Kind.DATA_ARRIVED, period, one, trigger, last=symbol)
            yield replace(alert, follows=self._identity(Kind.DATA_MISSING, period))

    def dump(self) -> dict[str, Any]:
        """Plain values for a snapshot; what is waited for follows from the closes."""
        told = [[at, one.ended_ms, list(one.symbols), one.more] for at, one in self._open.items()]
        return {"last": self.last, "open": told}

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`dump`."""
        self.last = state["last"]
        self._open = {
            period: _Open(ended_ms, tuple(symbols), more, set(self._missing(period)))
            for period, ended_ms, symbols, more in state["open"]
        }

    def _missing(self, period: int) -> list[str]:
        return [symbol for symbol, closes in self._closes.items() if closes.get(period) is None]

    def _goes_on(self, before: int, period: int, missing: list[str]) -> bool:
        interval = self._origin.interval
        if interval == "1d":
            return False  # each session counts for itself
        same_day = periods.to_date(before, interval) == periods.to_date(period, interval)
        return same_day and set(missing) <= set(self._missing(before))

    def _alert(
        self, kind: Kind, period: int, one: _Open, trigger: Trigger, *, last: str = ""
    ) -> Alert:
        ended = periods.to_text(one.ended_ms // 60_000, "1m")
        late = max(0, trigger.arrived_ms - one.ended_ms) // 1000
        return self._origin.alert(
            identity=self._identity(kind, period),
            period=periods.to_text(period, self._origin.interval),
            told=(Milestone(kind),),
            evidence=Absence(one.symbols, one.more, len(self._closes), ended, late, last),
            trigger=trigger,
        )

    def _identity(self, kind: Kind, period: int) -> str:
        text = periods.to_text(period, self._origin.interval)
        return alert_id(self._origin.watchlist, kind.value, text, self._origin.definition)
