"""Messages: what each kind of milestone says, word for word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import samples
from alerts.evidence import Evidence, Holder, Missed, Rank
from alerts.model import Alert, Kind, Milestone
from alerts.rendering import render
from alerts.words.phrases import (
    digits,
    in_scope,
    lasting,
    left,
    number,
    of_scope,
    ordinal,
    percent,
    share,
)
from streams.core.aftermath import Followed, Outcome

NAMES = {"RUT": "Russell 2000", "SPX": "S&P 500"}
OF_2008 = Holder(13, "2008-05-20", "2008-06-06", "published")
OF_1996 = Holder(16, "1996-04-16", "1996-05-07")

TEN = replace(
    samples.of("threshold"),
    id="0123456789abcdef0123",
    watchlist="us",
    evidence=Evidence(
        0.07761, 0.01446, OF_2008, "2025-12-31", 10, True, "break", "", ("published",)
    ),
)
LAST = "Alert 0123456789abcdef0123, watchlist us, period 2026-01-15"


def an_alert(kind: Kind, level: int = 13, **changes: Any) -> Alert:
    record = kind.startswith("record.")
    scope, holder = ("since 2000-01-01", OF_2008) if record else ("", None)
    return replace(
        TEN, milestone=Milestone(kind, level, scope, holder), **({"length": level} | changes)
    )


def known(alert: Alert, **changes: Any) -> Alert:
    """The same alert on other evidence."""
    return replace(alert, evidence=replace(alert.evidence, **changes))


def without_context(alert: Alert) -> Alert:
    return known(alert, longest_since=None, begins_known=False, seeds=())


def body(alert: Alert) -> list[str]:
    return render(alert, NAMES).body.splitlines()


ALL_TIED = an_alert(Kind.RECORD_TIED, 16)
ALL_TIED = replace(ALL_TIED, milestone=replace(ALL_TIED.milestone, scope="all", holder=OF_1996))
RAN_SINCE = "RUT beat SPX for the 10th session running: longest since 6 Jun 2008"

TITLES = {
    "threshold": (TEN, RAN_SINCE),
    "threshold, late": (replace(TEN, late=True), f"Late: {RAN_SINCE}"),
    "threshold, nothing known": (without_context(TEN), "RUT beat SPX for the 10th session running"),
    "underperforming": (
        without_context(replace(TEN, direction="underperforming")),
        "RUT lagged SPX for the 10th session running",
    ),
    "first": (
        without_context(an_alert(Kind.THRESHOLD, 1)),
        "RUT beat SPX for the 1st session running",
    ),
    "tied": (
        an_alert(Kind.RECORD_TIED),
        "RUT beat SPX for the 13th session running: "
        "ties the record since 1 Jan 2000 (13, ended 6 Jun 2008)",
    ),
    "tied, of all": (
        ALL_TIED,
        "RUT beat SPX for the 16th session running: "
        "ties the record of all known history (16, ended 7 May 1996)",
    ),
    "broken": (
        known(an_alert(Kind.RECORD_BROKEN, 14), longest_since=OF_1996),
        "RUT beat SPX for the 14th session running: "
        "breaks the record since 1 Jan 2000 (13, ended 6 Jun 2008); longest since 7 May 1996",
    ),
    "broken, late, nothing longer": (
        replace(without_context(an_alert(Kind.RECORD_BROKEN, 14)), late=True),
        "Late: RUT beat SPX for the 14th session running: "
        "breaks the record since 1 Jan 2000 (13, ended 6 Jun 2008)",
    ),
    "ended": (
        an_alert(Kind.ENDED, 14),
        "RUT's streak against SPX ended at 14 sessions, the longest since 6 Jun 2008",
    ),
    "ended, late": (
        an_alert(Kind.ENDED, 2, late=True),
        "Late: RUT's streak against SPX ended at 2 sessions, the longest since 6 Jun 2008",
    ),
    "ended at one": (
        an_alert(Kind.ENDED, 1),
        "RUT's streak against SPX ended at 1 session, the longest since 6 Jun 2008",
    ),
    "approached": (
        an_alert(Kind.RECORD_APPROACHED, 11),
        "RUT beat SPX for the 11th session running: 2 short of the record since 1 Jan 2000 "
        "(13, ended 6 Jun 2008)",
    ),
    "extended": (
        an_alert(Kind.RECORD_EXTENDED, 15),
        "RUT beat SPX for the 15th session running: extends the record since 1 Jan 2000 "
        "(13, ended 6 Jun 2008); longest since 6 Jun 2008",
    ),
    "sessions missing": (
        known(TEN, missed=(Missed("2026-01-05", ("SPX",)),)),
        "RUT beat SPX for the 10th session running (1 missing): longest since 6 Jun 2008",
    ),
    "of the last years": (
        replace(TEN, milestone=Milestone(Kind.RECORD_TIED, 13, "last 20 years", OF_2008)),
        "RUT beat SPX for the 13th session running: ties the record of the last 20 years "
        "(13, ended 6 Jun 2008)",
    ),
    "of this year": (
        replace(TEN, milestone=Milestone(Kind.RECORD_TIED, 13, "this year", OF_2008)),
        "RUT beat SPX for the 13th session running: ties the record of this year "
        "(13, ended 6 Jun 2008)",
    ),
    "correction": (
        an_alert(Kind.CORRECTION, 12, late=True, follows="abc"),
        "Correction: RUT v SPX, what was told of the 12th session (15 Jan 2026) no longer holds",
    ),
    "correction of an end": (
        an_alert(Kind.CORRECTION, 3, late=True, also=(Milestone(Kind.ENDED, 3),)),
        "Correction: RUT v SPX, the streak's end at 3 sessions (15 Jan 2026) no longer holds",
    ),
}


@pytest.mark.parametrize(("alert", "title"), TITLES.values(), ids=TITLES)
def test_titles(alert: Alert, title: str) -> None:
    assert render(alert, NAMES).title == title


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Kind.RECORD_TIED, "Record since 1 Jan 2000 before this streak: "
         "13, 20 May 2008 to 6 Jun 2008 [published]"),
        (Kind.THRESHOLD, "Longest since the 13 that ended 6 Jun 2008 [published]"),
    ],
)  # fmt: skip
def test_one_earlier_streak_is_told_once(kind: Kind, line: str) -> None:
    lines = body(an_alert(kind))
    assert line in lines
    assert sum("6 Jun 2008" in one for one in lines) == 1


def test_what_the_title_says_is_not_among_the_others() -> None:
    others = (
        Milestone(Kind.RECORD_TIED, 13, "all", OF_1996),
        Milestone(Kind.THRESHOLD, 13),
        Milestone(Kind.CONFIRMED, 13),
    )
    also = [line for line in body(an_alert(Kind.RECORD_TIED, also=others)) if "Also" in line]
    assert also == ["Also: ties the record of all known history (16, ended 7 May 1996)"]


def test_a_record_that_may_have_been_longer_says_so() -> None:
    milestone = replace(ALL_TIED.milestone, holder=replace(OF_1996, begins_known=True))
    assert "That record begins with the first return known, so it may have been longer." in (
        body(replace(ALL_TIED, milestone=milestone))
    )


def test_what_is_told_late_says_so() -> None:
    message = render(replace(TEN, late=True), NAMES)
    assert message.body.splitlines()[2] == (
        "Told after the fact: a corrected or late close brought it about."
    )
    assert message.failure
    assert not render(TEN, NAMES).failure


@pytest.mark.parametrize(
    ("length", "end", "line"),
    [
        (1, "2026-01-02", "1 session, 2 Jan 2026"),
        (2, "2026-01-05", "2 sessions, 2 Jan 2026 to 5 Jan 2026"),
    ],
)
def test_singular_and_plural(length: int, end: str, line: str) -> None:
    assert body(replace(TEN, length=length, end=end))[1] == line


@pytest.mark.parametrize("names", [{}, {"RUT": "RUT"}])
def test_symbols_without_a_name_stand_for_themselves(names: dict[str, str]) -> None:
    assert render(TEN, names).body.splitlines()[0] == "RUT v SPX, outperforming"


def test_rounding_and_seeds_are_told() -> None:
    alert = known(TEN, round_returns_to="1/10000", seeds=("a", "b"), ties="skip")
    expected = "ties skip; returns rounded to 0.01%; published records: a, b"
    assert body(alert)[-3].endswith(expected)


@pytest.mark.parametrize(
    ("closes", "words"),
    [
        (("price", "price"), "price closes of both from"),
        (("total return", "total return"), "total return closes of both from"),
        (("number", "number"), "published numbers of both from"),
        (("price", "total return"), "RUT price closes, SPX total return closes, both from"),
        (
            ("equal-weight basket of 7 (price)", "price"),
            "RUT equal-weight basket of 7 (price), SPX price closes, both from",
        ),
        (
            ("price-weight basket of 2 (price)", "price-weight basket of 2 (price)"),
            "RUT price-weight basket of 2 (price), SPX price-weight basket of 2 (price), both from",
        ),
    ],
)
def test_what_the_closes_are_is_told(closes: tuple[str, str], words: str) -> None:
    alert = known(TEN, asset_closes=closes[0], benchmark_closes=closes[1])
    assert body(alert)[-3].startswith(f"Evidence: {words} 31 Dec 2025")


# --- where there is enough to say -------------------------------------------------------------

RANK = Rank(3, 130, 0, 3, 0.0021)
OUTCOMES = (Outcome(0.012, 0.75), Outcome(0.008, 0.5), Outcome(0.0035, 0.625))
RAN = known(TEN, known_returns=252, ratio=0.386111, rsi_14=71.6, rank=RANK)


def with_word(alert: Alert, word: str) -> list[str]:
    return [line for line in body(alert) if word in line]


@pytest.mark.parametrize(("of", "told"), [(29, False), (30, True)])
def test_a_rank_among_few_is_not_told(of: int, told: bool) -> None:
    line = "3rd longest of 30 outperforming streaks since 31 Dec 2025; 3 reached 10 (10%; " \
        "independent signs: 0.21%)"  # fmt: skip
    assert with_word(known(RAN, rank=replace(RANK, of=of)), "independent") == [line] * told


@pytest.mark.parametrize(
    ("shared", "words"),
    [(0, "31 Dec 2025; "), (1, "31 Dec 2025 (1 other as long); "), (2, "(2 others as long); ")],
)
def test_those_as_long_are_counted(shared: int, words: str) -> None:
    (line,) = with_word(known(RAN, rank=replace(RANK, shared=shared)), "independent")
    assert words in line


@pytest.mark.parametrize(("count", "overlapping", "told"), [(4, 0, 0), (5, 1, 0), (8, 3, 1)])
def test_what_followed_few_is_not_told(count: int, overlapping: int, told: int) -> None:
    """Of windows that overlap only the first stands by itself."""
    line = "21 sessions after the end of 8 outperforming streaks of 10 or more (3 overlapping): " \
        "active median +0.35 percentage points, above zero in 5 of 8; medians RUT +1.20%, " \
        "SPX +0.80%"  # fmt: skip
    followed = (Followed(21, count, overlapping, *OUTCOMES),)
    assert with_word(known(RAN, followed=followed), "after the end") == [line] * told


@pytest.mark.parametrize(("returns", "told"), [(29, 0), (30, 1)])
def test_the_ratio_of_a_short_history_is_not_told(returns: int, told: int) -> None:
    line = "Ratio 0.38611, highest since 31 Dec 2025; RSI(14) 72 (overbought)"
    assert with_word(known(RAN, known_returns=returns), "Ratio") == [line] * told


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"ratio_since": "2024-11-25"}, "Ratio 0.38611, as high last on 25 Nov 2024; RSI(14) 72 "
         "(overbought)"),
        ({"rsi_14": None}, "Ratio 0.38611, highest since 31 Dec 2025"),
        ({"rsi_14": 69.4}, "Ratio 0.38611, highest since 31 Dec 2025; RSI(14) 69"),
        ({"rsi_14": 69.6}, "Ratio 0.38611, highest since 31 Dec 2025; RSI(14) 70 (overbought)"),
        ({"rsi_14": 30.4}, "Ratio 0.38611, highest since 31 Dec 2025; RSI(14) 30 (oversold)"),
        ({"rsi_14": 0.0}, "Ratio 0.38611, highest since 31 Dec 2025; RSI(14) 0 (oversold)"),
    ],
)  # fmt: skip
def test_the_ratio(changes: dict[str, Any], line: str) -> None:
    assert with_word(known(RAN, **changes), "Ratio") == [line]


def test_the_ratio_of_an_underperforming_streak_is_low() -> None:
    alert = known(replace(RAN, direction="underperforming"), ratio_since="2024-11-25", rsi_14=50.0)
    assert with_word(alert, "Ratio") == ["Ratio 0.38611, as low last on 25 Nov 2024; RSI(14) 50"]
    never = known(alert, ratio_since=None)
    assert with_word(never, "Ratio") == ["Ratio 0.38611, lowest since 31 Dec 2025; RSI(14) 50"]


@pytest.mark.parametrize(("way", "since"), [("rising", ", highest since 31 Dec 2025"),
                                            ("falling", "")])  # fmt: skip
def test_a_ratio_that_turns_back_is_compared_with_nothing(way: str, since: str) -> None:
    ended = replace(RAN, milestone=Milestone(Kind.ENDED, 10))
    assert with_word(ended, "Ratio") == ["Ratio 0.38611; RSI(14) 72 (overbought)"]
    year = Milestone(Kind.YEAR_TO_DATE, value="0.05", direction=way)
    assert with_word(replace(RAN, milestone=year), "Ratio") == [
        f"Ratio 0.38611{since}; RSI(14) 72 (overbought)"
    ]


LONG, BEFORE = (
    Holder(16, "1996-04-16", "1996-05-07", "a book"),
    Holder(12, "1991-01-02", "1991-01-17"),
)


@pytest.mark.parametrize(
    ("alert", "lines"),
    [
        (known(TEN, record=LONG), ["Record before this streak: 16, 16 Apr 1996 to 7 May 1996 "
                                   "[a book]; 6 more to tie it"]),
        (known(replace(TEN, length=17), record=LONG),
         ["Record before this streak: 16, 16 Apr 1996 to 7 May 1996 [a book]"]),
        (known(TEN, record=LONG, longest_since=LONG),
         ["The 16 is the record before this streak; 6 more to tie it"]),
        (known(an_alert(Kind.ENDED), record=LONG),
         ["Record before this streak: 16, 16 Apr 1996 to 7 May 1996 [a book]"]),
        (known(an_alert(Kind.ENDED), record=LONG, longest_since=LONG), []),
        (known(an_alert(Kind.RECORD_BROKEN, 14), record=LONG, longest_since=LONG), []),
        (known(an_alert(Kind.RECORD_TIED), record=OF_2008), []),
        (known(an_alert(Kind.RECORD_TIED), record=LONG), ["Record before this streak: 16, "
         "16 Apr 1996 to 7 May 1996 [a book]; 3 more to tie it"]),
        (known(an_alert(Kind.RECORD_TIED), record=OF_2008, record_before=BEFORE),
         ["Before the 13 that ended 6 Jun 2008 the record was 12, 2 Jan 1991 to 17 Jan 1991"]),
    ],
)  # fmt: skip
def test_the_record_is_told_once(alert: Alert, lines: list[str]) -> None:
    found = [line for line in body(alert) if "ecord" in line]
    of_scope = "Record since 1 Jan 2000 before this streak"
    assert [x for x in found if "published" not in x and not x.startswith(of_scope)] == lines


@pytest.mark.parametrize(
    ("years", "told"),
    [
        ((None, None), []),
        ((0.07761, 0.01446), []),  # the streak is the year so far
        ((-0.0312, 0.02), ["Year to date: RUT -3.12%, SPX +2.00%, active -5.12 percentage points"]),
    ],
)
def test_the_year_to_date_is_told_where_it_is_another(
    years: tuple[float | None, float | None], told: list[str]
) -> None:
    alert = known(TEN, asset_year_return=years[0], benchmark_year_return=years[1])
    assert with_word(alert, "Year to date") == told


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (9, "9th"), (10, "10th")),
        *((11, "11th"), (12, "12th"), (13, "13th"), (14, "14th"), (20, "20th"), (21, "21st")),
        *((22, "22nd"), (23, "23rd"), (24, "24th"), (100, "100th"), (101, "101st")),
        *((102, "102nd"), (103, "103rd"), (111, "111th"), (112, "112th"), (113, "113th")),
        *((121, "121st"), (0, "0th")),
    ],
)
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0 s"), (59, "59 s"), (60, "1 min"), (1805, "30 min"), (3599, "59 min")),
        *((3600, "1 h"), (7800, "2 h 10 min"), (86_399, "23 h 59 min"), (86_400, "1 d")),
        *((86_460, "1 d"), (97_200, "1 d 3 h"), (866_000, "10 d")),
    ],
)
def test_lengths_of_time(seconds: int, text: str) -> None:
    assert lasting(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (1559, "25 minutes"),
        (7200, "2 hours"),
        (7860, "2 hours 11 minutes"),
        (90_061, "1 day 1 hour"),
        (172_860, "2 days"),
    ],
)
def test_what_is_left_in_words(seconds: int, text: str) -> None:
    assert left(seconds) == text


@pytest.mark.parametrize(
    ("scope", "highest", "record"),
    [
        ("all", "in all known history", "of all known history"),
        ("since 2020-01-02", "since 2 Jan 2020", "since 2 Jan 2020"),
        ("this year", "this year", "of this year"),
        ("last 1 years", "in 1 year", "of the last year"),
        ("last 10 years", "in 10 years", "of the last 10 years"),
        ("last 1 periods", "in 1 session", "of the last session"),
        ("last 1200 periods", "in 1,200 sessions", "of the last 1,200 sessions"),
    ],
)
def test_scopes(scope: str, highest: str, record: str) -> None:
    assert (in_scope(scope, "session"), of_scope(scope, "session")) == (highest, record)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        *((0.0, "0%"), (1.0, "100%"), (0.6, "60%"), (22 / 36, "61.1%"), (0.0312, "3.1%")),
        *((0.00346, "0.35%"), (0.000123, "0.012%"), (0.0001, "0.01%")),
        *((0.00009, "less than 0.01%"), (1e-30, "less than 0.01%")),
    ],
)
def test_shares(fraction: float, text: str) -> None:
    assert share(fraction) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((6913.35, "6913.35"), (20.0, "20"), (0.0, "0"), (-0.0, "0"), (-1.25, "-1.25")),
        *((0.386111111, "0.38611"), (1.08345, "1.08345"), (0.00017511, "0.0001751")),
        *((1e-9, "0.000000001"), (1234567.89, "1234568"), (123456789.5, "123456790")),
        *((5e11, "500000000000"), (100000.0, "100000"), (-0.004, "-0.004")),
    ],
)
def test_values_of_series(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "places", "shown"),
    [
        *(("20.0", 0, "20"), ("0.05", 2, "5"), ("-0.0525", 2, "-5.25"), ("1E+3", 0, "1000")),
        *(("0", 2, "0"), ("-0", 2, "0"), ("0.333333", 2, "33.3333"), ("100", 0, "100")),
    ],
)
def test_limits_have_the_digits_that_were_written(text: str, places: int, shown: str) -> None:
    assert digits(text, places) == shown


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0954, "+9.54%"), (-0.0954, "-9.54%"), (0.0, "+0.00%"), (1.5, "+150.00%")],
)
def test_percentages(fraction: float, text: str) -> None:
    assert percent(fraction) == text


HOSTILE = "a\nb\r\n<script>alert(1)</script> {{7*7}} {% raw %} ${HOME}"


def hostile(text: str) -> Alert:
    holder = replace(OF_2008, source=text)
    return replace(
        TEN,
        milestone=Milestone(Kind.RECORD_BROKEN, 14, "all", holder),
        also=(Milestone(Kind.THRESHOLD, 14, text),),
        evidence=replace(TEN.evidence, longest_since=holder, seeds=(text,)),
    )


def test_hostile_text_is_inert() -> None:
    message = render(hostile(HOSTILE), {"RUT": HOSTILE, "SPX": HOSTILE})
    assert "{{7*7}}" in message.body
    assert "49" not in message.body
    assert "<script>" in message.body  # plain text: for the target to show as it is
    assert "\n" not in message.title


def test_a_source_cannot_write_lines_of_its_own() -> None:
    """A line break in it would let a source pass for a statement of ours."""
    for alert in (hostile("x\nEvidence: all is well"), hostile("x\u2028Evidence: all is well")):
        lines = render(alert, {"RUT": "R\nEvidence: all is well"}).body.splitlines()
        assert sum(line.startswith("Evidence:") for line in lines) == 1


@given(st.text(max_size=60))
def test_any_text_leaves_the_title_one_line(text: str) -> None:
    alert = replace(hostile(text), asset=text, benchmark=text, watchlist=text, id=text)
    message = render(alert, {text: text})
    assert len(message.title.splitlines()) == 1


@pytest.mark.parametrize(
    ("days", "symbols", "line"),
    [
        ((5,), ("RUT",), "1 session of the calendar within the streak without a close of both, "
               "not counted: 5 Jan 2026 (no RUT)"),
        ((5, 6), ("RUT", "SPX"), "2 sessions of the calendar within the streak without a close "
         "of both, not counted: 5 Jan 2026 (no RUT, SPX), 6 Jan 2026 (no RUT, SPX)"),
        ((5,), tuple("ABCDEFG"), "1 session of the calendar within the streak without a close of "
         "both, not counted: 5 Jan 2026 (no A, B, C, D, E and 2 more)"),
        ((5, 6, 7, 8, 9, 12), (), "6 sessions of the calendar within the streak without a close "
         "of both, not counted: 5 Jan 2026, 6 Jan 2026, 7 Jan 2026, 8 Jan 2026, 9 Jan 2026 …"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told(
    days: tuple[int, ...], symbols: tuple[str, ...], line: str
) -> None:
    missed = tuple(Missed(f"2026-01-{day:02}", symbols) for day in days)
    assert line in body(known(TEN, missed=missed))


@pytest.mark.parametrize(
    ("ended_by", "words"),
    [
        ("return", "(ended by the close of 15 Jan 2026)"),
        ("tie", "(ended by the tie of 15 Jan 2026)"),
        ("missing", "(ended by what is missing before 15 Jan 2026)"),
    ],
)
def test_what_ended_a_streak_is_told(ended_by: str, words: str) -> None:
    assert words in body(known(an_alert(Kind.ENDED), ended_by=ended_by))[1]
