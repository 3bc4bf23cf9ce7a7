"""``streakwatch templates``: previews and checks, without sending."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import pytest

from alerts import samples
from config.loading import example_text
from streams.cli.main import run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STREAKWATCH_CONFIG", raising=False)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert run(["templates", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out if code == 0 else captured.err


@pytest.mark.parametrize("family", ["plain", "markdown", "slack", "html", "push"])
@pytest.mark.parametrize("kind", samples.KINDS)
def test_a_preview_of_each(kind: str, family: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "preview", "--sample", kind, "--channel", family)
    assert samples.of(kind).id in out


def test_a_preview_of_an_alert_of_ones_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "streakwatch.yaml").write_text(
        example_text().replace("locale: en_GB", "locale: de_DE")
    )
    alert = samples.of("record.broken").to_dict()
    for text in (alert, {"alert": alert, "title": "as `alerts show`", "follows": None}):
        (folder / "a.json").write_text(json.dumps(text))
        out = told(capsys, "preview", "--alert", "a.json")
        assert "Russell 2000 (RUT) v S&P 500 (SPX)" in out
        assert "RUT +9,54 %" in out
    assert "RUT +9.54%" in told(capsys, "preview", "--alert", "a.json", "--locale", "en_US")


@pytest.mark.parametrize(
    ("text", "what"),
    [("", "is not one alert"), ("[]", "it holds no JSON object"),
     ('{"alert": 3}', "it holds no JSON object"), ("{}", "is not one alert"),
     ('{"id": 1}\n{"id": 2}', "is not one alert"), ("\udcff", "is not UTF-8")],
)  # fmt: skip
def test_a_file_that_is_no_alert(
    text: str, what: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert what in told(capsys, "preview", "--alert", "a.json", code=2)


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot read a.json" in told(capsys, "preview", "--alert", "a.json", code=2)


def test_an_e_mail_is_opened_from_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    file = Path(told(capsys, "preview", "--channel", "html", "--open").strip())
    assert file.read_text().startswith("<!DOCTYPE html>")
    assert opened == [file.as_uri()]


def test_a_check_ends_with_1_where_something_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "streakwatch.yaml").write_text(example_text() + "\ntemplates: mine\n")
    (folder / "mine/push").mkdir(parents=True)
    (folder / "mine/push/message.j2").write_text("{{ story.title }}")
    assert "and those in" in told(capsys, "check")
    (folder / "mine/push/message.j2").write_text("{{ story.titel }}")
    lines = told(capsys, "check", code=1).splitlines()
    assert f"{folder}/mine/push/message.j2:1: " in lines[0]
    assert lines[-1] == "templates: 1 fault"


def test_the_sample_of_an_end_names_the_first_of_its_streak(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = told(capsys, "preview", "--sample", "ended")
    assert out.rstrip().endswith(f"first told as {samples.of('threshold').id}")
