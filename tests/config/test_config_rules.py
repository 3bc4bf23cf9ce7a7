"""Faults of rules about series, the year and several conditions: the exact line, key and cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.loading import load

FaultsOf = Callable[..., list[str]]

RULES = "watchlists.us.rules"
SYMBOL = "write up to 32 letters, digits and ^ . = _ : / -"
KINDS = (
    "'all', 'any', 'breadth', 'ended', 'level', 'missing', 'provisional', 'record', 'summary', "
    "'threshold' or 'year-to-date'"
)
CONDITIONS = "'breadth', 'ended', 'level', 'record', 'threshold' or 'year-to-date'"
FORMS = "'ever', 'since YYYY-MM-DD', 'last N years', 'last N periods' or 'this year'"
NUMBER = "a number from -1000000000 to 1000000000"
UNUSED = "is used nowhere; name it in a pair, a rule or another series, or take it out"
CROSSES = "crosses: [1, 2]"

EDITED = {
    # levels
    "kind": (
        *("kind: level", "kind: lvel"),
        [f"11: {RULES}[0].kind: found 'lvel'; did you mean 'level'? write {KINDS}"],
    ),
    "misspelt series": (
        *("series: GAP, crosses: [", "series: gaps, crosses: ["),
        [
            f"11: {RULES}[0].series: there is no series 'gaps'; did you mean 'GAP'? if it is a "
            "symbol, add it to instruments"
        ],
    ),
    "misspelt series in a condition": (
        *("series: GAP, crosses: 1}", "series: GAPP, crosses: 1}"),
        [
            f"17: {RULES}[6].of[0].series: there is no series 'GAPP'; did you mean 'GAP'? if it "
            "is a symbol, add it to instruments"
        ],
    ),
    "no series": (
        *("series: GAP, crosses: [", "series: , crosses: ["),
        [f"11: {RULES}[0].series: found nothing; {SYMBOL}"],
    ),
    "misspelt scope": (
        *("highest: ever", "highest: forever"),
        [f"11: {RULES}[0].highest: found 'forever'; write {FORMS}"],
    ),
    "scope of no periods": (
        *("highest: ever", "highest: [ever, last 0 periods]"),
        [f"11: {RULES}[0].highest[1]: found 'last 0 periods'; write {FORMS}"],
    ),
    "scope that is a mapping": (
        *("highest: ever", "highest: {}"),
        [f"11: {RULES}[0].highest: found a mapping; write {FORMS}"],
    ),
    "scope since no day": (
        *("lowest: this year", "lowest: since 2000-02-30"),
        [f"11: {RULES}[0].lowest: there is no day 2000-02-30; write a date as YYYY-MM-DD"],
    ),
    "nothing to tell": (
        *(", highest: last 252 periods", ""),
        [f"12: {RULES}[1]: nothing to tell; add crosses, highest or lowest"],
    ),
    "age": (
        *("min_age: 5", "min_age: 0"),
        [f"11: {RULES}[0].min_age: found '0'; write a whole number of at least 1"],
    ),
    "direction of a level": (
        *("direction: rising", "direction: outperforming"),
        [
            f"12: {RULES}[1].direction: found 'outperforming'; write 'rising', 'falling' or 'any'",
        ],
    ),
    # breadths
    "percent": (
        *("at_least: 0.6", "at_least: 60%"),
        [f"13: {RULES}[2].at_least: found '60%'; write a number from 0 to 1"],
    ),
    "no share": (
        *(", at_least: 0.6", ""),
        [f"13: {RULES}[2]: one share is needed; write either at_least or at_most"],
    ),
    "two shares": (
        *("at_least: 0.6", "at_least: 0.6, at_most: 0.4"),
        [f"13: {RULES}[2]: one share is needed; write either at_least or at_most"],
    ),
    "misspelt share": (
        *("at_least: 0.6", "atleast: 0.6"),
        [f"13: {RULES}[2].atleast: unknown key; did you mean 'at_least'?"],
    ),
    "misspelt breadth": (
        *("series: UP, at_least", "series: UPP, at_least"),
        [f"13: {RULES}[2].series: there is no breadth 'UPP'; did you mean 'UP'?"],
    ),
    "breadth of a symbol": (
        *("series: UP, at_least", "series: SPX, at_least"),
        [
            f"13: {RULES}[2].series: there is no breadth 'SPX'; define it in series, of the kind "
            "breadth"
        ],
    ),
    "breadth of a spread": (
        *("series: UP, at_least", "series: GAP, at_least"),
        [
            f"13: {RULES}[2].series: GAP is a spread, not a breadth; use a rule of the kind level, "
            "or name a breadth"
        ],
    ),
    # the year to date, and before the close
    "no values": (
        *("crosses: 0.05", "crosses: []"),
        [f"14: {RULES}[3].crosses: found an empty list; write {NUMBER}, or a list of one or more"],
    ),
    "pair": (
        *("pair: MAG7/SPX", "pair: MAG/SPX"),
        [f"14: {RULES}[3].pair: there is no pair 'MAG/SPX'; did you mean 'MAG7/SPX'?"],
    ),
    "pair unlike any": (
        *("pair: MAG7/SPX", "pair: ''"),
        [f"14: {RULES}[3].pair: there is no pair ''; write 'MAG7/SPX'"],
    ),
    "pair that is a list": (
        *("pair: MAG7/SPX", "pair: [MAG7, SPX]"),
        [f"14: {RULES}[3].pair: found a list; write a text of up to 65 characters"],
    ),
    "pair of a rule before the close": (
        *("provisional, min_length: 5", "provisional, pair: SPX/MAG7"),
        [f"15: {RULES}[4].pair: there is no pair 'SPX/MAG7'; write 'MAG7/SPX'"],
    ),
    "how often before the close": (
        *("provisional, min_length: 5", "provisional, every: -1"),
        [f"15: {RULES}[4].every: found '-1'; write a number from 0 to 3600"],
    ),
    "margin before the close": (
        *("provisional, min_length: 5", "provisional, margin: 1.5"),
        [f"15: {RULES}[4].margin: found '1.5'; write a number from 0 to 1"],
    ),
    "pairs": (
        *("    pairs: [{asset: MAG7, benchmark: SPX}]\n", ""),
        [
            f"4: watchlists.us.series.MAG7: 'MAG7' {UNUSED}",
            f"13: {RULES}[3]: a rule about pairs, and there are none; add pairs",
        ],
    ),
    # rules on several conditions
    "no name": (
        *("name: one, ", ""),
        [
            f"16: {RULES}[5].name: missing; add it: what it is called in messages, such as "
            "divergence"
        ],
    ),
    "name": (
        *("name: one", "name: the one"),
        [
            f"16: {RULES}[5].name: found 'the one'; write a name of up to 64 letters, digits, _ . "
            "and -"
        ],
    ),
    "name twice": (
        *("name: two", "name: one"),
        [f"17: {RULES}[6].name: another rule is called 'one'; give each its own name"],
    ),
    "one condition": (
        *(", {kind: ended}]}\n      - {kind: any", "]}\n      - {kind: any"),
        [f"16: {RULES}[5].of: found a list; write a list of two or more"],
    ),
    "condition before the close": (
        *("at_most: 0.4}, {kind: ended}", "at_most: 0.4}, {kind: provisional}"),
        [f"16: {RULES}[5].of[1].kind: found 'provisional'; write {CONDITIONS}"],
    ),
    "condition of conditions": (
        *("at_most: 0.4}, {kind: ended}", "at_most: 0.4}, {kind: all, name: x, of: []}"),
        [f"16: {RULES}[5].of[1].kind: found 'all'; write {CONDITIONS}"],
    ),
    "condition that is a text": (
        *("at_most: 0.4}, {kind: ended}", "at_most: 0.4}, threshold"),
        [
            f"16: {RULES}[5].of[1]: found 'threshold'; did you mean 'threshold'? write below it: "
            f"kind ({CONDITIONS})"
        ],
    ),
    "misspelt key of a condition": (
        *("at_most: 0.4}, {kind: ended}", "at_most: 0.4}, {kind: ended, pare: x}"),
        [f"16: {RULES}[5].of[1].pare: unknown key; did you mean 'pair'?"],
    ),
    "pair of a condition": (
        *("at_most: 0.4}, {kind: ended}", "at_most: 0.4}, {kind: ended, pair: MAG7}"),
        [f"16: {RULES}[5].of[1].pair: there is no pair 'MAG7'; did you mean 'MAG7/SPX'?"],
    ),
    "breadth of a condition": (
        *("series: UP, at_most", "series: ALL, at_most"),
        [
            f"16: {RULES}[5].of[0].series: there is no breadth 'ALL'; define it in series, of the "
            "kind breadth"
        ],
    ),
    # periods
    "interval": (
        *("interval: 5m", "interval: 5min"),
        [
            "19: watchlists.us.interval: found '5min'; did you mean '5m'? write '1m', '5m', "
            "'15m', '30m', '1h' or '1d'"
        ],
    ),
    "nights of days": (
        *("interval: 5m", "interval: 1d"),
        [
            "20: watchlists.us.overnight: with the interval 1d every return is one of a night; "
            "write include, or a shorter interval"
        ],
    ),
    "overnight": (
        *("overnight: exclude", "overnight: exlude"),
        [
            "20: watchlists.us.overnight: found 'exlude'; did you mean 'exclude'? write 'include' "
            "or 'exclude'"
        ],
    ),
    "missing without a calendar": (
        *("overnight: exclude", "missing: break"),
        [
            "20: watchlists.us.missing: without a calendar nothing can be missing; write hold, or "
            "the exchange's MIC as calendar"
        ],
    ),
}
"""Name: what is replaced in the whole, by what, and the faults."""


@pytest.mark.parametrize(("old", "new", "expected"), EDITED.values(), ids=EDITED)
def test_a_wrong_rule_is_told_with_line_key_and_cure(
    old: str, new: str, expected: list[str], whole: str, faults_of: FaultsOf
) -> None:
    faults = faults_of(whole.replace(old, new, 1))
    assert faults == [f"streakwatch.yaml:{fault}" for fault in expected]


VALUES = {
    **dict.fromkeys(["nan", "inf", "-inf", "1e10", "0x10", "five"], f"write {NUMBER}"),
    **dict.fromkeys(["0.1234567"], "write at most six decimals"),
    **dict.fromkeys(["1E-400"], "write at most six decimals"),
}


@pytest.mark.parametrize("value", VALUES)
def test_a_number_that_no_close_could_be_is_a_fault(
    value: str, whole: str, faults_of: FaultsOf
) -> None:
    expected = f"11: {RULES}[0].crosses[1]: found '{value}'; {VALUES[value]}"
    faults = faults_of(whole.replace(CROSSES, f"crosses: [1, {value}]"))
    assert faults == [f"streakwatch.yaml:{expected}"]


@pytest.mark.parametrize(
    ("value", "what"), {"''": "an empty text", "[]": "an empty list", "{}": "a mapping"}.items()
)
def test_what_is_no_number_is_a_fault(
    value: str, what: str, whole: str, faults_of: FaultsOf
) -> None:
    (fault,) = faults_of(whole.replace(CROSSES, f"crosses: [1, {value}]"))
    assert fault == f"streakwatch.yaml:11: {RULES}[0].crosses[1]: found {what}; write {NUMBER}"


@pytest.mark.parametrize("value", ["nan", "inf", "-0.1", "1.1", "60", "''"])
def test_a_share_is_from_0_to_1(value: str, whole: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(whole.replace("at_least: 0.6", f"at_least: {value}"))
    assert fault.startswith(f"streakwatch.yaml:13: {RULES}[2].at_least: found ")
    assert fault.endswith("; write a number from 0 to 1")


MISSING = """\
watchlists:
  us:
    calendar: XNYS
    pairs: [{asset: RUT, benchmark: SPX}]
    rules:
      - {kind: missing, after: 15, symbols: [RUT, SPX]}
    targets: [desk]
