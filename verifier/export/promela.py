"""The untimed system in Promela, for SPIN: every order of steps and refreshes, whatever the delays.

One process that chooses among all moves for ever. Each move is one `d_step`, so nothing in between is a state of its
own, and the loop has one place: SPIN stores exactly the states of the graph engine's untimed graph.

    spin -a system.pml && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan          counts the states
    spin -DCHECK=1 -a system.pml && ...                                              decides the first check
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from verifier.system.copies import Path, copies, paths
from verifier.system.ir import And, AtLeast, Check, Const, Expr, In, Not, Or, Seen, Step, System, View, conj, neg


def promela(system: System) -> str:
    """The whole text; `CHECK=i` switches on the i-th check, from 1."""
    return "\n".join(_Promela(system).lines()) + "\n"


class _Promela:
    def __init__(self, system: System) -> None:
        self.system = system
        self.value = {m.name: {state: i for i, state in enumerate(m.states)} for m in system.machines}
        self.paths = paths(system)
        self.place = {path: i for i, path in enumerate(self.paths)}

    def lines(self) -> Iterator[str]:
        yield "/* Written by hitless: the untimed system. One d_step for each move, so states are counted exactly. */"
        for path, i in self.place.items():
            states = ", ".join(f"{k} {state}" for k, state in enumerate(self.system.machine[path[-1]].states))
            yield f"/* s[{i}]: {' of '.join(_plain(name) for name in path)}: {_plain(states)} */"
        yield ""
        values = [str(self._initial(path)) for path in self.paths] or ["0"]  # SPIN has no empty arrays
        yield f"byte s[{len(values)}] = {{ {', '.join(values)} }};"
        yield ""
        yield from self._checks()
        yield "init {"
        yield "end:"
        yield "  do"
        yield from map(self._step, self.system.steps)
        yield from map(self._refresh, self.system.views)
        yield "  :: false"
        for i, _ in enumerate(self.system.checks, start=1):
            yield f"#if CHECK == {i}"
            yield f"  :: d_step {{ VIOLATED_{i} -> assert(false) }}"
            yield "#endif"
        yield "  od"
        yield "}"

    def _initial(self, path: Path) -> int:
        machine = self.system.machine[path[-1]]
        return self.value[machine.name][machine.initial]

    def _checks(self) -> Iterator[str]:
        for i, check in enumerate(self.system.checks, start=1):
            yield f"/* check {i}: {_plain(check.name)} ({check.kind.replace('_', ' ')}) */"
            yield f"#define VIOLATED_{i} {self._violated(check)}"
        if self.system.checks:
            yield ""

    def _violated(self, check: Check) -> str:
        if check.kind == "never":
            return self._expr(check.when)
        return f"({self._expr(neg(check.when))} && {self._stuck})"

    @cached_property
    def _stuck(self) -> str:
        enabled = dict.fromkeys(self._enabled(step) for step in self.system.steps)
        behind = [self._behind(view) for view in self.system.views]
        return _joined(" && ", [f"!{one}" for one in (*enabled, *behind)], "1")

    def _enabled(self, step: Step) -> str:
        return self._expr(conj((In(step.machine, frozenset((step.source,))), step.guard)))

    def _step(self, step: Step) -> str:
        target = self.value[step.machine][step.target]
        moved = f"s[{self.place[step.machine,]}] = {target}"
        return f"  :: d_step {{ {self._enabled(step)} -> {moved} }} /* {_plain(step.name)} */"

    def _behind(self, view: View) -> str:
        pairs = [(self.place[path], self.place[path[1:]]) for path in copies(self.system, view)]
        return _joined(" || ", [f"s[{copy}] != s[{source}]" for copy, source in pairs], "0")

    def _refresh(self, view: View) -> str:
        taken = "; ".join(f"s[{self.place[path]}] = s[{self.place[path[1:]]}]" for path in copies(self.system, view))
        return f"  :: d_step {{ {self._behind(view)} -> {taken} }} /* refresh {_plain(view.name)} */"

    def _expr(self, expr: Expr, through: Path = ()) -> str:
        match expr:
            case Const(value):
                return str(int(value))
            case In(machine, states):
                return self._one_of((*through, machine), states)
            case Seen(view, body):
                return self._expr(body, (*through, view))
            case Not(body):
                return f"!({self._expr(body, through)})"
            case And(parts):
                return _joined(" && ", [self._expr(part, through) for part in parts], "1")
            case Or(parts):
                return _joined(" || ", [self._expr(part, through) for part in parts], "0")
            case AtLeast(k, parts):
                return f"({_joined(' + ', [self._expr(part, through) for part in parts], '0')} >= {k})"

    def _one_of(self, path: Path, states: frozenset[str]) -> str:
        """Compared with the states that are wanted, or with those that are not: whichever are fewer."""
        values, place = self.value[path[-1]], self.place[path]
        missing = [i for state, i in values.items() if state not in states]
        if len(missing) < len(states):
            return _joined(" && ", [f"(s[{place}] != {i})" for i in missing], "1")
        wanted = sorted(values[state] for state in states)
        return _joined(" || ", [f"(s[{place}] == {i})" for i in wanted], "0")


def _joined(by: str, parts: list[str], empty: str) -> str:
    """Always in brackets, or a single number."""
    return f"({by.join(parts)})" if parts else empty


def _plain(text: str) -> str:
    """Nothing that ends a comment, and nothing of the preprocessor's."""
    return text.replace("*/", "* /").replace("\n", " ").replace("#", "")
