"""Which line of the ledger stands."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.ledger import Entry, Ledger, Outcome, standing

OUTCOMES = list(Outcome)


def entry(outcome: Outcome, offset: int = 5) -> Entry:
    return Entry("a", "t", outcome, 0, offset=offset)


@pytest.mark.parametrize(("known", "later"), list(product(OUTCOMES, OUTCOMES)))
def test_of_one_request_a_yes_stands_and_no_end_is_undone_by_a_try(
    known: Outcome, later: Outcome
) -> None:
    stands = standing(entry(known), entry(later)).outcome
    if Outcome.DELIVERED in (known, later):
        assert stands is Outcome.DELIVERED
    elif known.is_final and later is Outcome.RETRYING:
        assert stands is known
    else:
        assert stands is later


@pytest.mark.parametrize(("known", "later"), list(product(OUTCOMES, OUTCOMES)))
def test_a_later_request_begins_anew(known: Outcome, later: Outcome) -> None:
    assert standing(entry(known), entry(later, 6)).outcome is later
    assert standing(entry(known, 6), entry(later)).outcome is known


@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.integers(-1, 3)), max_size=8))
def test_the_ledger_keeps_what_stands(lines: list[tuple[Outcome, int]]) -> None:
    ledger, known = Ledger(), None
    for outcome, offset in lines:
        one = entry(outcome, offset)
        ledger.apply(one)
        known = standing(known, one)
    if known is None:
        return
    assert ledger.is_retrying("a", "t") == (not known.outcome.is_final)
    if known.outcome.is_final:
        assert ledger.outcome("a", "t") is known.outcome


def test_a_line_of_a_later_version_is_read_without_what_it_has_more() -> None:
    """Else who goes back to this version forgets what was told, and tells it again."""
    told = entry(Outcome.DELIVERED)
    assert Entry.decode(told.encode()[:-1] + b',"later":"x"}') == told


def test_a_line_of_an_earlier_version_is_read() -> None:
    line = b'{"alert":"a","target":"t","outcome":"delivered","at_ms":0,"offset":5}'
    assert Entry.decode(line) == entry(Outcome.DELIVERED)
