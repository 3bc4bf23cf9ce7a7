"""Texts as decisions have them."""

from __future__ import annotations


def inert(text: str, most: int = 60) -> str:
    """What a person or a feed wrote, on one line, printable and shortened."""
    line = "".join(c if c.isprintable() else " " for c in text[: most + 1])
    return line if len(line) <= most else f"{line[: most - 1]}…"
