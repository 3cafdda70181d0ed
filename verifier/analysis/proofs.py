"""Questions about the parts of a check, and lemmas that need time, which are parts of checks of their own.

A lemma that needs time is shown on the relaxed slices of its questions, or in the way that it says itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from verifier.analysis.kinds import alike, has_every_kind, kinds
from verifier.analysis.questions import Lemmas, Question
from verifier.analysis.slices import Slices
from verifier.analysis.verdict import PartResult, Verdict
from verifier.analysis.watches import Watched, in_phases, stays
from verifier.engines.induction import Induction
from verifier.language.program import Boolean, CheckTemplate, Condition, Lemma, Phases
from verifier.records import dataclass
from verifier.system.scope import THIS_TOPOLOGY, weakest
from verifier.system.values import Env, Member, Reads, Values


@dataclass
class Proofs(Slices):
    """Proofs about one program with the settings of `values`; lemmas are shared between checks."""

    timed: dict[object, Induction] = field(default_factory=dict)

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
        wider = any(result.scope != THIS_TOPOLOGY for result in results)
        if wider and not has_every_kind(self.values, part, placed=placed):
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
