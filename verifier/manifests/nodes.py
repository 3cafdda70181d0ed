"""A YAML document as immutable values, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from verifier.language.program import Span


class Node(NamedTuple):
    """A value and where it stands (1-based; the end is the column after the last character).

    `value`: a mapping of key to `Entry`, a tuple of nodes, or a scalar. `size`: how many values it holds with aliases
    written out. `quoted`: a scalar in quotation marks.
    """

    value: Mapping[str, Entry] | tuple[Node, ...] | str | int | float | bool | None
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    size: int = 1
    quoted: bool = False

    @property
    def span(self) -> Span:
        return Span(self.file, self.line, self.column, self.end_line, self.end_column)

    @property
    def kind(self) -> str:
        """The JSON type in words, as messages say it."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "a truth value"
            case int():
                return "a number"
            case float():
                return "a fraction"
            case str():
                return "a text"
            case tuple():
                return "a list"
        return "a mapping"

    def entries(self) -> Mapping[str, Entry]:
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> tuple[Node, ...]:
        """The members of a list; none for anything else."""
        return self.value if type(self.value) is tuple else ()

    def get(self, *path: str) -> Node | None:
        """The value under nested keys, if all of them are there."""
        node: Node | None = self
        for key in path:
            entry = node.entries().get(key) if node is not None else None
            node = entry.node if entry is not None else None
        return node

    def at(self, *path: str) -> Span:
        """The place of the entry under nested keys, key and value; of as much of the path as there is."""
        node, place = self, self.head
        for key in path:
            entry = node.entries().get(key)
            if entry is None:
                break
            place, node = entry.span, entry.node
        return place

    @property
    def head(self) -> Span:
        """The first line of a value that has several."""
        if self.end_line == self.line:
            return self.span
        return Span(self.file, self.line, self.column, self.line, self.column + 1)

    def text(self, *path: str) -> str:
        """The text under nested keys; empty if there is none."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, str) else ""

    def number(self, *path: str) -> int | None:
        node = self.get(*path)
        value = node.value if node is not None else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, *path: str) -> bool:
        node = self.get(*path)
        return node is not None and node.value is True

    def texts(self, *path: str) -> dict[str, str]:
        """A mapping of texts (labels, annotations) under nested keys; other values are left out."""
        node = self.get(*path)
        if node is None:
            return {}
        return {k: e.node.value for k, e in node.entries().items() if isinstance(e.node.value, str)}

    def each(self, *path: str) -> Iterator[Node]:
        """The members of the list under nested keys."""
        node = self.get(*path)
        yield from node.items() if node is not None else ()


class Entry(NamedTuple):
    """One entry of a mapping, with the place of its key."""

    node: Node
    line: int
    column: int
    end_column: int

    @property
    def key_span(self) -> Span:
        return Span(self.node.file, self.line, self.column, self.line, self.end_column)

    @property
    def span(self) -> Span:
        """Key and value, if they stand on one line; else the key."""
        node = self.node
        if node.line == self.line and node.end_line == self.line and node.column >= self.column:
            return Span(node.file, self.line, self.column, self.line, node.end_column)
        return self.key_span


class Document(NamedTuple):
    """One document of a file: an object of the API, or what else stands there."""

    root: Node
    file: str
