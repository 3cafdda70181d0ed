"""Formulas in a Z3 context of our own, over the C interface: a tenth of the cost of the Python one, and no global
state.

A context made by `Z3_mk_context` keeps its terms until it is deleted, so terms need no reference counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

from z3 import z3core
from z3.z3types import Ast, Z3Exception

Term: TypeAlias = Any  # an `Ast` of this context; equal terms have equal `.value`

SolverError = Z3Exception


def _return_errors(_context: object, _code: int) -> None:
    """Z3's own handler ends the process; with this one its Python layer raises `SolverError`."""


class Sat(Enum):
    YES = 1
    NO = -1
    UNKNOWN = 0


class OutOfBudget(Exception):
    """Raised inside the engine only; `check` turns it into UNKNOWN."""


class Clock:
    """What is left of a budget; asked while building as well as before solving."""

    def __init__(self, seconds: float, memory_mb: int) -> None:
        self.started = time.monotonic()
        self.deadline = self.started + seconds
        self.memory_mb = memory_mb
        # The one setting that Z3 only has for the whole process: above it a search ends in "unknown".
        z3core.Z3_global_param_set("memory_high_watermark_mb", str(max(memory_mb, 1)))

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def spent(self) -> float:
        return time.monotonic() - self.started

    def crowded(self) -> bool:
        """Z3 holds more memory than the budget allows."""
        return bool(z3core.Z3_get_estimated_alloc_size() > self.memory_mb << 20)

    def look(self) -> None:
        """Raise `OutOfBudget` if time or memory has run out."""
        if self.left() <= 0:
            raise OutOfBudget("the time budget ran out")
        if self.crowded():
            raise OutOfBudget(f"the memory budget of {self.memory_mb} MB ran out")


