"""Whether a `System` is one: what docs/semantics.md asks of names, views, bounds, and that time cannot be stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from verifier.records import dataclass
from verifier.system.ir import FALSE, And, AtLeast, Check, Const, Expr, In, Machine, Not, Or, Seen, Step, System, View

# Deeper expressions than this are refused, so that every later stage may recurse.
DEPTH_MAX = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a place of the system; `path` is the place in the JSON form (section 6) too."""

    path: tuple[str | int, ...]
    message: str


_Parts = dict[str, tuple[Machine, ...] | tuple[View, ...] | tuple[Step, ...] | tuple[Check, ...]]


def problems(system: System) -> list[str]:
    """What is wrong with a system, in order; empty for a well-formed one."""
    found = [*located(system), *time_stops(system)]
    return [f"{_place(system, problem.path)}: {problem.message}" for problem in found]


def located(system: System, unsure: frozenset[str] = frozenset()) -> list[Problem]:
    """As `problems`, with places, but for time that might stop: whether it can, only a search tells. Nothing is said of
    the names in `unsure`: their own mistakes are known already.
    """
    names = _Names(system, unsure)
    found = list(_duplicates(system))
    if system.tick_ms < 1:
        found.append(Problem(("tick_ms",), f"a tick of {system.tick_ms} ms; write at least 1"))
    for i, machine in enumerate(system.machines):
        found += _machine(i, machine.states, machine.initial)
    for i, view in enumerate(system.views):
        found += _view(i, view.name, view.sources, view.stale, names)
    found += _view_cycles(system)
    for i, step in enumerate(system.steps):
        found += _step(i, step, names)
    for i, check in enumerate(system.checks):
        if check.kind not in ("never", "ends_with"):
            found.append(Problem(("checks", i, "kind"), f"{check.kind!r} is no kind; write 'never' or 'ends_with'"))
        found += _expr(check.when, ("checks", i, "when"), names, None, 0)
        for j, cover in enumerate(check.covers):
            found += _expr(cover, ("checks", i, "covers", j), names, None, 0)
    return found


def _place(system: System, path: tuple[str | int, ...]) -> str:
    """`steps/3/guard/..` as a reader of the model knows it: the name, then the place in it."""
    if len(path) > 1 and isinstance(path[1], int):
        parts: _Parts = {
            "machines": system.machines,
            "views": system.views,
            "steps": system.steps,
            "checks": system.checks,
        }
        name = parts[str(path[0])][path[1]].name
        return " ".join([f"{str(path[0])[:-1]} {name!r}", *("/".join(map(str, path[2:])),)]).rstrip()
    return "/".join(map(str, path))


class _Names:
    """What each name stands for. A name whose declaration is in doubt is never complained about."""

    def __init__(self, system: System, unsure: frozenset[str]) -> None:
        self.states = {machine.name: frozenset(machine.states) for machine in system.machines}
        self.sources = {view.name: frozenset(view.sources) for view in system.views}
        declared = [*(machine.name for machine in system.machines), *(view.name for view in system.views)]
        self.unsure = unsure | {name for name, count in Counter(declared).items() if count > 1}


def _duplicates(system: System) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    named = {"machines": [machine.name for machine in system.machines], "views": [view.name for view in system.views]}
    for kind, names in named.items():
        for i, name in enumerate(names):
            if name in taken:
                yield Problem((kind, i, "name"), f"the name {name!r} is taken by {taken[name]}; write another")
            taken.setdefault(name, f"{kind}/{i}")
    yield from _repeated("steps", [step.name for step in system.steps])
    yield from _repeated("checks", [check.name for check in system.checks])


