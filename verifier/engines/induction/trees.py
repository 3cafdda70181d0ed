"""What follows from lemmas for conditions in which single members are spelt out and all others are counted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from verifier.engines.induction.cases import TooManyCases, satisfying
from verifier.engines.induction.forms import Forms
from verifier.engines.induction.readings import SEPARATOR, SUM, machine_of
from verifier.engines.induction.solver import Relations, Solver
from verifier.engines.induction.symbols import Unsupported
from verifier.language.program import Lemma
from verifier.system import ir
from verifier.system.values import Member

if TYPE_CHECKING:
    from verifier.engines.induction.proof import Book


Fact: TypeAlias = tuple[str, ir.Expr]  # the name of a lemma, and what it says of some members


class Trees(Forms):
    """Conditions over readings, and whether they can be satisfied."""

    def __init__(self, book: Book, members: list[Member]) -> None:
        super().__init__(book, members)
        self._lemmas: dict[tuple[object, ...], ir.Expr] = {}
        self._facts: dict[tuple[object, ...], list[Fact]] = {}
        self._variables: dict[ir.Expr, frozenset[str]] = {}
        self._initially: dict[ir.Expr, bool] = {}

    @cached_property
    def solver(self) -> Solver:
        return Solver(self)

    def initially(self, goal: ir.Expr) -> bool:
        """Does `goal` hold in the initial state? Counts of all others are all of them, or none."""
        if self.impossible:
            return True
        if goal not in self._initially:
            start = self.mapped(goal, self._at_start)
            known = start.value if isinstance(start, ir.Const) else None
            self._initially[goal] = self.solver.refuted([ir.neg(start)], []) is not None if known is None else known
        return self._initially[goal]

    def _at_start(self, at: ir.In) -> ir.Expr:
        first = self.initial[machine_of(at)]
        if first is None:
            raise Unsupported("an initial state that depends on where the others begin, or on a size")
        return ir.Const(first in at.states)

    def refuted(self, assumed: list[ir.Expr], lemmas: list[Lemma], also: Lemma | None = None) -> tuple[str, ...] | None:
        """The lemmas that contradict `assumed`, or None; `also` is assumed like a lemma."""
        if self.impossible:
            return ()
        views = self._contexts(assumed)
        known = [*lemmas, also] if also else lemmas
        if not any(self.counts(expr) for expr in assumed):
            found = self.by_cases(assumed, self.facts(known, views))
            if found is not None:
                return found if isinstance(found, tuple) else None
        for name, fact in self.facts(known, views):
            self.solver.know(name, fact)
        counted = any(self.counts(expr) for expr in assumed)
        return self.solver.refuted(assumed, known, Relations(self, lemmas, views) if counted else None)

    def by_cases(self, assumed: list[ir.Expr], facts: list[Fact]) -> tuple[str, ...] | dict[str, str] | None:
        """The names of the lemmas that contradict `assumed`, which counts nothing, or states that satisfy it; None if
        that takes a solver.

        Facts that share no reading with it, not even by others, do not matter: the initial state satisfies them.
        """
        names = frozenset[str]().union(*map(self.variables, assumed))
        near: list[Fact] = []
        rest = facts
        while True:
            found = [fact for fact in rest if not names.isdisjoint(self.variables(fact[1]))]
            if not found:
                break
            near += found
            rest = [fact for fact in rest if names.isdisjoint(self.variables(fact[1]))]
            names = names.union(*(self.variables(fact) for _, fact in found))
        plain_facts = [fact for fact in near if not self.counts(fact[1])]
        try:
            model = satisfying([*assumed, *(fact for _, fact in plain_facts)], self.states)
            if model is not None:
                return model if len(plain_facts) == len(near) else None
            for name in dict.fromkeys(name for name, _ in plain_facts):
                fewer = [fact for fact in plain_facts if fact[0] != name]
                if satisfying([*assumed, *(fact for _, fact in fewer)], self.states) is None:
                    plain_facts = fewer
        except TooManyCases:
            return None
        return tuple(dict.fromkeys(name for name, _ in plain_facts))

    def states(self, reading: str) -> tuple[str, ...]:
        """The states of the machine that a reading is about."""
        return self.all_states[reading.rpartition(SEPARATOR)[2]]

    def variables(self, expr: ir.Expr) -> frozenset[str]:
        """The readings that the value of `expr` depends on, and the sums."""
        found = self._variables.get(expr)
        if found is None:
            if isinstance(expr, ir.In) and expr.machine.startswith(SUM):
                ones = self.sums[expr.machine].ones
                found = frozenset((expr.machine,)).union(*(self.variables(one) for _, one in ones))
            elif isinstance(expr, ir.In):
                found = frozenset((expr.machine,))
            else:
                found = frozenset[str]().union(*map(self.variables, ir.children(expr)))
            self._variables[expr] = found
        return found

    def counts(self, expr: ir.Expr) -> bool:
        """Is there a sum in `expr`?"""
        return any(name.startswith(SUM) for name in self.variables(expr))

    def facts(self, lemmas: list[Lemma], views: list[tuple[str, ...]], other: Member | None = None) -> list[Fact]:
        """What the lemmas say of the members that are spelt out, now and in the copies named; of `other`, what those
        about one member say.
        """
        key = (tuple(lemma.name for lemma in lemmas), tuple(views), other)
        if key not in self._facts:
            instances = [(lemma, own) for lemma in lemmas for own in self.instances(lemma)]
            for lemma in lemmas if other else ():
                (mine, *more) = lemma.parameters or (None,)
                if mine and not more and other and mine.type == other.type and mine.cls in (None, other.cls):
                    instances.append((lemma, {mine.name: other}))
            self._facts[key] = [(x.name, self.lemma(x, own, context)) for x, own in instances for context in views]
        return self._facts[key]

    def lemma(self, lemma: Lemma, own: dict[str, Member], views: tuple[str, ...]) -> ir.Expr:
        key = (lemma.name, *own.values(), views)
        if key not in self._lemmas:
            self._lemmas[key] = self.tree(lemma.always, own, views)
        return self._lemmas[key]

    def _contexts(self, exprs: list[ir.Expr]) -> list[tuple[str, ...]]:
        """Every chain of views through which something is read, and its tails: a refresh makes one of the other."""
        found: dict[tuple[str, ...], None] = {(): None}
        for expr in exprs:
            for reading in sorted(self.readings(expr)):
                views = tuple(reading.split(SEPARATOR)[:-1])
                found.update(dict.fromkeys(views[i:] for i in range(len(views) + 1)))
        return list(found)

    def instances(self, lemma: Lemma) -> Iterator[dict[str, Member]]:
        pools = [[m for m in self.members if m.type == p.type and p.cls in (None, m.cls)] for p in lemma.parameters]
        for chosen in product(*pools):
            yield dict(zip((p.name for p in lemma.parameters), chosen, strict=True))
