"""Files that are not what we read: one clear fault each, and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.loading import load
from config.reading import DEEPEST, LARGEST

FaultsOf = Callable[..., list[str]]

BEGIN = "begin with the keys watchlists and targets"
COLUMN = "not YAML at column"

FATAL: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", f": is empty; {BEGIN}"),
    "comments alone": ("# nothing\n", f": is empty; {BEGIN}"),
    "latin-1": (b"a: 1\nb: \xe9\n", ":2: is not UTF-8 text; save it in the encoding UTF-8"),
    "utf-16": ("a: 1".encode("utf-16"), ":1: is not UTF-8 text; save it in the encoding UTF-8"),
    "NUL": ("a: 1\n\nb: \0", ":3: a control character (such as NUL); save it as plain text"),
    "too large": ("#" * (LARGEST + 1), ": is larger than 5 MB; is it a configuration file?"),
    "list": ("\n- a", f":2: is not a mapping of keys to values; {BEGIN}, each followed by ':'"),
    "text": ("hello", f":1: is not a mapping of keys to values; {BEGIN}, each followed by ':'"),
    "tab": ("a:\n\tb: 1", f":2: {COLUMN} 1: a tab; indent with spaces"),
    "two documents": (
        "a: 1\n---\nb: 1",
        f":2: {COLUMN} 1: a second document begins; keep one, and remove the '---' before it",
    ),
    "undefined alias": (
        "a: *hidden",
        f":1: {COLUMN} 4: an alias (*) without its anchor (&) above; put text with * in quotes",
    ),
    "anchor twice": (
        "a: &hidden 1\nb: &hidden 2",
        f":2: {COLUMN} 4: an anchor (&) is defined twice; give each anchor its own name",
    ),
    "two colons": (
        "a: b: c",
        f":1: {COLUMN} 5: a ':' where none can be; check the indentation and the quotes",
    ),
    "indentation": (
        "- a\nb: 1",
        f":2: {COLUMN} 1: the indentation does not fit the lines above; align the keys of a "
        "mapping",
    ),
    "reserved character": (
        "a: @hidden",
        f":1: {COLUMN} 4: a character that cannot begin a value; put the text in quotes",
    ),
    "open quote": ("a: 'hidden", f":1: {COLUMN} 11: a quote does not end; close it"),
    "open bracket": ("a: [1, 2", f":1: {COLUMN} 9: a bracket is not closed; close it, and put"),
    "open brackets": ("a: [", f":1: {COLUMN} 5: a bracket is not closed; close it"),
    "escape": (
        r'a: "\q"',
        f":1: {COLUMN} 6: a \\ with a letter that means nothing; use single quotes",
    ),
    "escape beyond Unicode": (r'a: "\U00110000"', ": not YAML: an escape that is no character"),
    "key without a colon": (
        "a: 1\nb\n",
        f":3: {COLUMN} 1: a key without its ':'; write KEY: VALUE",
    ),
    "something else": ("}", f":1: {COLUMN} 1; check the indentation, quotes and brackets"),
    "deep": ("[" * 100_000, f": is nested deeper than {DEEPEST} levels; is it a configuration"),
    "deep in blocks": ("- " * 100_000 + "\n", f": is nested deeper than {DEEPEST} levels; is it a"),
    "rather deep": ("a: " + "[" * 70 + "]" * 70, f":1: is nested deeper than {DEEPEST} levels"),
    "deep by aliases": (
        "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 500))]),
        f":64: is nested deeper than {DEEPEST} levels",
    ),
    "cycle": ("a: &a\n  - *a", ":1: an alias (*) within its own anchor (&); write it out"),
    "cycle of a mapping": ("&a\nb: {c: *a}", ":1: an alias (*) within its own anchor (&)"),
    "alias bomb": (
        "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [{f'*a{i - 1},' * 9}]" for i in range(1, 50))]),
        ":7: more than 500,000 values; use fewer aliases (*)",
    ),
    "merge bomb": (
        "\n".join(
            ["a0: &a0 {k: x}"]
            + [f"a{i}: &a{i} {{<<: [{f'*a{i - 1},' * 9}]}}" for i in range(1, 50)]
        ),
        ":7: more than 500,000 values; use fewer aliases (*)",
    ),
}
"""Name: the file, and the beginning of its one fault."""


@pytest.mark.parametrize(("content", "expected"), FATAL.values(), ids=FATAL)
def test_a_file_that_is_no_configuration_has_one_fault(
    content: str | bytes, expected: str, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(content)
    assert fault[: len(expected) + 16] == f"streakwatch.yaml{expected}"
    assert "hidden" not in fault


def _fault(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_path_that_is_no_file_is_a_fault(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    why = f"{loop}: cannot be read (Too many levels of symbolic links); "
    assert _fault(loop) == f"{why}check the path and its permissions"
    missing = tmp_path / "missing.yaml"
    assert _fault(missing) == f"{missing}: is not there; check the path"
    assert _fault(tmp_path) == f"{tmp_path}: is a folder; name the YAML file in it"
    assert _fault(Path("a\0b")) == "a\0b: cannot be a file's name; check the path"


ODD = {
    "duplicate key": (
        "targets: {}",
        "11: targets: the key is there already on line 8; keep one of the two",
    ),
    "duplicate key below": (
        "kafka:\n  group: a\n\n  group: b",
        "14: kafka.group: the key is there already on line 12; keep one of the two",
    ),
    "python tag": (
        "kafka: !!python/object/apply:os.system {group: a}",
        "11: kafka: the YAML tag '!!python/object/apply:os.system'; remove it, or put the text in "
        "quotes",
    ),
    "tag of our own": (
        "metrics: {host: !env HOST}",
        "11: metrics.host: the YAML tag '!env'; remove it, or put the text in quotes",
    ),
    "binary": (
        "metrics: {host: !!binary aGk=}",
        "11: metrics.host: the YAML tag '!!binary'; remove it, or put the text in quotes",
    ),
    "key that is a list": (
        "metrics:\n  ? [a, b]\n  : c",
        "11: metrics: a key that is no text, on line 12; write a name before the ':', and put text "
        "that begins with { or [ in quotes",
    ),
    "half a character": (
        r'metrics: {host: "\ud800"}',
        "11: metrics.host: an escape that is half a character; write the character itself",
    ),
    "merge of a text among others": (
        "metrics: {<<: [{port: 1}, text]}",
        "11: metrics: << without a mapping; put the alias (*) of a mapping after it",
    ),
    "duplicate key within a merge": (
        "metrics: {<<: {port: 1, port: 2}}",
        "11: metrics.port: the key is there already on line 11; keep one of the two",
    ),
    "merge of a text": (
        "metrics: {<<: text}",
        "11: metrics: << without a mapping; put the alias (*) of a mapping after it",
    ),
}


@pytest.mark.parametrize(("line", "expected"), ODD.values(), ids=ODD)
def test_what_yaml_allows_and_we_do_not_is_told(
    line: str, expected: str, base: str, faults_of: FaultsOf
) -> None:
    assert f"streakwatch.yaml:{expected}" in faults_of(base + line)


def test_a_fault_behind_an_alias_is_told_for_each_use(faults_of: FaultsOf) -> None:
    text = """\
watchlists:
  us: &us
    pairs: [{asset: RUT, benchmark: SPX}]
    rules: &rules
      - {kind: ended, min_length: x}
    targets: [desk]
  them:
    <<: *us
    ties: y
  others:
    <<: [{rules: *rules}, *us]
targets:
  desk: {url: console://}
"""
    assert [fault.split(";")[0] for fault in faults_of(text)] == [
        "streakwatch.yaml:5: watchlists.us.rules[0].min_length: found 'x'",
        "streakwatch.yaml:5: watchlists.them.rules[0].min_length: found 'x'",
        "streakwatch.yaml:5: watchlists.others.rules[0].min_length: found 'x'",
        "streakwatch.yaml:9: watchlists.them.ties: found 'y'",
    ]
