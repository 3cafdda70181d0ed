"""Lemmas against the exhaustive search: what induction calls proven must hold wherever there are few enough states."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from cases import proven
from oracle import TooLarge, violated
from template_programs import model, with_sizes

from verifier.analysis.kinds import kinds
from verifier.language.program import Boolean, CheckTemplate, Lemma, Literal_, Program
from verifier.system.lower import lower
from verifier.system.scope import Scope
from verifier.system.values import Values


@dataclass
class Tally:
    """`wrong`: what is proven and violated, and where. `asked`: how often a proven lemma was tried."""

    proven: int = 0
    asked: int = 0
    too_large: int = 0
    refuted: int = 0
    wrong: list[tuple[str, str, tuple[int, int]]] = field(default_factory=list)


def holds(program: Program, lemma: Lemma, sizes: tuple[int, int], states_max: int) -> bool:
    """Whether `lemma` holds in every reachable state of the exact system, for every kind of member."""
    negation = Boolean("not", (lemma.always,), lemma.span)
    part = CheckTemplate(lemma.name, "never", lemma.parameters, "", (), negation, None, None, lemma.span)
    one, two = (Literal_(size, lemma.span) for size in sizes)
    values = Values(program, pinned={"things.one": one, "things.two": two})
    for env in kinds(values, part):
        made = lower(values, part, env, relaxed=False)
        if violated(made.system, made.check, states_max):
            return False
    return True


def covers(scope: Scope, here: tuple[int, int], sizes: tuple[int, int]) -> bool:
    if scope.least is None:
        return here == sizes
    least = dict(scope.least)
    return sizes[0] >= least["things.one"] and sizes[1] >= least["things.two"]


def compare(seeds: range, all_sizes: list[tuple[int, int]], states_max: int) -> Tally:
    """What is proven of each model is tried at all these sizes; of every fifth model also what is not proven."""
    tally = Tally()
    for seed in seeds:
        here = (seed % 3 + 1, seed // 3 % 3 + 1)
        program = with_sizes(model(seed), *here)
        found = proven(program)
        tally.proven += len(found)
        for sizes, lemma in product(dict.fromkeys([here, *all_sizes]), program.lemmas):
            wanted = lemma.name in found and covers(found[lemma.name], here, sizes)
            if not wanted and (lemma.name in found or seed % 5 or sizes != (2, 2)):
                continue
            try:
                holding = holds(program, lemma, sizes, states_max)
            except TooLarge:
                tally.too_large += 1
                continue
            tally.asked += wanted
            tally.refuted += not wanted and not holding
            if wanted and not holding:
                tally.wrong.append((f"seed {seed} at {here}", lemma.name, sizes))
    return tally
