"""Steps that can never fire and states that are never reached, left out. Exact for every check.

Three arguments, repeated until nothing changes:

* a step whose guard fails in every combination of states that are reachable at all never fires; a state is reachable
  at all if a step that may fire leads there. A view's copy holds only states that its source was in.
* of two steps from one source, where the first has the guard true and an upper bound below the lower bound of the
  second, the second never fires: both clocks start when the source is entered (the second's no earlier), and time does
  not pass the first one's bound. A self-loop as the first does not count: it restarts its own clock and leaves the
  second's running.
* a step that fires in no pair of states which a machine and one other that it reads can reach together, whatever all
  the rest does, never fires (a process that has closed its listener does not listen again, so readiness that was lost
  for that reason does not return).
"""

from __future__ import annotations

from dataclasses import replace

from verifier.system import ir
from verifier.system.pairs import Pairs
from verifier.system.patience import look


def prune(system: ir.System) -> ir.System:
    """The system without steps that cannot fire, and without states that cannot be reached."""
    steps = _outrun(system.steps)
    reached = _reached(system, steps)
    possible = _Possible(reached)
    alive = tuple(s for s in steps if s.source in reached[s.machine] and possible(s.guard)[0])
    fewer = _together(system, alive, reached)
    if len(fewer) < len(alive):
        return prune(replace(system, steps=fewer))
    machines = tuple(replace(m, states=tuple(s for s in m.states if s in reached[m.name])) for m in system.machines)
    simple = _Simplify(reached)
    return replace(
        system,
        machines=machines,
        steps=tuple(replace(s, guard=simple(s.guard)) for s in alive),
        checks=tuple(
            replace(c, when=simple(c.when), covers=tuple(simple(cover) for cover in c.covers)) for c in system.checks
        ),
    )


def at_start(expr: ir.Expr, initial: dict[str, str]) -> bool:
    """The value of `expr` when every machine is in its initial state and every copy is up to date."""
    return _Possible({name: {state} for name, state in initial.items()})(expr)[0]


def _outrun(steps: tuple[ir.Step, ...]) -> tuple[ir.Step, ...]:
    """Without the steps that another one from the same source always precedes."""
    first: dict[tuple[str, str], int] = {}
    for s in steps:
        if s.guard == ir.TRUE and s.hi is not None and s.source != s.target:
            key = (s.machine, s.source)
            first[key] = min(s.hi, first.get(key, s.hi))
    return tuple(s for s in steps if s.lo <= first.get((s.machine, s.source), s.lo))


def _reached(system: ir.System, steps: tuple[ir.Step, ...]) -> dict[str, set[str]]:
    reached = {machine.name: {machine.initial} for machine in system.machines}
    changed = True
    while changed:
        changed = False
        possible = _Possible(reached)
        for s in steps:
            here = reached[s.machine]
            if s.source in here and s.target not in here and possible(s.guard)[0]:
                here.add(s.target)
                changed = True
    return reached


# Larger products of two machines than this are not looked at.
_PAIRS_MAX = 400
# And with so many conditions looked at in all, no further ones.
_CONDITIONS_MAX = 100_000


def _together(system: ir.System, steps: tuple[ir.Step, ...], reached: dict[str, set[str]]) -> tuple[ir.Step, ...]:
    """Without the steps that fire in no pair of states which their machine and one that it reads reach together."""
    of: dict[str, list[ir.Step]] = {}
    for s in steps:
        of.setdefault(s.machine, []).append(s)
    there = {name: _in_order(system.machine[name], reached[name]) for name in of}
    dead: set[str] = set()
    anywhere = _Possible(reached)
    reads: dict[int, frozenset[str]] = {}
    looked_at = 0
    for machine, own in of.items():
        names = {name for s in own for name in ir.reads(s.guard, reads) if name in of and name != machine}
        for other in sorted(names):
            if len(there[machine]) * len(there[other]) <= _PAIRS_MAX and looked_at < _CONDITIONS_MAX:
                pairs = Pairs({name: there[name] for name in (machine, other)}, anywhere, reads)
                fired = pairs.fired((*own, *of[other]))
                dead.update(s.name for s in own if s.name not in fired)
                looked_at += len(pairs.memo)
    return tuple(s for s in steps if s.name not in dead)


def _in_order(machine: ir.Machine, reached: set[str]) -> list[str]:
    """The states that are reached, the initial one first."""
    return [machine.initial, *(state for state in machine.states if state in reached and state != machine.initial)]


class _Possible:
    """(may hold, may fail), if each machine is anywhere it was ever seen, one reading independent of the other."""

    def __init__(self, reached: dict[str, set[str]]) -> None:
        self.reached = reached
        self.memo: dict[int, tuple[bool, bool]] = {}

    def __call__(self, expr: ir.Expr) -> tuple[bool, bool]:
        key = id(expr)
        if key not in self.memo:
            look()
            self.memo[key] = self._of(expr)
        return self.memo[key]

    def _of(self, expr: ir.Expr) -> tuple[bool, bool]:
        match expr:
            case ir.Const(value):
                return value, not value
            case ir.In(machine, states):
                here = self.reached[machine]
                return not states.isdisjoint(here), not here <= states
            case ir.Not(body):
                holds, fails = self(body)
                return fails, holds
            case ir.Seen(_, body):
                return self(body)
        parts = [self(part) for part in ir.children(expr)]
        may, must_not = sum(holds for holds, _ in parts), sum(fails for _, fails in parts)
        match expr:
            case ir.And():
                return may == len(parts), must_not > 0
            case ir.Or():
                return may > 0, must_not == len(parts)
            case ir.AtLeast(k):
                return may >= k, len(parts) - must_not < k
        raise AssertionError(expr)


class Rewriting:
    """An expression with its readings of machines replaced; shared parts are rewritten once."""

    def __init__(self) -> None:
        self.memo: dict[int, ir.Expr] = {}
        self.kept: list[ir.Expr] = []  # so that no `id` in the memo is given away again

    def reading(self, at: ir.In) -> ir.Expr:
        raise NotImplementedError

    def __call__(self, expr: ir.Expr) -> ir.Expr:
        key = id(expr)
        if key not in self.memo:
            look()
            self.kept.append(expr)
            self.memo[key] = self._of(expr)
        return self.memo[key]

    def _of(self, expr: ir.Expr) -> ir.Expr:
        match expr:
            case ir.In():
                return self.reading(expr)
            case ir.Not(body):
                return ir.neg(self(body))
            case ir.Seen(view, body):
                return ir.seen(view, self(body))
            case ir.And(parts):
                return ir.conj(map(self, parts))
            case ir.Or(parts):
                return ir.disj(map(self, parts))
            case ir.AtLeast(k, parts):
                return ir.at_least(k, list(map(self, parts)))
        return expr


class _Simplify(Rewriting):
    """Tests for states never reached are dropped, and what can no longer vary becomes a constant."""

    def __init__(self, reached: dict[str, set[str]]) -> None:
        super().__init__()
        self.reached = reached

    def reading(self, at: ir.In) -> ir.Expr:
        left = at.states & self.reached[at.machine]
        if not left:
            return ir.FALSE
        return ir.TRUE if left == self.reached[at.machine] else ir.In(at.machine, left)


class Renaming(Rewriting):
    """Reads other machines instead, name for name."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names

    def reading(self, at: ir.In) -> ir.Expr:
        return ir.In(self.names.get(at.machine, at.machine), at.states)
