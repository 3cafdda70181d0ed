"""An exhaustive search over ticks, on the interpreter's own steps: slow, simple, and written apart from every
engine.
"""

from __future__ import annotations

from collections import deque

from verifier.interpreter import Interpreter, State
from verifier.system.ir import Check, System


class TooLarge(Exception):
    """More states than the search was allowed."""


def violated(system: System, check: Check, states_max: int = 20_000) -> bool:
    """Whether some reachable state violates `check`. Clocks stand still where no bound can tell them apart any more."""
    meaning = Interpreter(system)
    tops = [step.hi if step.hi is not None else step.lo for step in system.steps]
    tops += [view.stale or 0 for view in system.views]

    def bounded(state: State) -> State:
        pairs = zip(state.clocks, tops, strict=True)
        clocks = tuple(None if clock is None else min(clock, top) for clock, top in pairs)
        return State(state.machines, state.copies, clocks)

    first = bounded(meaning.initial())
    seen, todo = {first}, deque([first])
    while todo:
        state = todo.popleft()
        if check.kind == "never" and meaning.holds(check.when, state):
            return True
        if check.kind == "ends_with" and meaning.stuck(state) and not meaning.holds(check.when, state):
            return True
        following = [meaning.fire(state, name) for name in meaning.may_fire(state)]
        following += [meaning.refresh(state, name) for name in meaning.behind(state)]
        if meaning.can_tick(state):
            following.append(meaning.tick(state))
        for after in map(bounded, following):
            if after not in seen:
                if len(seen) >= states_max:
                    raise TooLarge
                seen.add(after)
                todo.append(after)
    return False
