"""What a right configuration becomes, and the example."""

from __future__ import annotations

import doctest
import logging
import re
from datetime import date
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from config.errors import StreakwatchError
from config.loading import example_text, load
from config.rules import BreadthRule, LevelRule, RecordRule, ThresholdRule
from config.schema import json_schema
from config.scopes import Scope
from config.series import Basket, Named
from config.settings import Embedded, Settings

EXAMPLES = Path(import_module("config.loading").__file__ or "").parent / "examples"


def loaded(file: Path, text: str) -> Settings:
    file.write_text(text)
    return load(file, {})


def test_the_least_configuration_has_the_defaults(base: str, file: Path) -> None:
    settings = loaded(file, base)
    assert settings.watchlists["us"].rules == [ThresholdRule(kind="threshold", at=[10])]
    assert settings.watchlists["us"].symbols() == {"RUT", "SPX"}
    rest = Settings(watchlists=settings.watchlists, targets=settings.targets)
    assert settings == rest


def test_values_are_taken_as_they_are_written(file: Path) -> None:
    text = """\
watchlists:
  no:
    pairs:
      - {asset: ON, benchmark: 0700}
      - {asset: 1e3, benchmark: yes}
    rules:
      - kind: record
        on: broken
        scopes: since 2000-01-01
      - {kind: threshold, at: "7"}
    targets: [off]
    round_returns_to: 0.0001
targets:
  off: {url: console://}
instruments:
  0700: {name: 123}
embedded: {data_dir: ~}
"""
    settings = loaded(file, text)
    watchlist = settings.watchlists["no"]
    assert watchlist.symbols() == {"ON", "0700", "1e3", "yes"}
    assert watchlist.round_returns_to == Decimal("0.0001")
    rule = RecordRule(kind="record", on=["broken"], scopes=[Scope(since=date(2000, 1, 1))])
    assert watchlist.rules == [rule, ThresholdRule(kind="threshold", at=[7])]
    assert settings.instruments["0700"].name == "123"
    assert settings.embedded.data_dir is None


def test_aliases_and_merges_are_allowed(file: Path) -> None:
    text = """\
watchlists:
  us: &us
    pairs: [{asset: RUT, benchmark: SPX}]
    rules: [{kind: ended}]
    targets: [desk]
    ties: skip
  them:
    <<: *us
    ties: extend
    pairs: [{asset: SX5E, benchmark: SPX}]
targets:
  desk: {url: console://}
"""
    us, them = loaded(file, text).watchlists.values()
    assert (us.ties, them.ties) == ("skip", "extend")
    assert us.rules == them.rules


@pytest.mark.parametrize("beginning", ["\ufeff", "%YAML 1.1\n---\n", "# a comment\n\n", "---\n"])
def test_usual_beginnings_of_a_file_are_allowed(beginning: str, base: str, file: Path) -> None:
    file.write_bytes((beginning + base).replace("\n", "\r\n").encode())
    assert set(load(file, {}).targets) == {"desk"}


@pytest.mark.parametrize("server", ["a:1", "10.0.0.1:65535", "[::1]:9092", "a-b.c_d.example.:9"])
def test_addresses_of_servers(server: str, base: str, file: Path) -> None:
    settings = loaded(file, f"{base}kafka: {{bootstrap_servers: ['{server}']}}")
    assert settings.kafka.bootstrap_servers == [server]


@pytest.mark.parametrize("calendar", ["none", "XNYS", "NYSE", "24/7"])
def test_calendars(calendar: str, base: str, file: Path) -> None:
    text = base.replace("    rules", f"    calendar: {calendar}\n    rules")
    assert loaded(file, text).watchlists["us"].calendar == calendar


def test_relative_paths_are_relative_to_the_folder_of_the_file(base: str, tmp_path: Path) -> None:
    file = tmp_path / "streakwatch.yaml"
    assert loaded(file, f"{base}embedded: {{data_dir: a/b}}").embedded.data_dir == tmp_path / "a/b"
    assert loaded(file, f"{base}embedded: {{data_dir: /a}}").embedded.data_dir == Path("/a")
    home = loaded(file, f"{base}embedded: {{data_dir: ~/a}}").embedded.data_dir
    assert home == Path.home() / "a"


def test_relative_paths_are_absolute_once_loaded(base: str, file: Path) -> None:
    data_dir = loaded(file, f"{base}embedded: {{data_dir: a}}").embedded.data_dir
    assert data_dir == Path.cwd() / "a"
    assert Embedded(data_dir=Path("a")).data_dir == Path("a")


