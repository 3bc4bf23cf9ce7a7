"""Mails against a real SMTP server: encrypted, logged in, refused, greylisted, and in threads."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from receivers import HOST, Mail, MailServer

from alerts import samples
from alerts.model import Alert
from alerts.rendering import render
from alerts.targets import AppriseNotifier, Attempt, Message

DESK = "desk@test.example"


def told(alert: Alert, **fields: str) -> Message:
    return replace(render(alert, samples.NAMES), alert=alert, **fields)  # type: ignore[arg-type]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    return context


async def attempt(url: str, message: Message) -> Attempt:
    return await AppriseNotifier("desk-mail", url).notify(message, 10)


async def test_it_is_encrypted_and_logged_in(authority: trustme.CA) -> None:
    user = ("streaks", "tok-S3CR3T")
    with MailServer(tls=tls_of(authority), user=user) as mail:
        assert await attempt(mail.url(DESK), told(samples.of("record.tied"))) == Attempt(True)
    (sent,) = mail.mails
    assert (sent.user, sent.secure, sent.recipients) == ("streaks", True, (DESK,))


async def test_a_wrong_password_is_refused_for_good(authority: trustme.CA) -> None:
    with MailServer(tls=tls_of(authority), user=("streaks", "right")) as mail:
        url = mail.url(DESK).replace(":right@", ":tok-S3CR3T@")
        told_of = await attempt(url, told(samples.of("record.tied")))
    assert told_of == Attempt(False, "SMTP 535", permanent=True)
    assert mail.mails == []


async def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with MailServer(tls=tls_of(trustme.CA()), user=("streaks", "tok-S3CR3T")) as mail:
        told_of = await attempt(mail.url(DESK), told(samples.of("record.tied")))
    assert (told_of.delivered, told_of.detail) == (False, "no TLS connection")
    assert mail.mails == []


async def test_a_recipient_who_is_refused_is_refused_for_good() -> None:
    with MailServer({DESK: "550 5.1.1 unknown"}) as mail:
        told_of = await attempt(mail.url(DESK), told(samples.of("record.tied")))
    assert told_of == Attempt(False, "SMTP 550", permanent=True)


async def test_greylisting_is_tried_again() -> None:
    with MailServer({DESK: ["451 4.7.1 come back later"]}) as mail:
        target = AppriseNotifier("desk-mail", mail.url(DESK))
        message = told(samples.of("record.tied"))
        assert [await target.notify(message, 10) for _ in range(2)] == [
            Attempt(False, "SMTP 451"),
            Attempt(True),
        ]
    assert len(mail.mails) == 1


# --- threads --------------------------------------------------------------------------------


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


async def mails_of(mail: MailServer, *messages: Message, target: str = "desk-mail") -> list[Mail]:
    notifier = AppriseNotifier(target, mail.url(DESK))
    for message in messages:
        assert await notifier.notify(message, 10) == Attempt(True)
    return mail.mails


def ids(mail: Mail, header: str) -> list[str]:
    """The ids in a header that is there at most once."""
    values = mail.header(header)
    assert len(values) <= 1
    return values[0].split() if values else []


async def test_a_mail_has_one_id_that_any_worker_would_give_it(mail: MailServer) -> None:
    message = told(samples.of("record.tied"))
    first, second = await mails_of(mail, message, message)
    assert ids(first, "Message-ID") == ids(second, "Message-ID")
    assert first.header("X-Streakwatch-Id") == [f"{samples.of('record.tied').id}/desk-mail"]


async def test_another_target_or_alert_is_another_mail(mail: MailServer) -> None:
    alert = samples.of("record.tied")
    await mails_of(mail, told(alert), told(samples.of("record.broken")))
    await mails_of(mail, told(alert), target="other")
    assert len({ids(sent, "Message-ID")[0] for sent in mail.mails}) == 3


@pytest.mark.parametrize("kind", ["correction", "provisional.confirmed", "provisional.withdrawn"])
async def test_what_follows_a_mail_answers_it(kind: str, mail: MailServer) -> None:
    later = samples.of(kind)
    first, second = await mails_of(mail, told(replace(later, id=later.follows, follows="")),
                                   told(later))  # fmt: skip
    assert ids(second, "In-Reply-To") == ids(first, "Message-ID")
    assert ids(second, "References")[-1:] == ids(first, "Message-ID")


async def test_the_mails_about_a_streak_are_one_thread(mail: MailServer) -> None:
    """Where none is known to be the first, they have a reference in common, and answer none."""
    kinds = ("threshold", "record.tied", "record.broken", "ended")
    mails = await mails_of(mail, *(told(samples.of(kind)) for kind in kinds))
    assert len({ids(sent, "References")[0] for sent in mails}) == 1
    assert [ids(sent, "In-Reply-To") for sent in mails] == [[], [], [], []]


async def test_the_end_of_a_streak_answers_the_first_mail_about_it(mail: MailServer) -> None:
    told_first, ended = samples.of("threshold"), samples.of("ended")
    first, end = await mails_of(mail, told(told_first), replace(told(ended), first=told_first.id))
    assert ids(end, "In-Reply-To") == ids(first, "Message-ID")
    assert ids(end, "References") == [*ids(first, "References"), *ids(first, "Message-ID")]


def together(first: Alert, *others: Alert) -> Message:
    return replace(told(first), others=others)


async def test_who_answers_one_of_several_in_a_mail_finds_it(mail: MailServer) -> None:
    first = samples.of("record.broken")
    other = replace(samples.of("threshold"), id="b" * 20, asset="NDX")
    correction = replace(samples.of("correction"), asset="NDX", follows=other.id)
    ended = replace(samples.of("ended"), asset="NDX")
    whole, *later = await mails_of(mail, together(first, other), told(correction), told(ended))
    assert [bool(ids(sent, "In-Reply-To")) for sent in later] == [True, False]
    assert ids(later[0], "In-Reply-To")[0] in ids(whole, "References")
    assert ids(later[1], "References")[0] in ids(whole, "References")


async def test_what_a_mail_of_several_answers_itself_comes_last(mail: MailServer) -> None:
    """There mail programs look for what it is shown below; a mail does not refer to itself."""
    correction = samples.of("correction")
    corrected = replace(samples.of("record.tied"), id=correction.follows)
    again = replace(correction, id="c" * 20, follows=correction.id)
    first, whole = await mails_of(mail, told(corrected), together(correction, corrected, again))
    assert ids(whole, "References")[-1:] == ids(first, "Message-ID") == ids(whole, "In-Reply-To")
    assert ids(whole, "Message-ID")[0] not in ids(whole, "References")
    assert len(set(ids(whole, "References"))) == len(ids(whole, "References"))


async def test_a_mail_of_a_hundred_keeps_the_length_of_lines(mail: MailServer) -> None:
    """RFC 5322, 2.1.1: 998 characters."""
    alert = samples.of("threshold")
    many = [replace(alert, id=f"{n:020x}", asset=f"A{n}") for n in range(100)]
    (sent,) = await mails_of(mail, together(*many))
    assert len(ids(sent, "References")) == 99 * 2 + 1
    assert max(map(len, sent.raw.splitlines())) <= 998


async def test_other_streaks_are_other_threads(mail: MailServer) -> None:
    alert = samples.of("threshold")
    others = [replace(alert, start="2026-01-05"), replace(alert, direction="underperforming"),
              replace(alert, asset="NDX"), replace(alert, watchlist="other")]  # fmt: skip
    mails = await mails_of(mail, *map(told, [alert, *others]))
    assert len({ids(sent, "References")[0] for sent in mails}) == 5


async def test_what_is_about_no_streak_is_in_no_thread(mail: MailServer) -> None:
    missing = samples.of("data.missing")
    (sent,) = await mails_of(mail, told(missing))
    assert (ids(sent, "References"), ids(sent, "In-Reply-To")) == ([], [])


async def test_what_a_person_asks_for_again_is_a_mail_of_its_own_that_answers_the_first(
    mail: MailServer,
) -> None:
    """Mail servers pass over an id that they have seen."""
    alert = samples.of("record.tied")
    first, again = await mails_of(mail, told(alert), told(alert, again="117"))
    assert ids(again, "Message-ID") != ids(first, "Message-ID")
    assert ids(again, "In-Reply-To") == ids(first, "Message-ID")
    assert again.header("X-Streakwatch-Id") == [f"{alert.id}/desk-mail/117"]


async def test_a_feed_puts_no_headers_into_a_mail(mail: MailServer) -> None:
    evil = "x\r\nBcc: all@test.example\r\n\r\n<b>"
    alert = replace(samples.of("correction"), asset=evil, watchlist=evil, start=evil, follows=evil)
    (sent,) = await mails_of(mail, told(alert))
    assert sent.header("Bcc") == []
    assert sent.recipients == (DESK,)


async def test_a_message_without_an_alert_is_a_mail_as_apprise_makes_it(mail: MailServer) -> None:
    first, second = await mails_of(mail, Message("T", "b"), Message("T", "b"))
    assert first.header("X-Streakwatch-Id") == []
    assert ids(first, "Message-ID") != ids(second, "Message-ID")
