"""The picture itself: its form, its ground, and that no text in it is more than text."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import replace
from datetime import date
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from charts import a_chart, a_tail, an_alert
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.dates import date2num
from PIL import Image

from alerts import samples
from alerts.evidence import Holder
from alerts.model import Kind, Milestone
from alerts.pictures.attaching import described
from alerts.pictures.canvas import COLOURS, date_axis, figure, line
from alerts.pictures.chart import Chart, Span, chart
from alerts.pictures.drawing import Picture, draw, picture
from alerts.pictures.localised import localise
from alerts.words.channels import USUAL, Channel, Family, Limits
from alerts.words.locales import style
from alerts.words.writing import words

NEAR = Holder(9, "2025-06-02", "2025-06-12")
HOSTILE = [
    "$\\frac{",
    "$$",
    "two\nlines",
    "\u202egnp",
    "中文",
    "\x00",
    "<b>",
    "{{ x }}",
    "W" * 10**5,
]


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def count(png: bytes, colour: str) -> int:
    """How many pixels are nearly of a colour, or of it over white by 22 %."""
    whole = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    pale = 255 - (255 - whole) * 0.22
    return sum(int((abs(pixels(png) - one).max(axis=2) < 12).sum()) for one in (whole, pale))


def test_it_is_sharp_at_600_pixels_on_a_ground_that_is_light_everywhere() -> None:
    made = picture(a_chart())
    image = Image.open(io.BytesIO(made.png))
    assert (image.format, image.size) == ("PNG", (1200, 750))
    assert "transparency" not in image.info
    ground = pixels(made.png)
    assert (ground[:8] >= 250).all()
    assert (ground >= 250).all(axis=2).mean() > 0.7
    assert made.name == "RUT-SPX-2026-01-22.png"
    assert len(made.png) < 60_000


def test_a_picture_is_the_same_each_time_and_leaves_the_settings_alone() -> None:
    mpl.rcParams["font.size"] = 31.0
    try:
        first = draw(a_chart(NEAR))
        assert mpl.rcParams["font.size"] == 31.0
    finally:
        mpl.rcdefaults()
    assert draw(a_chart(NEAR)) == first


@pytest.mark.parametrize(("direction", "colour"), COLOURS.items())
def test_the_streak_has_the_colour_of_its_direction(direction: int, colour: str) -> None:
    other = COLOURS[-direction]
    png = draw(replace(a_chart(), direction=direction))
    assert count(png, colour) > 5000 > 50 > count(png, other)


def test_the_record_before_is_marked() -> None:
    assert draw(a_chart(NEAR)) != draw(a_chart(None))


@pytest.mark.parametrize(
    "made",
    [
        a_chart(NEAR),
        a_chart(milestone=Milestone(Kind.YEAR_TO_DATE, value="0.05", direction="rising")),
        replace(a_chart(), periods=(1, 2), ratio=(1.0, 1.0), streak=Span(2, 2, 1), year=None),
        replace(a_chart(), ratio=tuple(r * 1e-7 for r in a_chart().ratio)),
        replace(a_chart(), ratio=tuple(r * 1e12 for r in a_chart().ratio)),
        replace(a_chart(), streak=Span(1, a_chart().periods[-1], 3_000)),
        replace(
            a_chart(), interval="5m", year=None, record=None,
            streak=Span(29_480_000, 29_480_010, 3),
            periods=(29_479_990, 29_480_000, 29_480_005, 29_480_010), ratio=(1.0, 2.0, 3.0, 4.0),
        ),
    ],
    ids=["plain", "year", "two alike", "tiny", "huge", "from before", "within a day"],
)  # fmt: skip
def test_every_chart_can_be_drawn(made: Chart) -> None:
    assert draw(made).startswith(b"\x89PNG")


AXES = {
    "en_GB": (["Apr", "Jul", "Oct", "2026"], ["0.34", "0.36"], "2026-Jan"),
    "en_US": (["Apr", "Jul", "Oct", "2026"], ["0.34", "0.36"], "2026-Jan"),
    "de_DE": (["Apr.", "Juli", "Okt.", "2026"], ["0,34", "0,36"], "2026-Jan."),
    "fr_FR": (["avr.", "juil.", "oct.", "2026"], ["0,34", "0,36"], "2026-janv."),
}


@pytest.mark.parametrize(("locale", "expected"), AXES.items(), ids=AXES)
def test_the_axes_have_the_months_and_numbers_of_the_locale(
    locale: str, expected: tuple[list[str], list[str], str]
) -> None:
    firsts = [date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1), date(2026, 1, 1)]
    week = [date(2026, 1, day) for day in range(5, 10)]
    with figure((4.8, 3.0), 100) as made:
        axes = made.add_subplot()
        x = date_axis(axes, firsts)
        line(axes, x, [0.34, 0.35, 0.36, 0.35], "A / B")
        localise(axes, style(locale))
        dates, numbers = (one.get_major_formatter() for one in (axes.xaxis, axes.yaxis))
        labels = (dates.format_ticks(x), numbers.format_ticks([0.34, 0.36]))
        dates.format_ticks(date2num(week))
        assert (*labels, dates.get_offset()) == expected


def test_a_locale_changes_the_picture() -> None:
    pictures = {draw(replace(a_chart(NEAR), locale=one)) for one in ("en_GB", "de_DE", "fr_FR")}
    assert len(pictures) == 3


def test_a_locale_whose_letters_our_font_lacks_is_drawn_in_the_default_one() -> None:
    """What is read aloud stays in its own."""
    chinese = picture(replace(a_chart(), locale="zh_CN"))
    assert chinese.png == draw(a_chart())
    assert "2026年1月22日" in chinese.text


@given(st.tuples(*[st.sampled_from(HOSTILE) | st.text(max_size=60)] * 2))
@example(("$$", "W" * 10**5))
@settings(max_examples=15, deadline=None)
def test_names_are_text_and_nothing_else(names: tuple[str, str]) -> None:
    """Nothing is parsed, nothing is warned of, and nothing runs out of the picture."""
    alert = replace(an_alert(), asset=names[0], benchmark=names[1])
    made = chart(alert, a_tail(), {})
    assert made is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        drawn = picture(made)
    edge = pixels(drawn.png)
    assert (edge[:, -12:] >= 250).all()
    assert (edge[-6:] >= 250).all()
    assert drawn.name.removesuffix(".png").replace("-", "").isalnum()
    assert drawn.name.isascii()
    assert drawn.text.isprintable()


HTML = Channel(Family.HTML, USUAL[Family.HTML])


def test_the_words_are_in_the_message() -> None:
    image = Picture(b"", 'A <b> & "c"', "a-b.png")
    assert described("10 sessions", image) == '10 sessions\n\nPicture: A <b> & "c"'
    shown = '<img src="cid:a-b.png" alt="A &lt;b&gt; &amp; &quot;c&quot;" width="600" style="'
    for page, before in [
        ("<html><body><p>x</p></body></html>", "<html><body><p>x</p>"),
        ("<p>x</p>", "<p>x</p>"),
        ("<p>&lt;/body></p></BODY ></html>", "<p>&lt;/body></p>"),
        ("<td><!-- picture --></td><p>x</p></body>", "<td>"),
    ]:
        found = described(page, image, HTML, inline=True)
        assert found.startswith(before + shown)
        assert found.endswith(page.replace("<!-- picture -->", "").removeprefix(before))


def test_in_the_dark_it_turns_dark_and_its_words_stay_readable() -> None:
    """It keeps no ground of its own behind its words, which a mail program may show instead."""
    page = words(samples.of("record.broken"), samples.NAMES, HTML).body
    shown = described(page, Picture(b"", "A to B.", "a-b.png"), HTML, inline=True)
    (image,) = re.findall(r"<img [^>]*>", shown)
    assert 'class="picture"' in image
    assert "color:#586274" in image
    assert "background" not in image
    assert ".picture { filter: invert(" in shown


IN_FAMILIES = {
    Family.PLAIN: "Picture: <!channel> *A*/@b",
    Family.PUSH: "Picture: <!channel> *A*/@\u200bb",
    Family.MARKDOWN: "Picture: \\<!channel\\> \\*A\\*/@\u200bb",
    Family.SLACK: "Picture: &lt;!channel&gt; \u2217A\u2217/@\u200bb",
}


@pytest.mark.parametrize(("family", "said"), IN_FAMILIES.items(), ids=IN_FAMILIES)
def test_each_family_writes_the_words_its_way(family: Family, said: str) -> None:
    image = Picture(b"", "<!channel> *A*/@b", "a-b.png")
    assert described("10 sessions", image, Channel(family)) == f"10 sessions\n\n{said}"


def test_html_that_cannot_show_the_picture_has_the_words() -> None:
    found = described("<p>x</p></body>", Picture(b"", "A <b>", "a-b.png"), HTML)
    assert found == '<p>x</p><div class="muted">Picture: A &lt;b&gt;</div></body>'


@pytest.mark.parametrize(("room", "expected"), [(22, "ten\n\nPicture: A to B."), (19, "ten")])
def test_words_for_which_there_is_no_room_are_left_out(room: int, expected: str) -> None:
    narrow = Channel(Family.PLAIN, Limits(0, room))
    assert described("ten", Picture(b"", "A to B.", "a-b.png"), narrow) == expected
