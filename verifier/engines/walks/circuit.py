"""The conditions of a system as a circuit: when a machine or a copy changes, only what depends on it is looked at.

Every condition is a gate that is open if enough of its inputs are (all, one, k of them), or, for a negation, if not. An
input says that a machine is in some states, either now or as a view remembers it; below `Seen` the same condition is
another gate, with a path of views.
"""

from __future__ import annotations

from verifier.system.ir import And, AtLeast, Const, Expr, In, Not, Or, Seen, System

Path = tuple[str, ...]


class Circuit:
    """Gates in an order in which inputs come before what they are inputs of."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.need: list[int] = []
        self.inverted: list[bool] = []
        self.outputs: list[list[int]] = []
        self.readings: dict[tuple[Path, str], list[tuple[int, frozenset[str]]]] = {}
        self._gates: dict[tuple[Path, int], int] = {}
        self._reading: dict[tuple[Path, str, frozenset[str]], int] = {}
        self._kept: list[Expr] = []  # gates are found again by identity

    def gate(self, expr: Expr, path: Path = ()) -> int:
        """The gate of a condition, made if there is none; `path`: the views through which it is read."""
        key = (path, id(expr))
        found = self._gates.get(key)
        if found is None:
            self._kept.append(expr)
            found = self._gates[key] = self._made(expr, path)
        return found

    def _made(self, expr: Expr, path: Path) -> int:
        match expr:
            case In(machine, states):
                reading = (path, machine, states)
                if reading not in self._reading:
                    self._reading[reading] = gate = self._new(1, ())
                    self.readings.setdefault((path, machine), []).append((gate, states))
                return self._reading[reading]
            case Const(value):
                return self._new(0 if value else 1, ())
            case And(parts):
                return self._new(len(parts), [self.gate(part, path) for part in parts])
            case Or(parts):
                return self._new(1, [self.gate(part, path) for part in parts])
            case AtLeast(k, parts):
                return self._new(k, [self.gate(part, path) for part in parts])
            case Not(body):
                return self._new(1, [self.gate(body, path)], inverted=True)
            case Seen(view, body):
                return self.gate(body, (*path, view))
        raise AssertionError(expr)

    def _new(self, need: int, inputs: list[int] | tuple[()], *, inverted: bool = False) -> int:
        gate = len(self.need)
        self.need.append(need)
        self.inverted.append(inverted)
        self.outputs.append([])
        for one in inputs:
            self.outputs[one].append(gate)
        return gate

    def initial(self) -> tuple[list[bool], list[int]]:
        """Whether each gate is open, and how many of its inputs are, when every view is up to date."""
        at = {machine.name: machine.initial for machine in self.system.machines}
        opened = [0] * len(self.need)
        value = [False] * len(self.need)
        for (_, machine), gates in self.readings.items():
            for gate, states in gates:
                opened[gate] = int(at[machine] in states)
        for gate, need in enumerate(self.need):
            value[gate] = (opened[gate] >= need) != self.inverted[gate]
            if value[gate]:
                for output in self.outputs[gate]:
                    opened[output] += 1
        return value, opened
