"""Names of what is read: a machine, now or in a copy; and the member that stands for all others of its class."""

from __future__ import annotations

from collections.abc import Callable

from verifier.system import ir
from verifier.system.values import Member

# A reading: `view/view/machine`, outermost view first. In a tree it is the name of the machine of an `ir.In`.
SEPARATOR = " / "
SUM = "sum "
Leaf = Callable[[ir.In], ir.Expr]


def machine_of(reading: ir.In) -> str:
    """The machine that a reading is about, in the present or in a copy."""
    return reading.machine.split(SEPARATOR)[-1]


def generic(type_name: str, cls: str) -> Member:
    """Any member of the class that is not spelt out."""
    return Member(type_name, cls, -1)


def is_generic(value: Member | int | None) -> bool:
    return isinstance(value, Member) and value.ordinal < 0
