"""Finds what fits an alert among thousands without looking at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from alerts.facts import Facts
from alerts.matchers import Lead, Matcher

T = TypeVar("T")

Bucket = dict[int, tuple[T, tuple[Matcher, ...]]]
Home = tuple[str, Lead]
"""Where an item lies: a field, and what its value is or begins with."""


class Index(Generic[T]):
    """Items with matchers, in the order in which they were added.

    An item lies where the most selective of its matchers leads, which is the one that leads to
    where least lies when it is added: to a value (``RUT``), or to what values begin with (``RU*``).
    So an alert meets the few that agree with it in a field. What has no such matcher is tried for
    every alert.
    """

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Bucket[T]]] = {}
        self._heads: dict[str, dict[str, Bucket[T]]] = {}
        self._rest: Bucket[T] = {}
        self._homes: dict[int, list[Home]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._homes)

    def add(self, item: T, matchers: Sequence[Matcher]) -> int:
        """Add an item; the number by which it can be removed."""
        number, self._next = self._next, self._next + 1
        homes = self._homes_of(matchers)
        entry = (item, tuple(matchers))
        for field, lead in homes:
            self._of(lead).setdefault(field, {}).setdefault(lead.text, {})[number] = entry
        if not homes:
            self._rest[number] = entry
        self._homes[number] = homes
        return number

    def remove(self, number: int) -> None:
        """Take an item out."""
        for field, lead in self._homes.pop(number):
            buckets = self._of(lead)[field]
            del buckets[lead.text][number]
            if not buckets[lead.text]:
                del buckets[lead.text]
        self._rest.pop(number, None)

    def matching(self, facts: Facts) -> Iterator[T]:
        """The items all of whose matchers fit, in their order."""
        near = list(self._near(facts))
        entries = (
            near[0] if len(near) == 1 else {n: e for bucket in near for n, e in bucket.items()}
        )
        for number in sorted(entries) if len(near) > 1 else entries:
            item, matchers = entries[number]
            if all(matcher.matches(facts) for matcher in matchers):
                yield item

    def _near(self, facts: Facts) -> Iterator[Bucket[T]]:
        if self._rest:
            yield self._rest
        for field, buckets in self._values.items():
            bucket = buckets.get(facts.get(field, ""))
            if bucket is not None:
                yield bucket
        for field, buckets in self._heads.items():
            value = facts.get(field, "")
            for length in range(1, len(value) + 1) if buckets else ():
                bucket = buckets.get(value[:length])
                if bucket is not None:
                    yield bucket

    def _of(self, lead: Lead) -> dict[str, dict[str, Bucket[T]]]:
        return self._values if lead.whole else self._heads

    def _homes_of(self, matchers: Sequence[Matcher]) -> list[Home]:
        leading = [matcher for matcher in matchers if matcher.leads]
        if not leading:
            return []
        best = min(leading, key=self._crowd)
        return [(best.field, lead) for lead in sorted(best.leads)]

    def _crowd(self, matcher: Matcher) -> int:
        """How many lie where a matcher leads."""
        places = (
            self._of(lead).get(matcher.field, {}).get(lead.text, ()) for lead in matcher.leads
        )
        return sum(map(len, places))
