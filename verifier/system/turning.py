"""Which step takes a system from one condition to another."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.system import ir
from verifier.system.prune import Rewriting
from verifier.system.relax import DROPPED


def turning(system: ir.System, before: ir.Expr, after: ir.Expr, read: frozenset[str]) -> Iterator[ir.Expr]:
    """For each step of the machines in `read`: that it may fire where `before` holds, and `after` holds then."""
    for step in system.steps:
        if step.machine in read:
            here = ir.In(step.machine, frozenset({step.source}))
            yield ir.conj([here, step.guard, before, _After(step)(after)])


class _After(Rewriting):
    """An expression after a step has fired."""

    def __init__(self, step: ir.Step) -> None:
        super().__init__()
        self.step = step

    def reading(self, at: ir.In) -> ir.Expr:
        if at.machine == self.step.machine and at != DROPPED:
            return ir.Const(self.step.target in at.states)
        return at
