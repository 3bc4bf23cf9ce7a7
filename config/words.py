"""The pieces that messages are made of: what was found, what is close to it, what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

KeyPath = tuple[str | int, ...]
"""Where a value is in the file: keys, and indexes of lists."""

LONGEST = 60
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,19})://")


@dataclass(frozen=True)
class Complaint:
    """What is wrong with the value at ``path``: a fault that does not know its line yet."""

    path: KeyPath
    what: str
    cure: str


def scheme_of(url: str) -> str | None:
    """The scheme of a URL: all of it that a message may show."""
    found = _SCHEME.match(url)
    return found[1] if found else None


def shown(text: str) -> str:
    """Text as messages show it: printable, shortened, and of a URL the scheme alone."""
    if "://" in text:
        return f"{scheme_of(text) or '…'}://…"
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return short if short.isprintable() else repr(short)[1:-1]


def found(value: Any) -> str:
    """What was found, in words.

    >>> found("brek"), found([]), found(None)
    ("'brek'", 'an empty list', 'nothing')
    """
    if isinstance(value, str):
        return f"'{shown(value)}'" if value else "an empty text"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "nothing" if value is None else "a mapping"


def key_of(path: KeyPath) -> str:
    """A path as messages show it.

    >>> key_of(("watchlists", "us", "rules", 0, "at"))
    'watchlists.us.rules[0].at'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def closest(word: str, choices: Iterable[str], likeness: float = 0.6) -> str | None:
    """The choice that ``word`` probably means, whatever its case; ``likeness`` is at most 1."""
    by_fold = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word[: 2 * LONGEST].casefold(), by_fold, 1, likeness)
    return by_fold[close[0]] if close else None


def suggestion(word: Any, choices: Iterable[str]) -> str:
    """``did you mean 'x'?``, or nothing when no choice is close."""
    close = closest(word, choices) if isinstance(word, str) else None
    return "" if close is None else f"did you mean '{shown(close)}'?"


def any_of(choices: Iterable[str]) -> str:
    """The choices in words.

    >>> any_of(["break", "extend", "skip"])
    "'break', 'extend' or 'skip'"
    """
    *most, last = (f"'{shown(choice)}'" for choice in choices)
    return f"{', '.join(most)} or {last}" if most else last
