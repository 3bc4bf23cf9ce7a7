"""Summaries: when a watchlist's streaks are told all at once, and which of them."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.models import Model
from config.timings import EDGE_PATTERN, Edge, Weekday, Zone, edge_of, near
from config.validators import OneOrMore, refusal

Every = Literal["session", "week", "month"]

_TIME_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
AT_PATTERN = f"{EDGE_PATTERN}|{_TIME_PATTERN}"


def _near(text: str) -> str:
    return near(text) if re.match(EDGE_PATTERN, text) else text


class SummaryRule(Model):
    """Tells, at its time, which streaks run and which of them are near a record."""

    kind: Literal["summary"]
    at: Annotated[str, Field(pattern=AT_PATTERN), AfterValidator(_near)] = "close + 30m"
    """Around each session of the calendar (open, close, open - 30m, close + 2h), or a time of the
    day, such as 18:00."""
    zone: Zone = "UTC"
    """The time zone of a time of the day and its weekdays, such as America/New_York."""
    weekdays: OneOrMore[Weekday] = Field(default=[])
    """For a time of the day: only on these days, fri or mon-fri; one or more. By default on all."""
    every: Every = "session"
    """Around sessions: each, or only the last one of each week or month."""
    direction: Literal["outperforming", "underperforming", "any"] = "any"
    """Which streaks: outperforming, underperforming or any."""
    min_length: Annotated[int, Field(ge=1)] = 3
    """Only streaks at least this long, in periods."""
    near: Annotated[int, Field(ge=0)] = 2
    """A streak is near its record when it is at most so many periods short of it."""
    most: Annotated[int, Field(ge=1, le=100)] = 20
    """How many streaks are listed: those near a record first, then the longest."""

    @property
    def edge(self) -> Edge | None:
        """Which side of sessions it comes at; None where it comes at a time of the day."""
        return edge_of(self.at) if re.match(EDGE_PATTERN, self.at) else None

    @property
    def clock(self) -> time | None:
        """The time of the day at which it comes; None where it comes around sessions."""
        return time.fromisoformat(self.at) if self.edge is None else None

    @model_validator(mode="after")
    def _holds_together(self) -> SummaryRule:
        if self.edge is None and self.every != "session":
            what = f"every {self.every} is for summaries around sessions"
            cure = "write weekdays, such as fri, or at: close + 30m"
            raise refusal(what, cure, "every")
        for key in ("zone", "weekdays"):
            if self.edge is not None and key in self.model_fields_set:
                what = f"{key} is for a time of the day, and '{self.at}' is around sessions"
                raise refusal(what, f"remove {key}, or write a time such as 18:00", key)
        return self
