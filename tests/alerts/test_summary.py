"""Several alerts in one message, as each family of channel writes it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from alerts import samples
from alerts.words.channels import USUAL, Channel, Family
from alerts.words.summary import Part, summary
from alerts.words.writing import Words, words

KINDS = ["record.broken", "threshold", "ended"]
EVIL = "<img src=x onerror=y> <!channel> `x` [a](http://b)\r\nBcc: c@d.e {{ 7 * 191 }}"


def channel(family: Family) -> Channel:
    return Channel(family, USUAL[family])


def together(family: Family, *parts: Part) -> Words:
    return summary(parts, channel(family), locale="en_GB")


def parts(count: int = 3, **changes: str) -> list[Part]:
    alerts = [replace(samples.of(KINDS[at % 3]), id=f"a{at}", **changes) for at in range(count)]
    return [Part(alert, samples.NAMES) for alert in alerts]


@pytest.mark.parametrize("family", Family)
def test_the_first_line_says_the_strongest_and_how_many_more(family: Family) -> None:
    told = together(family, *parts())
    alone = words(parts()[0].alert, samples.NAMES, channel(family))
    assert told.title == f"{alone.title} (and 2 more)"


@pytest.mark.parametrize("family", [Family.PLAIN, Family.MARKDOWN, Family.SLACK, Family.HTML])
def test_each_is_there_with_its_first_line_and_its_id(family: Family) -> None:
    told = together(family, *parts())
    text = told.text or told.body
    assert "3 alerts:" in text
    assert [f"Alert a{at}" in text for at in range(3)] == [True] * 3
    assert "streakwatch alerts show ID" in text


def test_a_telephone_has_the_titles() -> None:
    told = together(Family.PUSH, *parts())
    titles = [words(one.alert, one.names, channel(Family.PUSH)).title for one in parts()]
    assert told.body.splitlines() == titles


def test_in_plain_text() -> None:
    held = Part(samples.of("threshold"), samples.NAMES, "Held back: nights.")
    told = together(Family.PLAIN, *parts(1), held)
    lines = told.body.splitlines()
    title = words(held.alert, held.names, channel(Family.PLAIN)).title
    at = lines.index(title)
    assert lines[0] == "2 alerts:"
    assert lines[at + 1] == "Held back: nights."
    assert lines[-1] == "The whole of each: streakwatch alerts show ID"


def test_an_e_mail_has_a_list_in_which_each_is_told_once_and_alike() -> None:
    told = together(Family.HTML, *parts(3))
    titles = [words(one.alert, one.names, channel(Family.PLAIN)).title for one in parts(3)]
    page = told.body.replace("&nbsp;", " ").replace("&#x27;", "'")
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", page) == ["3 alerts"]
    assert re.findall(r'<div class="strong"[^>]*>(.*?)</div>', page) == titles
    assert [page.count(f"<div>Alert a{at}</div>") for at in range(3)] == [1, 1, 1]


NOTE = "Held back: muted by nights."


@pytest.mark.parametrize("family", Family)
def test_a_note_that_all_have_is_told_once_and_first(family: Family) -> None:
    told = together(family, *(one._replace(note=NOTE) for one in parts()))
    body = (told.text or told.body).replace(told.title, "", told.headed)
    assert body.count(NOTE) == 1
    assert body.lstrip("*\n").startswith(NOTE)


@pytest.mark.parametrize("family", Family)
def test_a_hundred_fit(family: Family) -> None:
    """By leaving some out, never by cutting one."""
    told = together(family, *parts(100))
    limits = USUAL[family]
    assert limits.body is None or limits.weight(told.body) <= limits.body
    if family is not Family.HTML:
        found = [line for line in told.body.splitlines() if line.startswith("Alert a")]
        assert all(line.removeprefix("Alert a").strip("…").isdigit() for line in found)


@pytest.mark.parametrize("family", Family)
def test_hostile_text_is_inert(family: Family) -> None:
    told = together(family, *parts(asset=EVIL))
    everything = told.title + told.body + told.text
    assert "\r" not in everything
    assert "1337" not in everything
    assert "\n" not in told.title
    if family is Family.HTML:
        assert "<img src=x" not in told.body
    if family is Family.SLACK:
        assert "<!channel>" not in told.body
