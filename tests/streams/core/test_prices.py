"""Prices: digits in, the same digits out, and everything else refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.prices import (
    MAX_PRICE,
    SCALE,
    PriceError,
    from_digits,
    from_floats,
    from_number,
    from_texts,
    from_values,
    signed_from_digits,
    signed_from_number,
    to_digits,
)

MICROS = st.integers(1, MAX_PRICE * SCALE)
SIGNED = st.integers(-MAX_PRICE * SCALE, MAX_PRICE * SCALE)
BOTH = pytest.mark.parametrize("read", [from_digits, from_number])
BOTH_SIGNED = pytest.mark.parametrize("read", [signed_from_digits, signed_from_number])


@given(MICROS)
@example(1)
@example(MAX_PRICE * SCALE)
@example(MAX_PRICE * SCALE - 1)
def test_a_price_survives_its_digits(price: int) -> None:
    digits = to_digits(price)
    assert from_digits(digits) == from_number(digits) == price


@pytest.mark.parametrize(
    ("price", "digits"),
    [
        (2_674_560_000, "2674.56"),
        (1, "0.000001"),
        (100_000, "0.1"),
        (1_000_000, "1"),
        (10_000_000, "10"),
        (10_000_001, "10.000001"),
        (10**15, "1000000000"),
        (0, "0"),
        (-1, "-0.000001"),
        (-250_000, "-0.25"),
        (-1_000_000, "-1"),
        (-1_500_000, "-1.5"),
        (-(10**15), "-1000000000"),
    ],
)
def test_the_shortest_digits(price: int, digits: str) -> None:
    assert to_digits(price) == digits


@BOTH
@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("2674.56", 2_674_560_000),
        ("0002674.56", 2_674_560_000),
        ("2674.560000", 2_674_560_000),
        ("2674.5600000000000", 2_674_560_000),
        ("1." + "0" * 32, 1_000_000),
        ("0.000001", 1),
        ("0.00000100000000000000000000000000", 1),
        ("1000000000", 10**15),
        ("1000000000.000000000", 10**15),
        ("999999999.999999", 10**15 - 1),
    ],
)
def test_prices_that_are_read(read: Callable[[str], int], text: str, price: int) -> None:
    assert read(text) == price


@pytest.mark.parametrize(
    ("text", "price"),
    [("2.67456e3", 2_674_560_000), ("1E9", 10**15), ("1e-6", 1), ("10e+0", 10_000_000)],
)
def test_a_json_number_may_have_an_exponent(text: str, price: int) -> None:
    assert from_number(text) == price


ABOVE_0 = "a price must be above 0, not {!r}"
AT_MOST = "a price may be at most 1000000000, not {!r}"
DECIMALS = "{!r} has more than six decimals"


@BOTH
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", ABOVE_0),
        ("0.000000", ABOVE_0),
        ("1000000000.000001", AT_MOST),
        ("1000000001", AT_MOST),
        ("9" * 32, AT_MOST),
        ("1000000000." + "0" * 25 + "1", AT_MOST),
        ("0.0000001", DECIMALS),
        ("2674.1234567", DECIMALS),
        ("1." + "0" * 30 + "1", DECIMALS),
        ("2674.56" + "0" * 29 + "1", DECIMALS),
        ("999999999." + "9" * 32, DECIMALS),
    ],
)
def test_what_is_out_of_bounds(read: Callable[[str], int], text: str, message: str) -> None:
    shown = text if len(text) <= 40 else text[:37] + "..."
    with pytest.raises(PriceError) as caught:
        read(text)
    assert str(caught.value) == message.format(shown)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1 ", " 1", "1\n", "+1", "-1", "1e3", "1E3", ".5", "5.", "1_000", "1,000"),
        *("0x10", "NaN", "inf", "١٢٣", "１２", "²", "1.2.3", "1\u00a0", "9" * 33, "1." + "0" * 33),
    ],
)
def test_digits_are_plain_ascii_digits(text: str) -> None:
    shown = text if len(text) <= 40 else text[:37] + "..."
    with pytest.raises(PriceError) as caught:
        from_digits(text)
    assert str(caught.value) == f"{shown!r} is not a price in plain digits such as 2674.56"


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1e1000", "1e+1000", "9" * 33, "", "+1", "1_0", "1" + "0" * 5000]
)
def test_numbers_that_no_price_has(text: str) -> None:
    with pytest.raises(PriceError, match="is not a number that a price can have"):
        from_number(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-1", ABOVE_0),
        ("-0", ABOVE_0),
        ("-0.0e5", ABOVE_0),
        ("0e999", ABOVE_0),
        ("1e999", AT_MOST),
        ("1.1e9", AT_MOST),
        ("1e-7", DECIMALS),
        ("1e-999", DECIMALS),
        ("1.00000000000000000000000000000001e-5", DECIMALS),
    ],
)
def test_numbers_out_of_bounds(text: str, message: str) -> None:
    with pytest.raises(PriceError) as caught:
        from_number(text)
    assert str(caught.value) == message.format(text)


@given(
    st.integers(0, 10**32 - 1),
    st.text("0123456789", min_size=1, max_size=32) | st.text("01", min_size=1, max_size=32),
)
@example(1, "0" * 30 + "1")
def test_a_price_is_read_exactly_or_not_at_all(whole: int, decimals: str) -> None:
    exact = Fraction(whole) + Fraction(int(decimals), 10 ** len(decimals))
    fits = 0 < exact <= MAX_PRICE and (exact * SCALE).denominator == 1
    try:
        read = from_digits(f"{whole}.{decimals}")
    except PriceError:
        assert not fits
    else:
        assert fits
        assert read == exact * SCALE


@given(st.integers(-(10**20), 10**20), st.integers(-60, 60))
def test_exponents_are_read_exactly_or_not_at_all(digits: int, exponent: int) -> None:
    exact = Fraction(digits) * Fraction(10) ** exponent
    fits = 0 < exact <= MAX_PRICE and (exact * SCALE).denominator == 1
    try:
        read = from_number(f"{digits}e{exponent}")
    except PriceError:
        assert not fits
    else:
        assert fits
        assert read == exact * SCALE


@given(st.text(max_size=50))
def test_any_text_is_a_price_or_refused(text: str) -> None:
    for read in (from_digits, from_number):
        try:
            assert 0 < read(text) <= MAX_PRICE * SCALE
        except PriceError as error:
            assert str(error).isprintable()  # noqa: PT017


@given(SIGNED)
@example(0)
@example(-1)
@example(-MAX_PRICE * SCALE)
def test_a_published_number_survives_its_digits(number: int) -> None:
    digits = to_digits(number)
    assert signed_from_digits(digits) == signed_from_number(digits) == number


@given(MICROS)
def test_a_price_is_a_published_number_too(price: int) -> None:
    assert signed_from_digits(to_digits(price)) == price


@BOTH_SIGNED
@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("-0", 0), ("-0.000000", 0), ("-00.25", -250_000), ("-1000000000.0", -(10**15))],
)
def test_published_numbers_that_are_read(
    read: Callable[[str], int], text: str, number: int
) -> None:
    assert read(text) == number


@pytest.mark.parametrize(("text", "number"), [("-2.5e-1", -250_000), ("-1E9", -(10**15))])
def test_a_published_json_number_may_have_an_exponent(text: str, number: int) -> None:
    assert signed_from_number(text) == number


EITHER_WAY = "a number may be at most 1000000000 either way, not {!r}"


@BOTH_SIGNED
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1000000000.000001", EITHER_WAY),
        ("-1000000000.000001", EITHER_WAY),
        ("-2000000000", EITHER_WAY),
        ("-0.0000001", DECIMALS),
        ("0.0000001", DECIMALS),
        ("-999999999." + "9" * 7, DECIMALS),
    ],
)
def test_published_numbers_out_of_bounds(
    read: Callable[[str], int], text: str, message: str
) -> None:
    with pytest.raises(PriceError) as caught:
        read(text)
    assert str(caught.value) == message.format(text)


@pytest.mark.parametrize("text", ["", "-", "+1", "--1", "- 1", "-.5", "-5.", "−1", "-1e3", "-1_0"])
def test_published_digits_are_plain_ascii_digits(text: str) -> None:
    with pytest.raises(PriceError) as caught:
        signed_from_digits(text)
    assert str(caught.value) == f"{text!r} is not a number in plain digits such as -0.25"


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "-1e1000", "-" + "9" * 33, ""])
def test_published_numbers_that_cannot_be_read(text: str) -> None:
    with pytest.raises(PriceError, match="is not a number that can be read"):
        signed_from_number(text)


@given(st.integers(-(10**20), 10**20), st.integers(-60, 60))
def test_published_numbers_are_read_exactly_or_not_at_all(digits: int, exponent: int) -> None:
    exact = Fraction(digits) * Fraction(10) ** exponent
    fits = abs(exact) <= MAX_PRICE and (exact * SCALE).denominator == 1
    try:
        read = signed_from_number(f"{digits}e{exponent}")
    except PriceError:
        assert not fits
    else:
        assert fits
        assert read == exact * SCALE


# --- many at once ----------------------------------------------------------------------------

LARGEST = MAX_PRICE * SCALE


@given(st.lists(st.integers(-LARGEST, LARGEST)))
def test_the_nearest_number_of_each_price_is_its_own(given_prices: list[int]) -> None:
    numbers = np.array([float(to_digits(price)) for price in given_prices], np.float64)
    found, good = from_floats(numbers)
    assert found.tolist() == given_prices
    assert good.all()
    digits, fine = from_texts([to_digits(price) for price in given_prices])
    assert digits.tolist() == given_prices
    assert fine.all()


@given(st.lists(st.floats()))
def test_other_numbers_are_none(numbers: list[float]) -> None:
    found, good = from_floats(np.array(numbers, np.float64))
    for number, price, is_price in zip(numbers, found.tolist(), good.tolist(), strict=True):
        nearest = float(to_digits(price)) == number and abs(price) <= LARGEST
        assert is_price == (abs(number) <= MAX_PRICE and nearest)


DIGITS = st.from_regex(r"-?[0-9]{1,11}(\.[0-9]{1,8})?", fullmatch=True)


@given(st.lists(st.one_of(st.text(), DIGITS)))
def test_digits_are_read_as_one_by_one(texts: list[str]) -> None:
    found, good = from_texts(texts)
    alone = [from_texts([text]) for text in texts]
    assert [(int(one[0]), bool(fine[0])) for one, fine in alone] == list(
        zip(found.tolist(), good.tolist(), strict=True)
    )
    for text, price, is_price in zip(texts, found.tolist(), good.tolist(), strict=True):
        try:
            expected = signed_from_digits(text)
        except PriceError:
            assert not is_price
        else:
            assert (price, is_price) == (expected, True)


@given(st.lists(st.one_of(st.floats(), DIGITS)))
def test_numbers_and_digits_among_each_other(values: list[float | str]) -> None:
    found, good = from_values(values)
    for value, price, is_price in zip(values, found.tolist(), good.tolist(), strict=True):
        alone = from_values([value])
        assert (price, is_price) == (alone[0].tolist()[0], alone[1].tolist()[0])
