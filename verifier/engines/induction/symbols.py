"""Arithmetic over sizes that are symbols: any number from some number up."""

from __future__ import annotations

from typing import Any

import z3

from verifier.system.scope import Scope
from verifier.system.values import Numbers


class Symbols(Numbers):
    """Arithmetic in which sizes are symbols of at least the scope's values."""

    def __init__(self, scope: Scope) -> None:
        self.least = None if scope.least is None else dict(scope.least)
        self.asked = 0
        self.constraints: dict[str, z3.BoolRef] = {}

    def size(self, path: str, value: int) -> Any:
        self.asked += 1
        if self.least is None:
            return value
        symbol = z3.Int(f"size {path}")
        self.constraints[path] = symbol >= self.least[path]
        return symbol

    def minimum(self, a: Any, b: Any) -> Any:
        return min(a, b) if plain(a, b) else z3.If(a <= b, a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return max(a, b) if plain(a, b) else z3.If(a >= b, a, b)

    def floor_percent(self, percent: int, of: Any) -> Any:
        return percent * of // 100 if plain(of) else percent * of / 100

    def ceil_percent(self, percent: int, of: Any) -> Any:
        return -(-percent * of // 100) if plain(of) else (percent * of + 99) / 100

    def choose(self, condition: Any, then: Any, other: Any) -> Any:
        return z3.If(condition, then, other)

    def both(self, parts: list[Any]) -> Any:
        return all(parts) if all(isinstance(p, bool) for p in parts) else z3.And(parts)

    def either(self, parts: list[Any]) -> Any:
        return any(parts) if all(isinstance(p, bool) for p in parts) else z3.Or(parts)

    def negate(self, part: Any) -> Any:
        return not part if isinstance(part, bool) else z3.Not(part)


def plain(*values: Any) -> bool:
    return all(isinstance(v, int) for v in values)
