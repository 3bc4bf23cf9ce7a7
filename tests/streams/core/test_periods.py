"""Periods: ISO dates as whole days, and back."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.periods import PeriodError, from_date, from_text, to_date, to_text

DAYS = st.dates(date(1800, 1, 1), date(2199, 12, 31))


@given(DAYS)
@example(date(1969, 12, 31))
@example(date(2000, 2, 29))
def test_round_trips(day: date) -> None:
    period = from_date(day)
    assert to_date(period) == day
    assert from_text(to_text(period)) == period
    assert to_text(period) == day.isoformat()


@given(DAYS)
def test_counts_as_numpy_does(day: date) -> None:
    assert from_date(day) == np.datetime64(day, "D").astype(int)


@pytest.mark.parametrize("text", ["1800-01-01", "1970-01-01", "2024-02-29", "2199-12-31"])
def test_the_limits_are_read(text: str) -> None:
    assert to_text(from_text(text)) == text


def test_the_epoch_is_zero() -> None:
    assert from_text("1970-01-01") == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a date of the form YYYY-MM-DD"),
        ("2026-1-5", "'2026-1-5' is not a date of the form YYYY-MM-DD"),
        ("20260105", "'20260105' is not a date of the form YYYY-MM-DD"),
        ("2026-W02-1", "'2026-W02-1' is not a date of the form YYYY-MM-DD"),
        ("2026-01-05T00:00:00", "'2026-01-05T00:00:00' is not a date of the form YYYY-MM-DD"),
        ("2026-01-05\n", "'2026-01-05\\n' is not a date of the form YYYY-MM-DD"),
        (" 2026-01-05", "' 2026-01-05' is not a date of the form YYYY-MM-DD"),
        ("２０２６-01-05", "'２０２６-01-05' is not a date of the form YYYY-MM-DD"),
        ("+2026-01-05", "'+2026-01-05' is not a date of the form YYYY-MM-DD"),
        ("12026-01-05", "'12026-01-05' is not a date of the form YYYY-MM-DD"),
        ("2026-02-30", "'2026-02-30' is a date that does not exist"),
        ("2025-02-29", "'2025-02-29' is a date that does not exist"),
        ("2026-13-01", "'2026-13-01' is a date that does not exist"),
        ("2026-00-01", "'2026-00-01' is a date that does not exist"),
        ("0000-01-01", "'0000-01-01' is a date that does not exist"),
        ("1799-12-31", "'1799-12-31' lies outside the years 1800 to 2199"),
        ("2200-01-01", "'2200-01-01' lies outside the years 1800 to 2199"),
        ("9999-12-31", "'9999-12-31' lies outside the years 1800 to 2199"),
        ("2" * 41, f"'{'2' * 37}...' is not a date of the form YYYY-MM-DD"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(PeriodError) as caught:
        from_text(text)
    assert str(caught.value) == message
