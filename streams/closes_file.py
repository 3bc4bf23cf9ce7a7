"""Closes from CSV files: columns period + one for each symbol, or symbol,period,close.

Every row is read or refused with its line and the reason; nothing is passed over silently but
the empty cells of the wide form, which mean that a symbol has no close in that period.
"""

from __future__ import annotations

import csv
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import UsageError
from streams.core import periods, prices

_PERIOD_NAMES = ("period", "session", "date")
_LONG = {"symbol", "period", "close"}


@dataclass(frozen=True, slots=True)
class Row:
    """A close as the file has it, checked: a period of :mod:`streams.core.periods`, micro-units."""

    line: int
    symbol: str
    period: int
    price: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or one cell of it, that is not a close."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Terms:
    """How the fields of a row are read."""

    rename: Mapping[str, str]
    interval: str
    signed: Container[str]

    def close(self, line: int, name: str, period: str, price: str) -> Row | Refusal:
        symbol = self.rename.get(name, name)
        to_price = prices.signed_from_digits if symbol in self.signed else prices.from_digits
        try:
            begin = periods.from_text(period.strip(), self.interval)
            return Row(line, symbol, begin, to_price(price.strip()))
        except (periods.PeriodError, prices.PriceError) as error:
            return Refusal(line, f"{symbol}: {error}")


def read(
    path: Path,
    rename: Mapping[str, str] | None = None,
    interval: str = "1d",
    signed: Container[str] = frozenset(),
) -> Iterator[Row | Refusal]:
    """The closes of a file in its order.

    Args:
        rename: the file's names of symbols (columns of the wide form) to ours.
        interval: the length of every period of the file, a key of ``periods.INTERVALS``.
        signed: the symbols, by our names, whose number may be zero or negative.

    Raises:
        UsageError: the file cannot be opened or has no usable header, or ``rename`` names
            something that it does not have.
    """
    terms = _Terms(rename or {}, interval, signed)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _read(path, csv.reader(file, strict=True), terms)
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]  # its place is known within a chunk of the file alone
        raise UsageError(f"{path}: not UTF-8 (byte 0x{byte:02x})", "save it as UTF-8") from None


def _read(path: Path, rows: Iterator[list[str]], terms: _Terms) -> Iterator[Row | Refusal]:
    lines = _Lines(rows)
    header = _header(path, next(lines, (1, []))[1])
    long = set(header) == _LONG
    unknown = sorted(terms.rename.keys() - set(header[1:])) if not long else []
    if unknown:
        raise UsageError(f"{path}: no column {unknown[0]!r}", f"columns: {', '.join(header[1:])}")
    read_row = _long_row if long else _wide_row
    for line, row in lines:
        if isinstance(row, str):
            yield Refusal(line, row)
        elif len(row) != len(header):
            yield Refusal(line, f"{len(row)} fields, the header has {len(header)}")
        else:
            yield from read_row(line, header, row, terms)


class _Lines:
    """Rows with their lines; a row that is not CSV comes as the reason, blank lines not at all."""

    def __init__(self, rows: Iterator[list[str]]) -> None:
        self._rows = rows

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> tuple[int, list[str] | str]:
        while True:
            try:
                row = next(self._rows)
            except csv.Error as error:
                return self._line(), f"not CSV: {error}"
            if row:
                return self._line(), row

    def _line(self) -> int:
        return int(getattr(self._rows, "line_num", 0))


def _header(path: Path, header: Sequence[str] | str) -> list[str]:
    cure = "begin it with period,SYMBOL,… or symbol,period,close"
    if not header or isinstance(header, str):
        raise UsageError(f"{path}: the file has no header", cure)
    names = [name.strip() for name in header]
    if set(names) == _LONG and len(names) == len(_LONG):
        return names
    if names[0].lower() not in _PERIOD_NAMES or len(names) < 2:
        raise UsageError(f"{path}:1: the header is {','.join(names)[:80]!r}", cure)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}:1: the column {twice!r} stands twice", "name each column once")
    return names


def _long_row(
    line: int, header: list[str], row: list[str], terms: _Terms
) -> Iterator[Row | Refusal]:
    fields = dict(zip(header, row, strict=True))
    yield terms.close(line, fields["symbol"].strip(), fields["period"], fields["close"])


def _wide_row(
    line: int, header: list[str], row: list[str], terms: _Terms
) -> Iterator[Row | Refusal]:
    for name, cell in zip(header[1:], row[1:], strict=True):
        if cell.strip():
            yield terms.close(line, name, row[0], cell)
