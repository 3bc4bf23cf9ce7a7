"""Messages that keep within a channel's limits: whole lines and words go, and "…" says so.

What is shortened is the story, before it is laid out and escaped: so neither a tag nor an escape
can be cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

ELLIPSIS = "…"

Weight = Callable[[str], int]
"""How much of a channel's room a text takes."""


@dataclass(frozen=True, slots=True)
class Story:
    """What an alert has to say, as plain lines: what it is about, figures, evidence.

    ``last`` names the alert, its watchlist and period, and goes last. ``note`` is why the message
    comes, such as instead of another; where there is one, the paragraphs begin with it.
    ``shorter`` says less, and is told where there is no room for the whole.
    """

    title: str
    paragraphs: tuple[tuple[str, ...], ...] = ()
    last: str = ""
    note: str = ""
    shorter: Story | None = None

    @property
    def told(self) -> tuple[tuple[str, ...], ...]:
        """The paragraphs without the note."""
        return self.paragraphs[1:] if self.note else self.paragraphs

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines but the title and the last."""
        return tuple(line for paragraph in self.paragraphs for line in paragraph)


def shortened(text: str, most: int, weight: Weight = len) -> str:
    """As many whole words as fit, and "…"; nothing where not even one does."""
    if weight(text) <= most:
        return text
    words = text.split(" ")
    few, many = 0, len(words)  # as many as fit, and too many
    while many - few > 1:
        middle = (few + many) // 2
        fits = weight(" ".join(words[:middle]) + ELLIPSIS) <= most
        few, many = (middle, many) if fits else (few, middle)
    kept = " ".join(words[:few]).rstrip(" ,;:(")
    return kept + ELLIPSIS if kept else ""


def fitting(story: Story, most: int, weight: Callable[[Story], int]) -> Story:
    """The story with as many of its lines as fit, the first ones, and of its title what must go.

    Args:
        story: the whole.
        most: the room that there is.
        weight: how much of it a story takes once it is laid out; fewer lines take less.
    """
    if weight(story) <= most:
        return story
    if story.shorter is not None:
        return fitting(story.shorter, most, weight)
    count = len(story.lines)
    few, many = -1, count
    while many - few > 1:
        middle = (few + many) // 2
        fits = weight(_first(story, middle)) <= most
        few, many = (middle, many) if fits else (few, middle)
    if few >= 0:
        return _first(story, few)
    alone = Story(story.title)
    return alone if weight(alone) <= most else _only_title(story.title, most, weight)


def _first(story: Story, count: int) -> Story:
    """The first lines, then "…"."""
    paragraphs: list[tuple[str, ...]] = []
    for paragraph in story.paragraphs:
        if count > 0:
            paragraphs.append(paragraph[:count])
        count -= len(paragraph)
    return replace(story, paragraphs=(*paragraphs, (ELLIPSIS,)))


def _only_title(title: str, most: int, weight: Callable[[Story], int]) -> Story:
    return Story(shortened(title, most, lambda text: weight(Story(text))))
