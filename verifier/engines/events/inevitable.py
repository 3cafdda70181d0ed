"""Two questions about all runs: does every complete one satisfy a condition, and does it ever hold longer than that?

Both ask for a run, and HOLDS says that there is none. Less is asked of that run than ought to be (see `moments`), so a
run that is found shows nothing: the other answer is UNKNOWN.

*Complete* is a run in which time passes for ever and all obligations are honoured. Where no machine goes round, only
finitely many events happen, and after the last of them nothing bounded is enabled or behind for ever. So it is enough
to ask for a run that ends later than every bound after its last event: the rules of a run then see to it that nothing
is owed. A machine that was cut may use its last slot instead.
"""

from __future__ import annotations

from collections.abc import Callable

from verifier.engines.clock import Clock, OutOfBudget
from verifier.engines.events.encoding import Encoding
from verifier.engines.events.moments import Moments, points_needed
from verifier.engines.events.shape import shape_of
from verifier.engines.terms import Sat, Solver, SolverError, Term, Terms
from verifier.system.ir import FALSE, Check, Expr, System
from verifier.system.run import Answer, Budget, Outcome

# What is asked of a run: rules that hold at once, and what the condition says at its moments.
_Asked = Callable[[Encoding], tuple[list[Term], Moments]]


# Views that only the condition reads get no slots: it reads them moment by moment.
_NOTHING = Check("(nothing)", "never", FALSE)


def inevitable(system: System, condition: Expr, budget: Budget, slots_max: int) -> Outcome:
    """HOLDS if every complete run of `system` satisfies `condition` at some moment. Larger unrollings than `slots_max`
    are not tried.
    """

    def asked(encoding: Encoding) -> tuple[list[Term], Moments]:
        complete = encoding.terms.any((_complete(encoding), encoding.repeats()))
        return [complete], Moments(encoding, condition, wanted=False)

    return _none(system, condition, asked, budget, slots_max)


def lasts_at_most(system: System, condition: Expr, ticks: int, budget: Budget, slots_max: int) -> Outcome:
    """HOLDS if in no run of `system` `condition` holds without a break for more than `ticks`."""

    def asked(encoding: Encoding) -> tuple[list[Term], Moments]:
        reading, terms = encoding.reading, encoding.terms
        since = reading.since_point()
        within = [terms.le(reading.init.time, since.time, -1), terms.le(since.time, reading.end.time, -1)]
        longer = terms.all((*within, reading.elapsed(since, reading.end, ticks + 1)))
        return [longer], Moments(encoding, condition, wanted=True, since=since)

    if any(turns.cut for turns in shape_of(system, _NOTHING, (), once=True, extra_turns=0).turns.values()):
        return Outcome(Answer.UNKNOWN, reason="something goes round")
    return _none(system, condition, asked, budget, slots_max)


def _none(system: System, condition: Expr, asked: _Asked, budget: Budget, slots_max: int) -> Outcome:
    """HOLDS if there is no run of which all this is true."""
    clock = Clock(budget.seconds, budget.memory_mb, budget.work)
    shape = shape_of(system, _NOTHING, (), once=True, extra_turns=0)
    if shape.slots > slots_max:
        return Outcome(Answer.UNKNOWN, reason=f"{shape.slots} slots are too many")
    terms = Terms()
    solver = None
    try:
        more_points = points_needed(system, condition, shape)
        encoding = Encoding(system, _NOTHING, shape, terms, clock, more_points)
        rules, moments = asked(encoding)
        solver = Solver(terms, clock)
        for rule in (*encoding.rules, *encoding.bounds.values(), *rules):
            solver.add(rule)
        known = 0
        answer = Sat.YES
        for some in (moments.at_the_ends(), moments.around(direct=True), moments.around(direct=False)):
            more = list(some)
            for rule in (*encoding.definitions()[known:], *more):
                solver.add(rule)
            known = len(encoding.definitions())
            answer = solver.solve() if more else answer
            if answer is not Sat.YES:
                break
        assert encoding.reading.points <= (encoding.reading.scale - 1) ** 0.5, "more points than there is room for"
        statistics = {"slots": shape.slots, "solver_calls": solver.calls, "total_ms": int(clock.spent() * 1000)}
        found = Answer.HOLDS if answer is Sat.NO else Answer.UNKNOWN
        return Outcome(found, seconds=clock.spent(), statistics=statistics)
    except (OutOfBudget, SolverError):
        return Outcome(Answer.UNKNOWN, reason="the budget ran out", seconds=clock.spent())
    finally:
        if solver is not None:
            solver.close()
        terms.close()


def _complete(encoding: Encoding) -> Term:
    """The end is later than every bound after the last event, and than every chain of views."""
    system, reading = encoding.system, encoding.reading
    late = 1 + max((step.hi or 0 for step in system.steps), default=0) + sum(view.stale or 0 for view in system.views)
    slots = [slot for slots in reading.slots.values() for slot in slots]
    after = [encoding.terms.any((encoding.terms.no(x.happens), reading.elapsed(x, reading.end, late))) for x in slots]
    return encoding.terms.all((*after, reading.elapsed(reading.init, reading.end, late)))
