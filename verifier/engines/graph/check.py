"""The graph engine: is there a run of the system that violates the check? Decided by looking at every state."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.engines.graph.moves import Move, Moves
from verifier.engines.graph.search import Search, search_of
from verifier.engines.graph.stops import may_stop, stopped
from verifier.engines.graph.vector import Condition
from verifier.system.ir import Check, System, neg
from verifier.system.run import Answer, Budget, Event, Outcome, Run

# How the reason begins where time can stop.
TIME_STOPS = "time can stop"


def check(
    system: System,
    check: Check,
    budget: Budget,
    *,
    timed: bool = True,
    symmetry: bool = True,
    most: int | None = None,
) -> Outcome:
    """Whether some run of `system` violates `check`; exact, with UNKNOWN when the budget says so.

    Without `timed` no delay is looked at: HOLDS is then true whatever the delays, and a violation is an order of events
    for which there may be no times (its events are all at 0), so it is no witness for the interpreter. `symmetry`:
    states that differ only in an exchange of interchangeable members are one. The run has the fewest moves.
    With more than `most` states the answer is UNKNOWN. HOLDS rests on every bound if `timed`, else on none.

    A system in which time can stop is never called safe: UNKNOWN, with the cycle as the reason.
    """
    open_ = timed and may_stop(system)
    search = search_of(system, budget, timed=timed, symmetry=symmetry and not open_, check=check, most=most)
    found = search.find(violation(search.moves, check))
    statistics = {"states": search.states, "transitions": search.transitions, "depth": search.depth}
    if found is not None:
        run = run_of(search.way(*found))
        return Outcome(Answer.VIOLATED, run=run, seconds=search.seconds, statistics=statistics)
    if search.cut:
        return Outcome(Answer.UNKNOWN, reason=cut_text(search), seconds=search.seconds, statistics=statistics)
    cycle = stopped(search) if open_ else None
    if cycle is not None:
        return Outcome(Answer.UNKNOWN, reason=stops_text(cycle), seconds=search.seconds, statistics=statistics)
    core = frozenset(_bounds(system)) if timed else frozenset[tuple[str, str]]()
    return Outcome(Answer.HOLDS, core=core, seconds=search.seconds, statistics=statistics)


def _bounds(system: System) -> Iterator[tuple[str, str]]:
    """Every bound that says something; which of them an exhaustive search needed, it does not tell."""
    for step in system.steps:
        if step.lo > 0:
            yield step.name, "lo"
        if step.hi is not None:
            yield step.name, "hi"
    yield from ((view.name, "stale") for view in system.views if view.stale is not None)


def violation(moves: Moves, check: Check) -> Condition:
    """Where the check is violated."""
    if check.kind == "never":
        return moves.compiler.truth(check.when)
    return moves.compiler.all((moves.stuck, moves.compiler.truth(neg(check.when))))


def run_of(way: list[Move]) -> Run:
    """A way through the graph as a run that ends in the first state of it that violates."""
    now, events = 0, []
    for move in way:
        if move.tick:
            now += 1
        else:
            events.append(Event(now, move.name, move.refresh))
    return Run(tuple(events), now, now)


def stops_text(cycle: tuple[str, ...]) -> str:
    """What is wrong with a system in which time can stop."""
    return f"{TIME_STOPS}: {', '.join(map(repr, cycle))} go round for ever without a tick"


def cut_text(search: Search) -> str:
    """Why a search ended early, and how far it came."""
    rate = search.states / max(search.seconds, 1e-9)
    return f"{search.cut} after {search.states:,} states, {search.depth} moves deep, at {rate:,.0f} states/s"
