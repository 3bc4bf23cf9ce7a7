"""What YAML allows and we do not: tags, keys given twice, keys that are no text, and the like."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from config.documents import MERGE, TAGS, YAML, keyed, line_of, sources, text_of
from config.words import Complaint, KeyPath, shown


def oddities(root: yaml.Node) -> Iterator[Complaint]:
    """The complaints about a node and all below it, which must be free of cycles."""
    return _visit(root, (), set())


def _visit(node: yaml.Node, path: KeyPath, seen: set[int]) -> Iterator[Complaint]:
    if id(node) in seen:
        return
    seen.add(id(node))
    yield from _odd_value(node, path)
    if isinstance(node, yaml.MappingNode):
        yield from _odd_keys(node, path)
    for below, child in _children(node, path):
        yield from _visit(child, below, seen)


def _children(node: yaml.Node, path: KeyPath) -> Iterator[tuple[KeyPath, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        yield from (((*path, index), item) for index, item in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        yield from (((*path, text_of(key)), value) for key, value in keyed(node))
        merges = (value for key, value in node.value if key.tag == MERGE)
        yield from ((path, source) for value in merges for source in sources(value))


def _odd_value(node: yaml.Node, path: KeyPath) -> Iterator[Complaint]:
    if node.tag not in TAGS:
        tag = shown(node.tag.replace(YAML, "!!"))
        yield Complaint(path, f"the YAML tag '{tag}'", "remove it, or put the text in quotes")
    if isinstance(node, yaml.ScalarNode) and text_of(node) != node.value:
        yield Complaint(path, "an escape that is half a character", "write the character itself")


def _odd_keys(node: yaml.MappingNode, path: KeyPath) -> Iterator[Complaint]:
    lines: dict[str, int] = {}
    for key, value in node.value:
        if key.tag == MERGE:
            yield from _odd_merge(value, path)
        elif not isinstance(key, yaml.ScalarNode):
            cure = "write a name before the ':', and put text that begins with { or [ in quotes"
            yield Complaint(path, f"a key that is no text, on line {line_of(key)}", cure)
        elif text_of(key) in lines:
            what = f"the key is there already on line {lines[text_of(key)]}"
            yield Complaint((*path, text_of(key)), what, "keep one of the two")
        else:
            lines[text_of(key)] = line_of(key)
            yield from _odd_value(key, (*path, text_of(key)))


def _odd_merge(node: yaml.Node, path: KeyPath) -> Iterator[Complaint]:
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if len(sources(node)) < len(parts):
        cure = "put the alias (*) of a mapping after it"
        yield Complaint(path, "<< without a mapping", cure)