targets: {desk: {url: "console://"}}
"""
WEEK = "write a number from 0 to 10080"

MISSED = {
    "no calendar": (
        *("    calendar: XNYS\n", ""),
        f"5: {RULES}[0]: without a calendar nothing can be missing; write the exchange's MIC, or "
        "24/7, as calendar",
    ),
    "nothing to miss": (
        *("    pairs: [{asset: RUT, benchmark: SPX}]\n", ""),
        f"5: {RULES}[0]: nothing that could be missing; add pairs",
    ),
    "misspelt symbol": (
        *("[RUT, SPX]", "[RUT, SPY]"),
        f"6: {RULES}[0].symbols[1]: nothing here needs closes of 'SPY'; did you mean 'SPX'?",
    ),
    "another symbol": (
        *("[RUT, SPX]", "DAX30"),
        f"6: {RULES}[0].symbols[0]: nothing here needs closes of 'DAX30'; write 'RUT' or 'SPX'",
    ),
    "symbol twice": (
        *("[RUT, SPX]", "[RUT, RUT]"),
        f"6: {RULES}[0].symbols[1]: 'RUT' is listed twice; keep one of the two",
    ),
    "before the end": ("15", "-1", f"6: {RULES}[0].after: found '-1'; {WEEK}"),
    "after more than a week": ("15", "10081", f"6: {RULES}[0].after: found '10081'; {WEEK}"),
    "no number": ("15", "nan", f"6: {RULES}[0].after: found 'nan'; {WEEK}"),
    "as a condition": (
        *("{kind: missing, after: 15, symbols: [RUT, SPX]}",
          "{kind: all, name: x, of: [{kind: ended}, {kind: missing}]}"),
        f"6: {RULES}[0].of[1].kind: found 'missing'; write {CONDITIONS}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISSED.values(), ids=MISSED)
def test_a_wrong_rule_on_missing_closes_is_told(
    old: str, new: str, expected: str, faults_of: FaultsOf
) -> None:
    assert faults_of(MISSING.replace(old, new, 1)) == [f"streakwatch.yaml:{expected}"]


def test_what_a_rule_on_missing_closes_asks_for(file: Path) -> None:
    """By default all that the watchlist needs, half an hour after the end; one or a list."""
    for text, expected in {
        "{kind: missing}": (30, []),
        "{kind: missing, after: 0.5, symbols: SPX}": (0.5, ["SPX"]),
    }.items():
        file.write_text(MISSING.replace("{kind: missing, after: 15, symbols: [RUT, SPX]}", text))
        (rule,) = load(file, {}).watchlists["us"].rules
        assert (rule.after, rule.symbols) == expected  # type: ignore[union-attr]


SUMMARY = """\
watchlists:
  us:
    calendar: XNYS
    pairs: [{asset: RUT, benchmark: SPX}]
    rules:
      - {kind: summary, at: close + 30m}
    targets: [desk]
