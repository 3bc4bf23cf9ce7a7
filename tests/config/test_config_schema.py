"""The JSON Schema that editors check the file by."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
import yaml

from config.loading import example_text
from config.schema import DIALECT, json_schema
from config.settings import Settings


class _Editor(yaml.SafeLoader):
    """YAML 1.2, as the language servers of editors read it: `on` and dates are texts."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, regexp) for tag, regexp in found if not tag.endswith(("bool", "timestamp"))]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Editor.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true$|false$"), ["t", "f"])


def valid(text: str) -> bool:
    data = yaml.load(text, _Editor)
    return jsonschema.Draft202012Validator(json_schema()).is_valid(data)


GOOD = {
    "base": ("", ""),
    "thresholds": ("at: 10", "at: [10, 12]"),
    "record rule": ("kind: threshold, at: 10", "kind: record, on: tied, scopes: all"),
    "scopes": ("kind: threshold, at: 10", "kind: record, scopes: [all, since 2000-01-01]"),
    "ended rule": ("kind: threshold, at: 10", "kind: ended"),
    "rounding": ("    rules", "    round_returns_to: 0.0001\n    rules"),
    "sections": ("targets:\n  d", "kafka: {retention: {closes: 30}}\nmetrics: {}\ntargets:\n  d"),
    "max age": ("targets:\n  d", "delivery: {max_age: none}\ntargets:\n  d"),
    "TLS alone": ("targets:\n  d", "kafka: {security: {tls: true}}\ntargets:\n  d"),
    "TLS": ("targets:\n  d", "kafka: {security: {tls: {ca_file: a}}}\ntargets:\n  d"),
    "user": (
        "targets:\n  d",
        "kafka: {security: {sasl: {username: a, password: b}}}\ntargets:\n  d",
    ),
    "data_dir": ("targets:\n  d", "embedded: {data_dir: here}\ntargets:\n  d"),
}

WHOLE_BAD = {
    "kind of a series": ("kind: spread", "kind: sprad"),
    "ratio of one": ("[HELD, SPX]", "[HELD]"),
    "weight": ("{AAPL: 1}", "{AAPL: 0}"),
    "weighting": ("weighting: fixed", "weighting: fix"),
    "measure": ("measure: beat", "measure: beet"),
    "periods": ("periods: 5", "periods: 0"),
    "value": ("crosses: [1, 2]", "crosses: [1, two]"),
    "value beyond": ("crosses: [1, 2]", "crosses: 1000000001"),
    "no values": ("crosses: 0.05", "crosses: []"),
    "scope of a level": ("highest: ever", "highest: never"),
    "share": ("at_least: 0.6", "at_least: 60"),
    "one condition": (", {kind: ended}]}\n      - {kind: any", "]}\n      - {kind: any"),
    "condition before the close": ("{kind: ended}", "{kind: provisional}"),
    "interval": ("interval: 5m", "interval: 2m"),
    "overnight": ("overnight: exclude", "overnight: no"),
    "closes": ("closes: number", "closes: yield"),
}

BAD = {
    "unknown section": ("targets:\n  d", "metric: {}\ntargets:\n  d"),
    "unknown key": ("at: 10", "at: 10, att: 10"),
    "missing key": (", at: 10", ""),
    "kind": ("threshold", "treshold"),
    "threshold of zero": ("at: 10", "at: 0"),
    "threshold of text": ("at: 10", "at: ten"),
    "empty thresholds": ("at: 10", "at: []"),
    "scope": ("kind: threshold, at: 10", "kind: record, scopes: since 2000"),
    "scope that is a mapping": ("kind: threshold, at: 10", "kind: record, scopes: [{}]"),
    "event": ("kind: threshold, at: 10", "kind: record, on: [ended]"),
    "symbol": ("RUT", "R UT"),
    "name of a watchlist": ("  us:", "  u s:"),
    "ties": ("    rules", "    ties: brek\n    rules"),
    "rounding": ("    rules", "    round_returns_to: 0.5\n    rules"),
    "targets of a watchlist": ("[desk]", "desk"),
    "target without url": ("url: console://", "{}"),
    "TLS that is a text": ("targets:\n  d", "kafka: {security: {tls: on}}\ntargets:\n  d"),
    "user without a password": (
        "targets:\n  d",
        "kafka: {security: {sasl: {username: a}}}\ntargets:\n  d",
    ),
    "port": ("targets:\n  d", "metrics: {port: 70000}\ntargets:\n  d"),
    "empty file": ("watchlists:\n", "watch:\n"),
}


@pytest.mark.parametrize(("old", "new"), GOOD.values(), ids=GOOD)
def test_a_right_file_is_valid(old: str, new: str, base: str) -> None:
    assert valid(base.replace(old, new, 1))


@pytest.mark.parametrize(("old", "new"), BAD.values(), ids=BAD)
def test_a_wrong_file_is_not_valid(old: str, new: str, base: str) -> None:
    wrong = base.replace(old, new, 1)
    assert wrong != base
    assert not valid(wrong)


@pytest.mark.parametrize(("old", "new"), WHOLE_BAD.values(), ids=WHOLE_BAD)
def test_wrong_series_and_rules_are_not_valid(old: str, new: str, whole: str) -> None:
    wrong = whole.replace(old, new, 1)
    assert wrong != whole
    assert valid(whole)
    assert not valid(wrong)


def test_the_example_is_valid() -> None:
    assert valid(example_text())


def test_the_schema_is_one_of_the_dialect_that_it_names() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["title"]) == (DIALECT, "Streakwatch")


def _objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in _objects(item)]
    if not isinstance(schema, dict):
        return []
    below = [found for item in schema.values() for found in _objects(item)]
    return [schema, *below] if schema.get("type") == "object" else below


def test_all_objects_are_closed_and_all_keys_are_described() -> None:
    objects = _objects(json_schema())
    assert len(objects) > len(Settings.model_fields)
    assert [found for found in objects if found.get("additionalProperties") is not False] == []
    keys = {key: value for found in objects for key, value in found.get("properties", {}).items()}
    bare = {key for key, value in keys.items() if not {"description", "$ref"} & set(value)}
    assert bare == {"kind"}


def test_a_target_has_no_default_and_a_scope_is_a_text() -> None:
    definitions = json_schema()["$defs"]
    assert "default" not in definitions["Target"]["properties"]["url"]
    assert definitions["RecordRule"]["properties"]["scopes"]["default"] == ["all"]
    assert "Scope" not in definitions
