"""Works: what the runner drives. A pure fold with its outbox is one; delivery is another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from streams.outbox import Outbox
from streams.records import Output, Place, Record, dead_letter
from streams.wire import Reason, RejectedError


class Fold(Protocol):
    """A pure, deterministic fold over the records of one partition."""

    definition: str

    def apply(self, records: Sequence[Record]) -> list[Output]: ...

    def snapshot(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


Observe = Callable[[Sequence[Output]], None]


class FoldWork:
    """A pure fold whose outputs are sent, and known to be sent, before anything goes on."""

    def __init__(
        self, place: Place, make: Callable[[Place], Fold], outbox: Outbox, observe: Observe
    ) -> None:
        self._place = place
        self._make = make
        self._outbox = outbox
        self._observe = observe
        self._fold = make(place)

    @property
    def definition(self) -> str:
        """See :class:`streams.fold.Work`."""
        return self._fold.definition

    async def take(self, records: Sequence[Record]) -> None:
        """See :class:`streams.fold.Work`."""
        outputs = self._fold.apply(records)
        await self._outbox.send(outputs)
        self._observe(outputs)

    async def refuse(self, record: Record, error: Exception) -> None:
        """See :class:`streams.fold.Work`."""
        outputs = [internal_dead_letter(self._place, record, error)]
        await self._outbox.send(outputs)
        self._observe(outputs)

    def snapshot(self) -> dict[str, Any]:
        """See :class:`streams.fold.Work`."""
        return self._fold.snapshot()

    async def restore(self, state: dict[str, Any] | None) -> None:
        """See :class:`streams.fold.Work`."""
        self._fold = self._make(self._place)
        if state is not None:
            self._fold.restore(state)


def internal_dead_letter(place: Place, record: Record, error: Exception) -> Output:
    """The dead letter of a record that met an error of ours; the type only, never its data."""
    return dead_letter(place, record, RejectedError(Reason.INTERNAL, type(error).__name__))
