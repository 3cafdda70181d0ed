"""Lemmas of phases, and of the first member to satisfy something: what is shown holds wherever it can be searched."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import pytest
from cases import blog, program
from oracle import TooLarge
from placed_programs import with_places
from test_placed import never, occurs

from verifier.analysis import proofs, watches
from verifier.analysis.proofs import Proofs
from verifier.analysis.questions import Deadline, Question
from verifier.analysis.verdict import Verdict
from verifier.analysis.verify import verify_program
from verifier.engines.induction import Induction
from verifier.language.load import load
from verifier.language.program import Boolean, Condition, Lemma, Phases, Program, Quantified
from verifier.system.run import Budget
from verifier.system.scope import Scope
from verifier.system.values import Values

Programs: TypeAlias = Callable[[range], Iterator[tuple[int, Program]]]
DELAYS = ("", "immediately", "within 1s", "within 2s", "within 1s..2s", "after 1s", "after 2s", "within 2s..3s")
TOLD = ("immediately", "within 1s", "within 2s", "within 3s", "after 4s", "within 5s", "after 7s")
SIZES = 'settings things "sizes" { old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x" }\n'


def shown(of: Program) -> dict[str, Scope]:
    """The lemmas that hold by induction, or by a proof with time, with the sizes for which they do."""
    found = Proofs(Values(of), Deadline(Budget(seconds=60)), Induction(of))
    with closing(found.session):
        found.more_lemmas()
        return found.induction.proven()


def wrong(
    programs: Iterator[tuple[int, Program]], denial: Callable[[Lemma], Condition]
) -> tuple[list[int], Counter[str]]:
    """The seeds of programs whose last lemma is shown though what it says of them does not hold."""
    found, tally = [], Counter[str]()
    for seed, of in programs:
        lemma = of.lemmas[-1]
        is_shown = lemma.name in shown(of)
        try:
            fails = occurs(of, never(lemma, denial(lemma)), 4000)
        except TooLarge:
            continue
        tally["shown" if is_shown else "false" if fails else "true"] += 1
        if is_shown and fails:
            found.append(seed)
    return found, tally


def negation(lemma: Lemma) -> Condition:
    return Boolean("not", (lemma.always,), lemma.span)


# -- phases ------------------------------------------------------------------------------------------------------------


def in_phases(seeds: range) -> Iterator[tuple[int, Program]]:
    for seed in seeds:
        draw = random.Random(seed)
        many, by = draw.choice((1, 1, 1, 2)), draw.choice((1, 2, 3, 3))
        late = many if many == 2 else draw.choice((1, 1, 2, 3))
        free = f"count q: P new (Begun[q] is yes and Work[q] is not over) < {many}"
        again = draw.choice(("", "", "", "", f"when {free}", "when Begun[p] is no"))
        text = f"""{SIZES}
