"""The tables of the documents: every row is in the code, and the other way round."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from alerts.ledger import Outcome
from alerts.model import Kind
from alerts.stages.decision import Reason as Decided
from config.environment import overridable, section_of
from config.matching import Match
from config.routes import Route, inhibitions
from config.rules import PairRule, Rule
from config.series import Basket, Named, Series
from config.settings import Instrument, Settings
from config.severities import SEVERITIES
from config.timings import Span
from config.watchlists import Watchlist
from config.words import KeyPath
from streams import topics
from streams.cli.main import COMMANDS, streakwatch
from streams.cli.worker import ALL_ROLES
from streams.folds.bars import OUTCOMES
from streams.metrics import Metrics
from streams.records import Topic
from streams.wire import Reason, RejectedError

ROOT = Path(__file__).parents[1]


def section(document: str, title: str) -> str:
    """The text of a section, up to the next one of its level or above."""
    text = (ROOT / document).read_text()
    found = re.search(rf"^(#+) {re.escape(title)}$", text, re.M)
    assert found is not None, title
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest if end is None else rest[: end.start()]


def tables(text: str) -> list[list[list[str]]]:
    """Each table's rows, without its head."""
    found: list[list[list[str]]] = []
    for lines in re.findall(r"(?:^\|.*\|\n)+", text, re.M):
        rows = [[cell.strip() for cell in line.strip("|\n").split(" |")]
                for line in lines.splitlines()]  # fmt: skip
        found.append([[cell.strip("| ") for cell in row] for row in rows[2:]])
    return found


def code(cell: str) -> str:
    """The first `code` of a cell."""
    found = re.search(r"`([^`]+)`", cell)
    return found[1] if found else cell


def first_column(document: str, title: str, table: int = 0) -> list[str]:
    return [code(row[0]) for row in tables(section(document, title))[table]]


def test_the_reasons_are_all_there() -> None:
    assert first_column("docs/closes.md", "Dead letters", 1) == [r.value for r in Reason]


def test_the_headers_of_dead_letters_are_all_there() -> None:
    from streams.batches import Single
    from streams.columns.closes import Odd
    from streams.records import Place, dead_letter

    error = RejectedError(Reason.EMPTY, "the record has no value")
    row = Odd(0, 7, b"{}", error=error)
    output = dead_letter(Place(Topic.CLOSES, 0), Single(0, 0, None, None), error, row)
    assert first_column("docs/closes.md", "Dead letters") == [name for name, _ in output.headers]


def test_the_fields_of_a_close_are_all_there() -> None:
    schema = json.loads((ROOT / "docs/schemas/close.schema.json").read_text())
    assert first_column("docs/closes.md", "The format") == list(schema["properties"])


def test_the_fields_of_a_tick_are_all_there() -> None:
    from streams.columns.ticks_json import _Tick

    assert {*first_column("docs/ticks.md", "The format"), "due"} == set(_Tick.__struct_fields__)


def test_the_reasons_of_ticks_are_among_all() -> None:
    of_ticks = first_column("docs/ticks.md", "Dead letters")
    assert set(of_ticks) < {reason.value for reason in Reason}
    outcomes = tables(section("docs/operations.md", "Metrics"))[0]
    (shown,) = [row[2] for row in outcomes if "streakwatch_ticks_total" in row[0]]
    for outcome in ("taken", "late", "unreadable", "unwatched", *OUTCOMES.values()):
        assert outcome in shown


def test_the_metrics_are_all_there_with_their_labels() -> None:
    shown = [
        (code(row[0]), re.findall(r"`(\w+)`", row[1]))
        for row in tables(section("docs/operations.md", "Metrics"))[0]
    ]
    there = [
        (family.name + ("_total" if family.type == "counter" else ""), list(collector._labelnames))
        for name, collector in vars(Metrics()).items()
        if name != "registry"
        for family in collector.describe()
    ]
    assert shown == there


def test_the_topics_are_all_there() -> None:
    assert first_column("docs/operations.md", "Topics") == [topic.value for topic in Topic]
    kept = {code(row[0]): row[3] for row in tables(section("docs/operations.md", "Topics"))[0]}
    days = {"-1": "forever"} | {str(n * 86_400_000): f"{n} days" for n in (7, 30)}
    for spec in topics.specs(Settings.model_fields["kafka"].default):
        compacted = spec.config["cleanup.policy"] == "compact"
        expected = "the last of each key" if compacted else days[spec.config["retention.ms"]]
        assert kept[spec.name] == expected


def test_the_roles_are_all_there() -> None:
    assert first_column("docs/operations.md", "Roles") == list(ALL_ROLES)


def test_the_kinds_of_milestones_are_all_there_in_their_order() -> None:
    assert first_column("docs/alerts.md", "What is told") == [kind.value for kind in Kind]


def test_the_outcomes_are_all_there() -> None:
    shown = [code(row[0]) for row in tables(section("docs/alerts.md", "Delivery"))[0]]
    assert shown == [outcome.value for outcome in Outcome]


def test_the_fields_of_an_alert_are_all_there() -> None:
    shown = {
        name
        for row in tables(section("docs/alerts.md", "The fields"))[0]
        for name in re.findall(r"`([a-z_.0-9]+)`", row[0])
    }
    found = re.findall(
        r"^```json\n(.*?)^```$", section("docs/alerts.md", "The fields"), re.M | re.S
    )
    alert = json.loads(found[0])
    inner = {f"{part}.{name}" for part in ("milestone", "evidence") for name in alert[part]}
    assert shown == (alert.keys() - {"evidence"}) | inner


