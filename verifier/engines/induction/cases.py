"""Satisfiability without a solver, where nothing is counted: propagation over where each machine may be, and cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from verifier.system import ir

Domains: TypeAlias = dict[str, frozenset[str]]  # for a reading the states that are left; absent: all of them
StatesOf: TypeAlias = Callable[[str], tuple[str, ...]]

# More cases than this are left to the solver.
_CASES_MAX = 400


class TooManyCases(Exception):
    pass


def satisfying(exprs: Iterable[ir.Expr], states_of: StatesOf) -> dict[str, str] | None:
    """States that satisfy all of `exprs`, of the readings that matter; None if there are none.

    Readings of sums are not allowed. Raises TooManyCases.
    """
    search = _Search(states_of)
    found = search.run(list(exprs), {})
    if found is None:
        return None
    return {name: next(s for s in states_of(name) if s in left) for name, left in found.items()}


class _Search:
    def __init__(self, states_of: StatesOf) -> None:
        self.states_of = states_of
        self.cases = 0

    def run(self, exprs: list[ir.Expr], left: Domains) -> Domains | None:
        """Narrows `left` (its own from now on) until nothing changes, then takes one case after the other."""
        self.cases += 1
        if self.cases > _CASES_MAX:
            raise TooManyCases
        here = _Narrowing(self.states_of, left)
        todo = here.narrowed(exprs)
        if todo is None:
            return None
        if not todo:
            return here.left
        name, states = here.undecided(todo[0])
        domain = here.domain(name)
        for case in (domain & states, domain - states):
            found = self.run(todo, {**here.left, name: case})
            if found is not None:
                return found
        return None


class _Narrowing:
    def __init__(self, states_of: StatesOf, left: Domains) -> None:
        self.states_of = states_of
        self.left = left
        self.changed = False

    def narrowed(self, exprs: list[ir.Expr]) -> list[ir.Expr] | None:
        """What is still open once nothing changes any more; None if something cannot hold."""
        while True:
            self.changed = False
            still: list[ir.Expr] = []
            for expr in exprs:
                value = self._require(expr, True)
                if value is False:
                    return None
                if value is None:
                    still.append(expr)
            exprs = still
            if not self.changed:
                return exprs

    def domain(self, name: str) -> frozenset[str]:
        found = self.left.get(name)
        return frozenset(self.states_of(name)) if found is None else found

    def undecided(self, expr: ir.Expr) -> tuple[str, frozenset[str]]:
        """A reading in `expr` that may still hold and fail."""
        todo = [expr]
        while todo:
            here = todo.pop()
            if isinstance(here, ir.In) and self._value(here) is None:
                return here.machine, here.states
            todo.extend(reversed(ir.children(here)))
        raise AssertionError("nothing is open")

    def _value(self, expr: ir.Expr) -> bool | None:
        if isinstance(expr, ir.In):
            here = self.domain(expr.machine)
            return True if here <= expr.states else False if here.isdisjoint(expr.states) else None
        if isinstance(expr, ir.Not):
            inner = self._value(expr.body)
            return None if inner is None else not inner
        if isinstance(expr, ir.Const):
            return expr.value
        assert isinstance(expr, ir.And | ir.Or), expr
        stop = isinstance(expr, ir.Or)
        open_ = False
        for part in expr.parts:
            value = self._value(part)
            if value is stop:
                return stop
            open_ |= value is None
        return None if open_ else not stop

    def _require(self, expr: ir.Expr, wanted: bool) -> bool | None:
        """Narrows by what must hold for `expr` to be `wanted`. False: it cannot be; True: it is; None: not yet."""
        if isinstance(expr, ir.In):
            here = self.domain(expr.machine)
            left = here & expr.states if wanted else here - expr.states
            if len(left) < len(here):
                self.left[expr.machine] = left
                self.changed = True
            return bool(left)
        if isinstance(expr, ir.Not):
            return self._require(expr.body, not wanted)
        if isinstance(expr, ir.Const):
            return expr.value is wanted
        assert isinstance(expr, ir.And | ir.Or), expr
        if isinstance(expr, ir.And) is wanted:
            known: bool | None = True
            for part in expr.parts:
                value = self._require(part, wanted)
                if value is False:
                    return False
                known = known and value
            return known
        possible = []
        for part in expr.parts:
            value = self._value(part)
            if value is wanted:
                return True
            if value is None:
                possible.append(part)
        if not possible:
            return False
        return self._require(possible[0], wanted) if len(possible) == 1 else None
