"""Faults of the targets and of the sections, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from apprise.manager_plugins import NotificationManager

from config.errors import ConfigError, Fault
from config.loading import load
from config.places import PATTERNS
from config.schema import json_schema

FaultsOf = Callable[..., list[str]]

TARGETS = {
    "misspelt target": (
        *("[desk]", "[desk, dsek]"),
        ["7: watchlists.us.targets[1]: there is no target 'dsek'; did you mean 'desk'?"],
    ),
    "unknown target": (
        *("[desk]", "\n    - pager"),
        [
            "8: watchlists.us.targets[0]: there is no target 'pager'; add it to targets, or write "
            "'desk'"
        ],
    ),
    "target listed twice": (
        *("[desk]", "[desk, desk]"),
        ["7: watchlists.us.targets[1]: 'desk' is listed twice; keep one of the two"],
    ),
    "misspelt scheme": (
        *("console://", "slak://hidden"),
        ["10: targets.desk.url: unknown scheme slak://; did you mean 'slack'?"],
    ),
    "unknown scheme": (
        *("console://", "zzzzzzzz://hidden"),
        [
            "10: targets.desk.url: unknown scheme zzzzzzzz://; write one of the schemes of "
            "https://appriseit.com/services/, or console://"
        ],
    ),
    "url that apprise refuses": (
        *("console://", "slack://hidden"),
        [
            "10: targets.desk.url: apprise cannot use this slack:// URL; see its form at "
            "https://appriseit.com/services/slack/"
        ],
    ),
    "url without a scheme": (
        *("console://", "hidden"),
        ["10: targets.desk.url: found no URL; write SCHEME://…, such as console:// or mailto://…"],
    ),
    "url that is a list": (
        *("console://", "[hidden]"),
        ["10: targets.desk.url: found a list; write an apprise URL, or console://"],
    ),
    "target that is a url": (
        *("desk:\n    url: console://", "desk: slack://hidden"),
        [
            "9: targets.desk: found a text; write below it: url, fallback, tags, severity, rate, "
            "format, locale, pictures"
        ],
    ),
    "fallback that is not there": (
        *("url: console://", "url: console://\n    fallback: dsk"),
        ["11: targets.desk.fallback: there is no target 'dsk'; did you mean 'desk'?"],
    ),
    "fallback that is nobody": (
        *("url: console://", "url: console://\n    fallback: pager"),
        ["11: targets.desk.fallback: there is no target 'pager'; remove it"],
    ),
    "fallback of one of two": (
        *("url: console://", "url: console://\n    fallback: x\n  pager: {url: console://}"),
        ["11: targets.desk.fallback: there is no target 'x'; write 'pager'"],
    ),
    "fallback that is the target itself": (
        *("url: console://", "url: console://\n    fallback: desk"),
        [
            "11: targets.desk.fallback: leads back to itself: desk → desk; let the last one have "
            "none"
        ],
    ),
    "fallbacks in a circle": (
        *(
            "url: console://",
            "url: console://\n    fallback: a\n  a: {url: console://, fallback: b}\n"
            "  b: {url: console://, fallback: a}",
        ),
        [
            f"{line}: targets.{name}.fallback: leads back to itself: {name} → {other} → {name}; "
            "let the last one have none"
            for line, name, other in [(12, "a", "b"), (13, "b", "a")]
        ],
    ),
    "fallback that is a list": (
        *("url: console://", "url: console://\n    fallback: [hidden]"),
        [
            "11: targets.desk.fallback: found a list; write a name of up to 64 "
            "letters, digits, _ . and -"
        ],
    ),
    "variable of a url": (
        *("console://", "slack://${SLACK_TOKEN}/x"),
        [
            "10: targets.desk.url: the variable SLACK_TOKEN is not set; set SLACK_TOKEN, or write "
            "$${SLACK_TOKEN} if the text itself is meant"
        ],
    ),
    "variable without a name": (
        *("console://", "slack://${hidden!}/x"),
        [
            "10: targets.desk.url: a ${ that names no variable; write ${NAME}, or $${ for a ${",
        ],
    ),
}
"""Name: what is replaced in the base, by what, and the faults."""

ADDED = {
    "whole number": (
        "kafka: {partitions: 1.5}",
        "kafka.partitions: found '1.5'; write a whole number from 1 to 10000",
    ),
    "infinite": (
        "kafka: {session_timeout: .inf}",
        "kafka.session_timeout: found '.inf'; write a number from 1 to 60",
    ),
    "longer than a request may take": (
        "kafka: {session_timeout: 120}",
        "kafka.session_timeout: found '120'; write a number from 1 to 60",
    ),
    "infinity": (
        "kafka: {session_timeout: inf}",
        "kafka.session_timeout: found 'inf'; write a number from 1 to 60",
    ),
    "number or a word": (
        "delivery: {max_age: noe}",
        "delivery.max_age: found 'noe'; did you mean 'none'? write a number above 0, or 'none'",
    ),
    "too low a number or a word": (
        "kafka: {retention: {watch: -1}}",
        "kafka.retention.watch: found '-1'; write a number above 0, or 'forever'",
    ),
    "a grace that is too long": (
        "bars: {grace: 60}",
        "bars.grace: found '60'; write a number from 0 to 59",
    ),
    "a symbol that nobody needs": (
        "bars: {symbols: [RUT, SPY]}",
        "bars.symbols[1]: no watchlist needs closes of 'SPY'; did you mean 'SPX'?",
    ),
    "a symbol twice": (
        "bars: {symbols: [RUT, RUT]}",
        "bars.symbols[1]: 'RUT' is listed twice; keep one of the two",
    ),
    "topic prefix": (
        "kafka: {topic_prefix: 'a b'}",
        "kafka.topic_prefix: found 'a b'; write up to 100 letters, digits, . _ and -",
    ),
    "server without a port": (
        "kafka: {bootstrap_servers: ['[::1]:9092', localhost]}",
        "kafka.bootstrap_servers[1]: found 'localhost'; write HOST:PORT, such as 127.0.0.1:9092",
    ),
    "port of a server": (
        "kafka: {bootstrap_servers: ['a:65536']}",
        "kafka.bootstrap_servers[0]: found 'a:65536'; write HOST:PORT, such as 127.0.0.1:9092",
    ),
    "IPv6 address of a server": (
        "kafka: {bootstrap_servers: ['[1:2]:9092']}",
        "kafka.bootstrap_servers[0]: found '[1:2]:9092'; write HOST:PORT, such as 127.0.0.1:9092",
    ),
    "server with a scheme": (
        "kafka: {bootstrap_servers: ['kafka://a:9092']}",
        "kafka.bootstrap_servers[0]: found 'kafka://…'; write HOST:PORT, such as 127.0.0.1:9092",
    ),
    "servers that are a text": (
        "kafka: {bootstrap_servers: 'a:9092'}",
        "kafka.bootstrap_servers: found 'a:9092'; write a list of one or more",
    ),
    "section that is a list": (
        "state: [1]",
        "state: found a list; write below it: snapshot_every, sweep_every",
    ),
    "empty section": (
        "state:",
        "state: found nothing; write below it: snapshot_every, sweep_every",
    ),
    "misspelt section": ("metric: {}", "metric: unknown key; did you mean 'metrics'?"),
    "port": (
        "embedded: {port: 70000}",
        "embedded.port: found '70000'; write a whole number from 1 to 65535",
    ),
    "path": (
        "embedded: {data_dir: []}",
        "embedded.data_dir: found an empty list; write the path of a folder",
    ),
    "path with a NUL": (
        r'embedded: {data_dir: "a\0b"}',
        "embedded.data_dir: a path with a NUL in it; write the path of a folder",
    ),
    "home of nobody": (
        "embedded: {data_dir: ~no-such-user/x}",
        "embedded.data_dir: no home folder for '~no-such-user/x'; write it out",
    ),
    "names that are a list": (
        "instruments: [RUT]",
        "instruments: found a list; write names below it, each with its own keys",
    ),
    "long name": (
        f"instruments: {{RUT: {{name: {'x' * 81}}}}}",
        f"instruments.RUT.name: found '{'x' * 59}…'; write a text of 1 to 80 characters",
    ),
}
"""Name: line 11, and the fault."""


@pytest.mark.parametrize(("old", "new", "expected"), TARGETS.values(), ids=TARGETS)
def test_a_wrong_target_is_told_with_line_key_and_cure(
    old: str, new: str, expected: list[str], base: str, faults_of: FaultsOf
) -> None:
    faults = faults_of(base.replace(old, new, 1))
    assert faults == [f"streakwatch.yaml:{fault}" for fault in expected]


@pytest.mark.parametrize(("line", "expected"), ADDED.values(), ids=ADDED)
def test_a_wrong_section_is_told_with_line_key_and_cure(
    line: str, expected: str, base: str, faults_of: FaultsOf
) -> None:
    assert faults_of(base + line) == [f"streakwatch.yaml:11: {expected}"]


TWO = """\
watchlists:
  us: &us
    pairs: [{asset: RUT, benchmark: SPX}]
    rules: [{kind: threshold, at: 3}]
    targets: [desk]
    calendar: XNYS
  them: {<<: *us, calendar: CALENDAR, interval: INTERVAL}
