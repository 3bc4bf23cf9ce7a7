"""Faults of series: the exact line, key and cure of each kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

FaultsOf = Callable[..., list[str]]

SERIES = "watchlists.us.series"
SYMBOL = "write up to 32 letters, digits and ^ . = _ : / -"
MADE = "'basket', 'breadth', 'ratio' or 'spread'"
NO_RETURNS = "'PE1' has closes: number, and so no returns"
PRICES = "needs a symbol with closes: price or total return"
UNUSED = "is used nowhere; name it in a pair, a rule or another series, or take it out"

TWO = "{kind: basket, members: [AAPL, MSFT]}"
HELD = "weights: {AAPL: 1}"
PES = "[PE1, PE2]"
BEAT = "measure: beat, benchmark: SPX"
LEG = "pairs: [{asset: MAG7"
DATED = "as_of: 2026-01-02"

EDITED = {
    # kinds
    "kind": (
        *("MAG7: {kind: basket", "MAG7: {kind: baskt"),
        [f"4: {SERIES}.MAG7.kind: found 'baskt'; did you mean 'basket'? write {MADE}"],
    ),
    "no kind": (
        *("MAG7: {kind: basket, ", "MAG7: {"),
        [f"4: {SERIES}.MAG7.kind: missing; write one of {MADE}"],
    ),
    "members alone": (
        *(TWO, "[AAPL, MSFT]"),
        [f"4: {SERIES}.MAG7: found a list; write below it: kind ({MADE})"],
    ),
    "nothing": (TWO, "", [f"4: {SERIES}.MAG7: found nothing; write below it: kind ({MADE})"]),
    "name": (
        *("      MAG7:", "      'MAG 7':"),
        [f"4: {SERIES}.MAG 7: a name that cannot be used; call it by {SYMBOL[6:]}"],
    ),
    # baskets
    "misspelt members": (
        *("members: [AAPL, MSFT]}", "membrs: [AAPL]}"),
        [f"4: {SERIES}.MAG7.membrs: unknown key; did you mean 'members'?"],
    ),
    "members that are a text": (
        *("members: [AAPL, MSFT]}", "members: AAPL}"),
        [f"4: {SERIES}.MAG7.members: found 'AAPL'; write a list"],
    ),
    "no members": (
        *("members: [AAPL, MSFT]}", "members: []}"),
        [
            f"4: {SERIES}.MAG7: a basket of equal weighting has members; write members alone, or "
            "the weighting fixed"
        ],
    ),
    "member": (
        *("members: [AAPL, MSFT]}", "members: [AAPL, M SFT]}"),
        [f"4: {SERIES}.MAG7.members[1]: found 'M SFT'; {SYMBOL}"],
    ),
    "member twice": (
        *("members: [AAPL, MSFT]}", "members: [AAPL, AAPL]}"),
        [f"4: {SERIES}.MAG7.members[1]: 'AAPL' is listed twice; keep one of the two"],
    ),
    "member of itself": (
        *("members: [AAPL, MSFT]}", "members: [AAPL, MAG7]}"),
        [
            f"4: {SERIES}.MAG7.members[1]: MAG7 is made of itself; call the series by a name that "
            "is no symbol"
        ],
    ),
    "member that is a basket": (
        *("members: [AAPL, MSFT]}", "members: [AAPL, HELD]}"),
        [
            f"4: {SERIES}.MAG7.members[1]: HELD is a basket, and the parts of a basket are "
            "symbols; write a symbol"
        ],
    ),
    "weighting": (
        *("weighting: fixed", "weighting: fix"),
        [
            f"5: {SERIES}.HELD.weighting: found 'fix'; did you mean 'fixed'? write 'equal', "
            "'price' or 'fixed'"
        ],
    ),
    "weights of another weighting": (
        *("weighting: fixed", "weighting: equal"),
        [
            f"5: {SERIES}.HELD: a basket of equal weighting has members; write members alone, or "
            "the weighting fixed"
        ],
    ),
    "weights without a day": (
        *(f", {DATED}", ""),
        [
            f"5: {SERIES}.HELD: a basket of fixed weights has weights and a day; write weights (a "
            "number for each symbol) and as_of, without members"
        ],
    ),
    "day of the weights": (
        *(DATED, "as_of: 2026"),
        [f"5: {SERIES}.HELD.as_of: found '2026'; write a date as YYYY-MM-DD"],
    ),
    "misspelt day of the weights": (
        *(DATED, "as_off: 2026-01-02"),
        [f"5: {SERIES}.HELD.as_off: unknown key; did you mean 'as_of'?"],
    ),
    "weights that are a list": (
        *(HELD, "weights: [AAPL]"),
        [
            f"5: {SERIES}.HELD.weights: found a list; write names below it, each with a number "
            "above 0, at most 1000000000"
        ],
    ),
    "weight without a symbol": (
        *(HELD, "weights: {A B: 1}"),
        [f"5: {SERIES}.HELD.weights.A B: a name that cannot be used; call it by {SYMBOL[6:]}"],
    ),
    "weight of too many decimals": (
        *(HELD, "weights: {AAPL: 0.1234567890123}"),
        [f"5: {SERIES}.HELD.weights.AAPL: found '0.1234567890123'; write at most twelve decimals"],
    ),
    "symbol without a weight": (
        *(HELD, "weights: {AAPL: }"),
        [
            f"5: {SERIES}.HELD.weights.AAPL: found nothing; write a number above 0, at most "
            "1000000000"
        ],
    ),
    # ratios and spreads
    "spread of one": (
        *(PES, "[PE1]"),
        [f"6: {SERIES}.GAP.of: found a list; write a list of two"],
    ),
    "spread of three": (
        *(PES, "[PE1, PE2, PE3]"),
        [f"6: {SERIES}.GAP.of: found a list; write a list of two"],
    ),
    "spread of the same": (
        *(PES, "[PE1, PE1]"),
        [f"6: {SERIES}.GAP.of[1]: 'PE1' is listed twice; keep one of the two"],
    ),
    "spread of nothing": (
        *(f", of: {PES}", ""),
        [
            f"6: {SERIES}.GAP.of: missing; add it: two symbols or baskets: the second is taken "
            "from the first"
        ],
    ),
    "ratio of itself": (
        *("[HELD, SPX]", "[HELD, LEAD]"),
        [
            f"7: {SERIES}.LEAD.of[1]: LEAD is made of itself; call the series by a name that is "
            "no symbol"
        ],
    ),
    "spread of a breadth": (
        *(PES, "[PE1, UP]"),
        [
            f"6: {SERIES}.GAP.of[1]: UP is a breadth, of which no spread can be made; write a "
            "symbol or a basket"
        ],
    ),
    # breadths
    "measure": (
        *("measure: beat", "measure: beet"),
        [
            f"8: {SERIES}.UP.measure: found 'beet'; did you mean 'beat'? write 'rose', 'fell' or "
            "'beat'"
        ],
    ),
    "nobody to beat": (
        *(BEAT, "measure: beat"),
        [f"8: {SERIES}.UP: the measure beat needs a benchmark; add benchmark"],
    ),
    "somebody to beat": (
        *(BEAT, "benchmark: SPX"),
        [
            f"8: {SERIES}.UP: the measure rose has no benchmark; write the measure beat, or take "
            "benchmark out"
        ],
    ),
    "benchmark that is a basket": (
        *(BEAT, "measure: beat, benchmark: MAG7"),
        [
            f"8: {SERIES}.UP.benchmark: MAG7 is a basket, and the parts of a breadth are symbols; "
            "write a symbol"
        ],
    ),
    "benchmark that is a list": (
        *(BEAT, "measure: beat, benchmark: [SPX]"),
        [f"8: {SERIES}.UP.benchmark: found a list; {SYMBOL}"],
    ),
    "periods": (
        *("periods: 5", "periods: 0"),
        [f"8: {SERIES}.UP.periods: found '0'; write a whole number of at least 1"],
    ),
    # what is used, and for what
    "leg without returns": (
        *(LEG, "pairs: [{asset: MAG7, benchmark: PE1}, {asset: MAG7"),
        [f"9: watchlists.us.pairs[0].benchmark: {NO_RETURNS}; a leg of a pair {PRICES}"],
    ),
    "member without returns": (
        *("members: [AAPL, MSFT]}", "members: [AAPL, PE1]}"),
        [f"4: {SERIES}.MAG7.members[1]: {NO_RETURNS}; a member of a basket {PRICES}"],
    ),
    "holding without returns": (
        *(HELD, "weights: {PE1: 1}"),
        [f"5: {SERIES}.HELD.weights.PE1: {NO_RETURNS}; a member of a basket {PRICES}"],
    ),
    "ratio without returns": (
        *("[HELD, SPX]", "[HELD, PE1]"),
        [f"7: {SERIES}.LEAD.of[1]: {NO_RETURNS}; a part of a ratio {PRICES}"],
    ),
    "counted without returns": (
        *("[AAPL, MSFT], measure", "[AAPL, PE1], measure"),
        [f"8: {SERIES}.UP.members[1]: {NO_RETURNS}; a breadth of the measure beat {PRICES}"],
    ),
    "benchmark without returns": (
        *(BEAT, "measure: beat, benchmark: PE1"),
        [f"8: {SERIES}.UP.benchmark: {NO_RETURNS}; a breadth of the measure beat {PRICES}"],
    ),
    "leg that is a spread": (
        *(LEG, "pairs: [{asset: GAP, benchmark: SPX}, {asset: MAG7"),
        [
            "9: watchlists.us.pairs[0].asset: GAP is a spread, which has no returns; write a "
            "symbol or a basket"
        ],
    ),
    "used nowhere": (
        *("      UP:", "      DOWN: {kind: ratio, of: [A, B]}\n      UP:"),
        [f"8: {SERIES}.DOWN: 'DOWN' {UNUSED}"],
    ),
    "used as a symbol's name": (
        *("  SPX: {", "  MAG7: {name: x}\n  SPX: {"),
        [
            f"4: {SERIES}.MAG7: 'MAG7' is in instruments too, where symbols are; call the series "
            "otherwise; for messages it has a name of its own"
        ],
    ),
    "closes": (
        *("total return", "total returns"),
        [
            "23: instruments.SPX.closes: found 'total returns'; did you mean 'total return'? write "
            "'price', 'total return' or 'number'"
        ],
    ),
    "misspelt closes": (
        *("closes: total", "close: total"),
        ["23: instruments.SPX.close: unknown key; did you mean 'closes'?"],
    ),
}
"""Name: what is replaced in the whole, by what, and the faults."""


@pytest.mark.parametrize(("old", "new", "expected"), EDITED.values(), ids=EDITED)
def test_a_wrong_series_is_told_with_line_key_and_cure(
    old: str, new: str, expected: list[str], whole: str, faults_of: FaultsOf
) -> None:
    faults = faults_of(whole.replace(old, new, 1))
    assert faults == [f"streakwatch.yaml:{fault}" for fault in expected]


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e10", "0x10", "''"])
def test_a_weight_is_a_positive_number(value: str, whole: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(whole.replace(HELD, f"weights: {{AAPL: {value}}}"))
    assert fault.startswith(f"streakwatch.yaml:5: {SERIES}.HELD.weights.AAPL: found ")
    assert fault.endswith("; write a number above 0, at most 1000000000")