targets: {desk: {url: "console://"}}
"""
AT = "open, close, a time from there such as close + 30m, or a time such as 18:00"

SUMMED_UP = {
    "no time": ("close + 30m", "noon", f"6: {RULES}[0].at: found 'noon'; write {AT}"),
    "no such time": ("close + 30m", "24:00", f"6: {RULES}[0].at: found '24:00'; write {AT}"),
    "a week too far": (
        *("30m", "169h"),
        f"6: {RULES}[0].at: 'close + 169h' is more than a week away; write at most 168h",
    ),
    "no sessions": (
        *("    calendar: XNYS\n", ""),
        f"5: {RULES}[0].at: a summary around sessions, and the calendar none has no sessions; "
        "write a time such as 18:00, or the exchange's MIC as calendar",
    ),
    "no pairs": (
        *("    pairs: [{asset: RUT, benchmark: SPX}]\n", ""),
        f"5: {RULES}[0]: a rule about pairs, and there are none; add pairs",
    ),
    "a zone for sessions": (
        *("close + 30m", "close + 30m, zone: UTC"),
        f"6: {RULES}[0].zone: zone is for a time of the day, and 'close + 30m' is around sessions; "
        "remove zone, or write a time such as 18:00",
    ),
    "weekdays for sessions": (
        *("close + 30m", "open, weekdays: fri"),
        f"6: {RULES}[0].weekdays: weekdays is for a time of the day, and 'open' is around "
        "sessions; remove weekdays, or write a time such as 18:00",
    ),
    "weeks by the clock": (
        *("close + 30m", '"18:00", every: week'),
        f"6: {RULES}[0].every: every week is for summaries around sessions; write weekdays, such "
        "as fri, or at: close + 30m",
    ),
    "a misspelt zone": (
        *("close + 30m", "18:00, zone: America/NewYork"),
        f"6: {RULES}[0].zone: unknown time zone 'America/NewYork'; did you mean "
        "'America/New_York'? write a zone such as America/New_York, or UTC",
    ),
    "a misspelt day": (
        *("close + 30m", "18:00, weekdays: friday"),
        f"6: {RULES}[0].weekdays: found 'friday'; write a day such as mon, or days such as "
        "mon-fri, or a list",
    ),
    "too many": (
        *("close + 30m", "close, most: 101"),
        f"6: {RULES}[0].most: found '101'; write a whole number from 1 to 100",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), SUMMED_UP.values(), ids=SUMMED_UP)
def test_a_wrong_rule_on_summaries_is_told(
    old: str, new: str, expected: str, faults_of: FaultsOf
) -> None:
    assert faults_of(SUMMARY.replace(old, new, 1)) == [f"streakwatch.yaml:{expected}"]


@pytest.mark.parametrize("at", ["18:00", '"18:00"', "08:05", "open", "close", "open - 30m"])
def test_a_time_needs_no_quotes(at: str, file: Path) -> None:
    file.write_text(SUMMARY.replace("close + 30m", at))
    (rule,) = load(file, {}).watchlists["us"].rules
    assert rule.at == at.strip('"')  # type: ignore[union-attr]
