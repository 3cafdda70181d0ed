"""Does every complete run satisfy a condition at some moment? A question of the same kind as a violation.

A run is *complete* if time passes for ever in it and all obligations are honoured. Wanted is a complete run that avoids
the condition throughout; if there is none, every run satisfies it.

*Complete.* Where no machine goes round, only finitely many events happen, and after the last of them nothing bounded is
enabled or behind for ever. So it is enough to ask for a run that ends later than every bound after its last event: the
rules of a run then see to it that nothing is owed. A machine that was cut may use its last slot instead.

*Avoids.* Asking that the condition fails at some moments only, which are fixed by the run, asks for less than that it
always fails: what satisfies no such question satisfies no stricter one. These moments are: the beginning; right before
each step of a machine that the condition mentions; right after those of a machine that it reads directly and not
through a view; the end. A view that is read at moment x shows its sources as of some L with `x - H <= L <= x` (see
`Encoding._once_rules`); that the copies of different moments belong to one history of the view is not asked. So the
views of the condition need no slots, and the question stays as small as its machines.

Hence the answer has two values: HOLDS (every complete run satisfies it), or UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.engines.events.encoding import Encoding
from verifier.engines.events.reading import Point
from verifier.engines.events.shape import shape_of
from verifier.engines.events.terms import Clock, OutOfBudget, Sat, Solver, SolverError, Term, Terms
from verifier.system.ir import (
    FALSE,
    And,
    AtLeast,
    Check,
    Expr,
    Not,
    Or,
    Seen,
    Step,
    System,
    at_least,
    conj,
    disj,
    mentions,
    neg,
    reads,
    seen,
)
from verifier.system.run import Answer, Budget, Outcome


def inevitable(system: System, condition: Expr, budget: Budget, slots_max: int) -> Outcome:
    """HOLDS if every complete run of `system` satisfies `condition` at some moment. Larger unrollings than `slots_max`
    are not tried.
    """
    clock = Clock(budget.seconds, budget.memory_mb)
    # Views that only the condition reads get no slots: it reads them moment by moment.
    nothing = Check("(nothing)", "never", FALSE)
    shape = shape_of(system, nothing, (), once=True, extra_turns=0)
    if shape.slots > slots_max:
        return Outcome(Answer.UNKNOWN, reason=f"{shape.slots} slots are too many")
    terms = Terms()
    solver = None
    try:
        views = sum(name in system.view for name in set(mentions(condition)))
        moments = 2 + 2 * sum(len(turns.steps) for turns in shape.turns.values())
        encoding = Encoding(system, nothing, shape, terms, clock, more_points=moments * views)
        complete = terms.any((_complete(encoding, condition), encoding.repeats()))
        avoiding = _Avoiding(encoding, condition)
        solver = Solver(terms, clock)
        known = 0
        for rule in (*encoding.rules, *encoding.bounds.values(), complete):
            solver.add(rule)
        answer = Sat.YES
        for some in (avoiding.at_the_ends(), avoiding.around(direct=True), avoiding.around(direct=False)):
            more = list(some)
            for rule in (*encoding.definitions()[known:], *more):
                solver.add(rule)
            known = len(encoding.definitions())
            answer = solver.solve() if more else answer
            if answer is not Sat.YES:
                break
        statistics = {"slots": shape.slots, "solver_calls": solver.calls, "total_ms": int(clock.spent() * 1000)}
        found = Answer.HOLDS if answer is Sat.NO else Answer.UNKNOWN
        return Outcome(found, seconds=clock.spent(), statistics=statistics)
    except (OutOfBudget, SolverError):
        return Outcome(Answer.UNKNOWN, reason="the budget ran out", seconds=clock.spent())
    finally:
        if solver is not None:
            solver.close()
        terms.close()


def _complete(encoding: Encoding, condition: Expr) -> Term:
    """The end is later than every bound after the last event, and than every chain of views of the condition."""
    system, reading = encoding.system, encoding.reading
    bounds = [step.hi or 0 for step in system.steps] + [view.stale or 0 for view in system.views]
    late = 1 + max(bounds, default=0) + sum(system.view[name].stale or 0 for name in _views(condition, system))
    slots = [slot for slots in reading.slots.values() for slot in slots]
    after = [encoding.terms.any((encoding.terms.no(x.happens), reading.elapsed(x, reading.end, late))) for x in slots]
    return encoding.terms.all((*after, reading.elapsed(reading.init, reading.end, late)))


def _views(condition: Expr, system: System) -> list[str]:
    return [name for name in dict.fromkeys(mentions(condition)) if name in system.view]


class _Avoiding:
    """The condition fails at moments that are fixed by the run."""

    def __init__(self, encoding: Encoding, condition: Expr) -> None:
        self.encoding, self.condition = encoding, condition
        self.direct = reads(condition)
        self.mentioned = frozenset(mentions(condition))

    def at_the_ends(self) -> Iterator[Term]:
        reading = self.encoding.reading
        yield reading.holds(self.condition, False, reading.init)
        yield from self._fails(self.condition, reading.end, "the end")

    def around(self, *, direct: bool) -> Iterator[Term]:
        """Before each step of the machines that are read directly (or not), and after it where no copy shows them."""
        reading, terms = self.encoding.reading, self.encoding.terms
        copied = self._copied()
        for machine in self.encoding.system.machine:
            if machine not in self.mentioned or (machine in self.direct) is not direct:
                continue
            for slot in reading.slots[machine]:
                settled: dict[str, list[Step]] = {}
                for step in slot.steps:
                    settled.setdefault(step.source, []).append(step)
                for source, steps in settled.items():
                    fires = terms.any(reading.fires[slot.number, step.name] for step in steps)
                    before = self.encoding.settle(self.condition, machine, source)
                    for term in self._fails(before, slot, f"before {slot.number} from {source}"):
                        yield terms.any((terms.no(fires), term))
                if machine not in copied:
                    for term in self._fails(self.condition, slot, f"after {slot.number}"):
                        yield terms.any((terms.no(slot.happens), term))

    def _copied(self) -> frozenset[str]:
        """The machines that the condition reads through views."""
        todo = [self.condition]
        found: set[str] = set()
        while todo:
            here = todo.pop()
            if isinstance(here, Seen):
                found.update(mentions(here.body))
            elif isinstance(here, And | Or | AtLeast):
                todo.extend(here.parts)
            elif isinstance(here, Not):
                todo.append(here.body)
        return frozenset(found)

    def _fails(self, expr: Expr, at: Point, moment: str) -> Iterator[Term]:
        """`expr` fails at a point, and what is asked of the copies that it reads there."""
        copies = _Copies(self.encoding, at, moment)
        yield self.encoding.reading.holds(copies.read(expr, at), False, at)
        yield from copies.rules


class _Copies:
    """The views of a condition under names of their own, each read as of one moment L that is not too old."""

    def __init__(self, encoding: Encoding, at: Point, moment: str) -> None:
        self.encoding, self.at, self.moment = encoding, at, moment
        self.rules: list[Term] = []

    def read(self, expr: Expr, at: Point) -> Expr:
        match expr:
            case Not(body):
                return neg(self.read(body, at))
            case And(parts):
                return conj(self.read(part, at) for part in parts)
            case Or(parts):
                return disj(self.read(part, at) for part in parts)
            case AtLeast(k, parts):
                return at_least(k, [self.read(part, at) for part in parts])
            case Seen(view, body):
                name = f"{view} ({self.moment}, {at.number})"
                reading = self.encoding.reading
                if name not in reading.once:
                    point = reading.moment(name)
                    self.rules.append(self.encoding.terms.le(reading.init.time, point.time, -1))
                    if at is reading.end:
                        self.rules.append(self.encoding.terms.le(point.time, at.time, -1))
                    else:
                        self.rules.append(reading.lt(point, at))
                    stale = self.oldest(view)
                    if stale is not None:
                        self.rules.append(reading.within(point, at, stale))
                return seen(name, self.read(body, reading.once[name]))
        return expr

    def oldest(self, view: str) -> int | None:
        return self.encoding.system.view[view].stale
