"""Verdicts on a system as it stands (`hitless check-system`), whoever made it."""

from __future__ import annotations

from dataclasses import replace

from verifier.analysis.questions import Deadline, WitnessRefused
from verifier.analysis.verdict import Verdict, Witness, worst
from verifier.engines import events
from verifier.interpreter import Refusal, replay
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.prune import prune
from verifier.system.run import Answer, Budget, Outcome
from verifier.system.slice import slice_for


@dataclass(frozen=True, slots=True)
class SystemVerdict:
    """`reason`: for VACUOUS and INCONCLUSIVE. `core`: for SAFE, the bounds it rests on, as (step or view, end)."""

    check: str
    verdict: Verdict
    reason: str = ""
    core: tuple[tuple[str, str], ...] = ()
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class SystemVerdicts:
    verdict: Verdict
    checks: tuple[SystemVerdict, ...]


def decide_system(system: ir.System, budget: Budget) -> SystemVerdicts:
    """Every check of the system; `budget` is for all of them."""
    deadline = Deadline(budget)
    found = tuple(_decide(system, check, deadline) for check in system.checks)
    return SystemVerdicts(worst([v.verdict for v in found]) if found else Verdict.SAFE, found)


def _decide(system: ir.System, check: ir.Check, deadline: Deadline) -> SystemVerdict:
    outcome = _ask(system, check, deadline)
    if outcome.answer is Answer.UNKNOWN:
        return SystemVerdict(check.name, Verdict.INCONCLUSIVE, outcome.reason)
    if outcome.answer is Answer.VIOLATED and outcome.run is not None:
        replayed = replay(system, check, outcome.run)
        if isinstance(replayed, Refusal):
            raise WitnessRefused(system, outcome.run, replayed)
        verdict = Verdict.UNSAFE if check.kind == "never" else Verdict.STUCK
        focus = frozenset((*system.machine, *system.view))
        return SystemVerdict(check.name, verdict, witness=Witness(system, check, outcome.run, replayed, focus))
    for cover in check.covers:
        reached = _ask(system, ir.Check(check.name, "never", cover, origin=check.origin), deadline)
        if reached.answer is Answer.HOLDS:
            return SystemVerdict(check.name, Verdict.VACUOUS, "what it covers cannot happen")
        if reached.answer is Answer.UNKNOWN:
            return SystemVerdict(check.name, Verdict.INCONCLUSIVE, reached.reason)
    return SystemVerdict(check.name, Verdict.SAFE, core=tuple(sorted(outcome.core)))


def _ask(system: ir.System, check: ir.Check, deadline: Deadline) -> Outcome:
    """`ends with` is asked of the whole system: a slice that is stuck need not be."""
    whole = replace(system, checks=(check,))
    small = whole if check.kind == "ends_with" else _smaller(whole)
    return events.check(small, small.checks[0], deadline.left())


def _smaller(system: ir.System) -> ir.System:
    pruned = prune(system)
    return slice_for(pruned, pruned.checks[0])
