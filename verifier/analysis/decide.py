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
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from math import inf

from verifier.analysis.both import MACHINES_MAX, answered, searched
from verifier.analysis.completion import completed
from verifier.analysis.grade import grade
from verifier.analysis.kinds import has_every_kind, kinds
from verifier.analysis.proofs import Proofs
from verifier.analysis.questions import Deadline, EngineContradicted, Lemmas, Question, lasts
from verifier.analysis.runs import MISSED, Runs
from verifier.analysis.schedules import stuck_run
from verifier.analysis.stages import pruned, stages
from verifier.analysis.verdict import CheckResult, PartResult, Verdict, Witness, worst
from verifier.engines.induction import Induction
from verifier.language.program import CheckGroup, CheckTemplate, Condition
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import first_members, initially, lower
from verifier.system.patience import OutOfTime, patience
from verifier.system.run import WORK_A_SECOND, Answer, Outcome
from verifier.system.scope import THIS_TOPOLOGY, weakest
from verifier.system.values import Env, Values

# Once there is a violation, larger numbers of free members than this are not tried, nor all in lockstep.
_FEW = 5

# Stages that are searched before lemmas that need time are decided: a violation among few members is found sooner.
_FIRST_STAGES = 2
# And so many more before proofs are tried that leave out some machines only.
_MORE_STAGES = 2
# With more members than this, such lemmas come before any search if it matters where members are.
_MANY = 24
# With more than this, the whole slice takes seconds to build, and walks come after such lemmas too.
_VERY_MANY = 100
# Events of walks for a question, if it matters where members are: before any search, and before any but small ones.
_GLANCE = 3_000
_SHORT_WALKS = 10_000
# The same where few members violate it and the others do not let that happen.
_NEAR_WALKS = 25_000
# Events of walks for a question before such lemmas, and before what takes longer than they do.
_FIRST_WALKS = 70_000
_MORE_WALKS = 150_000
# Systems of no more machines are searched at once, with everybody, if it matters where members are; or not walked.
_TINY, _SMALL = 20, 26
# Once there is a violation, so much work goes into the other parts.
_WORK_MORE = WORK_A_SECOND // 10

_NOT_FOLLOWED = Outcome(Answer.UNKNOWN, reason="not followed further: another part is violated")


