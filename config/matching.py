"""What routes, inhibitions and silences are about: matchers on the facts of an alert.

A matcher is a field and one text or several. A text is what the field must be, with ``*`` and ``?``
as in file names; ``not`` before it means that the field must not be so. Of several, one must fit,
and none of those with ``not`` may: ``[record.*, not record.extended]``. What a field does not have,
such as the benchmark of an alert about a series, fits no text but those with ``not``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from config.models import Model, Name
from config.severities import LEVELS
from config.validators import OneOrMore

FIELDS = (
    "watchlist",
    "asset",
    "benchmark",
    "pair",
    "rule",
    "severity",
    "direction",
    "interval",
    "missing",
    "calendar",
    "period",
)
"""What alerts can be grouped by, or agree in, beside labels."""
DIRECTIONS = ("outperforming", "underperforming", "rising", "falling")

MATCH_PATTERN = r"^(not )?[A-Za-z0-9^.=_:/*?-]{1,80}$"
SEVERITY_PATTERN = rf"^(not )?(>=)?({'|'.join(LEVELS)})$"
DIRECTION_PATTERN = rf"^(not )?({'|'.join(DIRECTIONS)})$"
INTERVAL_PATTERN = r"^(not )?(1m|5m|15m|30m|1h|1d)$"
MISSING_PATTERN = r"^(not )?(all|some)$"
FIELD_PATTERN = rf"^({'|'.join(FIELDS)}|labels\.[A-Za-z0-9][A-Za-z0-9_.-]{{0,63}})$"

TEXT_PATTERNS = {
    "severity": SEVERITY_PATTERN,
    "direction": DIRECTION_PATTERN,
    "interval": INTERVAL_PATTERN,
    "missing": MISSING_PATTERN,
}
"""What the texts of a field are like, where not as MATCH_PATTERN."""

NOT = "not "
AT_LEAST = ">="

_Text = Annotated[str, Field(pattern=MATCH_PATTERN)]
_Severity = Annotated[str, Field(pattern=SEVERITY_PATTERN)]
_Direction = Annotated[str, Field(pattern=DIRECTION_PATTERN)]
_Interval = Annotated[str, Field(pattern=INTERVAL_PATTERN)]
_Missing = Annotated[str, Field(pattern=MISSING_PATTERN)]


class Match(Model):
    """Which alerts are meant: all that fit each of these; each is one text or several."""

    watchlist: OneOrMore[_Text] = Field(default=[])
    """The watchlist."""
    asset: OneOrMore[_Text] = Field(default=[])
    """The asset of the pair, or the series; of missing closes the watchlist."""
    benchmark: OneOrMore[_Text] = Field(default=[])
    """The benchmark of the pair."""
    pair: OneOrMore[_Text] = Field(default=[])
    """The pair, written ASSET/BENCHMARK; of other alerts the same as asset."""
    rule: OneOrMore[_Text] = Field(default=[])
    """The kind of the alert, such as threshold or record.*"""
    severity: OneOrMore[_Severity] = Field(default=[])
    """info, warning or critical; '>=warning' (in quotes) for it and the graver ones."""
    direction: OneOrMore[_Direction] = Field(default=[])
    """outperforming or underperforming; of levels rising or falling."""
    interval: OneOrMore[_Interval] = Field(default=[])
    """The length of the period: 1d, 1h, 30m, 15m, 5m or 1m."""
    missing: OneOrMore[_Missing] = Field(default=[])
    """Of alerts about missing closes: whether all that were asked for are missing, or some."""
    labels: dict[Name, OneOrMore[_Text]] = Field(default={})
    """The labels of the watchlist, by name."""

    def fields(self) -> Iterator[tuple[str, list[str]]]:
        """The fields that are asked for, and their texts; a label is ``labels.NAME``."""
        for name in type(self).model_fields:
            if name != "labels" and getattr(self, name):
                yield name, getattr(self, name)
        yield from ((f"labels.{name}", texts) for name, texts in self.labels.items())


def bare(text: str) -> str:
    """A text without ``not``.

    >>> bare("not record.*")
    'record.*'
    """
    return text.removeprefix(NOT)


def is_glob(text: str) -> bool:
    """Whether it has ``*`` or ``?``."""
    return "*" in text or "?" in text


def glob(text: str) -> re.Pattern[str]:
    """A text with ``*`` and ``?`` as a regular expression for the whole of a value.

    What stands between two ``*`` is looked for once, where it comes first, and never elsewhere (the
    atomic groups): however many there are, it takes no longer than pattern times value.

    >>> bool(glob("record.*").fullmatch("record.tied"))
    True
    """
    first, *others = (re.escape(part).replace(r"\?", ".") for part in text.split("*"))
    if not others:
        return re.compile(first, re.S)
    between = (f"(?>.*?{part})" for part in others[:-1] if part)
    return re.compile(f"{first}{''.join(between)}.*{others[-1]}", re.S)
