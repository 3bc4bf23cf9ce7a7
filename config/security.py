"""How a connection to Kafka is secured: TLS, and a user with a password."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from config.models import Model
from config.validators import below_folder, refusal
from config.words import found

Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]
File = Annotated[
    Path, AfterValidator(below_folder), WithJsonSchema({"type": "string", "format": "file-path"})
]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=1000)]


class Tls(Model):
    """Certificates, each a file in PEM form; a file that is renewed is read again."""

    ca_file: File | None = None
    """Who signed the brokers' certificates; without it, whom the system trusts."""
    cert_file: File | None = None
    """Our own certificate, where brokers ask for one."""
    key_file: File | None = None
    """Its private key; without it, the key is looked for in cert_file."""
    key_password: Secret | None = None
    """What the private key is encrypted with; ${NAME} is taken from the environment."""
    check_hostname: bool = True
    """Whether a broker's certificate must be for the host that bootstrap_servers names."""

    @model_validator(mode="after")
    def _key_of_a_certificate(self) -> Self:
        for name in ("key_file", "key_password"):
            if getattr(self, name) is not None and self.cert_file is None:
                raise refusal(f"{name} without cert_file", "add cert_file, the certificate of it")
        return self


class Sasl(Model):
    """Who we are to Kafka."""

    mechanism: Mechanism = "SCRAM-SHA-512"
    """How the password is proved; PLAIN sends it as it is, and so needs TLS."""
    username: Annotated[str, Field(min_length=1, max_length=1000)]
    """The user's name; ${NAME} is taken from the environment."""
    password: Secret
    """The password; ${NAME} is taken from the environment."""


def _switch(value: Any) -> Any:
    """'true' stands for TLS with all its defaults, 'false' for none; nothing stands for neither."""
    if value is None:
        raise refusal(f"found {found(value)}", "write true, or its keys below it")
    return {"true": {}, "false": None}.get(value, value) if isinstance(value, str) else value


def _some(value: Any) -> Any:
    """Nothing, as where all keys are comments, is not taken for no user."""
    if value is None:
        raise refusal(f"found {found(value)}", "write username and password below it")
    return value


class Security(Model):
    """How connections to Kafka are secured; plain text without any of it."""

    tls: Annotated[
        Tls | None, BeforeValidator(_switch, json_schema_input_type=Tls | bool | None)
    ] = None
    """Encrypt, and check who the brokers are: true, or keys for certificates of one's own."""
    sasl: Annotated[Sasl | None, BeforeValidator(_some)] = None
    """Log in, with the user and the password that are given."""

    def bare_password(self, servers: list[str]) -> bool:
        """Whether the password would go over a network as it is."""
        plain = self.sasl is not None and self.sasl.mechanism == "PLAIN"
        return plain and self.tls is None and not all(map(_is_loopback, servers))


def _is_loopback(server: str) -> bool:
    host = server.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
