"""The targets webhook:// and webhooks://, an apprise plugin of ours that posts signed JSON."""

# apprise declares its class attributes as None and its methods without types
# mypy: disable-error-code="assignment, override, no-untyped-call"

from __future__ import annotations

import time
from functools import cache
from typing import Any

import requests
from apprise import NotificationManager
from apprise.plugins.base import NotifyBase

from alerts.document import document, encode
from alerts.envelope import KEY_HEADER
from alerts.privacy import HIDDEN
from alerts.signing import signature
from alerts.underway import underway
from config.hooks import Hook, HookError, hook_of


@cache
def register_webhook() -> None:
    """Teach apprise webhook:// and webhooks://."""
    NotificationManager().add(NotifyWebhook)


class NotifyWebhook(NotifyBase):
    """One alert, one POST of a document; no redirect is followed, and TLS is always verified."""

    service_name = "Webhook"
    protocol = "webhook"
    secure_protocol = "webhooks"
    request_rate_per_sec = 0
    templates = ("{schema}://{host}", "{schema}://{host}:{port}")
    title_maxlen = 1000
    body_maxlen = 1_000_000

    def __init__(self, hook: Hook, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._hook = hook

    def send(self, body: str, title: str = "", **_: Any) -> bool:
        """Post what is under way; whether the receiver took it."""
        parcel = underway()
        if parcel is None:
            return False  # words alone are no document
        now = time.time()
        payload = encode(document(parcel, now))
        headers = {
            **dict(self._hook.headers),
            "Content-Type": "application/json",
            "User-Agent": "Streakwatch",
            KEY_HEADER: parcel.envelope.key,
            "X-Streakwatch-Timestamp": str(int(now)),
            "X-Streakwatch-Signature": signature(self._hook.secret, int(now), payload),
        }
        try:
            with requests.post(
                self._hook.address,
                data=payload,
                headers=headers,
                auth=self._hook.user,
                timeout=self._hook.timeouts,
                allow_redirects=False,
                stream=True,  # what the receiver says beyond its status is not read
            ) as answer:
                return 200 <= answer.status_code < 300
        except requests.RequestException:
            return False  # alerts.witness has seen it

    def url(self, privacy: bool = False, *_: Any, **__: Any) -> str:
        """Where it posts to, without anything private."""
        port = f":{self.port}" if self.port else ""
        return f"{self.schema}://{self.host}{port}/{HIDDEN}"

    @staticmethod
    def parse_url(url: str) -> dict[str, Any] | None:
        """The parts of a URL; None for one that cannot be used."""
        results = NotifyBase.parse_url(url, verify_host=False)
        try:
            return {**results, "hook": hook_of(url)} if results else None
        except HookError:
            return None
