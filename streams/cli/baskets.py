"""Baskets on the command line: NAME=equal:A,B,C, NAME=price:A,B,C, NAME=fixed@DATE:A=0.6,B=0.4."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
        pairs = [_weight(symbol) for symbol in symbols]
        if len(dict(pairs)) < len(pairs):
            raise click.BadParameter(f"{text!r} has a symbol twice; {_CURE}")
        fields["weights"] = dict(pairs)
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


def parse_all(texts: Sequence[str]) -> dict[str, Basket]:
    """All baskets by name; members are columns, not baskets.

    Raises:
        click.BadParameter: one of them cannot be used, or a name stands twice.
    """
    found: dict[str, Basket] = {}
    for text in texts:
        name, basket = parse(text)
        if name in found:
            raise click.BadParameter(f"the basket {name!r} is given twice; name each one once")
        found[name] = basket
    for name, basket in found.items():
        nested = [symbol for symbol in basket.symbols() if symbol in found]
        if nested:
            what = f"the basket {name!r} has the member {nested[0]!r}, which is a basket"
            raise click.BadParameter(f"{what}; members are columns of the file")
    return found
