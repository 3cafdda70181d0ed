"""Formulas in a Z3 context of our own, over the C interface: a tenth of the cost of the Python one, and no global
state.

A context made by `Z3_mk_context` keeps its terms until it is deleted, so terms need no reference counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ctypes import c_void_p
from enum import Enum
from typing import Any, TypeAlias

from verifier.engines import library as z3
from verifier.engines.clock import Clock

Term: TypeAlias = int  # an address in its context; equal terms have equal addresses


class SolverError(Exception):
    """Z3 reports an error, such as memory that is used up."""


class Sat(Enum):
    YES = 1
    NO = -1
    UNKNOWN = 0


class Terms:
    """Builds formulas; constants are folded, so that what is known while building never reaches the solver."""

    def __init__(self) -> None:
        config = z3.mk_config()
        self.context = z3.mk_context(config)
        z3.del_config(config)
        self._errors: list[int] = []
        # Z3's own handler ends the process. Z3 holds no reference to this one.
        self._handler = z3.ErrorHandler(lambda context, code: self._errors.append(code))
        z3.set_error_handler(self.context, self._handler)
        self._bool = z3.mk_bool_sort(self.context)
        self._int = z3.mk_int_sort(self.context)
        self.true: Term = z3.mk_true(self.context)
        self.false: Term = z3.mk_false(self.context)
        self._booleans: list[Term] = []
        self._integers: list[Term] = []
        self._booleans_used = self._integers_used = 0
        self.worked = 0
        self._le: dict[tuple[Term, Term, int], Term] = {}
        self._minus: dict[tuple[Term, Term], Term] = {}
        self._no: dict[Term, Term] = {self.true: self.false, self.false: self.true}
        self._compound: set[Term] = set()
        self._numbers: dict[int, Term] = {}
        self.solvers: list[Solver] = []

    def close(self) -> None:
        """Free every term and solver; none may be used afterwards."""
        for solver in list(self.solvers):
            solver.close()
        z3.del_context(self.context)

    def restart(self) -> None:
        """From here on constants are given out again that were used before: for another question."""
        self._booleans_used = self._integers_used = 0

    @property
    def size(self) -> int:
        """How many terms there are, about."""
        return len(self._compound) + len(self._le) + len(self._booleans)

    def require(self) -> None:
        """Raises `SolverError` if Z3 has reported an error since the last time."""
        if self._errors:
            code = self._errors.pop()
            self._errors.clear()
            raise SolverError((z3.error_message(self.context, code) or b"error").decode(errors="replace"))

    def _made(self, term: Term | None) -> Term:
        if not term:
            self.require()
            raise SolverError("no term")
        return term

    # -- constants -------------------------------------------------------------------------------------------------

    def boolean(self) -> Term:
        self._booleans_used += 1
        return self._constant(self._booleans, self._booleans_used, self._bool)

    def integer(self) -> Term:
        self._integers_used += 1
        return self._constant(self._integers, self._integers_used, self._int)

    def _constant(self, known: list[Term], number: int, sort: int) -> Term:
        if number > len(known):
            symbol = z3.mk_int_symbol(self.context, number)
            known.append(self._made(z3.mk_const(self.context, symbol, sort)))
        return known[number - 1]

    def is_true(self, term: Term) -> bool:
        return term == self.true

    def is_false(self, term: Term) -> bool:
        return term == self.false

    def is_small(self, term: Term) -> bool:
        """A literal or a constant: not made by `all`, `any` or `at_least`."""
        return term not in self._compound

    # -- truth values ----------------------------------------------------------------------------------------------

    def no(self, term: Term) -> Term:
        found = self._no.get(term)
        if found is None:
            found = self._no[term] = self._made(z3.mk_not(self.context, term))
            self._no[found] = term
        return found

    def all(self, parts: Iterable[Term]) -> Term:
        kept: dict[Term, None] = {}
        true, false = self.true, self.false
        for part in parts:
            if part == false:
                return false
            if part != true:
                kept[part] = None
        if len(kept) < 2:
            return next(iter(kept), true)
        return self._compounded(z3.mk_and(self.context, len(kept), _array(kept)))

    def any(self, parts: Iterable[Term]) -> Term:
        kept: dict[Term, None] = {}
        true, false = self.true, self.false
        for part in parts:
            if part == true:
                return true
            if part != false:
                kept[part] = None
        if len(kept) < 2:
            return next(iter(kept), false)
        return self._compounded(z3.mk_or(self.context, len(kept), _array(kept)))

    def at_least(self, k: int, parts: Iterable[Term]) -> Term:
        kept: list[Term] = []
        for part in parts:
            if part == self.true:
                k -= 1
            elif part != self.false:
                kept.append(part)
        if k <= 0:
            return self.true
        if k > len(kept):
            return self.false
        if k == 1:
            return self.any(kept)
        if k == len(kept):
            return self.all(kept)
        return self._compounded(z3.mk_atleast(self.context, len(kept), _array(kept), k))

    def _compounded(self, term: Term | None) -> Term:
        made = self._made(term)
        self._compound.add(made)
        return made

    def at_most(self, k: int, parts: Sequence[Term]) -> Term:
        if k >= len(parts):
            return self.true
        return self._made(z3.mk_atmost(self.context, len(parts), _array(parts), max(k, 0)))

    # -- numbers ---------------------------------------------------------------------------------------------------

    def le(self, a: Term, b: Term, bound: int) -> Term:
        """`a - b <= bound`, for integers a and b."""
        key = (a, b, bound)
        found = self._le.get(key)
        if found is None:
            minus = self._minus.get((a, b))
            if minus is None:
                minus = self._minus[a, b] = self.minus(a, b)
            found = self._le[key] = self._made(z3.mk_le(self.context, minus, self.number(bound)))
        return found

    def sum(self, parts: Sequence[Term]) -> Term:
        return parts[0] if len(parts) == 1 else self._made(z3.mk_add(self.context, len(parts), _array(parts)))

    def minus(self, a: Term, b: Term) -> Term:
        return self._made(z3.mk_sub(self.context, 2, _array((a, b))))

    def times(self, a: Term, b: Term) -> Term:
        return self._made(z3.mk_mul(self.context, 2, _array((a, b))))

    def divided(self, a: Term, b: Term) -> Term:
        """Rounded down, for a positive `b`."""
        return self._made(z3.mk_div(self.context, a, b))

    def choice(self, condition: Term, then: Term, other: Term) -> Term:
        return self._made(z3.mk_ite(self.context, condition, then, other))

    def at_most_as(self, a: Term, b: Term) -> Term:
        """`a <= b`."""
        return self._made(z3.mk_le(self.context, a, b))

    def equal(self, a: Term, b: Term) -> Term:
        return self._made(z3.mk_eq(self.context, a, b))

    def number(self, value: int) -> Term:
        found = self._numbers.get(value)
        if found is None:
            assert -(2**63) <= value < 2**63, value
            found = self._numbers[value] = self._made(z3.mk_int(self.context, value, self._int))
        return found


def _array(terms: Iterable[Term]) -> Any:
    values = tuple(terms)
    return (c_void_p * len(values))(*values)


class Session:
    """Terms for one question after another: a context of Z3 takes five milliseconds to make.

    What is asked in one session depends on nothing outside it, so the same questions get the same models.
    """

    # A context that holds more than this is given up: nothing in it is freed before.
    _SIZE_MAX = 100_000

    def __init__(self) -> None:
        self._terms: Terms | None = None

    def terms(self) -> Terms:
        """For the next question; those of the one before may not be used any more."""
        if self._terms is not None and self._terms.size > self._SIZE_MAX:
            self.close()
        if self._terms is None:
            self._terms = Terms()
        self._terms.restart()
        return self._terms

    def close(self) -> None:
        if self._terms is not None:
            self._terms.close()
            self._terms = None


class Solver:
    """Z3's SMT core with a fixed seed; by default over difference logic. Closed with its terms, if not before."""

    def __init__(self, terms: Terms, clock: Clock, options: Mapping[str, bool | int] | None = None) -> None:
        self._terms, self._clock = terms, clock
        self._context = terms.context
        self._solver = z3.mk_simple_solver(self._context)
        z3.solver_inc_ref(self._context, self._solver)
        self._params = z3.mk_params(self._context)
        z3.params_inc_ref(self._context, self._params)
        terms.solvers.append(self)
        for name, value in (OPTIONS if options is None else options).items():
            self._set(name, value)
        # Before the first assertion: Z3 chooses its theory solvers when it is first pushed.
        z3.solver_set_params(self._context, self._solver, self._params)
        terms.require()
        self._model: Any = None
        self._value = (c_void_p * 1)()
        self._limits = (0, 0)
        self.calls = 0

    def _set(self, name: str, value: bool | int) -> None:
        symbol = z3.mk_string_symbol(self._context, name.encode())
        set_one = z3.params_set_bool if isinstance(value, bool) else z3.params_set_uint
        set_one(self._context, self._params, symbol, value)

    def add(self, term: Term) -> None:
        self._clock.look()
        z3.solver_assert(self._context, self._solver, term)
        self._terms.require()

    def push(self) -> None:
        z3.solver_push(self._context, self._solver)
        self._terms.require()

    def pop(self) -> None:
        z3.solver_pop(self._context, self._solver, 1)
        self._terms.require()

    def solve(self, assumptions: Sequence[Term] = (), work: int | None = None) -> Sat:
        """Three answers. Running out of the clock, of `work` (see `Budget`), or of memory is UNKNOWN."""
        self._clock.look()
        timeout = max(1, int(min(self._clock.left() * 1000, 2**31)))
        bounds = [bound for bound in (work, self._clock.work_left()) if bound is not None]
        limits = (timeout, max(1, min(*bounds, 2**32 - 1)) if bounds else 0)
        if limits != self._limits:
            self._limits = limits
            self._set("timeout", limits[0])
            self._set("rlimit", limits[1])
            z3.solver_set_params(self._context, self._solver, self._params)
        self.calls += 1
        before = self._terms.worked
        answer = z3.solver_check(self._context, self._solver, len(assumptions), _array(assumptions))
        self._terms.require()
        self._terms.worked = self._worked()
        self._clock.done += self._terms.worked - before
        found = Sat(answer)
        if found is Sat.YES:
            self._take_model()
        return found

    def _worked(self) -> int:
        """How much has been worked in this context, ever."""
        found = z3.solver_get_statistics(self._context, self._solver)
        self._terms.require()
        z3.stats_inc_ref(self._context, found)
        keys = (z3.stats_key(self._context, found, i) for i in range(z3.stats_size(self._context, found)))
        at = next((i for i, key in enumerate(keys) if key == b"rlimit count"), None)
        worked = self._terms.worked if at is None else int(z3.stats_value(self._context, found, at))
        z3.stats_dec_ref(self._context, found)
        return worked

    def _take_model(self) -> None:
        if self._model is not None:
            z3.model_dec_ref(self._context, self._model)
        self._model = z3.solver_get_model(self._context, self._solver)
        self._terms.require()
        z3.model_inc_ref(self._context, self._model)

    def reason(self) -> str:
        return str(z3.solver_reason_unknown(self._context, self._solver).decode(errors="replace"))

    def core(self) -> set[Term]:
        """After NO: each assumption that was needed."""
        vector = z3.solver_get_unsat_core(self._context, self._solver)
        self._terms.require()
        z3.vector_inc_ref(self._context, vector)
        found = {z3.vector_get(self._context, vector, i) for i in range(z3.vector_size(self._context, vector))}
        z3.vector_dec_ref(self._context, vector)
        return found

    def value(self, term: Term) -> bool | int:
        """What the last model says of a boolean or an integer constant (unmentioned: False, 0)."""
        z3.model_eval(self._context, self._model, term, True, self._value)
        found = self._value[0]
        if found == self._terms.true or found == self._terms.false:
            return bool(found == self._terms.true)
        text = z3.numeral_string(self._context, found) if found else None
        self._terms.require()
        if text is None:
            raise SolverError("a value that is no number")
        return int(text)

    def close(self) -> None:
        if self not in self._terms.solvers:
            return
        self._terms.solvers.remove(self)
        if self._model is not None:
            z3.model_dec_ref(self._context, self._model)
        z3.params_dec_ref(self._context, self._params)
        z3.solver_dec_ref(self._context, self._solver)


# Dense difference logic is twice as fast as simplex here; what need not happen is first tried not to.
OPTIONS: dict[str, bool | int] = {
    "auto_config": False,
    "random_seed": 7,
    "arith.solver": 3,
    "relevancy": 0,
    "phase_selection": 0,
}
