"""TLS contexts: each file that cannot be used is named, and no password is told."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from secure_kafka import KEY_PASSWORD, Certificates

from config.errors import UsageError
from config.security import Tls
from streams.cli.main import run
from streams.tls import context_of

Case = Callable[[Certificates], dict[str, object]]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "empty.pem").write_text("")
    (folder / "broken.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"
    )
    (folder / "broken-key.pem").write_text(
        "-----BEGIN PRIVATE KEY-----\nbm90IG9uZQ==\n-----END PRIVATE KEY-----\n"
    )
    return Certificates(folder)


def pair(files: tuple[Path, Path], **more: object) -> dict[str, object]:
    return {"cert_file": files[0], "key_file": files[1], **more}


FAULTS: dict[str, tuple[Case, str]] = {
    "no CA": (
        lambda c: {"ca_file": c.folder / "none.pem"},
        "ca_file: {folder}/none.pem cannot be read (No such file or directory): "
        "give the path of a PEM file",
    ),
    "CA that is a folder": (
        lambda c: {"ca_file": c.folder},
        "ca_file: {folder} cannot be read (Is a directory): give the path of a PEM file",
    ),
    "empty CA": (
        lambda c: {"ca_file": c.folder / "empty.pem"},
        "ca_file: {folder}/empty.pem holds no certificate in PEM form: give a PEM file",
    ),
    "key for a CA": (
        lambda c: {"ca_file": c.client[1]},
        "ca_file: {folder}/client-key.pem holds no certificate in PEM form: give a PEM file",
    ),
    "broken CA": (
        lambda c: {"ca_file": c.folder / "broken.pem"},
        "ca_file: {folder}/broken.pem holds no certificate in PEM form: give a PEM file",
    ),
    "no certificate": (
        lambda c: {"cert_file": c.folder / "none.pem"},
        "cert_file: {folder}/none.pem cannot be read (No such file or directory): "
        "give the path of a PEM file",
    ),
    "certificate without its key": (
        lambda c: {"cert_file": c.client[0]},
        "cert_file: {folder}/client.pem holds no private key in PEM form: give a PEM file",
    ),
    "certificate for a key": (
        lambda c: pair((c.client[0], c.client[0])),
        "key_file: {folder}/client.pem holds no private key in PEM form: give a PEM file",
    ),
    "another's key": (
        lambda c: pair((c.client[0], c.stranger[1])),
        "key_file: the private key in {folder}/stranger-key.pem is not that of "
        "{folder}/client.pem: give the certificate and the key that belong together",
    ),
    "encrypted key": (
        lambda c: pair(c.encrypted),
        "key_file: the private key in {folder}/encrypted-key.pem is encrypted: "
        "set kafka.security.tls.key_password",
    ),
    "wrong password": (
        lambda c: pair(c.encrypted, key_password="S3CR3T-wrong"),
        "key_password: it does not open the private key in {folder}/encrypted-key.pem: "
        "check the password",
    ),
    "broken key": (
        lambda c: pair((c.client[0], c.folder / "broken-key.pem")),
        "cert_file: the certificate in {folder}/client.pem, or the private key in "
        "{folder}/broken-key.pem, cannot be used: give PEM files that are whole",
    ),
}


@pytest.mark.parametrize(("case", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_file_that_cannot_be_used_is_named(
    case: Case, expected: str, certificates: Certificates
) -> None:
    with pytest.raises(UsageError) as caught:
        context_of(Tls.model_validate(case(certificates)))
    told = str(caught.value)
    assert told == "kafka.security.tls." + expected.format(folder=certificates.folder)
    assert "S3CR3T" not in told


def test_the_check_of_a_configuration_opens_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "streakwatch.yaml"
    file.write_text(
        "watchlists: {us: {pairs: [{asset: A, benchmark: B}], targets: [c],\n"
        "  rules: [{kind: threshold, at: 2}]}}\n"
        "targets: {c: {url: 'console://'}}\n"
        "kafka: {security: {tls: {ca_file: none.pem}}}\n"
    )
    assert run(["config", "check", str(file)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"streakwatch: kafka.security.tls.ca_file: {tmp_path}/none.pem cannot be read "
        "(No such file or directory): give the path of a PEM file\n"
    )


@pytest.mark.parametrize("checked", [True, False])
def test_brokers_are_always_verified_and_their_hosts_unless_told_otherwise(
    checked: bool, certificates: Certificates
) -> None:
    context = context_of(Tls(ca_file=certificates.ca, check_hostname=checked))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, checked)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_all_connections_with_the_same_settings_share_a_context(certificates: Certificates) -> None:
    settings = pair(certificates.encrypted, key_password=KEY_PASSWORD)
    assert context_of(Tls.model_validate(settings)) is context_of(Tls.model_validate(settings))


def begin(context: ssl.SSLContext) -> None:
    """What asyncio does for each connection."""
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="127.0.0.1")


def test_a_file_that_is_written_anew_is_read_before_the_next_connection(
    certificates: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(certificates.ca.read_bytes())
    context = context_of(Tls(ca_file=file))
    begin(context)
    assert len(context.get_ca_certs()) == 1
    draft = tmp_path / "draft.pem"
    draft.write_bytes(certificates.other_ca.read_bytes())
    draft.replace(file)
    begin(context)
    assert len(context.get_ca_certs()) == 2
    assert caplog.records == []


def test_a_renewed_file_that_is_wrong_is_told_once_and_changes_nothing(
    certificates: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "both.pem"
    file.write_bytes(b"".join(path.read_bytes() for path in certificates.client))
    context = context_of(Tls(ca_file=certificates.ca, cert_file=file))
    draft = tmp_path / "draft.pem"
    draft.write_text("")
    draft.replace(file)
    with caplog.at_level(logging.WARNING):
        begin(context)
        begin(context)
    assert [record.getMessage() for record in caplog.records] == [
        f"kafka.security.tls.cert_file: {file} holds no certificate in PEM form: "
        "give a PEM file; going on with what was read before"
    ]
