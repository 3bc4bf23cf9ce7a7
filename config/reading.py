"""From a path to YAML nodes, which keep their lines; each way to fail is one clear fault."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from config.errors import ConfigError, Fault

LARGEST = 5_000_000
"""Bytes that a configuration file may have."""
MOST_NODES = 500_000
"""Values and keys that it may have, with its aliases expanded."""
DEEPEST = 64
"""Levels of lists and mappings within each other."""

_SYNTAX = (
    ("found character '\\t'", "a tab", "indent with spaces"),
    ("another document", "a second document begins", "keep one, and remove the '---' before it"),
    ("undefined alias", "an alias (*) without its anchor (&) above", "put text with * in quotes"),
    ("second occurrence", "an anchor (&) is defined twice", "give each anchor its own name"),
    ("mapping values are not", "a ':' where none can be", "check the indentation and the quotes"),
    ("cannot start any token", "a character that cannot begin a value", "put the text in quotes"),
    ("unknown escape", "a \\ with a letter that means nothing", "use single quotes"),
    ("end of stream", "a quote does not end", "close it"),
    ("<block end>", "the indentation does not fit the lines above", "align the keys of a mapping"),
    ("expected ',' or", "a bracket is not closed", "close it, and put a comma between values"),
    ("<stream end>", "a bracket is not closed", "close it"),
    ("could not find expected ':'", "a key without its ':'", "write KEY: VALUE"),
)
"""What PyYAML's messages contain (never quoted: they may hold a secret), what, and the cure."""


def fatal(file: str, line: int | None, what: str, cure: str) -> ConfigError:
    """The error for a fault that hides all others."""
    return ConfigError((Fault(file, line, "", what, cure),))


def read(path: Path) -> str:
    """The text of a configuration file; raises ConfigError when it cannot be read."""
    raw = _bytes(path)
    if len(raw) > LARGEST:
        raise fatal(str(path), None, "is larger than 5 MB", "is it a configuration file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    raise fatal(str(path), line, "is not UTF-8 text", "save it in the encoding UTF-8")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        trouble = ("is not there", "check the path")
    except IsADirectoryError:
        trouble = ("is a folder", "name the YAML file in it")
    except OSError as error:
        trouble = (f"cannot be read ({error.strerror})", "check the path and its permissions")
    except ValueError:  # a NUL in the path
        trouble = ("cannot be a file's name", "check the path")
    raise fatal(str(path), None, *trouble)


def parse(text: str, file: str) -> yaml.MappingNode:
    """The nodes of a YAML text; raises ConfigError for what is not a mapping of usual size."""
    try:
        root = _composed(text, file)
        if root is None:
            raise fatal(file, None, "is empty", "begin with the keys watchlists and targets")
        _Measure(file).visit(root)
    except RecursionError:
        root = None
    if root is None:
        raise fatal(file, None, *_TOO_DEEP)
    if not isinstance(root, yaml.MappingNode):
        cure = "begin with the keys watchlists and targets, each followed by ':'"
        raise fatal(file, _line(root.start_mark), "is not a mapping of keys to values", cure)
    return root


def _composed(text: str, file: str) -> yaml.Node | None:
    """The root; what is refused is read again by PyYAML, as it is, for its words and places.

    Without a last line break the two disagree on which line an empty value at the end is.
    """
    loader = _LIBYAML if _LIBYAML is not None and _reads_alike(text) else yaml.SafeLoader
    with suppress(yaml.YAMLError, ValueError, OverflowError):
        return yaml.compose(text if text.endswith("\n") else f"{text}\n", loader)
    line: int | None = None
    try:
        return yaml.compose(text, yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        trouble = ("a control character (such as NUL)", "save it as plain text")
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark)
        trouble = _syntax(error)
    except (ValueError, OverflowError):  # "\U00110000" and the like
        trouble = ("not YAML: an escape that is no character", "correct it")
    raise fatal(file, line, *trouble)


def _libyaml() -> Any:
    """libyaml's parser where PyYAML has it, some ten times as fast; None elsewhere.

    The nodes are made of its events in Python: libyaml's own composer overflows the stack on what
    is nested deeply.
    """
    if not yaml.__with_libyaml__:
        return None

    class Loader(yaml.composer.Composer, yaml.CSafeLoader):
        def __init__(self, stream: str) -> None:
            yaml.CSafeLoader.__init__(self, stream)
            yaml.composer.Composer.__init__(self)

    return Loader


_LIBYAML = _libyaml()


def _reads_alike(text: str) -> bool:
    """Whether libyaml's nodes are PyYAML's; that refuses tabs and byte order marks."""
    return "\t" not in text and "\ufeff" not in text


def _syntax(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    column = "" if error.problem_mark is None else f" at column {error.problem_mark.column + 1}"
    for part, what, cure in _SYNTAX:
        if part in str(error.problem):
            return f"not YAML{column}: {what}", cure
    return f"not YAML{column}", "check the indentation, quotes and brackets"


def _line(mark: yaml.Mark | None) -> int | None:
    return None if mark is None else mark.line + 1


_TOO_DEEP = (f"is nested deeper than {DEEPEST} levels", "is it a configuration file?")


def children(node: yaml.Node) -> list[yaml.Node]:
    """What is directly within a node: a mapping's keys and values, a list's items."""
    if isinstance(node, yaml.MappingNode):
        return [part for entry in node.value for part in entry]
    return node.value if isinstance(node, yaml.SequenceNode) else []


_LEAF = (1, 1)
"""Size and height of a scalar."""


class _Measure:
    """Sizes and heights of nodes with their aliases expanded, each node visited once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def visit(self, node: yaml.Node) -> tuple[int, int]:
        """The size and height of a node; raises ConfigError beyond the limits and on a cycle."""
        if id(node) in self._known:
            return self._known[id(node)]
        if id(node) in self._open:
            raise self._fatal(node, "an alias (*) within its own anchor (&)", "write it out")
        self._open.add(id(node))
        self._known[id(node)] = self._measured(node)
        return self._known[id(node)]

    def _measured(self, node: yaml.Node) -> tuple[int, int]:
        size, below = 1, 0
        for child in children(node):
            inner, deep = _LEAF if isinstance(child, yaml.ScalarNode) else self.visit(child)
            size, below = size + inner, max(below, deep)
        height = 1 + below
        if size > MOST_NODES:
            raise self._fatal(node, f"more than {MOST_NODES:,} values", "use fewer aliases (*)")
        if height > DEEPEST:
            raise self._fatal(node, *_TOO_DEEP)
        return size, height

    def _fatal(self, node: yaml.Node, what: str, cure: str) -> ConfigError:
        return fatal(self._file, _line(node.start_mark), what, cure)
