"""What keeps the URLs of targets, and the secrets in them, out of the log."""

from __future__ import annotations

import logging

#: They name whole URLs, even in warnings.
_KNOWING = ("apprise", "urllib3", "requests")


def silence_targets() -> None:
    """Never a line of those that know a target's URL."""
    for name in _KNOWING:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