index P = old: things.old, new: things.new
machine Begun[p: P new] {{
  states no, yes
  initially no
  no -> yes "x" when {free} {draw.choice(DELAYS)}
{draw.choice(("", "", "", f'  yes -> no "x" {draw.choice(DELAYS[2:])}'))}
}}
machine Long[p: P new] {{
  states no, yes
  initially no
  no -> yes "x" when Begun[p] is yes after {by + draw.choice((0, 1, 1, 2))}s
}}
machine Work[p: P new] {{
  states to_do, over, again
  initially to_do
  to_do -> over "x" when {draw.choice(("Begun[p] is yes", "Long[p] is yes", "Long[p] is yes"))} {draw.choice(DELAYS)}
  {f'over -> again "x" {again} {draw.choice(DELAYS[2:])}' if again else ""}
  again -> over "x" {draw.choice(DELAYS)}
}}
machine Told[p: P new] {{
  states no, yes
  initially no
  no -> yes "x" when Work[p] is over {draw.choice(TOLD)}
  {draw.choice(("", "", 'yes -> no "x" within 1s', 'yes -> no "x" when Work[p] is again immediately'))}
}}
lemma few: always count p: P new (Begun[p] is yes and not (Work[p] is over)) <= {many}
lemma late following few by {by}s: always count p: P new (Work[p] is over and not (Told[p] is yes)) <= {late}
check c "c" {{ never bad "x" when some p: P new (Told[p] is yes) }}
"""
        yield seed, with_places(text, 1, late + 1, 1)


def test_what_is_shown_of_phases_holds() -> None:
    found, tally = wrong(in_phases(range(90)), negation)
    assert found == []
    assert tally["shown"] > 10
    assert tally["false"] > 30


@pytest.mark.slow
def test_one_time_more_than_the_numbers_allow_is_wrong() -> None:
    whole = proofs.in_phases

    def once_more(of: Program, lemma: Lemma, phases: Phases, rounds: int) -> Iterator[watches.Watched]:
        return whole(of, lemma, phases, rounds + 1)

    with patch.object(proofs, "in_phases", once_more):
        assert wrong(in_phases(range(60)), negation)[0]


@pytest.mark.parametrize(
    ("replicas", "verdict"),
    [
        pytest.param("4", Verdict.UNSAFE, marks=pytest.mark.slow),
        pytest.param("5", Verdict.SAFE, marks=pytest.mark.slow),
        ("100", Verdict.SAFE),
    ],
)
def test_pods_that_start_sooner_than_the_balancer_checks_them(replicas: str, verdict: Verdict, tmp_path: Path) -> None:
    """Row 12b: each takes 5 s, and waits for 18 s, so that four wait at a time."""
    of = program(blog("12b-eni-fast-start", ("replicas        = 3", f"replicas = {replicas}")), tmp_path)
    (found,) = verify_program(of, (), Budget(60)).checks
    assert found.verdict is verdict


@pytest.mark.slow
def test_what_is_shown_of_phases_holds_at_length() -> None:
    assert wrong(in_phases(range(10_000, 11_500)), negation)[0] == []


# What was over is not, and is over and late once more; whoever was over then counts as having begun no more.
AGAIN = f"""{SIZES}
index P = old: things.old, new: things.new
machine Begun[p: P new] {{
  states no, yes, past
  initially no
  no -> yes "x" when count q: P new (Begun[q] is yes and Work[q] is not {{over, for_good}}) < 1
  yes -> past "x" when Long[p] is yes within 1s
}}
machine Long[p: P new] {{ states no, yes  initially no  no -> yes "x" when Begun[p] is yes after 4s }}
machine Work[p: P new] {{
  states to_do, over, again, for_good
  initially to_do
  to_do -> over "x" when Long[p] is yes immediately
  over -> again "x" when Begun[p] is past within 1s
  again -> for_good "x"
}}
machine Told[p: P new] {{
  states no, yes
  initially no
  no -> yes "x" when Work[p] is {{over, for_good}} within 1s
  yes -> no "x" when Work[p] is again immediately
}}
lemma few: always count p: P new (Begun[p] is yes and not (Work[p] is {{over, for_good}})) <= 1
lemma late following few by 3s: always count p: P new (Work[p] is {{over, for_good}} and not (Told[p] is yes)) <= 1
check c "c" {{ never bad "x" when some p: P new (Told[p] is yes) }}
"""


@pytest.mark.parametrize(("premise", "any_size"), [("(true)", True), ("things.new < 3", False)])
def test_what_the_earlier_phase_is_said_of_is_what_the_later_one_is_shown_for(premise: str, any_size: bool) -> None:
    text = f"""{SIZES}
index P = old: things.old, new: things.new
machine Work[p: P new] {{
  states to_do, begun, over
  initially to_do
  to_do -> begun "x" when count q: P new (Work[q] is begun) < 1
  begun -> over "x" after 5s
}}
machine Told[p: P new] {{ states no, yes  initially no  no -> yes "x" when Work[p] is over within 1s }}
lemma few: always {premise} implies count p: P new (Work[p] is not to_do and not (Work[p] is over)) <= 1
lemma late following few by 3s: always count p: P new (Work[p] is over and not (Told[p] is yes)) <= 1
check c "c" {{ never bad "x" when some p: P new (Told[p] is yes) }}
"""
    assert shown(with_places(text, 1, 2, 1))["late"].any_size is any_size


# Old ones take 2 s and new ones 5 s: both may be late at once, an old one that came after a new one.
BY_CLASS = f"""{SIZES}
index P = old: things.old, new: things.new
let takes(p: P) = if p is old then 1s else 4s
machine Work[p: P] {{
  states to_do, begun, over
  initially to_do
  to_do -> begun "x" when count q: P (Work[q] is begun) < 1
  begun -> over "x" after takes(p) + 1s
}}
machine Told[p: P] {{ states no, yes  initially no  no -> yes "x" when Work[p] is over after takes(p) - 1s }}
lemma few: always count p: P (Work[p] is not to_do and not (Work[p] is over)) <= 1
lemma late following few by takes(p): always count p: P (Work[p] is over and not (Told[p] is yes)) <= 1
check c "c" {{ never bad "x" when some p: P (Told[p] is yes) }}
"""


def test_how_long_a_phase_takes_is_one_time_for_all_who_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "m.model"
    path.write_text(BY_CLASS, "utf-8")
    assert "HL201" in {d.code for d in load((path,)).diagnostics}
    path.write_text(BY_CLASS.replace("count p: P (", "count p: P new ("), "utf-8")
    assert not load((path,)).diagnostics


def again(_: range) -> Iterator[tuple[int, Program]]:
    yield 0, with_places(AGAIN, 1, 2, 1)


def test_a_phase_that_comes_again_is_no_phase() -> None:
    assert wrong(again(range(1)), negation) == ([], Counter({"false": 1}))


@pytest.mark.slow
@pytest.mark.parametrize(("facts", "programs"), [((0, 1), again), ((2,), in_phases), ((3,), in_phases)])
def test_each_fact_about_phases_is_needed(facts: tuple[int, ...], programs: Programs) -> None:
    """Without it something is shown that does not hold."""
    whole = proofs.in_phases

    def without(*args: Any) -> Iterator[Any]:
        yield from (one for i, one in enumerate(whole(*args)) if i not in facts)

    with patch.object(proofs, "in_phases", without):
        assert wrong(programs(range(60)), negation)[0]


# -- the first ---------------------------------------------------------------------------------------------------------


def of_the_first(seeds: range) -> Iterator[tuple[int, Program]]:
    for seed in seeds:
        draw = random.Random(seed)
        goes = draw.choice(
            (
                "some q: P new (A[q] is t)",
                "count q: P new (A[q] is t) >= 2",
                "no q: P new (A[q] is s)",
                "count q: P old (A[q] is u) < count q: P new (A[q] is t)",
                "count q: P old (A[q] is u) < 1 + count q: P new (A[q] is t)",
                "(some q: P new (A[q] is t)) seen by V",
            )
        )
        back = draw.choice(("", "", '  t -> s "x" when p is new', '  t -> u "x" when p is new'))
        here = draw.choice(("A[p] is t", "A[p] is {t, u}"))
        text = (
            SIZES
            + f"""
