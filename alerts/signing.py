"""Signatures of webhooks: HMAC-SHA256 over the time and the body."""

from __future__ import annotations

import hashlib
import hmac


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The header of a body that is sent at ``timestamp``, in seconds since 1970."""
    signed = f"{timestamp}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
