"""Machines that go round, of which only the last changes before a violation are looked at.

A machine that other members may drive round and round cannot be unrolled. But a violation comes after finitely many
changes, and of these the first and the last few decide: between them the machine may be taken to be anywhere. So each
such machine m begins in its initial state, and its first step leads to where some of its last `changes` changes are
still to come, or to `anywhere`, from where any of its steps leads to where all of them are. The violation comes after
them, or before the first step. While m is anywhere, every reading of it is dropped, as docs/semantics.md section 5
allows.

*Sound for `never`.* Take a run of the system up to a violation, in which m changes N times. If 0 < N <= `changes` + 1,
the first step leads to where N - 1 changes are to come, and m takes the same steps. If N is larger, it leads to
`anywhere`, where m stays until its (N - changes)-th change, which is a step with its guard true for its `lo`; exactly
`changes` changes follow. Before and after, both are in the same states, and clocks of steps start when the source is
entered, in both. A step that leads back to its source is no change and stops no clock but its own, which nobody can
tell: such steps are left out. After its last change m stands still up to the violation in both; would it have to move
before, it goes `beyond`, where no violation counts. Guards of others that read m while it is anywhere are weakened
where a step may fire, and strengthened where it must (verifier/system/relax.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.system import ir
from verifier.system.prune import Rewriting
from verifier.system.relax import DROPPED, relaxed, weakened
from verifier.system.slice import slice_for

ANYWHERE = "anywhere"
BEYOND = "beyond"


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
        if step.machine in chosen and step.source == step.target:
            continue
        guarded = replace(step, guard=reading(step.guard))
        made = [guarded] if step.machine not in chosen else _taken(guarded, chosen[step.machine], changes)
        steps += [part for one in made for part in relaxed(one)]
    ended = [ir.In(m.name, frozenset(_ends(m, changes))) for m in chosen.values() if changes]
    when = ir.conj([weakened(reading(check.when)), *ended])
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
    last = [_last(state, k) for state in machine.states for k in range(changes + 1)]
    return replace(machine, states=(machine.initial, ANYWHERE, *last, BEYOND))


def _ends(machine: ir.Machine, changes: int) -> list[str]:
    """The states in which a violation counts."""
    return [machine.initial, *(_last(state, changes) for state in machine.states)]


def _taken(step: ir.Step, machine: ir.Machine, changes: int) -> list[ir.Step]:
    """The step as the first, as the one that leads to or leaves `anywhere`, and as each of the last changes."""
    if not changes:
        return []
    made = [replace(step, source=ANYWHERE, target=_last(step.target, 0), hi=None)]
    if step.source == machine.initial:
        made += [replace(step, target=_last(step.target, k)) for k in range(changes + 1)]
        made.append(replace(step, target=ANYWHERE, hi=None))
    made += [replace(step, source=_last(step.source, k), target=_last(step.target, k + 1)) for k in range(changes)]
    if step.hi is not None:
        made.append(replace(step, source=_last(step.source, changes), target=BEYOND))
    return made


def _named(steps: list[ir.Step]) -> tuple[ir.Step, ...]:
    """Names are unique: steps made from one get the number of changes that are still to come."""
    seen: dict[str, int] = {}
    found = []
    for step in steps:
        count = seen[step.name] = seen.get(step.name, -1) + 1
        found.append(replace(step, name=f"{step.name} ({count})") if count else step)
    return tuple(found)


def _last(state: str, change: int) -> str:
    return f"{state}, then {change} changes"


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
        initial = self.chosen[at.machine].initial
        known = {_last(state, k) for state in at.states for k in range(self.changes + 1)}
        known |= {initial} if initial in at.states else set()
        return ir.disj(
            [ir.In(at.machine, frozenset(known)), ir.conj([ir.In(at.machine, frozenset({ANYWHERE})), DROPPED])]
        )
