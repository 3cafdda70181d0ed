"""Parts of a check with a machine that watches since when a fact about a member holds.

Nobody else reads that machine, so that every run of the system has one with it, in which it is as early or as late as
its delay allows. With it two kinds of lemmas are shown that neither induction nor a single slice could show:

*Phases.* Everybody is in the first of two phases for longer than `by`, and nobody is in the second for `rounds` times
that. Then those who have come to the second during the last `by` were all in the first at the moment `by` ago, after
everything that happened then: they had begun, or would not have come yet, and were not over it. They are no more than
may be there; and so for each `by` before. Both facts, begun and over, stay once they are so.

*The first.* What is said of the first member of a class to satisfy something is said of that one for ever only if it
goes on satisfying it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verifier.language.program import (
    Arithmetic,
    Boolean,
    CheckTemplate,
    Condition,
    InState,
    Lemma,
    Literal_,
    MachineTemplate,
    Parameter,
    Phases,
    Program,
    StateFamily,
    StatePattern,
    Static,
    StepTemplate,
    WindowOf,
)
from verifier.records import dataclass

_WATCH = "(watch)"


@dataclass(frozen=True)
class Watched:
    """A part of a check, and the program with the machine that it reads."""

    program: Program
    part: CheckTemplate


def stays(program: Program, lemma: Lemma, member: Parameter, fact: Condition) -> Watched:
    """That a fact about a member stays once it is so."""
    return _watched(program, lemma, member, fact, None, (_watching(member, fact), _not(fact)))


def in_phases(program: Program, lemma: Lemma, phases: Phases, rounds: int) -> Iterator[Watched]:
    """What must be so of each member for no more to be late than `rounds` times those of the earlier phase."""
    member, begun, over, late, by = phases.member, phases.begun, phases.over, phases.late, phases.by
    whole = Arithmetic("*", (Literal_(rounds, by.span), by), by.span)
    yield stays(program, lemma, member, begun)
    yield stays(program, lemma, member, over)
    yield _watched(program, lemma, member, over, whole, (late, _watching(member, over)))
    yield _watched(program, lemma, member, begun, by, (over, _not(_watching(member, begun))))


def _watched(
    program: Program,
    lemma: Lemma,
    member: Parameter,
    fact: Condition,
    long: Static | None,
    never: tuple[Condition, ...],
) -> Watched:
    """`never` for a member, of whose `fact` is watched whether it has held for `long`, or ever."""
    span = lemma.span
    part = CheckTemplate(lemma.name, "never", (member,), lemma.text, (), Boolean("and", never, span), None, None, span)
    no, yes = StatePattern("no"), StatePattern("yes")
    step = StepTemplate((no,), (), yes, "", fact, None if long is None else WindowOf("after", long, span), span)
    states = (StateFamily("no", (), span), StateFamily("yes", (), span))
    watch = MachineTemplate(_WATCH, (member,), states, ((no, None),), (step,), "", span)
    return Watched(replace(program, machines={**program.machines, _WATCH: watch}), part)


def _watching(member: Parameter, fact: Condition) -> Condition:
    return InState(_WATCH, (member.name,), (StatePattern("yes"),), fact.span)


def _not(condition: Condition) -> Condition:
    return Boolean("not", (condition,), condition.span)
