"""From a check of a program to its verdict.

A part of a check is decided for one choice of members of each kind, because members of a class are interchangeable. First
the relaxed slice is asked: if it is SAFE, so is the system, and for any size if nothing in it depends on one. If not, the
whole slice is instantiated and a run is looked for in which all but a few members never move. Such a run is found or not
found in a system as small as those few, but it is shown only after the interpreter has replayed it on all of the slice; a
member that turns out to be forced to move joins the few. SAFE at this topology is said only when every member was free to
move.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier.analysis.completion import completed
from verifier.analysis.verdict import CheckResult, PartResult, Verdict, Witness, worst
from verifier.engines import events
from verifier.engines.induction import Induction
from verifier.interpreter import Refusal, Replayed, replay
from verifier.language.program import CheckTemplate, Condition
from verifier.system import ir
from verifier.system.lower import Lowered, initially, lower
from verifier.system.prune import prune
from verifier.system.run import Answer, Budget, Outcome, Run
from verifier.system.scope import ANY_SIZE, THIS_TOPOLOGY, Scope, weakest
from verifier.system.slice import slice_for
from verifier.system.values import Env, Member, Values

# So many members are freed because they were forced to move, before the run is cut short where they would have to.
_FREED_FOR_WIDTH = 3


class WitnessRefused(Exception):
    """The interpreter refused an engine's witness: our fault. `system` and `run` reproduce it."""

    def __init__(self, system: ir.System, run: Run, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.system = system
        self.run = run
        self.refusal = refusal


class Deadline:
    """The budget that is left."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.end = time.monotonic() + budget.seconds

    def left(self) -> Budget:
        return replace(self.budget, seconds=max(self.end - time.monotonic(), 0.0))

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.end


@dataclass
class Decider:
    """Decides checks of one program with the settings of `values`; lemmas are shared between checks."""

    values: Values
    deadline: Deadline
    induction: Induction

    def check(self, name: str, argument: int | None) -> CheckResult:
        """The verdict on a check of the program; every part for every kind of member."""
        group = self.values.program.checks[name]
        started = time.monotonic()
        results = []
        for part in group.parts:
            extra: Env = {} if group.parameter is None or argument is None else {group.parameter: argument}
            found = [self._part(part, {**env, **extra}) for env in kinds(self.values, part)]
            results += self._covered(part, extra, found)
        verdict = worst([r.verdict for r in results])
        scope = weakest(r.scope for r in results)
        title = name if argument is None else f"{name} >= {argument}"
        return CheckResult(title, group.doc, verdict, scope, tuple(results), time.monotonic() - started)

    # -- one part ------------------------------------------------------------------------------------------------------

    def _part(self, part: CheckTemplate, env: Env) -> PartResult:
        lemmas = _Lemmas(self.induction)
        text = part.text.format_map({k: v.name if isinstance(v, Member) else v for k, v in env.items()})
        blank = PartResult(part.name, text, Verdict.SAFE, ANY_SIZE)
        if part.kind == "never" and part.deadline is None:
            result = self._relaxed(part, env, blank, lemmas)
            if result is not None:
                return result
        exact = lower(self.values, part, env, relaxed=False, settled=lemmas.settled)
        violated = Verdict.UNSAFE if part.kind == "never" and part.deadline is None else Verdict.STUCK
        found = self._search(exact, exact.check, env)
        match found:
            case Witness():
                return replace(blank, verdict=violated, scope=THIS_TOPOLOGY, witness=found)
            case Outcome(answer=Answer.HOLDS):
                return replace(
                    blank,
                    scope=THIS_TOPOLOGY,
                    lemmas=lemmas.used(),
                    rests_on=_rests_on(exact.system, found),
                )
        return replace(blank, verdict=Verdict.INCONCLUSIVE, scope=THIS_TOPOLOGY, reason=found.reason)

    def _relaxed(self, part: CheckTemplate, env: Env, blank: PartResult, lemmas: _Lemmas) -> PartResult | None:
        """SAFE, if the relaxed slice is; None if that shows nothing."""
        small = lower(self.values, part, env, relaxed=True, settled=lemmas.settled)
        outcome = _ask(small.system, small.check, self.deadline)
        if outcome.answer is not Answer.HOLDS:
            return None
        scope = weakest([ANY_SIZE if small.for_any_size else THIS_TOPOLOGY, *lemmas.scopes()])
        return replace(blank, scope=scope, lemmas=lemmas.used(), rests_on=_rests_on(small.system, outcome))

    def _search(self, exact: Lowered, check: ir.Check, env: Env, *, best: bool = True) -> Witness | Outcome:
        """A replayed violation of `check`, or why there is none. Without `best`, the first one will do."""
        own = [m for m in env.values() if isinstance(m, Member)]
        everyone = list(dict.fromkeys(m for members in exact.members_of.values() for m in members))
        for free in _more_and_more(own, everyone):
            few = _only(exact, check, free)
            everybody = set(everyone) <= set(free)
            outcome = events.check(few, few.checks[0], self.deadline.left(), best=best and everybody)
            if outcome.answer is Answer.UNKNOWN:
                return outcome
            if outcome.answer is Answer.VIOLATED:
                found = self._among(exact, check, free, best)
                if isinstance(found, Witness) or found.answer is Answer.UNKNOWN:
                    return found
        return outcome

    def _among(self, exact: Lowered, check: ir.Check, free: list[Member], best: bool) -> Witness | Outcome:
        """A violation in which only members of `free` move, at first; whoever is forced to move joins them."""
        members = list(free)
        limit = len(members) + (_FREED_FOR_WIDTH if best else 0)
        while True:
            few = _only(exact, check, members)
            outcome = events.check(few, few.checks[0], self.deadline.left(), best=best)
            if outcome.answer is not Answer.VIOLATED or outcome.run is None:
                return outcome
            run = completed(outcome.run, few, exact.system)
            replayed = replay(exact.system, check, run)
            if isinstance(replayed, Replayed):
                return Witness(exact.system, check, run, replayed, _focus(few))
            forced = [m for name in replayed.forced for m in _mover(exact, name) if m not in members]
            if not forced:
                raise WitnessRefused(exact.system, run, replayed)
            if len(members) >= limit:
                cut = _cut(run, replayed.at)
                shorter = replay(exact.system, check, cut)
                if isinstance(shorter, Replayed):
                    return Witness(exact.system, check, cut, shorter, _focus(few))
            members.append(forced[0])

    # -- covers --------------------------------------------------------------------------------------------------------

    def _covered(self, part: CheckTemplate, extra: Env, found: list[PartResult]) -> list[PartResult]:
        """SAFE becomes VACUOUS where something that the part covers cannot happen for any kind of member."""
        if any(r.verdict is not Verdict.SAFE for r in found) or not found:
            return found
        for cover in part.covers:
            undecided = False
            for env in kinds(self.values, part):
                reached = self._reaches(part, cover, {**env, **extra})
                undecided |= reached is None
                if reached:
                    break
            else:
                if not undecided:
                    return [replace(r, verdict=Verdict.VACUOUS, reason="what it covers cannot happen") for r in found]
                reason = "it was not decided in the budget whether what it covers can happen"
                return [replace(r, verdict=Verdict.INCONCLUSIVE, reason=reason) for r in found]
        return found

    def _reaches(self, part: CheckTemplate, cover: Condition, env: Env) -> bool | None:
        goal = replace(part, when=cover, covers=(), lasts=None, kind="never", deadline=None)
        settled = _Lemmas(self.induction).settled
        if initially(self.values, cover, env, settled):
            return True
        exact = lower(self.values, goal, env, relaxed=False, settled=settled)
        found = self._search(exact, exact.check, env, best=False)
        if isinstance(found, Witness):
            return True
        return False if found.answer is Answer.HOLDS else None


class _Lemmas:
    """Which lemmas were used, and for which sizes they hold."""

    def __init__(self, induction: Induction) -> None:
        self.induction = induction
        self.found: dict[str, Scope] = {}

    def settled(self, condition: Condition, env: Env) -> bool | None:
        known = self.induction.settled(condition, env)
        if known is None:
            return None
        for name in known.lemmas:
            self.found[name] = known.scope
        if not known.lemmas:
            self.found[""] = known.scope
        return known.value

    def used(self) -> tuple[str, ...]:
        return tuple(name for name in self.found if name)

    def scopes(self) -> Iterator[Scope]:
        yield from self.found.values()


def kinds(values: Values, part: CheckTemplate) -> list[dict[str, Member]]:
    """One choice of members for each class of each parameter; two of one type may be the same or different ones."""
    chosen: list[dict[str, Member]] = [{}]
    for parameter in part.parameters:
        longer = []
        for env in chosen:
            for cls in values.classes(parameter.type):
                if parameter.cls not in (None, cls):
                    continue
                taken = [m for m in dict.fromkeys(env.values()) if (m.type, m.cls) == (parameter.type, cls)]
                fresh = Member(parameter.type, cls, len(taken))
                pool = [*taken, fresh] if len(taken) < values.count(parameter.type, cls) else taken
                longer += [{**env, parameter.name: member} for member in pool]
        chosen = longer
    return chosen


def _more_and_more(own: list[Member], everyone: list[Member]) -> Iterator[list[Member]]:
    """The check's own members, then 1, 2, 4, .. further ones of each class, at last all."""
    others: dict[tuple[str, str], list[Member]] = {}
    for member in sorted(set(everyone) - set(own), key=lambda m: (m.type, m.cls, m.ordinal)):
        others.setdefault((member.type, member.cls), []).append(member)
    most = max(map(len, others.values()), default=0)
    yield own
    count = 1
    while count < 2 * most:
        yield own + [m for members in others.values() for m in members[:count]]
        count *= 2


def _only(exact: Lowered, check: ir.Check, members: list[Member]) -> ir.System:
    """The system in which only machines of `members` (and those without an index) move: an under-approximation."""
    steps = tuple(s for s in exact.system.steps if all(m in members for m in exact.members_of.get(s.machine, ())))
    small = prune(replace(exact.system, steps=steps, checks=(check,)))
    return slice_for(small, small.checks[0])


def _ask(system: ir.System, check: ir.Check, deadline: Deadline) -> Outcome:
    if check.kind == "never" and check.when == ir.FALSE:
        return Outcome(Answer.HOLDS)
    small = prune(replace(system, checks=(check,)))
    small = slice_for(small, small.checks[0])
    return events.check(small, small.checks[0], deadline.left())


def _mover(exact: Lowered, name: str) -> tuple[Member, ...]:
    """The members that a step belongs to."""
    step = exact.system.step.get(name)
    return exact.members_of.get(step.machine, ()) if step else ()


def _cut(run: Run, at: int) -> Run:
    """The run up to a moment at which time could not pass."""
    return Run(tuple(e for e in run.events if e.at <= at), at, min(run.since, at))


def _focus(system: ir.System) -> frozenset[str]:
    return frozenset((*system.machine, *system.view))


def _rests_on(system: ir.System, outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """The settings behind the bounds that a proof used, with the end of the bound."""
    found: dict[tuple[str, str], None] = {}
    for name, end in sorted(outcome.core):
        owner = system.step.get(name) or system.view.get(name)
        for setting in owner.rests_on if owner else ():
            found[setting, "hi" if end == "stale" else end] = None
    return tuple(found)
