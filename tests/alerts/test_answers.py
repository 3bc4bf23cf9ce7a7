"""What answers mean, how long to wait for the next one, and what a witness sees."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from receivers import Receiver, retry_after, status

from alerts.answers import Refusal, of_http, of_smtp, sum_up, wait_of
from alerts.backoff import pause
from alerts.witness import watch

PERMANENT = {301, 308, 400, 401, 403, 404, 405, 410, 413, 414, 415, 422}


@pytest.mark.parametrize("code", range(200, 600))
def test_which_statuses_are_for_good(code: int) -> None:
    refusal = of_http(code, None, 0)
    assert (refusal is None) == (code < 300)
    assert (refusal is not None and refusal.permanent) == (code in PERMANENT)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (220, None),
        (354, None),
        (421, Refusal("SMTP 421")),
        (451, Refusal("SMTP 451")),
        (535, Refusal("SMTP 535", permanent=True)),
        (550, Refusal("SMTP 550", permanent=True)),
    ],
)
def test_which_replies_are_for_good(code: int, expected: Refusal | None) -> None:
    assert of_smtp(code) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (" 120 ", 120),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("١٢", None),
        ("9" * 400, float("9" * 12)),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20),
        ("Thu, 01 Jan 1970 00:02:00 -0000", 20),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thursday, 01-Jan-70 00:02:00 GMT", 20),
        ("Thu, 01 Jan 99999 00:00:00 GMT", None),
        ("Thu, 32 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, expected: float | None) -> None:
    assert wait_of(header, now=100) == expected


@given(st.text())
def test_no_header_is_too_much(header: str) -> None:
    waited = wait_of(header, 0)
    assert waited is None or waited >= 0


@given(st.integers(0, 10**6))
def test_a_date_is_as_good_as_seconds(seconds: int) -> None:
    date = datetime.fromtimestamp(1_700_000_000, UTC) + timedelta(seconds=seconds)
    assert wait_of(format_datetime(date, usegmt=True), 1_700_000_000) == seconds


def test_an_attempt_is_refused_for_good_when_every_answer_was() -> None:
    never, later = Refusal("SMTP 550", True), Refusal("SMTP 451", retry_after=3)
    assert sum_up([never, never]) == never
    assert sum_up([later, never]) == later
    assert sum_up([never, Refusal("HTTP 429", retry_after=9), later]) == Refusal(
        "SMTP 451", retry_after=9
    )
    assert sum_up([]) == Refusal("refused without a reason")


@given(
    st.integers(1, 10_000),
    st.floats(0, 1, exclude_max=True),
    st.floats(0.001, 1e4),
    st.floats(0.001, 1e4),
)
def test_pauses_lie_between_their_bounds(
    failures: int, chance: float, backoff: float, ceiling: float
) -> None:
    seconds = pause(failures, lambda: chance, backoff, ceiling)
    least = min(backoff, ceiling)
    assert least <= seconds <= ceiling
    assert seconds <= max(least, backoff * 2.0 ** min(failures, 60))
    assert pause(failures + 1, lambda: chance, backoff, ceiling) >= seconds


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def test_a_witness_sees_what_is_answered_in_its_context(receiver: Receiver) -> None:
    receiver.script("/a", status(500), retry_after(7))
    receiver.script("/b", status(404))
    url = f"http://127.0.0.1:{receiver.port}"
    done = threading.Barrier(2)

    def elsewhere() -> None:
        requests.post(f"{url}/b", json={}, timeout=5)
        done.wait(5)

    with watch() as seen:
        other = threading.Thread(target=elsewhere)
        other.start()
        done.wait(5)
        other.join()
        for _ in range(3):
            requests.post(f"{url}/a", json={}, timeout=5)
    requests.post(f"{url}/b", json={}, timeout=5)
    assert seen == [Refusal("HTTP 500"), Refusal("HTTP 429", retry_after=7)]


def test_a_witness_knows_errors_by_their_kind() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]  # bound, but nobody listens
        with watch() as seen, pytest.raises(requests.ConnectionError):
            requests.post(f"http://127.0.0.1:{port}/secret", timeout=5)
    assert seen == [Refusal("connection refused")]
    with watch() as seen, pytest.raises(requests.ConnectionError):
        requests.post("http://no-such-host.invalid/secret", timeout=5)
    assert seen == [Refusal("unknown host")]


def test_of_other_errors_a_witness_tells_the_kind_alone() -> None:
    with watch() as seen, pytest.raises(requests.exceptions.InvalidSchema):
        requests.post("nothing://x/secret", timeout=5)
    assert seen == [Refusal("InvalidSchema")]
