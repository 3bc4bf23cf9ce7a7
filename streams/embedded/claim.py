"""A data folder has one broker: the claim on it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from config.errors import StreakwatchError

NAME = "broker.lock"


class Claim:
    """A lock on ``data_dir`` that holds the pid of its broker.

    The system gives the lock back when all who have ``fd`` have ended. The broker inherits it,
    so the folder is free only when the broker is gone, even if who started it went before.
    Raises StreakwatchError when another has the lock, or the folder cannot be written.
    """

    def __init__(self, data_dir: Path) -> None:
        self.fd = _open(data_dir)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _read(self.fd)
            self.release()
            raise _refused(data_dir, holder, error) from None

    def note(self, pid: int) -> None:
        """Write down whose the folder is."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, f"{pid}\n".encode(), 0)

    def release(self) -> None:
        """Let go of our hold on it."""
        os.close(self.fd)


def _open(data_dir: Path) -> int:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return os.open(data_dir / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise data_error(data_dir, error) from error


def _read(fd: int) -> str:
    return os.pread(fd, 32, 0).decode(errors="replace").strip()


def _refused(data_dir: Path, holder: str, error: OSError) -> StreakwatchError:
    if not isinstance(error, BlockingIOError):
        return data_error(data_dir, error)
    who = f"the Kafka with process id {holder}" if holder else "a Kafka that is just starting"
    return StreakwatchError(
        f"the data folder {data_dir} is in use by {who}", "stop that one, or choose another folder"
    )


def data_error(data_dir: Path, error: OSError) -> StreakwatchError:
    """What an OSError in the data folder means to the user."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = f"no space left for Kafka's data in {data_dir}"
        return StreakwatchError(what, "free some there, or choose another folder")
    what = f"cannot write Kafka's data folder {data_dir} ({error.strerror})"
    return StreakwatchError(what, "choose another folder, or fix its permissions")
