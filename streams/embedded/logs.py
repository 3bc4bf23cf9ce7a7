"""Kafka's log file: one before it is kept, and what matters in it is found."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

LIMIT = 16 * 1024 * 1024  # bytes

_ERROR = re.compile(r"\b(ERROR|FATAL)\b|^(Error|Caused by|Exception)\b|^[\w.$]+(Exception|Error)\b")
_PREFIX = re.compile(
    r"^\S+ \[[^\]]*\] (ERROR|FATAL|WARN) \S+ - "  # when, thread, level, who
    r"|^(Caused by: )?([\w$]+\.)+[\w$]+(Exception|Error): (Error: )?"  # the class in Java
)


def previous(log: Path) -> Path:
    """Where the log before this one is kept."""
    return log.with_name(f"{log.name}.1")


def rotate(log: Path) -> None:
    """Begin a new log, and keep the last one."""
    if log.exists():
        log.replace(previous(log))


def trim(log: Path, limit: int = LIMIT) -> None:
    """Empty a log that has grown beyond ``limit``, which its writer (appending) goes on with."""
    if log.stat().st_size > limit:
        shutil.copyfile(log, previous(log))
        os.truncate(log, 0)


def telling_line(text: str) -> str:
    """The line of a log that says why Kafka ended: its last error, else its last line.

    >>> telling_line("all well\\njava.io.IOException: no\\n\\tat Here(There.java:1)\\n")
    'no'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    telling = (errors or lines or ["it said nothing"])[-1]
    return _PREFIX.sub("", telling).rstrip(".")