@dataclass
class Decider:
    """Decides checks of one program with the settings of `values`; lemmas are shared between checks."""

    values: Values
    deadline: Deadline
    induction: Induction

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.deadline)

    @cached_property
    def proofs(self) -> Proofs:
        return Proofs(self.values, self.deadline, self.induction)

    def check(self, name: str, argument: int | None, *, quick: bool = False) -> CheckResult:
        """The verdict on a check of the program; every part for every kind of member.

        `quick`: what the relaxed slice does not show SAFE is INCONCLUSIVE.
        """
        group = self.values.program.checks[name]
        started = time.monotonic()
        extra: Env = {} if group.parameter is None or argument is None else {group.parameter: argument}
        questions: list[Question] = []
        results: list[PartResult] = []
        with closing(self.proofs.session):
            try:
                with patience(self.deadline.end):
                    self._answers(group, extra, questions, quick)
                    for part in group.parts:
                        found = [q.result for q in questions if q.part is part and q.result is not None]
                        results += self._covered(part, extra, found)
            except OutOfTime:
                results = self._so_far(group, questions)
        scope = weakest(r.scope for r in results)
        placed = {question.part.name for question in questions if question.placed}
        if scope != THIS_TOPOLOGY and not all(
            has_every_kind(self.values, part, placed=part.name in placed) for part in group.parts
        ):
            scope = THIS_TOPOLOGY
        title = name if argument is None else f"{name} >= {argument}"
        verdict = worst([r.verdict for r in results])
        doc = group.doc.format_map(extra)
        return CheckResult(title, doc, verdict, scope, tuple(results), time.monotonic() - started)

    def _answers(self, group: CheckGroup, extra: Env, questions: list[Question], quick: bool) -> None:
        """Fills `questions`: one for every part and every kind of member, each with its answer."""
        for part in group.parts:
            for question in self.proofs.questions(part, extra):
                questions.append(question)  # one by one: what is known when time runs out is kept
        unknown = [question for question in questions if question.result is None]
        if not quick:
            self._sooner_than_lemmas(unknown)
        if any(q.result is None for q in unknown) and not any(q.witness for q in unknown) and self.proofs.more_lemmas():
            for question in (q for q in unknown if q.result is None):
                question.lemmas = Lemmas(self.proofs.induction)
                proofs = self.proofs
                question.result = proofs.relaxed(question) or proofs.near(question) or proofs.with_lulls(question)
                self.proofs.renew(question)
        if quick:
            for question in (q for q in unknown if q.result is None):
                question.result = self._answer(question, Outcome(Answer.UNKNOWN, reason="not cheap to show"))
            return
        self._decide(unknown)
        others = [other for question in unknown for other in self.proofs.not_alike(question)]
        questions += others
        self._decide(others)
        self._grade(questions)

    def _sooner_than_lemmas(self, unknown: list[Question]) -> None:
        """Answers what does not take as long as to decide the lemmas that need time."""
        placed = any(question.placed for question in unknown)
        if placed and not self._many:
            self._walk(unknown, _GLANCE)
            self._at_once(unknown)
            self._walk(unknown, _SHORT_WALKS)
        if placed and self._members <= _VERY_MANY:
            if not self._many:
                self._search(unknown, _FIRST_STAGES)
            self._walk(unknown, _FIRST_WALKS)
        elif not placed:
            self._search(unknown, _FIRST_STAGES + 1)
            if not self._many:
                self._walk([question for question in unknown if question.missed], _NEAR_WALKS)

    @property
    def _members(self) -> int:
        values = self.values
        return sum(values.count(t, cls) for t in values.program.indices for cls in values.classes(t))

    @property
    def _many(self) -> bool:
        """There are so many members that what needs all of them comes last."""
        return self._members > _MANY

    def _so_far(self, group: CheckGroup, questions: list[Question]) -> list[PartResult]:
        """What is known when time has run out: violations; and nothing is SAFE."""
        found = []
        for question in questions:
            if question.witness is not None and question.result is None:
                question.result = self._answer(question, question.witness)
            if question.result is not None and question.result.verdict in (Verdict.UNSAFE, Verdict.STUCK):
                found.append(question.result)
        reason = "the time budget ran out"
        part = group.parts[0].name
        return found or [PartResult(part, group.doc, Verdict.INCONCLUSIVE, THIS_TOPOLOGY, reason=reason)]

    # -- one part for one choice of members ----------------------------------------------------------------------------

    def _decide(self, questions: list[Question]) -> None:
        """Answers questions that their relaxed slices have left open: a violation among few members, a proof without
        some machines, everything.
        """
        if any(question.placed for question in questions):
            self._walk(questions, _MORE_WALKS)
        if not any(question.witness for question in questions):
            for question in (q for q in questions if q.result is None):
                self.proofs.shorter(question)
        self._search(questions, _MORE_STAGES)
        if not any(question.placed for question in questions):
            self._walk(questions, _MORE_WALKS)
        if not any(question.witness for question in questions):
            for question in [q for q in questions if q.result is None]:
                question.result = self.proofs.partly_relaxed(question)
        self._search(questions)

    def _at_once(self, questions: list[Question]) -> None:
        """Answers what is so small a question about everybody that no proof about some of them comes sooner."""
        if any(question.witness for question in questions):
            return
        for question in questions:
            whole = self.proofs.whole(question)
            if whole.checks[0].kind == "never" and whole.checks[0].when == ir.FALSE:
                question.result = self.proofs.proven(question, Outcome(Answer.HOLDS))
            elif len(whole.machines) <= _TINY:
                question.stages = iter([*question.stages][-1:])
                self._search([question])

    def _walk(self, questions: list[Question], events: int) -> None:
        """Answers one question if a walk of the whole slice meets its violation within so many `events`; small ones are
        left to a solver after a glance."""
        left = [question for question in questions if question.result is None and question.part.kind == "never"]
        if any(question.witness for question in questions):
            return
        for question in left:
            exact = self.proofs.exact(question)
            if events > _GLANCE and self._is_small(question):
                continue
            found = self.proofs.walk(question).until(events)
            if found.run is not None:
                meaning = self.runs.meaning(exact.system)
                run = completed(found.run, exact.system, meaning, {}, exact.check.when)
                outcome = Outcome(Answer.VIOLATED, run=run, asked=self.proofs.whole(question))
                question.witness = self.runs.of_whole(exact, run, outcome)
                question.result = self._answer(question, question.witness)
                return

    def _is_small(self, question: Question) -> bool:
        """A solver decides this sooner than walks find that there is nothing to find."""
        if len(self.proofs.exact(question).system.machines) > 2 * _SMALL:
            return False
        return len(self.proofs.whole(question).machines) <= _SMALL

    def _search(self, questions: list[Question], rounds: float = inf) -> None:
        """Answers questions on the whole slice, with more and more members that may move, for so many `rounds`.

        A check is violated if one part is: then the others are not followed to larger numbers of members, nor for long.
        A run that had to be cut short is kept, while few members may show a longer one.
        """
        left = [question for question in questions if question.result is None]
        begun = self.runs.worked
        while left and rounds > 0:
            violated = any(question.witness is not None for question in questions)
            late = violated and self.runs.worked - begun > _WORK_MORE
            for question in left:
                if rounds < inf and question.last_stage() and not self._soon(question):
                    continue
                if question.part.kind == "ends_with" and question.part.deadline is None:
                    question.result = self._ends(question)
                elif late:
                    question.result = self._answer(question, question.witness or _NOT_FOLLOWED)
                else:
                    self._follow(question, violated, rounds < inf)
            left = [question for question in left if question.result is None]
            rounds -= 1

    def _ends(self, question: Question) -> PartResult:
        """`ends with`: a stuck run that a schedule shows on the whole system, or none on the slice of all members."""
        part, env, settled = question.part, question.env, question.lemmas.settled
        whole = question.exact = lower(self.values, part, env, relaxed=False, settled=settled, whole=True)
        run = stuck_run(self.runs.meaning(whole.system), whole.check) if whole.check.kind == "ends_with" else None
        if run is not None:
            # What leaves the whole stuck leaves the slice stuck: that much is for the graph engine to confirm.
            few = len(whole.system.machines) <= MACHINES_MAX
            outcome = Outcome(Answer.VIOLATED, run=run, asked=self._slice(question)) if few else None
            return self._answer(question, self.runs.of_whole(whole, run, outcome))
        asked = self._slice(question)
        found = answered(asked, self.deadline.left(), best=False, session=self.proofs.session)
        if found.answer is Answer.VIOLATED:
            found = Outcome(Answer.UNKNOWN, reason="a part of the system may get stuck; the whole was not seen to")
        return self._answer(question, found)

    def _slice(self, question: Question) -> ir.System:
        """What an `ends with` is decided on where playing the whole shows nothing."""
        small = lower(self.values, question.part, question.env, relaxed=False, settled=question.lemmas.settled)
        return pruned(small.system, small.check)

    def _soon(self, question: Question) -> bool:
        """Everybody is so few that a violation among them is looked for before lemmas, which may show more than it."""
        return question.held is None and len(self.proofs.whole(question).machines) <= _TINY

    def _follow(self, question: Question, violated: bool, early: bool) -> None:
        """One stage further; `violated`: some part of the check is; `early`: what all together do is kept for later."""
        exact = self.proofs.exact(question)
        if self.deadline.over:
            spent = Outcome(Answer.UNKNOWN, reason="the time budget ran out")
            question.result = self._answer(question, question.witness or spent)
            return
        stage = next(question.stages, None)
        if stage is None or (violated and (stage.lockstep or len(stage.free) > _FEW)):
            question.result = self._answer(question, question.witness or _NOT_FOLLOWED)
            return
        work = _WORK_MORE if violated else None
        found: Witness | Outcome | None = question.held
        if question.held is None or question.held.answer is not Answer.HOLDS:
            system = question.shorter or exact.system
            found = self.runs.of_stage(exact, system, stage, question.own, best=True, work=work)
        if early and stage.lockstep and isinstance(found, Witness) and not self._many:
            # Of what goes on for long, long conditions show less.
            again = self.runs.of_stage(exact, self.proofs.shorter(question), stage, question.own, best=True, work=work)
            found = again if isinstance(again, Witness) else found
        if found is MISSED:
            question.missed = True
        elif isinstance(found, Witness):
            question.witness = max(question.witness or found, found, key=lasts)
            if not found.cut or lasts(found) * exact.system.tick_ms >= (question.longest_ms or inf):
                question.result = self._answer(question, question.witness)
        elif found is not None and early and question.witness is None:
            question.held, question.stages = found, iter([stage])
        elif found is not None and question.witness is not None:
            if found.answer is Answer.HOLDS:
                raise EngineContradicted(exact.system, question.witness.run)
            question.result = self._answer(question, question.witness)
        elif found is not None:
            question.result = self._answer(question, found)

    def _grade(self, questions: list[Question]) -> None:
        """How bad what is violated is. With typical values only the verdict is wanted."""
        violated = [q for q in questions if q.result is not None and q.result.verdict is Verdict.UNSAFE]
        if violated and not self.values.typical:
            grade(violated, self.runs.meaning, self.deadline.left)

    def _answer(self, question: Question, found: Witness | Outcome) -> PartResult:
        match found:
            case Witness():
                stuck = question.part.kind == "ends_with" and question.part.deadline is None
                violated = Verdict.STUCK if stuck else Verdict.UNSAFE
                focus = self._focus(question) or found.focus
                witness = replace(found, focus=focus)
                return question.answer(violated, THIS_TOPOLOGY, witness=witness, outcome=found.outcome)
            case Outcome(answer=Answer.HOLDS):
                return self.proofs.proven(question, found)
        return question.answer(Verdict.INCONCLUSIVE, THIS_TOPOLOGY, reason=found.reason)

    def _focus(self, question: Question) -> frozenset[str]:
        """What the part is about: its relaxed slice, and the members that a summary in it began with."""
        found = set(question.close)
        for name in question.close:
            summary = self.values.program.summaries.get(name.split("[")[0])
            if summary is not None and question.relaxed is not None:
                found |= first_members(self.values, summary, question.relaxed.members_of[name])
        return frozenset(found)

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
        question = Question(goal, env, Lemmas(self.proofs.induction))
        if initially(self.values, cover, env, question.lemmas.settled):
            return True
        exact = lower(self.values, goal, env, relaxed=False, settled=question.lemmas.settled)
        for stage in stages(question.own, exact):
            found = self.runs.of_stage(exact, exact.system, stage, question.own, best=False)
            if isinstance(found, Witness):
                return True
            if found is not None and found is not MISSED:
                searched([found], self.deadline.left())  # that it cannot happen is asked of both engines
                return False if found.answer is Answer.HOLDS else None
        raise AssertionError("the last stage always has an answer")
