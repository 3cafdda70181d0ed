"""Arithmetic over sizes that are symbols: any number from some number up."""

from __future__ import annotations

from typing import Any, NoReturn

from verifier.records import dataclass
from verifier.system.scope import Scope
from verifier.system.values import Numbers


class Unsupported(Exception):
    """A form that the induction does not treat; the lemma stays unproven."""


@dataclass(frozen=True, slots=True)
class Symbolic:
    """A number or a truth value that depends on a size: an operation and its arguments, symbolic or plain.

    `("size", path)` is a size; the others are named as in `Solver.symbolic`. Equal ones are built alike.
    """

    op: str
    args: tuple[Any, ...]

    def __add__(self, other: Any) -> Symbolic:
        return Symbolic("+", (self, other))

    def __radd__(self, other: Any) -> Symbolic:
        return Symbolic("+", (other, self))

    def __sub__(self, other: Any) -> Symbolic:
        return Symbolic("-", (self, other))

    def __rsub__(self, other: Any) -> Symbolic:
        return Symbolic("-", (other, self))

    def __mul__(self, other: Any) -> Symbolic:
        return Symbolic("*", (self, other))

    def __rmul__(self, other: Any) -> Symbolic:
        return Symbolic("*", (other, self))

    def _unknown(self, *_: Any) -> NoReturn:
        raise Unsupported("a value that depends on a size where a plain one is needed")

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = __pow__ = __rpow__ = __floordiv__ = _unknown


class Symbols(Numbers):
    """Arithmetic in which sizes are symbols of at least the scope's values."""

    def __init__(self, scope: Scope) -> None:
        self.least = None if scope.least is None else dict(scope.least)
        self.asked = 0
        self.constraints: dict[str, Symbolic] = {}

    def size(self, path: str, value: int) -> Any:
        self.asked += 1
        if self.least is None or path not in self.least:
            return value
        symbol = Symbolic("size", (path,))
        self.constraints[path] = Symbolic(">=", (symbol, self.least[path]))
        return symbol

    def minimum(self, a: Any, b: Any) -> Any:
        return min(a, b) if plain(a, b) else Symbolic("if", (Symbolic("<=", (a, b)), a, b))

    def maximum(self, a: Any, b: Any) -> Any:
        return max(a, b) if plain(a, b) else Symbolic("if", (Symbolic(">=", (a, b)), a, b))

    def floor_percent(self, percent: int, of: Any) -> Any:
        return percent * of // 100 if plain(of) else Symbolic("/", (percent * of, 100))

    def ceil_percent(self, percent: int, of: Any) -> Any:
        return -(-percent * of // 100) if plain(of) else Symbolic("/", (percent * of + 99, 100))

    def compare(self, op: str, a: Any, b: Any) -> Any:
        known = not isinstance(a, Symbolic) and not isinstance(b, Symbolic)
        return super().compare(op, a, b) if known else Symbolic(op, (a, b))

    def choose(self, condition: Any, then: Any, other: Any) -> Any:
        if not all(isinstance(value, int | Symbolic) for value in (then, other)):
            raise Unsupported("a choice by size between values that are no numbers")
        return Symbolic("if", (condition, then, other))

    def both(self, parts: list[Any]) -> Any:
        return all(parts) if all(isinstance(p, bool) for p in parts) else Symbolic("and", tuple(parts))

    def either(self, parts: list[Any]) -> Any:
        return any(parts) if all(isinstance(p, bool) for p in parts) else Symbolic("or", tuple(parts))

    def negate(self, part: Any) -> Any:
        return not part if isinstance(part, bool) else Symbolic("not", (part,))


def plain(*values: Any) -> bool:
    return all(isinstance(v, int) for v in values)
