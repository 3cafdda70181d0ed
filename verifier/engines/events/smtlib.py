"""The question of one check as SMT-LIB 2: `unsat` to every `check-sat` means that no run violates it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from z3 import z3consts

from verifier.engines import library as z3
from verifier.engines.clock import Clock
from verifier.engines.events.encoding import Encoding
from verifier.engines.events.shape import shape_of
from verifier.engines.terms import Term, Terms
from verifier.system.ir import Check, System
from verifier.system.run import Run

_SECONDS = 600.0
_MEMORY_MB = 4096


def smtlib(
    system: System,
    check: Check,
    extra_turns: int = 1,
    *,
    order: tuple[tuple[str, ...], ...] = (),
    along: Run | None = None,
    until: float | None = None,
) -> str:
    """The rules of all runs, then one `check-sat` for a violation; where machines go round, one more for whether the
    unrolling (`extra_turns` more than a machine has states) was long enough. Standard SMT-LIB, logic QF_LIA.

    `order`: of runs in which the machines of a row change first one after another. `along` a run: only of those in
    which each machine makes some first part of the steps it makes there; `sat` then says that there is a violation,
    `unsat` says nothing of other runs. Raises `OutOfBudget` at the moment `until` (of time.monotonic).
    """
    terms = Terms()
    try:
        shape = shape_of(system, check, (), once=True, extra_turns=extra_turns, along=along)
        seconds = _SECONDS if until is None else until - time.monotonic()
        encoding = Encoding(system, check, shape, terms, Clock(seconds, _MEMORY_MB))
        for machines in order:
            encoding.sort(machines)
        goals = [encoding.goal()]
        if any(turns.cut for turns in shape.turns.values()):
            goals.append(encoding.repeats())
        rules = [*encoding.definitions(), *encoding.rules, *encoding.bounds.values()]
        return "\n".join(_lines(check, terms, rules, goals)) + "\n"
    finally:
        terms.close()


def _lines(check: Check, terms: Terms, rules: list[Term], goals: list[Term]) -> Iterator[str]:
    writer = _Writer(terms, [*rules, *goals])
    yield "; Written by hitless. unsat to every check-sat: no run of the system violates"
    yield f"; {check.name} ({check.kind.replace('_', ' ')})"
    yield "(set-logic QF_LIA)"
    yield from writer.declarations
    for rule in rules:
        yield f"(assert {writer.text(rule)})"
    for goal in goals:
        yield "(push 1)"
        yield f"(assert {writer.text(goal)})"
        yield "(check-sat)"
        yield "(pop 1)"


class _Writer:
    """Terms as text. What is used more than once gets a name, so that the text stays as small as the formula.

    "At least k of n" has no form in the standard: it is a sum of ones. A kind of term that is not known here is an
    error, so that nothing is ever written wrongly.
    """

    def __init__(self, terms: Terms, roots: list[Term]) -> None:
        self.context = terms.context
        self.declarations: list[str] = []
        self._text: dict[int, str] = {}
        order, uses = self._ordered(roots)
        for term in order:
            self._text[term] = self._written(term, uses[term])

    def text(self, term: Term) -> str:
        return self._text[term]

    def _ordered(self, roots: list[Term]) -> tuple[list[Term], Counter[int]]:
        """Every term below the roots, parts first; and how often each is used."""
        order: list[Term] = []
        uses: Counter[int] = Counter(root for root in roots)
        done: set[int] = set()
        todo = [(root, False) for root in reversed(roots)]
        while todo:
            term, ready = todo.pop()
            if ready:
                order.append(term)
            elif term not in done:
                done.add(term)
                todo.append((term, True))
                parts = self._parts(term)
                uses.update(part for part in parts)
                todo += [(part, False) for part in reversed(parts)]
        return order, uses

    def _parts(self, term: Term) -> list[Term]:
        if z3.ast_kind(self.context, term) == z3consts.Z3_NUMERAL_AST:
            return []
        app = z3.to_app(self.context, term)
        count = z3.app_arguments(self.context, app)
        return [z3.app_argument(self.context, app, i) for i in range(count)]

    def _written(self, term: Term, uses: int) -> str:
        if z3.ast_kind(self.context, term) == z3consts.Z3_NUMERAL_AST:
            value = int(z3.numeral_string(self.context, term))
            return str(value) if value >= 0 else f"(- {-value})"
        decl = z3.app_decl(self.context, z3.to_app(self.context, term))
        kind = z3.decl_kind(self.context, decl)
        if kind == z3consts.Z3_OP_UNINTERPRETED:
            return self._declared(term, decl)
        text = self._applied(kind, decl, [self._text[part] for part in self._parts(term)])
        if uses < 2 or not text.startswith("("):
            return text
        name = f"d{len(self.declarations)}"
        self.declarations.append(f"(define-fun {name} () {self._sort(term)} {text})")
        return name

    def _applied(self, kind: int, decl: Term, parts: list[str]) -> str:
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == z3consts.Z3_OP_PB_AT_LEAST:
            least = z3.decl_parameter(self.context, decl, 0)
            return f"(>= (+ {' '.join(f'(ite {part} 1 0)' for part in parts)}) {least})"
        return f"({_OPERATORS[kind]} {' '.join(parts)})"

    def _declared(self, term: Term, decl: Term) -> str:
        number = z3.symbol_int(self.context, z3.decl_name(self.context, decl))
        sort = self._sort(term)
        name = f"x{number}" if sort == "Bool" else f"t{number}"  # each sort has numbers of its own
        self.declarations.append(f"(declare-const {name} {sort})")
        return name

    def _sort(self, term: Term) -> str:
        sort = z3.sort_of(self.context, term)
        return "Bool" if z3.sort_kind(self.context, sort) == z3consts.Z3_BOOL_SORT else "Int"


_CONSTANTS = {z3consts.Z3_OP_TRUE: "true", z3consts.Z3_OP_FALSE: "false"}
_OPERATORS = {
    z3consts.Z3_OP_AND: "and",
    z3consts.Z3_OP_OR: "or",
    z3consts.Z3_OP_NOT: "not",
    z3consts.Z3_OP_LE: "<=",
    z3consts.Z3_OP_SUB: "-",
}
