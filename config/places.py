"""Finds the place that a fault is about: its path in the file, and what is allowed there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from config.matching import (
    DIRECTION_PATTERN,
    DIRECTIONS,
    FIELD_PATTERN,
    FIELDS,
    INTERVAL_PATTERN,
    MATCH_PATTERN,
    MISSING_PATTERN,
    SEVERITY_PATTERN,
)
from config.models import NAME_PATTERN, SYMBOL_PATTERN
from config.rates import RATE_PATTERN
from config.scopes import LEVEL_SCOPE_FORMS, LEVEL_SCOPE_PATTERN, SCOPE_FORMS, SCOPE_PATTERN
from config.settings import PREFIX_PATTERN
from config.severities import LEVELS
from config.summaries import AT_PATTERN
from config.timings import DATES_PATTERN, EDGE_PATTERN, TIMES_PATTERN, WEEKDAYS_PATTERN
from config.words import KeyPath, any_of

Schema = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A path in the file, with the schema and the value there."""

    path: KeyPath
    schema: Schema
    value: Any


def find(root: Schema, data: Any, loc: KeyPath) -> Place:
    """The place that pydantic's ``loc`` means.

    A loc also holds what is in no file: the tag of a union's member, '[key]' for the key of a
    dict, and 0 for a value that stands for a list of one. These are left out.
    """
    place = Place((), root, data)
    for part in loc:
        place = _step(root, place, part)
    return Place(place.path, resolved(root, place.schema), place.value)


def resolved(root: Schema, schema: Schema) -> Schema:
    """A schema with its references followed; a description beside a reference is kept.

    A section that need not be there has the keys of the section itself.
    """
    if "$ref" in schema:
        target: Schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return target | {key: value for key, value in schema.items() if key != "$ref"}
    members = [resolved(root, item) for item in schema.get("anyOf", ())]
    keys = next((item["properties"] for item in members if "properties" in item), None)
    return schema if keys is None else schema | {"anyOf": members, "properties": keys}


def _step(root: Schema, place: Place, part: str | int) -> Place:
    schema = resolved(root, place.schema)
    tags = schema.get("discriminator", {}).get("mapping", {})
    if part in tags:
        return Place(place.path, {"$ref": tags[part]}, place.value)
    if isinstance(part, int) and isinstance(place.value, list):
        return Place((*place.path, part), _items(schema), place.value[part])
    if isinstance(part, str) and isinstance(place.value, dict) and part in place.value:
        return Place((*place.path, part), _below(schema, part), place.value[part])
    if part in schema.get("properties", {}):  # a key that is missing
        return Place((*place.path, part), schema["properties"][part], None)
    return place


def _items(schema: Schema) -> Schema:
    lists = (item for item in alternatives(schema) if "items" in item)
    return next((item["items"] for item in lists), {})


def _below(schema: Schema, key: str) -> Schema:
    below: Schema = schema.get("properties", {}).get(key) or next(
        iter(schema.get("patternProperties", {}).values()), {}
    )
    return below


def alternatives(schema: Schema) -> list[Schema]:
    """What a value may be, one schema each."""
    members: list[Schema] = schema.get("anyOf", [schema])
    return members


def choices(schema: Schema) -> Iterator[str]:
    """The texts that are allowed by name."""
    yield from schema.get("discriminator", {}).get("mapping", {})
    for item in alternatives(schema):
        yield from item.get("enum", [])
        if "const" in item:
            yield item["const"]


def known(schema: Schema) -> Iterator[str]:
    """The texts that somebody who wrote another may have meant."""
    yield from choices(schema)
    for item in alternatives(schema):
        yield from _NAMES.get(item.get("pattern", ""), ())


def expected(schema: Schema) -> str:
    """What a schema allows, in words.

    >>> expected({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "none"}]})
    "a number above 0, or 'none'"
    """
    words = [_expected(item) for item in alternatives(schema) if item.get("type") != "null"]
    return ", or ".join(words)


def _expected(schema: Schema) -> str:
    kind = schema.get("type", "")
    if named := list(choices(schema)):
        return f"below it: kind ({any_of(named)})" if "oneOf" in schema else any_of(named)
    if kind in {"integer", "number"}:
        return f"a {'whole ' if kind == 'integer' else ''}number{_range(schema)}"
    if kind in {"boolean", "string"}:
        return "true or false" if kind == "boolean" else _text(schema)
    if kind == "array":
        return _list(schema)
    if "properties" in schema:
        return f"below it: {', '.join(schema['properties'])}"
    below = _below(schema, "")
    return f"names below it, each with {_expected(below) if 'type' in below else 'its own keys'}"


def _list(schema: Schema) -> str:
    least, most = (schema.get(key) for key in ("minItems", "maxItems"))
    if least is None:
        return "a list"
    number = {1: "one", 2: "two"}[least]
    return f"a list of {number}" + ("" if least == most else " or more")


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if above is not None:
        return f" above {above}" + ("" if high is None else f", at most {high}")
    if high is not None:
        return f" from {low} to {high}"
    return "" if low is None else f" of at least {low}"


PATTERNS = {
    SYMBOL_PATTERN: "up to 32 letters, digits and ^ . = _ : / -",
    NAME_PATTERN: "a name of up to 64 letters, digits, _ . and -",
    PREFIX_PATTERN: "up to 100 letters, digits, . _ and -",
    SCOPE_PATTERN: any_of(SCOPE_FORMS),
    LEVEL_SCOPE_PATTERN: any_of(LEVEL_SCOPE_FORMS),
    MATCH_PATTERN: "a name, with * and ? as in file names, and 'not ' before what must not be",
    SEVERITY_PATTERN: "info, warning, critical, '>=warning', or one of them after 'not '",
    DIRECTION_PATTERN: "outperforming, underperforming, rising, falling, or one after 'not '",
    INTERVAL_PATTERN: "1m, 5m, 15m, 30m, 1h, 1d, or one of them after 'not '",
    MISSING_PATTERN: "all, some, or one of them after 'not '",
    FIELD_PATTERN: f"{', '.join(FIELDS)}, or labels.NAME",
    WEEKDAYS_PATTERN: "a day such as mon, or days such as mon-fri",
    TIMES_PATTERN: "times such as 09:00-17:30, up to 24:00",
    DATES_PATTERN: "a day as YYYY-MM-DD, or YYYY-MM-DD to YYYY-MM-DD",
    EDGE_PATTERN: "open, close, or a time from there such as open - 30m or close + 2h",
    AT_PATTERN: "open, close, a time from there such as close + 30m, or a time such as 18:00",
    RATE_PATTERN: "a number per second, minute, hour or day, such as '30 per minute'",
}
"""The patterns of the schema in words."""

_NAMES = {FIELD_PATTERN: FIELDS, SEVERITY_PATTERN: LEVELS, DIRECTION_PATTERN: DIRECTIONS}
"""The names that the texts of a pattern are made of."""


_FORMATS = {
    "date": "a date as YYYY-MM-DD",
    "path": "the path of a folder",
    "file-path": "the path of a file",
    "password": "an apprise URL, or console://",
}


def _text(schema: Schema) -> str:
    if "pattern" in schema:
        return PATTERNS[schema["pattern"]]
    if "maxLength" in schema:
        least = f"{schema['minLength']} to" if "minLength" in schema else "up to"
        return f"a text of {least} {schema['maxLength']} characters"
    return _FORMATS.get(schema.get("format", ""), "a text")
