"""An exhaustive search over ticks, on the interpreter's own steps: slow, simple, and written apart from every
engine.
"""

from __future__ import annotations

from collections import deque

from verifier.interpreter import Interpreter, State
from verifier.system.ir import Check, Expr, System


class TooLarge(Exception):
    """More states than the search was allowed."""


class _Graph:
    """States in which clocks stand still where no bound can tell them apart any more, and what follows them."""

    def __init__(self, system: System) -> None:
        self.meaning = Interpreter(system)
        self.tops = [step.hi if step.hi is not None else step.lo for step in system.steps]
        self.tops += [view.stale or 0 for view in system.views]

    def bounded(self, state: State) -> State:
        pairs = zip(state.clocks, self.tops, strict=True)
        clocks = tuple(None if clock is None else min(clock, top) for clock, top in pairs)
        return State(state.machines, state.copies, clocks)

    def first(self) -> State:
        return self.bounded(self.meaning.initial())

    def events(self, state: State) -> list[State]:
        """After each firing and refresh that is possible now."""
        after = [self.meaning.fire(state, name) for name in self.meaning.may_fire(state)]
        after += [self.meaning.refresh(state, name) for name in self.meaning.behind(state)]
        return [self.bounded(s) for s in after]

    def tick(self, state: State) -> State | None:
        return self.bounded(self.meaning.tick(state)) if self.meaning.can_tick(state) else None


def violated(system: System, check: Check, states_max: int = 20_000) -> bool:
    """Whether some reachable state violates `check`."""
    graph = _Graph(system)
    meaning = graph.meaning
    seen, todo = {graph.first()}, deque([graph.first()])
    while todo:
        state = todo.popleft()
        if check.kind == "never" and meaning.holds(check.when, state):
            return True
        if check.kind == "ends_with" and meaning.stuck(state) and not meaning.holds(check.when, state):
            return True
        following = graph.events(state)
        tick = graph.tick(state)
        if tick is not None:
            following.append(tick)
        for after in following:
            if after not in seen:
                if len(seen) >= states_max:
                    raise TooLarge
                seen.add(after)
                todo.append(after)
    return False


def avoidable(system: System, condition: Expr, states_max: int = 20_000) -> bool:
    """Whether in some run time passes for ever and no state satisfies `condition`.

    The states without it from which time can pass for ever are the largest set from each of whose states some events
    within the set lead to one that may tick into the set.
    """
    graph = _Graph(system)
    if graph.meaning.holds(condition, graph.first()):
        return False
    before: dict[State, list[State]] = {graph.first(): []}
    ticks: dict[State, State] = {}
    todo = deque([graph.first()])
    while todo:
        state = todo.popleft()
        following = graph.events(state)
        tick = graph.tick(state)
        for after in [*following, *([tick] if tick is not None else [])]:
            if graph.meaning.holds(condition, after):
                continue
            if after not in before:
                if len(before) >= states_max:
                    raise TooLarge
                before[after] = []
                todo.append(after)
        if tick in before:
            ticks[state] = tick
        for after in following:
            if after in before:
                before[after].append(state)
    good = set(before)
    while True:
        reach = {state for state in good if ticks.get(state) in good}
        work = list(reach)
        while work:
            for state in before[work.pop()]:
                if state in good and state not in reach:
                    reach.add(state)
                    work.append(state)
        if len(reach) == len(good):
            return graph.first() in good
        good = reach


def longest(system: System, condition: Expr, cap: int, states_max: int = 20_000) -> int | None:
    """The most ticks for which `condition` holds without a break in any run; at most `cap`. None: it never holds."""
    graph = _Graph(system)

    def held(state: State, before: int | None) -> int | None:
        return (before or 0) if graph.meaning.holds(condition, state) else None

    first = (graph.first(), held(graph.first(), None))
    seen, todo = {first}, deque([first])
    most = first[1]
    while todo:
        state, since = todo.popleft()
        following = [(after, held(after, since)) for after in graph.events(state)]
        tick = graph.tick(state)
        if tick is not None:
            following.append((tick, None if since is None else min(since + 1, cap)))
        for after in following:
            if after not in seen:
                if len(seen) >= states_max:
                    raise TooLarge
                seen.add(after)
                todo.append(after)
                if after[1] is not None:
                    most = max(most or 0, after[1])
    return most
