"""What is told apart through a view: a copy that differs from its sources in nothing that anybody reads is as good as
up to date.
"""

from __future__ import annotations

from collections.abc import Iterable

from verifier.system.ir import Expr, In, Seen, System, children


def groups_told_apart(system: System, exprs: Iterable[Expr]) -> dict[tuple[str, str], tuple[frozenset[str], ...]]:
    """For each view and machine among its sources, the groups of states that one of `exprs` tells apart through the
    view. A change within a group concerns nobody.
    """
    tests: dict[tuple[str, str], set[frozenset[str]]] = {}
    todo: list[tuple[str, Expr]] = [("", expr) for expr in exprs]
    visited: set[tuple[str, int]] = set()
    while todo:
        through, expr = todo.pop()
        if (through, id(expr)) in visited:
            continue
        visited.add((through, id(expr)))
        if isinstance(expr, In) and through:
            tests.setdefault((through, expr.machine), set()).add(expr.states)
        inside = expr.view if isinstance(expr, Seen) else through
        todo += [(inside, part) for part in children(expr)]
    return {
        (view.name, source): groups(system.machine[source].states, tests.get((view.name, source), set()))
        for view in system.views
        for source in view.sources
        if source in system.machine
    }


def groups(states: tuple[str, ...], tests: set[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """The states that pass the same tests, together."""
    groups: dict[frozenset[frozenset[str]], set[str]] = {}
    for state in states:
        groups.setdefault(frozenset(test for test in tests if state in test), set()).add(state)
    return tuple(frozenset(group) for group in groups.values())
