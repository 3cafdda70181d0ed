"""Proofs that a part of a check holds, none of which looks at the whole slice.

From the cheapest on: the relaxed slice of the question's own members; the same with who begins there and stays; lemmas
that need time, each proven in the same two ways, and the relaxed slice again; at last the whole slice without the
machines of other members of one type. All of them have more runs than the system (docs/semantics.md, section 5), so
what none of them violates holds. What they show for members that begin at some place is shown for those only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from functools import cached_property, partial

from verifier.analysis.kinds import alike, has_every_kind, kinds
from verifier.analysis.known import Known
from verifier.analysis.questions import Deadline, Lemmas, Question
from verifier.analysis.simplify import simplified
from verifier.analysis.stages import pruned, stages
from verifier.analysis.summaries import moves_of
from verifier.analysis.symmetry import Rows, orders
from verifier.analysis.verdict import PartResult, Verdict
from verifier.analysis.watches import Watched, in_phases, stays
from verifier.engines import events
from verifier.engines.induction import Induction
from verifier.engines.terms import Session
from verifier.engines.walks import Search
from verifier.language.program import Boolean, CheckTemplate, Condition, Lemma, Lull, Phases, Quantified, Summary
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.changes import changes
from verifier.system.lower import Lowered, Moves, lower
from verifier.system.run import WORK_A_SECOND, Answer, Outcome
from verifier.system.scope import ANY_SIZE, THIS_TOPOLOGY, weakest
from verifier.system.suffix import going_round, last_changes
from verifier.system.values import Env, Member, Reads, Values

# How many of the last changes of a machine that goes round are looked at, one attempt after another.
_LAST_CHANGES = (0, 1)
# What is left of the time is divided by this for a proof without some machines.
_SHARE = 2
# To show a lull for one kind of members is worth so much work.
_WORK_A_LULL = 5 * WORK_A_SECOND


@dataclass
class Proofs:
    """Proofs about one program with the settings of `values`; lemmas are shared between checks.

    `first`: a parameter and a condition, if questions are about the first member of its class to satisfy that.
    """

    values: Values
    deadline: Deadline
    induction: Induction
    timed: dict[object, Induction] = field(default_factory=dict)
    rest_on: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    session: Session = field(default_factory=Session)
    first: tuple[str, Condition] | None = None
    _moves: dict[str, dict[str, Moves]] = field(default_factory=dict)
    _somebody: dict[int, Condition] = field(default_factory=dict)
    _lulls: dict[str, bool] = field(default_factory=dict)

    @cached_property
    def known(self) -> Known:
        """What was asked of relaxed slices."""
        values = self.values
        return Known(cls for index in values.program.indices for cls in values.classes(index))

    def questions(self, part: CheckTemplate, extra: Env) -> Iterator[Question]:
        """A question for each kind of members, with its answer if the relaxed slice gives it.

        Members are told apart by where they begin only where the relaxed slice reads that.
        """
        told_apart: list[dict[str, Member]] | None = None
        for env in kinds(self.values, part):
            question = Question(part, {**env, **extra}, Lemmas(self.induction), env)
            question.result = self.relaxed(question)
            if not question.placed:
                yield question
                continue
            told_apart = told_apart or kinds(self.values, part, placed=True)
            for choice in told_apart:
                if alike(choice, env):
                    variant = Question(part, {**choice, **extra}, Lemmas(self.induction), choice)
                    variant.result = self.relaxed(variant)
                    yield variant

    def _with_lemmas(self, lemmas: Lemmas, rests_on: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """The bounds of a proof, and those of the lemmas it used."""
        theirs = [bound for name in lemmas.used() for bound in self.rest_on.get(name, ())]
        return tuple(dict.fromkeys((*rests_on, *theirs)))

    def more_lemmas(self) -> bool:
        """Decides the lemmas that need time on their own relaxed slices, and whether there are any more now.

        They hold for these values only, so they are kept apart from what the induction shows for all.
        """
        key = (self.values.typical, tuple(sorted(self.values.pinned)))
        if key not in self.timed:
            first = self.induction
            self.timed[key] = self.induction = first.apart()
            for lemma in self.induction.unproven():
                scope = self.induction.follows(lemma)
                if scope is not None:
                    self.induction.accept(lemma, scope)
                    continue
                denied = Boolean("not", (lemma.always,), lemma.span)
                part = CheckTemplate(
                    lemma.name, "never", lemma.parameters, lemma.text, (), denied, None, None, lemma.span
                )
                results = self._timed(lemma, part)
                if results:
                    self.induction.accept(lemma, weakest(result.scope for result in results))
                    found = (bound for result in results for bound in result.rests_on)
                    self.rest_on[lemma.name] = tuple(dict.fromkeys(found))
            if self.induction.unproven() == first.unproven():
                self.timed[key] = self.induction = first
        elif self.induction is self.timed[key]:
            return False
        self.induction = self.timed[key]
        return True

    def _safe(self, part: CheckTemplate) -> list[PartResult]:
        """The part for every kind of members, if all are shown SAFE; else nothing."""
        results: list[PartResult] = []
        todo = self.questions(part, {})
        placed = False
        for question in todo:
            others = [question]
            while others:
                one = others.pop()
                one.result = one.result or self.near(one)
                if one.result is None:
                    return []
                results.append(one.result)
                others += self.not_alike(one)
            placed |= question.placed
        if results and not has_every_kind(self.values, part, placed=placed):
            results = [replace(result, scope=THIS_TOPOLOGY) for result in results]
        return results

    def _timed(self, lemma: Lemma, part: CheckTemplate) -> list[PartResult]:
        """What shows a lemma with time, `part` being its negation; nothing if that is not shown."""
        if lemma.phases is not None:
            return self._in_phases(lemma, lemma.phases)
        return self._safe(part) if lemma.first is None else self._of_the_first(lemma, part, lemma.first)

    def _in_phases(self, lemma: Lemma, phases: Phases) -> list[PartResult]:
        """What shows how many are in a phase, from how many are in the one before; nothing if it is not shown."""
        proven = self.induction.proven()
        if phases.earlier not in proven:
            return []
        reads = Reads()
        if phases.premise is not None and not self.values.evaluate(phases.premise, {}, reads):
            return []
        rounds = 1
        if phases.too_many is not None:
            first, then = (self.values.evaluate(many, {}, reads) - 1 for many in phases.too_many)
            rounds = then // max(first, 1)
            if rounds < 1:
                return []
        here = THIS_TOPOLOGY if reads.size else proven[phases.earlier]
        results = self._watched(in_phases(self.values.program, lemma, phases, rounds))
        return [replace(result, scope=weakest((result.scope, here))) for result in results]

    def _of_the_first(self, lemma: Lemma, part: CheckTemplate, first: tuple[str, Condition]) -> list[PartResult]:
        """What shows a lemma for the first member to satisfy something; nothing if that is not shown."""
        name, satisfies = first
        member = next(parameter for parameter in lemma.parameters if parameter.name == name)
        stay = self._watched([stays(self.values.program, lemma, member, satisfies)])
        if not stay:
            return []
        found = self._beside(self.values, first)._safe(part)
        return [*stay, *found] if found else []

    def _watched(self, needed: Iterable[Watched]) -> list[PartResult]:
        """The parts with machines that watch, if all are shown SAFE; else nothing."""
        results: list[PartResult] = []
        for one in needed:
            values = Values(one.program, typical=self.values.typical, pinned=self.values.pinned)
            found = self._beside(values)._safe(one.part)
            if not found:
                return []
            results += found
        return results

    def _beside(self, values: Values, first: tuple[str, Condition] | None = None) -> Proofs:
        """Proofs that know as much of other values, or of the first member."""
        return Proofs(values, self.deadline, self.induction, session=self.session, first=first)

    def not_alike(self, question: Question) -> Iterator[Question]:
        """What is SAFE on the whole slice for members that begin there says nothing of those that begin elsewhere."""
        safe = question.result is not None and question.result.verdict is Verdict.SAFE
        if question.placed or not safe or not question.begins:
            return
        for choice in kinds(self.values, question.part, placed=True):
            if alike(choice, question.choice) and choice != question.choice:
                env = {**question.env, **choice}
                yield Question(question.part, env, Lemmas(self.induction), choice, placed=True)

    def relaxed(self, question: Question) -> PartResult | None:
        """SAFE, if the relaxed slice is; None if that shows nothing. Relaxing is sound for `never` only: an `ends with`
        that is reached more easily, with a deadline or without, is violated less often."""
        part, lemmas = question.part, question.lemmas
        if part.kind != "never":
            return None
        small = self._small(question)
        question.placed, question.relaxed = small.placed, small
        outcome = (
            Outcome(Answer.HOLDS)
            if small.check.when == ir.FALSE
            else self.known.answer(pruned(small.system, small.check), self._few_changes)
        )
        if outcome.run is not None and "lasts_for_ever" not in outcome.statistics:
            question.longest_ms = (outcome.run.end - outcome.run.since) * small.system.tick_ms
        question.close = frozenset((*small.system.machine, *small.system.view))
        if outcome.answer is not Answer.HOLDS:
            return None
        scope = weakest([ANY_SIZE if small.for_any_size else THIS_TOPOLOGY, *lemmas.scopes()])
        rests_on = self._with_lemmas(lemmas, _rests_on(small.system, outcome))
        return question.answer(Verdict.SAFE, scope, lemmas=lemmas.used(), rests_on=rests_on, outcome=outcome)

    def near(self, question: Question) -> PartResult | None:
        """SAFE, if the relaxed slice is that knows who begins at the question's members and stays there."""
        if question.part.kind != "never" or not question.placed:
            return None
        small = self._small(question, near=True)
        if small.members_of.keys() == (question.relaxed.members_of.keys() if question.relaxed else set()):
            return None
        return self._near(question, small, ())

    def with_lulls(self, question: Question) -> PartResult | None:
        """SAFE, if that slice is that also knows when nobody joins those; which is shown only where it would help."""
        lulls = self.values.program.lulls
        if question.part.kind != "never" or not question.placed or not lulls:
            return None
        small = self._small(question, near=True, lulls=lulls)
        used = tuple(lull for lull in lulls if any(name.startswith(f"{lull.name} ") for name in small.system.machine))
        return self._near(question, small, used) if used else None

    def _near(self, question: Question, small: Lowered, lulls: tuple[Lull, ...]) -> PartResult | None:
        """SAFE, if the slice of members that stay is, and all the lulls that it leans on are shown."""
        lemmas = question.lemmas
        outcome = self.known.answer(pruned(small.system, small.check), self._few_changes)
        if outcome.answer is not Answer.HOLDS or not all(map(self._shown, lulls)):
            return None
        question.begins = True
        lemmas.found |= {lull.name: THIS_TOPOLOGY for lull in lulls}
        rests_on = self._with_lemmas(lemmas, _rests_on(small.system, outcome))
        found = lemmas.used()
        return question.answer(Verdict.SAFE, THIS_TOPOLOGY, lemmas=found, rests_on=rests_on, outcome=outcome)

    def _shown(self, lull: Lull) -> bool:
        """Whether a lull holds on the whole slices of all its kinds of members, with a joiner of each kind."""
        if lull.name not in self._lulls:
            part = CheckTemplate(
                lull.name,
                "never",
                (*lull.parameters, lull.joiner),
                lull.text,
                (lull.joined,),
                lull.since,
                lull.by,
                None,
                lull.span,
            )
            questions = [
                Question(part, env, Lemmas(self.induction), env) for env in kinds(self.values, part, placed=True)
            ]
            found = []
            for question in questions:
                found.append(self._nobody_joins(question))
                if found[-1] is None:
                    break
            self._lulls[lull.name] = None not in found
            bounds = (bound for result in found if result is not None for bound in result.rests_on)
            self.rest_on[lull.name] = tuple(dict.fromkeys(bounds))
        return self._lulls[lull.name]

    def _nobody_joins(self, question: Question) -> PartResult | None:
        """SAFE, if while the condition of the part has held for so long nobody comes to satisfy what it covers."""
        exact = self.exact(question)
        (joined,) = exact.check.covers
        joins = changes(exact.system, ir.neg(joined), joined, ir.reads(joined))
        check = replace(exact.check, when=ir.conj([exact.check.when, ir.disj(joins)]), covers=())
        question.exact = replace(exact, system=replace(exact.system, checks=(check,)), check=check)
        shorter = self.shorter(question)
        system = pruned(shorter, shorter.checks[0])
        left = Deadline(replace(self.deadline.left(), work=_WORK_A_LULL))
        outcome = self._few_changes(system, orders(question.exact, system, question.own), left)
        return self.proven(question, outcome) if outcome.answer is Answer.HOLDS else None

    def _small(self, question: Question, *, near: bool = False, lulls: tuple[Lull, ...] = ()) -> Lowered:
        """The relaxed slice of a question."""
        return lower(
            self.values,
            question.part,
            question.env,
            relaxed=True,
            settled=question.lemmas.settled,
            summarised=self._together,
            implied=partial(self._by_the_first, question),
            near=near,
            lulls=lulls,
        )

    def _by_the_first(self, question: Question, condition: Condition, env: Env) -> tuple[Condition, Env] | None:
        """That the first member satisfies what it is the first to satisfy, if `condition` says that somebody does."""
        if self.first is None:
            return None
        name, satisfies = self.first
        member = question.env[name]
        assert isinstance(member, Member)
        if id(condition) not in self._somebody:
            some = Quantified("some", name, member.type, member.cls, satisfies, condition.span)
            self._somebody[id(condition)] = Boolean("implies", (condition, some), condition.span)
        says_so = question.lemmas.settled(self._somebody[id(condition)], env)
        return (satisfies, {name: member}) if says_so else None

    def partly_relaxed(self, question: Question) -> PartResult | None:
        """SAFE, if the whole slice is without the machines of other members of one type."""
        if question.part.kind != "never":
            return None
        exact, shorter = self.exact(question), self.shorter(question)
        system = pruned(shorter, shorter.checks[0])
        left = self.deadline.left()
        share = Deadline(replace(left, seconds=left.seconds / _SHARE))
        own = set(question.own)
        for dropped in self.values.program.indices:
            far = [
                name
                for name in system.machine
                if any(m.type == dropped and m not in own for m in exact.members_of.get(name, ()))
            ]
            if not far:
                continue
            part = last_changes(system, system.checks[0], far, 0)
            part = pruned(part, part.checks[0])
            outcome = self._few_changes(part, orders(exact, part, own), share)
            if outcome.answer is Answer.HOLDS:
                return self.proven(question, outcome)
        return None

    def _together(self, summary: Summary) -> dict[str, Moves]:
        """What the members of a summary may do, shown once for all checks."""
        if summary.name not in self._moves:
            lemmas = Lemmas(self.induction)
            ask = partial(self.known.answer, ask=self._whether)
            self._moves[summary.name] = moves_of(self.values, summary, lemmas.settled, ask)
        return self._moves[summary.name]

    def _whether(self, system: ir.System) -> Outcome:
        """Whether a system's one check holds, without what that rests on."""
        left = self.deadline.left()
        return events.check(system, system.checks[0], left, best=False, core=False, session=self.session)

    def _few_changes(
        self,
        slice_: ir.System,
        order: Rows = (),
        deadline: Deadline | None = None,
    ) -> Outcome:
        """The answer on a relaxed slice; of machines that go round only the last changes are looked at."""
        left = (deadline or self.deadline).left
        round_ = going_round(slice_)
        if not round_:
            outcome = events.check(slice_, slice_.checks[0], left(), session=self.session, order=order)
            return replace(outcome, asked=slice_, order=order)
        for changes in _LAST_CHANGES:
            part = last_changes(slice_, slice_.checks[0], round_, changes)
            part = pruned(part, part.checks[0])
            outcome = events.check(part, part.checks[0], left(), best=False, session=self.session, order=order)
            if outcome.answer is Answer.HOLDS:
                return replace(outcome, asked=part, order=order)
        return Outcome(Answer.UNKNOWN, reason="what goes round was not followed further")

    def exact(self, question: Question) -> Lowered:
        """The whole slice, made once."""
        if question.exact is None:
            question.exact = lower(
                self.values, question.part, question.env, relaxed=False, settled=question.lemmas.settled
            )
            question.stages = stages(question.own, question.exact)
            question.begins = question.exact.placed
        return question.exact

    def whole(self, question: Question) -> ir.System:
        """The system of the whole slice without what cannot matter, made once."""
        if question.whole is None:
            exact = self.exact(question)
            question.whole = pruned(exact.system, exact.check)
        return question.whole

    def walk(self, question: Question) -> Search:
        """The walks through the whole slice, which go on where they stopped."""
        exact = self.exact(question)
        if question.walk is None or question.walk.system is not exact.system:
            question.walk = Search(exact.system, exact.check)
        return question.walk

    def renew(self, question: Question) -> None:
        """Makes the whole slice again where there are more lemmas than before, if they settle something in it."""
        if question.exact is None or question.result is not None:
            return
        before, begun, question.exact = question.exact, question.stages, None
        if self.exact(question).system == before.system:
            question.exact, question.stages = before, begun
        else:
            question.whole = None

    def shorter(self, question: Question) -> ir.System:
        """The system of the whole slice, simplified by lemmas; made once."""
        if question.shorter is None:
            question.shorter = simplified(self.exact(question), question.lemmas)
        return question.shorter

    def proven(self, question: Question, outcome: Outcome) -> PartResult:
        """SAFE at this topology, by a proof about the whole slice or a relaxation of it."""
        rests_on = self._with_lemmas(question.lemmas, _rests_on(self.exact(question).system, outcome))
        lemmas = question.lemmas.used()
        return question.answer(Verdict.SAFE, THIS_TOPOLOGY, lemmas=lemmas, rests_on=rests_on, outcome=outcome)


def _rests_on(system: ir.System, outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """The settings behind the bounds that a proof used, with the end of the bound."""
    found: dict[tuple[str, str], None] = {}
    for name, end in sorted(outcome.core):
        for setting in _settings(system, name):
            found[setting, "hi" if end == "stale" else end] = None
    return tuple(found)


def _settings(system: ir.System, name: str) -> tuple[str, ...]:
    """The settings behind a step or a view, or behind the one that a step of a relaxation stands for."""
    while name not in system.step and name not in system.view and name.endswith(")"):
        name = name.rpartition(" (")[0]
    owner = system.step.get(name) or system.view.get(name)
    return owner.rests_on if owner else ()
