"""The best times for events in a given order: the violation lasts as long as it can, and everything is as early as it
can be then. Which steps are possible depends on the order alone, so all bounds are differences of times.
"""

from __future__ import annotations

from verifier.interpreter import Interpreter, State
from verifier.records import dataclass
from verifier.system.ir import Check, System
from verifier.system.run import Event, Run

Name = tuple[str, bool]  # an event without its time: a step or view, and whether it is a refresh


@dataclass(frozen=True, slots=True)
class Timed:
    """An order of events with its times. `lasts` is the longest this order allows (None: for ever); `run` shows
    that.
    """

    run: Run
    lasts: int | None
    changes: int


def longer_than_any(system: System) -> int:
    """Longer than any sum of delays in the system: a violation that lasts as long is there to stay."""
    steps = sum((step.hi or step.lo) for step in system.steps)
    return 4 * steps + 4 * sum(view.stale or 0 for view in system.views) + 1


@dataclass(frozen=True, slots=True)
class Order:
    """What an order of events asks of its times: difference constraints `time[b] - time[a] <= w` as (a, b, w).

    Index 0 is the beginning, the last one the end; the violation lasts from `since` to the end.
    """

    constraints: tuple[tuple[int, int, int], ...]
    size: int
    since: int


def _constraints(meaning: Interpreter, check: Check, names: tuple[Name, ...]) -> Order | None:
    """What this order asks of its times: enabledness depends on the order alone. None if it does not violate the
    check.
    """
    system = meaning.system
    bounds = [(step.lo, step.hi) for step in system.steps] + [(0, view.stale) for view in system.views]
    state = meaning.initial()
    started = {i: 0 for i, clock in enumerate(state.clocks) if clock is not None}
    violated = [_violates(meaning, check, state)]
    found: list[tuple[int, int, int]] = []
    for now, (name, refresh) in enumerate(names, start=1):
        found.append((now, now - 1, 0))
        fired = None if refresh else meaning.step_at[name]
        if fired is not None:
            found.append((now, started[fired], -bounds[fired][0]))
        state = meaning.refresh(state, name) if refresh else meaning.fire(state, name)
        violated.append(_violates(meaning, check, state))
        for i, since in list(started.items()):
            if i == fired or state.clocks[i] is None:
                hi = bounds[i][1]
                if hi is not None:
                    found.append((since, now, hi))
                del started[i]
        started.update((i, now) for i, clock in enumerate(state.clocks) if clock is not None and i not in started)
    end = len(names) + 1
    found.append((end, end - 1, 0))
    found += [(since, end, hi) for i, since in started.items() if (hi := bounds[i][1]) is not None]
    since = next((i + 1 for i in range(len(names), -1, -1) if not violated[i]), 0)
    return Order(tuple(found), end + 1, since) if since < end else None


def _violates(meaning: Interpreter, check: Check, state: State) -> bool:
    if check.kind == "never":
        return meaning.holds(check.when, state)
    return meaning.stuck(state) and not meaning.holds(check.when, state)


def _farthest(order: Order) -> int | None:
    """The most time that may lie between `since` and the end (Bellman and Ford; None: no limit)."""
    far: dict[int, int] = {order.since: 0}
    for _ in range(order.size):
        changed = False
        for a, b, w in order.constraints:
            if a in far and far[a] + w < far.get(b, far[a] + w + 1):
                far[b] = far[a] + w
                changed = True
        if not changed:
            break
    return far.get(order.size - 1)


def _earliest(order: Order, lasts: int) -> list[int] | None:
    """The least times, with the violation lasting `lasts`; None if there are none."""
    times = [0] * order.size
    constraints = [*order.constraints, (order.size - 1, order.since, -lasts)]
    for _ in range(order.size + 1):
        changed = False
        for a, b, w in constraints:
            if times[b] - w > times[a]:
                times[a] = times[b] - w
                changed = True
        if not changed:
            return times if times[0] == 0 else None
    return None


def timed(meaning: Interpreter, check: Check, names: tuple[Name, ...], cap: int) -> Timed | None:
    """The run of this order in which the violation lasts longest (at most `cap`), as early as can be; None: no such
    run.
    """
    order = _constraints(meaning, check, names)
    return None if order is None else best_times(order, names, cap, lasting=check.kind == "never")


def best_times(order: Order, names: tuple[Name, ...], cap: int, *, lasting: bool = True) -> Timed | None:
    """The same, where it is known what the order asks for. Not `lasting`: the violation is as short as it may be."""
    longest = _farthest(order) if lasting else 0
    times = _earliest(order, cap if longest is None else min(longest, cap))
    if times is None:
        return None
    events = tuple(Event(times[i], name, refresh) for i, (name, refresh) in enumerate(names, start=1))
    run = Run(events, times[-1], times[order.since])
    return Timed(run, longest, sum(not refresh for _, refresh in names))
