"""A system with only some of its machines, every run of the whole still being one, for questions about all runs.

Conditions about the other machines are dropped as verifier/system/relax.py does it. The condition in question is
strengthened instead: where what is left of it holds, the whole of it holds. So if every run of the result satisfies
that, every run of the system satisfies the condition.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace

from verifier.system import ir
from verifier.system.prune import Rewriting, prune
from verifier.system.relax import DROPPED, relaxed, strengthened
from verifier.system.slice import slice_for


def keep(
    system: ir.System, condition: ir.Expr, kept: Container[str], known: Mapping[str, Mapping[str, str]]
) -> tuple[ir.System, ir.Expr]:
    """The system of the machines in `kept`, and the strengthened condition.

    `known`: for some machines, what all steps from their initial state may take for granted: the state of some others.
    """
    drop = _Drop(kept, {})
    drops = {name: _Drop(kept, states) for name, states in known.items()}
    steps: list[ir.Step] = []
    for step in system.steps:
        if step.machine in kept:
            first = step.source == system.machine[step.machine].initial
            mine = drops.get(step.machine, drop) if first else drop
            steps += relaxed(replace(step, guard=mine(step.guard)))
    machines = tuple(machine for machine in system.machines if machine.name in kept)
    left = {machine.name for machine in machines}
    while more := {v.name for v in system.views if not left.isdisjoint(v.sources)} - left:
        left |= more
    views = tuple(
        replace(view, sources=tuple(source for source in view.sources if source in left))
        for view in system.views
        if view.name in left
    )
    check = ir.Check("inevitable", "never", strengthened(drop(condition)))
    small = prune(ir.System(system.tick_ms, machines, views, tuple(steps), (check,)))
    small = slice_for(small, small.checks[0])
    return small, small.checks[0].when


class _Drop(Rewriting):
    """Readings of machines that are not kept are dropped, or decided where their state is known."""

    def __init__(self, kept: Container[str], known: Mapping[str, str]) -> None:
        super().__init__()
        self.staying, self.known = kept, known

    def reading(self, at: ir.In) -> ir.Expr:
        if at.machine in self.staying:
            return at
        if at.machine in self.known:
            return ir.Const(self.known[at.machine] in at.states)
        return DROPPED
