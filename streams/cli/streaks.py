"""``streakwatch streaks``: every streak in a file of prices, straight from the core."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from config.errors import UsageError
from streams import closes_file
from streams.cli.options import counted, interval_option
from streams.cli.statistics import Counted, Policy, print_csv, print_stats
from streams.closes_file import Refusal
from streams.core import periods
from streams.core.lines import Lines
from streams.core.pairs import Nights
from streams.core.streaks import Missing, Streak, Ties
from streams.core.views import History, PairView

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


_MOST_SHADES = 40


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


def _day(_: click.Context, __: click.Parameter, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return periods.to_date(periods.from_text(text))
    except periods.PeriodError as error:
        raise click.BadParameter(str(error)) from None


def _baskets(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> dict[str, Any]:
    if not texts:
        return {}
    from streams.cli.baskets import parse_all

    return dict(parse_all(texts))


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
@click.option("--basket", "baskets", multiple=True, callback=_baskets, metavar="NAME=…",
              help="A series of several columns, for --asset or --benchmark: NAME=equal:A,B,C, "
              "NAME=price:A,B,C or NAME=fixed@DATE:A=0.6,B=0.4; may be repeated.")  # fmt: skip
@interval_option
@click.option("--overnight", type=click.Choice(["include", "exclude"]), default="include",
              show_default=True,
              help="Whether returns from one trading day to the next count.")  # fmt: skip
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
@click.option("--plot", "picture", type=click.Path(path_type=Path), metavar="FILE",
              help="Draw the ratio with its streaks, as PNG or SVG by the ending.")  # fmt: skip
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
    baskets: dict[str, Any],
    interval: str,
    overnight: str,
    calendar: str | None,
    missing: str,
    since: date | None,
    top: int | None,
    stats: bool,
    picture: Path | None,
    form: str,
) -> None:
    """List every streak in FILE, a CSV with the columns period and one for each symbol.

    The last streak is open when it still runs at the end of the file.
    """
    if missing == "break" and calendar is None:
        raise click.UsageError("--missing break needs --calendar, to know what is missing")
    if overnight == "exclude" and interval == "1d":
        raise click.UsageError("--overnight exclude needs an --interval shorter than a day")
    view = _pair(file, asset, benchmark, baskets, interval)
    history = view.history()
    if not len(history.periods):
        what = f"{file}: {asset} and {benchmark} have no period in common"
        raise UsageError(what, "give a file with closes of both, or another day for the weights")
    sessions = _sessions(calendar, interval, file, history) if calendar else ()
    nights = _nights(calendar, interval) if overnight == "exclude" else None
    pair = Counted(view, history, sessions, nights, interval)
    policy = Policy(Ties(ties), Missing(missing), steps)
    streaks, runs_on = pair.streaks(policy)
    last = streaks[-1] if runs_on else None
    chosen = [
        streak
        for streak in streaks
        if streak.length >= min_length
        and direction in ("any", streak.direction_name)
        and (since is None or streak.end >= periods.from_date(since, interval))
    ]
    if top is not None:
        chosen = sorted(chosen, key=lambda streak: (-streak.length, -streak.end))[:top]
    names = (asset, benchmark)
    if picture is not None:
        _draw(picture, names, pair, chosen, last)
    if stats:
        print_stats(pair, policy, form)
        return
    rows = [_row(names, streak, view, interval, streak is last) for streak in chosen]
    {"table": _table, "csv": _csv, "json": _json}[form](rows)


def _sessions(calendar: str, interval: str, file: Path, history: History) -> Sequence[int]:
    """The calendar's periods; every period of the file must be one.

    Raises:
        UsageError: there is no such calendar, or a period is none of it.
    """
    from exchange_calendars.errors import InvalidCalendarName

    from streams.calendars import sessions

    try:
        known = sessions(calendar, interval)
    except InvalidCalendarName:
        cure = "give an exchange's MIC, such as XNYS"
        raise UsageError(f"there is no calendar {calendar!r}", cure) from None
    what = "session" if interval == "1d" else f"{interval} interval"
    for period in history.periods.tolist():
        if period not in known:
            text = periods.to_text(period, interval)
            cure = "take the row out, or choose another calendar"
            raise UsageError(f"{file}: {text} is no {what} of {calendar}", cure)
    return known


def _nights(calendar: str | None, interval: str) -> Nights:
    from streams.calendars import opens

    return Nights(opens(calendar, interval)) if calendar else Nights()


def _pair(
    file: Path, asset: str, benchmark: str, baskets: dict[str, Any], interval: str
) -> PairView:
    """Both legs with the closes of the file."""
    if asset == benchmark:
        raise UsageError(f"asset and benchmark are both {asset!r}", "name two columns")
    lines = Lines()
    if baskets:
        from streams.watches import formulas

        for name, formula in formulas(baskets, interval).items():
            lines[name] = formula(lines)
    view = PairView(lines[asset], lines[benchmark])
    _read(file, lines, interval, {asset, benchmark, *baskets})
    for name in baskets:
        lines[name].load()
    return view


def _read(file: Path, lines: Lines, interval: str, named: set[str]) -> None:
    """Put the closes of the file into the lines that want them."""
    found = set()
    for row in closes_file.read(file, interval=interval):
        if isinstance(row, Refusal):
            raise UsageError(f"{file}:{row.line}: {row.reason}", "mend the row, or take it out")
        found.add(row.symbol)
        leg = lines.closes.get(row.symbol)
        if leg is not None:
            if leg.get(row.period) not in (None, row.price):
                text = periods.to_text(row.period, interval)
                what = f"{row.symbol} has a second close for {text}"
                raise UsageError(f"{file}:{row.line}: {what}", "leave one of them")
            leg.put(row.period, row.price)
    for name, leg in lines.closes.items():
        if not len(leg):
            raise UsageError(f"{file}: {_no_closes(name, found | named - {name})}")


def _no_closes(name: str, found: set[str]) -> str:
    near = get_close_matches(name, found, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(found)[:10])}"
    return f"there are no closes of {name!r}; {hint}"


def _row(
    names: tuple[str, str], streak: Streak, view: PairView, interval: str, is_open: bool
) -> dict[str, Any]:
    values = (
        *names,
        streak.direction_name,
        streak.length,
        periods.to_text(streak.start, interval),
        periods.to_text(streak.end, interval),
        round(view.asset.gain(streak.base, streak.end), 6),
        round(view.benchmark.gain(streak.base, streak.end), 6),
        is_open,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _draw(
    picture: Path,
    names: tuple[str, str],
    pair: Counted,
    streaks: list[Streak],
    last: Streak | None,
) -> None:
    """The ratio with the streaks that were chosen; among very many, the longest."""
    from alerts.pictures.canvas import moment
    from streams.cli.plot import Shade, draw

    history, interval = pair.history, pair.interval
    longest = sorted(streaks, key=lambda streak: -streak.length)[:_MOST_SHADES]
    shown = [streak for streak in streaks if streak in longest or streak is last]
    draw(
        picture,
        title=f"{names[0]} / {names[1]}",
        days=[moment(period, interval) for period in history.periods.tolist()],
        ratio=(history.asset / history.benchmark).tolist(),
        streaks=[
            Shade(
                moment(s.start, interval),
                moment(s.end, interval),
                s.direction,
                s is last,
                s.length,
            )
            for s in shown
        ],
        label=f"{names[0]} / {names[1]}",
    )


def _csv(rows: list[dict[str, Any]]) -> None:
    print_csv(rows, COLUMNS)


def _json(rows: list[dict[str, Any]]) -> None:
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    print(f"[\n{lines}\n]" if rows else "[]")


def _table(rows: list[dict[str, Any]]) -> None:
    width = max((len(row["end"]) for row in rows), default=10)
    head = f"{'start':<{width}}  {'end':<{width}}"
    print(f"direction        length  {head}     asset  benchmark")
    for row in rows:
        print(
            f"{row['direction']:<16} {row['length']:>6}  {row['start']}  {row['end']} "
            f"{row['asset_return'] * 100:>+9.2f}% {row['benchmark_return'] * 100:>+9.2f}%"
            f"{'  open' if row['open'] else ''}"
        )
    print(counted(len(rows), "streak"))
