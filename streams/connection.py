"""How every client of ours reaches Kafka: the one place where the configuration becomes options."""

from __future__ import annotations

from typing import Any

from config.security import Security
from config.settings import Kafka
from streams.tls import context_of


def client_options(kafka: Kafka) -> dict[str, Any]:
    """The options that all of aiokafka's clients take.

    Raises:
        config.errors.UsageError: a certificate or a key cannot be read or used.
    """
    return {"bootstrap_servers": kafka.bootstrap_servers} | security_options(kafka.security)


def security_options(security: Security) -> dict[str, Any]:
    """The part of :func:`client_options` that single connections take, too."""
    tls, sasl = security.tls, security.sasl
    options: dict[str, Any] = {"security_protocol": protocol(security)}
    if tls is not None:
        options["ssl_context"] = context_of(tls)
    if sasl is not None:
        options["sasl_mechanism"] = sasl.mechanism
        options["sasl_plain_username"] = sasl.username
        options["sasl_plain_password"] = sasl.password.get_secret_value()
    return options


def protocol(security: Security) -> str:
    """How Kafka calls this way to secure a connection."""
    if security.sasl is None:
        return "PLAINTEXT" if security.tls is None else "SSL"
    return "SASL_PLAINTEXT" if security.tls is None else "SASL_SSL"
