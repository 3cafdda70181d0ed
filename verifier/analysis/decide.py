"""From a check of a program to its verdict.

A part of a check is decided for one choice of members of each kind, because members of a class are interchangeable.
First the relaxed slice is asked: if it is SAFE, so is the system, and for any size if nothing in it depends on one. If
not, the whole slice is instantiated and a run is looked for in which only a few members move of their own accord, the
others not at all or in lockstep with one of the few. Such a run is found or not found in a system as small as those
few, but it is shown only after the interpreter has replayed it on all of the slice, where the others move if they are
forced to. SAFE at this topology is said only when every member was free to move.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import field, replace
from math import inf

from verifier.analysis.both import answered
from verifier.analysis.completion import completed
from verifier.analysis.grade import grade
from verifier.analysis.kinds import alike, has_every_kind, kinds
from verifier.analysis.questions import Deadline, EngineContradicted, Lemmas, Question, WitnessRefused, lasts
from verifier.analysis.schedules import stuck_run
from verifier.analysis.stages import Stage, leaders_of, part_of, pruned, stages
from verifier.analysis.summaries import moves_of
from verifier.analysis.verdict import CheckResult, PartResult, Verdict, Witness, worst
from verifier.engines import events
from verifier.engines.induction import Induction
from verifier.engines.terms import Session
from verifier.interpreter import Interpreter, Refusal, replay
from verifier.language.program import Boolean, CheckTemplate, Condition, Summary
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import Lowered, Moves, first_members, initially, lower
from verifier.system.run import Answer, Outcome, Run
from verifier.system.scope import ANY_SIZE, THIS_TOPOLOGY, weakest
from verifier.system.suffix import going_round, last_changes
from verifier.system.values import Env, Member, Values

# Once there is a violation, larger numbers of free members than this are not tried.
_FEW = 5

# How many of the last changes of a machine that goes round are looked at, one attempt after another.
_LAST_CHANGES = (0, 1, 2)

# Stages that are searched before lemmas that need time are decided: a violation among few members is found sooner.
_FIRST_STAGES = 2
# Once there is a violation, the other parts are looked at for so long.
_SECONDS_MORE = 0.5

_NOT_FOLLOWED = Outcome(Answer.UNKNOWN, reason="not followed further: another part is violated")


@dataclass
class Decider:
    """Decides checks of one program with the settings of `values`; lemmas are shared between checks."""

    values: Values
    deadline: Deadline
    induction: Induction
    timed: dict[object, Induction] = field(default_factory=dict)
    rest_on: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    _moves: dict[str, dict[str, Moves]] = field(default_factory=dict)
    _session: Session = field(default_factory=Session)
    _interpreted: Interpreter = field(default_factory=lambda: Interpreter(ir.System(1, (), (), ())))

    def check(self, name: str, argument: int | None, *, quick: bool = False) -> CheckResult:
        """The verdict on a check of the program; every part for every kind of member.

        `quick`: what the relaxed slice does not show SAFE is INCONCLUSIVE.
        """
        with closing(self._session):
            return self._check(name, argument, quick)

    def _check(self, name: str, argument: int | None, quick: bool) -> CheckResult:
        group = self.values.program.checks[name]
        started = time.monotonic()
        extra: Env = {} if group.parameter is None or argument is None else {group.parameter: argument}
        questions = [question for part in group.parts for question in self._questions(part, extra)]
        unknown = [question for question in questions if question.result is None]
        if not quick:
            self._search(unknown, _FIRST_STAGES)
        if any(q.result is None for q in unknown) and not any(q.witness for q in unknown) and self._timed():
            for question in (q for q in unknown if q.result is None):
                question.lemmas = Lemmas(self.induction)
                question.result = self._relaxed(question)
        if quick and any(question.result is None for question in unknown):
            return CheckResult(name, group.doc, Verdict.INCONCLUSIVE, THIS_TOPOLOGY, (), time.monotonic() - started)
        self._search(unknown)
        others = [other for question in unknown for other in self._not_alike(question)]
        self._search(others)
        questions += others
        self._grade(questions)
        results = []
        for part in group.parts:
            found = [q.result for q in questions if q.part is part and q.result is not None]
            results += self._covered(part, extra, found)
        verdict = worst([r.verdict for r in results])
        scope = weakest(r.scope for r in results)
        placed = {question.part.name for question in questions if question.placed}
        if not all(has_every_kind(self.values, part, placed=part.name in placed) for part in group.parts):
            scope = THIS_TOPOLOGY
        title = name if argument is None else f"{name} >= {argument}"
        doc = group.doc.format_map(extra)
        return CheckResult(title, doc, verdict, scope, tuple(results), time.monotonic() - started)

    def _questions(self, part: CheckTemplate, extra: Env) -> Iterator[Question]:
        """A question for each kind of members, with its answer if the relaxed slice gives it.

        Members are told apart by where they begin only where the relaxed slice reads that.
        """
        told_apart: list[dict[str, Member]] | None = None
        for env in kinds(self.values, part):
            question = Question(part, {**env, **extra}, Lemmas(self.induction), env)
            question.result = self._relaxed(question)
            if not question.placed:
                yield question
                continue
            told_apart = told_apart or kinds(self.values, part, placed=True)
            for choice in told_apart:
                if alike(choice, env):
                    variant = Question(part, {**choice, **extra}, Lemmas(self.induction), choice)
                    variant.result = self._relaxed(variant)
                    yield variant

    def _with_lemmas(self, lemmas: Lemmas, rests_on: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """The bounds of a proof, and those of the lemmas it used."""
        theirs = [bound for name in lemmas.used() for bound in self.rest_on.get(name, ())]
        return tuple(dict.fromkeys((*rests_on, *theirs)))

    def _timed(self) -> bool:
        """Decides the lemmas that need time on their own relaxed slices, and whether there are any more now.

        They hold for these values only, so they are kept apart from what the induction shows for all.
        """
        key = (self.values.typical, tuple(sorted(self.values.pinned)))
        if key not in self.timed:
            first = self.induction
            self.timed[key] = self.induction = Induction(self.values.program)
            for lemma in self.induction.unproven():
                denied = Boolean("not", (lemma.always,), lemma.span)
                part = CheckTemplate(
                    lemma.name, "never", lemma.parameters, lemma.text, (), denied, None, None, lemma.span
                )
                questions = list(self._questions(part, {}))
                if questions and all(question.result is not None for question in questions):
                    scope = weakest(question.result.scope for question in questions if question.result is not None)
                    placed = any(question.placed for question in questions)
                    if not has_every_kind(self.values, part, placed=placed):
                        scope = THIS_TOPOLOGY
                    self.induction.accept(lemma, scope)
                    found = (bound for q in questions if q.result is not None for bound in q.result.rests_on)
                    self.rest_on[lemma.name] = tuple(dict.fromkeys(found))
            if self.induction.unproven() == first.unproven():
                self.timed[key] = self.induction = first
        elif self.induction is self.timed[key]:
            return False
        self.induction = self.timed[key]
        return True

    def _not_alike(self, question: Question) -> Iterator[Question]:
        """What is SAFE on the whole slice for members that begin there says nothing of those that begin elsewhere."""
        safe = question.result is not None and question.result.verdict is Verdict.SAFE
        if question.placed or not safe or question.exact is None or not question.exact.placed:
            return
        for choice in kinds(self.values, question.part, placed=True):
            if alike(choice, question.choice) and choice != question.choice:
                env = {**question.env, **choice}
                yield Question(question.part, env, Lemmas(self.induction), choice, placed=True)

    # -- one part for one choice of members ----------------------------------------------------------------------------

    def _relaxed(self, question: Question) -> PartResult | None:
        """SAFE, if the relaxed slice is; None if that shows nothing. Relaxing is sound for `never` only: an `ends with`
        that is reached more easily, with a deadline or without, is violated less often."""
        part, lemmas = question.part, question.lemmas
        if part.kind != "never":
            return None
        small = lower(self.values, part, question.env, relaxed=True, settled=lemmas.settled, summarised=self._together)
        question.placed, question.relaxed = small.placed, small
        outcome = Outcome(Answer.HOLDS) if small.check.when == ir.FALSE else self._few_changes(small)
        if outcome.run is not None and "lasts_for_ever" not in outcome.statistics:
            question.longest_ms = (outcome.run.end - outcome.run.since) * small.system.tick_ms
        question.close = frozenset((*small.system.machine, *small.system.view))
        if outcome.answer is not Answer.HOLDS:
            return None
        scope = weakest([ANY_SIZE if small.for_any_size else THIS_TOPOLOGY, *lemmas.scopes()])
        rests_on = self._with_lemmas(lemmas, _rests_on(small.system, outcome))
        return question.answer(Verdict.SAFE, scope, lemmas=lemmas.used(), rests_on=rests_on, outcome=outcome)

    def _together(self, summary: Summary) -> dict[str, Moves]:
        """What the members of a summary may do, shown once for all checks."""
        if summary.name not in self._moves:
            lemmas = Lemmas(self.induction)
            self._moves[summary.name] = moves_of(self.values, summary, lemmas.settled, self.deadline.left)
        return self._moves[summary.name]

    def _few_changes(self, small: Lowered) -> Outcome:
        """The answer on a relaxed slice; of machines that go round only the last changes are looked at."""
        slice_ = pruned(small.system, small.check)
        round_ = going_round(slice_)
        if not round_:
            outcome = events.check(slice_, slice_.checks[0], self.deadline.left(), session=self._session)
            return replace(outcome, asked=slice_)
        outcome = _NOT_FOLLOWED
        for changes in _LAST_CHANGES:
            part = last_changes(slice_, slice_.checks[0], round_, changes)
            part = pruned(part, part.checks[0])
            outcome = events.check(part, part.checks[0], self.deadline.left(), best=False, session=self._session)
            if outcome.answer is Answer.HOLDS:
                return replace(outcome, asked=part)
        return Outcome(Answer.UNKNOWN, reason="what goes round was not followed further")

    def _search(self, questions: list[Question], rounds: float = inf) -> None:
        """Answers questions on the whole slice, with more and more members that may move, for so many `rounds`.

        A check is violated if one part is: then the others are not followed to larger numbers of members, nor for long.
        A run that had to be cut short is kept, while few members may show a longer one.
        """
        left = [question for question in questions if question.result is None]
        begun = time.monotonic()
        while left and rounds > 0:
            violated = any(question.witness is not None for question in questions)
            late = violated and time.monotonic() - begun > _SECONDS_MORE
            for question in left:
                if rounds < inf and question.last_stage():
                    continue
                if question.part.kind == "ends_with":
                    question.result = self._ends(question)
                elif late:
                    question.result = self._answer(question, question.witness or _NOT_FOLLOWED)
                else:
                    self._follow(question, violated)
            left = [question for question in left if question.result is None]
            rounds -= 1

    def _ends(self, question: Question) -> PartResult:
        """`ends with`: a stuck run that a schedule shows on the whole system, or none on the slice of all members."""
        part, env, settled = question.part, question.env, question.lemmas.settled
        whole = question.exact = lower(self.values, part, env, relaxed=False, settled=settled, whole=True)
        meaning = self._meaning(whole)
        run = stuck_run(meaning, whole.check) if whole.check.kind == "ends_with" else None
        if run is not None:
            replayed = replay(whole.system, whole.check, run, meaning)
            if isinstance(replayed, Refusal):
                raise WitnessRefused(whole.system, run, replayed)
            witness = Witness(whole.system, whole.check, run, replayed, _names(whole.system))
            return self._answer(question, witness)
        small = lower(self.values, part, env, relaxed=False, settled=settled)
        asked = pruned(small.system, small.check)
        found = answered(asked, self.deadline.left(), best=False, session=self._session)
        if found.answer is Answer.VIOLATED:
            found = Outcome(Answer.UNKNOWN, reason="a part of the system may get stuck; the whole was not seen to")
        return self._answer(question, found)

    def _follow(self, question: Question, violated: bool) -> None:
        """One stage further; `violated`: some part of the check is."""
        if question.exact is None:
            question.exact = lower(
                self.values, question.part, question.env, relaxed=False, settled=question.lemmas.settled
            )
            question.stages = stages(question.own, question.exact)
        if self.deadline.over:
            spent = Outcome(Answer.UNKNOWN, reason="the time budget ran out")
            question.result = self._answer(question, question.witness or spent)
            return
        stage = next(question.stages, None)
        if stage is None or (violated and len(stage.free) > _FEW):
            question.result = self._answer(question, question.witness or _NOT_FOLLOWED)
            return
        found = self._stage(question.exact, stage, best=True, seconds=_SECONDS_MORE if violated else inf)
        if isinstance(found, Witness):
            question.witness = max(question.witness or found, found, key=lasts)
            if not found.cut or lasts(found) * question.exact.system.tick_ms >= (question.longest_ms or inf):
                question.result = self._answer(question, question.witness)
        elif found is not None and question.witness is not None:
            if found.answer is Answer.HOLDS:
                raise EngineContradicted(question.exact.system, question.witness.run)
            question.result = self._answer(question, question.witness)
        elif found is not None:
            question.result = self._answer(question, found)

    def _grade(self, questions: list[Question]) -> None:
        """How bad what is violated is. With typical values only the verdict is wanted."""
        violated = [q for q in questions if q.result is not None and q.result.verdict is Verdict.UNSAFE]
        if violated and not self.values.typical:
            grade(violated, self._meaning, self.deadline.left)

    def _answer(self, question: Question, found: Witness | Outcome) -> PartResult:
        match found:
            case Witness():
                violated = Verdict.STUCK if question.part.kind == "ends_with" else Verdict.UNSAFE
                focus = self._focus(question) or found.focus
                witness = replace(found, focus=focus)
                return question.answer(violated, THIS_TOPOLOGY, witness=witness, outcome=found.outcome)
            case Outcome(answer=Answer.HOLDS):
                assert question.exact is not None
                rests_on = self._with_lemmas(question.lemmas, _rests_on(question.exact.system, found))
                lemmas = question.lemmas.used()
                return question.answer(Verdict.SAFE, THIS_TOPOLOGY, lemmas=lemmas, rests_on=rests_on, outcome=found)
        return question.answer(Verdict.INCONCLUSIVE, THIS_TOPOLOGY, reason=found.reason)

    def _focus(self, question: Question) -> frozenset[str]:
        """What the part is about: its relaxed slice, and the members that a summary in it began with."""
        found = set(question.close)
        for name in question.close:
            summary = self.values.program.summaries.get(name.split("[")[0])
            if summary is not None and question.relaxed is not None:
                found |= first_members(self.values, summary, question.relaxed.members_of[name])
        return frozenset(found)

    def _stage(self, exact: Lowered, stage: Stage, *, best: bool, seconds: float = inf) -> Witness | Outcome | None:
        """A replayed violation, or HOLDS if everybody was free to move; None: nothing known yet.

        Without `best`, the first violation will do. Who is held still moves only where the run forces it.
        """
        everybody = stage.frees(exact)
        leaders = leaders_of(exact, stage) if stage.lockstep else {}
        few = part_of(exact, stage, leaders)
        left = self.deadline.left()
        left = replace(left, seconds=min(left.seconds, seconds))
        outcome = answered(few, left, best=best, core=best and everybody)
        if outcome.run is None:
            return outcome if everybody or outcome.answer is Answer.UNKNOWN else None
        lasting = exact.check.when if best and exact.check.kind == "never" else None
        meaning = self._meaning(exact)
        run = completed(outcome.run, few, meaning, leaders, lasting)
        replayed = replay(exact.system, exact.check, run, meaning)
        if isinstance(replayed, Refusal):
            refusal, run = replayed, _cut(run, replayed.at)
            replayed = replay(exact.system, exact.check, run, meaning)
            if isinstance(replayed, Refusal):
                if everybody:
                    raise WitnessRefused(exact.system, run, refusal)
                return None
            return Witness(exact.system, exact.check, run, replayed, _names(few), cut=True, outcome=outcome)
        return Witness(exact.system, exact.check, run, replayed, _names(few), outcome=outcome)

    def _meaning(self, exact: Lowered) -> Interpreter:
        """The interpreter of a system, made once."""
        if exact.system is not self._interpreted.system:
            self._interpreted = Interpreter(exact.system)
        return self._interpreted

    # -- covers --------------------------------------------------------------------------------------------------------

    def _covered(self, part: CheckTemplate, extra: Env, found: list[PartResult]) -> list[PartResult]:
        """SAFE becomes VACUOUS where something that the part covers cannot happen for any kind of member."""
        if any(r.verdict is not Verdict.SAFE for r in found) or not found:
            return found
        for cover in part.covers:
            undecided = False
            for env in kinds(self.values, part, placed=True):
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
        question = Question(goal, env, Lemmas(self.induction))
        if initially(self.values, cover, env, question.lemmas.settled):
            return True
        exact = lower(self.values, goal, env, relaxed=False, settled=question.lemmas.settled)
        for stage in stages(question.own, exact):
            found = self._stage(exact, stage, best=False)
            if found is not None:
                return True if isinstance(found, Witness) else False if found.answer is Answer.HOLDS else None
        raise AssertionError("the last stage always has an answer")


def _cut(run: Run, at: int) -> Run:
    """The run up to a moment at which time could not pass."""
    return Run(tuple(e for e in run.events if e.at <= at), at, min(run.since, at))


def _names(system: ir.System) -> frozenset[str]:
    return frozenset((*system.machine, *system.view))


def _rests_on(system: ir.System, outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """The settings behind the bounds that a proof used, with the end of the bound."""
    found: dict[tuple[str, str], None] = {}
    for name, end in sorted(outcome.core):
        owner = system.step.get(name) or system.view.get(name)
        for setting in owner.rests_on if owner else ():
            found[setting, "hi" if end == "stale" else end] = None
    return tuple(found)
