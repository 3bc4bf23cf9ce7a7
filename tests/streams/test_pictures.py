"""Pictures beside a worker: once for an alert, in time or not at all, and never a failure."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from charts import NAMES, FakeArtist, a_tail, an_alert

from alerts.model import Alert
from alerts.pictures.chart import Chart
from alerts.pictures.drawing import Picture, picture
from streams import pictures as module
from streams.artist import Artist, ArtistError, UndrawableError
from streams.batches import Single
from streams.pictures import Pictures, chart_in
from streams.records import CHART

TAKERS = {"mail": "en_GB"}


def a_record(tail: bytes | None = None) -> Single:
    headers = ((CHART, a_tail().encode() if tail is None else tail),)
    return Single(0, 0, b"us", b"{}", headers)


def numbered(number: int) -> Alert:
    return an_alert(id=f"a{number}")


async def test_all_targets_share_the_picture_of_an_alert() -> None:
    artist = FakeArtist()
    pictures = Pictures(TAKERS, artist)
    asked = [pictures.of("mail", a_record(), an_alert(), NAMES) for _ in range(5)]
    found = await asyncio.gather(*asked)
    assert len(artist.drawn) == 1
    assert {one and one.png for one in found} == {b"png"}
    (first, *_) = found
    assert first is not None
    assert first.text.startswith("Line chart of RUT divided by SPX")
    await pictures.close()
    assert artist.closed


async def test_targets_of_two_locales_get_two_pictures_and_those_of_one_share_theirs() -> None:
    artist = FakeArtist()
    takers = {"london": "en_GB", "leeds": "en_GB", "berlin": "de_DE"}
    pictures = Pictures(takers, artist)
    asked = {name: pictures.of(name, a_record(), an_alert(), NAMES) for name in takers}
    found = dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
    assert [chart.locale for chart in artist.drawn] == ["en_GB", "de_DE"]
    assert found["london"] is found["leeds"]
    texts = [one.text if one else "" for one in (found["london"], found["berlin"])]
    assert [text.split(". Shaded")[0] for text in texts] == [
        "Line chart of RUT divided by SPX, 5 Feb 2025 to 22 Jan 2026",
        "Line chart of RUT divided by SPX, 05.02.2025 to 22.01.2026",
    ]
    await pictures.close()


async def test_a_target_that_gets_no_pictures_waits_for_none() -> None:
    artist = FakeArtist(asyncio.Event())
    assert await Pictures(TAKERS, artist).of("chat", a_record(), an_alert(), NAMES) is None
    assert artist.drawn == []


@pytest.mark.parametrize("takers", [TAKERS, {}])
async def test_a_worker_is_warm_as_long_as_it_runs(takers: dict[str, str]) -> None:
    """Without a target that gets pictures no process is started."""
    artist = FakeArtist()
    running = asyncio.create_task(Pictures(takers, artist).run())
    await asyncio.sleep(0)
    assert artist.started is bool(takers)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert artist.closed


async def test_only_the_last_pictures_are_remembered() -> None:
    artist = FakeArtist()
    pictures = Pictures(TAKERS, artist)
    for number in (*range(module._MOST + 1), 1, 0):
        assert await pictures.of("mail", a_record(), numbered(number), NAMES) is not None
    assert len(pictures._drawn) == module._MOST
    assert len(artist.drawn) == module._MOST + 2  # the first was forgotten, the second was not
    await pictures.close()


@pytest.mark.parametrize(
    ("record", "alert"),
    [
        (Single(0, 0, b"us", b"{}"), an_alert()),
        (a_record(b""), an_alert()),
        (a_record(b"1rubbish"), an_alert()),
        (a_record(), an_alert(end="nonsense")),
        (a_record(), an_alert(revision="retracted")),
    ],
    ids=["no history", "empty", "rubbish", "no date", "nothing to see"],
)
async def test_without_a_history_there_is_no_picture(record: Single, alert: Alert) -> None:
    artist = FakeArtist()
    assert await Pictures(TAKERS, artist).of("mail", record, alert, NAMES) is None
    assert artist.drawn == []


async def test_a_picture_that_comes_too_late_is_there_for_the_next_attempt() -> None:
    slow = asyncio.Event()
    pictures = Pictures(TAKERS, FakeArtist(slow), patience=0.01)
    assert await pictures.of("mail", a_record(), an_alert(), NAMES) is None
    slow.set()
    await asyncio.wait(pictures._drawn.values())
    assert await pictures.of("mail", a_record(), an_alert(), NAMES) is not None
    await pictures.close()


async def test_whoever_gives_up_takes_the_picture_from_nobody() -> None:
    slow = asyncio.Event()
    pictures = Pictures(TAKERS, FakeArtist(slow))
    asked = [
        asyncio.create_task(pictures.of("mail", a_record(), an_alert(), NAMES)) for _ in range(2)
    ]
    await asyncio.sleep(0)
    asked[0].cancel()
    slow.set()
    assert await asked[1] is not None
    await pictures.close()


@pytest.mark.parametrize("error", [ArtistError("away"), OSError(), RuntimeError(), TimeoutError()])
async def test_after_a_failure_there_are_none_for_a_while(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    artist = FakeArtist(error)
    pictures = Pictures(TAKERS, artist)
    found = [await pictures.of("mail", a_record(), numbered(number), NAMES) for number in range(3)]
    assert found == [None] * 3
    assert (len(artist.drawn), len(caplog.records)) == (1, 1)
    monkeypatch.setattr(pictures, "_rests_until", 0.0)
    assert await pictures.of("mail", a_record(), numbered(0), NAMES) is not None
    await pictures.close()


async def test_one_chart_that_cannot_be_drawn_costs_no_other_its_picture() -> None:
    artist = FakeArtist(UndrawableError("ValueError"))
    pictures = Pictures(TAKERS, artist)
    found = [await pictures.of("mail", a_record(), numbered(number), NAMES) for number in (0, 0, 1)]
    assert [one is None for one in found] == [True, True, False]
    assert len(artist.drawn) == 2
    await pictures.close()


async def test_a_start_that_fails_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    pictures = Pictures(TAKERS, FakeArtist(ArtistError("matplotlib does not draw")))
    await pictures.start()
    assert "messages go without pictures for 30 s: matplotlib does not draw" in caplog.text
    assert await pictures.of("mail", a_record(), an_alert(), NAMES) is None


# --- the process itself ---------------------------------------------------------------------------


@pytest.fixture
async def artist() -> AsyncIterator[Artist]:
    made = Artist()
    yield made
    await made.close()


def a_chart() -> Chart:
    found = chart_in(a_record(), an_alert(), NAMES)
    assert found is not None
    return found


def same(found: Picture | None) -> bool:
    return found is not None and found == picture(a_chart())


async def test_the_process_draws_what_we_would(artist: Artist) -> None:
    pictures = Pictures(TAKERS, artist, patience=60)
    await pictures.start()
    assert same(await pictures.of("mail", a_record(), an_alert(), NAMES))


async def test_one_that_is_killed_is_started_again(artist: Artist) -> None:
    await artist.start()
    assert artist._process is not None
    os.kill(artist._process.pid, signal.SIGKILL)
    await artist._process.wait()
    assert (await artist.draw(a_chart())).startswith(b"\x89PNG")


async def test_one_that_is_given_up_is_killed_and_started_again(artist: Artist) -> None:
    await artist.start()
    process = artist._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)  # it hangs
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await artist.draw(a_chart())
    assert process.returncode == -signal.SIGKILL
    assert (await artist.draw(a_chart())).startswith(b"\x89PNG")


async def test_the_loop_goes_on_while_it_draws(artist: Artist) -> None:
    """It hangs for as long as we like, and everything else has its turn meanwhile."""
    await artist.start()
    assert artist._process is not None
    os.kill(artist._process.pid, signal.SIGSTOP)
    drawing = asyncio.create_task(artist.draw(a_chart()))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not drawing.done()
    os.kill(artist._process.pid, signal.SIGCONT)
    assert (await drawing).startswith(b"\x89PNG")


def says(*answers: bytes) -> str:
    """A process that gives these answers, and then waits for its input to end."""
    frames = b"".join(len(answer).to_bytes(4, "big") + answer for answer in answers)
    return f"import sys; sys.stdout.buffer.write({frames!r}); sys.stdout.flush(); sys.stdin.read()"


@pytest.mark.parametrize(
    ("does", "error"),
    [
        ("pass", "the process that draws has ended"),
        ("import os; os.write(1, bytes(4))", "the process that draws has ended"),
        (says(b"E"), "matplotlib does not draw"),
        (says(b"", b"EKeyError"), "KeyError"),
        (says(b"", b""), "no answer"),
    ],
)
async def test_what_becomes_of_one_that_cannot_draw(does: str, error: str) -> None:
    broken = Artist(("-c", does))
    with pytest.raises(ArtistError, match=error):
        await broken.draw(a_chart())
    await broken.close()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts/__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def environment_of(pid: int) -> bytes:
    """What a process was given, where the system says so."""
    file = Path(f"/proc/{pid}/environ")
    return file.read_bytes() if file.exists() else b""


async def test_it_is_given_no_secret_and_nothing_of_the_folder_we_are_in(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_URL", "slack://S3CR3T")
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    artist = Artist()
    await artist.start()
    assert artist._process is not None
    assert b"S3CR3T" not in environment_of(artist._process.pid)
    await artist.close()
