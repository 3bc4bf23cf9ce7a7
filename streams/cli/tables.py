"""Rows for people and for machines: tables, JSON lines and CSV; nothing unprintable in a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from streams.cli.statistics import print_csv

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How it is printed; json is one object a line.",
)
limit_option = click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="At most so many, the newest.",
)
_GAP = "  "

T = TypeVar("T")


def printable(text: str) -> str:
    r"""Text from a feed for a terminal: what is not printable as ``\x1b`` or ``\u202e``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_bytes(data: bytes) -> str:
    r"""Bytes for a terminal: UTF-8 as it reads, all else as ``\xff``."""
    return printable(data.decode("utf-8", "backslashreplace"))


def as_json(value: Any, indent: int | None = None) -> str:
    r"""JSON in which only what is printable stands as it is, and all else as ``\u009b``."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    is_fine = all(line.isprintable() for line in text.split("\n"))
    return text if is_fine else json.dumps(value, indent=indent)


def print_rows(rows: Iterable[dict[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print rows; ``columns`` are those of a table and of CSV, JSON has all that a row has."""
    if form == "json":
        for row in rows:
            print(as_json(row))
        return
    shown = [{name: printable(str(row[name])) for name in columns} for row in rows]
    if form == "csv":
        print_csv(shown, columns)
    else:
        _print_table([list(row.values()) for row in shown], columns)


def print_newest(
    found: Sequence[T],
    limit: int,
    row: Callable[[T], dict[str, Any]],
    columns: Sequence[str],
    form: str,
) -> None:
    """Print the last ``limit`` of what was found as rows, and say how many more there are."""
    print_rows([row(one) for one in found[-limit:]], columns, form)
    if len(found) > limit:
        click.echo(f"… and {len(found) - limit:,} older (--limit)", err=True)


def _print_table(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    if not rows:
        return
    lines = [columns, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(_GAP.join(cells).rstrip())
