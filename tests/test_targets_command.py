"""``streakwatch targets``: what is there, and whether it takes a message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from receivers import HOST, MailServer, Receiver, hang, retry_after, status

from alerts import samples
from alerts.document import json_schema
from streams.cli.main import run

ROOT = Path(__file__).parents[1]
HEAD = """\
watchlists:
  us:
    pairs: [{asset: RUT, benchmark: SPX}]
    rules: [{kind: threshold, at: 3}]
    targets: [chat]
delivery: {timeout: 5}
targets:
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> Path:
    """Two targets, and the folder that they are in."""
    text = (
        HEAD
        + f"  chat: {{url: 'json://{HOST}:{receiver.port}/tok-S3CR3T?rto=0.3', tags: [desk, us],\n"
        + "    severity: warning, rate: 30 per minute, fallback: pager}\n"
        + f"  pager: {{url: 'webhook://{HOST}:{receiver.port}/pager?secret=0123456789-S3CR3T'}}\n"
    )
    (tmp_path / "streakwatch.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STREAKWATCH_CONFIG", raising=False)
    return tmp_path


Capsys = pytest.CaptureFixture[str]


def test_list_shows_what_there_is_and_nothing_private(
    configured: Path, receiver: Receiver, capsys: Capsys
) -> None:
    assert run(["targets", "list"]) == 0
    output = capsys.readouterr().out
    rows = [line.split("  ") for line in output.splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["name", "kind", "url", "tags", "severity", "rate", "fallback"],
        ["chat", "JSON", f"json://{HOST}:{receiver.port}/…", "desk us", "warning", "30 per minute",
         "pager"],
        ["pager", "Webhook", f"webhook://{HOST}:{receiver.port}/…", "-", "info", "-", "-"],
    ]  # fmt: skip
    assert "S3CR3T" not in output


def test_list_as_json(configured: Path, capsys: Capsys) -> None:
    assert run(["targets", "list", "--format", "json"]) == 0
    chat, pager = map(json.loads, capsys.readouterr().out.splitlines())
    assert (chat["tags"], chat["rate"]) == (["desk", "us"], "30 per minute")
    assert (pager["tags"], pager["rate"], pager["fallback"]) == ([], None, None)


def test_test_sends_a_message_that_says_that_it_is_one(
    configured: Path, receiver: Receiver, capsys: Capsys
) -> None:
    assert run(["targets", "test", "--all"]) == 0
    by_path = {request.path: request for request in receiver.requests()}
    chat = by_path["/tok-S3CR3T"]
    assert chat.title.startswith("TEST: ")
    assert "TEST of the target chat" in chat.body
    assert chat.alert == samples.of("record.tied").id
    posted = json.loads(by_path["/pager"].raw)
    assert posted["test"] is True
    assert posted["key"].startswith(f"{chat.alert}/pager/test-")
    output = capsys.readouterr()
    names = [line.split()[:3:2] for line in output.out.splitlines()[1:]]
    assert names == [["chat", "delivered"], ["pager", "delivered"]]
    assert "S3CR3T" not in output.out + output.err


@pytest.mark.parametrize("kind", samples.KINDS)
def test_any_sample_can_be_sent(kind: str, configured: Path, receiver: Receiver) -> None:
    assert run(["targets", "test", "pager", "--sample", kind]) == 0
    (request,) = receiver.requests()
    assert json.loads(request.raw)["alert"] == samples.of(kind).to_dict()


@pytest.mark.parametrize(
    ("behaviour", "outcome", "detail"),
    [
        (status(404), "refused", "HTTP 404"),
        (status(503), "unavailable", "HTTP 503"),
        (retry_after(9), "unavailable", "HTTP 429, again after 9 s"),
        (hang(), "unavailable", "no answer in time"),
    ],
    ids=["404", "503", "429", "hang"],
)
def test_what_a_target_does_not_take_is_said_and_is_the_exit_code(
    behaviour: object, outcome: str, detail: str, configured: Path, receiver: Receiver,
    capsys: Capsys,
) -> None:  # fmt: skip
    receiver.script("/tok-S3CR3T", behaviour)  # type: ignore[arg-type]
    assert run(["targets", "test", "--all", "--format", "json"]) == 1
    output = capsys.readouterr()
    chat, pager = map(json.loads, output.out.splitlines())
    assert (chat["name"], chat["outcome"], chat["detail"]) == ("chat", outcome, detail)
    assert 0 <= chat["seconds"] < 5
    assert pager["outcome"] == "delivered"
    assert output.err == "1 of 2 targets did not take it\n"


def test_a_target_is_chosen_by_name_or_tag(configured: Path, receiver: Receiver) -> None:
    assert run(["targets", "test", "--tag", "us"]) == 0
    assert run(["targets", "test", "pager"]) == 0
    assert [request.path for request in receiver.requests()] == ["/tok-S3CR3T", "/pager"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "no target is named: write their names, --tag TAG, or --all"),
        (["chatt"], "there is no target 'chatt': did you mean 'chat'?"),
        (["xyz"], "there is no target 'xyz': there is chat, pager"),
        (["--tag", "dsek"], "there is no tag 'dsek': did you mean 'desk'?"),
        (["--all", "--sample", "record.tide"], "no sample 'record.tide'; did you mean "
         "'record.tied'?"),
    ],
)  # fmt: skip
def test_misuse_sends_nothing(
    arguments: list[str], expected: str, configured: Path, receiver: Receiver, capsys: Capsys
) -> None:
    assert run(["targets", "test", *arguments]) == 2
    assert expected in capsys.readouterr().err
    assert receiver.requests() == []


def test_a_mail_is_tried_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServer() as mail:
        text = HEAD + f"  chat: {{url: '{mail.url('desk@test.example')}'}}\n"
        (tmp_path / "streakwatch.yaml").write_text(text)
        assert run(["targets", "test", "chat", "-c", str(tmp_path / "streakwatch.yaml")]) == 0
        assert run(["targets", "test", "chat", "-c", str(tmp_path / "streakwatch.yaml")]) == 0
    first, second = mail.mails
    assert first.title.startswith("TEST: ")
    assert first.header("Message-ID") != second.header("Message-ID")


def test_the_schema_of_the_webhook_is_the_documents(capsys: Capsys) -> None:
    assert run(["targets", "schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json_schema()
    assert printed == json.loads((ROOT / "docs/webhook.schema.json").read_text())


def test_a_target_that_gets_pictures_gets_one(tmp_path: Path, capsys: Capsys) -> None:
    with MailServer() as server:
        url = f"mailto://{HOST}:{server.port}?from=a@example.com&to=b@example.com&mode=insecure"
        (tmp_path / "c.yaml").write_text(
            HEAD.replace("[chat]", "[mail]") + f"  mail: {{url: '{url}', pictures: auto}}\n"
        )
        for kind, count in (("record.tied", 1), ("summary", 0)):
            arguments = ["mail", "--sample", kind, "-c", str(tmp_path / "c.yaml")]
            assert run(["targets", "test", *arguments]) == 0
            mail = server.mails[-1].whole
            kinds = [part.get_content_type() for part in mail.walk()]
            assert kinds.count("image/png") == count
