"""Verdicts on a system as it stands (`hitless check-system`), whoever made it."""

from __future__ import annotations

from dataclasses import replace

from verifier.analysis.both import answered, searched
from verifier.analysis.completion import completed
from verifier.analysis.questions import Deadline, WitnessRefused
from verifier.analysis.verdict import Searched, Verdict, Witness, worst
from verifier.interpreter import Interpreter, Refusal, replay
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.prune import prune
from verifier.system.run import Answer, Budget, Outcome
from verifier.system.slice import slice_for
from verifier.system.wellformed import time_stops


class TimeStops(Exception):
    """The system is none: from some moment on no tick is possible any more, or that could not be excluded."""


@dataclass(frozen=True, slots=True)
class SystemVerdict:
    """`reason`: for VACUOUS and INCONCLUSIVE. `core`: for SAFE, the bounds it rests on, as (step or view, end)."""

    check: str
    verdict: Verdict
    reason: str = ""
    core: tuple[tuple[str, str], ...] = ()
    witness: Witness | None = None
    searched: Searched | None = None


@dataclass(frozen=True, slots=True)
class SystemVerdicts:
    verdict: Verdict
    checks: tuple[SystemVerdict, ...]


def decide_system(system: ir.System, budget: Budget) -> SystemVerdicts:
    """Every check of the system; `budget` is for all of them. Raises `TimeStops`."""
    deadline = Deadline(budget)
    _time_goes_on(system, deadline)
    found = tuple(_decide(system, check, deadline) for check in system.checks)
    return SystemVerdicts(worst([v.verdict for v in found]) if found else Verdict.SAFE, found)


def _time_goes_on(system: ir.System, deadline: Deadline) -> None:
    """Raises `TimeStops` if it does not, or if that is not known: then whatever comes after would be called safe.

    Where steps could go round without time passing the whole graph is searched for a way to begin and never end that.
    """
    possible = next(iter(time_stops(system)), None)
    if possible is None:
        return
    from verifier.engines import graph

    outcome = graph.check(system, ir.Check("time goes on", "never", ir.FALSE), deadline.left())
    if outcome.answer is not Answer.HOLDS:
        cut = not outcome.reason.startswith(graph.TIME_STOPS)
        raise TimeStops(f"{possible.message}; {outcome.reason}" if cut else outcome.reason)


def _decide(system: ir.System, check: ir.Check, deadline: Deadline) -> SystemVerdict:
    outcome = _ask(system, check, deadline)
    if outcome.answer is Answer.UNKNOWN:
        return SystemVerdict(check.name, Verdict.INCONCLUSIVE, outcome.reason)
    if outcome.answer is Answer.VIOLATED and outcome.run is not None:
        meaning = Interpreter(system)
        # What the slice leaves out may have to move, too.
        run = completed(outcome.run, outcome.asked, meaning, {}) if outcome.asked is not None else outcome.run
        replayed = replay(system, check, run, meaning)
        if isinstance(replayed, Refusal):
            raise WitnessRefused(system, run, replayed)
        verdict = Verdict.UNSAFE if check.kind == "never" else Verdict.STUCK
        focus = frozenset((*system.machine, *system.view))
        witness = Witness(system, check, run, replayed, focus)
        return SystemVerdict(check.name, verdict, witness=witness, searched=searched((outcome,), deadline.left()))
    outcomes = [outcome]
    for cover in check.covers:
        reached = _ask(system, ir.Check(check.name, "never", cover, origin=check.origin), deadline)
        if reached.answer is Answer.HOLDS:
            return SystemVerdict(check.name, Verdict.VACUOUS, "what it covers cannot happen")
        if reached.answer is Answer.UNKNOWN:
            return SystemVerdict(check.name, Verdict.INCONCLUSIVE, reached.reason)
        outcomes.append(reached)
    how = searched(outcomes, deadline.left())
    return SystemVerdict(check.name, Verdict.SAFE, core=tuple(sorted(outcome.core)), searched=how)


def _ask(system: ir.System, check: ir.Check, deadline: Deadline) -> Outcome:
    """`ends with` is asked of the whole system: a slice that is stuck need not be."""
    whole = replace(system, checks=(check,))
    small = whole if check.kind == "ends_with" else _smaller(whole)
    return answered(small, deadline.left())


def _smaller(system: ir.System) -> ir.System:
    pruned = prune(system)
    return slice_for(pruned, pruned.checks[0])
