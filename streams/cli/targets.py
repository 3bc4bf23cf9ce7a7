"""``streakwatch targets``: which there are, and whether they take a message."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.errors import UsageError
from config.words import suggestion
from streams.cli.chosen_alerts import sample_option
from streams.cli.main import Suggesting
from streams.cli.options import config_option, counted, load_settings
from streams.cli.tables import format_option, print_rows

if TYPE_CHECKING:
    from alerts.pictures.drawing import Picture
    from alerts.targets import AppriseNotifier, Attempt, Message
    from config.settings import Settings, Target


@click.group("targets", cls=Suggesting)
def command() -> None:
    """Say which targets there are, and whether they take a message."""


@command.command("list")
@format_option
@config_option
def list_(*, form: str, config_path: Path) -> None:
    """List the targets; of their URLs, the scheme and the host alone."""
    settings = load_settings(config_path)
    notifiers = _notifiers(settings)
    rows = [_row(name, target, notifiers[name]) for name, target in settings.targets.items()]
    columns = ("name", "kind", "url", "tags", "severity", "rate", "fallback")
    print_rows(rows if form == "json" else map(_flat, rows), columns, form)


def _row(name: str, target: Target, notifier: AppriseNotifier) -> dict[str, Any]:
    return {
        "name": name,
        "kind": notifier.kind,
        "url": notifier.url,
        "tags": target.tags,
        "severity": target.severity,
        "rate": target.rate,
        "fallback": target.fallback,
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: what is not there is a dash."""
    return {key: value or "-" for key, value in row.items()} | {
        "tags": " ".join(row["tags"]) or "-"
    }


@command.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--all", "everyone", is_flag=True, help="All targets of the configuration.")
@click.option("--tag", "tags", multiple=True, help="All that have this tag; may be repeated.")
@sample_option("The kind of milestone that the message tells.", "record.tied")
@format_option
@config_option
def test(
    *,
    names: Sequence[str],
    everyone: bool,
    tags: Sequence[str],
    sample: str,
    form: str,
    config_path: Path,
) -> None:
    """Send a message that is marked as a test, and say what each target does with it.

    One attempt each, at the same time; the ledger knows nothing of it. Exit code 1 unless all
    took it.
    """
    settings = load_settings(config_path)
    chosen = _chosen(settings, names, tags, everyone=everyone)
    rows = asyncio.run(_try_all(settings, chosen, sample))
    print_rows(rows, ("name", "kind", "outcome", "seconds", "detail"), form)
    refused = sum(row["outcome"] != "delivered" for row in rows)
    if refused:
        click.echo(f"{refused} of {counted(len(rows), 'target')} did not take it", err=True)
        raise click.exceptions.Exit(1)


def _chosen(
    settings: Settings, names: Sequence[str], tags: Sequence[str], *, everyone: bool
) -> list[str]:
    """The names of the targets that are meant, in the order of the configuration."""
    for name in names:
        if name not in settings.targets:
            raise _unknown("target", name, list(settings.targets))
    known = sorted({tag for target in settings.targets.values() for tag in target.tags})
    for tag in tags:
        if tag not in known:
            raise _unknown("tag", tag, known)
    chosen = [
        name
        for name, target in settings.targets.items()
        if everyone or name in names or set(tags) & set(target.tags)
    ]
    if not chosen:
        raise UsageError("no target is named", "write their names, --tag TAG, or --all")
    return chosen


def _unknown(what: str, name: str, known: Sequence[str]) -> UsageError:
    cure = suggestion(name, known) or f"there is {', '.join(known) or 'none'}"
    return UsageError(f"there is no {what} {name!r}", cure)


async def _try_all(settings: Settings, chosen: Sequence[str], sample: str) -> list[dict[str, Any]]:
    from alerts.trials import trial
    from alerts.writers import Writers

    notifiers, writers = _notifiers(settings), Writers(settings)
    again = f"test-{time.time_ns() // 1_000_000}"
    messages = {name: trial(sample, name, again, writers) for name in chosen}
    for name, drawn in _pictures(settings, chosen, sample).items():
        messages[name] = replace(messages[name], picture=drawn)
    timeout = settings.delivery.timeout
    attempts = (_try(name, notifiers[name], messages[name], timeout) for name in chosen)
    return await asyncio.gather(*attempts)


def _pictures(settings: Settings, chosen: Sequence[str], sample: str) -> dict[str, Picture]:
    """The picture for each target that gets them, where the kind has one."""
    from alerts.pictures.drawing import picture
    from alerts.pictures.samples import sample_chart
    from alerts.pictures.takers import takers

    locales = {name: locale for name, locale in takers(settings).items() if name in chosen}
    charts = {locale: sample_chart(sample, locale) for locale in set(locales.values())}
    drawn = {locale: picture(chart) for locale, chart in charts.items() if chart is not None}
    return {name: drawn[locale] for name, locale in locales.items() if locale in drawn}


async def _try(
    name: str, notifier: AppriseNotifier, message: Message, seconds: float
) -> dict[str, Any]:
    began = time.monotonic()
    attempt = await notifier.notify(message, seconds)
    took = time.monotonic() - began
    await asyncio.to_thread(notifier.close)
    return {
        "name": name,
        "kind": notifier.kind,
        "outcome": _outcome(attempt),
        "seconds": round(took, 3),
        "detail": _detail(attempt),
    }


def _outcome(attempt: Attempt) -> str:
    """Delivered, refused for good, or unavailable: a worker would try that again."""
    if attempt.delivered:
        return "delivered"
    return "refused" if attempt.permanent else "unavailable"


def _detail(attempt: Attempt) -> str:
    wait = attempt.retry_after
    return attempt.detail if wait is None else f"{attempt.detail}, again after {wait:g} s"


def _notifiers(settings: Settings) -> dict[str, AppriseNotifier]:
    from alerts.targets import notifiers

    return notifiers(settings.targets)


@command.command()
def schema() -> None:
    """Print the JSON Schema of what a webhook gets."""
    from alerts.document import json_schema

    print(json.dumps(json_schema(), indent=2))
