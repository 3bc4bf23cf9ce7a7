"""Whatever the file: settings or a ConfigError, and never a secret in what is told."""

from __future__ import annotations

import string
import tempfile
import traceback
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config import reading
from config.documents import line_of
from config.errors import ConfigError
from config.loading import load
from config.schema import json_schema


def outcome(content: str | bytes, environ: dict[str, str] | None = None) -> str:
    """The traceback of the ConfigError, or nothing; any other error goes through."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "streakwatch.yaml")
        file.write_bytes(
            content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        )
        try:
            load(file, environ or {})
        except ConfigError as error:
            return "\n".join([str(error), repr(error), *traceback.format_exception(error)])
    return ""


@settings(deadline=None)
@given(st.text() | st.text("{}[]:,&*!|>'\"%@-?#~<= \n\tab01\\"))
@example("? [a]\n: b")
@example("&a [*a]")
@example("<<: {}")
@example("!!set {a}")
def test_any_text_gives_settings_or_a_config_error(text: str) -> None:
    outcome(text)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_give_settings_or_a_config_error(content: bytes) -> None:
    outcome(content)


PIECES = """a|b: |c:|  |    |- |- a
|- b: 1
|[|]|{|}|,|: |:|'|"|# c
|&x |*x|<<: *x
|!!str |!t |>
|---
|...
|? |\t|\\|\\q|é|\x85|\u2028|\ufeff|~|null|^GSPC|http://x|@|-|''|\r
|%|<<|\x07|😀|
|k: [a, b]
|k: {a: b}
|  x: 1
"""
texts = st.lists(st.sampled_from(PIECES.split("|")), max_size=14).map("".join)


def _tree(text: str) -> Any:
    """All nodes with their tags and lines; or what is told of a text that has none."""
    try:
        return _nodes(reading.parse(text, "file"))
    except ConfigError as error:
        return str(error)


def _nodes(node: yaml.Node) -> Any:
    below = [_nodes(child) for child in reading.children(node)]
    return node.tag, line_of(node), below or node.value


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML has no libyaml")
@settings(deadline=None, max_examples=300)
@given(texts)
@example("a: 1\t\n")
@example("a:\n- ")
@example("a:\n- \n")
@example("{a}\n\ufeff")
@example("a: [b,\nc: d\n")
@example("? a]")
def test_libyaml_reads_and_refuses_what_pyyaml_does(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_LIBYAML", None)
        expected = _tree(text)
    assert _tree(text) == expected


def _keys(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_keys, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(_keys, schema.values()))


WORDS = st.sampled_from(
    [
        *("threshold", "record", "ended", "all", "since 2000-01-01", "tied", "any", "forever"),
        *("RUT", "SPX", "desk", "XNYS", "2000-01-01", "console://", "slack://x", "x://y", "${A}"),
        *("level", "breadth", "year-to-date", "provisional", "last 5 periods", "ever", "RUT/SPX"),
        *("basket", "ratio", "spread", "fixed", "equal", "beat", "rose", "S", "number", "rising"),
        *("nan", "0.5", "1e-999999", "1e10", "5m", "exclude", "0x1", "1_0"),
        *("10", "0", "-1", "1e400", "1e-400", "9" * 5000, "a:1", "~", "[key]", "<<", "=", ""),
    ]
)
KEYS = st.sampled_from(sorted(_keys(json_schema()))) | WORDS | st.text(max_size=5)
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=4), max_leaves=8
)
KINDS = [
    *("threshold", "record", "ended", "provisional", "year-to-date", "level", "breadth"),
    *("all", "any", "basket", "ratio", "spread"),
]
KIND = st.sampled_from(KINDS) | VALUES
SYMBOLS = st.lists(st.sampled_from(["S", "T", "RUT", "SPX"]), max_size=3) | VALUES
SERIES = st.fixed_dictionaries(
    {"kind": KIND},
    optional={
        "members": SYMBOLS,
        "of": SYMBOLS,
        "weights": st.dictionaries(st.sampled_from(["S", "RUT", "A B"]), VALUES) | VALUES,
        **dict.fromkeys(["weighting", "as_of", "measure", "benchmark", "periods", "name"], VALUES),
    },
)
OF_RULE = dict.fromkeys(
    [
        *("series", "crosses", "highest", "lowest", "min_age", "direction", "pair", "name"),
        *("at_least", "at_most", "at", "min_length", "scopes", "on"),
    ],
    VALUES,
)
CONDITION = st.fixed_dictionaries({"kind": KIND}, optional=OF_RULE)
RULE = st.fixed_dictionaries(
    {"kind": KIND}, optional=OF_RULE | {"of": st.lists(CONDITION | VALUES, max_size=3)}
)
NEARLY = {
    "watchlists": st.dictionaries(
        KEYS,
        st.fixed_dictionaries(
            {
                "pairs": st.lists(st.dictionaries(st.sampled_from(["asset", "records"]), VALUES)),
                "rules": st.lists(RULE | VALUES, max_size=3),
                "targets": VALUES,
                "round_returns_to": VALUES,
                "calendar": VALUES,
            },
            optional={
                "series": st.dictionaries(WORDS, SERIES | VALUES, max_size=3) | VALUES,
                **dict.fromkeys(["interval", "overnight", "missing"], VALUES),
            },
        ),
        max_size=2,
    ),
    "targets": st.dictionaries(KEYS, st.fixed_dictionaries({"url": VALUES}) | VALUES, max_size=2),
}
FILES = st.fixed_dictionaries(
    NEARLY, optional=dict.fromkeys(["kafka", "embedded", "delivery", "metrics"], VALUES)
)


@settings(deadline=None)
@given(FILES | st.dictionaries(KEYS, VALUES))
@example({"watchlists": {"[key]": None}})
def test_any_structure_gives_settings_or_a_config_error(data: Any) -> None:
    outcome(yaml.safe_dump(data, allow_unicode=True))


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of each value in a structure."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in entries if isinstance(value, dict | list) else ():
        yield (*path, key)
        yield from places(inner, (*path, key))


@settings(deadline=None)
@given(st.integers(0, 999), VALUES, st.none() | KEYS)
def test_any_value_or_key_anywhere_gives_settings_or_a_config_error(
    whole: str, number: int, value: Any, key: str | None
) -> None:
    wrong = yaml.load(whole, yaml.BaseLoader)
    paths = list(places(wrong))
    *above, last = paths[number % len(paths)]
    place: Any = reduce(getitem, above, wrong)
    if key is not None and isinstance(place, dict):
        place[key] = place.pop(last)
    else:
        place[last] = value
    outcome(yaml.safe_dump(wrong, allow_unicode=True))


@settings(deadline=None)
@given(st.dictionaries(st.text().map("STREAKWATCH_{}".format), st.text()), VALUES)
def test_any_environment_gives_settings_or_a_config_error(environ: dict[str, str], v: Any) -> None:
    outcome(yaml.safe_dump({"targets": {"desk": {"url": "json://${A}"}}, "kafka": v}), environ)


PLACES = (
    "targets: {desk: {url: URL}}",
    "targets: {desk: {url: {URL: a}}}",
    "targets: {desk: {url: [URL]}}",
    "targets: {desk: {urll: URL}}",
    "targets: {desk: {URL: a}}",
    "targets: {desk: URL}",
    "targets: [URL]",
    "targets: URL",
    "targets: {URL: {url: a}}",
    "targets: {desk: {url: URL, url: URL}}",
    "targets: {desk: {url: {? URL : a, ? URL : b}}}",
    "targets: {desk: {url: !URL a}}",
    "targets: {desk: {url: !<URL> a}}",
    "targets: {desk: {url: *URL}}",
    "targets: {desk: {url: @URL}}",
    "targets:\n desk:\n  url: URL\n   more: a",
    'targets: {desk: {url: "URL}}',
    r'targets: {desk: {url: "URL\ud800\q"}}',
    "url: URL",
    "URL: url",
    "URL",
    "watchlists: {us: {targets: [URL], calendar: URL, ties: URL, rules: [{kind: URL}, URL]}}",
    "watchlists: {us: {pairs: [{asset: URL, benchmark: URL}], rules: [{kind: record, on: URL}]}}",
    "watchlists: {us: {rules: [{kind: threshold, at: URL}, {kind: record, scopes: URL}]}}",
    "watchlists: {us: {rules: [{kind: level, series: URL, crosses: URL, highest: [URL]}]}}",
    "watchlists: {us: {rules: [{kind: any, name: URL, of: [{kind: URL}, {kind: level}]}]}}",
    "watchlists: {us: {pairs: [{asset: A, benchmark: B}], rules: [{kind: ended, pair: URL}]}}",
    "watchlists: {us: {series: {URL: {kind: basket}, A: {kind: URL}, B: URL}, interval: URL}}",
    "watchlists: {us: {series: {A: {kind: basket, members: [URL], weights: {URL: URL}}}}}",
    "watchlists: {us: {series: {A: {kind: breadth, members: [A], benchmark: URL, name: URL}}}}",
    "kafka: {bootstrap_servers: [URL], group: URL, retention: {closes: URL}, session_timeout: URL}",
    "instruments: {RUT: {name: URL, closes: URL}, URL: {name: a}}\nembedded: {data_dir: URL}",
)
URLS = (
    "slack://{}",
    "slak://{}",
    "mailto://user:{}@",
    "json://u:{}@host:99999999/",
    " slack://{}",
    "slack://a?b={}",
)


@settings(deadline=None)
@given(
    st.sampled_from(PLACES),
    st.sampled_from(URLS),
    st.text(string.ascii_letters + string.digits, min_size=9, max_size=9).map("Zq{}".format),
)
def test_no_fault_shows_more_of_a_url_than_its_scheme(place: str, url: str, token: str) -> None:
    secret = url.replace("{}", token)
    environ = {"STREAKWATCH_TARGETS__DESK__URL": secret, "STREAKWATCH_TARGETS__X__URL": secret}
    places = (place.replace("URL", secret), place.replace("URL", f"'{secret}'"))
    told = [outcome(text) for text in places]
    told += [outcome("targets: {desk: {url: '${SECRET}'}}", {"SECRET": secret})]
    told += [outcome("targets: {desk: {}}", environ)]
    assert all(told)
    assert token not in "\n".join(told)
