"""Reads batches of closes into columns."""

from __future__ import annotations

from collections.abc import Container, Iterable

import numpy as np

from streams.batches import Batch, Records
from streams.columns import closes_arrow, closes_json
from streams.columns.closes import INTERVALS, Columns, Odd, nothing
from streams.columns.numbering import Numbering
from streams.fields import RejectedError
from streams.formats import arrow
from streams.records import Record
from streams.wire import Close, Routed


class Reader:
    """Reads batches of closes; it remembers what texts stand for, and nothing else."""

    def __init__(
        self,
        symbols: Iterable[str],
        signed: Container[str] = frozenset(),
        watchlists: Iterable[str] | None = None,
    ) -> None:
        """Args:
        symbols: all that may come; other ones are odd.
        signed: those whose number may be zero or negative.
        watchlists: for the copies of closes in ``watch``, which name one of them.
        """
        self.numbering = Numbering(symbols, signed, watchlists)

    def close(self, columns: Columns, at: int) -> Close:
        """One close of columns that this reader has read."""
        return Close(
            self.numbering.symbols[columns.symbol[at]],
            int(columns.period[at]),
            int(columns.price[at]),
            INTERVALS[columns.interval[at]],
            self.numbering.sources[columns.source[at]],
            provisional=bool(columns.provisional[at]),
            revision=int(columns.revision[at]),
        )

    def routed(self, record: Record) -> list[Routed]:
        """The closes of an Arrow stream of ``watch``."""
        columns, _ = self.read(Records([record]))
        names = [(self.numbering.watchlists or [""])[at] for at in columns.watchlist.tolist()]
        origins = zip(*(column.tolist() for column in (columns.partition, columns.offset,
                                                       columns.arrived, columns.line)),
                      strict=True)  # fmt: skip
        return [
            Routed(name, self.close(columns, at), *origin)
            for at, (name, origin) in enumerate(zip(names, origins, strict=True))
        ]

    def read(self, batch: Batch) -> tuple[Columns, list[Odd]]:
        """All closes of a batch that are not odd, and what is."""
        streams = arrow.streams_of(batch)
        records = np.delete(np.arange(len(batch)), streams)
        parts, odd = closes_json.read(self.numbering, records, batch)
        for at in streams:
            try:
                columns, others = closes_arrow.read(self.numbering, batch[at], at)
            except RejectedError as error:
                odd.append(Odd(at, error=error))
            else:
                parts.append(columns)
                odd += others
        if len(parts) == 1:
            return parts[0], odd
        if not parts:
            return nothing(), odd
        whole = Columns(*map(np.concatenate, zip(*parts, strict=True)))
        return whole.only(np.lexsort((whole.row, whole.record))), odd