targets: {desk: {url: "console://"}}
"""


def test_a_symbol_on_two_calendars_cannot_be_made_of_ticks(faults_of: FaultsOf) -> None:
    text = TWO.replace("INTERVAL", "1d")
    (fault,) = faults_of(text.replace("CALENDAR", "XTKS"))
    assert fault == (
        "streakwatch.yaml:7: watchlists.them.calendar: RUT has periods of 1d of XNYS already; "
        "write XNYS, or in bars.symbols only the symbols that ticks come for"
    )
    (fault,) = faults_of(text.replace("CALENDAR", "XTKS") + "bars: {symbols: [SPX]}")
    assert "SPX has periods" in fault


@pytest.mark.parametrize(("calendar", "interval"), [("XNYS", "1d"), ("none", "1d"), ("XTKS", "1m")])
def test_other_calendars_do_no_harm(calendar: str, interval: str, tmp_path: Path) -> None:
    file = tmp_path / "streakwatch.yaml"
    file.write_text(TWO.replace("CALENDAR", calendar).replace("INTERVAL", interval))
    assert load(file, {}).watchlists["them"].calendar == calendar


def test_all_faults_come_at_once_in_the_order_of_the_lines(faults_of: FaultsOf) -> None:
    text = """\
watchlists:
  us:
    pairs:
      - {asset: RUT, benchmark: RUT}
      - {asset: RUT}
    rules:
      - {kind: threshold, at: [5, 5]}
    targets: [dsek]
    calendar: XNYSE