def _repeated(kind: str, names: list[str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        if name in first:
            yield Problem((kind, i, "name"), f"the name {name!r} is taken by {kind}/{first[name]}; write another")
        first.setdefault(name, i)


def _machine(i: int, states: tuple[str, ...], initial: str) -> Iterator[Problem]:
    if not states:
        yield Problem(("machines", i, "states"), "there are no states; write at least one")
    for j, state in enumerate(states):
        if state in states[:j]:
            yield Problem(("machines", i, "states", j), f"the state {state!r} is listed twice; write it once")
    if states and initial not in states:
        yield Problem(("machines", i, "initial"), f"{initial!r} is not a state; write one of {_list(states)}")


def _view(i: int, name: str, sources: tuple[str, ...], stale: int | None, names: _Names) -> Iterator[Problem]:
    if not sources:
        yield Problem(("views", i, "sources"), "there are no sources; write at least one machine or view")
    if stale is not None and stale < 0:
        yield Problem(("views", i, "stale"), f"{stale} is less than 0; write a number of ticks, or null for no bound")
    for j, source in enumerate(sources):
        path = ("views", i, "sources", j)
        if source in sources[:j]:
            yield Problem(path, f"the source {source!r} is listed twice; write it once")
        elif source == name:
            yield Problem(path, f"{name!r} is a view of itself; write what it is a view of")
        elif source not in names.states and source not in names.sources and source not in names.unsure:
            yield Problem(path, f"there is no machine or view {source!r}; write the name of one{_near(source, names)}")


def _view_cycles(system: System) -> Iterator[Problem]:
    """One problem for each cycle of two and more views, at the first view in it."""
    at = {view.name: i for i, view in enumerate(system.views)}
    done: set[str] = set()
    for start in at:
        trail: dict[str, list[str]] = {}
        stack = [start]
        while stack:
            name = stack[-1]
            if name not in trail:
                trail[name] = [s for s in system.views[at[name]].sources if s in at and s not in done and s != name]
            if not trail[name]:
                done.add(name)
                stack.pop()
                continue
            source = trail[name].pop()
            if source in stack:
                cycle = stack[stack.index(source) :]
                first = min(at[v] for v in cycle)
                shown = " of ".join([*cycle, source])
                yield Problem(("views", first, "sources"), f"{shown}: views of each other; break the cycle")
            elif source not in done:
                stack.append(source)


def _step(i: int, step: Step, names: _Names) -> Iterator[Problem]:
    states = names.states.get(step.machine)
    if step.machine in names.unsure:
        pass
    elif states is None:
        what = "a view, not a machine" if step.machine in names.sources else "no machine"
        yield Problem(("steps", i, "machine"), f"{step.machine!r} is {what}; write the name of a machine")
    else:
        for key, state in (("source", step.source), ("target", step.target)):
            if state not in states:
                message = f"{state!r} is not a state of {step.machine!r}; write one of {_list(sorted(states))}"
                yield Problem(("steps", i, key), message)
    if step.lo < 0:
        yield Problem(("steps", i, "lo"), f"{step.lo} is less than 0; write a number of ticks")
    if step.hi is not None and step.hi < step.lo:
        yield Problem(("steps", i, "hi"), f"hi {step.hi} is less than lo {step.lo}; write at least {step.lo}, or null")
    yield from _expr(step.guard, ("steps", i, "guard"), names, None, 0)


def _expr(expr: Expr, path: tuple[str | int, ...], names: _Names, view: str | None, depth: int) -> Iterator[Problem]:
    """Names, states and the rule of `Seen`: inside, only the view's direct sources may be named."""
    if depth > DEPTH_MAX:
        yield Problem(path, f"the expression is nested more than {DEPTH_MAX} deep; write it flatter")
        return
    match expr:
        case In(machine, states):
            yield from _named(machine, (*path, "in", 0), names, view, machines=True)
            known = names.states.get(machine, frozenset()) if machine not in names.unsure else states
            for state in sorted(states - known) if machine in names.states else ():
                message = f"{state!r} is not a state of {machine!r}; write one of {_list(sorted(known))}"
                yield Problem((*path, "in", 1), message)
        case Seen(inner, body):
            yield from _named(inner, (*path, "seen", 0), names, view, machines=False)
            yield from _expr(body, (*path, "seen", 1), names, inner, depth + 1)
        case Not(body):
            yield from _expr(body, (*path, "not"), names, view, depth + 1)
        case AtLeast(_, parts):
            for i, part in enumerate(parts):
                yield from _expr(part, (*path, "at_least", 1, i), names, view, depth + 1)
        case And(parts) | Or(parts):
            for i, part in enumerate(parts):
                yield from _expr(part, (*path, "and" if isinstance(expr, And) else "or", i), names, view, depth + 1)
        case Const():
            pass


def _named(
    name: str, path: tuple[str | int, ...], names: _Names, view: str | None, *, machines: bool
) -> Iterator[Problem]:
    """`name` stands for a machine (or else for a view), and is a source of the view that it is read through."""
    wanted, other = (names.states, names.sources) if machines else (names.sources, names.states)
    kind = "machine" if machines else "view"
    if name in names.unsure:
        return
    if name not in wanted:
        hint = "write it with 'seen'" if machines else "write it with 'in'"
        why = (
            f"{name!r} is not a {kind}; {hint}" if name in other else f"there is no {kind} {name!r}{_near(name, names)}"
        )
        yield Problem(path, why)
    elif view is not None and view not in names.unsure and name not in names.sources.get(view, frozenset((name,))):
        sources = _list(sorted(names.sources[view]))
        yield Problem(path, f"{name!r} is not a direct source of the view {view!r}; write one of {sources}")


def time_stops(system: System) -> Iterator[Problem]:
    """Sufficient and cheap: no machine has a cycle of steps that all have `lo` 0 and a bounded `hi` (section 2).

    A cycle does no harm if two of its guards contradict each other about a machine without such a cycle: to go round it
    needs that machine to move again and again, which then nothing forces without time passing. So its own machine does
    not go round either, and may be the one that other cycles need.
    """
    edges: dict[str, dict[str, list[tuple[int, Step]]]] = {}
    for i, step in enumerate(system.steps):
        if step.lo == 0 and step.hi is not None and step.guard != FALSE:
            edges.setdefault(step.machine, {}).setdefault(step.source, []).append((i, step))
    cycles = {machine: list(_cycles(steps)) for machine, steps in edges.items()}
    turning = {machine for machine, found in cycles.items() if found}
    while harmless := {m for m in turning if all(_contradictory([s for _, s in c], turning) for c in cycles[m])}:
        turning -= harmless
    for machine in sorted(turning):
        for cycle in cycles[machine]:
            if not _contradictory([step for _, step in cycle], turning):
                turns = ", ".join(repr(step.name) for _, step in cycle)
                message = f"{turns} can go round without time passing; write a lo of at least 1 for one of them"
                yield Problem(("steps", cycle[0][0], "lo"), message)


def _cycles(edges: dict[str, list[tuple[int, Step]]]) -> Iterator[list[tuple[int, Step]]]:
    """Every simple cycle, once: from the first of its states."""
    order = {state: i for i, state in enumerate(edges)}

    def onward(path: list[tuple[int, Step]], start: str) -> Iterator[list[tuple[int, Step]]]:
        here = path[-1][1].target if path else start
        for edge in edges.get(here, ()):
            target = edge[1].target
            if target == start:
                yield [*path, edge]
            elif order.get(target, -1) > order[start] and target not in {step.source for _, step in path}:
                yield from onward([*path, edge], start)

    for start in edges:
        yield from onward([], start)


def _contradictory(steps: list[Step], turning: set[str]) -> bool:
    """Two of the guards need some other machine, which has no such cycle itself, in different states."""
    needed: dict[str, frozenset[str]] = {}
    for step in steps:
        for part in step.guard.parts if isinstance(step.guard, And) else (step.guard,):
            if isinstance(part, In) and part.machine not in turning:
                left = needed.get(part.machine, part.states) & part.states
                if not left:
                    return True
                needed[part.machine] = left
    return False


def _list(names: Iterable[str]) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown[:8]) + (", .." if len(shown) > 8 else "")


def _near(name: str, names: _Names) -> str:
    """The name that was probably meant."""
    import difflib  # only mistakes pay for it

    near = difflib.get_close_matches(name, [*names.states, *names.sources], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
