"""watch → alerts: whether the alerts are those that folding ``watch`` anew gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.model import Alert
from config.rules import AllRule, AnyRule
from config.settings import Settings
from config.watchlists import Watchlist
from streams.definitions import (
    Instruments,
    missing_rules,
    pair_definition,
    rule_definition,
    series_definition,
    summary_rules,
)
from streams.judges.scope import ANOTHER, REMOVED, Scope, digest
from streams.records import RESEND, Output, Place, Record, Topic
from streams.verdict import Finding, Part
from streams.wire import RejectedError, decode_alert, encode_alert


@dataclass(slots=True)
class _Told:
    """An alert that should be there; ``contents`` are digests, ``cause_ms`` its record's time."""

    watchlist: str
    key: bytes
    cause: str
    cause_ms: int
    contents: tuple[int, ...]
    seen: bool = False


class AlertsJudge:
    """Whether the alerts are those that folding ``watch`` anew gives, with the same content."""

    def __init__(self, settings: Settings, scope: Scope, removed: Mapping[Place, int]) -> None:
        """``removed`` as for :class:`RoutingJudge`."""
        self.part = Part("watch → alerts")
        self._scope = scope
        self._removed = removed
        self._definitions = {
            name: _definitions(watchlist, settings.instruments)
            for name, watchlist in settings.watchlists.items()
        }
        self._told: dict[str, _Told] = {}

    def expect(self, place: Place, record: Record, output: Output) -> None:
        """Folding a record of ``watch`` gives this alert."""
        alert = output.about
        assert isinstance(alert, Alert)
        self._definitions[alert.watchlist].add(alert.definition)
        content = digest(output.value)
        told = self._told.get(alert.id)
        if told is None:
            cause = f"{place}@{record.offset}"
            key = output.key or b""
            self._told[alert.id] = _Told(alert.watchlist, key, cause, record.timestamp, (content,))
            self.part.expected += 1
        elif content not in told.contents:
            told.contents = (*told.contents, content)

    def see(self, place: Place, record: Record, judged: bool) -> None:
        """A record of ``alerts``; one that is not ``judged`` can only be found."""
        try:
            alert = decode_alert(record.value)
        except RejectedError:
            return  # delivery refuses it
        told = self._told.get(alert.id)
        if told is None:
            if judged:
                self._strange(place, record, alert)
            return
        again, told.seen = told.seen, True
        if self._fault(place, record, alert, told):
            return
        if not again:
            self.part.found += 1
        elif judged:
            asked = any(name == RESEND for name, _ in record.headers)
            self.part.requested += asked
            self.part.repeated += not asked

    def close(self) -> None:
        """Tell what is missing."""
        begun = set[int]()
        for identity, told in self._told.items():
            home = self._scope.home(told.key)
            if told.seen:
                begun.add(home)
                continue
            finding = Finding(identity, f"{told.watchlist}: {told.cause} should have brought it")
            if Place(Topic.ALERTS, home) in self._removed and home not in begun:
                self.part.unjudged[REMOVED] += 1
            else:
                self._scope.miss(self.part, finding, told.cause_ms)

    def _fault(self, place: Place, record: Record, alert: Alert, told: _Told) -> bool:
        if not self._same(record, alert, told):
            what = "has another content than folding gives"
        elif record.key != told.key or self._scope.home(told.key) != place.partition:
            what = "has another key or partition than its watchlist, or than summaries have"
        else:
            return False
        finding = Finding(alert.id, f"{place}@{record.offset} {what}")
        self._scope.tell(self.part, self.part.wrong, finding, record.timestamp)
        return True

    def _same(self, record: Record, alert: Alert, told: _Told) -> bool:
        """Fields in another order, or left out at their defaults, say the same."""
        return digest(record.value) in told.contents or (
            digest(encode_alert(alert)) in told.contents
        )

    def _strange(self, place: Place, record: Record, alert: Alert) -> None:
        if alert.definition not in self._definitions.get(alert.watchlist, ()):
            self.part.unjudged[ANOTHER] += 1
        elif Place(Topic.WATCH, self._scope.home(alert.watchlist.encode())) in self._removed:
            self.part.unjudged[REMOVED] += 1
        else:
            what = f"{place}@{record.offset}: nothing in watch brings it about"
            finding = Finding(alert.id, what)
            self._scope.tell(self.part, self.part.extra, finding, record.timestamp)


def _definitions(watchlist: Watchlist, instruments: Instruments) -> set[str]:
    """What the alerts of a watchlist can be defined by; folding adds what it tells besides."""
    found = {pair_definition(watchlist, pair, instruments) for pair in watchlist.pairs}
    found |= missing_rules(watchlist).keys() | summary_rules(watchlist, instruments).keys()
    found |= {series_definition(watchlist, name, instruments) for name in watchlist.followed()}
    several = [rule for rule in watchlist.rules if isinstance(rule, AllRule | AnyRule)]
    return found | {rule_definition(watchlist, rule, instruments) for rule in several}
