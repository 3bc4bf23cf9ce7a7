"""``streakwatch streaks``: every streak in a file of prices, straight from the core."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from config.errors import UsageError
from streams import closes_file
from streams.cli.options import counted
from streams.cli.statistics import Policy, find_streaks, print_csv, print_stats
from streams.closes_file import Refusal
from streams.core import periods
from streams.core.returns import simple_return
from streams.core.series import Closes, common
from streams.core.streaks import Missing, Streak, Ties
from streams.core.watch import History

COLUMNS = (
    "asset",
    "benchmark",
    "direction",
    "length",
    "start",
    "end",
    "asset_return",
    "benchmark_return",
    "open",
)


def _steps(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        step = Decimal(text)
        if 0 < step <= Decimal("0.01") and (1 / step) % 1 == 0:
            return int(1 / step)
    except InvalidOperation:
        pass
    raise click.BadParameter(
        f"{text!r} must be at most 0.01 and divide 1 exactly, for example 0.0001 (0.01%)"
    )


def _day(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return periods.from_text(text)
    except periods.PeriodError as error:
        raise click.BadParameter(str(error)) from None


@click.command("streaks")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--asset", required=True, help="The column that is measured.")
@click.option("--benchmark", required=True, help="The column that it is measured against.")
@click.option("--min-length", type=click.IntRange(1), default=1, show_default=True,
              help="Only streaks at least this long.")  # fmt: skip
@click.option("--direction", type=click.Choice(["any", "outperforming", "underperforming"]),
              default="any", show_default=True, help="Only streaks of this direction.")  # fmt: skip
@click.option("--ties", type=click.Choice([ties.value for ties in Ties]), default="break",
              show_default=True, help="What an active return of zero does.")  # fmt: skip
@click.option("--round-returns-to", "steps", callback=_steps, metavar="STEP",
              help="Round both returns first, for example to 0.0001 (0.01%).")  # fmt: skip
@click.option("--calendar", metavar="MIC",
              help="The exchange whose sessions the periods are.")  # fmt: skip
@click.option("--missing", type=click.Choice([missing.value for missing in Missing]),
              default="hold", show_default=True,
              help="What a session of the calendar without both closes does.")  # fmt: skip
@click.option("--since", metavar="DATE", callback=_day,
              help="Only streaks that ended on or after this day.")  # fmt: skip
@click.option("--top", type=click.IntRange(1), metavar="N",
              help="Only the N longest, the longest first.")  # fmt: skip
@click.option("--stats", is_flag=True,
              help="How long streaks are, beside the expectation for independent signs, and how "
              "many of at least 8 another policy would change.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
              show_default=True, help="How the streaks are printed.")  # fmt: skip
def command(
    *,
    file: Path,
    asset: str,
    benchmark: str,
    min_length: int,
    direction: str,
    ties: str,
    steps: int | None,
    calendar: str | None,
    missing: str,
    since: int | None,
    top: int | None,
    stats: bool,
    form: str,
) -> None:
    """List every streak in FILE, a CSV with the columns period and one for each symbol.

    The last streak is open when it still runs at the end of the file.
    """
    if missing == "break" and calendar is None:
        raise click.UsageError("--missing break needs --calendar, to know what is missing")
    history = _history(file, asset, benchmark)
    sessions = _sessions(calendar, file, history) if calendar else ()
    policy = Policy(Ties(ties), Missing(missing), steps)
    if stats:
        print_stats(history, sessions, policy, form)
        return
    streaks, runs_on = find_streaks(history, sessions, policy)
    last = streaks[-1] if runs_on else None
    chosen = [
        streak
        for streak in streaks
        if streak.length >= min_length
        and direction in ("any", streak.direction_name)
        and (since is None or streak.end >= since)
    ]
    if top is not None:
        chosen = sorted(chosen, key=lambda streak: (-streak.length, -streak.end))[:top]
    rows = [_row(asset, benchmark, streak, history, streak is last) for streak in chosen]
    {"table": _table, "csv": _csv, "json": _json}[form](rows)


def _sessions(calendar: str, file: Path, history: History) -> Sequence[int]:
    """The calendar's sessions; every period of the file must be one.

    Raises:
        UsageError: there is no such calendar, or a period is no session of it.
    """
    from exchange_calendars.errors import InvalidCalendarName

    from streams.calendars import sessions

    try:
        known = sessions(calendar)
    except InvalidCalendarName:
        cure = "give an exchange's MIC, such as XNYS"
        raise UsageError(f"there is no calendar {calendar!r}", cure) from None
    for period in history.periods.tolist():
        if period not in known:
            what = f"{file}: {periods.to_text(period)} is no session of {calendar}"
            raise UsageError(what, "take the row out, or choose another calendar")
    return known


def _history(file: Path, asset: str, benchmark: str) -> History:
    if asset == benchmark:
        raise UsageError(f"asset and benchmark are both {asset!r}", "name two columns")
    legs = {asset: Closes(), benchmark: Closes()}
    found = set()
    for row in closes_file.read(file):
        if isinstance(row, Refusal):
            raise UsageError(f"{file}:{row.line}: {row.reason}", "mend the row, or take it out")
        found.add(row.symbol)
        leg = legs.get(row.symbol)
        if leg is not None:
            if leg.get(row.period) not in (None, row.price):
                what = f"{row.symbol} has a second close for {periods.to_text(row.period)}"
                raise UsageError(f"{file}:{row.line}: {what}", "leave one of them")
            leg.put(row.period, row.price)
    for name, leg in legs.items():
        if not len(leg):
            raise UsageError(f"{file}: {_no_closes(name, found)}")
    return History(*common(legs[asset], legs[benchmark]))


def _no_closes(name: str, found: set[str]) -> str:
    near = get_close_matches(name, found, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(found)[:10])}"
    return f"there are no closes of {name!r}; {hint}"


def _row(
    asset: str, benchmark: str, streak: Streak, history: History, is_open: bool
) -> dict[str, Any]:
    (a0, b0), (a1, b1) = history.at(streak.base), history.at(streak.end)
    values = (
        asset,
        benchmark,
        streak.direction_name,
        streak.length,
        periods.to_text(streak.start),
        periods.to_text(streak.end),
        round(simple_return(a0, a1), 6),
        round(simple_return(b0, b1), 6),
        is_open,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _csv(rows: list[dict[str, Any]]) -> None:
    print_csv(rows, COLUMNS)


def _json(rows: list[dict[str, Any]]) -> None:
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    print(f"[\n{lines}\n]" if rows else "[]")


def _table(rows: list[dict[str, Any]]) -> None:
    head = "direction        length  start       end            asset  benchmark"
    print(head)
    for row in rows:
        print(
            f"{row['direction']:<16} {row['length']:>6}  {row['start']}  {row['end']} "
            f"{row['asset_return'] * 100:>+9.2f}% {row['benchmark_return'] * 100:>+9.2f}%"
            f"{'  open' if row['open'] else ''}"
        )
    print(counted(len(rows), "streak"))
