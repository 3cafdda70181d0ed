"""Grammar rules -> syntax tree: the rules of comparisons, and what all rules need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lark.lexer import Token
from lark.visitors import Transformer

from verifier.language import syntax as s
from verifier.language.program import Span


class Places(Transformer[Token, Any]):
    """What every rule needs: where its children stand. `file` is set before each parse."""

    file: str = ""

    def _place(self, first: Any, last: Any) -> Span:
        if isinstance(first, Token):
            line, column = first.line or 1, first.column or 1
        else:
            line, column = first.span.line, first.span.column
        if isinstance(last, Token):
            end_line, end_column = last.end_line or 1, last.end_column or 1
        else:
            end_line, end_column = last.span.end_line, last.span.end_column
        return Span(self.file, line, column, end_line, end_column)

    def _span(self, children: list[Any]) -> Span:
        flat = list(_flat(children))
        return self._place(flat[0], flat[-1])

    def _name(self, token: Token) -> s.Name:
        return s.Name(str(token), self._place(token, token))

    def _names(self, children: list[Any]) -> tuple[s.Name, ...]:
        return tuple(self._name(c) for c in children if isinstance(c, Token) and c.type == "NAME")

    def _text(self, token: Token | None) -> str:
        return str(token)[1:-1] if token is not None else ""

    def _binder(self, name: Token, type_: Token, cls: Token | None) -> s.Binder:
        last = cls if cls is not None else type_
        return s.Binder(
            self._name(name), self._name(type_), self._name(cls) if cls is not None else None, self._place(name, last)
        )


class Comparisons(Places):
    """The rules of a comparison."""

    def comparing(self, c: list[Any]) -> s.ComparisonDeclaration:
        kinds = (s.Under, s.Compared, s.Show, s.Remedy)
        entries = tuple(x for x in c[4:] if isinstance(x, kinds))
        return s.ComparisonDeclaration(self._name(c[1]), self._text(c[2]), entries, self._span(c))

    def under(self, c: list[Any]) -> s.Under:
        name = s.Name(self._text(c[1]), self._place(c[1], c[1]))
        return s.Under(name, self._text(c[2]), _changes(c), self._span(c))

    def compared(self, c: list[Any]) -> s.Compared:
        return s.Compared(self._name(c[1]), self._text(c[2]), c[3] or (), self._span(c[:3]))

    def judged(self, c: list[Any]) -> tuple[str, ...]:
        return self._text(c[1]), self._text(c[3])

    def show(self, c: list[Any]) -> s.Show:
        return s.Show(self._text(c[1]), c[3], self._span(c))

    def remedy(self, c: list[Any]) -> s.Remedy:
        changes = _changes(c)
        return s.Remedy(changes, c[-2] or (), c[-1], self._place(c[0], changes[-1]))

    def mends(self, c: list[Any]) -> tuple[s.Name, ...]:
        return self._names(c)

    def fixed(self, c: list[Any]) -> s.Change:
        return s.Change(c[0], c[2], None, None, self._span(c))

    def searched(self, c: list[Any]) -> s.Change:
        word = self._name(c[2]) if len(c) > 3 else None
        among = c[4] if word is not None else c[2]
        return s.Change(c[0], None, word, among, self._place(c[0], among))

    def least_of(self, c: list[Any]) -> Any:
        return c[2]


def _changes(children: list[Any]) -> tuple[s.Change, ...]:
    return tuple(x for x in children if isinstance(x, s.Change))


def _flat(children: list[Any]) -> Iterator[Any]:
    for child in children:
        if isinstance(child, Token) or hasattr(child, "span"):
            yield child
