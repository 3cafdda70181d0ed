"""Contradictions that show without a solver: unit propagation over where each machine may be."""

from __future__ import annotations

from verifier.engines.induction.readings import SUM, machine_of
from verifier.system import ir


def contradictory(exprs: list[ir.Expr], all_states: dict[str, tuple[str, ...]]) -> bool:
    """True if no choice of states satisfies all of `exprs`, as far as single literals show; False says nothing."""
    return _Domains(all_states).empty_after(exprs)


class _Domains:
    def __init__(self, all_states: dict[str, tuple[str, ...]]) -> None:
        self.all_states = all_states
        self.left: dict[str, frozenset[str]] = {}

    def empty_after(self, exprs: list[ir.Expr]) -> bool:
        """Narrows until nothing changes; True once something has no state left."""
        open_exprs = exprs
        while True:
            before = dict(self.left)
            if not all(self._require(expr, True) for expr in open_exprs):
                return True
            if self.left == before:
                return False
            open_exprs = [expr for expr in open_exprs if self._value(expr) is None]

    def _domain(self, reading: ir.In) -> frozenset[str]:
        name = reading.machine
        return self.left[name] if name in self.left else frozenset(self.all_states[machine_of(reading)])

    def _value(self, expr: ir.Expr) -> bool | None:
        match expr:
            case ir.Const(value):
                return value
            case ir.In(name, states):
                if name.startswith(SUM):
                    return None
                here = self._domain(expr)
                return True if here <= states else False if here.isdisjoint(states) else None
            case ir.Not(body):
                inner = self._value(body)
                return None if inner is None else not inner
            case ir.And(parts) | ir.Or(parts):
                stop = isinstance(expr, ir.Or)
                values = [self._value(part) for part in parts]
                return stop if stop in values else None if None in values else not stop
        return None

    def _require(self, expr: ir.Expr, wanted: bool) -> bool:
        """Narrows by what must hold for `expr` to be `wanted`; False if it cannot be."""
        match expr:
            case ir.Const(value):
                return value is wanted
            case ir.In(name, states):
                if name.startswith(SUM):
                    return True
                here = self._domain(expr)
                self.left[name] = here & states if wanted else here - states
                return bool(self.left[name])
            case ir.Not(body):
                return self._require(body, not wanted)
            case ir.And(parts) | ir.Or(parts):
                if isinstance(expr, ir.And) is wanted:
                    return all(self._require(part, wanted) for part in parts)
                possible = [part for part in parts if self._value(part) is not (not wanted)]
                if len(possible) == 1:
                    return self._require(possible[0], wanted)
                return bool(possible)
        return True
