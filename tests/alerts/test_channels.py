"""Which family a target has, and how much room there is."""

from __future__ import annotations

import pytest

from alerts.words.channels import SCHEMES, Family, channel_of, escaped, octets, units

URLS = {
    "console://": (Family.PLAIN, 1000, 100_000),
    "json://example.com/hook": (Family.PLAIN, 250, 32_768),
    "nonsense://x": (Family.PLAIN, 1000, 100_000),
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk": (Family.SLACK, 0, 3000),
    "mailtos://me:secret@example.com": (Family.HTML, 250, 100_000),
    "mailtos://me:secret@example.com?format=text": (Family.PLAIN, 250, 100_000),
    f"discord://{'1' * 18}/{'a' * 60}": (Family.MARKDOWN, 0, 2000),
    "tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/12315544": (Family.MARKDOWN, 0, 3500),
    "mmost://example.com/0123456789abcdefghijklmnop": (Family.MARKDOWN, 0, 4000),
    "ntfy://example.com/desk": (Family.PUSH, 200, 3896),
    f"pover://{'u' * 30}@{'t' * 30}": (Family.PUSH, 250, 1024),
    f"twilio://AC{'a' * 32}:{'b' * 32}@15551233456/15551234567": (Family.PLAIN, 0, 160),
}


@pytest.mark.parametrize("url", URLS, ids=lambda url: url.partition(":")[0])
def test_the_family_and_the_room_of_a_url(url: str) -> None:
    channel = channel_of(url)
    assert (channel.family, channel.limits.title, channel.limits.body) == URLS[url]


@pytest.mark.parametrize("family", Family)
def test_the_configuration_can_say_otherwise(family: Family) -> None:
    channel = channel_of("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk", family)
    assert channel.family is family
    assert channel.limits.body == 3000


@pytest.mark.parametrize(("family", "title"), [(Family.PLAIN, 150), (Family.SLACK, 0)])
def test_a_title_in_blocks_of_slack_has_less_room(family: Family, title: int) -> None:
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk"
    assert channel_of(f"{url}?blocks=yes", family).limits.title == title
    assert channel_of(url, Family.PLAIN).limits.title == 250


def test_each_family_has_a_scheme() -> None:
    assert set(SCHEMES.values()) == set(Family)


def test_the_schemes_are_those_of_apprise() -> None:
    from apprise import Apprise

    known = {"console"}
    for service in Apprise().details()["schemas"]:
        known |= {*(service["protocols"] or []), *(service["secure_protocols"] or [])}
    assert set(SCHEMES) - known == set()


@pytest.mark.parametrize(
    ("text", "weights"),
    [("a", (1, 1, 1)), ("é", (2, 1, 1)), ("…", (3, 1, 1)), ("😀", (4, 2, 2)), ("&", (1, 1, 5))],
)
def test_what_a_text_weighs(text: str, weights: tuple[int, int, int]) -> None:
    assert (octets(text), units(text), escaped(text)) == weights
