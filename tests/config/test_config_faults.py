"""Faults of the watchlists: the exact line, key and cure of each kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

FaultsOf = Callable[..., list[str]]

PAIR = "{asset: RUT, benchmark: SPX}"
RULE = "{kind: threshold, at: 10}"
DAYS = "start: 2008-05-20, end: 2008-06-06"
RULES = "watchlists.us.rules"
SYMBOL = "write up to 32 letters, digits and ^ . = _ : / -"
NAME = "a name of up to 64 letters, digits, _ . and -"
KINDS = (
    "'all', 'any', 'breadth', 'ended', 'level', 'missing', 'provisional', 'record', 'summary', "
    "'threshold' or 'year-to-date'"
)
LENGTHS = "the lengths, in periods, that are told: one number or a list"


def record(inside: str) -> str:
    return f"{{asset: RUT, benchmark: SPX, records: [{{{inside}}}]}}"


EDITED = {
    # unknown and missing keys
    "misspelt key": (
        *(RULE, "{kind: threshold, at: 10, diretcion: any}"),
        [f"6: {RULES}[0].diretcion: unknown key; did you mean 'direction'?"],
    ),
    "misspelt required key": (
        *(RULE, "{kind: threshold, att: 10}"),
        [
            f"6: {RULES}[0].at: missing; add it: {LENGTHS}",
            f"6: {RULES}[0].att: unknown key; did you mean 'at'?",
        ],
    ),
    "unknown key": (
        *(RULE, "{kind: ended, whatsoever: 10}"),
        [f"6: {RULES}[0].whatsoever: unknown key; allowed here: direction, pair, kind, min_length"],
    ),
    "key that is a tag of the union": (
        *(RULE, "{kind: ended, ended: 10}"),
        [f"6: {RULES}[0].ended: unknown key; allowed here: direction, pair, kind, min_length"],
    ),
    "missing key": (
        *(PAIR, "{asset: RUT}"),
        [
            "4: watchlists.us.pairs[0].benchmark: missing; add it: the symbol that it is measured "
            "against"
        ],
    ),
    "empty target": (
        *("    url: console://\n", "    {}\n"),
        [
            "9: targets.desk.url: missing; add it: an apprise URL, console:// or "
            "webhooks:// ; ${NAME} is from the environment or a file"
        ],
    ),
    # kinds
    "wrong kind": (
        *(RULE, "{kind: treshold, at: 10}"),
        [f"6: {RULES}[0].kind: found 'treshold'; did you mean 'threshold'? write {KINDS}"],
    ),
    "kind that is a list": (
        *(RULE, "{kind: []}"),
        [f"6: {RULES}[0].kind: found an empty list; write {KINDS}"],
    ),
    "no kind": (
        *(RULE, "{at: 10}"),
        [f"6: {RULES}[0].kind: missing; write one of {KINDS}"],
    ),
    "rule that is a text": (
        *(RULE, "threshold"),
        [
            f"6: {RULES}[0]: found 'threshold'; did you mean 'threshold'? write below it: kind "
            f"({KINDS})"
        ],
    ),
    # values
    "wrong choice": (
        *("    rules", "    ties: brek\n    rules"),
        [
            "5: watchlists.us.ties: found 'brek'; did you mean 'break'? write 'break', 'extend' or "
            "'skip'"
        ],
    ),
    "choice in a list": (
        *(RULE, "{kind: record, on: [tie]}"),
        [
            f"6: {RULES}[0].on[0]: found 'tie'; did you mean 'tied'? "
            "write 'approached', 'tied', 'broken' or 'extended'"
        ],
    ),
    "choice in place of a list": (
        *(RULE, "{kind: record, on: ends}"),
        [
            f"6: {RULES}[0].on: found 'ends'; write 'approached', 'tied', 'broken' or 'extended', "
            "or a list of one or more"
        ],
    ),
    "number that is a text": (
        *(RULE, "{kind: ended, min_length: ten}"),
        [f"6: {RULES}[0].min_length: found 'ten'; write a whole number of at least 1"],
    ),
    "fraction of a period": (
        *(RULE, "{kind: threshold, at: [9, 10.5]}"),
        [f"6: {RULES}[0].at[1]: found '10.5'; write a whole number of at least 1"],
    ),
    "truth value": (
        *(RULE, "{kind: ended, min_length: true}"),
        [f"6: {RULES}[0].min_length: found 'true'; write a whole number of at least 1"],
    ),
    "threshold twice": (
        *(RULE, "\n          kind: threshold\n          at:\n          - 7\n          - 7"),
        [f"10: {RULES}[0].at[1]: '7' is listed twice; keep one of the two"],
    ),
    "no thresholds": (
        *(RULE, "{kind: threshold, at: []}"),
        [
            f"6: {RULES}[0].at: found an empty list; write a whole number of at least 1, or a list "
            "of one or more"
        ],
    ),
    "scope": (
        *(RULE, "{kind: record, scopes: [all, since 2000]}"),
        [f"6: {RULES}[0].scopes[1]: found '2000'; write a date as YYYY-MM-DD"],
    ),
    "scope without since": (
        *(RULE, "{kind: record, scopes: everything}"),
        [
            f"6: {RULES}[0].scopes: found 'everything'; "
            "write 'all', 'since YYYY-MM-DD', 'last N years' or 'this year'"
        ],
    ),
    "symbol": (
        *("RUT", '"R UT"'),
        [f"4: watchlists.us.pairs[0].asset: found 'R UT'; {SYMBOL}"],
    ),
    "symbol that is a list": (
        *("RUT", "[RUT]"),
        [f"4: watchlists.us.pairs[0].asset: found a list; {SYMBOL}"],
    ),
    "name of a watchlist": (
        *("  us:", "  u s:"),
        [f"2: watchlists.u s: a name that cannot be used; call it by {NAME}"],
    ),
    "control characters": (
        *("RUT", r'"R\e[1m\n\u202eUT"'),
        [rf"4: watchlists.us.pairs[0].asset: found 'R\x1b[1m\n\u202eUT'; {SYMBOL}"],
    ),
    "long text": (
        *("RUT", "R" * 100),
        [f"4: watchlists.us.pairs[0].asset: found '{'R' * 59}…'; {SYMBOL}"],
    ),
    "one leg": (
        *("SPX", "RUT"),
        ["4: watchlists.us.pairs[0]: asset and benchmark are both 'RUT'; a pair needs two symbols"],
    ),
    "pair twice": (
        *(PAIR, f"{PAIR}\n      - {PAIR}"),
        ["5: watchlists.us.pairs[1]: RUT against SPX is listed twice; keep one of the two"],
    ),
    "record that ends before its start": (
        *(
            PAIR,
            record(
                "direction: outperforming, length: 2, start: 2008-05-20, end: 2008-05-19, source: x"
            ),
        ),
        [
            "4: watchlists.us.pairs[0].records[0]: ends on 2008-05-19, before its start on "
            "2008-05-20; correct one of the two dates"
        ],
    ),
    "no such day": (
        *(
            PAIR,
            record(
                "direction: outperforming, length: 2, start: 2008-02-30, end: 2008-06-06, source: x"
            ),
        ),
        [
            "4: watchlists.us.pairs[0].records[0].start: there is no day 2008-02-30; write a date "
            "as YYYY-MM-DD"
        ],
    ),
    "number for a day": (
        *(
            PAIR,
            record("direction: outperforming, length: 2, start: 2008, end: 2008-06-06, source: x"),
        ),
        ["4: watchlists.us.pairs[0].records[0].start: found '2008'; write a date as YYYY-MM-DD"],
    ),
    "empty source": (
        *(PAIR, record(f"direction: outperforming, length: 2, {DAYS}, source: ''")),
        [
            "4: watchlists.us.pairs[0].records[0].source: found an empty text; write a text of 1 "
            "to 200 characters"
        ],
    ),
    "rounding step": (
        *("    rules", "    round_returns_to: 0.003\n    rules"),
        [
            "5: watchlists.us.round_returns_to: found '0.003'; write a step that divides 1, at "
            "most 0.01, such as 0.0001 (0.01%)"
        ],
    ),
    "rounding step that is no number": (
        *("    rules", "    round_returns_to: nan\n    rules"),
        ["5: watchlists.us.round_returns_to: found 'nan'; write a number above 0, at most 0.01"],
    ),
    "calendar": (
        *("    rules", "    calendar: xnys\n    rules"),
        [
            "5: watchlists.us.calendar: unknown calendar 'xnys'; did you mean 'XNYS'? write an "
            "exchange's MIC, such as XNYS, or 'none'"
        ],
    ),
    "calendar without a likeness": (
        *("    rules", "    calendar: qqqqqqqq\n    rules"),
        [
            "5: watchlists.us.calendar: unknown calendar 'qqqqqqqq'; write an exchange's MIC, such "
            "as XNYS, or 'none'"
        ],
    ),
}
"""Name: what is replaced in the base, by what, and the faults."""


@pytest.mark.parametrize(("old", "new", "expected"), EDITED.values(), ids=EDITED)
def test_a_wrong_value_is_told_with_line_key_and_cure(
    old: str, new: str, expected: list[str], base: str, faults_of: FaultsOf
) -> None:
    faults = faults_of(base.replace(old, new, 1))
    assert faults == [f"streakwatch.yaml:{fault}" for fault in expected]
