"""Kafka's jars: fetched once, checked, and kept in the user's cache.

jgo writes what it fetches straight to its final name, takes any file that exists for a complete
one, and only warns about a wrong checksum. So it works in a temporary folder here, its result is
compared with a pinned digest, and the finished folder is renamed into place.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.errors import StreakwatchError

Progress = Callable[[str], None]
"""Takes one line for people at a time."""

KAFKA_VERSION = "4.4.0"
COORDINATES = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
# Over the sorted lines "sha256  name" of all jars, as published; the same on every platform.
# A new version of Kafka needs a new digest; the error that the old one raises has it.
DIGEST = "98b52a7fc606912291aaa0d2a2b8563c1bb4f6a732ad5a4ba94bffc300884b95"

MANIFEST = "manifest.json"
SAY_EVERY = 2.0  # seconds
NEEDED_MB = 120  # the jars twice, while they are put together, and what describes them
_ELSEWHERE = "point --bootstrap-servers at a Kafka of yours"


def silent(_line: str) -> None:
    """Progress that nobody reads."""


def default_cache() -> Path:
    """``streakwatch`` below ``$XDG_CACHE_HOME``, or below ``~/.cache`` where that is not set."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    base = Path(configured) if os.path.isabs(configured) else Path.home() / ".cache"
    return base / "streakwatch"


def fetch_jars(
    cache_dir: Path | None = None,
    say: Progress = silent,
    *,
    repositories: Mapping[str, str] | None = None,
) -> list[Path]:
    """The jars of Kafka, from the cache or, the first time, from the network.

    ``repositories`` (name: URL) replaces the public Maven repository. Nothing is said, and no
    network used, when the cache has them.

    Raises StreakwatchError when jgo is not installed, the cache cannot be written, the disk is
    full, or the jars cannot be fetched or are not those that were published.
    """
    root = (cache_dir or default_cache()).absolute()
    home = root / f"kafka-{KAFKA_VERSION}"
    return cached_jars(home) or _fetch_once(home, say, repositories)


def cached_jars(home: Path) -> list[Path]:
    """The jars in ``home`` by its manifest; empty if one is missing or has another size."""
    try:
        manifest = json.loads((home / MANIFEST).read_text())
        jars = [home / name for name in manifest]
        complete = all(jar.stat().st_size == manifest[jar.name]["size"] for jar in jars)
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return jars if complete else []


def _fetch_once(home: Path, say: Progress, repositories: Mapping[str, str] | None) -> list[Path]:
    require_jgo()
    with _told(home.parent), _alone(home.parent, say):
        # Another process may have fetched them while this one waited.
        return cached_jars(home) or _fetch(home, say, repositories)


