"""Machines that go round, of which only the last changes before a violation are looked at.

A machine that other members may drive round and round cannot be unrolled. But a violation comes after finitely many
changes, and of these the last few decide: before them the machine may be taken to be anywhere. So each such machine m
becomes one that begins `anywhere`, takes any of its steps from there once (the step that leads to its state before the
last `changes` changes), and then changes at most `changes` times more. While it is anywhere, every reading of it is
dropped, as docs/semantics.md section 5 allows.

*Sound for `never`.* Take a run of the system up to a violation, in which m changes N times. If N <= `changes`, m takes
its initial state at the start (a step of its own, at time 0) and then all its steps. If not, m stays `anywhere` until
its (N - changes)-th change, which is a step with its guard true for its `lo`; so at the violation it is `anywhere` no
more. From there on both are in the same states, and clocks of steps start when the source is entered, in both. After
its last change m stands still in both; there the upper bounds of its steps are left out, which only adds runs. Guards
of others that read m while it is anywhere are weakened where a step may fire, and strengthened where it must
(verifier/system/relax.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.system import ir
from verifier.system.prune import Rewriting
from verifier.system.relax import DROPPED, relaxed, weakened
from verifier.system.slice import slice_for

ANYWHERE = "anywhere"


def last_changes(system: ir.System, check: ir.Check, names: Iterable[str], changes: int) -> ir.System:
    """The relaxation of `system` with the machines `names` known by their last `changes` changes only; with 0 nothing
    is known of them at all. `check` becomes its only check.
    """
    chosen = {name: system.machine[name] for name in names}
    reading = _Anywhere(chosen, changes)
    machines = tuple(_machine(m, changes) if m.name in chosen else m for m in system.machines)
    if not changes:
        machines = tuple(m for m in machines if m.name not in chosen)
    steps: list[ir.Step] = []
    for step in system.steps:
        guarded = replace(step, guard=reading(step.guard))
        made = [guarded] if step.machine not in chosen else _last(guarded, chosen[step.machine], changes)
        steps += [part for one in made for part in relaxed(one)]
    if changes:
        begun = ir.Machine("(begun)", ("no", "yes"), "no")
        machines = (*machines, begun)
        steps.append(ir.Step("(begun)", begun.name, "no", "yes", ir.TRUE, 0, 0))
        for machine in chosen.values():
            start = _at(machine.initial, 0)
            label = f"{machine.name}: {ANYWHERE} -> {start} (initially)"
            now = ir.In(begun.name, frozenset({"no"}))
            steps.append(ir.Step(label, machine.name, ANYWHERE, start, now, 0, None))
    settled = [ir.neg(ir.In(name, frozenset({ANYWHERE}))) for name in chosen if changes]
    when = ir.conj([weakened(reading(check.when)), *settled])
    views = tuple(
        replace(view, sources=tuple(s for s in view.sources if changes or s not in chosen)) for view in system.views
    )
    decided = replace(check, when=when, covers=())
    last = replace(
        system, machines=machines, views=tuple(v for v in views if v.sources), steps=_named(steps), checks=(decided,)
    )
    return slice_for(last, decided)


def going_round(system: ir.System) -> tuple[str, ...]:
    """The machines whose steps may lead back to a state that they left."""
    found = []
    for name, steps in system.steps_of.items():
        onward: dict[str, set[str]] = {}
        for step in steps:
            if step.guard != ir.FALSE:
                onward.setdefault(step.source, set()).add(step.target)
        if any(state in _reachable(onward, onward[state]) for state in onward):
            found.append(name)
    return tuple(found)


def _reachable(onward: dict[str, set[str]], start: Iterable[str]) -> set[str]:
    seen = set(start)
    todo = list(seen)
    while todo:
        for state in onward.get(todo.pop(), ()):
            if state not in seen:
                seen.add(state)
                todo.append(state)
    return seen


def _machine(machine: ir.Machine, changes: int) -> ir.Machine:
    states = (ANYWHERE, *(_at(state, k) for k in range(changes + 1) for state in machine.states))
    return replace(machine, states=states, initial=ANYWHERE)


def _last(step: ir.Step, machine: ir.Machine, changes: int) -> list[ir.Step]:
    """The step as the one that leaves `anywhere`, and as each of the last changes."""
    if not changes:
        return []
    settles = replace(step, source=ANYWHERE, target=_at(step.target, 0), hi=None)
    later = [replace(step, source=_at(step.source, k), target=_at(step.target, k + 1)) for k in range(changes)]
    return [settles, *later]


def _named(steps: list[ir.Step]) -> tuple[ir.Step, ...]:
    """Names are unique: steps made from one get the number of changes that are still to come."""
    seen: dict[str, int] = {}
    found = []
    for step in steps:
        count = seen[step.name] = seen.get(step.name, -1) + 1
        found.append(replace(step, name=f"{step.name} ({count})") if count else step)
    return tuple(found)


def _at(state: str, change: int) -> str:
    return f"{state} after {change}"


class _Anywhere(Rewriting):
    def __init__(self, chosen: dict[str, ir.Machine], changes: int) -> None:
        super().__init__()
        self.chosen = chosen
        self.changes = changes

    def reading(self, at: ir.In) -> ir.Expr:
        if at.machine not in self.chosen:
            return at
        if not self.changes:
            return DROPPED
        known = frozenset(_at(state, k) for state in at.states for k in range(self.changes + 1))
        return ir.disj([ir.In(at.machine, known), ir.conj([ir.In(at.machine, frozenset({ANYWHERE})), DROPPED])])
