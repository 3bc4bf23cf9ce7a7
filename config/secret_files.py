"""Secrets that lie in files of their own, as Docker and Kubernetes mount them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from config.words import shown

LARGEST = 65_536
"""More bytes are no secret."""


class UnfitFileError(Exception):
    """A file that gives no secret: what is wrong with it, and the cure. Neither quotes it."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what, cure)
        self.what = what
        self.cure = cure


def secret_of(text: str, folder: Path) -> str:
    """The one line of a file, without its line break; a relative path begins at ``folder``.

    Others may read it: Docker and Kubernetes mount secrets like that, into containers where there
    are no others. They may not write it, for who does decides where alerts go.

    Raises:
        UnfitFileError: there is no such file, or it holds no secret.
    """
    name = f"the file {shown(text)}"
    try:
        raw = _bytes(folder / Path(text).expanduser(), name)
        secret = raw.decode().removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        raise UnfitFileError(f"{name} is not there", "check the path") from None
    except UnicodeDecodeError:
        raise UnfitFileError(f"{name} is not UTF-8 text", "save it in that encoding") from None
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise UnfitFileError(f"{name} cannot be read ({why})", "check its permissions") from None
    if not secret or not secret.isprintable():
        what = "is empty" if not secret else "has more than one line, or control characters"
        raise UnfitFileError(f"{name} {what}", "write the secret into it, as one line")
    return secret


def _bytes(path: Path, name: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would be waited for
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnfitFileError(f"{name} is no file", "name the file with the secret")
        if status.st_mode & stat.S_IWOTH:
            raise UnfitFileError(f"{name} may be written by anybody", "chmod o-w it")
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise UnfitFileError(f"{name} is larger than 64 KB", "name the file with the secret")
    return raw
