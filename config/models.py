"""What all models of the configuration share."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from config.validators import day

Direction = Literal["outperforming", "underperforming"]

SYMBOL_PATTERN = r"^[A-Za-z0-9^.=_:/-]{1,32}$"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

Symbol = Annotated[str, Field(pattern=SYMBOL_PATTERN)]
"""What has a price, as the feed names it, or a series that is made of others."""
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""What a watchlist, a target or a consumer group is called."""
Day = Annotated[date, BeforeValidator(day)]
Length = Annotated[int, Field(ge=1)]
"""A number of periods."""


class Model(BaseModel):
    """Strict and frozen: an unknown key is a fault, a value is never changed later."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,  # an input may be a target's URL, with its secret
    )
