"""Satisfiability of trees: a variable for each reading, an unknown number for each count of all others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import z3

from verifier.engines.induction.readings import SEPARATOR, SUM, generic, machine_of
from verifier.engines.induction.symbols import plain
from verifier.language.program import Lemma
from verifier.system import ir

if TYPE_CHECKING:
    from verifier.engines.induction.trees import Sum, Trees

_SOLVER_MS = 2000


class Solver:
    """Satisfiability for one choice of members. What is always so is asserted once; a question is pushed and popped.

    Numbers of all others are one unknown for each class and condition.
    """

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.solver = z3.SimpleSolver()
        self.solver.set("timeout", _SOLVER_MS)
        self.solver.set("random_seed", 1)
        self.variables: dict[str, z3.ArithRef] = {}
        self.numbers: dict[tuple[tuple[str, str], ir.Expr], z3.ArithRef] = {}
        self.terms: dict[ir.Expr, z3.BoolRef] = {}
        self.known: set[tuple[str, ir.Expr]] = set()
        self.related: set[tuple[object, ...]] = set()
        self.model: dict[str, str] = {}
        self.seen: dict[tuple[str, ...], list[dict[str, str]]] = {}

    def know(self, lemma: Lemma, tree: ir.Expr) -> None:
        """A fact that holds where `lemma` is assumed."""
        if (lemma.name, tree) not in self.known:
            self.known.add((lemma.name, tree))
            self.always(z3.Implies(use(lemma.name), self.term(tree)))

    def always(self, fact: z3.BoolRef) -> None:
        self.solver.add(fact)

    def refuted(
        self,
        assumed: list[ir.Expr],
        lemmas: list[Lemma],
        relations: Relations | None = None,
        keep_model: bool = False,
    ) -> tuple[str, ...] | None:
        """The names of the lemmas that contradict `assumed`; None if satisfiable, or if the solver does not know."""
        terms = [self.term(expr) for expr in assumed]
        uses = [use(lemma.name) for lemma in lemmas]
        while True:
            self.solver.push()
            self.solver.add(*terms, *self.trees.book.symbols.constraints.values())
            answer = self.solver.check(*uses)
            core = {c.decl().name() for c in self.solver.unsat_core()} if answer == z3.unsat else set()
            model = self.solver.model() if answer == z3.sat else None
            if keep_model:
                self.model = {} if model is None else self._states(model)
            self.solver.pop()
            if answer == z3.unsat:
                return tuple(lemma.name for lemma in lemmas if f"use {lemma.name}" in core)
            if model is None or relations is None or not relations.refine(self._numbers(model)):
                return None

    def _numbers(self, model: z3.ModelRef) -> dict[tuple[tuple[str, str], ir.Expr], int]:
        return {key: model.eval(number, model_completion=True).as_long() for key, number in list(self.numbers.items())}

    def _states(self, found: z3.ModelRef) -> dict[str, str]:
        """The state of every reading in a model."""
        states = {name: found.eval(variable, model_completion=True) for name, variable in self.variables.items()}
        return {n: self.trees.all_states[n.split(SEPARATOR)[-1]][value.as_long()] for n, value in states.items()}

    def term(self, expr: ir.Expr) -> z3.BoolRef:
        if expr not in self.terms:
            self.terms[expr] = self._term(expr)
        return self.terms[expr]

    def _term(self, expr: ir.Expr) -> z3.BoolRef:
        match expr:
            case ir.Const(value):
                return z3.BoolVal(value)
            case ir.Not(body):
                return z3.Not(self.term(body))
            case ir.And(parts):
                return z3.And([self.term(p) for p in parts])
            case ir.Or(parts):
                return z3.Or([self.term(p) for p in parts])
            case ir.In(name, _):
                return self._sum(self.trees.sums[name]) if name.startswith(SUM) else self._reading(expr)
        raise AssertionError(expr)

    def _reading(self, at: ir.In) -> z3.BoolRef:
        everything = self.trees.all_states[machine_of(at)]
        if at.machine not in self.variables:
            self.variables[at.machine] = variable = z3.Int(at.machine)
            self.always(z3.And(variable >= 0, variable < len(everything)))
        variable = self.variables[at.machine]
        return z3.Or([variable == i for i, state in enumerate(everything) if state in at.states])

    def _sum(self, made: Sum) -> z3.BoolRef:
        total: Any = z3.IntVal(0)
        for sign, one in made.ones:
            total = total + sign * z3.If(self.term(one), z3.IntVal(1), z3.IntVal(0))
        for sign, cls, each in made.rest:
            total = total + sign * self._number(cls, each)
        return total >= made.bound

    def _number(self, cls: tuple[str, str], each: ir.Expr) -> Any:
        if each == ir.TRUE:
            return self.others(cls)
        if each == ir.FALSE:
            return z3.IntVal(0)
        if (cls, each) not in self.numbers:
            self.numbers[cls, each] = number = z3.Int(f"number {cls} {len(self.numbers)}")
            self.always(z3.And(number >= 0, number <= self.others(cls)))
        return self.numbers[cls, each]

    def others(self, cls: tuple[str, str]) -> Any:
        """How many members of a class are not spelt out."""
        known = sum((m.type, m.cls) == cls for m in self.trees.members)
        total = self.trees.book.values.count(*cls) - known
        self.always(total >= 0 if not plain(total) else z3.BoolVal(total >= 0))
        return total


@dataclass
class Relations:
    """Orders the counts of a class: `each` implies `other` for a single member makes the first number at most the
    second.
    """

    trees: Trees
    lemmas: list[Lemma]
    views: list[tuple[str, ...]]

    def refine(self, numbers: dict[tuple[tuple[str, str], ir.Expr], int]) -> bool:
        """Asserts relations between counts that these numbers break, and says whether there were any.

        Only what the numbers break is looked at: a model that breaks nothing needs no further relation.
        """
        refined = False
        for (cls, a), (other, b) in combinations(numbers, 2):
            if cls != other:
                continue
            x, y = self.trees.solver.numbers[cls, a], self.trees.solver.numbers[cls, b]
            p, q = numbers[cls, a], numbers[cls, b]
            if p > q:
                refined |= self._fact(cls, a, ir.neg(b), x <= y)
            if q > p:
                refined |= self._fact(cls, b, ir.neg(a), y <= x)
            if a == ir.neg(b) or b == ir.neg(a):
                refined |= self._fact(cls, a, b, x + y == self.trees.solver.others(cls))
        return refined

    def _fact(self, cls: tuple[str, str], a: ir.Expr, b: ir.Expr, fact: z3.BoolRef) -> bool:
        """Asserts `fact`, if no single member satisfies both `a` and `b`; True if that is new."""
        key = (cls, a, b, tuple(lemma.name for lemma in self.lemmas), tuple(self.views))
        if key in self.trees.solver.related:
            return False
        self.trees.solver.related.add(key)
        excluded = self.trees.book.excluded
        if key not in excluded or self._has_sum(a) or self._has_sum(b):
            excluded[key] = self._excluded(cls, a, b)
        used = excluded[key]
        if used is None:
            return False
        self.trees.solver.always(z3.Implies(z3.And([use(name) for name in used]), fact))
        return True

    def _has_sum(self, expr: ir.Expr) -> bool:
        return any(name.startswith(SUM) for name in ir.mentions(expr))

    def _excluded(self, cls: tuple[str, str], a: ir.Expr, b: ir.Expr) -> tuple[str, ...] | None:
        """The lemmas by which no single member satisfies both; None if one may. Members seen before are tried first."""
        trees, other = self.trees, generic(*cls)
        for lemma in self.lemmas:
            for own in trees.instances(lemma, [other]):
                if len(own) == 1 and other in own.values():
                    for context in self.views:
                        trees.solver.know(lemma, trees.lemma(lemma, own, context))
        seen = trees.solver.seen.setdefault(tuple(lemma.name for lemma in self.lemmas), [])
        if any(_satisfies(a, model) and _satisfies(b, model) for model in seen):
            return None
        found = trees.solver.refuted([a, b], self.lemmas, keep_model=True)
        if found is None and trees.solver.model:
            seen.append(trees.solver.model)
        return found


def _satisfies(expr: ir.Expr, model: dict[str, str]) -> bool:
    """Does `expr` hold in `model`? What the model says nothing of fails either way."""
    match expr:
        case ir.In(name, states):
            return model.get(name) in states
        case ir.Not(ir.In(name, states)):
            return name in model and model[name] not in states
        case ir.And(parts):
            return all(_satisfies(part, model) for part in parts)
        case ir.Or(parts):
            return any(_satisfies(part, model) for part in parts)
        case ir.Not(ir.And(parts)):
            return any(_satisfies(ir.neg(part), model) for part in parts)
        case ir.Not(ir.Or(parts)):
            return all(_satisfies(ir.neg(part), model) for part in parts)
    return False


def use(lemma: str) -> z3.BoolRef:
    return z3.Bool(f"use {lemma}")
