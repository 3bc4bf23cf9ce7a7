"""Baskets on the command line: NAME=equal:A,B,C, NAME=price:A,B,C, NAME=fixed@DATE:A=0.6,B=0.4."""

from __future__ import annotations

import re
from typing import Any

import click
from pydantic import ValidationError

from config.series import Basket

_FORM = re.compile(r"([^=]+)=(equal|price|fixed)(?:@([^:]*))?:(.+)")
_CURE = "write NAME=equal:A,B,C, NAME=price:A,B,C or NAME=fixed@YYYY-MM-DD:A=0.6,B=0.4"


def parse(text: str) -> tuple[str, Basket]:
    """A basket and its name.

    Raises:
        click.BadParameter: another form, or what the configuration would refuse.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no basket; {_CURE}")
    name, weighting, day, members = found.groups()
    symbols = members.split(",")
    fields: dict[str, Any] = {"kind": "basket", "weighting": weighting, "as_of": day}
    if weighting == "fixed":
        fields["weights"] = dict(_weight(symbol) for symbol in symbols)
    else:
        fields["members"] = symbols
    try:
        return name, Basket.model_validate(fields)
    except ValidationError as error:
        raise click.BadParameter(f"{text!r}: {_words(error)}; {_CURE}") from None


def _weight(text: str) -> tuple[str, str]:
    symbol, _, weight = text.partition("=")
    return symbol, weight


def _words(error: ValidationError) -> str:
    first = error.errors()[0]
    place = next((str(part) for part in reversed(first["loc"]) if part != "[key]"), "")
    what = first.get("ctx", {}).get("what") or first["msg"].lower()
    return f"{place}: {what}" if place else what
