"""closes → watch: whether each close was copied to the watchlists that need it, in order."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.settings import Settings
from config.watchlists import Watchlist
from streams.columns.reader import Reader
from streams.definitions import signed
from streams.formats.arrow import MAX_ROWS, is_stream
from streams.judges.scope import ANOTHER, REMOVED, Scope, digest
from streams.records import Output, Place, Record, Topic
from streams.verdict import Finding, Part
from streams.wire import DIRECT, RejectedError, Routed, decode_watch, encode_routed


@dataclass(slots=True)
class _Copies:
    """What one watchlist should have of one partition of closes: columns, by ascending position."""

    positions: array[int] = field(default_factory=lambda: array("q"))
    arrived: array[int] = field(default_factory=lambda: array("q"))
    digests: array[int] = field(default_factory=lambda: array("Q"))
    seen: bytearray = field(default_factory=bytearray)

    def add(self, position: int, arrived_ms: int, content: int) -> None:
        self.positions.append(position)
        self.arrived.append(arrived_ms)
        self.digests.append(content)
        self.seen.append(0)

    def find(self, position: int) -> int | None:
        at = bisect_left(self.positions, position)
        return at if at < len(self.positions) and self.positions[at] == position else None


class RoutingJudge:
    """Whether each close was copied to the watchlists that need it, in order."""

    def __init__(self, settings: Settings, scope: Scope, removed: Mapping[Place, int]) -> None:
        """``removed`` has the first offset of each partition that has lost its beginning."""
        self.part = Part("closes → watch")
        self._scope = scope
        self._removed = removed
        self._watchlists: Mapping[str, Watchlist] = settings.watchlists
        self._signed = signed(settings.instruments)
        symbols = {symbol for w in self._watchlists.values() for symbol in w.symbols()}
        self._reader = Reader(symbols, self._signed, self._watchlists)
        self._copies: dict[tuple[str, int], _Copies] = {}
        self._last: dict[tuple[str, str, int], int] = {}

    def expect(self, place: Place, record: Record, copy: Output) -> None:
        """A close should be copied to the watchlist that is the copy's key."""
        routed = copy.about
        assert isinstance(routed, Routed)
        copies = self._copies.setdefault((routed.watchlist, place.partition), _Copies())
        copies.add(_position(routed), record.timestamp, digest(copy.value))
        self.part.expected += 1

    def see(self, place: Place, record: Record, judged: bool) -> None:
        """A record of ``watch``; one that is not ``judged`` can only be found."""
        if is_stream(record):
            for routed in self._reader.routed(record):
                self._see(place, record, routed, judged)
            return
        try:
            one = decode_watch(record.value, self._signed)
        except RejectedError:
            return  # the watcher refuses it
        if isinstance(one, Routed) and one.partition != DIRECT:  # others come from no close
            self._see(place, record, one, judged)

    def _see(self, place: Place, record: Record, routed: Routed, judged: bool) -> None:
        copies = self._copies.get((routed.watchlist, routed.partition))
        at = None if copies is None else copies.find(_position(routed))
        if copies is None or at is None:
            if judged:
                self._strange(place, record, routed)
            return
        again, copies.seen[at] = copies.seen[at], 1
        if self._fault(place, record, routed, copies.digests[at]):
            return
        if again:
            self.part.repeated += judged
        else:
            self.part.found += 1
            self._order(place, record, routed)

    def close(self) -> None:
        """Tell what is missing."""
        for (name, partition), copies in self._copies.items():
            home = Place(Topic.WATCH, self._scope.home(name.encode()))
            begun = home not in self._removed
            for at, seen in enumerate(copies.seen):
                begun = begun or bool(seen)
                if not seen:
                    self._missing(name, partition, copies, at, begun)

    def _missing(self, name: str, partition: int, copies: _Copies, at: int, begun: bool) -> None:
        """Not ``begun`` is what retention may have removed."""
        offset, line = divmod(copies.positions[at], MAX_ROWS)
        where = f"{Topic.CLOSES}-{partition}@{offset}{_row(line)}"
        finding = Finding(where, f"not routed to {name}")
        if not begun:
            self.part.unjudged[REMOVED] += 1
        else:
            self._scope.miss(self.part, finding, copies.arrived[at])

    def _fault(self, place: Place, record: Record, routed: Routed, content: int) -> bool:
        key = routed.watchlist.encode()
        if digest(encode_routed(routed)) != content:
            what = "is not what the close says"
        elif record.key != key or self._scope.home(key) != place.partition:
            what = "has another key or partition than its watchlist"
        else:
            return False
        finding = _found(place, record, f"the copy of {_of(routed)} {what}")
        self._scope.tell(self.part, self.part.wrong, finding, record.timestamp)
        return True

    def _strange(self, place: Place, record: Record, routed: Routed) -> None:
        """Nothing asks for it: why may that be?"""
        watchlist = self._watchlists.get(routed.watchlist)
        close = routed.close
        first = self._removed.get(Place(Topic.CLOSES, routed.partition), 0)
        if (
            watchlist is None
            or watchlist.interval != close.interval
            or close.symbol not in watchlist.symbols()
        ):
            self.part.unjudged[ANOTHER] += 1
        elif routed.offset < first:
            self.part.unjudged[REMOVED] += 1
        else:
            detail = f"no close at {_of(routed)} is routed to {routed.watchlist}"
            finding = _found(place, record, detail)
            self._scope.tell(self.part, self.part.extra, finding, record.timestamp)

    def _order(self, place: Place, record: Record, routed: Routed) -> None:
        """The watcher passes over what comes after a later close of its symbol."""
        line = (routed.watchlist, routed.close.symbol, routed.partition)
        last = self._last.get(line, -1)
        if _position(routed) > last:
            self._last[line] = _position(routed)
        elif record.timestamp >= self._scope.since_ms:
            detail = f"the copy of {_of(routed)} comes after that of offset {last // MAX_ROWS}"
            self.part.misordered.append(_found(place, record, detail))


def _of(routed: Routed) -> str:
    return f"{Topic.CLOSES}-{routed.partition}@{routed.offset}{_row(routed.line)}"


def _row(line: int) -> str:
    return f" row {line}" if line else ""


def _position(routed: Routed) -> int:
    return routed.offset * MAX_ROWS + routed.line


def _found(place: Place, record: Record, detail: str) -> Finding:
    return Finding(f"{place}@{record.offset}", detail)
