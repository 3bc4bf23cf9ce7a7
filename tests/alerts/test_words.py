"""Words for each family: every sample, and hostile text that stays text."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import samples
from alerts.model import Alert
from alerts.words.channels import USUAL, Channel, Family, Limits, octets, units
from alerts.words.escapes import ESCAPES
from alerts.words.inert import LONGEST, inert, tame
from alerts.words.writing import Words, words

LOCALES = ["en_GB", "en_US", "de_DE", "fr_FR"]
EVIL = [
    '<script src="//x">1</script><img src=x onerror=y>', '" onmouseover="x', "<!channel> <!here>",
    "<@U123ABC> <#C1>", "<http://evil.example|click>", "`code` ```block```", "*b* _i_ ~s~ **B**",
    "[click](http://evil.example) ![x](http://y)", "@everyone @here @channel", "a\r\nBcc: x@y.z",
    "# head\n> quote\n- item", "\u202egnp.exe\u202c", "\u200b\u2060\ufeff", "\x1b[31mred\x1b[0m",
    "{{ 191 * 7 }}{% raw %}{# no #}", "\u2028line\u2029par\x85nel\x0bvt", "&lt;b&gt; &amp;",
    "www.evil.example", "mailto:x@y.z", "\u3164\u2800\u034f", "\\", "]]>-->", "x" * 100_000,
    "y " * 50_000, "1. one", "=====", "\x00",
]  # fmt: skip
FAMILIES = list(Family)


def usual(family: Family) -> Channel:
    return Channel(family, USUAL[family])


def told(kind: str, family: Family, locale: str = "en_GB") -> Words:
    return words(samples.of(kind), samples.NAMES, usual(family), locale=locale)


#: Texts that decide what an alert is; no feed writes them.
_OURS = {"id", "kind", "direction", "interval", "scope", "revision", "rule", "period", "start",
         "end", "ended", "value", "ties", "missing", "ended_by", "round_returns_to", "overnight",
         "known_from", "ratio_since"}  # fmt: skip


def poisoned(value: Any, text: str, name: str = "") -> Any:
    """The same alert, with a text in the place of each that a feed can write."""
    if type(value) is str:
        return value if name in _OURS or not value else text
    if isinstance(value, tuple):
        return tuple(poisoned(part, text) for part in value)
    if is_dataclass(value):
        parts = {f.name: poisoned(getattr(value, f.name), text, f.name) for f in fields(value)}
        return type(value)(**parts)  # type: ignore[arg-type]
    return value


def hostile(kind: str, text: str, family: Family) -> Words:
    alert: Alert = poisoned(samples.of(kind), text)
    return words(alert, {text: text}, usual(family), note=text)


class Elements(HTMLParser):
    """What an HTML text is made of."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, frozenset[str]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, frozenset(name for name, _ in attrs)))
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", samples.KINDS)
def test_every_sample_has_words(kind: str, family: Family, locale: str) -> None:
    message = told(kind, family, locale)
    assert message.title.isprintable()
    assert message.title
    assert message.headed == (family in (Family.MARKDOWN, Family.SLACK))
    assert samples.of(kind).id in message.body
    assert "None" not in message.title + message.body + message.text
    if family is not Family.HTML:
        assert not re.search(r"\n{3,}|[ \t]$|&#", message.body, re.M)


@pytest.mark.parametrize("kind", samples.KINDS)
def test_an_e_mail_is_whole_html_for_light_and_dark_with_a_plain_part(kind: str) -> None:
    message = told(kind, Family.HTML)
    page = Elements(message.body)
    assert message.body.startswith("<!DOCTYPE html>")
    assert page.open == []
    assert {"html", "head", "body", "title", "h1"} <= {tag for tag, _ in page.found}
    assert 'name="color-scheme" content="light dark"' in message.body
    assert "prefers-color-scheme: dark" in message.body
    assert not re.search(r"https?://|<script|<link|url\(", message.body)
    assert message.text == told(kind, Family.PLAIN).body


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("en_GB", "longest since 6 Jun 2008; record 16"),
        ("en_US", "longest since Jun 6, 2008; record 16"),
        ("de_DE", "longest since 06.06.2008; record 16"),
        ("fr_FR", "longest since 6 juin 2008; record 16"),
    ],
)
def test_dates_are_those_of_the_locale(locale: str, title: str) -> None:
    message = told("threshold", Family.PLAIN, locale)
    assert message.title == f"RUT beat SPX for the 10th session running: {title}"


