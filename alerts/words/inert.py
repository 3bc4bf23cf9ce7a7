"""Text of a feed made inert: it can write no line, hide nothing and turn nothing around.

What cannot be printed is shown as a space, as are letters that look like nothing; so are line
breaks, escape sequences, marks of direction (U+202E) and characters without width. A text longer
than :data:`LONGEST` is shortened.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any, TypeVar

from alerts.words.shortening import ELLIPSIS, shortened

T = TypeVar("T")

LONGEST = 200
"""Characters of one text; names have 80 at most, and sources of published records seldom more."""

#: Letters and marks that count as printable and show nothing, or that alter what is before them.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe0e\ufe0f")


def inert(text: str, longest: int = LONGEST) -> str:
    """A text on one line, with nothing that is not seen."""
    if len(text) > longest:
        text = shortened(text[: longest + 1], longest) or text[: longest - 1] + ELLIPSIS
    if text.isprintable() and _BLANK.isdisjoint(text):
        return text
    return "".join(c if c.isprintable() and c not in _BLANK else " " for c in text)


def tame(value: T) -> T:
    """A frozen value, such as an alert, with each text within it made inert."""
    return _tame(value)  # type: ignore[no-any-return]


def _tame(value: Any) -> Any:
    kind: Any = type(value)
    if kind is str:
        return inert(value)
    if kind is tuple:
        return tuple(map(_tame, value))
    names = _fields(kind)
    return kind(**{name: _tame(getattr(value, name)) for name in names}) if names else value


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple(field.name for field in dataclasses.fields(kind))
