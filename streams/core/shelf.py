"""Ended streaks of many pairs in columns, until somebody asks for a pair's record book.

A book keeps only the streaks that no later one equals (:mod:`streams.core.book`), and so does the
shelf when it is put in order: it stays small, whatever the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.int64]


class Volume(NamedTuple):
    """Ended streaks, each array of shape (streaks,), ordered by pair, then by time.

    ``length`` is signed; ``at`` counts up with time. ``base`` is the period whose closes the
    streak's first return starts from.
    """

    pair: Column
    at: Column
    length: Column
    base: Column
    start: Column
    end: Column

    def only(self, chosen: npt.NDArray[np.generic] | slice) -> Volume:
        """Some of them, by mask, index or slice."""
        return Volume(*(column[chosen] for column in self))

    def dump(self) -> list[bytes]:
        """The columns as bytes, for a snapshot."""
        return [column.tobytes() for column in self]

    @classmethod
    def load(cls, columns: Iterable[bytes]) -> Volume:
        """The inverse of :meth:`dump`."""
        return cls(*(np.frombuffer(column, np.int64) for column in columns))


#: More volumes than this are made one before another is added: each is looked at for each pair.
_FEW = 8


class Shelf:
    """Ended streaks by pair. What a pair's book holds already, up to ``taken``, is left out.

    Args:
        pairs: how many pairs there are.
    """

    def __init__(self, pairs: int) -> None:
        self.taken: Column = np.full(pairs, -1, np.int64)
        self._volumes: list[Volume] = []
        self._added = 0
        self._most = 8 * pairs + 65_536

    def add(self, volume: Volume) -> None:
        """Add streaks that ended later than all before them.

        They are left as they are until others follow: until then somebody may :meth:`take` what
        had ended in their midst, before a longer one hid it.
        """
        if not len(volume.pair):
            return
        if self._added > self._most or len(self._volumes) > _FEW:
            self.tidy()
        self._volumes.append(volume)
        self._added += len(volume.pair)

    def take(self, pair: int, until: int) -> list[tuple[int, int, int, int]]:
        """The streaks of a pair that can matter to its book, up to ``at`` = ``until``, in order.

        Returns:
            signed length, base, start and end of each; they are not given again.
        """
        taken, edges = self.taken.item(pair), np.array((pair, pair + 1))
        self.taken[pair] = max(taken, until)
        kept: list[tuple[int, int, int, int]] = []
        out = under = 0  # the longest so far, seen from the end
        for volume in reversed(self._volumes):
            first, end = volume.pair.searchsorted(edges).tolist()
            span = volume.at[first:end].searchsorted((taken, until), "right")
            begin, stop = (first + span).tolist()
            rows = range(stop - 1, begin - 1, -1)
            for row, length in zip(rows, volume.length[begin:stop][::-1].tolist(), strict=True):
                if not -under <= length <= out:
                    out, under = max(out, length), max(under, -length)
                    base, start, last = (column.item(row) for column in volume[3:])
                    kept.append((length, base, start, last))
            if begin > first:
                break  # all before was taken
        return kept[::-1]

    def tidy(self) -> Volume:
        """Keep only what can matter, in one volume; this volume."""
        volume = _bound(self._volumes)
        volume = _that_matter(volume.only(volume.at > self.taken[volume.pair]))
        self._volumes = [volume]
        self._added = 0
        return volume

    def put_back(self, volume: Volume) -> None:
        """Take over what books held, all of ``volume.pair``; they are empty now."""
        self.tidy()
        self._volumes.insert(0, volume)
        self.taken[volume.pair] = -1

    def longest(self, pairs: int) -> Column:
        """The longest streaks on the shelf: shape (2, pairs), out- and underperforming."""
        found = np.zeros((2, pairs), np.int64)
        for volume in self._volumes:
            way = (volume.length < 0).astype(np.intp)
            np.maximum.at(found, (way, volume.pair), np.abs(volume.length))
        return found


def empty() -> Volume:
    """No streaks."""
    return Volume(*(np.zeros(0, np.int64) for _ in Volume._fields))


def _bound(volumes: list[Volume]) -> Volume:
    if not volumes:
        return empty()
    if len(volumes) == 1:
        return volumes[0]
    columns = zip(*volumes, strict=True)
    whole = Volume(*(np.concatenate(parts) for parts in columns))
    return whole.only(np.argsort(whole.pair, kind="stable"))


def _that_matter(volume: Volume) -> Volume:
    """The streaks that are longer than all later ones of their pair and direction.

    Behind a pair's last streak the next pair's begin: seen from the end, with a pair's number
    before the length, the longest so far never comes from another pair.
    """
    if not len(volume.pair):
        return volume
    keep = np.zeros(len(volume.pair), np.bool_)
    for way in (1, -1):
        chosen = np.flatnonzero(np.sign(volume.length) == way)
        lengths = np.abs(volume.length[chosen])
        span = int(lengths.max(initial=0)) + 1
        rank = (int(volume.pair.max()) - volume.pair[chosen]) * span + lengths
        backwards = rank[::-1]
        before = np.maximum.accumulate(backwards)[:-1]
        longer = np.concatenate(([True], backwards[1:] > before)) if len(chosen) else backwards > 0
        keep[chosen] = longer[::-1]
    return volume.only(keep)
