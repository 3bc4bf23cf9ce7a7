"""How long fifty alerts to one target take: python bench/burst.py [--quick] [--rounds N]

Each goes to a real server on this machine as soon as the one before is taken, as a lane of
delivery does it. Beside it stands what the pauses of apprise's plugins alone would come to.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import ssl
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import trustme
from apprise.plugins.slack import NotifySlack
from receivers import HOST, MailServer, Receiver, says
from shared.command import run
from shared.kafka import WrongError
from shared.machine import machine

from alerts import samples
from alerts.rendering import render
from alerts.targets import AppriseNotifier, Message

ALERTS, QUICK = 50, 5
ANSWER = 0.03  # seconds for each answer of a mail server that is not near
NEAR, AWAY = "e-mail", f"e-mail, {ANSWER * 1000:.0f} ms each answer"
SECURE = "  and STARTTLS and login"

TARGETS = {
    NEAR: "",
    AWAY: "",
    SECURE: "",
    "Slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "ntfy": "ntfy://HOST/streaks",
    "Mattermost": "mmost://HOST/abcdefghijklmnopqrstuvwxyz",
    "JSON": "json://HOST/x",
    "webhook": "webhook://HOST/x?secret=0123456789abcdef",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A target's URL, and the keys or texts that its server has taken."""

    url: str
    taken: Any


@contextmanager
def mail_server(title: str) -> Iterator[MailServer]:
    """A mail server that is near, or takes its time, or asks for encryption and a login too."""
    if title != SECURE:
        with MailServer(away=0.0 if title == NEAR else ANSWER) as mail:
            yield mail
        return
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    with authority.cert_pem.tempfile() as trusted:
        os.environ["SSL_CERT_FILE"] = trusted
        with MailServer(tls=context, user=("streaks", "secret"), away=ANSWER) as mail:
            yield mail


@contextmanager
def server(title: str) -> Iterator[Server]:
    """A server of a kind, while it lasts."""
    if title in (NEAR, AWAY, SECURE):
        with mail_server(title) as mail:
            url = mail.url("desk@test.example")
            yield Server(url, lambda: [str(one.headers) for one in mail.mails])
        return
    with Receiver(always=says(b"ok")) as receiver:
        host = f"{HOST}:{receiver.port}"
        NotifySlack.webhook_url = f"http://{host}/services"
        url = TARGETS[title].replace("HOST", host)
        yield Server(url, lambda: [json.dumps(r.raw.decode()) for r in receiver.requests()])


def messages(count: int) -> list[Message]:
    """Alerts of ids of their own."""
    alert = samples.of("record.tied")
    alerts = [replace(alert, id=f"{number:020x}") for number in range(count)]
    return [replace(render(one, samples.NAMES), alert=one) for one in alerts]


async def burst(title: str, count: int) -> tuple[float, float]:
    """Seconds until the last is taken, and what apprise's pauses would come to.

    Raises:
        WrongError: not each was taken once, in order.
    """
    with server(title) as there:
        notifier = AppriseNotifier("burst", there.url)
        (service,) = notifier._apprise
        begun = time.perf_counter()
        for message in messages(count):
            attempt = await notifier.notify(message, 15)
            if not attempt.delivered:
                raise WrongError(f"{title} did not take a message: {attempt.detail}")
        seconds = time.perf_counter() - begun
        notifier.close()
        taken = there.taken()
    ordered = all(f"{number:020x}" in text for number, text in enumerate(taken))
    if len(taken) != count or not ordered:
        raise WrongError(f"{title} got {len(taken)} of {count}, or in another order")
    return seconds, (count - 1) * type(service).request_rate_per_sec


async def measured(count: int, rounds: int) -> None:
    """Print the table."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's, of what it will remove
    print(machine("apprise"))
    print(f"\nSeconds for {count} alerts, one after the other, {rounds} rounds\n")
    print(f"{'':<28}{'median':>8}{'least':>8}{'most':>8}{'apprise pauses':>17}")
    for title in TARGETS:
        found = [await burst(title, count) for _ in range(rounds)]
        seconds = [one for one, _ in found]
        print(f"{title:<28}{statistics.median(seconds):>8.2f}{min(seconds):>8.2f}"
              f"{max(seconds):>8.2f}{found[0][1]:>17.1f}")  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each kind of target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} alerts, one round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    count, rounds = (QUICK, 1) if options.quick else (ALERTS, options.rounds)
    return run(measured(count, rounds))


if __name__ == "__main__":
    sys.exit(main())
