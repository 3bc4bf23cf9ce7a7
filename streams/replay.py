"""Replay: the same folds over closes from a file or a topic; nothing is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from alerts.model import Alert
from config.settings import Settings
from streams.batches import Single
from streams.calendars import by_name
from streams.core.watch import Watch
from streams.definitions import signed
from streams.folds.router import RouterFold
from streams.folds.watcher import WatcherFold
from streams.log import Log
from streams.records import Output, Place, Record, Topic
from streams.wire import Close, RejectedError, Routed, encode_close


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that the router or the watcher refused, by its place in the log."""

    place: Place
    offset: int
    error: RejectedError


class Replay:
    """Router and watcher joined in memory, without a broker."""

    def __init__(self, settings: Settings, keep: Callable[[Close], bool] | None = None) -> None:
        """``keep`` says which closes are folded; by default all."""
        self._keep = keep or (lambda _: True)
        self._watchlists = settings.watchlists
        self._signed = signed(settings.instruments)
        self._sessions = by_name((w.calendar, w.interval) for w in settings.watchlists.values())
        self._routers: dict[int, RouterFold] = {}
        self._watcher = WatcherFold(
            Place(Topic.WATCH, 0), settings.watchlists, settings.instruments
        )
        self._routed = 0

    def take(self, partition: int, records: Sequence[Record]) -> Iterator[Alert | Refused]:
        """What records of one partition of ``closes`` bring about."""
        router = self._routers.get(partition)
        if router is None:
            place = Place(Topic.CLOSES, partition)
            router = RouterFold(
                place, self._watchlists, self._sessions, self._signed, together=False
            )
            self._routers[partition] = router
        for record in records:
            for output in router.apply([record]):
                yield from self._follow(record.offset, output)

    def watch(self, name: str) -> Watch:
        """The closes, series and subjects of a watchlist, as they are."""
        return self._watcher.watch(name)

    def _follow(self, offset: int, output: Output) -> Iterator[Alert | Refused]:
        match output.about:
            case (Place() as place, RejectedError() as error):
                yield Refused(place, offset, error)
            case Alert() as alert:
                yield alert
            case Routed(close=close) if self._keep(close):
                routed = Single(self._routed, 0, output.key, output.value)
                self._routed += 1
                for further in self._watcher.apply([routed]):
                    yield from self._follow(offset, further)


def of_closes(
    settings: Settings, closes: Iterable[Close], replay: Replay | None = None
) -> Iterator[Alert | Refused]:
    """Replay closes in the order in which they come, as one partition."""
    replay = replay or Replay(settings)
    for offset, close in enumerate(closes):
        record = Single(offset, 0, close.symbol.encode(), encode_close(close))
        yield from replay.take(0, [record])


async def of_topic(
    settings: Settings, log: Log, replay: Replay | None = None
) -> AsyncIterator[Alert | Refused]:
    """Replay the topic of closes up to its present end, in the order of arrival."""
    replay = replay or Replay(settings)
    places = [Place(Topic.CLOSES, p) for p in await log.partitions(Topic.CLOSES)]
    heads = [_Head(place, _records(log, place)) for place in places]
    waiting = [head for head in heads if await head.advance()]
    while waiting:
        first = min(waiting, key=lambda head: head.order)
        for found in replay.take(first.place.partition, [first.record]):
            yield found
        if not await first.advance():
            waiting.remove(first)


async def _records(log: Log, place: Place) -> AsyncIterator[Record]:
    async for batch in log.read(place, *await log.bounds(place)):
        for record in batch:
            yield record


class _Head:
    """The next record of one partition."""

    record: Record

    def __init__(self, place: Place, records: AsyncIterator[Record]) -> None:
        self.place = place
        self._records = records

    async def advance(self) -> bool:
        """Go on to the next record; False at the end."""
        try:
            self.record = await anext(self._records)
        except StopAsyncIteration:
            return False
        return True

    @property
    def order(self) -> tuple[int, int]:
        return self.record.timestamp, self.place.partition
