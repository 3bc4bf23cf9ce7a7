"""A real broker with a listener for each way to secure it, and certificates made for it."""

from __future__ import annotations

import hashlib
import secrets
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives import serialization as forms
from harness import Deployment

from streams.cli.main import run
from streams.embedded import Broker
from streams.embedded.ports import free_port
from streams.logs import silenced

HOST = "127.0.0.1"
USER, PASSWORD = "desk", "S3CR3T-desk"
KEY_PASSWORD = "S3CR3T-key"

_MODULES = "org.apache.kafka.common.security"
_PLAIN = (
    f"{_MODULES}.plain.PlainLoginModule required "
    f'username="broker" password="broker" user_broker="broker" user_{USER}="{PASSWORD}";'
)
_SCRAM = f"{_MODULES}.scram.ScramLoginModule required;"

LISTENERS = {
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "ELSEWHERE": "SSL",
    "EXPIRED": "SSL",
    "SCRAM": "SASL_SSL",
    "PASSWORD": "SASL_SSL",
    "BARE": "SASL_PLAINTEXT",
    "LOST": "PLAINTEXT",
}
"""Each listener's protocol.

ELSEWHERE has a certificate for another host; who asks at LOST is sent to where nobody listens.
"""


class Certificates:
    """Two CAs, ours and another's, and what they signed; all PEM files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours, others = trustme.CA(), trustme.CA()
        self.ca, self.other_ca = self._ca("ca.pem", ours), self._ca("other-ca.pem", others)
        past = datetime.now(UTC) - timedelta(days=1)
        self.broker = self._pair("broker", ours.issue_cert(HOST))
        self.elsewhere = self._pair("elsewhere", ours.issue_cert("kafka.example"))
        self.expired = self._pair("expired", ours.issue_cert(HOST, not_after=past))
        self.client = self._pair("client", ours.issue_cert("client.example"))
        self.stranger = self._pair("stranger", others.issue_cert("stranger.example"))
        self.encrypted = self._pair("encrypted", ours.issue_cert("client.example"), KEY_PASSWORD)

    def _ca(self, name: str, ca: trustme.CA) -> Path:
        ca.cert_pem.write_to_path(self.folder / name)
        return self.folder / name

    def _pair(self, name: str, made: trustme.LeafCert, password: str = "") -> tuple[Path, Path]:
        """The files of a certificate and its key; and NAME-both.pem, which Kafka needs."""
        key = forms.load_pem_private_key(made.private_key_pem.bytes(), None)
        how: Any = (
            forms.BestAvailableEncryption(password.encode()) if password else forms.NoEncryption()
        )
        key_pem = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, how)
        cert_pem = b"".join(blob.bytes() for blob in made.cert_chain_pems)
        paths = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        paths[0].write_bytes(cert_pem)
        paths[1].write_bytes(key_pem)
        (self.folder / f"{name}-both.pem").write_bytes(key_pem + cert_pem)
        return paths


@dataclass
class SecureKafka:
    """A broker with its listeners' ports and its certificates."""

    broker: Broker
    ports: Mapping[str, int]
    certificates: Certificates

    def at(self, listener: str) -> str:
        """HOST:PORT of a listener."""
        return f"{HOST}:{self.ports[listener]}"

    def is_open(self) -> bool:
        """Whether every listener takes connections: they open one after the other."""
        try:
            for port in self.ports.values():
                socket.create_connection((HOST, port), 5).close()
        except OSError:
            return False
        return True

    def set_password(self, password: str) -> None:
        """Give the user another password (SCRAM-SHA-512)."""
        with socket.create_connection((HOST, self.broker.port), 10) as connection:
            connection.sendall(_change_of_password(password))
            (length,) = struct.unpack(">i", connection.recv(4, socket.MSG_WAITALL))
            answer = connection.recv(length, socket.MSG_WAITALL)
        # correlation id, no tags, throttled for 0 ms, one result: the user's name, no error
        assert answer[10 : 13 + len(USER)] == _text(USER.encode()) + b"\0\0", answer


