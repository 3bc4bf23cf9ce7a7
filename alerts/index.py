"""Finds what fits an alert among thousands without looking at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from alerts.facts import Facts
from alerts.matchers import Matcher

T = TypeVar("T")

Bucket = dict[int, tuple[T, tuple[Matcher, ...]]]


class Index(Generic[T]):
    """Items with matchers, in the order in which they were added.

    An item lies where the most selective of its exact matchers leads: in the bucket of each of its
    values, of the matcher whose buckets hold least when it is added. So an alert meets the few that
    agree with it in a field. What has no exact matcher is tried for every alert.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, dict[str, Bucket[T]]] = {}
        self._rest: Bucket[T] = {}
        self._homes: dict[int, list[tuple[str, str]]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._homes)

    def add(self, item: T, matchers: Sequence[Matcher]) -> int:
        """Add an item; the number by which it can be removed."""
        number, self._next = self._next, self._next + 1
        homes = self._homes_of(matchers)
        entry = (item, tuple(matchers))
        for field, value in homes:
            self._buckets.setdefault(field, {}).setdefault(value, {})[number] = entry
        if not homes:
            self._rest[number] = entry
        self._homes[number] = homes
        return number

    def remove(self, number: int) -> None:
        """Take an item out."""
        for field, value in self._homes.pop(number):
            bucket = self._buckets[field][value]
            del bucket[number]
            if not bucket:
                del self._buckets[field][value]
        self._rest.pop(number, None)

    def matching(self, facts: Facts) -> Iterator[T]:
        """The items all of whose matchers fit, in their order."""
        near = [self._rest] if self._rest else []
        for field, buckets in self._buckets.items():
            bucket = buckets.get(facts.get(field, ""))
            if bucket is not None:
                near.append(bucket)
        if len(near) > 1:
            numbered = sorted(
                (entry for bucket in near for entry in bucket.items()), key=lambda entry: entry[0]
            )
            entries = (entry for _, entry in numbered)
        else:
            entries = (entry for bucket in near for entry in bucket.values())
        for item, matchers in entries:
            if all(matcher.matches(facts) for matcher in matchers):
                yield item

    def _homes_of(self, matchers: Sequence[Matcher]) -> list[tuple[str, str]]:
        exact = [matcher for matcher in matchers if matcher.exact]
        if not exact:
            return []
        best = min(exact, key=self._crowd)
        return [(best.field, value) for value in sorted(best.exact)]

    def _crowd(self, matcher: Matcher) -> int:
        """How many lie where a matcher leads."""
        buckets = self._buckets.get(matcher.field, {})
        return sum(len(buckets.get(value, ())) for value in matcher.exact)
