"""Pieces of a scenario's tree, each at a place of a manifest."""

from __future__ import annotations

from dataclasses import replace

from verifier.language import syntax as s
from verifier.language.program import Span
from verifier.language.text import duration_text

Entry = s.Assignment | s.Switch | s.BlockNode


def name(text: str, span: Span) -> s.Name:
    return s.Name(text, span)


def duration(ms: int, span: Span) -> s.Expression:
    return s.Constant("duration", duration_text(ms), span)


def window(lo_ms: int, hi_ms: int, span: Span) -> s.Expression:
    return s.Operation("..", (duration(lo_ms, span), duration(hi_ms, span)), span)


def number(value: int, span: Span) -> s.Expression:
    return s.Constant("number", str(value), span)


def amount(value: tuple[int, bool], span: Span) -> s.Expression:
    """A number, or a percentage of something."""
    return s.Constant("percent", f"{value[0]}%", span) if value[1] else number(value[0], span)


def word(text: str, span: Span) -> s.Expression:
    return s.Reference(text, (), None, span)


def chosen(text: str, value: s.Expression, span: Span) -> s.Expression:
    """`sleep(30s)`."""
    return s.Invocation(name(text, span), (value,), span)


def version(major: int, minor: int, span: Span) -> s.Expression:
    return s.Constant("version", f"v{major}.{minor}", span)


def entry(
    of: str,
    value: s.Expression,
    span: Span,
    *,
    because: str = "",
    typical: s.Expression | None = None,
    assumed: bool = False,
) -> s.Assignment:
    return s.Assignment(name(of, span), value, because, typical, assumed, span)


def block(of: str, label: str | None, entries: list[Entry], span: Span) -> s.BlockNode:
    return s.BlockNode(name(of, span), None if label is None else name(label, span), tuple(entries), span)


def placed(expression: s.Expression, span: Span) -> s.Expression:
    """The same value at another place."""
    match expression:
        case s.Constant() | s.Reference():
            return replace(expression, span=span)
        case s.Invocation(of, args):
            return s.Invocation(name(of.text, span), tuple(placed(a, span) for a in args), span)
        case s.Operation(op, args):
            return s.Operation(op, tuple(placed(a, span) for a in args), span)
    raise AssertionError(f"no value of a scenario: {expression}")


def places(items: tuple[s.ScenarioItem, ...]) -> dict[str, Span]:
    """Setting -> where it stands; of the pods that run now as `now.SETTING`, without the name of its block."""
    found: dict[str, Span] = {}
    for item in items:
        if isinstance(item, s.BlockNode):
            top = item.name.text
            _collect(item, {"cluster": "", "running": "now"}.get(top, top), found)
            if top == "cluster":
                _collect(item, top, found)
    return found


def _collect(of: s.BlockNode, above: str, found: dict[str, Span]) -> None:
    for each in of.entries:
        path = f"{above}.{each.name.text}" if above else each.name.text
        found.setdefault(path, each.name.span)
        if isinstance(each, s.BlockNode):
            _collect(each, path, found)
