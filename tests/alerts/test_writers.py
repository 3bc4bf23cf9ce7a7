"""Writers: what can be read before the first alert comes is read, so that none waits for it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from alerts import samples
from alerts.words.library import library
from alerts.words.summary import Part
from alerts.writers import Writers
from config.settings import Settings

URLS = {
    "mail": "mailto://mail.test.example?from=a@test.example&to=b@test.example",
    "chat": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "terminal": "console://",
}


def settings(**more: Any) -> Settings:
    return Settings.model_validate(
        {
            "watchlists": {
                "us": {
                    "calendar": "XNYS",
                    "pairs": [{"asset": "RUT", "benchmark": "SPX"}],
                    "rules": [{"kind": "threshold", "at": 5}],
                    "targets": list(URLS),
                }
            },
            "targets": {name: {"url": url} for name, url in URLS.items()},
            **more,
        }
    )


@pytest.fixture(autouse=True)
def _nothing_is_read() -> None:
    library.cache_clear()


@pytest.mark.parametrize("locale", ["en_GB", "de_DE"])
def test_no_alert_waits_for_a_template(locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writers = Writers(settings(locale=locale))
    writers.warm()
    monkeypatch.delattr(Environment, "compile")
    for kind in samples.KINDS:
        for target in URLS:
            assert writers.message(Part(samples.of(kind), samples.NAMES), target).body


def test_nor_for_one_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/message.j2").write_text("mine")
    writers = Writers(settings(templates=str(tmp_path)))
    writers.warm()
    monkeypatch.delattr(Environment, "compile")
    assert writers.message(Part(samples.of("ended"), samples.NAMES), "terminal").body == "mine"


def test_a_template_that_fails_is_told_when_an_alert_meets_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/message.j2").write_text("{{ alert.nothing }}")
    writers = Writers(settings(templates=str(tmp_path)))
    with caplog.at_level(logging.WARNING):
        writers.warm()
        assert caplog.messages == []
        writers.message(Part(samples.of("ended"), samples.NAMES), "terminal")
    assert len(caplog.messages) == 1
