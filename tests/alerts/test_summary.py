"""Several alerts in one message, as each family of channel writes it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from alerts import samples
from alerts.words.channels import USUAL, Channel, Family, Limits
from alerts.words.library import library
from alerts.words.summary import Part, summary
from alerts.words.writing import Words, words

KINDS = ["record.broken", "threshold", "ended"]
EVIL = "<img src=x onerror=y> <!channel> `x` [a](http://b)\r\nBcc: c@d.e {{ 7 * 191 }}"


def channel(family: Family) -> Channel:
    return Channel(family, USUAL[family])


def together(family: Family, *parts: Part) -> Words:
    return summary(parts, channel(family), locale="en_GB")[0]


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
    assert lines[-2:] == ["", "The whole of each: streakwatch alerts show ID"]


def test_the_example_of_the_documents() -> None:
    kinds = ("record.broken", "threshold")
    told = together(Family.PLAIN, *(Part(samples.of(kind), samples.NAMES) for kind in kinds))
    shown = (Path(__file__).parents[2] / "docs/messages.md").read_text()
    assert f"```text\n{told.body}\n```" in shown


BLOCKS = {
    "threshold": [
        "RUT beat SPX for the 10th session running: longest since 6 Jun 2008; record 16",
        "Russell 2000 (RUT) v S&P 500 (SPX), outperforming",
        "10 sessions, 2 Jan 2026 to 15 Jan 2026",
        "RUT +7.76%, SPX +1.45%, active +6.32 percentage points",
    ],
    "provisional": ["The streak: RUT +8.71%, SPX +0.44%, active +8.27 percentage points"],
    "correction": [
        "At the end of 15 Jan 2026 the streak was 6 sessions long, outperforming since 8 Jan 2026."
    ],
    "level.crossed": ["20.09 on 20 Jan 2026, up from 18.84"],
}


@pytest.mark.parametrize(("kind", "expected"), BLOCKS.items(), ids=BLOCKS)
def test_each_about_a_pair_has_its_returns_before_its_id(kind: str, expected: list[str]) -> None:
    told = together(Family.PLAIN, *parts(1), Part(replace(samples.of(kind), id="x"), samples.NAMES))
    lines = told.body.splitlines()
    at = lines.index("Alert x")
    assert lines[at - len(expected) : at] == expected


#: How many alerts a message tells with their returns, with when they were, and by titles alone.
ROOMS = {
    "Slack": (Channel(Family.SLACK, USUAL[Family.SLACK]), (9, 12, 24)),
    "Markdown": (Channel(Family.MARKDOWN, USUAL[Family.MARKDOWN]), (6, 8, 15)),
    "a telephone": (Channel(Family.PUSH, USUAL[Family.PUSH]), (0, 0, 9)),
    "an SMS of ten parts": (Channel(Family.PLAIN, Limits(0, 1600)), (5, 6, 12)),
}


@pytest.mark.parametrize(("channel", "rooms"), ROOMS.values(), ids=ROOMS)
def test_all_that_a_message_tells_is_told_whole(
    channel: Channel, rooms: tuple[int, int, int]
) -> None:
    """Returns go first, then all but the titles; what has no room then is for another message."""
    with_returns, with_dates, titles = rooms
    for count in range(1, 51):
        told, room = summary(parts(count), channel, locale="en_GB")
        assert room == min(count, titles)
        assert channel.limits.weight(told.body) <= channel.limits.body
        if channel.family is not Family.PUSH:
            found = re.findall(r"Alert a(\d+)$", told.body, re.M)
            assert found == [str(at) for at in range(room)]
            assert told.body.count("percentage points") == count * (count <= with_returns)
            assert told.body.count("2 Jan 2026 to") == room * (count <= with_dates)
        assert "…" not in told.body


def test_where_not_even_one_has_room_it_is_the_first() -> None:
    narrow = Channel(Family.PLAIN, Limits(0, 70))
    assert summary(parts(3), narrow, locale="en_GB")[1] == 1


def test_where_there_is_room_fifty_have_their_returns() -> None:
    told = together(Family.HTML, *parts(50))
    assert told.text.count("active") == 50
    assert told.text.count("Alert a") == 50


def test_words_of_ones_own_need_no_returns(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words/body.j2").write_text("One line.\nAnd an id.")
    ours = library("en_GB", tmp_path)
    told, _ = summary(parts(2), channel(Family.PLAIN), locale="en_GB", templates=ours)
    assert told.body.splitlines()[2:5] == [told.title.removesuffix(" (and 1 more)"), "One line.",
                                           "Alert a0"]  # fmt: skip


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
