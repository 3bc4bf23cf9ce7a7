"""Where the engines run: an environment for each library, made once in the user's cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from streams.embedded.jars import default_cache
from streams.embedded.java import environment, find_java

HERE = Path(__file__).parent
STREAMS_VERSION = "4.3.1"
_STREAMS = (
    f"org.apache.kafka:kafka-streams:{STREAMS_VERSION}",
    "com.fasterxml.jackson.core:jackson-core:2.19.2",
    "org.slf4j:slf4j-simple:1.7.36",
)
_COMPILER = "org.eclipse.jdt:ecj:3.42.0"  # a compiler that needs no JDK
_JAVA_LEVEL = "21"
_JOB = HERE / "engines" / "KafkaStreamsJob.java"
_WARNINGS_ONLY = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


class UnavailableError(Exception):
    """An environment that cannot be had here; the message says why."""


def cache() -> Path:
    """The folder of all environments, below that of Streakwatch's own jars."""
    return default_cache() / "bench"


def python(*requirements: str) -> Path:
    """The interpreter of an environment with these packages, each ``NAME==VERSION``.

    Raises:
        UnavailableError: pip cannot install them for this Python.
    """
    home = cache() / f"python-{_digest(sys.version, *requirements)}"
    interpreter = home / "bin" / "python"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)])
        pip = [str(interpreter), "-m", "pip", "install", "-q", "--only-binary=:all:"]
        _run([*pip, "--disable-pip-version-check", *requirements])
        (home / "ready").touch()
    return interpreter


def kafka_streams(main: str = _JOB.stem) -> list[str]:
    """The command that runs the job on Kafka Streams.

    Raises:
        UnavailableError: the jars cannot be fetched, or the job not compiled.
    """
    home = cache() / f"streams-{_digest(_JOB.read_text(), *_STREAMS)}"
    java = str(find_java())
    jars = home / "jars"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        _fetch(jars, *_STREAMS)
        _fetch(home / "compiler", _COMPILER)
        compiler = [java, "-jar", *map(str, (home / "compiler").glob("ecj-*.jar"))]
        options = [f"-{_JAVA_LEVEL}", "-nowarn", "-cp", _classpath(jars), "-d", str(home)]
        _run([*compiler, *options, str(_JOB)])
        (home / "ready").touch()
    options = ["-Xmx2g", "--sun-misc-unsafe-memory-access=allow",
               "--enable-native-access=ALL-UNNAMED", _WARNINGS_ONLY]  # fmt: skip
    return [java, *options, "-cp", f"{home}:{_classpath(jars)}", main]


def _classpath(jars: Path) -> str:
    return ":".join(sorted(map(str, jars.glob("*.jar"))))


def _fetch(folder: Path, *coordinates: str) -> None:
    """Resolve Maven coordinates, and put the jars into a folder."""
    from jgo.maven import MavenContext, PythonResolver

    context = MavenContext(resolver=PythonResolver(), repo_cache=cache() / "maven")
    folder.mkdir(parents=True)
    try:
        wanted = [context.create_dependency(coordinate) for coordinate in coordinates]
        given, transitive = context.resolver.resolve(wanted)
        for dependency in (*given, *transitive):
            jar = dependency.artifact.resolve()
            shutil.copy(jar, folder / jar.name)
    except Exception as error:  # jgo raises RuntimeError, assertions, and its parser's errors
        raise UnavailableError(f"its jars cannot be fetched ({type(error).__name__})") from error


def _run(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 (commands of this file)
        command, capture_output=True, text=True, env=environment(), check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise UnavailableError(last[0][:200])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
