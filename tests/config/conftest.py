from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.loading import load

BASE = """\
watchlists:
  us:
    pairs:
      - {asset: RUT, benchmark: SPX}
    rules:
      - {kind: threshold, at: 10}
    targets: [desk]
targets:
  desk:
    url: console://
"""

FaultsOf = Callable[..., list[str]]


@pytest.fixture
def base() -> str:
    """A small configuration that is right; line 4 is the pair, 6 the rule, 10 the url."""
    return BASE


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of streakwatch.yaml, which is not written yet, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return Path("streakwatch.yaml")


@pytest.fixture
def faults_of(file: Path) -> FaultsOf:
    """What is wrong with a text, one line each."""

    def faults(content: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(ConfigError) as caught:
            load(file, environ or {})
        return str(caught.value).splitlines()

    return faults
