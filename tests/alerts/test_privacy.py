"""URLs of targets as people see them."""

from __future__ import annotations

import pytest

from alerts.targets import AppriseNotifier

SECRET = "0123456789abcdef"


@pytest.mark.parametrize(
    ("url", "kind", "expected"),
    [
        ("console://", "Console", "console://"),
        ("mailtos://S3:S3@example.com?to=S3@x.example", "E-Mail", "mailtos://…@example.com/…"),
        ("jsons://example.com", "JSON", "jsons://example.com/…"),
        (
            "jsons://S3:S3@example.com:8443/S3?+Authorization=S3&-key=S3",
            "JSON",
            "jsons://…@example.com:8443/…",
        ),
        ("json://[::1]:8080/S3", "JSON", "json://[::1]:8080/…"),
        (f"webhooks://S3:S3@h:1/S3?secret={SECRET}&-a=S3", "Webhook", "webhooks://h:1/…"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7S3", "Slack", "slack://…"),
        ("ntfy://S3", "ntfy", "ntfys://…"),
        ("ntfys://example.com/S3", "ntfy", "ntfys://…"),
        ("tgram://123456789:abcdefg_hijklmnS3/12315544/", "Telegram", "tgram://…"),
        (
            "mmost://S3@example.com/abcdefghijklmnopqrstuvwxS3",
            "Mattermost",
            "mmost://…@example.com/…",
        ),
    ],
)
def test_the_scheme_and_a_host_are_all_that_is_shown(url: str, kind: str, expected: str) -> None:
    notifier = AppriseNotifier("t", url)
    assert (notifier.kind, notifier.url) == (kind, expected)
    assert "S3" not in notifier.url
