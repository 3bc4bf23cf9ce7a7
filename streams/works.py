"""Works: what the runner drives. A pure fold with its outbox is one; delivery is another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.records import Output, Place, Record, dead_letter
from streams.wire import Reason, RejectedError

#: Records that are applied before the event loop has its turn: as many as take so many seconds,
#: but within bounds, and as many to begin with.
_TURN, _LEAST, _FIRST, _MOST = 0.2, 500, 4_096, 65_536
#: More records than this are read in a thread, while another lane's are applied.
_MANY_RECORDS = 2_000
#: How often what stands is sent at most, in seconds, and how much of it while records come, and
#: while none do: so that alerts do not wait for it.
_PAUSE, _SOME, _MANY = 1.0, 500, 5_000


class Fold(Protocol):
    """A pure, deterministic fold over the records of one partition."""

    definition: str

    def apply(self, records: Sequence[Record]) -> list[Output]:
        """Take records."""
        ...

    def read(self, records: Sequence[Record]) -> Callable[[], list[Output]]:
        """The part of :meth:`apply` that needs no state; what comes back does the rest.

        It may run in a thread of its own, while the fold is looked at.
        """
        ...

    def latest(self, most: int | None = None, /) -> list[Output]:
        """What stands now of what has changed and was not told since, ``most`` outputs at most:
        for compacted topics, where only the last word counts. What is not told is in the state."""
        ...

    def snapshot(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...

    def standing(self) -> list[Output]:
        """Outputs that say all that stands now; they are not sent, only shown in the metrics."""
        ...


class FoldWork:
    """A pure fold whose outputs are sent, and known to be sent, before anything goes on."""

    def __init__(
        self,
        place: Place,
        make: Callable[[Place], Fold],
        outbox: Outbox,
        metrics: Metrics,
    ) -> None:
        self._at_once = _FIRST
        self._place = place
        self._make = make
        self._outbox = outbox
        self._metrics = metrics
        self._fold = make(place)
        self._told_at = float("-inf")

    @property
    def definition(self) -> str:
        """See :class:`streams.lane.Work`."""
        return self._fold.definition

    async def take(self, records: Sequence[Record]) -> None:
        """See :class:`streams.lane.Work`; in slices, so that a long one can be interrupted."""
        start = 0
        while start < len(records):
            part = records[start : start + self._at_once]
            read = self._fold.read
            taken = await asyncio.to_thread(read, part) if len(part) > _MANY_RECORDS else read(part)
            begun = time.perf_counter()
            outputs = taken()
            self._adapt(len(part), time.perf_counter() - begun)
            await self._send(outputs)
            await asyncio.sleep(0)
            start += len(part)
        if asyncio.get_running_loop().time() - self._told_at >= _PAUSE:
            await self._tell(_SOME)

    def _adapt(self, count: int, seconds: float) -> None:
        """What comes of records does not depend on how they are cut."""
        if count == self._at_once or seconds > _TURN:
            fitting = int(count * _TURN / max(seconds, 1e-6))
            self._at_once = min(max(fitting, _LEAST), _MOST, 2 * self._at_once)

    async def settle(self) -> None:
        """See :class:`streams.lane.Work`."""
        await self._tell(_MANY)

    async def _tell(self, most: int) -> None:
        self._told_at = asyncio.get_running_loop().time()
        await self._send(self._fold.latest(most))

    async def _send(self, outputs: Sequence[Output]) -> None:
        if outputs:
            await self._outbox.send(outputs)
            self._metrics.observe(outputs)

    async def refuse(self, record: Record, error: Exception) -> None:
        """See :class:`streams.lane.Work`."""
        await self._send([internal_dead_letter(self._place, record, error)])

    def snapshot(self) -> dict[str, Any]:
        """See :class:`streams.lane.Work`."""
        return self._fold.snapshot()

    def has_moved(self) -> bool:
        """Nothing goes on by itself."""
        return False

    async def restore(self, state: dict[str, Any] | None) -> None:
        """See :class:`streams.lane.Work`."""
        self._fold = self._make(self._place)
        if state is not None:
            self._fold.restore(state)
        self._metrics.observe(self._fold.standing())

    async def close(self, grace: float) -> None:
        """Nothing goes on by itself."""

    def drop(self) -> None:
        """See :class:`streams.lane.Work`."""
        self._metrics.forget(self._fold.standing())


def internal_dead_letter(place: Place, record: Record, error: Exception) -> Output:
    """The dead letter of a record that met an error of ours; the type only, never its data."""
    return dead_letter(place, record, RejectedError(Reason.INTERNAL, type(error).__name__))