targets:
  desk:
    url: slak://x
  pager:
    url: slack://${TOKEN}
kafka:
  bootstrap_servers: [nowhere]
  partitions: 0
kafka: {group: "!"}
"""
    faults = faults_of(text, {"STREAKWATCH_METRICS__PORT": "x", "STREAKWATCH_METRIC__PORT": "1"})
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["streakwatch.yaml:4", "watchlists.us.pairs[0]"],
        ["streakwatch.yaml:5", "watchlists.us.pairs[1].benchmark"],
        ["streakwatch.yaml:7", "watchlists.us.rules[0].at[1]"],
        ["streakwatch.yaml:8", "watchlists.us.targets[0]"],
        ["streakwatch.yaml:9", "watchlists.us.calendar"],
        ["streakwatch.yaml:12", "targets.desk.url"],
        ["streakwatch.yaml:14", "targets.pager.url"],
        ["streakwatch.yaml:18", "kafka"],
        ["streakwatch.yaml:18", "kafka.group"],
        ["STREAKWATCH_METRICS__PORT", "metrics.port"],
        ["STREAKWATCH_METRIC__PORT", "overrides nothing; did you mean STREAKWATCH_METRICS__PORT?"],
    ]


def _raise(url: str) -> None:
    raise TypeError(url)


def test_a_plugin_that_raises_has_refused_the_url(
    base: str, faults_of: FaultsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apprise.Apprise.instantiate", _raise)
    (fault,) = faults_of(base.replace("console://", "json://hidden"))
    assert "targets.desk.url: apprise cannot use this json:// URL; see its form" in fault
    assert "hidden" not in fault


def test_a_plugin_without_its_library_says_so(
    base: str, faults_of: FaultsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = NotificationManager()["json"]
    monkeypatch.setattr(plugin, "enabled", False)
    (fault,) = faults_of(base.replace("console://", "json://hidden"))
    assert fault.endswith("this json:// URL; it needs a library that is not installed")


def test_a_fault_is_a_line_for_people() -> None:
    fault = Fault("a.yaml", 12, "watchlists.us", "unknown key", "did you mean 'at'?")
    assert str(fault) == "a.yaml:12: watchlists.us: unknown key; did you mean 'at'?"
    error = ConfigError((fault, Fault("b.yaml", None, "", "is empty", "")))
    assert (str(error), error.exit_code) == (f"{fault}\nb.yaml: is empty", 2)


def test_each_pattern_of_the_schema_has_words() -> None:
    def patterns(schema: object) -> set[str]:
        if isinstance(schema, list):
            return set().union(*map(patterns, schema))
        if not isinstance(schema, dict):
            return set()
        here = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
        here |= set(schema.get("patternProperties", {}))
        return here.union(*map(patterns, schema.values()))

    assert patterns(json_schema()) == set(PATTERNS)
