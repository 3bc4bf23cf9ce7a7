"""Compiles streams/frames/gather.c where there is a C compiler; without one nothing is missed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("streams/frames/gather.c")
LIBRARY = Path("streams/frames/libgather.so")


def compile_gather(root: Path) -> bool:
    """Whether the library was made; it is gone where it could not be."""
    target = root / LIBRARY
    target.unlink(missing_ok=True)
    options = ["-O2", "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-fPIC", "-shared"]
    try:
        command = shlex.split(os.environ.get("CC", "")) or ["cc"]
        subprocess.run(
            [*command, *options, str(root / SOURCE), "-o", str(target)],
            check=True,
            capture_output=True,
            timeout=60,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        target.unlink(missing_ok=True)
        return False
    return True


class GatherBuildHook(BuildHookInterface[Any]):
    """Puts the library beside its source, and into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is made, editable or not."""
        if not compile_gather(Path(self.root)):
            self.app.display_warning("no C compiler that works: frames are read without gather.c")
            return
        build_data["artifacts"].append(str(LIBRARY))
        if version != "editable":
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform}"
