"""TLS contexts from the configuration; certificates that are renewed are read again."""

from __future__ import annotations

import logging
import ssl
from functools import cache
from pathlib import Path
from typing import Any

from config.errors import StreakwatchError, UsageError
from config.security import Tls

log = logging.getLogger(__name__)

_KEYS = "kafka.security.tls"
_CERTIFICATE, _KEY = b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----"
_NO_PASSWORD = ""  # unlike None it keeps OpenSSL from asking at the terminal

Stamps = dict[Path, tuple[int, int] | None]


@cache
def context_of(tls: Tls) -> ssl.SSLContext:
    """The one context of all connections with these settings.

    Raises:
        UsageError: a file cannot be read or used; it is named, with the key that names it.
    """
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.check_hostname
    if tls.ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    context.load(tls)
    return context


class _Context(ssl.SSLContext):
    """Looks before each connection whether its files were written anew."""

    def load(self, tls: Tls) -> None:
        """Read the files. Raises UsageError."""
        self._tls, self._stamps = tls, stamps(tls)
        _load_ca(self, tls)
        _load_certificate(self, tls)

    def wrap_bio(self, *args: Any, **more: Any) -> ssl.SSLObject:
        """As the library does, with the files as they are now."""
        if stamps(self._tls) != self._stamps:
            try:
                self.load(self._tls)
            except StreakwatchError as error:  # half written, perhaps: the next change is seen
                log.warning("%s; going on with what was read before", error)
        return super().wrap_bio(*args, **more)


def stamps(tls: Tls) -> Stamps:
    """What tells whether a file was written anew."""
    return {path: _stamp(path) for path in (tls.ca_file, tls.cert_file, tls.key_file) if path}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _load_ca(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.ca_file is None:
        return
    text = _pem("ca_file", tls.ca_file, _CERTIFICATE, "certificate")
    try:
        context.load_verify_locations(cadata=text.decode("ascii", "ignore"))
    except ssl.SSLError:
        raise _unusable("ca_file", tls.ca_file, "certificate") from None


def _load_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.cert_file is None:
        return
    _pem("cert_file", tls.cert_file, _CERTIFICATE, "certificate")
    name = "key_file" if tls.key_file else "cert_file"
    key_file = tls.key_file or tls.cert_file
    key = _pem(name, key_file, _KEY, "private key")
    encrypted = b"ENCRYPTED" in key
    if encrypted and tls.key_password is None:
        what = f"{_KEYS}.{name}: the private key in {key_file} is encrypted"
        raise UsageError(what, f"set {_KEYS}.key_password")
    password = tls.key_password.get_secret_value() if tls.key_password else _NO_PASSWORD
    try:
        context.load_cert_chain(tls.cert_file, key_file, password)
    except ssl.SSLError as error:
        raise _refused(tls, name, key_file, error, encrypted=encrypted) from None


def _refused(
    tls: Tls, name: str, key_file: Path, error: ssl.SSLError, *, encrypted: bool
) -> UsageError:
    if error.reason == "KEY_VALUES_MISMATCH":
        what = f"{_KEYS}.{name}: the private key in {key_file} is not that of {tls.cert_file}"
        return UsageError(what, "give the certificate and the key that belong together")
    if encrypted:
        what = f"{_KEYS}.key_password: it does not open the private key in {key_file}"
        return UsageError(what, "check the password")
    return UsageError(
        f"{_KEYS}.cert_file: the certificate in {tls.cert_file}, or the private key in {key_file}, "
        "cannot be used",
        "give PEM files that are whole",
    )


def _pem(name: str, path: Path, mark: bytes, what: str) -> bytes:
    """The bytes of a file that should hold a certificate or a key. Raises UsageError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{_KEYS}.{name}: {path} cannot be read ({error.strerror})",
            "give the path of a PEM file",
        ) from None
    if mark not in text:
        raise _unusable(name, path, what)
    return text


def _unusable(name: str, path: Path, what: str) -> UsageError:
    return UsageError(f"{_KEYS}.{name}: {path} holds no {what} in PEM form", "give a PEM file")
