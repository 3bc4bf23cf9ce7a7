"""Verify: everything folded anew from the topics, and compared with what lies in them.

Workers may run meanwhile. The ends of the topics are seen at the start, those first that are
written last, so what lies before an end was brought about by what lies before the ends seen after
it: whatever then has no cause is extra. What seems to be missing is looked for up to where its
topic ends when its turn comes; what lies beyond the first end can only be found, never accused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from alerts.stages.match import Router
from config.settings import Settings
from streams.calendars import by_name
from streams.clock import Clock, SystemClock
from streams.definitions import signed
from streams.delivery.requests import Reader
from streams.folds.router import RouterFold
from streams.folds.watcher import WatcherFold
from streams.judges.alerts import AlertsJudge
from streams.judges.dead_letters import DeadLettersJudge
from streams.judges.ledger import LedgerJudge
from streams.judges.routing import RoutingJudge
from streams.judges.scope import Scope
from streams.log import Log
from streams.records import Output, Place, Record, Topic, dead_letter
from streams.verdict import Verdict
from streams.wire import Reason, RejectedError

#: From the last that is written to the first.
_AGAINST_THE_STREAM = (
    *(Topic.DEAD_LETTERS, Topic.NOTIFICATIONS),
    *(Topic.ALERTS, Topic.WATCH, Topic.CLOSES),
)
#: Whose beginning may be gone: compacted, or accounted for by the judge.
_MAY_LOSE = (Topic.DEAD_LETTERS, Topic.NOTIFICATIONS)


async def verify(
    settings: Settings,
    log: Log,
    *,
    clock: Clock | None = None,
    grace: float = 60.0,
    since_ms: int = 0,
) -> Verdict:
    """Say whether what was sent is exactly what should have been.

    Args:
        grace: what is missing is pending while its cause is younger, in seconds.
        since_ms: faults of older records are not told, in milliseconds since 1970.
    """
    now_ms = int((clock or SystemClock()).now() * 1000)
    scope = Scope(settings.kafka.partitions, now_ms, since_ms, int(grace * 1000))
    bounds = {}
    for topic in _AGAINST_THE_STREAM:
        for partition in range(settings.kafka.partitions):
            place = Place(topic, partition)
            bounds[place] = await log.bounds(place)
    return await _Audit(settings, log, scope, bounds).run()


class Carefully:
    """A fold that is handed one record at a time; one that makes it fail is refused.

    As in a worker, the fold is then as if it had never seen that record.
    """

    def __init__(self, place: Place, fold: Any) -> None:
        self._place = place
        self._fold = fold

    def apply(self, records: Sequence[Record]) -> Iterator[tuple[Record, list[Output]]]:
        """Each record with what it brings about."""
        before = self._fold.snapshot()
        taken: list[Record] = []
        for record in records:
            try:
                outputs = self._fold.apply([record])
                taken.append(record)
            except Exception as error:  # it is told as the dead letter that it should be
                self._fold.restore(before)
                self._fold.apply(taken)
                refusal = RejectedError(Reason.INTERNAL, type(error).__name__)
                outputs = [dead_letter(self._place, record, refusal)]
            yield record, outputs


class _Audit:
    """The steps of the way, one after the other."""

    def __init__(
        self,
        settings: Settings,
        log: Log,
        scope: Scope,
        bounds: Mapping[Place, tuple[int, int]],
    ) -> None:
        self._settings = settings
        self._log = log
        self._scope = scope
        self._bounds = bounds
        self._removed = {place: first for place, (first, _) in bounds.items() if first > 0}
        self._routing = RoutingJudge(settings, scope, self._removed)
        self._alerts = AlertsJudge(settings, scope, self._removed)
        ends = {place: end for place, (_, end) in bounds.items()}
        self._dead = DeadLettersJudge(scope, ends)
        self._reader = Reader(Router(settings), settings.targets)
        self._ledgers = [
            LedgerJudge(p, settings, scope, Place(Topic.ALERTS, p) in self._removed)
            for p in range(scope.partitions)
        ]

    async def run(self) -> Verdict:
        await self._fold_closes()
        await self._fold_watch()
        await self._see_alerts()
        await self._see_dead_letters()
        await self._see_ledger()
        return self._verdict()

    async def _fold_closes(self) -> None:
        """What should be in ``watch``, and what of the closes in the dead letters."""
        watchlists, numbers = self._settings.watchlists, signed(self._settings.instruments)
        sessions = by_name((w.calendar, w.interval) for w in watchlists.values())
        for place in self._places(Topic.CLOSES):
            router = Carefully(
                place, RouterFold(place, watchlists, sessions, numbers, together=False)
            )
            async for records in self._log.read(place, *self._bounds[place]):
                for record, outputs in router.apply(records):
                    for output in outputs:
                        judge = self._routing if output.topic is Topic.WATCH else self._dead
                        judge.expect(place, record, output)

    async def _fold_watch(self) -> None:
        """What is in ``watch``, and what should be in ``alerts``, where all of it is there."""
        for place in self._places(Topic.WATCH):
            watcher = Carefully(
                place, WatcherFold(place, self._settings.watchlists, self._settings.instruments)
            )
            async for records, judged in self._both(place):
                for record in records:
                    self._routing.see(place, record, judged)
                if judged and place not in self._removed:
                    for record, outputs in watcher.apply(records):
                        self._expect(place, record, outputs)
        self._routing.close()

    def _expect(self, place: Place, record: Record, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if output.topic is Topic.ALERTS:
                self._alerts.expect(place, record, output)
            elif output.topic is Topic.DEAD_LETTERS:
                self._dead.expect(place, record, output)

    async def _see_alerts(self) -> None:
        """What is in ``alerts``: each should have an end in the ledger, or be refused."""
        for place in self._places(Topic.ALERTS):
            async for records, judged in self._both(place):
                for record in records:
                    self._see_alert(place, record, judged)
        self._alerts.close()

    def _see_alert(self, place: Place, record: Record, judged: bool) -> None:
        self._alerts.see(place, record, judged)
        if not judged:
            return
        try:
            self._ledgers[place.partition].see_alert(self._reader.read(record))
        except RejectedError as error:
            self._dead.expect(place, record, dead_letter(place, record, error))

    async def _see_dead_letters(self) -> None:
        for place in self._places(Topic.DEAD_LETTERS):
            trimmed = place in self._removed
            if trimmed and self._bounds[place][0] == self._bounds[place][1]:
                self._dead.forget(self._scope.now_ms)
            async for records, judged in self._both(place):
                for record in records:
                    if trimmed:
                        self._dead.forget(record.timestamp)
                        trimmed = False
                    self._dead.see(place, record, judged)
        self._dead.close()

    async def _see_ledger(self) -> None:
        for place in self._places(Topic.NOTIFICATIONS):
            judge = self._ledgers[place.partition]
            async for records, judged in self._both(place):
                for record in records:
                    judge.see_entry(record, judged)
            judge.close(self._dead.refused)

    async def _both(self, place: Place) -> AsyncIterator[tuple[Sequence[Record], bool]]:
        """The records before the end seen at the start, then those up to the present end."""
        first, end = self._bounds[place]
        _, present = await self._log.bounds(place)
        for start, stop, judged in ((first, end, True), (end, present, False)):
            async for records in self._log.read(place, start, stop):
                yield records, judged

    def _places(self, topic: Topic) -> list[Place]:
        return [place for place in self._bounds if place.topic is topic]

    def _verdict(self) -> Verdict:
        verdict = Verdict(
            routed=self._routing.part,
            alerts=self._alerts.part,
            dead_letters=self._dead.part,
            reasons=self._dead.reasons,
            gaps=[_gap(place, first) for place, first in self._removed.items()
                  if place.topic not in _MAY_LOSE],
        )  # fmt: skip
        for judge in self._ledgers:
            verdict.ledger.add(judge.part)
            verdict.outcomes += judge.outcomes
            verdict.suppressed += judge.suppressed
        return verdict


def _gap(place: Place, first: int) -> str:
    lost = {
        Topic.CLOSES: "what came of them",
        Topic.WATCH: "the alerts of the watchlists of this partition",
        Topic.ALERTS: "the alerts among them, and their deliveries",
    }[place.topic]
    return f"{place} begins at offset {first}, retention removed what was before: {lost}"
