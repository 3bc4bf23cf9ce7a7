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

from pydantic import AfterValidator, BeforeValidator, Field

from config.models import Model, Name
from config.severities import LEVELS
from config.validators import as_list, distinct

MATCH_PATTERN = r"^(not )?[A-Za-z0-9^.=_:/*?-]{1,80}$"
SEVERITY_PATTERN = rf"^(not )?(>=)?({'|'.join(LEVELS)})$"
DIRECTION_PATTERN = r"^(not )?(outperforming|underperforming|rising|falling)$"
INTERVAL_PATTERN = r"^(not )?(1m|5m|15m|30m|1h|1d)$"
MISSING_PATTERN = r"^(not )?(all|some)$"
FIELD_PATTERN = (
    r"^(watchlist|asset|benchmark|pair|rule|severity|direction|interval|missing|calendar|period"
    r"|labels\.[A-Za-z0-9][A-Za-z0-9_.-]{0,63})$"
)

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

_Texts = Annotated[
    list[_Text],
    AfterValidator(distinct),
    BeforeValidator(as_list, json_schema_input_type=_Text | list[_Text]),
]
_Severities = Annotated[
    list[_Severity],
    AfterValidator(distinct),
    BeforeValidator(as_list, json_schema_input_type=_Severity | list[_Severity]),
]
_Directions = Annotated[
    list[_Direction],
    AfterValidator(distinct),
    BeforeValidator(as_list, json_schema_input_type=_Direction | list[_Direction]),
]
_Intervals = Annotated[
    list[_Interval],
    AfterValidator(distinct),
    BeforeValidator(as_list, json_schema_input_type=_Interval | list[_Interval]),
]
_Missings = Annotated[
    list[_Missing],
    AfterValidator(distinct),
    BeforeValidator(as_list, json_schema_input_type=_Missing | list[_Missing]),
]


class Match(Model):
    """Which alerts are meant: all that fit each of these; each is one text or several."""

    watchlist: _Texts = Field(default=[])
    """The watchlist."""
    asset: _Texts = Field(default=[])
    """The asset of the pair, or the series; of missing closes the watchlist."""
    benchmark: _Texts = Field(default=[])
    """The benchmark of the pair."""
    pair: _Texts = Field(default=[])
    """The pair, written ASSET/BENCHMARK; of other alerts the same as asset."""
    rule: _Texts = Field(default=[])
    """The kind of the alert, such as threshold or record.*"""
    severity: _Severities = Field(default=[])
    """info, warning or critical; '>=warning' (in quotes) for it and the graver ones."""
    direction: _Directions = Field(default=[])
    """outperforming or underperforming; of levels rising or falling."""
    interval: _Intervals = Field(default=[])
    """The length of the period: 1d, 1h, 30m, 15m, 5m or 1m."""
    missing: _Missings = Field(default=[])
    """Of alerts about missing closes: whether all that were asked for are missing, or some."""
    labels: dict[Name, _Texts] = Field(default={})
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

    >>> bool(glob("record.*").fullmatch("record.tied"))
    True
    """
    parts = (re.escape(part) for part in re.split(r"([*?])", text))
    return re.compile("".join({r"\*": ".*", r"\?": "."}.get(part, part) for part in parts), re.S)
