"""The distribution: whose the package names are, what the wheel holds, what the core imports."""

from __future__ import annotations

import ast
import ctypes
import os
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from importlib.metadata import distribution, entry_points, packages_distributions
from pathlib import Path

import pytest

from streams.frames import gather

ROOT = Path(__file__).parents[1]
PACKAGES = ("streams", "alerts", "config")


@pytest.mark.parametrize("name", PACKAGES)
def test_the_package_names_are_ours_alone(name: str) -> None:
    """Other distributions carry a stray `config` package; none may be beside ours.

    An editable install does not list its packages: then nobody else may list them.
    """
    assert set(packages_distributions().get(name, ["streakwatch"])) == {"streakwatch"}
    found = Path(str(import_module(name).__file__)).parent
    assert found in (ROOT / name, Path(str(distribution("streakwatch").locate_file(name))))


def test_faust_finds_the_frame_transport() -> None:
    (found,) = entry_points(group="faust.transports", name="frames")
    assert found.value == "streams.frames:Transport"


def test_the_core_imports_only_numpy_and_the_standard_library() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy"}
    for path in sorted((ROOT / "streams/core").glob("*.py")):
        for name in imported(path):
            top = name.split(".")[0]
            assert top in allowed or name.startswith("streams.core"), f"{path.name}: {name}"


def imported(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names


def test_streaks_loads_neither_faust_nor_kafka_nor_pydantic() -> None:
    code = (
        "import sys; from streams.cli.main import run; "
        "run(['streaks', 'config/examples/january-2026.csv', '--asset', 'RUT', '--benchmark', "
        "'SPX']); print({'faust', 'aiokafka', 'pydantic', 'pandas', 'apprise'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.splitlines()[-1] == "set()"


LIBRARY = "streams/frames/libgather.so"


def wheel_of(root: Path, folder: Path, cc: str) -> Path:
    """The wheel that is built from there with a C compiler of that name."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    environ = os.environ | {"CC": cc}
    subprocess.run([*command, str(root)], check=True, capture_output=True, env=environ)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of what is built, so that no build here disturbs the tests beside it."""
    folder = tmp_path / "sources"
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES, "*.md", "LICENSE", "pyproject.toml", "hatch_build.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in tracked.stdout.split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("cc", ["no-such-compiler", "false", '"'])
def test_without_a_compiler_the_wheel_is_whole(sources: Path, tmp_path: Path, cc: str) -> None:
    (sources / LIBRARY).write_bytes(b"of an earlier build")
    wheel = wheel_of(sources, tmp_path, cc)
    assert wheel.name == "streakwatch-0.1.0-py3-none-any.whl"
    assert LIBRARY not in zipfile.ZipFile(wheel).namelist()


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_with_a_compiler_the_wheel_holds_the_library(sources: Path, tmp_path: Path) -> None:
    wheel = wheel_of(sources, tmp_path, "cc -Wall -Wextra -Werror")
    assert wheel.name.startswith("streakwatch-0.1.0-py3-none-")
    assert not wheel.name.endswith("-any.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extract(LIBRARY, tmp_path)
    library = ctypes.CDLL(str(tmp_path / LIBRARY))
    assert library.gather_version() == gather.VERSION
    assert not {name for name in file.namelist() if name.endswith(".so")} - {LIBRARY}


def test_the_wheel_holds_the_code_the_templates_and_the_examples(
    sources: Path, tmp_path: Path
) -> None:
    names = set(zipfile.ZipFile(wheel_of(sources, tmp_path, "cc")).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(tracked.stdout.split()) <= names
    assert {name.split("/")[0] for name in names} == {*PACKAGES, "streakwatch-0.1.0.dist-info"}


def test_the_locks_hold_versions_and_hashes_and_no_addresses() -> None:
    for lock in ("dev", "worker"):
        text = (ROOT / f"requirements/{lock}.txt").read_text()
        assert "://" not in text
        assert " @ " not in text
        pins = [line for line in text.splitlines() if "==" in line]
        assert len(pins) > 30
        assert all(line.endswith("\\") for line in pins)
