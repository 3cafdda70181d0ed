"""Answers about slices that differ in the names of their members only.

Members of a class are interchangeable but for where they begin, and a relaxed slice often does not read that: then the
question about a second pod is the first one again, under other names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from verifier.system import ir
from verifier.system.run import Outcome


class Known:
    """Outcomes of the questions asked so far. `classes`: those of the members, whose names are `<class>-<number>`."""

    def __init__(self, classes: Iterable[str]) -> None:
        self._member = re.compile(rf"\b({'|'.join(map(re.escape, sorted(classes)))})-\d+\b")
        self._outcomes: dict[str, tuple[Outcome, list[str]]] = {}

    def answer(self, system: ir.System, ask: Callable[[ir.System], Outcome]) -> Outcome:
        """The outcome for the one check of `system`: what `ask` said of a system that is the same but for names, with
        the names of this one in its core; or what it says now.
        """
        text = _text(system)
        names = list(dict.fromkeys(found[0] for found in self._member.finditer(text)))
        key = self._renamed(text, {name: f"{name.rpartition('-')[0]} #{i}" for i, name in enumerate(names)})
        if key not in self._outcomes:
            self._outcomes[key] = ask(system), names
        outcome, theirs = self._outcomes[key]
        if theirs == names:
            return outcome
        ours = dict(zip(theirs, names, strict=True))
        return replace(outcome, core=frozenset((self._renamed(name, ours), end) for name, end in outcome.core))

    def _renamed(self, text: str, names: dict[str, str]) -> str:
        return self._member.sub(lambda found: names.get(found[0], found[0]), text)


def _text(system: ir.System) -> str:
    """All that the meaning of a system with one check depends on, names of steps included."""
    numbers: dict[str, int] = {}
    seen: dict[int, int] = {}

    def number(expr: ir.Expr) -> int:
        if id(expr) not in seen:
            seen[id(expr)] = numbers.setdefault(_line(expr, [number(part) for part in ir.children(expr)]), len(numbers))
        return seen[id(expr)]

    (check,) = system.checks
    parts: list[object] = [(system.tick_ms, check.kind, check.name, number(check.when))]
    parts += [(m.name, m.states, m.initial) for m in system.machines]
    parts += [(v.name, v.sources, v.stale) for v in system.views]
    parts += [(s.name, s.machine, s.source, s.target, number(s.guard), s.lo, s.hi) for s in system.steps]
    return "\n".join((*map(repr, parts), *numbers))


def _line(expr: ir.Expr, parts: list[int]) -> str:
    """The condition above those with the numbers `parts`; different ones differ, whatever their names are."""
    match expr:
        case ir.Const(value):
            own: object = value
        case ir.In(machine, states):
            own = machine, sorted(states)
        case ir.AtLeast(k, _):
            own = k
        case ir.Seen(view, _):
            own = view
        case _:
            own = None
    return repr((type(expr).__name__, own, parts))
