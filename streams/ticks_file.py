"""Ticks from files: CSV with the columns symbol, time and price, or JSON lines.

Every row is read as a worker would read it, or refused with its line and the reason.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from config.errors import UsageError
from streams.batches import Records, Single
from streams.closes_file import Refusal
from streams.columns.ticks import Ticks, decode_ticks
from streams.core.rings import TickColumns
from streams.plans import BarsPlan

_COLUMNS = {"symbol", "time", "price"}
_JSON = {".json", ".jsonl", ".ndjson"}
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class TicksRead:
    """What a file holds: ticks by their time (symbols as in the plan), and what is refused."""

    ticks: TickColumns
    refused: list[Refusal]
    unwatched: int


def read(path: Path, plan: BarsPlan, now_ms: int) -> TicksRead:
    """The ticks of a file; of equal times the later in the file comes last.

    What the worker would send to the dead letters is refused here, as far as the tick alone shows
    it: also one that lies in the future, or when there is no trading.

    Raises:
        UsageError: the file cannot be opened, or has no usable header.
    """
    numbers = {symbol: number for number, symbol in enumerate(plan.symbols)}
    parts, refused, unwatched = [], list[Refusal](), 0
    for lines, values in _chunks(path, refused):
        records = [Single(at, now_ms, None, value) for at, value in enumerate(values)]
        found = decode_ticks(Records(records), numbers, plan.signed)
        unwatched += found.unwatched
        refused += (Refusal(lines[r.at], r.error.detail) for r in found.rejects)
        fits = _fits(found, plan, now_ms)
        refused += (Refusal(lines[at], why) for at, why in fits.items())
        good = found.only(~np.isin(found.at, list(fits)))
        parts.append(np.stack([good.symbols, good.instants, good.prices]))
    columns = np.concatenate([np.zeros((3, 0), np.int64), *parts], axis=1)
    ordered = columns[:, np.argsort(columns[1], kind="stable")]
    return TicksRead(TickColumns(*ordered), sorted(refused, key=lambda one: one.line), unwatched)


def _fits(found: Ticks, plan: BarsPlan, now_ms: int) -> Mapping[int, str]:
    """Why ticks cannot be used although they can be read, by their records."""
    open_ = np.zeros(len(found.at), np.bool_)
    for ring in plan.plans():
        open_ |= np.isin(found.symbols, ring.symbols) & (ring.grid.locate(found.instants) >= 0)
    future = found.instants > now_ms * 1_000_000 + plan.max_ahead
    due = found.symbols < 0
    why = dict.fromkeys(found.at[~open_ & ~due].tolist(), "there is no trading at that time")
    why |= dict.fromkeys(found.at[future & ~due].tolist(), "the time lies in the future")
    return why | dict.fromkeys(found.at[due].tolist(), "no tick, but a time that is due")


def _chunks(path: Path, refused: list[Refusal]) -> Iterator[tuple[list[int], list[bytes]]]:
    """Lines, and the JSON of the tick in each."""
    lines, values = list[int](), list[bytes]()
    for line, value in _rows(path):
        if isinstance(value, str):
            refused.append(Refusal(line, value))
            continue
        lines.append(line)
        values.append(value)
        if len(lines) == _AT_ONCE:
            yield lines, values
            lines, values = [], []
    if lines:
        yield lines, values


def _rows(path: Path) -> Iterator[tuple[int, bytes | str]]:
    """Each line with its tick, or with why there is none."""
    try:
        if path.suffix.lower() in _JSON:
            with path.open("rb") as data:
                yield from ((n, line.strip()) for n, line in enumerate(data, 1) if line.strip())
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from _csv_rows(path, csv.reader(file, strict=True))
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8", "save it as UTF-8") from None
    except csv.Error as error:
        raise UsageError(f"{path}: not CSV: {error}") from None


def _csv_rows(path: Path, rows: Iterator[list[str]]) -> Iterator[tuple[int, bytes | str]]:
    header = [name.strip() for name in next(rows, [])]
    if not set(header) >= _COLUMNS or len(set(header)) < len(header):
        raise UsageError(f"{path}:1: the header is {','.join(header)[:80]!r}",
                         "begin it with symbol,time,price")  # fmt: skip
    for row in rows:
        line = int(getattr(rows, "line_num", 0))
        if row and len(row) != len(header):
            yield line, f"{len(row)} fields, the header has {len(header)}"
        elif row:
            cells = zip(header, (cell.strip() for cell in row), strict=True)
            fields = {name: cell for name, cell in cells if name in _COLUMNS and cell}
            yield line, json.dumps(fields).encode()