index P = old: things.old, new: things.new
index N = node: things.nodes
machine Place[p: P] {{
  states unset, on(n: N)
  initially on(each things.nodes) if p is old, unset
  unset -> on(n) "x" {draw.choice(DELAYS)}
}}
machine A[p: P] {{
  states s, t, u
  initially s if p is new, t
  s -> t "x" when p is new and Place[p] is on {draw.choice(DELAYS)}
  t -> u "x" when p is old and {goes} {draw.choice(DELAYS)}
{back}
}}
view V of A stale at most 1s
machine B[n: N] {{
  states x, y
  initially {draw.choice(("x if some p: P old (Place[p] is on(n)), y", "y if no p: P old (Place[p] is on(n)), x"))}
  x -> y "x" when no p: P (Place[p] is on(n) and {here}) {draw.choice(DELAYS)}
  y -> x "x" when some p: P (Place[p] is on(n) and A[p] is t)
}}
lemma kept[p: P new, n: N] for soonest p (A[p] is t): always (A[p] is t and Place[p] is on(n)) implies B[n] is x
check c "c" {{ never bad "x" when some n: N (B[n] is y) }}
"""
        )
        yield seed, with_places(text, *draw.choice(((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 1, 2))))


def nobody_is_the_first(lemma: Lemma) -> Condition:
    """Somebody satisfies what the lemma is about, and of none who does it holds."""
    assert lemma.first is not None
    (name, satisfies), (one, place) = lemma.first, lemma.parameters
    everywhere = Quantified("every", place.name, place.type, place.cls, lemma.always, lemma.span)
    fine = Boolean("and", (satisfies, everywhere), lemma.span)
    some = Quantified("some", name, one.type, one.cls, satisfies, lemma.span)
    return Boolean(
        "and",
        (some, Boolean("not", (Quantified("some", name, one.type, one.cls, fine, lemma.span),), lemma.span)),
        lemma.span,
    )


def test_what_is_shown_of_the_first_holds() -> None:
    found, tally = wrong(of_the_first(range(90)), nobody_is_the_first)
    assert found == []
    assert tally["shown"] > 10
    assert tally["false"] > 10


@pytest.mark.slow
def test_what_is_shown_of_the_first_holds_at_length() -> None:
    assert wrong(of_the_first(range(10_000, 11_500)), nobody_is_the_first)[0] == []


@pytest.mark.slow
def test_that_the_first_goes_on_satisfying_it_is_needed() -> None:
    whole = proofs.stays

    def for_granted(*args: Any) -> watches.Watched:
        asked = whole(*args)
        never = Boolean("and", (asked.part.when, Boolean("not", (asked.part.when,), asked.part.span)), asked.part.span)
        return replace(asked, part=replace(asked.part, when=never))

    with patch.object(proofs, "stays", for_granted):
        assert wrong(of_the_first(range(60)), nobody_is_the_first)[0]


def test_only_what_says_that_somebody_satisfies_it_says_so_of_the_first() -> None:
    def always(self: Proofs, question: Question, *_: object) -> Any:
        if self.first is None:
            return None
        name, satisfies = self.first
        return satisfies, {name: question.env[name]}

    with patch.object(Proofs, "_by_the_first", always):
        assert wrong(of_the_first(range(60)), nobody_is_the_first)[0]
