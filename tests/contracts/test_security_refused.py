"""What a broker refuses, and what is no broker: one clear line, within seconds, and no password."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Deployment
from secure_kafka import Case, SecureKafka, certificate, inside, streakwatch, tls, use, user

from config.settings import Kafka
from streams.reaching import reach
from streams.refusals import RefusedError

pytestmark = pytest.mark.kafka

JANUARY = Path(__file__).parents[2] / "config/examples/january-2026.csv"
WRONG = "S3CR3T-wrong"

REFUSED: dict[str, tuple[str, Case, str]] = {
    "wrong CA": (
        "TLS",
        lambda s: {"tls": {"ca_file": str(s.certificates.other_ca)}},
        "has a certificate that is not trusted (unable to get local issuer certificate): "
        "set kafka.security.tls.ca_file to the certificates of who signed it",
    ),
    "the system's CAs": (
        "TLS",
        lambda _: {"tls": True},
        "has a certificate that is not trusted (unable to get local issuer certificate): "
        "set kafka.security.tls.ca_file to the certificates of who signed it",
    ),
    "another host": (
        "ELSEWHERE",
        lambda s: {"tls": tls(s)},
        "has a certificate that is not for 127.0.0.1: name the host as the certificate does, "
        "or set kafka.security.tls.check_hostname: false",
    ),
    "expired": (
        "EXPIRED",
        lambda s: {"tls": tls(s)},
        "has a certificate that has expired: give it a new one, and check the clocks",
    ),
    "wrong password": (
        "SCRAM",
        lambda s: {"tls": tls(s), "sasl": user(password=WRONG)},
        "does not let the user 'desk' in (SCRAM-SHA-512): "
        "check username and password of kafka.security.sasl",
    ),
    "wrong password, SCRAM-SHA-256": (
        "SCRAM",
        lambda s: {"tls": tls(s), "sasl": user("SCRAM-SHA-256", password=WRONG)},
        "does not let the user 'desk' in (SCRAM-SHA-256): "
        "check username and password of kafka.security.sasl",
    ),
    "wrong password, PLAIN": (
        "PASSWORD",
        lambda s: {"tls": tls(s), "sasl": user("PLAIN", password=WRONG)},
        "does not let the user 'desk' in (PLAIN): "
        "check username and password of kafka.security.sasl",
    ),
    "unknown user": (
        "SCRAM",
        lambda s: {"tls": tls(s), "sasl": user(username="nobody")},
        "does not let the user 'nobody' in (SCRAM-SHA-512): "
        "check username and password of kafka.security.sasl",
    ),
    "another mechanism": (
        "PASSWORD",
        lambda s: {"tls": tls(s), "sasl": user()},
        "does not take SCRAM-SHA-512: set kafka.security.sasl.mechanism to one that it takes",
    ),
    "no certificate of ours": (
        "MUTUAL",
        lambda s: {"tls": tls(s)},
        "asks for a certificate of ours: set kafka.security.tls.cert_file and key_file",
    ),
    "TLS to plain text": (
        "PLAINTEXT",
        lambda s: {"tls": tls(s)},
        "does not speak TLS: take kafka.security.tls out, or use its port for TLS",
    ),
    "plain text to TLS": (
        "TLS",
        lambda _: {},
        "speaks TLS: set kafka.security.tls, or use its port for plain text",
    ),
    "a user without TLS": (
        "SCRAM",
        lambda _: {"sasl": user()},
        "speaks TLS: set kafka.security.tls, or use its port for plain text",
    ),
    "no user": (
        "BARE",
        lambda _: {},
        "asks for a user: set kafka.security.sasl, or use a port that asks for none",
    ),
    "TLS without a user": (
        "SCRAM",
        lambda s: {"tls": tls(s)},
        "asks for a user: set kafka.security.sasl, or use a port that asks for none",
    ),
    "another address": (
        "LOST",
        lambda _: {},
        "says that it is at 127.0.0.1:1, where nobody answers: "
        "set its advertised.listeners to what its clients can reach",
    ),
    "a user too many": (
        "TLS",
        lambda s: {"tls": tls(s), "sasl": user()},
        "asks for no user: take kafka.security.sasl out, or use its port for users",
    ),
}
"""What is wrong: the listener, the configuration, and the line."""


@pytest.mark.parametrize(("listener", "security", "line"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_told_in_one_line(
    listener: str,
    security: Case,
    line: str,
    secure: SecureKafka,
    secured: Deployment,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(secured, secure.at(listener), security(secure))
    began = time.monotonic()
    code = inside(secured, "topics", "check")
    told = capsys.readouterr()
    assert told.err == f"streakwatch: Kafka at {secure.at(listener)} {line}\n"
    assert (code, told.out) == (1, "")
    assert "S3CR3T" not in told.err
    assert time.monotonic() - began < 4


def test_a_certificate_of_a_stranger_is_told_by_its_file(
    secure: SecureKafka, secured: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    files = secure.certificates.stranger
    use(secured, secure.at("MUTUAL"), {"tls": tls(secure, **certificate(files))})
    assert inside(secured, "topics", "check") == 1
    assert capsys.readouterr().err == (
        f"streakwatch: Kafka at {secure.at('MUTUAL')} does not accept the certificate in "
        f"{files[0]} (certificate unknown): set kafka.security.tls.cert_file to one that it "
        "trusts\n"
    )


def test_one_server_that_lets_us_in_is_enough(secure: SecureKafka) -> None:
    """One is away, one would have TLS, and the third is right."""
    servers = ["127.0.0.1:1", secure.at("TLS"), secure.at("PLAINTEXT")]
    asyncio.run(reach(Kafka(bootstrap_servers=servers)))
    with pytest.raises(RefusedError, match=f"{secure.at('TLS')} speaks TLS"):
        asyncio.run(reach(Kafka(bootstrap_servers=servers[:2])))


@pytest.mark.parametrize(
    "command",
    ["worker", "topics create", "send close RUT 2026-01-26 2670.10", "replay --from-topic",
     f"send closes {JANUARY}"],
)  # fmt: skip
def test_each_command_tells_of_a_wrong_password_at_once(
    command: str, secure: SecureKafka, secured: Deployment
) -> None:
    security = {"tls": tls(secure), "sasl": user(password=WRONG)}
    use(secured, secure.at("SCRAM"), security)
    told = streakwatch(secured, *command.split())
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"streakwatch: Kafka at {secure.at('SCRAM')} does not let the user")
    assert (told.returncode, told.stdout) == (1, "")
    assert "S3CR3T" not in line


@pytest.fixture
def silent() -> Iterator[str]:
    """Where a server takes connections and says nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("security", [{}, {"tls": True}], ids=["plain", "TLS"])
def test_a_server_that_is_not_kafka_is_told_in_seconds(
    security: dict[str, Any], secured: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    server = f"127.0.0.1:{secured.webhook.port}"
    use(secured, server, security)
    began = time.monotonic()
    code = inside(secured, "send", "close", "RUT", "2026-01-26", "2670.10")
    told = capsys.readouterr()
    assert told.err == (
        f"streakwatch: what listens at {server} is not Kafka: "
        "check kafka.bootstrap_servers, or --bootstrap-servers\n"
    )
    assert (code, told.out) == (1, "")
    assert time.monotonic() - began < 12


def test_a_server_that_says_nothing_is_told_in_seconds(
    silent: str, secured: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    use(secured, silent, {})
    began = time.monotonic()
    code = inside(secured, "topics", "check")
    told = capsys.readouterr()
    assert told.err == (
        f"streakwatch: Kafka at {silent} does not answer (it says nothing that Kafka would say): "
        "start it (`streakwatch up` starts one), or give --bootstrap-servers\n"
    )
    assert (code, told.out) == (1, "")
    assert time.monotonic() - began < 14
