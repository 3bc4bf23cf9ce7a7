"""A parsed file: its values as text, and the line of each.

All scalars are taken as the text that was written, and the models make numbers and dates of
them. So YAML's surprises cannot happen: the key `on` is no truth value, neither is the symbol
ON; 0700 stays 0700, and 0.0001 is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from config.words import KeyPath

YAML = "tag:yaml.org,2002:"
_NULL = f"{YAML}null"
MERGE = f"{YAML}merge"
_KINDS = ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
TAGS = frozenset(f"{YAML}{kind}" for kind in _KINDS)


class Entry(NamedTuple):
    """A key's value, and the line (from 1) that the key is on."""

    line: int
    value: yaml.Node


def line_of(node: yaml.Node) -> int:
    """The line that a node begins on, from 1."""
    return node.start_mark.line + 1


def text_of(node: yaml.Node) -> str:
    """A scalar as written; half a surrogate pair becomes a question mark."""
    text = str(node.value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class Document:
    """The nodes of one file, which must be free of cycles."""

    def __init__(self, root: yaml.MappingNode) -> None:
        self._root = root
        self._entries: dict[int, dict[str, Entry]] = {}

    def data(self) -> dict[str, Any]:
        """The whole file as dicts, lists, texts and None; new ones at each call."""
        return {key: self._plain(entry.value) for key, entry in self.entries(self._root).items()}

    def _plain(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {key: self._plain(entry.value) for key, entry in self.entries(node).items()}
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item) for item in node.value]
        return None if node.tag == _NULL else text_of(node)

    def line(self, path: KeyPath) -> int:
        """The line of the value at ``path``, or of the last of its parents that there is."""
        node: yaml.Node = self._root
        line = line_of(node)
        for part in path:
            entry = self._step(node, part)
            if entry is None:
                break
            line, node = entry
        return line

    def _step(self, node: yaml.Node, part: str | int) -> Entry | None:
        if isinstance(node, yaml.MappingNode):
            return self.entries(node).get(str(part))
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            item = node.value[part]
            return Entry(line_of(item), item)
        return None

    def entries(self, node: yaml.MappingNode) -> dict[str, Entry]:
        """A mapping's entries by the text of their keys, with merges (<<) carried out."""
        if id(node) not in self._entries:
            self._entries[id(node)] = self._merged(node) | self._own(node)
        return self._entries[id(node)]

    def _own(self, node: yaml.MappingNode) -> dict[str, Entry]:
        return {text_of(key): Entry(line_of(key), value) for key, value in keyed(node)}

    def _merged(self, node: yaml.MappingNode) -> dict[str, Entry]:
        merged: dict[str, Entry] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                for source in sources(value):
                    merged = self.entries(source) | merged
        return merged


def keyed(node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """A mapping's own entries, without merges."""
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
            yield key, value


def sources(node: yaml.Node) -> list[yaml.MappingNode]:
    """The mappings that a merge takes its entries from."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [source for source in nodes if isinstance(source, yaml.MappingNode)]
