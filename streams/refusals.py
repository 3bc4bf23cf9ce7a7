"""Why Kafka cannot be used, in words: one line that names the server and says what to check."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from aiokafka.errors import (
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from config.errors import StreakwatchError
from config.security import Sasl, Tls
from config.settings import Kafka
from streams.speech import Speech

_EXPIRED, _NOT_YET_VALID, _OTHER_HOSTS = 10, 9, (62, 64)  # codes of OpenSSL (X509_V_ERR_…)
_ABOUT_CERTIFICATES = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


class AwayError(StreakwatchError):
    """Kafka does not answer now: worth waiting for. ``why`` says what was found instead."""

    def __init__(self, what: str, cure: str, why: str) -> None:
        super().__init__(what, cure)
        self.why = why


class RefusedError(StreakwatchError):
    """Kafka, or what is in its place, cannot be used with this configuration."""


def away(kafka: Kafka, why: str) -> AwayError:
    """None of the servers answers."""
    return AwayError(
        f"Kafka at {', '.join(kafka.bootstrap_servers)} does not answer ({why})",
        "start it (`streakwatch up` starts one), or give --bootstrap-servers",
        why,
    )


def is_about_rights(error: Exception) -> bool:
    """Whether a broker says that we may not do what was asked."""
    return type(error).__name__.endswith("AuthorizationFailedError")


def of_rights(kafka: Kafka, error: Exception) -> RefusedError | None:
    """Who is let in, and may not do what was asked; None for another error."""
    if not is_about_rights(error):
        return None
    name = type(error).__name__
    sasl = kafka.security.sasl
    who = "us" if sasl is None else f"the user {sasl.username!r}"
    return RefusedError(
        f"Kafka at {', '.join(kafka.bootstrap_servers)} does not let {who} do that ({name})",
        "give it the rights that docs/operations.md lists",
    )


def misnamed(server: tuple[str, int], broker: tuple[str, int]) -> AwayError:
    """A server is there, but not where it says that its brokers are."""
    why = f"says that it is at {broker[0]}:{broker[1]}, where nobody answers"
    cure = "set its advertised.listeners to what its clients can reach"
    return AwayError(f"{_at(server)} {why}", cure, f"it {why}")


def of_error(
    kafka: Kafka, server: tuple[str, int], error: Exception
) -> AwayError | RefusedError | None:
    """What an error says by itself; None where it does not say what is wrong."""
    security = kafka.security
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _of_its_certificate(server, cause)
        if isinstance(cause, ssl.SSLError) and _about_ours(cause):
            return _of_our_certificate(server, security.tls, cause)
        if isinstance(cause, socket.gaierror):
            return away(kafka, f"no host is called {server[0]}")
        if isinstance(cause, ConnectionRefusedError):
            return away(kafka, "nobody listens there")
        if security.sasl is not None and (told := _of_user(server, security.sasl, cause)):
            return told
    return None


def of_speech(
    kafka: Kafka, server: tuple[str, int], heard: Speech, *, wants_user: bool
) -> AwayError | RefusedError:
    """What is wrong with a server that was heard, but does not let us in."""
    tls = kafka.security.tls is not None
    if heard is Speech.OTHER:
        what = f"what listens at {server[0]}:{server[1]} is not Kafka"
        return RefusedError(what, "check kafka.bootstrap_servers, or --bootstrap-servers")
    if wants_user:
        cure = "set kafka.security.sasl, or use a port that asks for none"
        return RefusedError(f"{_at(server)} asks for a user", cure)
    if tls and heard is Speech.KAFKA:
        cure = "take kafka.security.tls out, or use its port for TLS"
        return RefusedError(f"{_at(server)} does not speak TLS", cure)
    if not tls and heard is Speech.TLS:
        cure = "set kafka.security.tls, or use its port for plain text"
        return RefusedError(f"{_at(server)} speaks TLS", cure)
    if heard is Speech.NOTHING:
        return away(kafka, "it says nothing that Kafka would say")
    return away(kafka, "it closes the connection")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _of_its_certificate(
    server: tuple[str, int], error: ssl.SSLCertVerificationError
) -> RefusedError:
    if error.verify_code in _OTHER_HOSTS:
        return RefusedError(
            f"{_at(server)} has a certificate that is not for {server[0]}",
            "name the host as the certificate does, or set "
            "kafka.security.tls.check_hostname: false",
        )
    if error.verify_code in (_EXPIRED, _NOT_YET_VALID):
        when = "has expired" if error.verify_code == _EXPIRED else "is not valid yet"
        what = f"{_at(server)} has a certificate that {when}"
        return RefusedError(what, "give it a new one, and check the clocks")
    return RefusedError(
        f"{_at(server)} has a certificate that is not trusted ({error.verify_message})",
        "set kafka.security.tls.ca_file to the certificates of who signed it",
    )


def _about_ours(error: ssl.SSLError) -> bool:
    reason = error.reason or ""
    return "ALERT" in reason and any(word in reason for word in _ABOUT_CERTIFICATES)


def _of_our_certificate(
    server: tuple[str, int], tls: Tls | None, error: ssl.SSLError
) -> RefusedError:
    if tls is None or tls.cert_file is None:
        cure = "set kafka.security.tls.cert_file and key_file"
        return RefusedError(f"{_at(server)} asks for a certificate of ours", cure)
    reason = str(error.reason).partition("ALERT_")[2].replace("_", " ").lower()
    what = f"{_at(server)} does not accept the certificate in {tls.cert_file} ({reason})"
    return RefusedError(what, "set kafka.security.tls.cert_file to one that it trusts")


def _of_user(server: tuple[str, int], sasl: Sasl, error: BaseException) -> RefusedError | None:
    if isinstance(error, SaslAuthenticationFailed | ValueError):
        what = f"{_at(server)} does not let the user {sasl.username!r} in ({sasl.mechanism})"
        return RefusedError(what, "check username and password of kafka.security.sasl")
    if isinstance(error, UnsupportedSaslMechanismError):
        what = f"{_at(server)} does not take {sasl.mechanism}"
        return RefusedError(what, "set kafka.security.sasl.mechanism to one that it takes")
    if isinstance(error, IllegalSaslStateError):
        cure = "take kafka.security.sasl out, or use its port for users"
        return RefusedError(f"{_at(server)} asks for no user", cure)
    return None


def _at(server: tuple[str, int]) -> str:
    return f"Kafka at {server[0]}:{server[1]}"
