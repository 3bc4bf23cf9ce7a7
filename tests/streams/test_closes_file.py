"""Every row of a CSV file is read, or refused with its line and the reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UsageError
from streams.closes_file import Refusal, Row, read
from streams.core.periods import from_text, to_text
from streams.core.prices import to_digits

Write = Callable[[str | bytes], Path]
JANUARY = Path(__file__).parents[2] / "config" / "examples" / "january-2026.csv"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "closes.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def row(line: int, symbol: str, day: str, price: str) -> Row:
    return Row(line, symbol, from_text(day), int(float(price) * 1_000_000))


WIDE = "period,RUT,SPX\n2026-01-02,2508.22,6858.47\n2026-01-05,2547.92,\n"
ROWS = [
    row(2, "RUT", "2026-01-02", "2508.22"),
    row(2, "SPX", "2026-01-02", "6858.47"),
    row(3, "RUT", "2026-01-05", "2547.92"),
]


@pytest.mark.parametrize(
    "text",
    [
        WIDE,
        WIDE.rstrip("\n"),
        "\ufeff" + WIDE,
        WIDE.replace("\n", "\r\n"),
        WIDE.replace("\n", "\r"),
        WIDE.replace("period", "Date"),
        WIDE.replace("period", "session"),
        WIDE.replace(",", " , "),
        WIDE.replace("RUT", '"RUT"').replace("2508.22", '"2508.22"'),
        WIDE.replace(",\n", ",   \n"),
    ],
)
def test_the_wide_form(write: Write, text: str) -> None:
    assert list(read(write(text))) == ROWS


@pytest.mark.parametrize(
    "header", ["symbol,period,close", "period,close,symbol", " close , symbol , period "]
)
def test_the_long_form_in_any_order(write: Write, header: str) -> None:
    fields = {"symbol": "RUT", "period": "2026-01-02", "close": "2508.22"}
    line = ",".join(fields[name.strip()] for name in header.split(","))
    assert list(read(write(f"{header}\n{line}\n"))) == [row(2, "RUT", "2026-01-02", "2508.22")]


def test_the_example(write: Write) -> None:
    rows = list(read(JANUARY))
    assert len(rows) == 32
    assert rows[0] == row(2, "RUT", "2025-12-31", "2481.91")
    assert rows[-1] == row(17, "SPX", "2026-01-23", "6915.61")


def test_blank_lines_count_as_lines(write: Write) -> None:
    text = "\n\nperiod,RUT\n\n2026-01-02,1\n\n\n2026-01-05,2\n\n"
    assert list(read(write(text))) == [
        row(5, "RUT", "2026-01-02", "1"),
        row(8, "RUT", "2026-01-05", "2"),
    ]


def test_columns_are_renamed(write: Write) -> None:
    rows = list(read(write(WIDE), {"RUT": "^RUT"}))
    assert [r.symbol for r in rows] == ["^RUT", "SPX", "^RUT"]


def test_symbols_of_the_long_form_are_renamed(write: Write) -> None:
    text = "symbol,period,close\nRUT,2026-01-02,1\nSPX,2026-01-02,2\n"
    assert [r.symbol for r in read(write(text), {"RUT": "^RUT"})] == ["^RUT", "SPX"]


@pytest.mark.parametrize(
    "text",
    [
        "period,RUT\n2026-01-02T14:30Z,1\n2026-01-02T09:35:00-05:00,2\n",
        "symbol,period,close\nRUT, 2026-01-02T14:30:00Z ,1\nRUT,2026-01-02T14:35Z,2\n",
    ],
)
def test_periods_are_read_under_an_interval(write: Write, text: str) -> None:
    begin = from_text("2026-01-02T14:30Z", "5m")
    expected = [Row(2, "RUT", begin, 1_000_000), Row(3, "RUT", begin + 5, 2_000_000)]
    assert list(read(write(text), interval="5m")) == expected


def test_a_date_is_no_part_of_a_day(write: Write) -> None:
    (refusal,) = read(write("period,RUT\n2026-01-02,1\n"), interval="5m")
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("RUT: '2026-01-02' is not a time of the form YYYY-MM-DDTHH:MM")


def test_published_numbers_may_be_negative(write: Write) -> None:
    path = write("period,10Y,RUT\n2026-01-02,-0.25,-1\n")
    assert list(read(path, {"10Y": "US10Y"}, signed={"US10Y"})) == [
        Row(2, "US10Y", from_text("2026-01-02"), -250_000),
        Refusal(2, "RUT: '-1' is not a price in plain digits such as 2674.56"),
    ]


def test_a_column_that_is_not_there_cannot_be_renamed(write: Write) -> None:
    with pytest.raises(UsageError, match="no column 'NDX'"):
        list(read(write(WIDE), {"NDX": "^NDX"}))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-01-02,1", "2 fields, the header has 3"),
        ("2026-01-02,1,2,3", "4 fields, the header has 3"),
        ("2026-02-30,1,", "RUT: '2026-02-30' is a date that does not exist"),
        ("02/01/2026,1,", "RUT: '02/01/2026' is not a date of the form YYYY-MM-DD"),
        (",1,", "RUT: '' is not a date of the form YYYY-MM-DD"),
        ("2026-01-02,-1,", "RUT: '-1' is not a price in plain digits such as 2674.56"),
        ("2026-01-02,0,", "RUT: a price must be above 0, not '0'"),
        ("2026-01-02,,n/a", "SPX: 'n/a' is not a price in plain digits such as 2674.56"),
        ("2026-01-02,1.1234567,", "RUT: '1.1234567' has more than six decimals"),
        ('2026-01-02,"1,000",', "RUT: '1,000' is not a price in plain digits such as 2674.56"),
        ("2026-01-02,1\x00,", "RUT: '1\\x00' is not a price in plain digits such as 2674.56"),
        ('2026-01-02,"1"2,', "not CSV: ',' expected after '\"'"),
    ],
)
def test_refusals_leave_the_neighbours(write: Write, line: str, reason: str) -> None:
    text = f"period,RUT,SPX\n2026-01-01,5,\n{line}\n2026-01-06,6,\n"
    assert list(read(write(text))) == [
        row(2, "RUT", "2026-01-01", "5"),
        Refusal(3, reason),
        row(4, "RUT", "2026-01-06", "6"),
    ]


def test_one_bad_cell_leaves_the_others_of_its_row(write: Write) -> None:
    found = list(read(write("period,RUT,SPX\n2026-01-02,x,2\n")))
    assert [type(r) for r in found] == [Refusal, Row]


def test_an_unclosed_quote_is_refused(write: Write) -> None:
    (refusal,) = read(write('period,RUT\n2026-01-02,"5\n2026-01-05,6\n'))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "not CSV: unexpected end of data"


def test_the_names_of_a_file_are_its_own(write: Write) -> None:
    """What a symbol may look like is asked of closes, after ``rename``."""
    assert [r.symbol for r in read(write("period,Russell 2000\n2026-01-02,1\n"))] == [
        "Russell 2000"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file has no header"),
        ("\ufeff", "the file has no header"),
        ("\n\n\n", "the file has no header"),
        ("period\n2026-01-02\n", "the header is 'period'"),
        ("RUT\n1\n", "the header is 'RUT'"),
        ("2026-01-02,2508.22,6858.47\n", "the header is '2026-01-02,2508.22,6858.47'"),
        ("symbol,close\nRUT,1\n", "the header is 'symbol,close'"),
        ("symbol,period,close,volume\n", "the header is 'symbol,period,close,volume'"),
        ("period,RUT,SPX,RUT\n", "the column 'RUT' stands twice"),
        ("period,RUT, RUT \n", "the column 'RUT' stands twice"),
        ("period;RUT;SPX\n", "the header is 'period;RUT;SPX'"),
        ('"period,RUT', "the file has no header"),
    ],
)
def test_files_without_a_usable_header(write: Write, content: str, message: str) -> None:
    path = write(content)
    with pytest.raises(UsageError) as caught:
        list(read(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", ["period,RUT\n", "symbol,period,close"])
def test_a_header_alone_has_no_closes(write: Write, content: str) -> None:
    assert list(read(write(content))) == []


@pytest.mark.parametrize(("encoding", "byte"), [("utf-16", "0xff"), ("latin-1", "0xdc")])
def test_other_encodings(write: Write, encoding: str, byte: str) -> None:
    with pytest.raises(UsageError, match=rf"not UTF-8 \(byte {byte}\)"):
        list(read(write("period,RÜT\n2026-01-02,1\n".encode(encoding))))


def test_what_is_not_utf8_may_come_late(write: Write) -> None:
    """The rows before it have been read by then."""
    lines = b"".join(b"2026-01-02,%d\n" % (n + 1) for n in range(5000))
    rows = read(write(b"period,RUT\n" + lines + b"\x80\n"))
    assert next(rows) == row(2, "RUT", "2026-01-02", "1")
    with pytest.raises(UsageError, match=r"not UTF-8 \(byte 0x80\)"):
        list(rows)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        list(read(tmp_path / "missing.csv"))
    with pytest.raises(UsageError, match="is a directory"):
        list(read(tmp_path))


def test_a_cell_larger_than_csv_takes(write: Write) -> None:
    text = f"period,RUT\n2026-01-02,{'1' * 200_000}\n2026-01-05,2\n"
    refusal, found = read(write(text))
    assert refusal == Refusal(2, "not CSV: field larger than field limit (131072)")
    assert found == row(3, "RUT", "2026-01-05", "2")


CLOSES = st.lists(
    st.tuples(
        st.sampled_from(["RUT", "SPX", "^X"]),
        st.integers(0, 40_000),
        st.integers(1, 10**15),
    ),
    max_size=20,
)


@given(CLOSES)
def test_what_is_written_is_read(tmp_path_factory: Any, closes: list[Any]) -> None:
    path = tmp_path_factory.getbasetemp() / f"round-trip-{os.getpid()}.csv"
    lines = [f"{s},{to_text(p)},{to_digits(price)}" for s, p, price in closes]
    path.write_text("\n".join(["symbol,period,close", *lines]))
    assert list(read(path)) == [Row(i, *close) for i, close in enumerate(closes, 2)]


@given(st.text(max_size=80) | st.text("period,RUT\n\r\"'0123456789-.\x00\ufeff", max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory: Any, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"any-{os.getpid()}.csv"
    path.write_bytes(b"period,RUT,SPX\n" + text.encode("utf-8", "replace"))
    for found in read(path):
        assert isinstance(found, Row | Refusal)
        if isinstance(found, Refusal):
            assert found.reason.isprintable()
