"""E-mails in HTML: nothing told twice, figures whole, and what mail programs need to show them."""

from __future__ import annotations

import re
from html import unescape
from itertools import product

import pytest

from alerts import samples
from alerts.words.channels import USUAL, Channel, Family
from alerts.words.escapes import html_text
from alerts.words.summary import Part, summary
from alerts.words.writing import words

HTML = Channel(Family.HTML, USUAL[Family.HTML])
NOTE = "TEST of the target desk: a sample."


def page(kind: str, note: str = "", locale: str = "en_GB") -> str:
    return words(samples.of(kind), samples.NAMES, HTML, locale=locale, note=note).body


def group() -> str:
    parts = [Part(samples.of(kind), samples.NAMES) for kind in samples.KINDS]
    return summary(parts, HTML, locale="en_GB")[0].body


def seen(body: str) -> list[str]:
    """What is to be read in a page, in its order; the first is what a list of mails shows of it."""
    texts = re.sub(r"<!--.*?-->", "", body.partition("<body")[2].partition(">")[2])
    found = (unescape(text).replace("\xa0", " ").strip() for text in re.split(r"<[^>]+>", texts))
    return [text for text in found if text]


@pytest.mark.parametrize("note", ["", NOTE])
@pytest.mark.parametrize("kind", samples.KINDS)
def test_nothing_is_there_twice(kind: str, note: str) -> None:
    _, *texts = seen(page(kind, note))
    long = [text for text in texts if len(text) > 12]
    assert sorted(set(long)) == sorted(long)
    assert texts.count(note) == (1 if note else 0)


@pytest.mark.parametrize("note", ["", NOTE])
@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("record.tied", "RUT +8.71%, SPX +0.44%, active +8.27 percentage points"),
        ("provisional", "The streak: RUT +8.71%, SPX +0.44%, active +8.27 percentage points"),
        ("level.crossed", "20.09 on 20 Jan 2026, up from 18.84"),
        ("breadth", "61.1% (22 of 36 members) on 20 Jan 2026, up from 44.4%"),
    ],
)
def test_what_the_tiles_say_is_no_line_as_well(kind: str, line: str, note: str) -> None:
    plain = words(samples.of(kind), samples.NAMES, note=note).body.splitlines()
    plain = [one for one in plain if one]
    _, *texts = seen(page(kind, note))
    assert line in plain
    assert [one for one in plain if one not in texts] == [line]


def test_a_level_has_its_change_among_its_figures() -> None:
    texts = seen(page("level.crossed", locale="de_DE"))
    at = texts.index("Before")
    assert texts[at - 2 : at + 4] == ["20.01.2026", "20,09", "Before", "18,84", "Change", "+1,25"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (page("record.tied"), "13 sessions, 2 Jan 2026 to 21 Jan 2026 · RUT +8.71%, SPX +0.44%"),
        (page("level.crossed"), "20.09 on 20 Jan 2026, up from 18.84 · As high last on"),
        (page("record.tied", NOTE), f"{NOTE} · 13 sessions, 2 Jan 2026 to 21 Jan 2026 · RUT"),
        (group(), "RUT beat SPX for the 15th session running: extends the record"),
    ],
    ids=["pair", "series", "note", "group"],
)
def test_a_list_of_mails_shows_the_figures_after_the_subject(body: str, expected: str) -> None:
    shown, *_ = seen(body)
    assert shown.startswith(expected)
    assert len(shown) < 300


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("of 1 204 300 values", "1 204 300"),
        ("at -0,12 % so far", "-0,12 %"),
        ("since 6 Jun 2008 or", "6 Jun 2008"),
        ("since 6 juin 2008 or", "6 juin 2008"),
        ("since Jun 6, 2008 or", "Jun 6, 2008"),
        ("since 22 janv. 2026, or", "22 janv. 2026"),
    ],
)
def test_no_line_ends_within_a_figure(text: str, kept: str) -> None:
    assert html_text(text) == text.replace(kept, kept.replace(" ", "&nbsp;"))


@pytest.mark.parametrize("text", ["on 3 of 36 members", "up 5 to 12", "a 20265 b", "12 or 2026"])
def test_other_spaces_let_a_line_end(text: str) -> None:
    assert html_text(text) == text


@pytest.mark.parametrize(
    "body", [*map(page, samples.KINDS), group()], ids=[*samples.KINDS, "group"]
)
def test_it_stands_without_the_styles_in_its_head(body: str) -> None:
    """Layout is by tables of a width, and what a class says in the dark is inline for the light."""
    shown = body.partition("</head>")[2]
    tags = re.findall(r"<(\w+)([^>]*)>", shown)
    assert {tag for tag, _ in tags} <= {"body", "table", "tr", "td", "div", "h1", "span"}
    for tag, attributes in tags:
        assert "class=" not in attributes or "style=" in attributes
        assert tag != "table" or re.search(r'role="presentation".* width="(100%|650)"', attributes)
    assert re.findall(r"<!--\[if mso\]>.*?<!\[endif\]-->", shown)[0].count('width="650"') == 1


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", ["record.tied", "correction"])
def test_words_stand_out_from_their_ground_in_the_light_and_in_the_dark(kind: str) -> None:
    """At least 4.5 to 1, as WCAG 2 has it for text."""
    body = page(kind)
    dark = body.partition("(prefers-color-scheme: dark)")[2].partition("@media")[0]
    rules = dict(re.findall(r"\.(\w+) \{ (.*?) \}", dark))
    inks = [rules[name].split()[1] for name in ("strong", "body", "muted", "up", "down")]
    grounds = [rules[name].split()[1] for name in ("card", "tile")]
    badge = re.findall("#[0-9a-f]{6}", rules["badge"])
    light = re.search(r'class="badge".*?background:(#\w+);color:(#\w+)', body)
    assert light is not None
    pairs = [*product(inks, grounds), tuple(badge), light.groups(),
             *product(("#111827", "#273142", "#586274", "#0b6bcb", "#b45309"),
                      ("#ffffff", "#f3f5f8"))]  # fmt: skip
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


@pytest.mark.parametrize("kind", ["record.tied", "threshold"])
def test_a_telephone_is_told_why_and_still_has_the_figures(kind: str) -> None:
    push = Channel(Family.PUSH, USUAL[Family.PUSH])
    alone, noted = (words(samples.of(kind), samples.NAMES, push, note=n).body for n in ("", NOTE))
    assert noted == f"{NOTE}\n{alone}"