def _fetch(home: Path, say: Progress, repositories: Mapping[str, str] | None) -> list[Path]:
    say(f"Fetching Apache Kafka {KAFKA_VERSION} (about 45 MB, once) …")
    for left in home.parent.glob(".fetch-*"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    workshop = Path(tempfile.mkdtemp(prefix=".fetch-", dir=home.parent))
    try:
        jars = _download(workshop / "maven", _Meter(say), repositories)
        _assemble(jars, workshop / "jars")
        shutil.rmtree(home, ignore_errors=True)
        (workshop / "jars").rename(home)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    say(f"Apache Kafka {KAFKA_VERSION} ready in {home}")
    return cached_jars(home)


def _download(folder: Path, meter: _Meter, repositories: Mapping[str, str] | None) -> list[Path]:
    from jgo.maven import MavenContext, PythonResolver

    # MavenContext and resolver alone: jgo's environments would read the user's jgo settings,
    # and fetch a second Java to classify the jars.
    context = MavenContext(
        resolver=PythonResolver(progress_callback=meter.file),
        repo_cache=folder,
        remote_repos=None if repositories is None else dict(repositories),
    )
    with _quiet("jgo", "urllib3", "requests"):
        wanted = [context.create_dependency(coordinates) for coordinates in COORDINATES]
        given, transitive = context.resolver.resolve(wanted)
        return [dependency.artifact.resolve() for dependency in (*given, *transitive)]


def _assemble(jars: list[Path], folder: Path) -> None:
    """Copy the jars into one folder with a manifest; raises if they are not the pinned ones."""
    folder.mkdir()
    manifest = {}
    for jar in sorted(jars, key=lambda path: path.name):
        content = jar.read_bytes()
        (folder / jar.name).write_bytes(content)
        manifest[jar.name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    digest = _digest(manifest)
    if digest != DIGEST:
        raise StreakwatchError(
            f"what was fetched is not Apache Kafka {KAFKA_VERSION} as published "
            f"(its digest is {digest})",
            f"try again, or {_ELSEWHERE}",
        )
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")


def _digest(manifest: Mapping[str, Mapping[str, Any]]) -> str:
    lines = (f"{entry['sha256']}  {name}\n" for name, entry in sorted(manifest.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class _Meter:
    """Counts what arrives, and says so now and then."""

    def __init__(self, say: Progress) -> None:
        self._say = say
        self._said = time.monotonic()
        self._jars = 0
        self._bytes = 0

    @contextmanager
    def file(self, name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield self._add
        self._jars += name.endswith(".jar")

    def _add(self, count: int) -> None:
        self._bytes += count
        if time.monotonic() - self._said >= SAY_EVERY:
            self._said = time.monotonic()
            self._say(self._line())

    def _line(self) -> str:
        if not self._jars:
            return "… finding out which jars it needs"
        return f"… {self._jars} jars, {self._bytes / 1e6:.0f} MB"


@contextmanager
def _alone(root: Path, say: Progress) -> Iterator[None]:
    """Hold the cache's lock, which the system lets go of when the process ends in any way."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".fetch.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another process is fetching Apache Kafka {KAFKA_VERSION}: waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Keep what these loggers say from the terminal: errors are told in our own words."""
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger, logger.propagate) for logger in loggers]
    nothing = logging.NullHandler()
    for logger in loggers:
        logger.addHandler(nothing)
        logger.propagate = False
    try:
        yield
    finally:
        for logger, propagate in before:
            logger.removeHandler(nothing)
            logger.propagate = propagate


@contextmanager
def _told(root: Path) -> Iterator[None]:
    """Turn whatever goes wrong while fetching into one line and its cure."""
    from requests import RequestException  # is an OSError too: caught first

    try:
        yield
    except StreakwatchError:
        raise
    except RequestException as error:
        raise _not_fetched(_reason(error)) from error
    except OSError as error:
        raise cache_error(root, error) from error
    except Exception as error:  # jgo raises RuntimeError, assertions, and its XML parser's errors
        raise _not_fetched("the repository did not answer as expected") from error


def _not_fetched(reason: str) -> StreakwatchError:
    return StreakwatchError(
        f"Apache Kafka {KAFKA_VERSION} could not be fetched: {reason}",
        f"try again, or {_ELSEWHERE}",
    )


def _reason(error: Exception) -> str:
    """Why a request failed, in a few words and without the name of a host."""
    from requests import exceptions

    # The first that fits: proxy and TLS errors are connection errors as well.
    reasons = {
        exceptions.ProxyError: "the proxy does not answer",
        exceptions.SSLError: "the certificate of the repository is not trusted here",
        exceptions.Timeout: "the network does not answer in time",
        exceptions.ConnectionError: "no connection to the network",
        exceptions.ChunkedEncodingError: "the transfer broke off",
    }
    return next((text for kind, text in reasons.items() if isinstance(error, kind)), "bad answer")


def cache_error(folder: Path, error: OSError) -> StreakwatchError:
    """What an OSError below the cache ``folder`` means to the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        cure = f"free about {NEEDED_MB} MB there, or set XDG_CACHE_HOME to another folder"
        return StreakwatchError(f"no space left for Apache Kafka in {folder}", cure)
    cure = "set XDG_CACHE_HOME to a folder that can be written, or fix its permissions"
    return StreakwatchError(f"cannot write the cache folder {folder} ({error.strerror})", cure)


def require_jgo() -> None:
    """Raises StreakwatchError when jgo is not installed."""
    try:
        import jgo  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise missing_extra("jgo") from error


def missing_extra(package: str) -> StreakwatchError:
    """The error for a package of the extra that is not installed."""
    return StreakwatchError(
        f"the embedded Kafka needs {package}, which is not installed",
        "pip install 'streakwatch[embedded]'",
    )
