"""What is to be seen, and what it is called in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from babel.localedata import locale_identifiers
from charts import BEFORE, END, NAMES, a_chart, a_tail, an_alert, weekdays

from alerts.evidence import Holder
from alerts.model import Kind, Milestone
from alerts.pictures import wording
from alerts.pictures.chart import Span, chart, clean
from alerts.pictures.tail import Tail
from alerts.words.locales import style
from streams.core.periods import from_text, to_text

NEAR = Holder(9, "2025-06-02", "2025-06-12")
HOSTILE = {
    "two\r\nlines": "two lines",
    "\u202egnp.exe": "gnp.exe",
    "a\u200bb\u2066c\u2069": "a b c",
    "\x1b[31mred\x00": "[31mred",
    "Z\u0335\u0321\u0322algo": "Z algo",
    "e\u0301": "\u00e9",
    "$\\frac{1}{2}$": "$\\frac{1}{2}$",
    "x" * 100_000: "x" * 39 + "…",
    "\u0301" * 100_000: "",
}


def test_the_streak_its_record_and_the_year_are_marked() -> None:
    made = a_chart(NEAR)
    assert made.streak == Span(from_text("2026-01-05"), END, 14)
    assert made.seen_record == Span(from_text(NEAR.start), from_text(NEAR.end), 9)
    assert made.year == from_text("2026-01-01")
    assert (made.names, made.symbols) == (("Russell 2000", "S&P 500"), ("RUT", "SPX"))
    assert a_chart(BEFORE).record == Span(from_text(BEFORE.start), from_text(BEFORE.end), 13)
    assert a_chart(BEFORE).seen_record is None


def test_the_year_to_date_is_measured_by_no_record() -> None:
    made = a_chart(milestone=Milestone(Kind.YEAR_TO_DATE, value="0.05", direction="rising"))
    assert (made.is_year, made.record) == (True, None)


def test_all_of_one_year_has_no_mark_for_it() -> None:
    made = chart(an_alert(), a_tail(10), NAMES)
    assert made is not None
    assert made.year is None


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": "retracted"},
        {"end": "2026-01-24"},
        {"start": "2026-01-23"},
    ],
)
def test_there_is_nothing_to_see_of_what_the_closes_do_not_bear_out(
    changes: dict[str, str],
) -> None:
    assert chart(an_alert(**changes), a_tail(), NAMES) is None


@pytest.mark.parametrize(("text", "expected"), HOSTILE.items(), ids=range(len(HOSTILE)))
def test_names_are_one_short_line_that_shows_itself(text: str, expected: str) -> None:
    assert clean(text, 40) == expected
    made = a_chart(names={"RUT": text})
    assert made.names == (expected, "SPX")


def test_the_words_of_a_picture() -> None:
    made = a_chart(NEAR)
    assert wording.title(made) == "Russell 2000 / S&P 500"
    assert wording.told(made) == "outperforming, 14 sessions: 5 Jan to 22 Jan 2026"
    assert wording.record(made) == "Record before: 9 sessions, ended 12 Jun 2025"
    assert wording.record(a_chart()) == (
        "Record before: 13 sessions, ended 6 Jun 2008 (not in the picture)"
    )
    assert wording.record(a_chart(None)) == ""


def test_the_alternative_text_says_what_is_to_be_seen() -> None:
    days = np.array(weekdays(20), np.int64)
    made = chart(an_alert(NEAR), Tail(days, np.linspace(0.36, 0.38, 20)), NAMES)
    assert made is not None
    assert wording.alternative(made) == (
        "Line chart of RUT divided by SPX, 26 Dec 2025 to 22 Jan 2026. "
        "Shaded: outperforming, 14 sessions: 5 Jan to 22 Jan 2026. "
        "The ratio went from 0.3653 to 0.38 over it; it lies between 0.36 and 0.38 in the whole "
        "picture. Record before: 9 sessions, ended 12 Jun 2025 (not in the picture)."
    )
    assert wording.alternative(a_chart(NEAR)).endswith("ended 12 Jun 2025, hatched.")


@pytest.mark.parametrize(
    ("first", "last", "interval", "expected"),
    [
        ("2026-01-02", "2026-01-22", "1d", "2 Jan to 22 Jan 2026"),
        ("2025-12-30", "2026-01-22", "1d", "30 Dec 2025 to 22 Jan 2026"),
        ("2026-01-22", "2026-01-22", "1d", "22 Jan 2026"),
        ("2026-01-22T14:30Z", "2026-01-22T15:05Z", "5m", "22 Jan 2026 14:30 to 15:05 UTC"),
        ("2026-01-21T20:55Z", "2026-01-22T15:05Z", "5m",
         "21 Jan 2026 20:55 to 22 Jan 2026 15:05 UTC"),
        ("2026-01-22T14:30Z", "2026-01-22T14:30Z", "5m", "22 Jan 2026 14:30 UTC"),
    ],
)  # fmt: skip
def test_spans_say_what_they_share_once(
    first: str, last: str, interval: str, expected: str
) -> None:
    span = Span(from_text(first, interval), from_text(last, interval), 2)
    assert wording.between(span, interval, style()) == expected


WRITTEN = {
    "en_GB": (
        "outperforming, 1,204 sessions: 5 Jan to 22 Jan 2026",
        "Record before: 9,001 sessions, ended 12 Jun 2025",
        "5 Feb 2025 to 22 Jan 2026", "from 0.3469 to 0.3597",
    ),
    "en_US": (
        "outperforming, 1,204 sessions: Jan 5 to Jan 22, 2026",
        "Record before: 9,001 sessions, ended Jun 12, 2025",
        "Feb 5, 2025 to Jan 22, 2026", "from 0.3469 to 0.3597",
    ),
    "de_DE": (
        "outperforming, 1.204 sessions: 05.01. to 22.01.2026",
        "Record before: 9.001 sessions, ended 12.06.2025",
        "05.02.2025 to 22.01.2026", "from 0,3469 to 0,3597",
    ),
    "fr_FR": (
        "outperforming, 1 204 sessions: 5 janv. to 22 janv. 2026",
        "Record before: 9 001 sessions, ended 12 juin 2025",
        "5 févr. 2025 to 22 janv. 2026", "from 0,3469 to 0,3597",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("locale", "expected"), WRITTEN.items(), ids=WRITTEN)
def test_numbers_and_dates_are_those_of_the_locale(
    locale: str, expected: tuple[str, str, str, str]
) -> None:
    held = replace(NEAR, length=9_001)
    made = chart(an_alert(held, length=1_204), a_tail(), NAMES, locale)
    assert made is not None
    told, record, span, ratios = expected
    assert (wording.told(made), wording.record(made)) == (told, record)
    said = wording.alternative(made)
    assert [part in said for part in (told, f"{record}, hatched", span, ratios)] == [True] * 4


TIMES = {
    "en_GB": "21 Jan 2026 20:55 to 22 Jan 2026 15:05 UTC",
    "en_US": "Jan 21, 2026 20:55 to Jan 22, 2026 15:05 UTC",
    "de_DE": "21.01.2026 20:55 to 22.01.2026 15:05 UTC",
    "fr_FR": "21 janv. 2026 20:55 to 22 janv. 2026 15:05 UTC",
}


@pytest.mark.parametrize(("locale", "expected"), TIMES.items(), ids=TIMES)
def test_times_of_the_day_stand_behind_the_dates_of_the_locale(locale: str, expected: str) -> None:
    ends = (from_text(text, "5m") for text in ("2026-01-21T20:55Z", "2026-01-22T15:05Z"))
    assert wording.between(Span(*ends, 2), "5m", style(locale)) == expected


def test_every_locale_has_days_and_months_that_turn_no_text() -> None:
    """And the day without its year is what the date begins with."""
    for locale in locale_identifiers():
        written = style(locale)
        date, day = written.date("2026-01-22"), written.day("2026-01-22")
        assert date.startswith(day), locale
        assert all(text and text.isprintable() for text in (*written.months, date, day)), locale
        assert len(written.months) == 12


def test_a_streak_that_begins_before_the_picture_is_told_in_whole() -> None:
    made = chart(an_alert(start=to_text(END - 1000), length=700), a_tail(20), NAMES)
    assert made is not None
    assert made.streak.first < made.periods[0]
    assert "700 sessions" in wording.alternative(made)


def test_a_streak_that_has_ended_is_told_up_to_its_end() -> None:
    days = np.array(weekdays(20), np.int64)
    ratio = np.linspace(0.36, 0.38, 20)
    ratio[-1] = 0.3
    alert = an_alert(end="2026-01-21", length=13, milestone=Milestone(Kind.ENDED, 13))
    made = chart(alert, Tail(days, ratio), NAMES)
    assert made is not None
    assert "went from 0.3653 to 0.3789 over it; it lies between 0.3 and" in (
        wording.alternative(made)
    )
