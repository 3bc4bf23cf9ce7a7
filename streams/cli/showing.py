"""Alerts with their entries in the ledger, as rows, as lines for people and as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from alerts.ledger import Entry, Outcome
from alerts.model import Alert
from alerts.moments import moment
from alerts.rendering import render
from alerts.stages.match import Router
from alerts.targets import Message
from config.settings import Settings
from streams.cli.options import counted
from streams.cli.tables import printable
from streams.definitions import names
from streams.ledgers import Ledgers, Told, entry_facts


def alert_row(told: Told, settings: Settings) -> dict[str, Any]:
    """An alert in a list."""
    alert = told.alert
    statuses = _statuses(told, settings)
    return {
        "time": moment(told.at_ms),
        "watchlist": alert.watchlist,
        "id": alert.id,
        "title": _message(alert, settings).title,
        "status": ", ".join(f"{name} {status}" for name, status in statuses.items()),
        "statuses": statuses,
        "period": alert.period,
        "kind": alert.rule,
    }


def alert_facts(told: Told, ledgers: Ledgers, settings: Settings) -> dict[str, Any]:
    """All about an alert, as plain values for JSON."""
    message = _message(told.alert, settings)
    return {
        "alert": told.alert.to_dict(),
        "title": message.title,
        "body": message.body,
        "records": [
            {"place": str(copy), "at_ms": copy.at_ms, "asked_for": copy.asked_for}
            for copy in told.copies
        ],
        "targets": [
            entry_facts(told.entries.get(target), target) for target in _statuses(told, settings)
        ],
        "follows": [_brief(other, settings) for other in ledgers.before(told.alert)],
        "followed_by": [_brief(other, settings) for other in ledgers.after(told.alert)],
    }


def alert_lines(told: Told, ledgers: Ledgers, settings: Settings) -> Iterator[str]:
    """All about an alert, for people."""
    message, trigger = _message(told.alert, settings), told.alert.trigger
    yield printable(message.title)
    yield from (f"  {printable(line)}".rstrip() for line in message.body.splitlines())
    yield ""
    arrived = moment(trigger.arrived_ms)
    place = printable(f"{trigger.topic}-{trigger.partition}@{trigger.offset}")
    yield f"Brought about by {place}, arrived {arrived}"
    times = f", sent to the log {len(told.copies)}x" if len(told.copies) > 1 else ""
    yield f"In the log at {told.copies[0]}, {moment(told.at_ms)}{times}"
    for copy in told.copies[1:]:
        why = f", asked for at {printable(copy.asked_for)}" if copy.asked_for else ""
        yield f"  again at {copy}, {moment(copy.at_ms)}{why}"
    yield "Targets:"
    for target in _statuses(told, settings):
        yield f"  {printable(_ended(target, told.entries.get(target)))}"
    for title, others in (
        ("Follows:", ledgers.before(told.alert)),
        ("Followed by:", ledgers.after(told.alert)),
    ):
        brief = [_brief(other, settings) for other in others]
        if brief:
            yield title
            yield from (printable(f"  {b['time']}  {b['id']}  {b['title']}") for b in brief)
    yield "Evidence:"
    for name, value in told.alert.to_dict()["evidence"].items():
        yield printable(f"  {name}: {json.dumps(value, ensure_ascii=False)}")


def _statuses(told: Told, settings: Settings) -> dict[str, str]:
    return told.statuses(Router(settings).targets(told.alert))


def _ended(target: str, entry: Entry | None) -> str:
    """What became of an alert at a target, in words."""
    if entry is None:
        return f"{target}: pending, no entry yet"
    if entry.is_held:
        return f"{target}: held back until {moment(entry.next_ms)} ({entry.detail})"
    told = f"{target}: {entry.outcome.value} at {moment(entry.at_ms)}"
    if entry.attempts:
        told += f", {counted(entry.attempts, 'attempt')}"
    if entry.outcome is Outcome.RETRYING:
        told += f", next {moment(entry.next_ms)}"
    if entry.instead_of:
        told += f", instead of {entry.instead_of}"
    return f"{told} ({entry.detail})" if entry.detail else told


def _brief(told: Told, settings: Settings) -> dict[str, str]:
    title = _message(told.alert, settings).title
    return {"id": told.alert.id, "time": moment(told.at_ms), "title": title}


def _message(alert: Alert, settings: Settings) -> Message:
    """The message; what somebody else put into the topic may not give one, which is then said."""
    own = settings.watchlists.get(alert.watchlist)
    known = names({} if own is None else {alert.watchlist: own}, settings.instruments)
    try:
        return render(alert, known.get(alert.watchlist, {}), locale=settings.locale)
    except Exception as error:  # whatever a template meets in it
        title = f"{alert.asset} {alert.rule} {alert.period}"
        return Message(title, f"It gives no message: {type(error).__name__}")
