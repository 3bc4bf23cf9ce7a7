"""Matchers, ready to be tried on the facts of alerts; config.matching says how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from alerts.facts import SEVERITY, Facts
from config.matching import AT_LEAST, NOT, Match, bare, glob, is_glob
from config.severities import LEVELS, at_least


class Lead(NamedTuple):
    """The beginning of a value, or, if ``whole``, all of it."""

    text: str
    whole: bool


@dataclass(frozen=True)
class Matcher:
    """One field and its texts: one must fit, and none of those with ``not`` may."""

    field: str
    texts: tuple[str, ...]

    def matches(self, facts: Facts) -> bool:
        """Whether a value fits; one that is not there, or empty, fits only what says ``not``."""
        value = facts.get(self.field, "")
        exact, patterns, refused, refusing = self._parts
        if not value:
            return not (exact or patterns)
        if value in refused or any(one.fullmatch(value) for _, one in refusing):
            return False
        if value in exact or not (exact or patterns):
            return True
        return any(one.fullmatch(value) for _, one in patterns)

    @cached_property
    def leads(self) -> frozenset[Lead]:
        """What a value that fits is, or begins with; empty where it may be anything."""
        exact, patterns, _, _ = self._parts
        heads = [_head(one) for one in patterns]
        if "" in heads:
            return frozenset()
        return frozenset({Lead(value, True) for value in exact} | {Lead(h, False) for h in heads})

    def __str__(self) -> str:
        """As the configuration has it."""
        return f"{self.field}: {', '.join(self.texts)}"

    @cached_property
    def _parts(self) -> _Parts:
        wanted = [text for text in self.texts if not text.startswith(NOT)]
        refused = [bare(text) for text in self.texts if text.startswith(NOT)]
        return (*_split(self.field, wanted), *_split(self.field, refused))


_Pattern = tuple[str, re.Pattern[str]]
_Patterns = tuple[_Pattern, ...]
_Parts = tuple[frozenset[str], _Patterns, frozenset[str], _Patterns]


def _split(field: str, texts: Sequence[str]) -> tuple[frozenset[str], _Patterns]:
    """The values, and the patterns, that texts without ``not`` stand for."""
    values: set[str] = set()
    for text in texts:
        values.update(_levels(text) if field == SEVERITY else (text,))
    return (
        frozenset(value for value in values if not is_glob(value)),
        tuple((value, glob(value)) for value in sorted(values) if is_glob(value)),
    )


def _head(pattern: _Pattern) -> str:
    """What stands before the first ``*`` or ``?``."""
    return re.split(r"[*?]", pattern[0], maxsplit=1)[0]


def _levels(text: str) -> tuple[str, ...]:
    level = text.removeprefix(AT_LEAST)
    if level == text or level not in LEVELS:
        return (text,)
    return at_least(level)


def matchers_of(match: Match) -> tuple[Matcher, ...]:
    """The matchers of a configuration; none of them fits everything."""
    return tuple(Matcher(field, tuple(texts)) for field, texts in match.fields())


def failed(matchers: Iterable[Matcher], facts: Facts) -> Matcher | None:
    """The first that does not fit."""
    return next((one for one in matchers if not one.matches(facts)), None)
