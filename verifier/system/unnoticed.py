"""Steps that nobody notices, left out. Exact for `never`.

States of a machine that the check reads alike, and every view and step that is noticed, and that no step leaves, are
one state to all of these: a step between two of them changes nothing that they read. What is noticed is found from the
check on: the steps by which a machine may come to a state that is told apart, then what their guards tell apart, and so
on. The rest may do as it likes; without it a run is a run. (Not for `ends with`: what may still move is not stuck.)
"""

from __future__ import annotations

from dataclasses import replace

from verifier.system.ir import Expr, In, Step, System, children
from verifier.system.told_apart import groups


def without_unnoticed(system: System) -> System:
    """`system` without the steps that neither its checks nor any other step that is left can tell."""
    noticing = _Noticing(system)
    for check in system.checks:
        for expr in (check.when, *check.covers):
            noticing.read(expr)
    while noticing.changed:
        noticing.changed.clear()
        for name in sorted(noticing.tests):
            for step in noticing.noticed(name):
                noticing.read(step.guard)
    kept = {id(step) for name in noticing.tests for step in noticing.noticed(name)}
    steps = tuple(step for step in system.steps if id(step) in kept)
    return system if len(steps) == len(system.steps) else replace(system, steps=steps)


class _Noticing:
    def __init__(self, system: System) -> None:
        self.system = system
        self.tests: dict[str, set[frozenset[str]]] = {}
        self.changed: set[str] = set()
        self._visited: set[int] = set()

    def read(self, expr: Expr) -> None:
        """All that `expr` tells apart, directly or through a view."""
        todo = [expr]
        while todo:
            here = todo.pop()
            if id(here) in self._visited:
                continue
            self._visited.add(id(here))
            if isinstance(here, In) and here.states not in self.tests.setdefault(here.machine, set()):
                self.tests[here.machine].add(here.states)
                self.changed.add(here.machine)
            todo += children(here)

    def noticed(self, machine: str) -> list[Step]:
        """The steps from states whose group is left at some time."""
        steps = self.system.steps_of.get(machine, ())
        parts = groups(self.system.machine[machine].states, self.tests[machine])
        left = [g for g in parts if any(s.source in g and s.target not in g for s in steps)]
        return [step for step in steps if any(step.source in group for group in left)]
