"""Text -> documents with places. libyaml's events do the reading; everything made of them is bounded here.

libyaml reads 2 MB in a third of a second, and YAML 1.1 as the API's own clients do (`yes` is a truth value); ruamel
reads YAML 1.2 and needs 8 s. A stream is cut at its `---` lines first (no scalar can hold one), so that a broken
document takes no other with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from verifier.language.diagnostics import Diagnostic
from verifier.language.program import Span
from verifier.manifests.nodes import Document, Entry, Node

DEPTH_MAX = 128
SIZE_MAX = 1_000_000

_CUT = re.compile(r"^(?:%[^\n]*\n)*---(?=\s|$)", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{[^\n]*|\{%[^\n]*")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)\Z")
_ODD_INT = re.compile(r"[-+]?0(?:b[01_]+|o?[0-7_]+|x[0-9a-fA-F_]+)\Z")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z|[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z"
)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_MERGE = "<<"


class Broken(Exception):
    """A document that cannot be used; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def read(text: str, file: str) -> tuple[list[Document], list[Diagnostic]]:
    """Every document of `text` that is not empty, and one diagnostic for each that cannot be read. Never raises."""
    documents: list[Document] = []
    broken: list[Diagnostic] = []
    for line, chunk in _chunks(text):
        try:
            documents += (Document(root, file) for root in _Composer(chunk, file, line).roots())
        except Broken as found:
            broken.append(found.diagnostic)
    return documents, broken


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """(line on which it begins, from 0; text) of each document; text without an entry is left out."""
    starts = [0, *(match.start() for match in _CUT.finditer(text))]
    line = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        chunk = text[start:end]
        if chunk and not chunk.isspace():
            yield line, chunk
        line += chunk.count("\n")


