"""What the commands over the ledger and the dead letters show; no byte reaches a terminal raw."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.ledger import Entry, Outcome
from alerts.model import Alert, Kind, Milestone
from config.loading import load
from streams.batches import Single
from streams.cli.letters import letter_lines, letter_row
from streams.cli.showing import alert_facts, alert_lines, alert_row
from streams.cli.tables import as_json, print_rows, printable, printable_bytes
from streams.closes_file import Row, read
from streams.deadletters import Letters
from streams.ledgers import Ledgers
from streams.records import Place, Topic, dead_letter
from streams.replay import of_closes
from streams.wire import Close, Reason, RejectedError, encode_alert

EXAMPLES = Path(__file__).parents[1] / "config/examples"
SETTINGS = load(EXAMPLES / "streakwatch.yaml", {})
NASTY = "\x1b]0;owned\x07\x9b31m\u202e"


def january() -> list[Alert]:
    rows = [row for row in read(EXAMPLES / "january-2026.csv") if isinstance(row, Row)]
    closes = (Close(row.symbol, row.period, row.price) for row in rows)
    return [one for one in of_closes(SETTINGS, closes) if isinstance(one, Alert)]


ALERTS = january()


def ledgers(*alerts: Alert, entries: tuple[Entry, ...] = (), headers: Any = ()) -> Ledgers:
    found = Ledgers()
    for offset, alert in enumerate(alerts):
        record = Single(offset, 1_769_000_000_000 + offset, b"us", encode_alert(alert))
        found.take_alert(1, replace(record, headers=headers if offset else ()))
    for entry in entries:
        found.take_entry(Single(0, 0, entry.key, entry.encode()))
    return found


def test_a_row_of_the_list() -> None:
    alert = ALERTS[0]
    entry = Entry(alert.id, "console", Outcome.RETRYING, 1, 1)
    (told,) = ledgers(alert, entries=(entry,)).all()
    row = alert_row(told, SETTINGS)
    assert row["time"] == "2026-01-21 12:53:20Z"
    assert (row["id"], row["watchlist"]) == (alert.id, "us-small-against-large")
    assert row["title"].startswith("RUT beat SPX for the 10th session running")
    assert (row["status"], row["statuses"]) == ("console retrying", {"console": "retrying"})


def test_an_alert_in_full() -> None:
    first = ALERTS[0]
    second = replace(ALERTS[1], follows=first.id)
    entries = (
        Entry(first.id, "console", Outcome.GIVEN_UP, 0, 3, "HTTP 503"),
        Entry(first.id, "sre", Outcome.DELIVERED, 0, 1, instead_of="console"),
        Entry(first.id, "slow", Outcome.RETRYING, 0, 1, next_ms=60_000),
    )
    found = ledgers(first, second, first, entries=entries, headers=[("resend", b"*")])
    (told,) = found.named(first.id)
    text = "\n".join(alert_lines(told, found, SETTINGS))
    for line in (
        "RUT beat SPX for the 10th session running",
        f"Brought about by closes-0@{first.trigger.offset}, arrived 1970-01-01",
        "In the log at alerts-1@0, 2026-01-21 12:53:20Z, sent to the log 2x",
        "  again at alerts-1@2, 2026-01-21 12:53:20Z, asked for at *",
        "  console: given-up at 1970-01-01 00:00:00Z, 3 attempts (HTTP 503)",
        "  sre: delivered at 1970-01-01 00:00:00Z, 1 attempt, instead of console",
        "  slow: retrying at 1970-01-01 00:00:00Z, 1 attempt, next 1970-01-01 00:01:00Z",
        f"Followed by:\n  2026-01-21 12:53:20Z  {second.id}  ",
        "  asset_return: 0.0",
    ):
        assert line in text
    (other,) = found.named(second.id)
    assert f"Follows:\n  2026-01-21 12:53:20Z  {first.id}" in "\n".join(
        alert_lines(other, found, SETTINGS)
    )


def test_an_alert_in_json() -> None:
    alert = ALERTS[0]
    found = ledgers(alert, replace(ALERTS[1], follows=alert.id))
    (told,) = found.named(alert.id)
    facts = json.loads(json.dumps(alert_facts(told, found, SETTINGS)))
    assert Alert.from_dict(facts["alert"]) == alert
    assert facts["targets"] == [{"target": "console", "outcome": "pending"}]
    assert facts["records"] == [
        {"place": "alerts-1@0", "at_ms": 1_769_000_000_000, "asked_for": ""}
    ]
    assert ([one["id"] for one in facts["followed_by"]], facts["follows"]) == ([ALERTS[1].id], [])


def test_what_gives_no_message_is_shown_as_that() -> None:
    alert = replace(ALERTS[0], milestone=Milestone(Kind.RECORD_TIED, 3), watchlist="gone")
    found = ledgers(alert)
    (told,) = found.all()
    assert alert_row(told, SETTINGS)["title"] == "RUT record.tied 2026-01-15"
    assert "  It gives no message: AssertionError" in list(alert_lines(told, found, SETTINGS))


def test_nothing_of_a_feed_moves_a_terminal() -> None:
    alert = replace(
        ALERTS[0],
        asset=NASTY,
        watchlist=NASTY,
        trigger=replace(ALERTS[0].trigger, topic=NASTY),
        evidence=replace(ALERTS[0].evidence, ties=NASTY),
    )
    entry = Entry(alert.id, NASTY, Outcome.FAILED, 0, 1, NASTY)
    found = ledgers(alert, entries=(entry,))
    (told,) = found.all()
    assert all(line.isprintable() for line in alert_lines(told, found, SETTINGS))


def test_a_table_is_printable_and_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"a": NASTY, "b": 1}, {"a": "x", "b": 22}], ("a", "b"), "table")
    lines = capsys.readouterr().out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 3
    assert lines[2].index("22") == lines[0].index("b")


def test_rows_as_json_lines_and_csv(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"a": "x,y", "b": 1, "c": None}]
    print_rows(rows, ("a", "b"), "json")
    assert json.loads(capsys.readouterr().out) == rows[0]
    print_rows(rows, ("a", "b"), "csv")
    assert capsys.readouterr().out == 'a,b\n"x,y",1\n'
    print_rows([], ("a", "b"), "table")
    assert capsys.readouterr().out == ""


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_is_printable_and_says_the_same(value: Any) -> None:
    for indent in (None, 2):
        text = as_json(value, indent)
        assert all(line.isprintable() for line in text.split("\n"))
        assert json.loads(text) == value


@given(st.text())
def test_all_text_becomes_printable(text: str) -> None:
    assert printable(text).isprintable()


@given(st.binary())
def test_all_bytes_become_printable(data: bytes) -> None:
    assert printable_bytes(data).isprintable()


def a_letter(value: bytes | None, key: bytes | None = b"RUT") -> tuple[Any, Single]:
    error = RejectedError(Reason.NOT_JSON, f"not JSON: {NASTY}")
    output = dead_letter(Place(Topic.CLOSES, 1), Single(7, 0, key, value), error)
    record = Single(3, 1_769_000_000_000, output.key, output.value, output.headers)
    letters = Letters()
    letters.take(0, record)
    (letter,) = letters.all()
    return letter, record


def test_a_letter_in_the_list_and_in_full() -> None:
    letter, record = a_letter(NASTY.encode() + b"\xff")
    row = letter_row(letter)
    assert (row["place"], row["from"], row["reason"]) == ("0:3", "closes-1@7", "not-json")
    lines = list(letter_lines(letter, record))
    assert all(line.isprintable() for line in lines)
    assert lines[:2] == ["Dead letter 0:3, 2026-01-21 12:53:20Z", "From closes-1@7: not-json"]
    assert lines[-1] == r"\x1b]0;owned\x07\x9b31m\u202e\xff"


def test_the_first_two_thousand_bytes_are_shown() -> None:
    lines = list(letter_lines(*a_letter(b"x" * 4500)))
    assert lines[-3:] == ["Value, 4,500 bytes:", "x" * 2000,
                          "… and 2,500 more bytes (--raw writes all)"]  # fmt: skip


def test_a_letter_without_key_and_value() -> None:
    """Kafka's producer in Python cannot send such a record, so its letter has an empty value."""
    lines = list(letter_lines(*a_letter(None, None)))
    assert lines[-3:] == ["Key: none", "Value, 0 bytes:", ""]


def test_somebodys_own_record_is_shown_as_what_it_is() -> None:
    record = Single(3, 0, None, b"hello", [("x", b"\x00")])
    letters = Letters()
    letters.take(0, record)
    (letter,) = letters.all()
    assert letter_row(letter)["reason"] == "not-a-dead-letter"
    lines = list(letter_lines(letter, record))
    assert "It is none: its headers do not say where it came from" in lines
    assert r"  x: \x00" in lines
