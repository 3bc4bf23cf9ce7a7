"""How connections to Kafka are secured: what may be written, what is refused, what is not told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.loading import load
from config.security import Sasl, Security, Tls
from config.settings import Kafka

FaultsOf = Callable[..., list[str]]

SECRET = "S3CR3T"


def kafka(file: Path, text: str, **environ: str) -> Kafka:
    file.write_text(text)
    return load(file, environ).kafka


def test_plain_text_is_the_default(base: str, file: Path) -> None:
    assert kafka(file, base).security == Security()


@pytest.mark.parametrize(("written", "expected"), [("true", Tls()), ("{}", Tls()), ("false", None)])
def test_tls_is_on_or_off(written: str, expected: Tls | None, base: str, file: Path) -> None:
    found = kafka(file, base + f"kafka: {{security: {{tls: {written}}}}}")
    assert found.security.tls == expected


def test_files_are_relative_to_the_file(base: str, file: Path) -> None:
    text = base + "kafka: {security: {tls: {ca_file: ca.pem, cert_file: /etc/c.pem}}}"
    tls = kafka(file, text).security.tls
    assert tls is not None
    assert (tls.ca_file, tls.cert_file) == (Path.cwd() / "ca.pem", Path("/etc/c.pem"))


def test_credentials_come_from_variables(base: str, file: Path) -> None:
    text = base + (
        "kafka: {security: {sasl: {username: '${WHO}', password: 'x${WORD}'}, "
        "tls: {cert_file: a, key_password: '$${WORD}'}}}"
    )
    security = kafka(file, text, WHO="desk", WORD=SECRET).security
    assert security.sasl is not None
    assert security.tls is not None
    assert security.tls.key_password is not None
    assert security.sasl.username == "desk"
    assert security.sasl.password.get_secret_value() == f"x{SECRET}"
    assert security.tls.key_password.get_secret_value() == "${WORD}"
    assert SECRET not in repr(security)


@pytest.mark.parametrize(
    "section", ["", "kafka: {security: {tls: true}}", "kafka: {security: {tls: false}}"]
)
def test_overrides_make_the_sections_that_they_need(section: str, base: str, file: Path) -> None:
    given = {
        "SASL__USERNAME": "desk",
        "SASL__PASSWORD": "${NOT_REPLACED}",
        "TLS__CA_FILE": "/ca.pem",
    }
    environ = {f"STREAKWATCH_KAFKA__SECURITY__{key}": value for key, value in given.items()}
    security = kafka(file, base + section, **environ).security
    assert security.tls == Tls(ca_file=Path("/ca.pem"))
    assert security.sasl == Sasl.model_validate(
        {"mechanism": "SCRAM-SHA-512", "username": "desk", "password": "${NOT_REPLACED}"}
    )


USER = f"username: a, password: {SECRET}"
FAULTS = {
    "tls of a text": (
        "tls: 5",
        "tls: found '5'; write below it: ca_file, cert_file, key_file, key_password, "
        "check_hostname, or true or false",
    ),
    "tls of nothing": ("tls: ", "tls: found nothing; write true, or its keys below it"),
    "key of tls": ("tls: {ca_fil: x}", "tls.ca_fil: unknown key; did you mean 'ca_file'?"),
    "switch": (
        "tls: {check_hostname: perhaps}",
        "tls.check_hostname: found 'perhaps'; write true or false",
    ),
    "key without a certificate": (
        "tls: {key_file: a}",
        "tls: key_file without cert_file; add cert_file, the certificate of it",
    ),
    "password without a certificate": (
        f"tls: {{key_password: {SECRET}}}",
        "tls: key_password without cert_file; add cert_file, the certificate of it",
    ),
    "file": (
        r'tls: {ca_file: "a\0b"}',
        "tls.ca_file: a path with a NUL in it; write the path of a file",
    ),
    "file of a list": (
        "tls: {ca_file: [a]}",
        "tls.ca_file: found a list; write the path of a file",
    ),
    "user that is a text": (
        f"sasl: {SECRET}",
        "sasl: found a text; write below it: mechanism, username, password",
    ),
    "user of nothing": ("sasl: ", "sasl: found nothing; write username and password below it"),
    "no password": (
        "sasl: {username: a}",
        "sasl.password: missing; add it: the password; ${NAME} is taken from the environment",
    ),
    "empty password": (
        "sasl: {username: a, password: ''}",
        "sasl.password: found a text; write a text of 1 to 1000 characters",
    ),
    "password that is a list": (
        f"sasl: {{username: a, password: [{SECRET}]}}",
        "sasl.password: found a list; write a text of 1 to 1000 characters",
    ),
    "mechanism": (
        f"sasl: {{mechanism: PLIAN, {USER}}}",
        "sasl.mechanism: found 'PLIAN'; did you mean 'PLAIN'? write 'SCRAM-SHA-512', "
        "'SCRAM-SHA-256' or 'PLAIN'",
    ),
    "variable": (
        "sasl: {username: a, password: '${NOT_SET}'}",
        "sasl.password: the variable NOT_SET is not set; set NOT_SET, or write $${NOT_SET} if the "
        "text itself is meant",
    ),
}
"""Name: what is below `kafka.security`, and the fault."""


@pytest.mark.parametrize(("below", "expected"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_told_without_a_password(
    below: str, expected: str, base: str, faults_of: FaultsOf
) -> None:
    faults = faults_of(base + f"kafka: {{security: {{{below}}}}}")
    assert faults == [f"streakwatch.yaml:11: kafka.security.{expected}"]
    assert SECRET not in faults[0]


@pytest.mark.parametrize(
    ("server", "tls", "refused"),
    [
        ("127.0.0.1:9092", "false", False),
        ("'[::1]:9092'", "false", False),
        ("localhost:9092", "false", False),
        ("kafka-1:9092", "true", False),
        ("kafka-1:9092", "false", True),
        ("10.0.0.1:9092", "false", True),
        ("127.0.0.1:9092, kafka-1:9092", "false", True),
    ],
)
def test_a_password_crosses_no_network_as_it_is(
    server: str, tls: str, refused: bool, base: str, file: Path, faults_of: FaultsOf
) -> None:
    text = base + (
        f"kafka: {{bootstrap_servers: [{server}], "
        f"security: {{tls: {tls}, sasl: {{mechanism: PLAIN, {USER}}}}}}}"
    )
    if not refused:
        assert kafka(file, text).security.sasl is not None
        return
    assert faults_of(text) == [
        "streakwatch.yaml:11: kafka.security.sasl.mechanism: PLAIN would send the password over "
        "the network as it is; add kafka.security.tls, or use SCRAM-SHA-512"
    ]
