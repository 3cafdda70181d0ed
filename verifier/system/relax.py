"""Dropping parts of guards, as docs/semantics.md section 5 allows it, and only so.

A step `(g, lo, hi)` whose guard mentions something dropped becomes `(g+, lo, unbounded)` and `(g-, lo, hi)`, where `g-`
implies `g` implies `g+` in every state: in negation normal form each literal about something dropped becomes true in
`g+` and false in `g-`, through views too. A weakened guard never keeps its finite `hi`: a step that is forced to fire
earlier takes runs away (tests/test_relax.py holds the counterexample). Sound for `never` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.system import ir

# A condition that was dropped, until its place decides what it becomes.
DROPPED = ir.In("(dropped)", frozenset())


def mentions_dropped(expr: ir.Expr) -> bool:
    return any(name == DROPPED.machine for name in ir.mentions(expr))


def weakened(expr: ir.Expr) -> ir.Expr:
    """`g+`: implied by every reading of what was dropped."""
    return _decide(expr, True)


def strengthened(expr: ir.Expr) -> ir.Expr:
    """`g-`: implies every reading of what was dropped."""
    return _decide(expr, False)


def relaxed(step: ir.Step) -> Iterator[ir.Step]:
    """The steps that stand for one whose guard mentions something dropped; any other step stands for itself."""
    if not mentions_dropped(step.guard):
        yield step
        return
    wide, narrow = weakened(step.guard), strengthened(step.guard)
    if wide != ir.FALSE:
        yield replace(step, guard=wide, hi=None)
    if narrow != ir.FALSE and step.hi is not None:
        yield replace(step, name=f"{step.name} (forced)", guard=narrow)


def _decide(expr: ir.Expr, value: bool) -> ir.Expr:
    match expr:
        case ir.In():
            return ir.Const(value) if expr == DROPPED else expr
        case ir.Not(body):
            return ir.neg(_decide(body, not value))
        case ir.And(parts):
            return ir.conj(_decide(part, value) for part in parts)
        case ir.Or(parts):
            return ir.disj(_decide(part, value) for part in parts)
        case ir.AtLeast(k, parts):
            return ir.at_least(k, [_decide(part, value) for part in parts])
        case ir.Seen(view, body):
            return ir.seen(view, _decide(body, value))
    return expr
