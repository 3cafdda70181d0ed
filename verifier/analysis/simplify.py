"""Conditions of a system made shorter by what lemmas say of single members.

"An old pod that runs is Ready" makes readiness no question where an old pod is known to run: in the steps that lead
from there, and wherever both are asked for together. In every reachable state the shorter condition is true exactly if
the longer one is, and so it is in every copy of one (docs/semantics.md, section 5, lemmas): runs and violations stay
the same. What is no longer read may then be left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.analysis.questions import Lemmas
from verifier.system import ir
from verifier.system.lower import Lowered, instance_name
from verifier.system.patience import look
from verifier.system.values import Member


def simplified(lowered: Lowered, lemmas: Lemmas) -> ir.System:
    """The system of `lowered` with its one check, shortened; `lemmas` know which of them were used."""
    shorter = _Shorter(lowered, lemmas)
    system, check = lowered.system, lowered.check
    steps = tuple(replace(s, guard=shorter(s.guard, (ir.In(s.machine, frozenset({s.source})),))) for s in system.steps)
    return replace(system, steps=steps, checks=(replace(check, when=shorter(check.when, ()), covers=()),))


class _Shorter:
    def __init__(self, lowered: Lowered, lemmas: Lemmas) -> None:
        self.lowered = lowered
        self.lemmas = lemmas
        self.memo: dict[tuple[int, tuple[ir.In, ...]], ir.Expr] = {}

    def __call__(self, expr: ir.Expr, known: tuple[ir.In, ...]) -> ir.Expr:
        """`expr`, where all of `known` hold."""
        key = (id(expr), known)
        if key not in self.memo:
            look()
            self.memo[key] = self._made(expr, known)
        return self.memo[key]

    def _made(self, expr: ir.Expr, known: tuple[ir.In, ...]) -> ir.Expr:
        match expr:
            case ir.In():
                return self._reading(expr, known)
            case ir.Not(body):
                return ir.neg(self(body, known))
            case ir.And(parts):
                return ir.conj(self._together(parts, known))
            case ir.Or(parts):
                return ir.disj([self(part, known) for part in parts])
            case ir.AtLeast(k, parts):
                return ir.at_least(k, [self(part, known) for part in parts])
            case ir.Seen(view, body):
                return ir.seen(view, self(body, ()))
        return expr

    def _together(self, parts: Iterable[ir.Expr], known: tuple[ir.In, ...]) -> list[ir.Expr]:
        """Each part, where those before it hold, and then the other way round. A reading is told about by readings of
        the same members only.
        """
        kept = list(parts)
        for _ in range(2):
            found: list[ir.Expr] = []
            facts: list[ir.In] = list(known)
            of: dict[tuple[Member, ...], list[ir.In]] = {}
            for fact in known:
                of.setdefault(self._members(fact), []).append(fact)
            for part in kept:
                here = of.get(self._members(part), []) if isinstance(part, ir.In) else facts
                made = self(part, tuple(here))
                found.append(made)
                if isinstance(made, ir.In):
                    facts.append(made)
                    of.setdefault(self._members(made), []).append(made)
            kept = found[::-1]
        return kept

    def _members(self, at: ir.In) -> tuple[Member, ...]:
        return self.lowered.members_of.get(at.machine, ())

    def _reading(self, at: ir.In, known: tuple[ir.In, ...]) -> ir.Expr:
        for fact in known:
            if fact.machine != at.machine and self.lowered.members_of.get(fact.machine):
                if self._implies(fact, at.machine, at.states):
                    return ir.TRUE
                others = frozenset(self.lowered.system.machine[at.machine].states) - at.states
                if self._implies(fact, at.machine, others):
                    return ir.FALSE
        return at

    def _implies(self, fact: ir.In, machine: str, states: frozenset[str]) -> bool:
        members = self.lowered.members_of[fact.machine]
        if self.lowered.members_of.get(machine) != members:
            return False
        alike: dict[Member, Member] = {}  # one that is named twice stays one
        for member in members:
            number = sum((m.type, m.cls) == (member.type, member.cls) for m in alike)
            alike.setdefault(member, Member(member.type, member.cls, number))
        families = [name.split("[")[0] for name in (fact.machine, machine)]
        if any(instance_name(f, members) != name for f, name in zip(families, (fact.machine, machine), strict=True)):
            return False
        return self.lemmas.implies(tuple(alike[m] for m in members), (families[0], fact.states), (families[1], states))