def _change_of_password(password: str) -> bytes:
    """Kafka's AlterUserScramCredentials, version 0, of which aiokafka knows nothing."""
    salt, iterations = secrets.token_bytes(16), 4096
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    head = struct.pack(">hhih", 51, 0, 1, -1) + b"\0"
    deletions, upsertions = b"\x01", b"\x02"  # none, one
    one = _text(USER.encode()) + struct.pack(">bi", 2, iterations) + _text(salt) + _text(salted)
    body = head + deletions + upsertions + one + b"\0\0"
    return struct.pack(">i", len(body)) + body


def _text(value: bytes) -> bytes:
    return bytes([len(value) + 1]) + value


Case = Callable[[SecureKafka], dict[str, Any]]
"""What is below `kafka.security`."""


def use(deployment: Deployment, server: str, security: dict[str, Any]) -> None:
    """What the configuration says about Kafka from now on."""
    prefix = deployment.prefix
    deployment.overrides["kafka"] = {
        "bootstrap_servers": [server], "topic_prefix": prefix, "group": f"{prefix}group",
        "partitions": 2, "session_timeout": 6, "security": security,
    }  # fmt: skip


def tls(secure: SecureKafka, **more: Any) -> dict[str, Any]:
    return {"ca_file": str(secure.certificates.ca)} | more


def certificate(files: tuple[Path, Path]) -> dict[str, str]:
    return {"cert_file": str(files[0]), "key_file": str(files[1])}


def user(mechanism: str = "SCRAM-SHA-512", **more: str) -> dict[str, str]:
    return {"mechanism": mechanism, "username": USER, "password": PASSWORD} | more


def streakwatch(deployment: Deployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams", *arguments, "-c", str(deployment.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def inside(deployment: Deployment, *arguments: str) -> int:
    """The same within this process, which is quicker; its exit code."""
    with silenced():
        return run([*arguments, "-c", str(deployment.config)])


def secure_kafka(folder: Path) -> SecureKafka:
    """The broker, which the caller starts."""
    certificates = Certificates(folder)
    ports = {name: free_port() for name in ("PLAINTEXT", *LISTENERS)}
    controller = free_port()
    users = (
        argument
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for argument in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")
    )
    broker = Broker(
        folder / "kafka",
        ports["PLAINTEXT"],
        controller_port=controller,
        overrides=_overrides(ports, controller, certificates.folder),
        formatting=tuple(users),
    )
    return SecureKafka(broker, ports, certificates)


def _overrides(ports: Mapping[str, int], controller: int, folder: Path) -> dict[str, str]:
    protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **LISTENERS}
    public = ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
    keys = {"ELSEWHERE": "elsewhere", "EXPIRED": "expired"}
    lines = {
        "listeners": f"{public},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": public.replace(f"{HOST}:{ports['LOST']}", f"{HOST}:1"),
        "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
        **_of("MUTUAL", {"ssl.client.auth": "required"}),
        **_of(
            "SCRAM",
            {
                "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
                "scram-sha-256.sasl.jaas.config": _SCRAM,
                "scram-sha-512.sasl.jaas.config": _SCRAM,
            },
        ),
        **_of(
            "PASSWORD",
            {"sasl.enabled.mechanisms": "PLAIN", "plain.sasl.jaas.config": _PLAIN},
        ),
        **_of(
            "BARE",
            {
                "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
                "plain.sasl.jaas.config": _PLAIN,
                "scram-sha-512.sasl.jaas.config": _SCRAM,
            },
        ),
    }
    for name, protocol in LISTENERS.items():
        if protocol.endswith("SSL"):
            both = folder / f"{keys.get(name, 'broker')}-both.pem"
            lines |= _of(
                name,
                {
                    "ssl.keystore.type": "PEM",
                    "ssl.keystore.location": str(both),
                    "ssl.truststore.type": "PEM",
                    "ssl.truststore.location": str(folder / "ca.pem"),
                },
            )
    return lines


def _of(listener: str, settings: Mapping[str, str]) -> dict[str, str]:
    return {f"listener.name.{listener.lower()}.{key}": text for key, text in settings.items()}
