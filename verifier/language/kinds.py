"""Types of expressions, and what can be combined: pure functions without a scope."""

from __future__ import annotations

from collections.abc import Iterable

from verifier.language import program as p
from verifier.language.program import Span
from verifier.language.scope import Counts, Typed

FUNCTIONS = {"min": 2, "max": 2, "round_up": 2, "round_down": 2, "power": 2, "earliest": 1, "latest": 1}
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
ORDERED = frozenset({"count", "duration", "version", "percent", "amount"})
KIND_NAMES = {
    "count": "a number",
    "amount": "a number or a percentage",
    "duration": "a duration",
    "window": "a window of time",
    "percent": "a percentage",
    "version": "a version",
    "flag": "a truth value",
    "condition": "a condition",
    "choice": "one of the words of a setting",
    "counts": "a count",
    "index": "a member of an index type",
}


def kind_name(kind: str) -> str:
    """The type of an expression in words; a phrase that is no type stays."""
    return KIND_NAMES.get(kind, kind)


def bad(span: Span) -> Typed:
    return Typed(p.Literal_(0, span), "bad")


def as_condition(typed: Typed) -> p.Condition:
    return p.When(typed.node, typed.node.span) if typed.kind == "flag" else typed.node  # type: ignore[arg-type, return-value]


def exactly(typed: Typed) -> Typed:
    """A duration beside a window is the window d..d."""
    if typed.kind != "duration":
        return typed
    return Typed(p.WindowOf("after", typed.node, typed.node.span), "window")  # type: ignore[arg-type]


def as_counts(typed: Typed, span: Span) -> Counts:
    return typed.node if isinstance(typed.node, Counts) else Counts((), typed.node, span)  # type: ignore[arg-type]


def signed(term: p.Counted, sign: int) -> p.Counted:
    return term if sign == 1 else p.Counted(-term.sign, term.var, term.type, term.cls, term.body, term.span)


def plus(a: p.Static, b: p.Static, sign: int, span: Span) -> p.Static:
    """a + b or a - b; numbers are added at once."""
    if isinstance(b, p.Literal_) and isinstance(b.value, int):
        if isinstance(a, p.Literal_) and isinstance(a.value, int):
            return p.Literal_(a.value + sign * b.value, span)
        if b.value == 0:
            return a
    return p.Arithmetic("+" if sign == 1 else "-", (a, b), span)


def compare_counts(op: str, left: Counts, right: Counts, span: Span) -> p.Condition:
    """Any comparison of counts as `sum of terms >= bound`, with `not` where that leaves the counts positive."""
    if op in ("==", "!="):
        both = p.Boolean(
            "and", (compare_counts(">=", left, right, span), compare_counts("<=", left, right, span)), span
        )
        return both if op == "==" else p.Boolean("not", (both,), span)
    if op in ("<", "<="):
        if not right.terms:
            return p.Boolean("not", (compare_counts(">=" if op == "<" else ">", left, right, span),), span)
        return compare_counts(">" if op == "<" else ">=", right, left, span)
    if not left.terms:
        return p.Boolean("not", (compare_counts(">=" if op == ">" else ">", right, left, span),), span)
    bound = plus(right.number, left.number, -1, span)
    if op == ">":
        bound = plus(bound, p.Literal_(1, span), 1, span)
    return p.CountCompare(left.terms + tuple(signed(t, -1) for t in right.terms), bound, span)


def constant_window(body: p.Static) -> p.Window | None:
    """The window that the value of a choice says: `exec(30s)` takes exactly 30 s, `exec(5s..30s)` anything between."""
    match body:
        case p.Literal_(p.Duration(ms)):
            return p.Window(ms, ms)
        case p.WindowOf(_, p.Literal_(p.Duration(ms))):
            return p.Window(ms, ms)
        case p.Arithmetic("..", (p.Literal_(p.Duration(lo)), p.Literal_(p.Duration(hi)))):
            return p.Window(lo, hi)
    return None


def function_kind(name: str, kinds: list[str]) -> str | None:
    if name in ("round_up", "round_down"):
        return "count" if kinds[0] in ("amount", "percent", "count") and kinds[1] == "count" else None
    if name in ("earliest", "latest"):
        return "duration" if kinds[0] in ("duration", "window") else None
    if name == "power":
        return "count" if kinds == ["count", "count"] else None
    if set(kinds) <= {"duration", "window"}:
        return "window" if "window" in kinds else "duration"
    return "count" if set(kinds) == {"count"} else None


def arithmetic_kind(op: str, kinds: tuple[str, str]) -> str | None:
    if op == "*":
        if kinds[0] == "count":
            return kinds[1] if kinds[1] in ("count", "duration", "window") else None
        return kinds[0] if kinds[1] == "count" and kinds[0] in ("duration", "window") else None
    if set(kinds) <= {"duration", "window"}:
        return "window" if "window" in kinds else "duration"
    return "count" if kinds == ("count", "count") else None


def listed(words: Iterable[str]) -> str:
    names = [f"`{w}`" for w in words]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
