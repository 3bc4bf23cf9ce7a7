"""Connections to mail servers stay open between mails: used again, never at the price of a mail."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trustme
from delivery_desk import until
from receivers import HOST, MailServer

from alerts import samples
from alerts.connections import Connections
from alerts.rendering import render
from alerts.targets import AppriseNotifier, Attempt, Message
from streams.agents.delivery import hang_up_at_the_end

DESK, RISK, THIRD = "desk@test.example", "risk@test.example", "third@test.example"
YES = Attempt(True)
LATER = Attempt(False, "SMTP 451", in_part=True)
DROP, HANG = MailServer.DROP, MailServer.HANG


def numbered(count: int) -> list[Message]:
    """Messages of alerts with ids of their own."""
    alert = samples.of("record.tied")
    alerts = [replace(alert, id=f"{number:020x}") for number in range(count)]
    return [replace(render(one, samples.NAMES), alert=one) for one in alerts]


@asynccontextmanager
async def target(
    mail: MailServer, *recipients: str, connections: Connections | None = None
) -> AsyncIterator[AppriseNotifier]:
    """A target at a server, with connections of its own until it is left."""
    notifier = AppriseNotifier("mail", mail.url(*(recipients or (DESK,))))
    if connections is not None:
        (service,) = notifier._apprise
        service.connections = connections
    try:
        yield notifier
    finally:
        await asyncio.to_thread(notifier.close)


async def one_by_one(notifier: AppriseNotifier, messages: list[Message]) -> list[Attempt]:
    return [await notifier.notify(message, 10) for message in messages]


def keys(mail: MailServer) -> list[str]:
    """The ids of the alerts whose content came, in its order."""
    return [sent.header("X-Streakwatch-Id")[0].partition("/")[0] for sent in mail.mails]


def ids(messages: list[Message]) -> list[str]:
    return [message.alert.id for message in messages if message.alert]


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


async def test_mails_share_a_connection(mail: MailServer) -> None:
    messages = numbered(5)
    async with target(mail) as notifier:
        assert await one_by_one(notifier, messages) == [YES] * 5
    assert keys(mail) == ids(messages)
    assert [one.mails for one in mail.connections] == [5]


async def test_they_share_its_encryption_and_login(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, pem = trustme.CA(), tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    with MailServer(tls=context, user=("streaks", "tok-S3CR3T"), away=0.001) as mail:
        async with target(mail) as notifier:
            assert await one_by_one(notifier, numbered(3)) == [YES] * 3
    assert [(sent.user, sent.secure) for sent in mail.mails] == [("streaks", True)] * 3
    assert [one.mails for one in mail.connections] == [3]


async def test_it_is_closed_with_a_goodbye_at_the_end(mail: MailServer) -> None:
    async with target(mail) as notifier:
        await one_by_one(notifier, numbered(2))
        (connection,) = mail.connections
        assert not connection.said_goodbye
    assert connection.said_goodbye


async def test_nothing_is_kept_after_the_end(mail: MailServer) -> None:
    async with target(mail) as notifier:
        pass
    assert await one_by_one(notifier, numbered(2)) == [YES] * 2
    assert [one.said_goodbye for one in mail.connections] == [True, True]


async def test_it_is_closed_with_a_goodbye_when_it_is_idle(mail: MailServer) -> None:
    async with target(mail, connections=Connections(idle=0.05)) as notifier:
        await one_by_one(notifier, numbered(1))
        await until(lambda: mail.connections[0].said_goodbye, 10)
        assert await one_by_one(notifier, numbered(1)) == [YES]
    assert [one.mails for one in mail.connections] == [1, 1]


async def test_a_connection_has_so_many_mails_at_most(mail: MailServer) -> None:
    async with target(mail, connections=Connections(most=2)) as notifier:
        assert await one_by_one(notifier, numbered(5)) == [YES] * 5
    assert [(one.mails, one.said_goodbye) for one in mail.connections] == [
        (2, True), (2, True), (1, True),
    ]  # fmt: skip


async def test_each_thread_has_a_connection_of_its_own(mail: MailServer) -> None:
    messages = numbered(40)
    async with target(mail) as notifier:
        told = await asyncio.gather(*(notifier.notify(message, 10) for message in messages))
    assert told == [YES] * 40
    assert sorted(keys(mail)) == ids(messages)
    assert len(mail.connections) <= 4
    assert all(one.said_goodbye for one in mail.connections)


# --- the server ends it ---------------------------------------------------------------------


@pytest.mark.parametrize("ends", [[DROP], ["421 4.3.2 going down"], [DROP, DROP]])
async def test_one_that_the_server_ends_as_a_mail_begins_is_made_anew(
    ends: list[str], mail: MailServer
) -> None:
    """Before it has any of the content: so the mail goes again at once, and none comes twice."""
    messages = numbered(4)
    mail.at_mail = ["", "", *ends[:1], "", *ends[1:]]
    async with target(mail) as notifier:
        assert await one_by_one(notifier, messages) == [YES] * 4
    assert keys(mail) == ids(messages)


async def test_one_that_the_server_has_closed_meanwhile_costs_no_mail(mail: MailServer) -> None:
    messages = numbered(3)
    async with target(mail) as notifier:
        for message in messages:
            assert await notifier.notify(message, 10) == YES
            mail.hang_up()
            await until(lambda: mail.connections[-1].closed, 10)
    assert keys(mail) == ids(messages)
    assert len(mail.connections) == 3


async def test_a_server_that_takes_two_mails_at_a_time_gets_all() -> None:
    messages = numbered(7)
    with MailServer(most=2) as mail:
        async with target(mail) as notifier:
            assert await one_by_one(notifier, messages) == [YES] * 7
    assert keys(mail) == ids(messages)
    assert [one.mails for one in mail.connections] == [2, 2, 2, 1]


async def test_so_do_the_recipients_of_one_message() -> None:
    with MailServer(most=2) as mail:
        async with target(mail, DESK, RISK, THIRD) as notifier:
            assert await one_by_one(notifier, numbered(1)) == [YES]
    assert [sent.recipients for sent in mail.mails] == [(DESK,), (RISK,), (THIRD,)]


async def test_a_new_one_that_is_ended_is_an_attempt_that_failed(mail: MailServer) -> None:
    mail.at_mail = [DROP]
    async with target(mail) as notifier:
        told = await one_by_one(notifier, numbered(1))
    assert told == [Attempt(False, "connection lost")]
    assert len(mail.connections) == 1


async def test_a_new_one_that_is_ended_too_is_no_loop(mail: MailServer) -> None:
    mail.at_mail = ["", DROP, DROP]
    first, second = numbered(2)
    async with target(mail) as notifier:
        assert await notifier.notify(first, 10) == YES
        assert await notifier.notify(second, 10) == Attempt(False, "connection lost")
        assert await notifier.notify(second, 10) == YES
    assert keys(mail) == ids([first, second])


async def test_what_may_have_been_taken_is_not_sent_again_at_once(mail: MailServer) -> None:
    """The content has come, and no answer: as ever, that is an attempt that failed."""
    mail.at_content = ["", DROP]
    first, second = numbered(2)
    async with target(mail) as notifier:
        assert await notifier.notify(first, 10) == YES
        assert await notifier.notify(second, 10) == Attempt(False, "connection lost")
    assert keys(mail) == ids([first, second])


async def test_a_server_that_says_no_more_holds_up_one_attempt(mail: MailServer) -> None:
    """The attempt at the next connection is the one whose yes counts; the mail comes once."""
    mail.at_mail = ["", HANG]
    first, second = numbered(2)
    async with target(mail) as notifier:
        (service,) = notifier._apprise
        service.socket_connect_timeout = 0.5
        assert await notifier.notify(first, 10) == YES
        assert await notifier.notify(second, 0.1) == Attempt(False, "no answer within 0.1 s")
        assert await notifier.notify(second, 10) == YES
    assert keys(mail) == ids([first, second])


# --- the server says no ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("550 5.1.1 unknown", Attempt(False, "SMTP 550", permanent=True)),
        ("451 4.7.1 later", Attempt(False, "SMTP 451")),
    ],
)
@pytest.mark.parametrize("where", ["sender", "recipient", "content"])
async def test_a_refusal_is_of_one_mail_and_understood(
    where: str, answer: str, told: Attempt, mail: MailServer
) -> None:
    first, second, third = numbered(3)
    async with target(mail) as notifier:
        assert await notifier.notify(first, 10) == YES
        match where:
            case "sender":
                mail.at_mail = [answer]
            case "recipient":
                mail.refusals[DESK] = [answer]
            case _:
                mail.at_content = [answer]
        assert await notifier.notify(second, 10) == told
        assert await notifier.notify(third, 10) == YES
    assert [one.said_goodbye for one in mail.connections] == [True, True]


async def test_what_an_old_connection_said_does_not_count(mail: MailServer) -> None:
    """421 on it is not about the mail; 550 on the new one is, and for good."""
    first, second = numbered(2)
    mail.at_mail = ["", "421 4.7.0 too many"]
    async with target(mail) as notifier:
        assert await notifier.notify(first, 10) == YES
        mail.refusals[DESK] = "550 5.1.1 unknown"
        told = await notifier.notify(second, 10)
    assert told == Attempt(False, "SMTP 550", permanent=True)


async def test_recipients_that_are_served_are_not_served_again(mail: MailServer) -> None:
    mail.refusals[RISK] = ["451 4.7.1 later"]
    (message,) = numbered(1)
    async with target(mail, DESK, RISK, THIRD) as notifier:
        assert await one_by_one(notifier, [message, message]) == [LATER, YES]
    assert [sent.recipients for sent in mail.mails] == [(DESK,), (THIRD,), (RISK,)]


async def test_a_worker_says_goodbye_at_its_end(mail: MailServer) -> None:
    notifier = AppriseNotifier("mail", mail.url(DESK))
    working = asyncio.create_task(hang_up_at_the_end([notifier]))
    await one_by_one(notifier, numbered(1))
    assert not mail.connections[0].said_goodbye
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert mail.connections[0].said_goodbye