class Terms:
    """Builds formulas; constants are folded, so that what is known while building never reaches the solver."""

    def __init__(self) -> None:
        config = z3core.Z3_mk_config()
        self.context = z3core.Z3_mk_context(config)
        z3core.Z3_del_config(config)
        self._handler = z3core.Z3_set_error_handler(self.context, _return_errors)  # kept: Z3 holds no reference
        z3core.Z3_set_ast_print_mode(self.context, 2)
        self._bool = z3core.Z3_mk_bool_sort(self.context)
        self._int = z3core.Z3_mk_int_sort(self.context)
        self.true: Term = z3core.Z3_mk_true(self.context)
        self.false: Term = z3core.Z3_mk_false(self.context)
        self._true, self._false = self.true.value, self.false.value
        self._names = 0
        self._le: dict[tuple[int, int, int], Term] = {}
        self._minus: dict[tuple[int, int], Term] = {}
        self._no: dict[int, Term] = {}
        self._compound: set[int] = set()
        self._numerals: dict[int, Term] = {}
        self.solvers: list[Solver] = []

    def close(self) -> None:
        """Free every term and solver; none may be used afterwards."""
        for solver in self.solvers:
            solver.close()
        z3core.Z3_del_context(self.context)

    def boolean(self) -> Term:
        return self._constant(self._bool)

    def integer(self) -> Term:
        return self._constant(self._int)

    def _constant(self, sort: Any) -> Term:
        self._names += 1
        symbol = z3core.Z3_mk_int_symbol(self.context, self._names)
        return z3core.Z3_mk_const(self.context, symbol, sort)

    def is_true(self, term: Term) -> bool:
        return bool(term.value == self._true)

    def is_false(self, term: Term) -> bool:
        return bool(term.value == self._false)

    def is_small(self, term: Term) -> bool:
        """A literal or a constant: not made by `all`, `any` or `at_least`."""
        return term.value not in self._compound

    def no(self, term: Term) -> Term:
        found = self._no.get(term.value)
        if found is None:
            if term.value == self._true:
                found = self.false
            elif term.value == self._false:
                found = self.true
            else:
                found = z3core.Z3_mk_not(self.context, term)
            self._no[term.value] = found
            self._no[found.value] = term
        return found

    def all(self, parts: Iterable[Term]) -> Term:
        kept: dict[int, Term] = {}
        for part in parts:
            if part.value == self._false:
                return self.false
            if part.value != self._true:
                kept[part.value] = part
        if not kept:
            return self.true
        if len(kept) == 1:
            return next(iter(kept.values()))
        return self._made(z3core.Z3_mk_and(self.context, len(kept), _array(kept.values(), len(kept))))

    def any(self, parts: Iterable[Term]) -> Term:
        kept: dict[int, Term] = {}
        for part in parts:
            if part.value == self._true:
                return self.true
            if part.value != self._false:
                kept[part.value] = part
        if not kept:
            return self.false
        if len(kept) == 1:
            return next(iter(kept.values()))
        return self._made(z3core.Z3_mk_or(self.context, len(kept), _array(kept.values(), len(kept))))

    def at_least(self, k: int, parts: Iterable[Term]) -> Term:
        kept: list[Term] = []
        for part in parts:
            if part.value == self._true:
                k -= 1
            elif part.value != self._false:
                kept.append(part)
        if k <= 0:
            return self.true
        if k > len(kept):
            return self.false
        if k == 1:
            return self.any(kept)
        if k == len(kept):
            return self.all(kept)
        return self._made(z3core.Z3_mk_atleast(self.context, len(kept), _array(kept, len(kept)), k))

    def _made(self, term: Term) -> Term:
        self._compound.add(term.value)
        return term

    def at_most(self, k: int, parts: Sequence[Term]) -> Term:
        if k >= len(parts):
            return self.true
        return z3core.Z3_mk_atmost(self.context, len(parts), _array(parts, len(parts)), max(k, 0))

    def le(self, a: Term, b: Term, bound: int) -> Term:
        """`a - b <= bound`, for integers a and b."""
        key = (a.value, b.value, bound)
        found = self._le.get(key)
        if found is None:
            minus = self._minus.get(key[:2])
            if minus is None:
                minus = z3core.Z3_mk_sub(self.context, 2, _array((a, b), 2))
                self._minus[key[:2]] = minus
            found = z3core.Z3_mk_le(self.context, minus, self.number(bound))
            self._le[key] = found
        return found

    # -- numbers ---------------------------------------------------------------------------------------------------

    def sum(self, parts: Sequence[Term]) -> Term:
        return parts[0] if len(parts) == 1 else z3core.Z3_mk_add(self.context, len(parts), _array(parts, len(parts)))

    def minus(self, a: Term, b: Term) -> Term:
        return z3core.Z3_mk_sub(self.context, 2, _array((a, b), 2))

    def times(self, a: Term, b: Term) -> Term:
        return z3core.Z3_mk_mul(self.context, 2, _array((a, b), 2))

    def divided(self, a: Term, b: Term) -> Term:
        """Rounded down, for a positive `b`."""
        return z3core.Z3_mk_div(self.context, a, b)

    def choice(self, condition: Term, then: Term, other: Term) -> Term:
        return z3core.Z3_mk_ite(self.context, condition, then, other)

    def at_most_as(self, a: Term, b: Term) -> Term:
        """`a <= b`."""
        return z3core.Z3_mk_le(self.context, a, b)

    def equal(self, a: Term, b: Term) -> Term:
        return z3core.Z3_mk_eq(self.context, a, b)

    def number(self, value: int) -> Term:
        found = self._numerals.get(value)
        if found is None:
            found = z3core.Z3_mk_numeral(self.context, str(value), self._int)
            self._numerals[value] = found
        return found


def _array(terms: Iterable[Term], count: int) -> Any:
    return (Ast * count)(*terms)


