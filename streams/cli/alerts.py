"""``streakwatch alerts``: what was told, and what became of it; and send it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alerts.ledger import Outcome
from alerts.stages.match import Router
from config.errors import UsageError
from config.words import suggestion
from streams.cli.chosen_alerts import sample_option
from streams.cli.main import Suggesting
from streams.cli.options import config_option, load_settings, servers_option
from streams.cli.plot import needing_matplotlib, write_picture
from streams.cli.showing import alert_facts, alert_lines, alert_row
from streams.cli.tables import as_json, format_option, limit_option, print_newest
from streams.cli.topic_reading import record_at, records_of, sending, since_option, with_log
from streams.ledgers import HELD, PENDING, Filter, Ledgers, Told
from streams.pictures import chart_in
from streams.records import CHART, RESEND, Output, Place, Record, Topic

if TYPE_CHECKING:
    from alerts.pictures.chart import Chart
    from config.settings import Settings
    from streams.log import KafkaLog

_ID = re.compile(r"[0-9a-f]{4,20}", re.ASCII)
_TOPICS = (Topic.ALERTS, Topic.NOTIFICATIONS)
_STATUSES = [*(outcome.value for outcome in Outcome), HELD, PENDING]


def _prefix(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    if not _ID.fullmatch(text.lower()):
        raise click.BadParameter(f"{text!r} is not the beginning of an id: 4 to 20 of 0-9 and a-f")
    return text.lower()


id_argument = click.argument("identity", metavar="ID", callback=_prefix)


@click.group("alerts", cls=Suggesting)
def command() -> None:
    """Say what was told and what became of it, or send it again."""


@command.command("list")
@since_option("Alerts that were sent to the log since then", default="7d")
@click.option("--watchlist", default="", metavar="NAME", help="Only those of this watchlist.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only those with this outcome at a "
              "target; held is for a digest, pending without any yet.")  # fmt: skip
@limit_option
@format_option
@config_option
@servers_option
def list_(
    *,
    since_ms: int,
    watchlist: str,
    status: str | None,
    limit: int,
    form: str,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """List alerts with what became of each at each target, the newest last."""
    settings = load_settings(config_path, bootstrap_servers)
    ledgers = _read(settings)
    router, own = Router(settings), settings.watchlists
    known = own.keys() | {told.alert.watchlist for told in ledgers.all()}
    if watchlist and watchlist not in known:
        cure = suggestion(watchlist, known) or f"there is {', '.join(sorted(own))}"
        raise UsageError(f"there is no watchlist {watchlist!r}", cure)
    wanted = Filter(since_ms, watchlist, status or "")
    found = [told for told in ledgers.all() if wanted.wants(told, router.targets(told.alert))]
    columns = ("time", "watchlist", "id", "title", "status")
    print_newest(found, limit, lambda told: alert_row(told, settings), columns, form)
    if not found:
        click.echo("no alerts match", err=True)


@command.command()
@id_argument
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="How it is printed.")  # fmt: skip
@config_option
@servers_option
def show(*, identity: str, form: str, config_path: Path, bootstrap_servers: str) -> None:
    """Show the alert whose id is ID, or alone begins with it.

    Its message and facts, the close that it came from, what became of it at each target, and the
    alerts that it follows and that followed it.
    """
    settings = load_settings(config_path, bootstrap_servers)
    ledgers = _read(settings)
    told = _one(ledgers, identity)
    if form == "json":
        print(as_json(alert_facts(told, ledgers, settings), indent=2))
    else:
        print("\n".join(alert_lines(told, ledgers, settings)))


@command.command()
@click.argument("identity", metavar="[ID]", callback=_prefix, required=False)
@sample_option("Instead: that of a sample alert, which needs no Kafka.")
@click.option("--out", "file", type=click.Path(path_type=Path), required=True, metavar="FILE",
              help="Where the PNG is written; a file that is there is replaced.")  # fmt: skip
@config_option
@servers_option
@click.pass_context
def picture(
    ctx: click.Context,
    *,
    identity: str | None,
    sample: str | None,
    file: Path,
    config_path: Path,
    bootstrap_servers: str,
) -> None:
    """Draw the picture that goes with the alert ID, and say what it shows."""
    from alerts.pictures.drawing import picture as draw
    from alerts.pictures.samples import sample_chart

    if (identity is None) == (sample is None):
        raise click.UsageError("give either an ID or --sample", ctx)
    settings = load_settings(config_path, bootstrap_servers)
    if sample is not None:
        chart, about = sample_chart(sample, settings.locale), f"sample {sample}"
    else:
        found = with_log(settings, _TOPICS, lambda log: _chart(log, settings, identity or ""))
        chart, about = found
    if chart is None:
        cure = "they come with alerts about streaks that were news, where a target takes pictures"
        raise UsageError(f"the {about} has no picture", cure)
    with needing_matplotlib():
        drawn = draw(chart)
    write_picture(file, drawn.png)
    print(drawn.text)


async def _chart(log: KafkaLog, settings: Settings, identity: str) -> tuple[Chart | None, str]:
    """What is drawn of an alert, if anything, and which it is."""
    from streams.definitions import names

    told = _one(await _ledgers(log, settings), identity)
    known = names(settings.watchlists, settings.instruments).get(told.alert.watchlist, {})
    chart = chart_in(await _record(log, told), told.alert, known, settings.locale)
    return chart, f"alert {told.alert.id}"


@command.command()
@id_argument
@click.option("--target", "targets", multiple=True, metavar="NAME",
              help="At this target, by default all of its routes; may be repeated.")  # fmt: skip
@config_option
@servers_option
def resend(
    *, identity: str, targets: Sequence[str], config_path: Path, bootstrap_servers: str
) -> None:
    """Have the alert ID delivered again, whatever became of it before.

    Its record is sent to the log once more, as it is, with the request as a header.
    """
    settings = load_settings(config_path, bootstrap_servers)
    for name in targets:
        if name not in settings.targets:
            known = settings.targets
            cure = suggestion(name, known) or f"there is {', '.join(known)}"
            raise UsageError(f"there is no target {name!r}", cure)
    print(with_log(settings, _TOPICS, lambda log: _resend(log, settings, identity, targets)))


async def _resend(log: KafkaLog, settings: Settings, identity: str, targets: Sequence[str]) -> str:
    told = _one(await _ledgers(log, settings), identity)
    router = Router(settings)
    names = tuple(dict.fromkeys(targets)) or router.targets(told.alert)
    if not names:
        why = router.nobody(router.describer.describe(told.alert)).words
        raise UsageError(why, "name the targets with --target")
    record, first = await _record(log, told), told.copies[0]
    chart = [header for header in record.headers if header[0] == CHART]
    headers = ((RESEND, ",".join(names if targets else ("*",)).encode()), *chart)
    output = Output(Topic.ALERTS, record.key, record.value, first.partition, headers)
    async with sending(settings) as send:
        partition, offset = await send(output)
    place = f"{Topic.ALERTS}-{partition}@{offset}"
    return f"asked for {told.alert.id} again at {', '.join(names)} ({place})"


async def _record(log: KafkaLog, told: Told) -> Record:
    """The first record of an alert."""
    first = told.copies[0]
    record = await record_at(log, Place(Topic.ALERTS, first.partition), first.offset)
    assert record is not None, "it was read a moment ago"
    return record


def _one(ledgers: Ledgers, prefix: str) -> Told:
    """The alert that an id, or the beginning of one, means."""
    found = ledgers.named(prefix)
    if not found:
        cure = "`streakwatch alerts list --since 1970-01-01` shows all"
        raise UsageError(f"no alert has the id {prefix}", cure)
    if len(found) > 1:
        some = ", ".join(told.alert.id for told in found[:3])
        more = ", …" if len(found) > 3 else ""
        raise UsageError(f"{len(found)} alerts have an id that begins with {prefix}",
                         f"it is one of {some}{more}")  # fmt: skip
    return found[0]


def _read(settings: Settings) -> Ledgers:
    return with_log(settings, _TOPICS, lambda log: _ledgers(log, settings))


async def _ledgers(log: KafkaLog, settings: Settings) -> Ledgers:
    ledgers = Ledgers()
    async for partition, record in records_of(log, Topic.ALERTS, settings.kafka.partitions):
        ledgers.take_alert(partition, record)
    async for _, record in records_of(log, Topic.NOTIFICATIONS, settings.kafka.partitions):
        ledgers.take_entry(record)
    return ledgers
