"""Shortening: whole lines and words, and nothing else."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from alerts.words.shortening import Story, fitting, shortened

WORD = st.text("abc&<", min_size=1, max_size=8)
LINE = st.lists(WORD, min_size=1, max_size=6).map(" ".join)
STORIES = st.builds(
    Story,
    LINE,
    st.lists(st.lists(LINE, min_size=1, max_size=4).map(tuple), max_size=4).map(tuple),
    LINE,
)


def laid_out(story: Story) -> str:
    lines = chain.from_iterable(story.paragraphs)
    return "\n".join(line for line in (story.title, *lines, story.last) if line)


def weight(story: Story) -> int:
    return len(laid_out(story))


@given(LINE, st.integers(0, 60))
def test_a_text_is_shortened_by_words(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= most
    if short != text:
        assert short == "" or short.endswith("…")
        assert text.startswith(short.rstrip("…"))
        kept = short.rstrip("…").split()
        assert kept == text.split()[: len(kept)]


@given(LINE, st.integers(0, 60))
def test_as_many_words_as_fit_are_kept(text: str, most: int) -> None:
    kept = shortened(text, most).rstrip("…").split()
    more = " ".join(text.split()[: len(kept) + 1])
    assert shortened(text, most) == text or len(f"{more}…") > most


@given(STORIES, st.integers(0, 200))
def test_a_story_fits_by_lines(story: Story, most: int) -> None:
    short = fitting(story, most, weight)
    assert weight(short) <= most
    kept = [line for line in short.lines if line != "…"]
    assert kept == list(story.lines[: len(kept)])
    assert short.last in ("", story.last)
    assert not kept or short.title == story.title
    if weight(story) <= most:
        assert short == story


def test_lines_go_first_then_the_last_then_words_of_the_title() -> None:
    story = Story("one two three", (("four", "five"), ("six",)), "seven")
    assert laid_out(fitting(story, 32, weight)) == "one two three\nfour\nfive\n…\nseven"
    assert laid_out(fitting(story, 26, weight)) == "one two three\nfour\n…\nseven"
    assert laid_out(fitting(story, 22, weight)) == "one two three\n…\nseven"
    assert laid_out(fitting(story, 15, weight)) == "one two three"
    assert laid_out(fitting(story, 12, weight)) == "one two…"
    assert laid_out(fitting(story, 3, weight)) == ""
