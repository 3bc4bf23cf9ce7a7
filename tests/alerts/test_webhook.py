"""The webhook against a real receiver: the document, its signature, and what it refuses."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
import trustme
from receivers import HOST, Receiver, drop, hang, ok, retry_after, status

from alerts import samples
from alerts.document import document, json_schema
from alerts.envelope import envelope
from alerts.model import Alert
from alerts.rendering import render
from alerts.signing import signature
from alerts.targets import AppriseNotifier, Attempt, Message
from alerts.underway import Parcel

SECRET = "0123456789abcdef-S3CR3T"
SCHEMA = jsonschema.Draft202012Validator(json_schema())


def told(alert: Alert) -> Message:
    return replace(render(alert, samples.NAMES), alert=alert)


TIED = told(samples.of("record.tied"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def url_of(receiver: Receiver, path: str = "/hook", more: str = "", scheme: str = "webhook") -> str:
    return f"{scheme}://{HOST}:{receiver.port}{path}?secret={SECRET}{more}"


async def attempt(url: str, message: Message = TIED) -> Attempt:
    return await AppriseNotifier("automation", url).notify(message, 10)


async def test_it_posts_the_document(receiver: Receiver) -> None:
    assert await attempt(url_of(receiver)) == Attempt(True)
    (request,) = receiver.requests("/hook")
    posted = json.loads(request.raw)
    assert datetime.fromisoformat(posted.pop("sent_at")).timestamp() == pytest.approx(
        request.at, abs=5
    )
    alert = samples.of("record.tied")
    assert posted == {
        "version": 1,
        "key": f"{alert.id}/automation",
        "test": False,
        "target": "automation",
        "words": {"title": TIED.title, "body": TIED.body},
        "links": {"follows": "", "thread": envelope(alert, "automation").thread, "first": ""},
        "alert": alert.to_dict(),
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-streakwatch-id"] == f"{alert.id}/automation"


async def test_it_is_signed_over_time_and_body(receiver: Receiver) -> None:
    await attempt(url_of(receiver))
    (request,) = receiver.requests()
    timestamp = request.headers["x-streakwatch-timestamp"]
    assert int(timestamp) == pytest.approx(request.at, abs=5)
    signed = f"{timestamp}.".encode() + request.raw
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["x-streakwatch-signature"] == f"v1={expected}"


def test_the_signature_depends_on_all_of_it() -> None:
    given = [
        *((SECRET, 1, b"{}"), (SECRET + "x", 1, b"{}")),
        *((SECRET, 2, b"{}"), (SECRET, 1, b"{ }")),
    ]
    assert len({signature(*one) for one in given}) == 4


async def test_each_attempt_has_the_same_key_and_a_time_of_its_own(receiver: Receiver) -> None:
    receiver.script("/hook", status(503), ok())
    target = AppriseNotifier("automation", url_of(receiver))
    assert [(await target.notify(TIED, 10)).delivered for _ in range(2)] == [False, True]
    first, second = receiver.requests()
    assert first.headers["x-streakwatch-id"] == second.headers["x-streakwatch-id"]
    assert json.loads(first.raw)["sent_at"] <= json.loads(second.raw)["sent_at"]


async def test_what_the_receiver_needs_beside_it_goes_along(receiver: Receiver) -> None:
    receiver.script("/hook?sig=a%2Fb", ok())
    url = url_of(receiver, more="&-sig=a%2Fb&+X-Key=k%201")
    await attempt(url.replace("://", "://me:p%40ss@"))
    (request,) = receiver.requests()
    assert (request.path, request.headers["x-key"]) == ("/hook?sig=a%2Fb", "k 1")
    assert request.headers["authorization"].startswith("Basic ")
    assert SECRET not in str(request.headers) + request.path + request.raw.decode()


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (status(200), Attempt(True)),
        (status(304), Attempt(False, "HTTP 304, a redirect")),
        (status(400), Attempt(False, "HTTP 400", permanent=True)),
        (status(410), Attempt(False, "HTTP 410", permanent=True)),
        (status(500), Attempt(False, "HTTP 500")),
        (retry_after(7), Attempt(False, "HTTP 429", retry_after=7)),
        (status(302, Location="/elsewhere"), Attempt(False, "HTTP 302, a redirect")),
        (
            status(308, Location="/elsewhere"),
            Attempt(False, "HTTP 308, a redirect", permanent=True),
        ),
        (drop(), Attempt(False, "connection lost")),
        (hang(), Attempt(False, "no answer in time")),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_its_answers_are_those_of_all_targets(
    receiver: Receiver, behaviour: object, expected: Attempt
) -> None:
    receiver.script("/hook", behaviour)  # type: ignore[arg-type]
    assert await attempt(url_of(receiver, more="&rto=0.3")) == expected
    assert receiver.requests("/elsewhere") == []


async def test_words_alone_are_not_posted(receiver: Receiver) -> None:
    assert not (await attempt(url_of(receiver), Message("T", "b"))).delivered
    assert receiver.requests() == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    with Receiver(tls=context) as receiver:
        url = url_of(receiver, scheme="webhooks")
        assert await attempt(url) == Attempt(False, "no TLS connection")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        assert await attempt(url) == Attempt(True)
    assert len(receiver.requests()) == 1


# --- the document ---------------------------------------------------------------------------


def parcel(alert: Alert) -> Parcel:
    message = Message("title", "body", alert=alert)
    return Parcel(message, alert, "hook", envelope(alert, "hook"))


@pytest.mark.parametrize("kind", samples.KINDS)
def test_every_kind_is_as_the_schema_says(kind: str) -> None:
    posted = json.loads(json.dumps(document(parcel(samples.of(kind)), 1769119504.21)))
    assert not list(SCHEMA.iter_errors(posted))
    assert Alert.from_dict(posted["alert"]) == samples.of(kind)
    assert posted["sent_at"] == "2026-01-22T22:05:04.210Z"


def test_a_correction_names_the_document_that_it_corrects() -> None:
    correction = samples.of("correction")
    links = document(parcel(correction), 0.0)["links"]
    assert links["follows"] == f"{correction.follows}/hook"


def test_the_end_of_a_streak_names_the_first_document_about_it() -> None:
    ended = samples.of("ended")
    known = replace(parcel(ended), message=replace(parcel(ended).message, first="a1"))
    assert document(known, 0.0)["links"]["first"] == "a1/hook"
    assert document(parcel(ended), 0.0)["links"]["first"] == ""


def test_the_schema_tells_a_wrong_document() -> None:
    right = json.loads(json.dumps(document(parcel(samples.of("ended")), 0.0)))
    for wrong in ({"version": 2}, {"test": "no"}, {"alert": None}, {"links": {}}):
        assert list(SCHEMA.iter_errors(right | wrong)), wrong
    for missing in right:
        assert list(SCHEMA.iter_errors({k: v for k, v in right.items() if k != missing})), missing
    assert not list(SCHEMA.iter_errors(right | {"more": 1}))  # readers pass over what is new
