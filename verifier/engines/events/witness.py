"""From a model of the formulas to an order of events, with the refreshes filled in."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.engines.events.encoding import Encoding
from verifier.engines.events.reading import Point
from verifier.engines.events.shape import Shape, sources_first
from verifier.engines.terms import Solver
from verifier.engines.times import Name
from verifier.interpreter import Interpreter, State, Value


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
