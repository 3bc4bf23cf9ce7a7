"""Which way records are fetched, and what is said where one is not there."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from config.errors import StreakwatchError
from config.settings import Fetch, Kafka
from streams.frames import choice


@pytest.mark.parametrize(
    ("there", "asked", "taken"),
    [
        ({"gather", "librdkafka"}, "auto", "gather"),
        ({"librdkafka"}, "auto", "librdkafka"),
        (set(), "auto", "aiokafka"),
        ({"gather", "librdkafka"}, "librdkafka", "librdkafka"),
        ({"gather", "librdkafka"}, "aiokafka", "aiokafka"),
    ],
)
def test_the_fastest_that_is_there_or_the_one_asked_for(
    there: set[str],
    asked: Fetch,
    taken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(choice, "_is_there", there.__contains__)
    caplog.set_level(logging.INFO, "streams.frames")
    opener = choice.choose(Kafka(fetch=asked))
    assert (opener is None) == (taken == "aiokafka")
    assert [record.getMessage() for record in caplog.records] == [f"records are fetched by {taken}"]


@pytest.mark.parametrize("asked", ["gather", "librdkafka"])
def test_what_is_asked_for_and_absent_is_told_in_one_line(
    asked: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "_is_there", lambda _: False)
    with pytest.raises(
        StreakwatchError, match=f"kafka.fetch: {asked} is not installed.*install"
    ) as e:
        choice.choose(Kafka(fetch=asked))
    assert "\n" not in str(e.value)


def test_without_the_compiled_library_gather_is_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from streams.frames import gather

    for text in (None, b"no library"):
        if text is not None:
            (tmp_path / "libgather.so").write_bytes(text)
        monkeypatch.setattr(gather, "FILE", tmp_path / "libgather.so")
        gather.compiled.cache_clear()
        try:
            assert not choice._is_there("gather")
        finally:
            monkeypatch.undo()
            gather.compiled.cache_clear()


class Opened:
    """A source that tells what was done to it."""

    closed = False

    async def poll(self, *_: Any) -> dict[TP, Any]:
        return {}

    def close(self) -> None:
        self.closed = True


async def test_a_file_that_is_written_anew_opens_the_source_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("one")
    kafka = Kafka.model_validate({"security": {"tls": {"ca_file": str(file)}}})
    opened: list[Opened] = []

    def open_one() -> Opened:
        if file.exists() and file.read_text() == "half":
            raise StreakwatchError("half written", "wait")
        opened.append(Opened())
        return opened[-1]

    source = choice.Renewed(kafka, open_one)
    await source.poll({}, set(), 0)
    assert len(opened) == 1
    for text, count in (("half", 1), ("whole", 2)):
        draft = tmp_path / "draft"
        draft.write_text(text)
        draft.replace(file)
        await source.poll({}, set(), 0)
        await source.poll({}, set(), 0)
        assert len(opened) == count
    assert [one.closed for one in opened] == [True, False]
    assert "half written" in caplog.text
    source.close()
    assert opened[1].closed
