"""Where Streakwatch keeps what outlives a run: the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path


def data_dir() -> Path:
    """``$XDG_DATA_HOME/streakwatch``, by default ~/.local/share/streakwatch."""
    base = os.environ.get("XDG_DATA_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    return root / "streakwatch"
