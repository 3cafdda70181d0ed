"""Members that are interchangeable in a system: every run has one, with members exchanged, in which they move in order.

Two members of a class are exchanged together with, if need be, two members of another type (a pod and the node that it
is on). That the exchange maps the system and its check to themselves is not argued but looked at: every machine, step
and view, names of states included. If all neighbours of a row can be exchanged, so can any two, and of all runs that
differ in nothing else the one is enough in which the members of the row leave their first states one after another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

from verifier.system import ir
from verifier.system.lower import Lowered, instance_name
from verifier.system.patience import look
from verifier.system.values import Member

# In larger systems nobody looks for symmetry: it would take longer than it saves.
_MACHINES_MAX = 120
# How many members of another type are tried as companions.
_COMPANIONS_MAX = 8

Exchange = dict[Member, Member]
Rows = tuple[tuple[str, ...], ...]


def orders(lowered: Lowered, system: ir.System, own: Iterable[Member]) -> Rows:
    """Rows of machines of `system` (a part of that of `lowered`, with one check) that may be taken to change first in
    this order. `own` stay where they are.
    """
    if len(system.machines) > _MACHINES_MAX:
        return ()
    fixed = set(own)
    names = [name for name in (*system.machine, *system.view) if name in lowered.members_of]
    there = {m for name in names for m in lowered.members_of[name]} - fixed
    places = {m for members in lowered.members_of.values() for m in members} - fixed
    classes: dict[tuple[str, str], list[Member]] = {}
    for member in sorted(there, key=lambda m: (m.type, m.cls, m.ordinal)):
        classes.setdefault((member.type, member.cls), []).append(member)
    moved: set[Member] = set()
    found = []
    for members in classes.values():
        row = _leaders(lowered, system, members)
        if len(row) < 2:
            continue
        exchanges = [_exchange(lowered, system, a, b, places - moved) for a, b in pairwise(members)]
        if all(exchange is not None for exchange in exchanges):
            touched = {m for exchange in exchanges for m in exchange or ()}
            if not touched & moved:
                moved |= touched
                found.append(row)
    return tuple(found)


def _leaders(lowered: Lowered, system: ir.System, members: list[Member]) -> tuple[str, ...]:
    """One machine for each member, of the family that has most steps."""
    families: dict[str, int] = {}
    for name, steps in system.steps_of.items():
        if lowered.members_of.get(name, ()) == (members[0],):
            families[name.split("[")[0]] = len(steps)
    for family in sorted(families, key=lambda f: (-families[f], f)):
        row = tuple(instance_name(family, (member,)) for member in members)
        if all(name in system.machine for name in row):
            return row
    return ()


def _exchange(lowered: Lowered, system: ir.System, a: Member, b: Member, free: set[Member]) -> Exchange | None:
    """An exchange of `a` and `b` that maps the system to itself, on its own or with two of the `free` members."""
    companions = sorted((m for m in free if m.type != a.type), key=lambda m: (m.type, m.cls, m.ordinal))
    pairs = combinations(companions[:_COMPANIONS_MAX], 2)
    for pair in ((), *((c, d) for c, d in pairs if (c.type, c.cls) == (d.type, d.cls))):
        exchange = {a: b, b: a} | ({pair[0]: pair[1], pair[1]: pair[0]} if pair else {})
        if _Image(lowered, exchange).same(system):
            return exchange
    return None


class _Image:
    """A system with members exchanged, in a form in which order and names of steps do not count."""

    def __init__(self, lowered: Lowered, exchange: Exchange) -> None:
        self.members_of = lowered.members_of
        self.exchange = exchange
        self.by_name = {member.name: other.name for member, other in exchange.items()}
        self.memo: dict[tuple[int, bool], int] = {}
        self.numbers: dict[object, int] = {}

    def same(self, system: ir.System) -> bool:
        pairs = zip(self._parts(system, False), self._parts(system, True), strict=True)
        return all(here == there for here, there in pairs)

    def _parts(self, system: ir.System, moved: bool) -> Iterator[object]:
        """What there is of machines, views and steps; cheap parts first."""
        yield {
            (self._name(m.name, moved), frozenset(self._states(m.states, moved)), self._state(m.initial, moved))
            for m in system.machines
        }
        yield {
            (self._name(v.name, moved), frozenset(self._name(s, moved) for s in v.sources), v.stale)
            for v in system.views
        }
        yield self._expr(system.checks[0].when, moved)
        yield sorted(map(repr, ((s.lo, s.hi) for s in system.steps)))
        yield {
            (
                self._name(s.machine, moved),
                self._state(s.source, moved),
                self._state(s.target, moved),
                s.lo,
                s.hi,
                self._expr(s.guard, moved),
            )
            for s in system.steps
        }

    def _name(self, name: str, moved: bool) -> str:
        members = self.members_of.get(name, ())
        if not moved or not any(member in self.exchange for member in members):
            return name
        family, bracket, rest = name.partition("[")
        suffix = rest.partition("]")[2] if bracket else ""
        return instance_name(family, (self.exchange.get(m, m) for m in members)) + suffix

    def _state(self, state: str, moved: bool) -> str:
        if not moved or "(" not in state:
            return state
        return re.sub(r"[^(), ]+", lambda found: self.by_name.get(found[0], found[0]), state)

    def _states(self, states: Iterable[str], moved: bool) -> Iterator[str]:
        return (self._state(state, moved) for state in states)

    def _expr(self, expr: ir.Expr, moved: bool) -> int:
        """A number for the expression: equal ones have equal numbers."""
        key = (id(expr), moved)
        if key not in self.memo:
            look()
            made = self._made(expr, moved)
            self.memo[key] = self.numbers.setdefault(made, len(self.numbers))
        return self.memo[key]

    def _made(self, expr: ir.Expr, moved: bool) -> object:
        match expr:
            case ir.In(machine, states):
                return "in", self._name(machine, moved), frozenset(self._states(states, moved))
            case ir.Seen(view, body):
                return "seen", self._name(view, moved), self._expr(body, moved)
            case ir.Not(body):
                return "not", self._expr(body, moved)
            case ir.And(parts) | ir.Or(parts):
                return type(expr).__name__, frozenset(self._expr(part, moved) for part in parts)
            case ir.AtLeast(k, parts):
                return k, tuple(sorted(self._expr(part, moved) for part in parts))
        return expr