def as_shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return {None: "none", "": "empty"}.get(value, str(value))


def test_the_options_are_all_there_with_their_defaults() -> None:
    rows = tables(section("docs/configuration.md", "The other sections"))[0]
    there = {".".join(map(str, path)): default_of(field_at(path)) for path, _ in overridable({})}
    assert {code(row[0]): code(row[1]) for row in rows} == there


def field_at(path: KeyPath) -> FieldInfo:
    """The field of a path, also below a section that need not be there."""
    model: type[BaseModel] | None = Settings
    for part in path:
        assert model is not None
        field = model.model_fields[str(part)]
        model = section_of(field.annotation)
    return field


def default_of(field: FieldInfo) -> str:
    """A field's default as the tables show it."""
    if field.is_required():
        return "required"
    if isinstance(field.default, list | dict):
        return ", ".join(map(str, field.default)) or "none"
    return as_shown(field.default)


def test_the_options_of_a_watchlist_are_all_there_with_their_defaults() -> None:
    rows = tables(section("docs/configuration.md", "watchlists"))[0]
    shown = {code(row[0]): code(row[1]) for row in rows if "[" not in row[0]}
    fields = Watchlist.model_fields
    assert shown == {name: default_of(field) for name, field in fields.items()}


def keys_of(cell: str) -> dict[str, str]:
    """The keys that a cell lists with their defaults: `key` (default): text; …"""
    found = (re.match(r"`(\w+)`(?: \(([^)]*)\))?:? ", f"{part} ") for part in cell.split("; "))
    return {one[1]: one[2] or "required" for one in found if one is not None}


@pytest.mark.parametrize(
    ("title", "of", "shared"),
    [("Series", Series, Named), ("Rules", Rule, PairRule)],
)
def test_the_kinds_are_all_there_with_their_keys(
    title: str, of: Any, shared: type[BaseModel]
) -> None:
    shown = {
        code(row[0]): keys_of(row[1]) for row in tables(section("docs/configuration.md", title))[0]
    }
    there = {
        get_args(model.model_fields["kind"].annotation)[0]: {
            name: default_of(field)
            for name, field in model.model_fields.items()
            if name != "kind" and not (issubclass(model, shared) and name in shared.model_fields)
        }
        for model in models(of)
    }
    assert shown == there


def models(of: Any) -> list[type[BaseModel]]:
    """The models of a union, however it is made of others."""
    if isinstance(of, type) and issubclass(of, BaseModel):
        return [of]
    return [model for part in get_args(of) for model in models(part)]


def test_the_options_of_routes_and_timings_are_all_there_with_their_defaults() -> None:
    rows = tables(section("docs/routing.md", "Timings"))[0]
    fields = Span.model_fields.items()
    assert {code(row[0]): code(row[1]) for row in rows} == {
        field.alias or name: default_of(field) for name, field in fields
    }
    keys = first_column("docs/routing.md", "Routes")
    assert set(keys) == {field.alias or name for name, field in Route.model_fields.items()}


def test_the_fields_of_matchers_are_all_there() -> None:
    assert first_column("docs/routing.md", "Matchers") == list(Match.model_fields)


def test_the_severities_are_all_there() -> None:
    rows = tables(section("docs/routing.md", "Matchers"))[1]
    assert {code(row[0]): row[1] for row in rows} == SEVERITIES


def test_the_reasons_of_the_stages_are_all_there() -> None:
    rows = tables(section("docs/routing.md", "Routing"))[0]
    assert [code(row[2]) for row in rows] == [reason.value for reason in Decided]


def test_the_inhibitions_are_all_there() -> None:
    rows = tables(section("docs/routing.md", "Inhibition"))[0]
    assert [re.findall(r"`(\w+)`", row[2]) for row in rows] == [one.equal for one in inhibitions()]


def test_the_weightings_and_what_closes_can_be_are_all_there() -> None:
    weightings = first_column("docs/configuration.md", "Series", 1)
    assert weightings == list(get_args(Basket.model_fields["weighting"].annotation))
    closes = first_column("docs/configuration.md", "instruments")
    assert closes == list(get_args(Instrument.model_fields["closes"].annotation))


def test_the_commands_are_all_there() -> None:
    shown = [name.split()[1:] for name in first_column("README.md", "Commands")]
    assert [name[0] for name in shown] == sorted(
        (name[0] for name in shown), key=list(COMMANDS).index
    )
    assert {name[0] for name in shown} == COMMANDS.keys()
    groups = (
        "send",
        "alerts",
        "routes",
        "silences",
        "deadletters",
        "templates",
        "topics",
        "config",
    )
    for group in (*groups, "topics", "config"):
        command = streakwatch.get_command(click.Context(streakwatch), group)
        assert isinstance(command, click.Group)
        assert {name[1] for name in shown if name[0] == group} == command.commands.keys()


def test_the_variables_of_compose_are_all_there() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    rows = tables(section("docs/operations.md", "Docker Compose"))[0]
    assert {code(row[0]): code(row[1]) for row in rows} == dict(
        re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", text)
    )


def test_the_files_in_the_layout_exist() -> None:
    for row in tables(section("docs/design.md", "Layout"))[0]:
        for name in re.findall(r"`([^`]+)`", row[0]):
            assert (ROOT / name).exists() or (ROOT / "streams" / name).exists(), name
