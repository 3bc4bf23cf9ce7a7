"""The target console://, an apprise plugin of ours that prints alerts to standard output."""

# apprise declares its class attributes as None and its methods without types
# mypy: disable-error-code="assignment, override, no-untyped-call"

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from apprise import NotificationManager
from apprise.plugins.base import NotifyBase


@cache
def register_console() -> None:
    """Teach apprise console://."""
    NotificationManager().add(NotifyConsole, schemas="console")


class NotifyConsole(NotifyBase):
    """One alert, one block of text on standard output."""

    service_name = "Console"
    protocol = "console"
    request_rate_per_sec = 0
    templates = ("{schema}://",)
    title_maxlen = 1000
    body_maxlen = 100_000

    def send(self, body: str, title: str = "", **_: Any) -> bool:
        """Print a message and see it out."""
        indented = "\n".join(f"  {line}" if line else "" for line in body.splitlines())
        sys.stdout.write(f"\n{title}\n{indented}\n")
        sys.stdout.flush()
        return True

    def url(self, privacy: bool = False, *_: Any, **__: Any) -> str:
        """The URL, which holds nothing private."""
        return "console://"

    @staticmethod
    def parse_url(url: str) -> dict[str, Any] | None:
        """Take any console:// URL."""
        return dict(NotifyBase.parse_url(url, verify_host=False) or {})
