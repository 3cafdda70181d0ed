"""Steps that nobody notices, left out. Exact for `never`.

States of a machine that every guard, check and view reads alike, and that no step leaves, are one state to everybody:
a step between two of them changes nothing that is read, and enables or disables nothing but others of its kind. So a
run without it is a run, and puts no other state through a view. (Not for `ends with`: what may still move is not
stuck.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.system.ir import In, Machine, System, children
from verifier.system.told_apart import groups


def without_unnoticed(system: System) -> System:
    """`system` without the steps within groups of states that nobody tells apart and that are never left."""
    tests: dict[str, set[frozenset[str]]] = {}
    todo = [step.guard for step in system.steps]
    todo += [expr for check in system.checks for expr in (check.when, *check.covers)]
    visited: set[int] = set()
    while todo:
        expr = todo.pop()
        if id(expr) in visited:
            continue
        visited.add(id(expr))
        if isinstance(expr, In):
            tests.setdefault(expr.machine, set()).add(expr.states)
        todo += children(expr)
    last = {machine.name: tuple(_last(system, machine, tests.get(machine.name, set()))) for machine in system.machines}

    def noticed(machine: str, source: str) -> bool:
        return not any(source in group for group in last[machine])

    steps = tuple(step for step in system.steps if noticed(step.machine, step.source))
    return system if len(steps) == len(system.steps) else replace(system, steps=steps)


def _last(system: System, machine: Machine, tests: set[frozenset[str]]) -> Iterator[frozenset[str]]:
    """Groups of states that are read alike and never left."""
    steps = system.steps_of.get(machine.name, ())
    for group in groups(machine.states, tests):
        if not any(step.source in group and step.target not in group for step in steps):
            yield group
