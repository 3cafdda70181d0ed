"""Two engines that share nothing but the system: one answers, the other one fills in, or checks the answer.

The events engine answers. Where machines go round and round and it cannot say how often, the graph engine decides, if
the system fits into the budget. Where the graph is small enough by an estimate, it is searched in any case: two
programs that were written apart then say the same, or hitless has a fault.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from verifier.analysis.stages import pruned
from verifier.analysis.verdict import Certified, CheckResult, PartResult, Searched, Verdict
from verifier.engines import events
from verifier.system import ir
from verifier.system.run import Answer, Budget, Outcome, Run
from verifier.system.suffix import going_round

# The search for one verdict looks at so many states at most, by the estimate: about a tenth of a second.
_STATES_MAX = 60_000
# Where machines go round, this part of the time is kept for the graph engine, if there are so many seconds at least.
_KEPT, _KEPT_FROM = 0.2, 10.0
# Larger systems are not searched, and no estimate is made of them.
MACHINES_MAX = 300
# An estimate that is too low by more than this ends the search.
_TOO_LOW = 4


class EnginesDisagree(Exception):
    """Somebody gave another answer than was given first: our fault. `system` and `run` reproduce it."""

    def __init__(self, said: Outcome, other: str, answer: Answer, run: Run | None = None) -> None:
        super().__init__(f"the answer was {said.answer.value}, {other} says {answer.value}")
        self.system = said.asked
        self.run = said.run or run


def answered(system: ir.System, budget: Budget, *, proof: bool = True, **wish: Any) -> Outcome:
    """The answer to the one check of `system`, `asked` with it: by the events engine (which `wish` is for), or by the
    graph engine where machines go round and the former does not know. Without `proof` only a violation is wanted.
    """
    check, round_ = system.checks[0], proof and len(system.machines) <= MACHINES_MAX and bool(going_round(system))
    kept = budget.seconds * _KEPT if round_ and budget.seconds >= _KEPT_FROM else 0.0
    outcome = events.check(system, check, replace(budget, seconds=budget.seconds - kept), proof=proof, **wish)
    if outcome.answer is Answer.UNKNOWN and round_:
        from verifier.engines import graph  # and arrays, which most verdicts need not wait for

        left = replace(budget, seconds=max(budget.seconds - outcome.seconds, 0.0))
        found = graph.check(system, check, left)
        if found.answer is Answer.UNKNOWN:
            return replace(outcome, reason=f"{outcome.reason}; searching all states: {found.reason}", asked=system)
        outcome = found
    return replace(outcome, asked=system, order=wish.get("order", ()))


def confirmed(result: CheckResult, budget: Budget) -> CheckResult:
    """The result, with the number of states if an exhaustive search gives every answer that it rests on.

    SAFE rests on every part, a violation on the parts that are violated. Raises `EnginesDisagree`.
    """
    return replace(result, searched=searched(_rests_on(result), budget))


def certified(result: CheckResult, budget: Budget) -> CheckResult:
    """The result, with how many of the answers that it rests on cvc5 repeats.

    Raises `EnginesDisagree`, and `certifier.NotInstalled`.
    """
    from verifier.engines import certifier

    repeated, given, solver = 0, [_answer(part) for part in _decisive(result)], certifier.solver_name()
    until = time.monotonic() + budget.seconds
    for outcome in sorted(given, key=_size):  # so that one that takes all of the time takes it from no other
        if outcome is not None and outcome.asked is not None:
            answer = certifier.repeat(outcome, outcome.asked, replace(budget, seconds=until - time.monotonic()))
            if answer is not Answer.UNKNOWN and answer is not outcome.answer:
                raise EnginesDisagree(outcome, solver, answer)
            repeated += answer is outcome.answer
    return replace(result, certified=Certified(solver, repeated, len(given)))


def _rests_on(result: CheckResult) -> list[Outcome | None]:
    """The answers that a verdict rests on; None for one that nobody can be asked about again."""
    return [part.outcome for part in _decisive(result)]


def _decisive(result: CheckResult) -> list[PartResult]:
    """The parts that a verdict rests on, and that somebody was asked about."""
    if result.verdict not in (Verdict.SAFE, Verdict.UNSAFE, Verdict.STUCK):
        return []
    return [part for part in result.parts if part.verdict is result.verdict and not _by_lemmas(part)]


def _answer(part: PartResult) -> Outcome | None:
    """As it is asked of another solver. That the check's slice can get stuck is not enough: the whole did."""
    if part.verdict is Verdict.STUCK and part.witness is not None:
        return Outcome(Answer.VIOLATED, run=part.witness.run, asked=pruned(part.witness.system, part.witness.check))
    return part.outcome


def _by_lemmas(part: PartResult) -> bool:
    """No engine had anything to say: what is violated in the part is excluded by what was shown before."""
    return part.outcome is not None and part.outcome.asked is None and part.verdict is Verdict.SAFE


def _size(outcome: Outcome | None) -> int:
    return 0 if outcome is None or outcome.asked is None else len(outcome.asked.steps)


def searched(outcomes: Iterable[Outcome | None], budget: Budget) -> Searched | None:
    """Repeats the answers by exhaustive search; None if one of them was no engine's, or its system is too large.

    Raises `EnginesDisagree`.
    """
    given = list(outcomes)
    if not given or any(one is None or one.asked is None or one.answer is Answer.UNKNOWN for one in given):
        return None
    from verifier.engines import graph

    states, confirms, left = 0, True, _STATES_MAX
    for outcome in given:
        assert outcome is not None
        system = outcome.asked
        assert system is not None
        if len(system.machines) > MACHINES_MAX:
            return None
        if "states" in outcome.statistics:  # the graph engine's own answer
            states, confirms = states + outcome.statistics["states"], False
            continue
        estimate = graph.estimated(system, system.checks[0], budget, left)
        if estimate is None:
            return None
        left -= estimate
        found = graph.check(system, system.checks[0], budget, most=_TOO_LOW * estimate)
        if found.answer is Answer.UNKNOWN:
            return None
        if found.answer is not outcome.answer:
            raise EnginesDisagree(outcome, "the graph engine", found.answer, found.run)
        states += found.statistics["states"]
    return Searched(states, confirms)
