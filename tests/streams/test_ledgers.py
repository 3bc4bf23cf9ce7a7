"""Alerts beside their entries: copies, chains, filters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.ledger import Entry, Outcome
from alerts.model import Alert
from config.loading import load
from streams.batches import Single
from streams.closes_file import Row, read
from streams.ledgers import Filter, Ledgers, entry_facts
from streams.replay import of_closes
from streams.wire import Close, encode_alert

EXAMPLES = Path(__file__).parents[2] / "config/examples"


def example() -> Alert:
    rows = [row for row in read(EXAMPLES / "january-2026.csv") if isinstance(row, Row)]
    closes = (Close(row.symbol, row.period, row.price) for row in rows)
    found = of_closes(load(EXAMPLES / "streakwatch.yaml", {}), closes)
    return next(one for one in found if isinstance(one, Alert))


AN_ALERT = replace(example(), id="aaaa1")


def told(*alerts: Alert, headers: Any = ()) -> Ledgers:
    ledgers = Ledgers()
    for offset, alert in enumerate(alerts):
        record = Single(offset, 1000 + offset, b"us", encode_alert(alert), headers)
        ledgers.take_alert(1, record)
    return ledgers


def entered(ledgers: Ledgers, *entries: Entry) -> Ledgers:
    for offset, entry in enumerate(entries):
        ledgers.take_entry(Single(offset, 0, entry.key, entry.encode()))
    return ledgers


def test_an_id_that_is_repeated_is_one_alert() -> None:
    (one,) = told(AN_ALERT, AN_ALERT).all()
    assert [str(copy) for copy in one.copies] == ["alerts-1@0", "alerts-1@1"]
    assert one.at_ms == 1000


def test_a_copy_says_for_whom_it_was_asked_for() -> None:
    (one,) = told(AN_ALERT, headers=[("resend", b"mail,hook")]).all()
    assert one.copies[0].asked_for == "mail,hook"


def test_what_is_held_back_is_called_so_and_not_tried_again() -> None:
    held = Entry(AN_ALERT.id, "mail", Outcome.RETRYING, 1, next_ms=9, detail="muted: nights")
    tried = replace(held, target="chat", attempts=1)
    handed_over = replace(held, target="spare", instead_of="chat")
    (one,) = entered(told(AN_ALERT), held, tried, handed_over).all()
    assert one.statuses([]) == {"mail": "held", "chat": "retrying", "spare": "retrying"}


def test_the_last_entry_counts_and_a_target_without_one_is_pending() -> None:
    ledgers = entered(
        told(AN_ALERT),
        Entry("aaaa1", "mail", Outcome.RETRYING, 1),
        Entry("aaaa1", "mail", Outcome.DELIVERED, 2),
        Entry("bbbb1", "mail", Outcome.DELIVERED, 2),
    )
    (one,) = ledgers.all()
    assert one.statuses(["hook", "mail"]) == {"hook": "pending", "mail": "delivered"}
    assert one.statuses([]) == {"mail": "delivered"}


def test_what_cannot_be_read_is_counted() -> None:
    ledgers = Ledgers()
    ledgers.take_alert(0, Single(0, 0, None, b"rubbish"))
    ledgers.take_entry(Single(0, 0, None, None))
    assert (ledgers.unreadable, ledgers.all()) == (2, [])


def test_the_beginning_of_an_id_finds_all_that_begin_so() -> None:
    ledgers = told(AN_ALERT, replace(AN_ALERT, id="aaaa2"), replace(AN_ALERT, id="b"))
    assert [one.alert.id for one in ledgers.named("aaaa")] == ["aaaa1", "aaaa2"]
    assert ledgers.named("cccc") == []


def test_what_an_alert_follows_and_what_followed_it() -> None:
    chain = [
        replace(AN_ALERT, id=f"id{n}", follows=f"id{n - 1}" if n else "gone") for n in range(4)
    ]
    ledgers = told(*chain, replace(AN_ALERT, id="other", follows="id1"))
    assert [one.alert.id for one in ledgers.before(chain[2])] == ["id1", "id0"]
    assert [one.alert.id for one in ledgers.after(chain[1])] == ["id2", "id3", "other"]
    assert ledgers.after(chain[3]) == []


def test_a_circle_of_followers_ends() -> None:
    one, two = replace(AN_ALERT, id="1", follows="2"), replace(AN_ALERT, id="2", follows="1")
    ledgers = told(one, two)
    assert [found.alert.id for found in ledgers.before(one)] == ["2"]
    assert [found.alert.id for found in ledgers.after(one)] == ["2"]


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (Filter(), True),
        (Filter(since_ms=1000), True),
        (Filter(since_ms=1001), False),
        (Filter(watchlist=AN_ALERT.watchlist), True),
        (Filter(watchlist="other"), False),
        (Filter(status="delivered"), True),
        (Filter(status="pending"), True),
        (Filter(status="failed"), False),
    ],
)
def test_filters(wanted: Filter, is_wanted: bool) -> None:
    ledgers = entered(told(AN_ALERT), Entry("aaaa1", "mail", Outcome.DELIVERED, 2))
    (one,) = ledgers.all()
    assert wanted.wants(one, ["mail", "hook"]) == is_wanted


def test_what_became_of_it_in_json() -> None:
    entry = Entry("a", "sre", Outcome.GIVEN_UP, 5, 3, "HTTP 503", 9, 0, "mail")
    assert json.loads(json.dumps(entry_facts(entry, "sre"))) == {
        "target": "sre",
        "outcome": "given-up",
        "at_ms": 5,
        "attempts": 3,
        "detail": "HTTP 503",
        "next_ms": 0,
        "instead_of": "mail",
    }
    assert entry_facts(None, "hook") == {"target": "hook", "outcome": "pending"}
