"""Proofs about one question that do not look at its whole slice, or only at a relaxation of it.

From the cheapest on: the relaxed slice of the question's own members; the same with who begins there and stays, then
also with times in which nobody joins those; at last the whole slice without the machines of other members of one type.
All of them have more runs than the system (docs/semantics.md, section 5), so what none of them violates holds. What
they show for members that begin at some place is shown for those only.
"""

from __future__ import annotations

from dataclasses import field, replace
from functools import cached_property, partial

from verifier.analysis.kinds import kinds
from verifier.analysis.known import Known
from verifier.analysis.questions import Deadline, Lemmas, Question
from verifier.analysis.simplify import simplified
from verifier.analysis.stages import pruned, stages
from verifier.analysis.summaries import moves_of
from verifier.analysis.symmetry import Rows, orders
from verifier.analysis.verdict import PartResult, Verdict
from verifier.engines import events
from verifier.engines.induction import Induction
from verifier.engines.terms import Session
from verifier.engines.walks import Search
from verifier.language.program import Boolean, CheckTemplate, Condition, Lull, Quantified, Summary
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import Lowered, Moves, lower
from verifier.system.run import WORK_A_SECOND, Answer, Outcome
from verifier.system.scope import ANY_SIZE, THIS_TOPOLOGY, weakest
from verifier.system.suffix import going_round, last_changes
from verifier.system.turning import turning
from verifier.system.values import Env, Member, Values

# How many of the last changes of a machine that goes round are looked at, one attempt after another.
_LAST_CHANGES = (0, 1)
# What is left of the time is divided by this for a proof without some machines.
_SHARE = 2
# To show a lull for one kind of members is worth so much work.
_WORK_A_LULL = 5 * WORK_A_SECOND


@dataclass
class Slices:
    """The slices of questions about one program with the settings of `values`.

    `rest_on`: the bounds that lemmas rest on. `first`: a parameter and a condition, if questions are about the first
    member of its class to satisfy that.
    """

    values: Values
    deadline: Deadline
    induction: Induction
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

    def _with_lemmas(self, lemmas: Lemmas, rests_on: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """The bounds of a proof, and those of the lemmas it used."""
        theirs = [bound for name in lemmas.used() for bound in self.rest_on.get(name, ())]
        return tuple(dict.fromkeys((*rests_on, *theirs)))

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
            questions = [Question(part, env, Lemmas(self.induction)) for env in kinds(self.values, part, placed=True)]
            self._lulls[lull.name] = all(map(self._nobody_joins, questions))
            bounds = (bound for question in questions if question.result for bound in question.result.rests_on)
            self.rest_on[lull.name] = tuple(dict.fromkeys(bounds))
        return self._lulls[lull.name]

    def _nobody_joins(self, question: Question) -> bool:
        """Answers whether nobody comes to satisfy what the part covers, once its condition has held for so long."""
        exact = self.exact(question)
        (joined,) = exact.check.covers
        joins = ir.disj(turning(exact.system, ir.neg(joined), joined, ir.reads(joined)))
        check = replace(exact.check, when=ir.conj([exact.check.when, joins]), covers=())
        question.exact = replace(exact, system=replace(exact.system, checks=(check,)), check=check)
        system = pruned(self.shorter(question), self.shorter(question).checks[0])
        left = Deadline(replace(self.deadline.left(), work=_WORK_A_LULL))
        outcome = self._few_changes(system, orders(question.exact, system, question.own), left)
        if outcome.answer is Answer.HOLDS:
            question.result = self.proven(question, outcome)
        return question.result is not None

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
            question.whole = question.shorter = question.held = None

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
