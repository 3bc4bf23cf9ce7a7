"""The examples of the documents are run where they need no Kafka, and links lead somewhere."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from command_lines import accept

from alerts.ledger import Entry
from alerts.model import Alert
from alerts.rendering import render
from alerts.signing import signature
from alerts.silences import Silence
from alerts.targets import notifiers
from config.environment import overridable, variable
from config.loading import example_text, load
from config.settings import Settings
from streams.batches import Records, Single
from streams.cli.main import run
from streams.closes_file import Row
from streams.closes_file import read as read_closes
from streams.columns.ticks import decode_ticks
from streams.core.periods import from_text
from streams.replay import Replay
from streams.wire import Close, StreakNow, decode_close, encode_close

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
SCHEMA = json.loads((ROOT / "docs/schemas/close.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)
EXAMPLE = ROOT / "config/examples/streakwatch.yaml"
CLOSES = "config/examples/january-2026.csv"
SECRETS = {
    "MAIL_USER": "desk",
    "MAIL_PASSWORD": "secret",
    "KAFKA_PASSWORD": "secret",
    "HOOK_SECRET": "0123456789abcdef",
    "SLACK_TOKEN": "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "TEAMS_WORKFLOW": "0123456789abcdef0123456789abcdef",
    "TEAMS_SIGNATURE": "abcdefghijklmnopqrstuvwxyz",
    "MATTERMOST_TOKEN": "abcdefghijklmnopqrstuvwxyz",
    "TELEGRAM_BOT": "123456789:abcdefghijklmnopqrstuvwxyz",
    "NTFY_TOPIC": "streaks-6f2a",
    "PAGERDUTY_INTEGRATION": "0123456789abcdef0123456789abcdef",
    "PAGERDUTY_KEY": "0123456789abcdef0123",
    "OPSGENIE_KEY": "0123456789abcdef0123456789abcdef",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def blocks(document: Path) -> Iterator[Block]:
    text = document.read_text()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield Block(document, text.count("\n", 0, found.start()) + 1, found[1], found[2])


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a console block, and the output that is shown for each."""
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def runs_here(arguments: list[str]) -> bool:
    """What needs no Kafka."""
    return (
        arguments[0] in ("streaks", "config", "routes", "templates")
        or arguments[:2] == ["targets", "list"]
        or (arguments[0] in ("replay", "explain") and "--file" in arguments)
    )


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples where a checkout has them, as the current one."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/examples").symlink_to(ROOT / "config/examples")
    (tmp_path / "streakwatch.yaml").write_text(example_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STREAKWATCH_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize("block", of("console"), ids=str)
def test_console_examples(block: Block, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert block.text.startswith("$ ")
    for command, expected in commands(block):
        words = shlex.split(command)
        assert words[0] == "streakwatch", command
        arguments, redirected = words[1:], None
        if ">" in arguments:
            arguments, redirected = arguments[: arguments.index(">")], arguments[-1]
        accept(arguments)
        if not runs_here(arguments):
            assert not expected
            continue
        with redirect_stdout(StringIO()) as output:
            assert run(arguments) == 0, capsys.readouterr().err
        if redirected is not None:
            (checkout / redirected).write_text(output.getvalue())
        if expected:
            assert output.getvalue() == expected.rstrip("\n") + "\n"


@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_commands_for_a_shell_are_accepted(block: Block) -> None:
    for line in block.text.splitlines():
        if line.startswith("streakwatch "):
            words = shlex.split(line, comments=True)
            accept(words[1 : words.index(">") if ">" in words else None])


def test_commands_in_running_text_are_accepted() -> None:
    names = {
        "streakwatch",
        "streakwatch config",
        "streakwatch send",
        "streakwatch topics",
        "streakwatch routes",
    }
    for document in DOCUMENTS:
        for found in re.findall(r"`(streakwatch(?:\s[^`]+)?)`", document.read_text()):
            text = " ".join(found.split())
            if text not in names:
                with pytest.raises(click.exceptions.Exit):
                    accept([*text.split()[1:], "--help"])


def minimal(text: str) -> str:
    """A fragment with what a whole file needs."""
    target = next(iter(yaml.safe_load(text).get("targets", {"console": None})))
    whole = {
        "watchlists": "{us: {pairs: [{asset: RUT, benchmark: SPX}], "
        f"rules: [{{kind: threshold, at: 10}}], targets: [{target}]}}}}",
        "targets": "{console: {url: 'console://'}}",
    }
    missing = whole.keys() - yaml.safe_load(text).keys()
    return text + "".join(f"{key}: {whole[key]}\n" for key in sorted(missing))


def loaded(block: Block, folder: Path) -> Settings:
    """A fragment as a whole file, with the secrets that it names."""
    for name in re.findall(r"file:([\w/-]+)", block.text):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("0123456789abcdef\n")
    for name in re.findall(r"^templates: (\S+)", block.text, re.M):
        (folder / name).mkdir()
    file = folder / "streakwatch.yaml"
    file.write_text(minimal(block.text))
    return load(file, SECRETS)


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_yaml_examples_are_right(block: Block, tmp_path: Path) -> None:
    loaded(block, tmp_path)


def test_the_cookbook_has_the_usual_services_and_apprise_takes_each(tmp_path: Path) -> None:
    cookbook = [block for block in of("yaml") if block.document.name == "notifications.md"]
    kinds = {
        notifier.kind
        for block in cookbook
        for notifier in notifiers(loaded(block, tmp_path).targets).values()
    }
    assert kinds == {
        *("Slack", "E-Mail", "Mattermost", "Telegram", "ntfy", "Pager Duty", "Opsgenie", "Webhook"),
        "Power Automate / Workflows (for MSTeams)",
    }


def test_the_example_of_a_webhook_tells_who_it_is_from() -> None:
    (block,) = [b for b in of("python") if b.document.name == "webhook.md"]
    names: dict[str, Any] = {}
    exec(compile(block.text, str(block), "exec"), names)  # our own document
    secret, body, now = "0123456789abcdef", b'{"version":1}', int(time.time())

    def is_genuine(at: int, key: str = secret, posted: bytes = body) -> bool:
        headers = {
            "X-Streakwatch-Timestamp": str(at),
            "X-Streakwatch-Signature": signature(secret, at, body),
        }
        return bool(names["is_genuine"](key, headers, posted))

    assert is_genuine(now)
    assert not is_genuine(now, key="another secret..")
    assert not is_genuine(now, posted=b'{"version":2}')
    assert not is_genuine(now - 1000)
    for wrong in ("", "soon", "-1", "1e9"):
        headers = {"X-Streakwatch-Timestamp": wrong, "X-Streakwatch-Signature": "v1=é"}
        assert not names["is_genuine"](secret, headers, body)


def test_the_variables_of_the_examples_override_something() -> None:
    known = {variable(path) for path, _ in overridable({"targets": {"desk-mail": {}}})}
    text = "".join(document.read_text() for document in DOCUMENTS)
    used = set(re.findall(r"\bSTREAKWATCH_[A-Z_]+", text))
    general = {"STREAKWATCH_", "STREAKWATCH_CONFIG"}
    general |= {"STREAKWATCH_SECTION__KEY", "STREAKWATCH_TARGETS__NAME__URL"}
    assert used - general <= known


def is_close(data: dict[str, Any], text: str) -> None:
    assert not list(VALIDATOR.iter_errors(data))
    decode_close(text.encode())


def is_alert(data: dict[str, Any], _: str) -> None:
    assert Alert.from_dict(data).to_dict() == data


def is_entry(data: dict[str, Any], text: str) -> None:
    assert json.loads(Entry.decode(text.encode()).encode()) == data


def is_silence(data: dict[str, Any], text: str) -> None:
    assert json.loads(Silence.decode(text.encode()).encode()) == data


def is_streak(data: dict[str, Any], _: str) -> None:
    StreakNow(**data)


def is_readiness(data: dict[str, Any], _: str) -> None:
    assert data.keys() == {"ready", "assigned", "lag"}


def is_tick(_: dict[str, Any], text: str) -> None:
    found = decode_ticks(Records([Single(0, 0, None, text.encode())]), {"RUT": 0})
    assert (len(found.at), list(found.rejects)) == (1, [])


FORMS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "close": is_close,
    "price": is_tick,
    "due": is_tick,
    "milestone": is_alert,
    "outcome": is_entry,
    "direction": is_streak,
    "ready": is_readiness,
    "matchers": is_silence,
}


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json_examples_are_what_they_say(block: Block) -> None:
    data = json.loads(block.text)
    form = next(form for field, form in FORMS.items() if field in data)
    form(data, block.text)


@pytest.mark.parametrize("block", of("csv"), ids=str)
def test_csv_examples_can_be_read(block: Block, tmp_path: Path) -> None:
    from streams import ticks_file
    from streams.closes_file import Row, read
    from streams.plans import bars_plan

    file = tmp_path / "closes.csv"
    file.write_text(block.text)
    if block.text.startswith("symbol,time"):
        plan = bars_plan(load(EXAMPLE, {}))
        found = ticks_file.read(file, plan, 1_769_200_000_000)
        assert (len(found.ticks.symbols), found.refused) == (2, [])
    else:
        assert all(isinstance(row, Row) for row in read(file))


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_examples_compile(block: Block) -> None:
    compile(block.text, str(block), "exec")


def test_the_close_on_the_command_line_of_kafka_is_one() -> None:
    found = re.search(r"echo '(\w+)\|(.+)'", (ROOT / "docs/closes.md").read_text())
    assert found is not None
    assert decode_close(found[2].encode()).symbol == found[1]


def test_every_language_is_checked() -> None:
    assert {block.language for block in BLOCKS} == {
        *("console", "yaml", "json", "csv", "python", "jinja"),
        *("sh", "text"),  # for people
    }


def test_the_alerts_of_the_documents_are_those_of_a_replay(checkout: Path) -> None:
    with redirect_stdout(StringIO()) as output:
        assert run(["replay", "--file", CLOSES]) == 0
    replayed = [json.loads(line) for line in output.getvalue().splitlines()]
    (shown,) = [json.loads(b.text) for b in of("json") if '"milestone"' in b.text]
    assert shown in replayed
    message = render(Alert.from_dict(shown), {"RUT": "Russell 2000", "SPX": "S&P 500"})
    (block,) = [b for b in of("text") if b.document.name == "README.md"]
    assert block.text == f"{message.title}\n\n{message.body}\n"


def test_the_message_before_the_close_is_that_of_the_example(tmp_path: Path) -> None:
    file = tmp_path / "streakwatch.yaml"
    (rules,) = [b for b in of("yaml") if "kind: provisional, min_length: 10" in b.text]
    file.write_text(minimal(rules.text))
    replay = Replay(load(file, SECRETS))
    rows = [row for row in read_closes(ROOT / CLOSES) if isinstance(row, Row)]
    before = [encode_close(Close(row.symbol, row.period, row.price)) for row in rows
              if row.period < from_text("2026-01-21")]  # fmt: skip
    prices = [b.text.encode() for b in of("json")
              if b.document.name == "alerts.md" and "provisional" in b.text and "close" in b.text
              and "milestone" not in b.text]  # fmt: skip
    times = ["2026-01-21T20:34:55Z", "2026-01-21T20:35:00Z"]
    arrived = [0] * len(before) + [int(datetime.fromisoformat(t).timestamp()) for t in times]
    records = [Single(at, 1000 * seconds, b"", value) for at, (seconds, value)
               in enumerate(zip(arrived, [*before, *prices], strict=True))]  # fmt: skip
    (alert,) = replay.take(0, records)
    assert isinstance(alert, Alert)
    (shown,) = [b.text for b in of("text") if b.text.startswith("Provisional: ")]
    assert shown == render(alert, {}).title + "\n"


def test_the_tests_are_run_by_one_command() -> None:
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"^## Tests$.*?^```\w*\n(.*?)^```$", readme, re.M | re.S)
    assert found is not None
    assert found[1] == "make test\n"


def slug(title: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        assert file.exists(), target
        assert file.resolve().is_relative_to(ROOT)
        if anchor:
            titles = re.findall(r"^#+ (.+)$", file.read_text(), re.M)
            assert anchor in map(slug, titles), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_no_place_of_one_machine(document: Path) -> None:
    assert not re.search(r"/home/|/root/|/tmp/|/work/", document.read_text())
