"""Systems in which time can stop: from some reachable state no tick is ever possible again (docs/semantics.md,
section 2).

Where no machine has a cycle of steps that all have `lo` 0 and a bounded `hi`, it cannot (`wellformed.time_stops`):
while no tick is possible something is due, what is due may happen, refreshes end, and so some machine would have to go
round by steps that are due without a tick in between. Such a cycle is necessary, not sufficient; the graph decides.
"""

from __future__ import annotations

import numpy as np

from verifier.engines.graph.search import Search, State, states_of
from verifier.engines.graph.vector import Block
from verifier.system.ir import System
from verifier.system.wellformed import time_stops

# What leads on from a state without a tick: the name of the move, and the state after it.
_Following = dict[State, list[tuple[str, State]]]


def may_stop(system: System) -> bool:
    """Whether the cheap test leaves it open; if not, time cannot stop."""
    return next(iter(time_stops(system)), None) is not None


def stopped(search: Search) -> tuple[str, ...] | None:
    """The steps of a cycle that is left by no way to a tick; None if there is none. All states must be explored."""
    following = _without_tick(search)
    parents: dict[State, list[State]] = {state: [] for state in following}
    escapes = []
    for state, moves in following.items():
        for _, after in moves:
            if after in parents:
                parents[after].append(state)
        if any(after not in following for _, after in moves):
            escapes.append(state)
    caught = set(following)
    while escapes:
        state = escapes.pop()
        if state in caught:
            caught.remove(state)
            escapes += parents[state]
    return _cycle(next(state for state in following if state in caught), following) if caught else None


def _without_tick(search: Search) -> _Following:
    """The states in which time may not pass, and what may happen there."""
    found: _Following = {}
    tick = search.moves.all[-1]
    for depth in range(len(search.levels)):
        for _, whole in search.blocks(depth):
            may = tick.possible(whole)
            still = np.flatnonzero(np.logical_not(np.broadcast_to(may, whole.size)))
            block = Block([word.take(still) for word in whole.words])
            states = states_of(block.words)
            found |= {state: [] for state in states}
            for move in search.moves.all[:-1]:
                moved = move.from_(block) if block.size else None
                if moved is not None:
                    for at, after in zip(moved[0], states_of(moved[1]), strict=True):
                        found[states[at]].append((move.name, after))
    return found


def _cycle(state: State, following: _Following) -> tuple[str, ...]:
    """The first way round that is met when one goes on from `state`."""
    trail: dict[State, int] = {}
    names: list[str] = []
    while state not in trail:
        trail[state] = len(names)
        name, state = following[state][0]
        names.append(name)
    return tuple(names[trail[state] :])
