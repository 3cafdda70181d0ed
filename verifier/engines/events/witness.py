"""From a model of the formulas to a run that an engineer believes: refreshes filled in, times chosen from the
order alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.engines.events.encoding import Encoding
from verifier.engines.events.reading import Point
from verifier.engines.events.shape import Shape, sources_first
from verifier.engines.terms import Solver
from verifier.interpreter import Interpreter, State, Value
from verifier.records import dataclass
from verifier.system.ir import Check
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


def order_of(encoding: Encoding, solver: Solver, meaning: Interpreter) -> tuple[Name, ...]:
    """The effective events of the model in order, with the refreshes filled in that the model says nothing of.

    A view that is read once or never is refreshed after every event, except between its moment L and the one at which
    it is read; any other view when it differs from its sources only in what nobody reads through it.
    """
    reading = encoding.reading
    happened = [s for slots in reading.slots.values() for s in slots if solver.value(s.happens)]
    points = sorted([*happened, *reading.once.values()], key=lambda p: (solver.value(p.time), -p.number))
    place = {point.number: i for i, point in enumerate(points)}
    holds_still = {view: _stillness(encoding, solver, view, place) for view in reading.once}
    in_order = sources_first(encoding.system)
    state = meaning.initial()
    names: list[Name] = []
    for i, point in enumerate(points):
        for name in _at(encoding, solver, point):
            after = meaning.refresh(state, name[0]) if name[1] else _fired(meaning, state, name[0])
            if after is not state:
                names.append(name)
            state = after
        for view in in_order:
            if view in encoding.shape.view_slots:
                wanted = view in meaning.behind(state) and _concerns_nobody(encoding.shape, meaning, state, view)
            else:
                wanted = i not in holds_still.get(view, range(0))
            after = meaning.refresh(state, view) if wanted else state
            if after is not state:
                names.append((view, True))
            state = after
    return tuple(names)


def _concerns_nobody(shape: Shape, meaning: Interpreter, state: State, view: str) -> bool:
    """The view differs from its sources in nothing that somebody reads through it."""
    system = meaning.system

    def alike(reader: str, source: str, a: Value, b: Value) -> bool:
        if source in system.machine:
            return any(a in group and b in group for group in shape.told_apart[reader, source])
        return all(alike(source, s, x, y) for s, x, y in zip(system.view[source].sources, a, b, strict=True))

    held = state.copies[meaning.view_at[view]]
    now = [
        state.machines[meaning.machine_at[s]] if s in meaning.machine_at else state.copies[meaning.view_at[s]]
        for s in system.view[view].sources
    ]
    return all(alike(view, s, a, b) for s, a, b in zip(system.view[view].sources, held, now, strict=True))


def _fired(meaning: Interpreter, state: State, name: str) -> State:
    if name not in meaning.enabled(state):
        raise AssertionError(f"the model fires {name}, which is not enabled")
    return meaning.fire(state, name)


def _at(encoding: Encoding, solver: Solver, point: Point) -> Iterator[Name]:
    """The event of a point; a once-moment is none."""
    for step in point.steps:
        if solver.value(encoding.reading.fires[point.number, step.name]):
            yield step.name, False
    if point.owner in encoding.shape.view_slots:
        yield point.owner, True


def _stillness(encoding: Encoding, solver: Solver, view: str, place: dict[int, int]) -> range:
    """The places in the order after which the view is not refreshed: from its L to before the moment of its reading.

    L is no event, so the view was brought up to date already; a source that is read at L may be refreshed there. For
    `ends with` all that counts happens before L.
    """
    if encoding.check.kind == "ends_with":
        return range(0)
    reading = encoding.reading
    first = place[reading.once[view].number]
    moment, read = encoding.moment(view)
    if not solver.value(read):
        return range(0)
    return range(first, place.get(moment.number, len(place)))


@dataclass(frozen=True, slots=True)
class _Order:
    """Difference constraints `time[b] - time[a] <= w` as (a, b, w); index 0 is the beginning, the last the end."""

    constraints: tuple[tuple[int, int, int], ...]
    size: int
    since: int


def _constraints(meaning: Interpreter, check: Check, names: tuple[Name, ...]) -> _Order | None:
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
    return _Order(tuple(found), end + 1, since) if since < end else None


def _violates(meaning: Interpreter, check: Check, state: State) -> bool:
    if check.kind == "never":
        return meaning.holds(check.when, state)
    return meaning.stuck(state) and not meaning.holds(check.when, state)


def _farthest(order: _Order) -> int | None:
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


def _earliest(order: _Order, lasts: int) -> list[int] | None:
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
    if order is None:
        return None
    longest = 0 if check.kind == "ends_with" else _farthest(order)
    times = _earliest(order, cap if longest is None else min(longest, cap))
    if times is None:
        return None
    events = tuple(Event(times[i], name, refresh) for i, (name, refresh) in enumerate(names, start=1))
    run = Run(events, times[-1], times[order.since])
    return Timed(run, longest, sum(not refresh for _, refresh in names))
