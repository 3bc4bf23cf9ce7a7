"""Targets against real servers: what an attempt tells, and that no target harms another."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from apprise.plugins.base import _delivery_tracker
from pydantic import ValidationError
from receivers import (
    Behaviour,
    Mail,
    MailServer,
    Receiver,
    cut,
    drop,
    hang,
    ok,
    retry_after,
    status,
)

from alerts import samples
from alerts.parts import Parts
from alerts.pictures.drawing import Picture
from alerts.pictures.takers import pictured, takers, wanting
from alerts.targets import AppriseNotifier, Attempt, Message, TargetError, notifiers
from alerts.words.summary import Part
from alerts.writers import Writers
from config.loading import example_text
from config.settings import Settings, Target
from streams.cli.main import run

MESSAGE = Message("RUT beats SPX", "10 sessions\n\nAlert a1, watchlist us")
SECRET = "tok-S3CR3T"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


async def attempt(url: str, timeout: float = 10) -> Attempt:  # noqa: ASYNC109
    return await notifiers({"t": Target(url=url)})["t"].notify(MESSAGE, timeout)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (ok(), Attempt(True)),
        (status(200), Attempt(True)),
        (status(500), Attempt(False, "HTTP 500")),
        (status(408), Attempt(False, "HTTP 408")),
        (status(425), Attempt(False, "HTTP 425")),
        (status(404), Attempt(False, "HTTP 404", permanent=True)),
        (status(401), Attempt(False, "HTTP 401", permanent=True)),
        (retry_after(7), Attempt(False, "HTTP 429", retry_after=7)),
        (retry_after(7, 503), Attempt(False, "HTTP 503", retry_after=7)),
        (retry_after("Thu, 01 Jan 1970 00:00:00 GMT"), Attempt(False, "HTTP 429", retry_after=0)),
        (drop(), Attempt(False, "connection lost")),
        (cut(), Attempt(False, "connection lost")),
        (hang(), Attempt(False, "no answer in time")),
    ],
    ids=lambda value: value.name if isinstance(value, Behaviour) else "",
)
async def test_what_an_attempt_tells(
    receiver: Receiver, behaviour: Behaviour, expected: Attempt
) -> None:
    receiver.script(f"/{SECRET}", behaviour)
    assert await attempt(receiver.url(f"/{SECRET}", "rto=0.3")) == expected
    (request,) = receiver.requests()
    assert (request.title, request.body, request.alert) == (MESSAGE.title, MESSAGE.body, "a1")
    assert [r.alert for r in receiver.taken()] == ["a1"] * expected.delivered


async def test_what_is_redirected_is_not_taken(receiver: Receiver) -> None:
    """requests would make a GET of it, and the page there say yes."""
    receiver.script("/old", status(302, Location="/new"), status(301, Location="/new"))
    url = receiver.url("/old")
    assert await attempt(url) == Attempt(False, "HTTP 302, a redirect")
    assert await attempt(url) == Attempt(False, "HTTP 301, a redirect", permanent=True)
    assert receiver.requests("/new") == []


async def test_nobody_is_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        assert await attempt(f"json://127.0.0.1:{port}/{SECRET}") == Attempt(
            False, "connection refused"
        )
        assert await attempt(f"mailto://127.0.0.1:{port}?from=a@x.example&to=b@x.example") == (
            Attempt(False, "connection refused")
        )


async def test_no_target_is_optional(receiver: Receiver) -> None:
    """With ?optional=yes apprise calls a failure a success."""
    receiver.script("/", status(500))
    assert not (await attempt(receiver.url("/", "optional=yes"))).delivered


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ({}, Attempt(True)),
        ({"a@x.example": "550 unknown"}, Attempt(False, "SMTP 550", permanent=True)),
        ({"a@x.example": "451 later"}, Attempt(False, "SMTP 451")),
        ({"a@x.example": "421 closing"}, Attempt(False, "SMTP 421")),
    ],
    ids=["taken", "550", "451", "421"],
)
async def test_what_a_mail_server_tells(
    refusals: dict[str, str | list[str]], expected: Attempt
) -> None:
    with MailServer(refusals) as mail:
        assert await attempt(mail.url("a@x.example")) == expected
        assert len(mail.mails) == expected.delivered
        if expected.delivered:
            assert mail.mails[0].title == MESSAGE.title
            assert "Alert a1" in mail.mails[0].body


async def test_who_has_a_mail_gets_it_once_while_others_are_tried_again() -> None:
    """A second attempt is for the second recipient, and a third would be for both."""
    with MailServer({"b@x.example": ["451 later", "451 later"]}) as mail:
        target = AppriseNotifier("mail", mail.url("a@x.example", "b@x.example"))
        attempts = [await target.notify(MESSAGE, 5) for _ in range(4)]
    assert [a.delivered for a in attempts] == [False, False, True, True]
    assert [m.recipients for m in mail.mails] == [
        *[("a@x.example",), ("b@x.example",)],
        *[("a@x.example",), ("b@x.example",)],
    ]


async def test_one_recipient_who_is_unknown_ends_it_when_all_others_have_it() -> None:
    with MailServer({"a@x.example": ["451 later"], "b@x.example": "550 unknown"}) as mail:
        target = AppriseNotifier("mail", mail.url("a@x.example", "b@x.example"))
        attempts = [await target.notify(MESSAGE, 5) for _ in range(2)]
    assert attempts == [
        Attempt(False, "SMTP 451"),
        Attempt(False, "SMTP 550", permanent=True, in_part=True),
    ]
    assert [m.recipients for m in mail.mails] == [("a@x.example",)]


async def test_a_target_that_hangs_fills_its_own_threads_only(receiver: Receiver) -> None:
    receiver.script("/hangs", always=hang())
    bad = AppriseNotifier("bad", receiver.url("/hangs", "rto=60"))
    good = AppriseNotifier("good", receiver.url("/good"))
    attempts = [asyncio.create_task(bad.notify(MESSAGE, 1)) for _ in range(20)]
    assert await good.notify(MESSAGE, 5) == Attempt(True), "in a thread that hangs for 60 s"
    assert set(await asyncio.gather(*attempts)) == {Attempt(False, "no answer within 1 s")}
    assert await good.notify(MESSAGE, 5) == Attempt(True)
    assert len(receiver.requests("/hangs")) == 4  # what had not begun in time never does


async def test_text_becomes_what_the_service_wants() -> None:
    with MailServer() as mail:
        url = mail.url("a@x.example") + "&format=html"
        await AppriseNotifier("mail", url).notify(Message("T", "a < b\nc"), 5)
    assert "a&nbsp;&lt;&nbsp;b<br/>c" in mail.mails[0].body


@pytest.mark.parametrize("url", ["", "nothing", "slack://x", "json://", "json://a, json://b"])
def test_a_url_that_apprise_does_not_take(url: str) -> None:
    with pytest.raises(TargetError, match=r"^target 'desk': apprise does not take its URL"):
        AppriseNotifier("desk", url)


def test_parts_are_remembered_for_the_last_messages() -> None:
    parts = Parts()
    for number in range(1001):
        with parts.of(number):
            taken = _delivery_tracker.get()
            assert taken == set()
            taken.add("a")
    for number, expected in [(1000, {"a"}), (0, set())]:
        with parts.of(number):
            assert _delivery_tracker.get() == expected
    parts.forget(1000)
    with parts.of(1000):
        assert _delivery_tracker.get() == set()
    assert _delivery_tracker.get() is None


async def test_a_slow_target_does_not_get_it_twice(receiver: Receiver) -> None:
    """The next attempt at the same message waits for the one that is on its way."""
    receiver.script("/slow", ok(0.5))
    notifier = AppriseNotifier("t", receiver.url("/slow"))
    first = await notifier.notify(MESSAGE, 0.1)
    assert first == Attempt(False, "no answer within 0.1 s")
    assert await notifier.notify(MESSAGE, 5) == Attempt(True)
    assert len(receiver.requests()) == 1
    assert await notifier.notify(MESSAGE, 5) == Attempt(True)  # and another is another
    assert len(receiver.requests()) == 2


async def test_a_late_no_is_tried_again(receiver: Receiver) -> None:
    receiver.script("/slow", replace(status(500), wait=0.3), ok())
    notifier = AppriseNotifier("t", receiver.url("/slow"))
    assert not (await notifier.notify(MESSAGE, 0.1)).delivered
    ((_, sending),) = notifier._late.values()
    await asyncio.wrap_future(sending)
    assert await notifier.notify(MESSAGE, 5) == Attempt(True)
    assert len(receiver.requests()) == 2


# --- pictures -------------------------------------------------------------------------------------

PICTURE = Picture(b"\x89PNG\r\n\x1a\n of it", "Line chart of RUT divided by SPX.", "RUT-SPX.png")
PICTURED = replace(MESSAGE, picture=PICTURE)
YES = Attempt(True)
_RULES = {
    "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
    "rules": [{"kind": "threshold", "at": 10}],
}
WATCHLISTS = {
    "us": _RULES | {"targets": ["mail"], "labels": {"desk": "us"}},
    "de": _RULES | {"targets": ["chat"]},
}
SETTINGS = Settings.model_validate(
    {
        "watchlists": WATCHLISTS,
        "targets": {"mail": {"url": "mailto://x.example"}, "chat": {"url": "console://"}},
    }
)


def images(mail: Mail) -> list[EmailMessage]:
    return [part for part in mail.whole.walk() if part.get_content_maintype() == "image"]


@pytest.mark.parametrize(
    ("form", "disposition", "subtype"),
    [("text", "attachment", "mixed"), ("html", "inline", "related")],
)
async def test_a_mail_goes_with_its_picture_and_what_that_says(
    form: str, disposition: str, subtype: str
) -> None:
    with MailServer() as server:
        notifier = AppriseNotifier("mail", f"{server.url('a@x.example')}&format={form}")
        assert await notifier.notify(PICTURED, 5) == Attempt(True)
        (mail,) = server.mails
    (image,) = images(mail)
    assert image.get_content() == PICTURE.png
    assert (image.get_content_type(), image.get_filename()) == ("image/png", "RUT-SPX.png")
    assert image.get_content_disposition() == disposition
    assert mail.whole.get_content_subtype() == subtype
    assert "Picture: Line chart of RUT divided by SPX." in mail.body.replace("&nbsp;", " ")
    assert ('<img src="cid:RUT-SPX.png">' in mail.body) is (form == "html")


async def test_a_mail_in_html_shows_it_among_the_figures_and_says_it_in_its_plain_part() -> None:
    part = Part(samples.of("record.broken"), samples.NAMES)
    words = Writers(SETTINGS).message(part, "mail")
    with MailServer() as server:
        mailing = {"mail": Target(url=server.url("a@x.example"))}
        assert await notifiers(mailing)["mail"].notify(replace(words, picture=PICTURE), 5) == YES
        assert await notifiers(mailing)["mail"].notify(words, 5) == YES
        mail, without = server.mails
    assert mail.whole.get_content_subtype() == "related"
    (image,) = images(mail)
    assert image["Content-ID"] == "<RUT-SPX.png>"
    assert (
        mail.body.count('<img src="cid:RUT-SPX.png" alt="Line chart of RUT divided by SPX."') == 1
    )
    assert mail.body.index("<img") < mail.body.index(samples.of("record.broken").id)
    plain = mail.whole.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().rstrip().endswith("Picture: Line chart of RUT divided by SPX.")
    assert (images(without), "<img" in without.body) == ([], False)


async def test_a_channel_without_attachments_gets_the_words_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await AppriseNotifier("console", "console://").notify(PICTURED, 5) == Attempt(True)
    assert "Picture" not in capsys.readouterr().out


async def test_a_service_that_does_not_want_the_picture_gets_the_message(
    receiver: Receiver,
) -> None:
    receiver.script("/small", status(413), ok())
    notifier = AppriseNotifier("hook", receiver.url("/small"))
    assert await notifier.notify(PICTURED, 5) == Attempt(True)
    assert [r.body == MESSAGE.body for r in receiver.requests()] == [False, True]


async def test_what_is_refused_for_another_reason_is_refused_without_the_picture_too(
    receiver: Receiver,
) -> None:
    receiver.script("/gone", always=status(404))
    attempt = await AppriseNotifier("hook", receiver.url("/gone")).notify(PICTURED, 5)
    assert attempt == Attempt(False, "HTTP 404", permanent=True)
    assert len(receiver.requests()) == 2


async def test_a_mail_that_is_greylisted_keeps_its_picture() -> None:
    with MailServer({"a@x.example": ["451 later"]}) as server:
        notifier = AppriseNotifier("mail", server.url("a@x.example"))
        assert await notifier.notify(PICTURED, 5) == Attempt(False, "SMTP 451")
        assert await notifier.notify(PICTURED, 5) == Attempt(True)
        assert len(images(server.mails[0])) == 1


@pytest.mark.parametrize(
    ("url", "pictures", "expected"),
    [
        ("mailto://localhost?from=a@x.example&to=b@x.example", "auto", True),
        ("mailto://localhost?from=a@x.example&to=b@x.example", "never", False),
        ("ntfy://localhost/topic", "auto", True),
        ("json://localhost", "auto", True),
        ("json://localhost", "never", False),
        ("console://", "auto", False),
        ("mmost://localhost/3ccdd113474722377935511fc85d3dd4", "auto", False),
    ],
)
def test_who_gets_pictures(url: str, pictures: str, expected: bool) -> None:
    assert bool(takers(reaching({"url": url, "pictures": pictures}))) is expected


def reaching(*targets: dict[str, Any], **more: Any) -> Settings:
    """A configuration with these targets: t0, t1 …"""
    named = {f"t{number}": target for number, target in enumerate(targets)}
    lists = {"us": _RULES | {"targets": ["t0"]}}
    return Settings.model_validate({"watchlists": lists, "targets": named} | more)


def test_each_gets_them_in_the_locale_of_its_words() -> None:
    pictured = {"url": "json://localhost", "pictures": "auto"}
    settings = reaching(pictured, pictured | {"locale": "fr_FR"}, locale="de_DE")
    assert takers(settings) == {"t0": "de_DE", "t1": "fr_FR"}


@pytest.mark.parametrize(
    "locale", ["../../etc/passwd", "en_GB\n", "zz_ZZ", "{{ x }}", "", "x" * 999]
)
@pytest.mark.parametrize("where", ["target", "everywhere"])
def test_no_locale_comes_that_is_not_known(locale: str, where: str) -> None:
    said = {"locale": locale}
    own, all_over = (said, {}) if where == "target" else ({}, said)
    with pytest.raises(ValidationError, match="unknown locale"):
        reaching({"url": "json://localhost", "pictures": "auto"} | own, **all_over)


REACH = {
    "its own target": ({}, {"us"}),
    "a fallback of its own": ({"targets": {"chat": {"fallback": "mail"}}}, {"us", "de"}),
    "a route for all": ({"routes": {"routes": [{"targets": ["mail"]}]}}, {"us", "de"}),
    "a route for some kinds": (
        {"routes": {"routes": [{"match": {"rule": "record.*"}, "targets": ["mail"]}]}},
        {"us", "de"},
    ),
    "a route for another watchlist": (
        {"routes": {"routes": [{"match": {"watchlist": "us"}, "targets": ["mail"]}]}},
        {"us"},
    ),
    "a route for a label that it has not": (
        {"routes": {"routes": [{"match": {"labels": {"desk": "us"}}, "targets": ["mail"]}]}},
        {"us"},
    ),
    "routes instead of its own": ({"routes": {"targets": ["chat"]}}, set()),
    "never": ({"targets": {"mail": {"pictures": "never"}}}, set()),
}


@pytest.mark.parametrize(("more", "expected"), REACH.values(), ids=REACH)
def test_alerts_go_with_a_history_where_a_target_may_get_a_picture(
    more: dict[str, Any], expected: set[str]
) -> None:
    targets = {
        "mail": {"url": "json://localhost", "pictures": "auto"},
        "chat": {"url": "console://", "pictures": "auto"},
    }
    for name, options in more.get("targets", {}).items():
        targets[name] |= options
    assert pictured(
        Settings.model_validate({"watchlists": WATCHLISTS} | more | {"targets": targets})
    ) == (expected)


def test_who_does_not_ask_for_pictures_gets_none() -> None:
    assert takers(reaching({"url": "json://localhost"})) == {}


def test_without_matplotlib_nobody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    settings = reaching({"url": "json://localhost", "pictures": "auto"})
    assert (wanting(settings.targets), takers(settings)) == ({"t0"}, {})


def test_the_check_says_once_who_goes_without_pictures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "streakwatch.yaml"
    desk = "\n  desk: {url: json://x, pictures: auto}"
    example = example_text().replace("url: console://", f"url: console://{desk}")
    file.write_text(example)
    assert run(["config", "check", str(file)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run(["config", "check", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "messages to desk go without pictures: matplotlib is not installed "
        "(pip install 'streakwatch[plot]', or leave out `pictures: auto`)"
    ]
