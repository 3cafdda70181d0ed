"""How far a run stayed from a condition: the time that lies between the moments at which its parts held."""

from __future__ import annotations

from bisect import bisect_right

from verifier.engines.walks.circuit import Circuit, Path
from verifier.records import dataclass
from verifier.system.ir import And, Expr, Not, Or, Seen

# What a part that never held counts for, in ticks.
NEVER = 10_000
# Deeper parts of a condition are taken as a whole.
_DEPTH = 7


@dataclass(frozen=True, slots=True)
class Part:
    """`gate` None: all or one of `parts`, by `every`. Else the gate is open, or closed if not `wanted`."""

    gate: int | None
    wanted: bool = True
    every: bool = True
    parts: tuple[Part, ...] = ()


def parts_of(circuit: Circuit, expr: Expr, wanted: bool = True, path: Path = (), depth: int = _DEPTH) -> Part:
    """The condition in parts: what is asked for together, and what instead of each other."""
    match expr:
        case Not(body):
            return parts_of(circuit, body, not wanted, path, depth)
        case Seen(view, body):
            return parts_of(circuit, body, wanted, (*path, view), depth)
        case And(parts) | Or(parts) if depth > 0:
            found = tuple(parts_of(circuit, part, wanted, path, depth - 1) for part in parts)
            return Part(None, True, isinstance(expr, And) is wanted, found)
    return Part(circuit.gate(expr, path), wanted)


def gates_of(part: Part) -> set[int]:
    if part.gate is not None:
        return {part.gate}
    return {gate for one in part.parts for gate in gates_of(one)}


class History:
    """When the gates of interest were open: the times of their changes, and what they were at first."""

    def __init__(self, gates: set[int], value: list[bool]) -> None:
        self.gates = gates
        self.first = {gate: value[gate] for gate in gates}
        self.changes: dict[int, list[int]] = {gate: [] for gate in gates}

    def note(self, changed: set[int], value: list[bool], now: int) -> None:
        """Some of the gates that an event touched are of interest; those that it opened and closed again are not."""
        for gate in changed & self.gates:
            at = self.changes[gate]
            if value[gate] != (self.first[gate] ^ (len(at) % 2 == 1)):
                at.append(now)

    def distance(self, part: Part) -> float:
        """The least, over all moments, of what is missing then."""
        moments = sorted({0, *(at for changes in self.changes.values() for at in changes)})
        return min(self._at(part, moment) for moment in moments)

    def _at(self, part: Part, now: int) -> float:
        if part.gate is None:
            found = [self._at(one, now) for one in part.parts]
            return sum(found) if part.every else min(found, default=NEVER)
        changes = self.changes[part.gate]
        i = bisect_right(changes, now)
        if (self.first[part.gate] ^ (i % 2 == 1)) is part.wanted:
            return 0
        # It holds again from the next change on, and did until the last one.
        before = now - changes[i - 1] + 0.5 if i > 0 else NEVER
        after = changes[i] - now if i < len(changes) else NEVER
        return min(before, after, NEVER)
