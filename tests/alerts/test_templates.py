"""Templates of the user's: where they are found, what they may do, and how faults are told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from alerts import samples
from alerts.words.channels import USUAL, Channel, Family
from alerts.words.checking import check_templates
from alerts.words.faults import TemplateFaultError
from alerts.words.library import Library
from alerts.words.summary import Part, summary
from alerts.words.writing import Words, words
from alerts.writers import Writers
from config.settings import Settings


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def told(folder: Path, kind: str = "ended", family: Family = Family.SLACK) -> Words:
    channel = Channel(family, USUAL[family])
    return words(samples.of(kind), samples.NAMES, channel, templates=Library("en_GB", folder))


def test_a_template_of_a_kind_comes_before_the_familys(tmp_path: Path) -> None:
    write(tmp_path, {"slack/ended.j2": "mine", "slack/message.j2": "all of mine"})
    assert told(tmp_path).body == "mine"
    assert told(tmp_path, "threshold").body == "all of mine"
    assert told(tmp_path, family=Family.PLAIN).body.startswith("Russell 2000 (RUT) v S&P 500")


@pytest.mark.parametrize("family", Family)
def test_the_familys_own_does_not_write_groups(tmp_path: Path, family: Family) -> None:
    """It knows one alert, and would leave out what it is not written for."""
    write(tmp_path, {f"{family}/message.j2": "{{ story.title }}"})
    parts = [Part(samples.of(kind), samples.NAMES) for kind in ("threshold", "ended")]
    channel = Channel(family, USUAL[family])
    mine, ours = (
        summary(parts, channel, locale="en_GB", templates=Library("en_GB", folder))
        for folder in (tmp_path, None)
    )
    assert mine == ours


def test_the_words_can_be_others_for_all_families(tmp_path: Path) -> None:
    write(tmp_path, {"words/title.j2": "{{ alert.asset }}: {{ alert.length | counted(noun) }}"})
    assert told(tmp_path, family=Family.HTML).title == "RUT: 14 sessions"
    assert told(tmp_path).body.startswith("*RUT: 14 sessions*")


def test_what_is_shared_is_included_and_ours_can_be_extended(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "parts/foot.j2": "Call {{ names.RUT }}",
            "plain/message.j2": '{% include "parts/foot.j2" %}',
            "html/ended.j2": '{% extends "html/message.j2" %}'
            "{% block picture %}<b>!</b>{% endblock %}",
        },
    )
    assert told(tmp_path, family=Family.PLAIN).body == "Call Russell 2000"
    assert "<b>!</b>" in told(tmp_path, family=Family.HTML).body


def test_what_a_template_shows_is_escaped_also_by_way_of_macros(tmp_path: Path) -> None:
    text = "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(names.SPX) }} {{ names.SPX }}"
    write(tmp_path, {"html/message.j2": text, "slack/message.j2": text})
    for family in (Family.HTML, Family.SLACK):
        assert told(tmp_path, family=family).body == "<b>S&amp;P 500</b> S&amp;P 500"


FAULTS = {
    "{{ suprise }}": "'suprise' is undefined: see docs/messages.md",
    "{{ alrt.id }}": "'alrt' is undefined: did you mean 'alert'?",
    "{{ alert.surprise }}": "has no attribute 'surprise'",
    "{{ alert.start | dat }}": "No filter named 'dat': did you mean 'date'?",
    "{% if %}": "Expected an expression",
    "{% for x in y %}": "Unexpected end of template",
    "{{ alert.__class__.__mro__ }}": "is unsafe: templates can read",
    "{{ [].append(1) }}": "is unsafe: templates can read",
    "{{ 1 / 0 }}": "ZeroDivisionError: division by zero: check the values",
    "{{ range(9999999) }}": "OverflowError",
    '{% include "nowhere.j2" %}': "there is no template nowhere.j2",
    '{% include "../../etc/passwd" %}': "there is no template ../../etc/passwd",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_names_its_file_and_line(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"slack/ended.j2": f"fine\n{text}\n"})
    with pytest.raises(TemplateFaultError) as raised:
        told(tmp_path)
    message = str(raised.value)
    assert message.startswith(f"{tmp_path}/slack/ended.j2:")
    assert FAULTS[text] in message
    assert message.count("\n") == 0


def test_the_line_is_that_of_the_fault(tmp_path: Path) -> None:
    write(tmp_path, {"slack/ended.j2": "a\nb\n{{ surprise }}\n"})
    with pytest.raises(TemplateFaultError, match=r"ended\.j2:3: "):
        told(tmp_path)


def test_ours_pass_the_check_in_every_locale() -> None:
    for locale in ("en_GB", "en_US", "de_DE", "fr_FR", "ar_EG", "ja_JP"):
        assert check_templates(Library(locale)) == ([], (len(samples.KINDS) + 1) * len(Family))


def test_a_check_names_each_fault_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "slack/message.j2": "{{ surprise }}",
            "slack/record.tyed.j2": "fine",
            "parts/own.j2": "{% if %}",
            "push/readme.txt": "hello",
        },
    )
    faults, rendered = check_templates(Library("en_GB", folder), folder)
    assert rendered == (len(samples.KINDS) + 1) * len(Family) - len(samples.KINDS)
    told = sorted(fault.removeprefix(f"{folder}/") for fault in faults)
    assert [one.split(": ")[0] for one in told] == [
        *("parts/own.j2:1", "push/readme.txt", "slack/message.j2:1", "slack/record.tyed.j2"),
    ]
    assert "did you mean 'slack/record.tied.j2'?" in told[-1]


def test_a_group_has_a_template_of_its_own(tmp_path: Path) -> None:
    folder = write(tmp_path, {"slack/group.j2": "{{ surprise }}"})
    (fault,), rendered = check_templates(Library("en_GB", folder), folder)
    assert fault.startswith(f"{folder}/slack/group.j2:1: ")
    assert rendered == (len(samples.KINDS) + 1) * len(Family) - 1


def test_a_template_that_fails_is_no_reason_for_no_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.model_validate(
        {
            "watchlists": {
                "us": {
                    "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
                    "rules": [{"kind": "threshold", "at": 10}],
                    "targets": ["desk"],
                }
            },
            "targets": {"desk": {"url": "console://", "locale": "de_DE"}},
            "templates": write(tmp_path, {"plain/ended.j2": "{{ surprise }}"}),
        }
    )
    with caplog.at_level(logging.WARNING):
        message = Writers(settings).message(Part(samples.of("ended"), samples.NAMES), "desk")
    assert "2.01.2026 to 22.01.2026" in message.body
    assert "target desk: a template fails, so ours is used: " in caplog.text
