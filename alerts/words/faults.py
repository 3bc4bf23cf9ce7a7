"""What is wrong with a template, for people: its file, its line, and what to do."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from jinja2 import TemplateNotFound, TemplatesNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from alerts.words.inert import inert
from config.errors import StreakwatchError

KNOWN = ("alert", "names", "noun", "first", "story", "kind", "headed", "year")
"""The names that templates are given; see docs/messages.md."""


class TemplateFaultError(StreakwatchError):
    """A template cannot be used."""

    def __init__(self, place: str, what: str, cure: str) -> None:
        super().__init__(f"{place}: {what}", cure)


def fault(error: Exception, place: str, filters: Iterable[str]) -> TemplateFaultError:
    """What an exception of jinja2, or one within a template, means; ``place`` is where it was."""
    match error:
        case TemplatesNotFound() | TemplateNotFound():
            return TemplateFaultError(
                place, f"there is no template {inert(str(error.name))}", _LISTED
            )
        case TemplateSyntaxError():
            cure = _suggested(error.message or "", filters)
            return TemplateFaultError(place, _plain(error.message), cure or "mend the line")
        case UndefinedError():
            cure = _suggested(error.message or "", KNOWN)
            return TemplateFaultError(place, _plain(error.message), cure or _NAMES)
        case SecurityError():
            cure = "templates can read what they are given, and nothing else"
            return TemplateFaultError(place, _plain(str(error)), cure)
    what = f"{type(error).__name__}: {_plain(str(error))}"
    return TemplateFaultError(place, what, "check the values that the line uses")


_NAMES = "see docs/messages.md for the names that templates have"
_LISTED = "see docs/messages.md for the names of templates"


def _plain(message: str | None) -> str:
    return inert((message or "").rstrip("."))


def _suggested(message: str, known: Iterable[str]) -> str:
    quoted = message.split("'")
    near = get_close_matches(quoted[1], list(known), 1) if len(quoted) > 2 else []
    return f"did you mean {near[0]!r}?" if near else ""


def place_of(error: Exception, name: str, folders: Sequence[Path]) -> str:
    """The file and line where it happened: jinja2 puts both into the traceback."""
    if isinstance(error, TemplateSyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if frame.filename.endswith(".j2"):
            return f"{frame.filename}:{frame.lineno}"
    files = (folder / name for folder in folders)
    return str(next((file for file in files if file.is_file()), name))
