"""Dead letters: whether each record that is refused lies there with its bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from streams.deadletters import Source, source_of
from streams.judges.scope import Scope, digest
from streams.records import Output, Place, Record, Topic
from streams.verdict import Finding, Part

Key = tuple[Topic, int, int, int | None]
"""Topic, partition, offset, and row where a record holds many."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    where: str
    content: int
    reason: str
    at_ms: int


class DeadLettersJudge:
    """Whether each record that is refused lies in the dead letters with its bytes."""

    def __init__(self, scope: Scope, ends: Mapping[Place, int]) -> None:
        """``ends`` has the offset after the last record of each partition that was judged."""
        self.part = Part("dead letters")
        self.reasons = Counter[str]()
        self.refused: dict[Key, str] = {}
        self._scope = scope
        self._ends = ends
        self._expected: dict[Key, _Refusal] = {}
        self._horizon = 0

    def expect(self, place: Place, record: Record, output: Output) -> None:
        """A record of a partition should be refused."""
        source = source_of(output.headers)
        assert source is not None
        key = (place.topic, place.partition, record.offset, source.row)
        content = digest(output.key, output.value)
        self._expected[key] = _Refusal(str(source), content, source.reason, record.timestamp)
        self.part.expected += 1

    def forget(self, oldest_ms: int) -> None:
        """A partition has lost its beginning; its oldest letter is of then."""
        self._horizon = max(self._horizon, oldest_ms)

    def see(self, place: Place, record: Record, judged: bool) -> None:
        """A record of the topic of dead letters."""
        source = source_of(record.headers)
        if source is None:
            is_mark = any(name == "marked" for name, _ in record.headers)
            self.part.notes["records that are no dead letters"] += judged and not is_mark
            return
        told = judged and record.timestamp >= self._scope.since_ms
        key = (source.topic, source.partition, source.offset, source.row)
        expected = self._expected.get(key)
        again = key in self.refused
        self.refused[key] = source.reason
        if expected is None:
            if told:
                self._strange(place, record, source, again)
        elif digest(record.key, record.value) != expected.content:
            if told:
                detail = f"it does not have the bytes of {source}"
                self.part.wrong.append(Finding(f"{place}@{record.offset}", detail))
        elif again:
            self.part.repeated += judged
        else:
            self.part.found += 1
            self.reasons[source.reason] += 1

    def close(self) -> None:
        """Tell what is missing."""
        self.part.notes = +self.part.notes
        for key, refusal in self._expected.items():
            if key in self.refused:
                continue
            finding = Finding(refusal.where, f"{refusal.reason}: no dead letter")
            if self._scope.since_ms <= refusal.at_ms < self._horizon:
                self.part.unjudged["older than the dead letters that are kept"] += 1
            else:
                self._scope.miss(self.part, finding, refusal.at_ms)

    def _strange(self, place: Place, record: Record, source: Source, again: bool) -> None:
        """The record would be taken now: another configuration, an error of ours, or invented."""
        where = Place(source.topic, source.partition)
        if again:
            self.part.repeated += 1
        elif source.topic is Topic.TICKS:
            self.reasons[source.reason] += 1
            self.part.notes[f"of ticks, which are not folded anew ({source.reason})"] += 1
        elif where in self._ends and source.offset >= self._ends[where]:
            detail = f"there is no record at {source}"
            self.part.extra.append(Finding(f"{place}@{record.offset}", detail))
        else:
            self.reasons[source.reason] += 1
            self.part.notes[f"of records that would be taken now ({source.reason})"] += 1