@pytest.mark.parametrize(
    ("locale", "figures"),
    [
        ("en_GB", ["+9.81%", "+8.79 percentage", "2,398 outperforming"]),
        ("de_DE", ["+9,81 %", "+8,79 percentage", "2.398 outperforming"]),
        ("fr_FR", ["+9,81 %", "+8,79 percentage", "2 398 outperforming"]),
    ],
)
def test_numbers_are_those_of_the_locale(locale: str, figures: list[str]) -> None:
    body = told("record.extended", Family.PLAIN, locale).body
    assert [figure for figure in figures if figure not in body] == []


def test_a_push_has_a_title_a_line_and_the_id() -> None:
    for kind in samples.KINDS:
        lines = told(kind, Family.PUSH).body.splitlines()
        assert len(lines) == 2
        assert lines[-1] == f"Alert {samples.of(kind).id}"


def test_a_note_comes_first() -> None:
    body = words(samples.of("ended"), {}, note="It comes here instead.").body
    assert body.startswith("It comes here instead.\n\n")


# --- hostile text ---------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_hostile_text_is_on_one_line_and_short(text: str, family: Family) -> None:
    for kind in samples.KINDS:
        message = hostile(kind, text, family)
        assert message.title.isprintable()
        for line in (message.body + message.text).split("\n"):
            assert line.replace("\u200b", "").isprintable()
        limits = USUAL[family]
        assert limits.weight(message.body) <= limits.body
        assert limits.weight(message.title) <= (limits.title or 1000)
        assert "1337" not in message.title + message.body


@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_no_element_or_attribute_is_the_feeds(text: str) -> None:
    for kind in samples.KINDS:
        page, plain = (Elements(hostile(kind, one, Family.HTML).body) for one in (text, "plain"))
        assert set(page.found) <= set(plain.found) | {("td", frozenset({"class", "style"}))}
        assert page.open == []
        assert page.comments == plain.comments


def test_html_shows_what_was_written() -> None:
    page = Elements(hostile("threshold", "<b>&amp;</b>", Family.HTML).body)
    assert "<b>&amp;</b>" in "".join(page.text)


@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_slack_is_told_to_do_nothing(text: str) -> None:
    for kind in samples.KINDS:
        body = hostile(kind, text, Family.SLACK).body
        ours = re.sub(r"^> (?=.*watchlist)|^\*(?=.*\*$)|(?<=.)\*$", "", body, flags=re.M)
        assert not re.search(r"[<`]|>", ours.replace("&gt;", "").replace("&lt;", ""))
        assert not re.search(r"&(?!amp;|lt;|gt;)", body)
        assert not re.search(r"://|www\.|@(?!\u200b)", body)
        assert not re.search(r"(?<![A-Za-z0-9])[*_~](?!\u200b)\S", ours)


@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_markdown_means_nothing(text: str) -> None:
    """As CommonMark reads it, and with the links and mentions of chats."""
    from markdown import Markdown

    for kind in samples.KINDS:
        body = hostile(kind, text, Family.MARKDOWN).body
        md = Markdown()
        md.ESCAPED_CHARS = list(r"\`*_{}[]()>#+-.!~<|&=")
        tags = {tag for tag, _ in Elements(md.convert(body)).found}
        assert tags <= {"p", "strong", "ul", "li", "ol"}
        assert not re.search(r"://|www\.|@(?!\u200b)", body)
        assert not re.search(r"(?<!\\)[`<>|]", body)