class Solver:
    """Z3's SMT core with a fixed seed; by default over difference logic. Closed with its terms, if not before."""

    def __init__(self, terms: Terms, clock: Clock, options: Mapping[str, bool | int] | None = None) -> None:
        self._terms, self._clock = terms, clock
        terms.solvers.append(self)
        self._context = terms.context
        self._solver = z3core.Z3_mk_simple_solver(self._context)
        z3core.Z3_solver_inc_ref(self._context, self._solver)
        self._params = z3core.Z3_mk_params(self._context)
        z3core.Z3_params_inc_ref(self._context, self._params)
        for name, value in (OPTIONS if options is None else options).items():
            self._set(name, value)
        # Before the first assertion: Z3 chooses its theory solvers when it is first pushed.
        z3core.Z3_solver_set_params(self._context, self._solver, self._params)
        self._model: Any = None
        self._value = (Ast * 1)()
        self._closed = False
        self.calls = 0

    def _set(self, name: str, value: bool | int) -> None:
        symbol = z3core.Z3_mk_string_symbol(self._context, name)
        if isinstance(value, bool):
            z3core.Z3_params_set_bool(self._context, self._params, symbol, value)
        else:
            z3core.Z3_params_set_uint(self._context, self._params, symbol, value)

    def add(self, term: Term) -> None:
        self._clock.look()
        z3core.Z3_solver_assert(self._context, self._solver, term)

    def push(self) -> None:
        z3core.Z3_solver_push(self._context, self._solver)

    def pop(self) -> None:
        z3core.Z3_solver_pop(self._context, self._solver, 1)

    def solve(self, assumptions: Sequence[Term] = (), seconds: float | None = None) -> Sat:
        """Three answers. Running out of the clock, of `seconds`, or of memory is UNKNOWN."""
        self._clock.look()
        left = self._clock.left() if seconds is None else min(seconds, self._clock.left())
        self._set("timeout", max(1, int(left * 1000)))
        z3core.Z3_solver_set_params(self._context, self._solver, self._params)
        self.calls += 1
        if assumptions:
            array = _array(assumptions, len(assumptions))
            answer = z3core.Z3_solver_check_assumptions(self._context, self._solver, len(assumptions), array)
        else:
            answer = z3core.Z3_solver_check(self._context, self._solver)
        found = Sat(answer)
        if found is Sat.YES:
            self._take_model()
        return found

    def _take_model(self) -> None:
        if self._model is not None:
            z3core.Z3_model_dec_ref(self._context, self._model)
        self._model = z3core.Z3_solver_get_model(self._context, self._solver)
        z3core.Z3_model_inc_ref(self._context, self._model)

    def spent(self) -> float:
        return self._clock.spent()

    def reason(self) -> str:
        return str(z3core.Z3_solver_get_reason_unknown(self._context, self._solver))

    def core(self) -> list[int]:
        """After NO: the `.value` of each assumption that was needed."""
        vector = z3core.Z3_solver_get_unsat_core(self._context, self._solver)
        z3core.Z3_ast_vector_inc_ref(self._context, vector)
        size = z3core.Z3_ast_vector_size(self._context, vector)
        found = [z3core.Z3_ast_vector_get(self._context, vector, i).value for i in range(size)]
        z3core.Z3_ast_vector_dec_ref(self._context, vector)
        return found

    def value(self, term: Term) -> bool | int:
        """What the last model says of a boolean or an integer constant (unmentioned: False, 0)."""
        z3core.Z3_model_eval(self._context, self._model, term, True, self._value)
        found = self._value[0]
        if self._terms.is_true(found) or self._terms.is_false(found):
            return self._terms.is_true(found)
        return int(z3core.Z3_get_numeral_string(self._context, found))

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._model is not None:
            z3core.Z3_model_dec_ref(self._context, self._model)
        z3core.Z3_params_dec_ref(self._context, self._params)
        z3core.Z3_solver_dec_ref(self._context, self._solver)


# Dense difference logic is twice as fast as simplex here; what need not happen is first tried not to.
OPTIONS: dict[str, bool | int] = {
    "auto_config": False,
    "random_seed": 7,
    "arith.solver": 3,
    "relevancy": 0,
    "phase_selection": 0,
}
