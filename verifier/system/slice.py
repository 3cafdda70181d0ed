"""The cone of influence: what of a system one check can depend on."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from verifier.system.ir import Check, Expr, In, Seen, System, View, children, reads


def slice_for(system: System, check: Check) -> System:
    """The machines, views and steps that `check` (its condition or what it covers) can depend on, and that check alone.

    Kept are the machines and views named in the check, the steps of these machines, what their guards name, and of each
    kept view the sources that some kept expression reads through it.

    *Sound for both kinds* (docs/semantics.md, section 5). Guards and copies in the slice depend on nothing outside
    it, so a run of the system, projected, is a run of the slice: a bound of the slice is a bound of the system. A
    source that is read through no view may make a view behind, but its refresh then changes nothing that is read:
    projected it is none, and what is behind in the slice is behind in the system. So `never` violated in the system
    is violated in the slice; and a stuck state of the system is stuck in the slice, for nothing in it is enabled or
    behind.

    *Exact for `never`* in a well-formed system: a run of the slice is extended by letting the rest of the system do
    something allowed (it cannot stop time), and by refreshing a view at once whenever it differs in unread sources
    only. *Not exact for `ends with`*: the rest may stay enabled for ever, so a stuck slice is to be replayed on the
    system.
    """
    names: set[str] = set()
    through: dict[str, dict[str, None]] = {}
    todo: list[str] = []
    visited: set[int] = set()

    def need(expr: Expr) -> None:
        stack = [expr]
        while stack:
            here = stack.pop()
            if id(here) in visited:
                continue
            visited.add(id(here))
            if isinstance(here, In | Seen):
                todo.append(here.machine if isinstance(here, In) else here.view)
            if isinstance(here, Seen):
                through.setdefault(here.view, {}).update(dict.fromkeys(sorted(reads(here.body))))
            stack.extend(children(here))

    for expr in (check.when, *check.covers):
        need(expr)
    while True:
        while todo:
            name = todo.pop()
            if name not in names:
                names.add(name)
                for step in system.steps_of.get(name, ()):
                    need(step.guard)
        # A view of which only constants are read needs some source, to stay a view.
        bare = [view for view in system.views if view.name in names and not through.get(view.name)]
        if not bare:
            break
        for view in bare:
            through[view.name] = {view.sources[0]: None}
            todo.append(view.sources[0])
    return System(
        system.tick_ms,
        tuple(machine for machine in system.machines if machine.name in names),
        tuple(_narrowed(view, through[view.name]) for view in system.views if view.name in names),
        tuple(step for step in system.steps if step.machine in names),
        (check,),
    )


def _narrowed(view: View, read: Container[str]) -> View:
    """The view without the sources that nobody reads through it."""
    sources = tuple(source for source in view.sources if source in read)
    return view if sources == view.sources else replace(view, sources=sources)