def test_names_that_are_no_attack_stay_as_they_are() -> None:
    names = {"RUT": "US_10Y & Co", "SPX": "S&P 500*"}
    bodies = {f: words(samples.of("threshold"), names, usual(f)).body for f in Family}
    assert "US_10Y & Co (RUT)" in bodies[Family.PLAIN]
    assert "US_10Y &amp; Co (RUT)" in bodies[Family.SLACK]
    assert "US\\_10Y & Co (RUT)" in bodies[Family.MARKDOWN]
    assert "US_10Y &amp; Co (RUT)" in bodies[Family.HTML]


@given(st.text(max_size=400))
def test_inert_text_is_printable_and_short(text: str) -> None:
    assert inert(text).isprintable()
    assert len(inert(text)) <= LONGEST


def test_a_tame_alert_is_the_same_alert() -> None:
    for kind in samples.KINDS:
        assert tame(samples.of(kind)) == samples.of(kind)


@pytest.mark.parametrize("family", [one for one in FAMILIES if one is not Family.PLAIN])
@pytest.mark.parametrize("live", ["http://evil.example", "www.evil.example", "@everyone"])
def test_no_name_becomes_a_link_or_a_mention(family: Family, live: str) -> None:
    message = words(
        samples.of("summary"), {"RUT": live, "MDY": live}, Channel(family, USUAL[family])
    )
    named = words(replace(samples.of("threshold"), asset=live), {}, Channel(family, USUAL[family]))
    assert live not in message.body + named.body


# --- limits ---------------------------------------------------------------------------------


@given(
    st.sampled_from(samples.KINDS),
    st.sampled_from(FAMILIES),
    st.integers(1, 4000),
    st.sampled_from([0, 20, 250]),
    st.sampled_from([units, octets]),
    st.sampled_from(["RUT", "\U0001f600 & <b> *x* ", "a&b " * 40, "Ünïcödé_" * 30]),
)
def test_a_message_fits_and_nothing_is_cut(
    kind: str, family: Family, most: int, title: int, weight: Any, name: str
) -> None:
    channel = Channel(family, Limits(title, most, weight))
    names = dict.fromkeys(samples.NAMES, name)
    message = words(samples.of(kind), names, channel)
    whole = words(samples.of(kind), names, Channel(family, Limits(title, 10**9, weight)))
    assert weight(message.title) <= (title or 1000)
    if family is Family.HTML:
        assert Elements(message.body).open == []
        return  # a page has a size of its own, whatever is on it
    assert weight(message.body) <= most
    escape = ESCAPES[family]
    lines = escape(words(samples.of(kind), names).body)  # of a push another one may be shown
    pieces = set(re.findall(r"[^\s*]+", whole.body + "\n" + lines)) | {"•", "-", ">"}
    for piece in re.findall(r"[^\s*]+", message.body):
        assert piece in pieces or piece.rstrip("…") in {p.rstrip(" ,;:(") for p in pieces} | {""}


@pytest.mark.parametrize("family", [Family.PLAIN, Family.MARKDOWN, Family.SLACK])
def test_figures_go_before_the_first_line_and_the_id(family: Family) -> None:
    alert = samples.of("record.extended")
    whole = words(alert, samples.NAMES, Channel(family, Limits(0, 10_000)))
    assert "…" not in whole.body
    some = words(alert, samples.NAMES, Channel(family, Limits(0, 700)))
    assert "extends the record" in some.body
    assert "RUT +9.81%" in some.body
    assert "Evidence" not in some.body
    assert "…" in some.body
    assert some.body.splitlines()[-1].endswith(f"Alert {alert.id}, watchlist us, period 2026-01-23")
    few = words(alert, samples.NAMES, Channel(family, Limits(0, 160)))
    assert "extends the record" in few.body
    assert alert.id not in few.body
