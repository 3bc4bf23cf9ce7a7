"""Silences: a person wants to hear nothing of some alerts for a while."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from alerts.facts import Facts
from alerts.index import Index
from alerts.matchers import Matcher
from alerts.words.inert import inert
from config.matching import FIELD_PATTERN, MATCH_PATTERN, TEXT_PATTERNS

LONGEST_TEXT = 200
"""Characters of a creator or a comment, at most."""
_ID = re.compile(r"[0-9a-f]{4,20}", re.ASCII)
_MOST = 20


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that fit all ``matchers`` are not told from ``starts_ms`` to before ``ends_ms``.

    Times are in milliseconds since 1970; ``creator`` and ``comment`` are texts for people.
    """

    id: str
    matchers: tuple[Matcher, ...]
    creator: str
    comment: str
    starts_ms: int
    ends_ms: int

    def is_active(self, now_ms: int) -> bool:
        """Whether it silences now."""
        return self.starts_ms <= now_ms < self.ends_ms

    def state(self, now_ms: int) -> str:
        """``pending``, ``active`` or ``expired``."""
        if now_ms >= self.ends_ms:
            return "expired"
        return "active" if now_ms >= self.starts_ms else "pending"

    def expired(self, now_ms: int) -> Silence:
        """The same, ended now; one that has ended stays as it is."""
        ends_ms = min(self.ends_ms, now_ms)
        return replace(self, starts_ms=min(self.starts_ms, ends_ms), ends_ms=ends_ms)

    @property
    def key(self) -> bytes:
        """The topic keeps the last record of each key."""
        return self.id.encode()

    def encode(self) -> bytes:
        """JSON."""
        fields = {
            "id": self.id,
            "matchers": {one.field: list(one.texts) for one in self.matchers},
            "creator": self.creator,
            "comment": self.comment,
            "starts_ms": self.starts_ms,
            "ends_ms": self.ends_ms,
        }
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def decode(cls, value: bytes) -> Silence:
        """The inverse of :meth:`encode`.

        Raises:
            ValueError: the bytes are not a silence, or its matchers none that a configuration
                could have: one of a field that is not there would fit all alerts with a ``not``.
        """
        try:
            return _silence(json.loads(value.decode()))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a silence: {error}") from None


def _silence(data: dict[str, Any]) -> Silence:
    matchers = tuple(_matcher(field, texts) for field, texts in data["matchers"].items())
    if not 0 < len(matchers) <= _MOST:
        raise ValueError(f"not a silence: {len(matchers)} matchers, and 1 to {_MOST} are meant")
    texts = [data[name] for name in ("id", "creator", "comment")]
    times = [data[name] for name in ("starts_ms", "ends_ms")]
    if any(type(text) is not str or len(text) > LONGEST_TEXT for text in texts):
        raise ValueError("not a silence: id, creator and comment are short texts")
    if any(type(time) is not int for time in times) or not _ID.fullmatch(data["id"]):
        raise ValueError("not a silence: its times are whole numbers, its id is of 0-9 and a-f")
    "".join(texts).encode()  # JSON has halves of characters, which nobody can write or print
    return Silence(data["id"], matchers, data["creator"], data["comment"], *times)


def _matcher(field: str, texts: Any) -> Matcher:
    if not re.fullmatch(FIELD_PATTERN, field):
        raise ValueError(f"not a silence: there is no field {inert(field)}")
    if not isinstance(texts, list) or not 0 < len(texts) <= _MOST:
        raise ValueError(f"not a silence: {field} has 1 to {_MOST} texts, in a list")
    pattern = TEXT_PATTERNS.get(field, MATCH_PATTERN)
    for text in texts:
        if type(text) is not str or not re.fullmatch(pattern, text):
            raise ValueError(f"not a silence: {field} is never {inert(str(text))}")
    return Matcher(field, tuple(texts))


class Silences:
    """The silences that are known, by id; found for an alert without looking at each."""

    def __init__(self) -> None:
        self._by_id: dict[str, tuple[Silence, int | None]] = {}
        self._index = Index[Silence]()

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Silence]:
        """All, in the order in which each was first known."""
        return (silence for silence, _ in self._by_id.values())

    def get(self, identity: str) -> Silence | None:
        """The silence of an id."""
        known = self._by_id.get(identity)
        return None if known is None else known[0]

    def put(self, silence: Silence, now_ms: int) -> None:
        """Take a silence, in the place of an earlier one of its id; one that has ended is kept, but
        not looked for any more."""
        before = self._by_id.get(silence.id)
        if before is not None and before[1] is not None:
            self._index.remove(before[1])
        ended = silence.ends_ms <= now_ms
        number = None if ended else self._index.add(silence, silence.matchers)
        self._by_id[silence.id] = (silence, number)

    def forget(self, identity: str) -> None:
        """Take one out."""
        _, number = self._by_id.pop(identity, (None, None))
        if number is not None:
            self._index.remove(number)

    def tidy(self, now_ms: int) -> None:
        """Look no more for those that have ended meanwhile."""
        for silence, number in list(self._by_id.values()):
            if number is not None and silence.ends_ms <= now_ms:
                self.put(silence, now_ms)

    def active(self, facts: Facts, now_ms: int) -> Iterator[Silence]:
        """Those that silence an alert now."""
        return (one for one in self._index.matching(facts) if one.is_active(now_ms))
