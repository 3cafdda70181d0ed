"""What a condition about somebody says, when no more of him is known than what he shares with others."""

from __future__ import annotations

from collections.abc import Callable

from verifier.system import ir


def outline(expr: ir.Expr, told: Callable[[ir.Expr], ir.Expr]) -> ir.Expr:
    """A condition that holds wherever `expr` does, made of what `told` says of its parts.

    `told(part)` holds wherever `part` does, at the same moment. So it does of the copies that a view holds of one.
    """
    match expr:
        case ir.And(parts):
            return ir.conj([told(expr), *(outline(part, told) for part in parts)])
        case ir.Or(parts):
            return ir.disj([outline(part, told) for part in parts])
        case ir.Seen(view, body):
            return ir.seen(view, outline(body, told))
        case ir.Const():
            return expr
    return told(expr)


def entails(one: ir.Expr, other: ir.Expr) -> bool:
    """Whether the form of two conditions shows that `other` holds wherever `one` does."""
    match one, other:
        case _ if one == other or one == ir.FALSE or other == ir.TRUE:
            return True
        case ir.In(machine, some), ir.In(name, more):
            return machine == name and some <= more
        case ir.Or(parts), _:
            return all(entails(part, other) for part in parts)
        case _, ir.And(parts):
            return all(entails(one, part) for part in parts)
        case _, ir.Or(parts) if any(entails(one, part) for part in parts):
            return True
        case ir.And(parts), _:
            return any(entails(part, other) for part in parts)
    return False
