"""The events engine: is there a run of the system that violates the check? Decided by Z3, without a state graph."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property

from verifier.engines.clock import Clock, OutOfBudget
from verifier.engines.events.encoding import Bound, Encoding
from verifier.engines.events.shape import shape_of
from verifier.engines.events.witness import order_of
from verifier.engines.terms import Sat, Session, Solver, SolverError, Term
from verifier.engines.times import Timed, longer_than_any, timed
from verifier.interpreter import Interpreter
from verifier.records import dataclass
from verifier.system.ir import Check, Expr, Or, System, disj, reads
from verifier.system.run import WORK_A_SECOND, Answer, Budget, Outcome, Run

# How often a machine with a cycle may turn beyond the number of its states, one attempt after another.
_EXTRA_TURNS = (1, 4, 12)
# Larger unrollings are not tried a second time: the first cut is then the answer.
_SLOTS_MAX = 150
# Making a term takes about as long as so much work of the solver.
_WORK_A_TERM = 50
# To make a core smaller is worth as much work as the proof took, this much at least and this much at most.
_CORE_WORK_MIN = WORK_A_SECOND // 20
_CORE_WORK_MAX = WORK_A_SECOND // 2
# After so much work a proof is said to rest on all bounds. With more rules than this, to assume the bounds takes longer
# than to assert them, and is done in a second search.
_CORE_PROOF_MAX = 2 * WORK_A_SECOND
_CORE_RULES_MAX = 10_000
# A better run than the first is worth twice the work that finding the first took, and this much at least.
_BEST_WORK_MIN = WORK_A_SECOND // 2


@dataclass(frozen=True)
class _Wish:
    """How a question is asked; see `check`."""

    once: bool
    best: bool
    core: bool
    proof: bool
    order: tuple[tuple[str, ...], ...]
    assume: tuple[Expr, ...]


def check(
    system: System,
    check: Check,
    budget: Budget,
    *,
    once: bool = True,
    best: bool = True,
    core: bool = True,
    proof: bool = True,
    order: tuple[tuple[str, ...], ...] = (),
    assume: tuple[Expr, ...] = (),
    session: Session | None = None,
) -> Outcome:
    """Whether some run of `system` violates `check`; exact, with UNKNOWN when the budget, Z3 or a cut says so.

    `assume` holds in every reachable state. `once` is the reduction of views that are read at one moment only. Without
    `best` the first violation found is good enough; without `core` a proof does not say what it rests on; without
    `proof` only a violation is wanted, and what goes round is not followed for long. Questions that belong together may
    share a `session`.
    """
    if session is None:
        with closing(Session()) as own:
            return _check(own, system, check, budget, _Wish(once, best, core, proof, order, assume))
    return _check(session, system, check, budget, _Wish(once, best, core, proof, order, assume))


def _check(session: Session, system: System, check: Check, budget: Budget, wish: _Wish) -> Outcome:
    clock = Clock(budget.seconds, budget.memory_mb, budget.work)
    parts = _parts(system, check, wish.assume) if wish.once else [check]
    outcomes = [_decide(session, system, check, part, clock, wish) for part in parts]
    outcome = _joined(outcomes)
    return replace(outcome, seconds=clock.spent(), statistics={**outcome.statistics, "work": clock.done})


def _parts(system: System, check: Check, assume: tuple[Expr, ...]) -> list[Check]:
    """The alternatives of `never (A or B)` as checks of their own, where that makes more views be read once.

    A disjunction is reachable exactly if one of its parts is. Parts that read the same views stay together.
    """
    if check.kind != "never" or not isinstance(check.when, Or):
        return [check]
    groups: dict[frozenset[str], list[Expr]] = {}
    for part in check.when.parts:
        groups.setdefault(reads(part).intersection(system.view), []).append(part)
    parts = [replace(check, when=disj(group)) for group in groups.values()]
    slots = [
        sum(shape_of(system, part, assume, once=True, extra_turns=0).view_slots.values()) for part in (check, *parts)
    ]
    return parts if max(slots[1:]) < slots[0] else [check]


def _joined(outcomes: list[Outcome]) -> Outcome:
    """The longest violation if there is one; else what was not decided; else all hold, by all the bounds used."""
    violated = [outcome for outcome in outcomes if outcome.run is not None]
    if violated:
        return max(violated, key=lambda outcome: outcome.run.end - outcome.run.since if outcome.run else 0)
    unknown = [outcome for outcome in outcomes if outcome.answer is Answer.UNKNOWN]
    if unknown or len(outcomes) == 1:
        return (unknown or outcomes)[0]
    statistics = {key: sum(outcome.statistics.get(key, 0) for outcome in outcomes) for key in outcomes[0].statistics}
    statistics["slots"] = max(outcome.statistics.get("slots", 0) for outcome in outcomes)
    core = frozenset[Bound]().union(*(outcome.core for outcome in outcomes))
    return Outcome(Answer.HOLDS, core=core, statistics={**statistics, "parts": len(outcomes)})


def _decide(session: Session, system: System, whole: Check, check: Check, clock: Clock, wish: _Wish) -> Outcome:
    """One part of the `whole` check, with longer and longer unrollings where machines go round."""
    outcome = Outcome(Answer.UNKNOWN, reason="nothing was tried")
    for extra in _EXTRA_TURNS:
        try:
            outcome, again = _attempt(session, system, whole, check, clock, wish, extra)
        except OutOfBudget as spent:
            outcome, again = Outcome(Answer.UNKNOWN, reason=str(spent)), False
        except SolverError as error:
            # Z3 notices between two searches, too, that its memory is used up.
            why = "the memory budget ran out" if clock.crowded() else f"the solver gave up: {error}"
            outcome, again = Outcome(Answer.UNKNOWN, reason=why), False
        if not again:
            break
    return outcome


def _attempt(
    session: Session, system: System, whole: Check, check: Check, clock: Clock, wish: _Wish, extra_turns: int
) -> tuple[Outcome, bool]:
    """One unrolling, and whether a longer one may say more."""
    clock.look()
    begun = clock.spent()
    shape = shape_of(system, check, wish.assume, once=wish.once, extra_turns=extra_turns)
    terms = session.terms()
    solver, size = None, terms.size
    try:
        encoding = Encoding(system, check, shape, terms, clock)
        for expr in wish.assume:
            encoding.suppose(expr)
        for machines in wish.order:
            encoding.sort(machines)
        goal, repeats = encoding.goal(), encoding.repeats()
        built = clock.spent()
        clock.done += _WORK_A_TERM * (terms.size - size)
        solver = Solver(terms, clock)
        bounds = list(encoding.bounds.values())
        assumed = bounds if wish.core and len(encoding.rules) <= _CORE_RULES_MAX else []
        for rule in (*encoding.definitions(), *encoding.rules, *(() if assumed else bounds)):
            solver.add(rule)
        answer, core = _answer(solver, goal, assumed, clock)
        statistics = {
            "slots": shape.slots,
            "build_ms": int((built - begun) * 1000),
            "solve_ms": int((clock.spent() - built) * 1000),
        }
        if answer is Sat.UNKNOWN:
            return Outcome(Answer.UNKNOWN, reason=_why(solver), statistics=statistics), False
        if answer is Sat.YES:
            search = _Search(encoding, solver, Interpreter(system), whole, clock)
            run = search.best(statistics) if wish.best else search.first()
            return Outcome(Answer.VIOLATED, run=run, statistics=statistics), False
        goals = [goal]
        if any(turns.cut for turns in shape.turns.values()):
            if not wish.proof:
                return Outcome(Answer.UNKNOWN, reason="repetition was cut", statistics=statistics), False
            solver.pop()
            answer, more = _answer(solver, repeats, assumed, clock)
            if answer is not Sat.NO:
                cuts = sorted(f"{name} at {len(t.steps)} changes" for name, t in shape.turns.items() if t.cut)
                why = _why(solver) if answer is Sat.UNKNOWN else f"repetition was cut: {', '.join(cuts)}"
                again = answer is Sat.YES and shape.slots <= _SLOTS_MAX
                return Outcome(Answer.UNKNOWN, reason=why, statistics=statistics), again
            core |= more
            goals.append(repeats)
        if wish.core and not assumed:
            core = _core(encoding, goals, clock)
        name = {literal: bound for bound, literal in encoding.bounds.items()}
        return Outcome(Answer.HOLDS, core=frozenset(name[bound] for bound in core), statistics=statistics), False
    finally:
        if solver is not None:
            solver.close()


def _why(solver: Solver) -> str:
    reason = solver.reason()
    if reason in ("timeout", "canceled"):
        return "the time budget ran out"
    return "the memory budget ran out" if "mem" in reason else f"the solver gave up: {reason}"


def _answer(solver: Solver, goal: Term, bounds: list[Term], clock: Clock) -> tuple[Sat, set[Term]]:
    """Whether `goal` can be, with all `bounds`; if not, the ones of them that this rests on: all, if it took long."""
    answer, core = _assuming(solver, goal, bounds, clock, _CORE_PROOF_MAX if bounds else None)
    if bounds and answer is not Sat.NO:
        for bound in bounds:
            solver.add(bound)
        if answer is Sat.UNKNOWN:
            answer = solver.solve()
    return answer, core


def _assuming(solver: Solver, goal: Term, bounds: list[Term], clock: Clock, work: int | None) -> tuple[Sat, set[Term]]:
    """Whether `goal`, asserted from here on, can be under the assumption of `bounds`; if not, which of them that needs,
    else all: a search tells what it used of its assumptions.
    """
    solver.push()
    solver.add(goal)
    answer = solver.solve(bounds, work)
    return answer, _smaller(solver, clock, bounds) if answer is Sat.NO else set(bounds)


def _core(encoding: Encoding, goals: list[Term], clock: Clock) -> set[Term]:
    """The bounds that a proof rests on which assumed none; all of them where there is no time to find out."""
    bounds = list(encoding.bounds.values())
    if clock.done > _CORE_PROOF_MAX:
        return set(bounds)
    work = max(_CORE_WORK_MIN, clock.done)
    solver = Solver(encoding.terms, clock)
    found: set[Term] = set()
    try:
        for rule in (*encoding.definitions(), *encoding.rules):
            solver.add(rule)
        for goal in goals:
            found |= _assuming(solver, goal, bounds, clock, work)[1]
            solver.pop()
    except (OutOfBudget, SolverError):
        return set(bounds)
    finally:
        solver.close()
    return found


def _smaller(solver: Solver, clock: Clock, bounds: list[Term]) -> set[Term]:
    """The bounds that the last answer used, without one after another while the work is worth it."""
    used = solver.core()
    core = [bound for bound in bounds if bound in used]
    work = min(max(_CORE_WORK_MIN, clock.done), _CORE_WORK_MAX)
    stop = clock.done + work
    with suppress(OutOfBudget, SolverError):
        for bound in list(core):
            if clock.done > stop:
                break
            rest = [other for other in core if other != bound]
            if solver.solve(rest, work // 4) is Sat.NO:
                used = solver.core()
                core = [other for other in rest if other in used]
    return set(core)


@dataclass
class _Search:
    """Looks, after a first violation, for the one an engineer believes: the longest, then the fewest events, then
    the earliest.
    """

    encoding: Encoding
    solver: Solver
    meaning: Interpreter
    whole: Check
    clock: Clock
    _until: int = 0

    @cached_property
    def cap(self) -> int:
        return longer_than_any(self.encoding.system)

    def best(self, statistics: dict[str, int]) -> Run:
        """The best run found within the budget; there is one already, so running out only ends the search."""
        found = self._read()
        self._until = self.clock.done + max(_BEST_WORK_MIN, 2 * self.clock.done)
        try:
            if self.whole.kind == "never":
                found = self._longest(found)
            found = self._fewest(found)
            found = self._earliest(found)
        except (OutOfBudget, SolverError):
            statistics["witness_cut_short"] = 1
        statistics["solver_calls"] = self.solver.calls
        if found.lasts is None:
            statistics["lasts_for_ever"] = 1
        return found.run

    def _more(self) -> Sat:
        left = self._until - self.clock.done
        if left <= 0:
            raise OutOfBudget("the search for a better run took long enough")
        return self.solver.solve(work=left)

    def first(self) -> Run:
        return self._read().run

    def _read(self) -> Timed:
        found = timed(self.meaning, self.whole, order_of(self.encoding, self.solver, self.meaning), self.cap)
        if found is None:
            raise AssertionError("the order of events in the model has no times")
        return found

    def _lasts(self, found: Timed) -> int:
        return found.run.end - found.run.since

    def _longest(self, found: Timed) -> Timed:
        """Gallop to the longest violation; afterwards the solver is bound to it."""
        reading = self.encoding.reading
        since = reading.since_point()
        for term in self.encoding.since(since):
            self.solver.add(term)
        low, high, stride = self._lasts(found), self.cap, 1
        while low < high:
            target = min(high, low + stride)
            self.solver.push()
            self.solver.add(reading.elapsed(since, reading.end, target))
            if self._more() is Sat.YES:
                found = self._read()
                low, stride = max(target, self._lasts(found)), stride * 4
            else:
                high, stride = target - 1, 1
            self.solver.pop()
        self.solver.add(reading.elapsed(since, reading.end, self._lasts(found)))
        return found

    def _fewest(self, found: Timed) -> Timed:
        """Forbid as many events until nothing is left; afterwards the solver is bound to the fewest."""
        slots = [s.happens for slots in self.encoding.reading.slots.values() for s in slots]
        count = self._count(slots)
        while count > 0:
            self.solver.push()
            self.solver.add(self.encoding.terms.at_most(count - 1, slots))
            answer = self._more()
            if answer is Sat.YES:
                found, count = self._read(), self._count(slots)
            self.solver.pop()
            if answer is not Sat.YES:
                break
        self.solver.add(self.encoding.terms.at_most(count, slots))
        return found

    def _count(self, slots: list[Term]) -> int:
        return sum(bool(self.solver.value(slot)) for slot in slots)

    def _earliest(self, found: Timed) -> Timed:
        """Gallop to the earliest end."""
        reading = self.encoding.reading
        low, high, stride = 0, found.run.end, 1
        while low < high:
            target = max(low, high - stride)
            self.solver.push()
            self.solver.add(reading.within(reading.init, reading.end, target))
            if self._more() is Sat.YES:
                found = self._read()
                high, stride = min(target, found.run.end), stride * 4
            else:
                low, stride = target + 1, 1
            self.solver.pop()
        return found
