"""What two machines reach together, whatever all the rest does. Pairs of their states are the bits of one number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from verifier.system import ir
from verifier.system.patience import look

# Tells whether a condition may hold, and whether it may fail, in any reachable state.
Anywhere = Callable[[ir.Expr], tuple[bool, bool]]


class Pairs:
    """The pairs of states of two machines (each with its states, the initial one first), and where conditions may hold
    and may fail in them. `reads` is a memo for `ir.reads`, which several of these may share.
    """

    def __init__(
        self, machines: Mapping[str, Sequence[str]], anywhere: Anywhere, reads: dict[int, frozenset[str]]
    ) -> None:
        self.anywhere, self.reads = anywhere, reads
        (one, rows), (other, columns) = machines.items()
        width = len(columns)
        self.everywhere = (1 << len(rows) * width) - 1
        a_row, a_column = (1 << width) - 1, self.everywhere // ((1 << width) - 1)
        # For each machine and state, the place of the first pair with it, and all pairs with it.
        self.at = {
            one: {state: (i * width, a_row << i * width) for i, state in enumerate(rows)},
            other: {state: (j, a_column << j) for j, state in enumerate(columns)},
        }
        self.memo: dict[int, tuple[int, int]] = {}

    def fired(self, steps: Iterable[ir.Step]) -> set[str]:
        """The names of those `steps` of the two machines that fire in some pair of states reached by them."""
        moves = []
        for step in steps:
            (source, here), (target, _) = (self.at[step.machine][state] for state in (step.source, step.target))
            moves.append((step.name, here & self(step.guard)[0], target - source))
        reached, before = 1, 0
        while reached != before:
            before = reached
            for _, here, by in moves:
                reached |= (reached & here) << by if by > 0 else (reached & here) >> -by
        return {name for name, here, _ in moves if reached & here}

    def __call__(self, expr: ir.Expr) -> tuple[int, int]:
        """The pairs in which `expr` may hold, and those in which it may fail, one reading independent of the other."""
        key = id(expr)
        if key not in self.memo:
            look()
            self.memo[key] = self._of(expr)
        return self.memo[key]

    def _of(self, expr: ir.Expr) -> tuple[int, int]:
        if ir.reads(expr, self.reads).isdisjoint(self.at):
            may_hold, may_fail = self.anywhere(expr)
            return self.everywhere * may_hold, self.everywhere * may_fail
        match expr:
            case ir.In(machine, states):
                here = sum(pairs for state, (_, pairs) in self.at[machine].items() if state in states)
                return here, self.everywhere ^ here
            case ir.Not(body):
                holds, fails = self(body)
                return fails, holds
        parts = [self(part) for part in ir.children(expr)]
        least = expr.k if isinstance(expr, ir.AtLeast) else 1 if isinstance(expr, ir.Or) else len(parts)
        may, must_not = zip(*parts, strict=True)
        return self._at_least(least, may), self._at_least(len(parts) - least + 1, must_not)

    def _at_least(self, k: int, parts: Sequence[int]) -> int:
        """The pairs in at least `k` of the `parts`."""
        k -= parts.count(self.everywhere)
        some = [part for part in parts if part not in (0, self.everywhere)]
        if k <= 0 or k > len(some):
            return self.everywhere if k <= 0 else 0
        reached = [self.everywhere, *(0 for _ in range(k))]
        for part in some:
            for i in range(k, 0, -1):
                reached[i] |= reached[i - 1] & part
        return reached[k]
