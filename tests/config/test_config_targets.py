"""Targets: rates, secrets in files, and the URLs of webhooks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.hooks import Hook, HookError, hook_of
from config.loading import load
from config.rates import Rate, rate_of

FaultsOf = Callable[..., list[str]]
HOOK = "webhooks://hooks.example.com/streaks?secret=${file:secret}"
SECRET = "0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 per second", Rate(1, 1)),
        ("30 per minute", Rate(30, 60)),
        ("500 per hour", Rate(500, 3600)),
        ("999999 per day", Rate(999_999, 86_400)),
    ],
)
def test_a_rate_is_a_number_in_a_time(text: str, expected: Rate) -> None:
    assert rate_of(text) == expected


@pytest.mark.parametrize("text", ["30", "0 per minute", "30 per week", "30/minute", "-1 per day"])
def test_a_rate_that_is_none(text: str, base: str, faults_of: FaultsOf) -> None:
    text = base.replace("url: console://", f"url: console://\n    rate: {text}")
    assert faults_of(text) == [
        "streakwatch.yaml:11: targets.desk.rate: found a text; write a number per second, minute, "
        "hour or day, such as '30 per minute'"
    ]


def test_what_a_target_may_have_beside_its_url(base: str, file: Path) -> None:
    more = "url: console://\n    tags: [desk, us]\n    severity: critical\n    rate: 30 per minute"
    file.write_text(base.replace("url: console://", more))
    target = load(file, {}).targets["desk"]
    assert (target.tags, target.severity, target.limit) == (
        ["desk", "us"],
        "critical",
        Rate(30, 60),
    )


def test_a_target_needs_its_url_alone(base: str, file: Path) -> None:
    file.write_text(base)
    target = load(file, {}).targets["desk"]
    assert (target.tags, target.severity, target.limit) == ([], "info", None)


# --- secrets in files -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "content", "expected"),
    [
        ("file:secret", "json://example.com/s3cret\n", "json://example.com/s3cret"),
        ("json://example.com/${file:secret}", "s3cret", "json://example.com/s3cret"),
        ("json://example.com/${file:secret}", "s3cret\r\n", "json://example.com/s3cret"),
        ("json://${HOST}/${file:secret}/x", "s3cret", "json://example.com/s3cret/x"),
        ("json://example.com/${file:secret}", "${HOST}", "json://example.com/${HOST}"),
    ],
)
def test_secrets_are_filled_in_from_files(
    url: str, content: str, expected: str, base: str, file: Path
) -> None:
    """A relative path begins at the configuration; what a file holds is taken as it is."""
    (file.parent / "secret").write_text(content, newline="")
    file.write_text(base.replace("url: console://", f"url: {url}"))
    settings = load(file, {"HOST": "example.com"})
    assert settings.targets["desk"].url.get_secret_value() == expected


@pytest.mark.parametrize("is_absolute", [True, False])
def test_a_variable_may_name_a_file_too(is_absolute: bool, base: str, file: Path) -> None:
    secret = file.parent / "secret"
    secret.write_text("json://example.com/${NOT_REPLACED}\n")
    file.write_text(base)
    path = secret.absolute() if is_absolute else secret.name
    settings = load(file, {"STREAKWATCH_TARGETS__DESK__URL": f"file:{path}"})
    url = settings.targets["desk"].url.get_secret_value()
    assert url == "json://example.com/${NOT_REPLACED}"


def test_a_variable_that_names_a_file_that_is_not_there(base: str, faults_of: FaultsOf) -> None:
    (fault,) = faults_of(base, {"STREAKWATCH_TARGETS__DESK__URL": "file:secret"})
    assert fault == (
        "STREAKWATCH_TARGETS__DESK__URL: targets.desk.url: the file secret is not there; "
        "check the path"
    )


@pytest.mark.parametrize(
    ("content", "mode", "expected"),
    [
        (None, 0o600, "is not there; check the path"),
        (b"", 0o600, "is empty; write the secret into it, as one line"),
        (b"\n", 0o600, "is empty; write the secret into it, as one line"),
        (
            b"tok-S3\nCR3T",
            0o600,
            "has more than one line, or control characters; write the secret into it, as one line",
        ),
        (b"\xff", 0o600, "is not UTF-8 text; save it in that encoding"),
        (b"x" * 70_000, 0o600, "is larger than 64 KB; name the file with the secret"),
        (b"tok-S3CR3T", 0o606, "may be written by anybody; chmod o-w it"),
    ],
)
def test_a_file_that_gives_no_secret(
    content: bytes | None, mode: int, expected: str, base: str, file: Path, faults_of: FaultsOf
) -> None:
    if content is not None:
        (file.parent / "secret").write_bytes(content)
        (file.parent / "secret").chmod(mode)
    faults = faults_of(base.replace("url: console://", f"url: {HOOK}"))
    assert f"streakwatch.yaml:10: targets.desk.url: the file secret {expected}" in faults
    assert "S3" not in str(faults)


def test_a_secret_that_others_may_read_is_taken(base: str, file: Path) -> None:
    """Docker and Kubernetes mount secrets like that."""
    (file.parent / "secret").write_text(SECRET)
    (file.parent / "secret").chmod(0o444)
    file.write_text(base.replace("url: console://", f"url: {HOOK}"))
    assert load(file, {}).targets["desk"].url.get_secret_value().endswith(SECRET)


def test_a_pipe_is_not_waited_for(base: str, file: Path, faults_of: FaultsOf) -> None:
    os.mkfifo(file.parent / "secret")
    faults = faults_of(base.replace("url: console://", f"url: {HOOK}"))
    assert "the file secret is no file; name the file with the secret" in faults[0]


# --- URLs -----------------------------------------------------------------------------------


def test_a_mail_for_nobody_is_refused(base: str, faults_of: FaultsOf) -> None:
    """apprise drops addresses that are none without a word."""
    url = "mailto://example.com?from=a@example.com&to=nonsense"
    (fault,) = faults_of(base.replace("url: console://", f"url: {url}"))
    assert "targets.desk.url: apprise cannot use this mailto:// URL" in fault
    assert "nonsense" not in fault


def test_a_url_is_that_of_one_service(base: str, faults_of: FaultsOf) -> None:
    url = "'json://a.example.com json://b.example.com'"
    (fault,) = faults_of(base.replace("url: console://", f"url: {url}"))
    assert "targets.desk.url: apprise cannot use this json:// URL" in fault


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"webhook://h?secret={SECRET}", Hook("http://h/", SECRET)),
        (f"webhooks://h:8443/a/b?secret={SECRET}", Hook("https://h:8443/a/b", SECRET)),
        (f"webhooks://[::1]:1/?secret={SECRET}", Hook("https://[::1]:1/", SECRET)),
        ("webhooks://h/?secret=0123456789%26+abcde", Hook("https://h/", "0123456789&+abcde")),
        (
            f"webhooks://me:p%40ss@h/x?secret={SECRET}&rto=10&cto=0.5&-sig=a%2Fb&+X-Key=k",
            Hook("https://h/x?sig=a%2Fb", SECRET, (("X-Key", "k"),), ("me", "p@ss"), (0.5, 10)),
        ),
    ],
)
def test_the_url_of_a_webhook(url: str, expected: Hook) -> None:
    assert hook_of(url) == expected
    assert SECRET not in repr(hook_of(url))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("webhooks://", "is not the URL of a webhook"),
        ("webhooks://h:x/", "is not the URL of a webhook"),
        ("webhooks://h/#x", "is not the URL of a webhook"),
        ("webhooks://[h/", "is not the URL of a webhook"),
        ("webhooks://h/\n?secret=0123456789abcdef", "is not the URL of a webhook"),
        ("webhooks://h/", "has no secret"),
        ("webhooks://h/?secret=tok-S3CR3T", "has a secret that is too short"),
        ("webhooks://h/?sekret=tok-S3CR3T", "has an unknown option sekret"),
        ("webhooks://h/?verify=no", "has an unknown option verify"),
        (f"webhooks://h/?secret={SECRET}&secret=tok-S3CR3T", "has secret twice"),
        (f"webhooks://h/?secret={SECRET}&rto=soon", "has an option rto that is no time"),
        (f"webhooks://h/?secret={SECRET}&cto=0", "has an option cto that is no time"),
        (f"webhooks://h/?secret={SECRET}&+A%0AB=1", "has a header that cannot be sent"),
        (f"webhooks://h/?secret={SECRET}&+A=1%0A2", "has a header that cannot be sent"),
        (f"webhooks://h/?secret={SECRET}&+Content-Type=x", "has a header that cannot be sent"),
    ],
)
def test_a_url_that_is_no_webhooks(url: str, expected: str) -> None:
    with pytest.raises(HookError) as caught:
        hook_of(url)
    assert caught.value.what == expected
    assert "S3CR3T" not in f"{caught.value.what} {caught.value.cure}"


def test_a_wrong_webhook_is_told_by_name_when_the_file_is_read(
    base: str, faults_of: FaultsOf
) -> None:
    url = "webhooks://hooks.example.com/tok-S3CR3T"
    assert faults_of(base.replace("url: console://", f"url: {url}")) == [
        "streakwatch.yaml:10: targets.desk.url: this URL has no secret; add ?secret=${NAME}: "
        "messages are signed with it"
    ]
