"""alerts → ledger: whether each alert has an end at each of its targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from alerts.ledger import Entry, Outcome, standing
from alerts.moments import moment
from alerts.stages.match import Router
from config.settings import Settings
from streams.delivery.requests import Request
from streams.judges.dead_letters import Key
from streams.judges.scope import ANOTHER, REMOVED, Scope
from streams.records import Record, Topic
from streams.verdict import Finding, Part

Refused = Mapping[Key, str]
"""The reasons of the dead letters, by the place of their records."""


@dataclass(slots=True)
class _Sent:
    """An alert in the log: its first record, and the last request for each target."""

    targets: tuple[str, ...]
    offset: int
    at_ms: int
    requests: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The offset and the time of the last record that asks for a target."""


class LedgerJudge:
    """Whether each alert of one partition has an end at each target of its routes."""

    def __init__(self, partition: int, settings: Settings, scope: Scope, removed: bool) -> None:
        """``removed`` says that the partition of alerts has lost its beginning."""
        self.part = Part("alerts → ledger")
        self.outcomes = Counter[str]()
        self.suppressed = Counter[str]()
        self._partition = partition
        self._router = Router(settings)
        self._fallbacks = {name: target.fallback for name, target in settings.targets.items()}
        self._scope = scope
        self._removed = removed
        self._sent: dict[str, _Sent] = {}
        self._entries: dict[str, dict[str, Entry]] = {}
        self._judged: set[str] = set()

    def see_alert(self, request: Request) -> None:
        """An alert of the log, or a person's request for one."""
        record, alert = request.record, request.alert
        sent = self._sent.get(alert.id)
        if sent is None:
            targets = self._router.targets(alert)
            sent = self._sent[alert.id] = _Sent(targets, record.offset, record.timestamp)
        if request.asked:
            sent.requests |= dict.fromkeys(request.targets, (record.offset, record.timestamp))

    def see_entry(self, record: Record, judged: bool) -> None:
        """A record of the ledger; the last one that stands counts."""
        try:
            entry = Entry.decode(record.value or b"")
        except ValueError:
            self.part.notes["records that are no entries"] += 1
            return
        entries = self._entries.setdefault(entry.alert, {})
        entries[entry.target] = standing(entries.get(entry.target), entry)
        if judged:
            self._judged.add(entry.alert)

    def close(self, refused: Refused) -> None:
        """Tell what has no end yet, and what is about no alert."""
        failing = {e.target for es in self._entries.values() for e in es.values()
                   if e.outcome is Outcome.RETRYING}  # fmt: skip
        for identity, sent in self._sent.items():
            place = (Topic.ALERTS, self._partition, sent.offset, None)
            entries = self._entries.get(identity, {})
            wanted = list(self._wanted(sent, entries))
            for target in wanted:
                self.part.expected += 1
                entry = entries.get(target)
                if entry is not None and self._is_done(sent, entry):
                    self._ended(entry)
                elif entry is None and place in refused:
                    self.part.notes[f"refused by delivery ({refused[place]})"] += 1
                elif entry is None and _had_other_routes(entries, wanted):
                    self.part.unjudged[ANOTHER] += 1
                else:
                    self._open(f"{identity}/{target}", sent, entry, failing)
        for identity in sorted(self._judged - self._sent.keys()):
            for entry in self._entries[identity].values():
                self._unknown(entry)
        self._entries.clear()

    def _wanted(self, sent: _Sent, entries: Mapping[str, Entry]) -> Iterator[str]:
        """The targets of its routes, those that were asked for, and who stands in for them."""
        wanted = list(dict.fromkeys([*sent.targets, *sent.requests]))
        for target in wanted:  # it grows while it is gone through
            yield target
            entry = entries.get(target)
            lost = entry is not None and entry.outcome in (Outcome.FAILED, Outcome.GIVEN_UP)
            standing_in = self._fallbacks.get(target) if lost else None
            if standing_in is not None and standing_in not in wanted:
                wanted.append(standing_in)

    @staticmethod
    def _is_done(sent: _Sent, entry: Entry) -> bool:
        """A request is done by an entry that knows of it."""
        asked, _ = sent.requests.get(entry.target, (-1, 0))
        return entry.outcome.is_final and (entry.offset >= asked or asked < 0)

    def _ended(self, entry: Entry) -> None:
        self.part.found += 1
        instead = " as a fallback" if entry.instead_of else ""
        self.outcomes[f"{entry.outcome.value}{instead}"] += 1
        if entry.outcome is Outcome.SUPPRESSED:
            self.suppressed[entry.detail] += 1

    def _open(self, about: str, sent: _Sent, entry: Entry | None, failing: set[str]) -> None:
        """No end yet ``about`` an alert and a target."""
        where = f"{Topic.ALERTS}-{self._partition}@{sent.offset}"
        _, target = about.split("/", 1)
        offset, at_ms = sent.requests.get(target, (sent.offset, sent.at_ms))
        if entry is not None and not entry.outcome.is_final:
            what = "held back" if entry.is_held else entry.outcome.value
            self.outcomes[what] += 1
            detail = f"{entry.attempts} attempts, next {moment(entry.next_ms)} ({entry.detail})"
            self.part.pending.append(Finding(about, f"{what}: {detail}"))
        elif target in failing:
            waiting = Finding(about, f"{where} waits: the target fails at present")
            self._scope.tell(self.part, self.part.pending, waiting, at_ms)
        else:
            what = "no entry" if entry is None else f"the request at offset {offset} is not done"
            self._scope.miss(self.part, Finding(about, f"{where}: {what}"), at_ms)

    def _unknown(self, entry: Entry) -> None:
        if self._removed:
            self.part.unjudged[REMOVED] += 1
        else:
            detail = f"{entry.outcome.value}, but the alert is not in the log"
            finding = Finding(f"{entry.alert}/{entry.target}", detail)
            self._scope.tell(self.part, self.part.extra, finding, entry.at_ms)


def _had_other_routes(entries: Mapping[str, Entry], wanted: Collection[str]) -> bool:
    """Whether an alert has come to its end at a target that its routes do not name any more."""
    others = (entry for target, entry in entries.items() if target not in wanted)
    return any(entry.outcome.is_final and not entry.instead_of for entry in others)