class _Composer:
    """Makes nodes of the events of one chunk, with a stack of its own: no text can exhaust the interpreter's."""

    def __init__(self, chunk: str, file: str, line: int) -> None:
        self.chunk, self.file, self.first = chunk, file, line
        self.anchors: dict[str, Node] = {}
        self.depths: dict[str, int] = {}

    def roots(self) -> Iterator[Node]:
        try:
            parser = CParser(self.chunk)
            while True:
                event = parser.get_event()
                if isinstance(event, StreamEndEvent):
                    return
                if isinstance(event, (ScalarEvent, MappingStartEvent, SequenceStartEvent, AliasEvent)):
                    root = self._value(event, parser)
                    if root.value is not None:
                        yield root
                elif isinstance(event, DocumentEndEvent):
                    self.anchors.clear()
                    self.depths.clear()
        except ReaderError as error:
            raise Broken(self._unreadable(error)) from None
        except MarkedYAMLError as error:
            raise Broken(self._syntax(error)) from None
        except (YAMLError, ValueError) as error:
            place = Span(self.file, self.first + 1, 1, self.first + 1, 2)
            raise Broken(Diagnostic("HL421", place, f"this is no YAML: {_one_line(error)}")) from None

    # -- nodes ---------------------------------------------------------------------------------------------------------

    def _value(self, event: Event, parser: CParser) -> Node:
        """The value that begins with `event`, read to its end."""
        stack: list[_Open] = []
        while True:
            done: Node | None = None
            if isinstance(event, ScalarEvent):
                done = self._scalar(event)
                if event.anchor:
                    self._name(event.anchor, done, 0)
            elif isinstance(event, AliasEvent):
                done = self._alias(event, stack)
            elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                stack.append(_Open(event, isinstance(event, MappingStartEvent)))
                if len(stack) > DEPTH_MAX:
                    raise Broken(self._at(event, "HL423", f"nested deeper than {DEPTH_MAX} levels"))
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                closed = stack.pop()
                done = self._closed(closed, event)
                if closed.start.anchor:
                    self._name(closed.start.anchor, done, closed.depth)
                if stack:
                    stack[-1].depth = max(stack[-1].depth, closed.depth + 1)
            if done is not None:
                if not stack:
                    return done
                self._put(stack[-1], done)
            event = parser.get_event()

    def _put(self, parent: _Open, node: Node) -> None:
        parent.size += node.size
        if parent.size > SIZE_MAX:
            place = Span(self.file, node.line, node.column, node.end_line, node.end_column)
            text = f"its aliases stand for more than {SIZE_MAX:,} values"
            raise Broken(Diagnostic("HL423", place, text, fix="write out what is meant"))
        if not parent.mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            key, parent.key = parent.key, None
            self._enter(parent, key, node)

    def _enter(self, parent: _Open, key: Node, node: Node) -> None:
        if key.value == _MERGE and not key.quoted:
            parent.merged += node.items() or (node,)
            return
        if isinstance(key.value, (dict, tuple)):
            raise Broken(self._bad_key(key))
        name = _key(key)
        if name in parent.entries:
            first = parent.entries[name]
            second = ((first.key_span, "first here"),)
            raise Broken(Diagnostic("HL422", key.span, f"`{name}` is given twice", fix="remove one", secondary=second))
        parent.entries[name] = Entry(node, key.line, key.column, key.end_column)

    def _bad_key(self, key: Node) -> Diagnostic:
        lines = self.chunk.split("\n")
        line = lines[key.line - self.first - 1] if 0 < key.line - self.first <= len(lines) else ""
        if _TEMPLATE.search(line):
            return self._template(key.line)
        return Diagnostic("HL421", key.span, f"{key.kind} cannot be a key", fix="put it in quotation marks")

    def _closed(self, closed: _Open, end: Event) -> Node:
        start, mark = closed.start.start_mark, end.end_mark
        value: dict[str, Entry] | tuple[Node, ...] = tuple(closed.items)
        if closed.mapping:
            value = closed.entries
            for source in closed.merged:
                for key, entry in source.entries().items():
                    value.setdefault(key, entry)
        return Node(
            value,
            self.file,
            self.first + start.line + 1,
            start.column + 1,
            self.first + mark.line + 1,
            mark.column + 1,
            closed.size,
        )

    def _scalar(self, event: ScalarEvent) -> Node:
        start, end = event.start_mark, event.end_mark
        plain = not event.style and event.implicit[0]
        value = resolved(event.value) if plain and event.tag is None else event.value
        line = self.first + start.line + 1
        return Node(
            value, self.file, line, start.column + 1, self.first + end.line + 1, end.column + 1, 1, bool(event.style)
        )

    def _alias(self, event: AliasEvent, stack: list[_Open]) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise Broken(self._at(event, "HL421", f"there is no anchor `&{event.anchor}` above"))
        depth = len(stack) + self.depths[event.anchor] + 1
        if depth > DEPTH_MAX:
            raise Broken(self._at(event, "HL423", f"nested deeper than {DEPTH_MAX} levels"))
        if stack:
            stack[-1].depth = max(stack[-1].depth, self.depths[event.anchor] + 1)
        return node

    def _name(self, anchor: str, node: Node, depth: int) -> None:
        self.anchors[anchor] = node
        self.depths[anchor] = depth

    # -- what cannot be read -------------------------------------------------------------------------------------------

    def _at(self, event: Event, code: str, message: str) -> Diagnostic:
        mark = event.start_mark
        line = self.first + mark.line + 1
        return Diagnostic(code, Span(self.file, line, mark.column + 1, line, mark.column + 2), message)

    def _template(self, line: int) -> Diagnostic:
        fix = "pipe what it renders to: `helm template . | hitless verify -`"
        return Diagnostic("HL424", Span(self.file, line, 1, line, 2), "a template that was not rendered", fix=fix)

    def _unreadable(self, error: ReaderError) -> Diagnostic:
        line = self.first + self.chunk.count("\n", 0, error.position) + 1
        what = f"character U+{error.character:04X}" if isinstance(error.character, int) else "this character"
        return Diagnostic("HL421", Span(self.file, line, 1, line, 2), f"{what} is not allowed in YAML", fix="remove it")

    def _syntax(self, error: MarkedYAMLError) -> Diagnostic:
        """The first mistake of a document, in our words where we know what it is."""
        mark = error.problem_mark or error.context_mark
        at, column = (mark.line, mark.column) if mark is not None else (0, 0)
        lines = self.chunk.split("\n")
        template = next((i for i, line in enumerate(lines) if i <= at and _TEMPLATE.search(line)), None)
        if template is not None:
            return self._template(self.first + template + 1)
        line = lines[at] if at < len(lines) else ""
        place = Span(self.file, self.first + at + 1, column + 1, self.first + at + 1, column + 2)
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            return Diagnostic("HL421", place, "a tab indents this line", fix="indent with spaces")
        problem = _one_line(error.problem or error.context or "it cannot be read")
        return Diagnostic("HL421", place, f"this is no YAML: {problem}")


class _Open:
    """A mapping or list that is being read. `depth`: levels below it so far."""

    __slots__ = ("depth", "entries", "items", "key", "mapping", "merged", "size", "start")

    def __init__(self, start: Event, mapping: bool) -> None:
        self.start, self.mapping = start, mapping
        self.entries: dict[str, Entry] = {}
        self.items: list[Node] = []
        self.merged: tuple[Node, ...] = ()
        self.key: Node | None = None
        self.size, self.depth = 1, 1


def resolved(text: str) -> str | int | float | bool | None:
    """A plain scalar as YAML 1.1 reads it, without its numbers to the base 60 and dates, which stay texts."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first not in "0123456789+-.":
        return text
    if len(text) > 100:
        return text
    if _INT.match(text):
        return int(text.replace("_", ""))
    if _ODD_INT.match(text):
        return _odd_int(text.replace("_", ""))
    if _FLOAT.match(text):
        return float(
            text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").lower().replace(".nan", "nan")
        )
    return text


def _odd_int(text: str) -> int:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    base = {"b": 2, "o": 8, "x": 16}.get(digits[1])
    return sign * (int(digits[1:], 8) if base is None else int(digits[2:], base))


def _key(node: Node) -> str:
    match node.value:
        case bool():
            return "true" if node.value else "false"
        case None:
            return "null"
    return str(node.value)


def _one_line(error: object) -> str:
    """libyaml's words, without what they quote but single marks: a dump holds secrets."""
    text = re.sub(r"['\"]([^\n]*)['\"]", lambda m: m[0] if re.fullmatch(r"\W{1,3}", m[1]) else "..", str(error))
    return " ".join(text.split())[:120]