def test_checking_a_url_is_quiet(
    base: str, file: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(StreakwatchError):
        loaded(file, base.replace("console://", "mailto://user:hidden@"))
    assert "hidden" not in caplog.text + "".join(capfd.readouterr())
    assert not logging.getLogger("apprise").disabled


def test_the_example_passes_the_check() -> None:
    settings = load(EXAMPLES / "streakwatch.yaml", {})
    (watchlist,) = settings.watchlists.values()
    assert [record.length for record in watchlist.pairs[0].records] == [16, 13]
    assert [rule.kind for rule in watchlist.rules] == ["threshold", "record", "ended"]
    assert settings.instruments["RUT"].name == "Russell 2000"
    defaults = Settings(watchlists=settings.watchlists, targets=settings.targets)
    sections = ("kafka", "bars", "metrics", "state", "delivery", "embedded")
    assert settings.model_dump(include=set(sections)) == defaults.model_dump(include=set(sections))


def options(kind: Any, above: tuple[Any, ...] = ()) -> set[str]:
    """The keys of a model and of all models within it; a scope is written as a text."""
    if kind is Scope or kind in above:
        return set()
    within = partial(options, above=(*above, kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        keys = {info.alias or name for name, info in kind.model_fields.items()}
        return keys.union(*(within(info.annotation) for info in kind.model_fields.values()))
    return set().union(*map(within, get_args(kind)))


def kinds(schema: Any) -> set[str]:
    """The kinds of series and rules."""
    if isinstance(schema, list):
        return set().union(*map(kinds, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("mapping", {})).union(*map(kinds, schema.values()))


def test_the_example_shows_every_option() -> None:
    text = example_text()
    assert text.startswith("# yaml-language-server: $schema=streakwatch.schema.json\n")
    assert [key for key in options(Settings) if f"{key}:" not in text] == []
    assert [kind for kind in kinds(json_schema()) if f"kind: {kind}" not in text] == []


def test_the_part_of_the_example_that_is_a_comment_is_right_too(file: Path) -> None:
    before, start, rest = example_text().partition("  # magnificent-seven:\n")
    block, end, after = rest.partition("\n\n")
    block = re.sub(r"^  # ", "  ", f"{start}{block}{end}", flags=re.M)
    settings = loaded(file, before + block + after)
    watchlist = settings.watchlists["magnificent-seven"]
    assert {one.kind for one in watchlist.series.values()} == {
        *("basket", "ratio", "spread", "breadth")
    }
    assert watchlist.rules[-1].kind == "all"


LEVELS = {
    "ever": Scope(),
    "since 2000-01-01": Scope(since=date(2000, 1, 1)),
    "last 10 years": Scope(years=10),
    "last 252 periods": Scope(periods=252),
    "this year": Scope(this_year=True),
}


@pytest.mark.parametrize("text", LEVELS)
def test_scopes_of_levels_are_read_and_printed(text: str) -> None:
    rule = LevelRule.model_validate({"kind": "level", "series": "VIX", "highest": text})
    assert rule.highest == [LEVELS[text]]
    (printed,) = rule.model_dump(mode="json")["highest"]
    assert printed == {"ever": "all"}.get(text, text)
    assert LevelRule.model_validate(rule.model_dump(mode="json")) == rule


@pytest.mark.parametrize(
    ("text", "expected"),
    {"0.050": "0.05", "5e-2": "0.05", "1e3": "1000", "-0.0": "0", "-1000000000": "-1000000000"}
    .items(),
)  # fmt: skip
def test_a_number_is_told_in_its_shortest_form(text: str, expected: str) -> None:
    rule = LevelRule.model_validate({"kind": "level", "series": "VIX", "crosses": text})
    assert [str(value) for value in rule.crosses] == [expected]


def test_series_and_the_rules_about_them(whole: str, file: Path) -> None:
    watchlist = loaded(file, whole).watchlists["us"]
    assert watchlist.symbols() == {"AAPL", "MSFT", "PE1", "PE2", "SPX"}
    assert watchlist.followed() == {"GAP", "LEAD", "UP"}
    assert watchlist.series["UP"].symbols() == ("AAPL", "MSFT", "SPX")
    assert [isinstance(rule, BreadthRule) for rule in watchlist.conditions()].count(True) == 2
    defaults = Basket(kind="basket", weighting="equal", members=["AAPL", "MSFT"])
    assert watchlist.series["MAG7"] == defaults
    with pytest.raises(NotImplementedError):
        Named().symbols()


def test_a_watchlist_of_levels_alone_needs_no_pairs(file: Path) -> None:
    text = """\
watchlists:
  us:
    rules: [{kind: level, series: VIX, crosses: 30}]
    targets: [desk]
targets: {desk: {url: "console://"}}
"""
    assert loaded(file, text).watchlists["us"].symbols() == {"VIX"}


def test_a_symbol_that_looks_like_a_series_is_one_when_it_is_used_elsewhere(
    whole: str, file: Path
) -> None:
    close = whole.replace("series: GAP, crosses: 1}", "series: GAPS, crosses: 1}")
    leg = close.replace("benchmark: SPX}]", "benchmark: SPX}, {asset: GAPS, benchmark: SPX}]")
    assert "GAPS" in loaded(file, leg).watchlists["us"].followed()
    assert "GAPS" in loaded(file, f"{close}  GAPS: {{name: x}}\n").watchlists["us"].followed()


def test_the_example_closes_are_a_plain_table() -> None:
    header, *rows = (EXAMPLES / "january-2026.csv").read_text().splitlines()
    assert header == "period,RUT,SPX"
    periods = [row.split(",")[0] for row in rows]
    assert (periods[0], periods[-1], len(rows)) == ("2025-12-31", "2026-01-23", 16)
    assert periods == sorted(set(periods))


def test_the_text_of_a_models_error_holds_no_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"targets": {"desk": "slack://hidden"}, "watchlists": {}})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.words", "config.places", "config.environment"])
def test_the_examples_of_docstrings_hold(name: str) -> None:
    result = doctest.testmod(import_module(name))
    assert result.failed == 0
    assert result.attempted > 0
