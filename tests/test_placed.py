"""Members on other members: what is shown of states that are named by an index holds wherever it can be searched."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from cases import changed, program, proven
from oracle import TooLarge, violated
from placed_programs import placed, with_places

from verifier.analysis.kinds import kinds
from verifier.engines.induction import Induction, changes, choice, forms, proof
from verifier.engines.induction.proof import Book, Settled
from verifier.language.program import Boolean, CheckTemplate, Condition, Lemma, Program, Quantified
from verifier.system.lower import lower
from verifier.system.scope import ANY_SIZE, THIS_TOPOLOGY
from verifier.system.values import Values

SIZES = ((1, 1, 2), (2, 1, 2), (1, 2, 1), (2, 1, 1))


def drawn(seeds: range, **wanted: int | bool) -> Iterator[tuple[int, Program]]:
    for seed in seeds:
        yield seed, with_places(placed(seed, **wanted), *SIZES[seed % 4])  # type: ignore[arg-type]


def never(lemma: Lemma, condition: Condition) -> CheckTemplate:
    return CheckTemplate("asked", "never", lemma.parameters, "", (), condition, None, None, lemma.span)


def occurs(of: Program, part: CheckTemplate, states_max: int) -> bool:
    """Whether some reachable state of the exact system violates `part`, for whatever members."""
    for env in kinds(Values(of), part, placed=True):
        made = lower(Values(of), part, env, relaxed=False)
        if violated(made.system, made.check, states_max):
            return True
    return False


def holds(of: Program, lemma: Lemma, states_max: int) -> bool:
    return not occurs(of, never(lemma, Boolean("not", (lemma.always,), lemma.span)), states_max)


# -- lemmas ------------------------------------------------------------------------------------------------------------


def false_lemmas(seeds: range, states_max: int) -> tuple[list[str], Counter[str]]:
    """Lemmas that are proven and do not hold."""
    wrong, tally = [], Counter[str]()
    for seed, of in drawn(seeds, lemmas=5, timed=False):
        found = proven(of)
        for lemma in of.lemmas:
            try:
                holding = holds(of, lemma, states_max)
            except TooLarge:
                continue
            tally["proven" if lemma.name in found else "true" if holding else "false"] += 1
            if lemma.name in found and not holding:
                wrong.append(f"{seed}: {lemma.name}")
    return wrong, tally


def test_what_is_proven_about_places_holds() -> None:
    wrong, tally = false_lemmas(range(80), 1200)
    assert wrong == []
    assert tally["proven"] > 25
    assert tally["false"] > 60


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_500, 11_000])
def test_what_is_proven_about_places_holds_at_length(first: int) -> None:
    assert false_lemmas(range(first, first + 500), 5000)[0] == []


def test_a_place_that_is_one_of_the_named_only_would_prove_too_much() -> None:
    """Had a place to be one of those spelt out, lemmas would be proven that do not hold."""
    states_of = forms.states_of

    def named_only(*args: object) -> list[str]:
        found = states_of(*args)  # type: ignore[arg-type]
        return [state for state in found if "another" not in state] or found

    with (
        patch.object(forms, "states_of", named_only),
        patch.object(changes, "states_of", named_only),
    ):
        assert false_lemmas(range(80), 1200)[0]


HEAD = """
settings things "sizes" { pods: size = 1 "x"  nodes: size = 1 "x" }
index P = pod: things.pods
index N = node: things.nodes
machine B[n: N] { states x, y  initially x  x -> y "x" WAY_BACK }
machine Place[p: P] { states unset, on(n: N)  initially unset  unset -> on(n) "x" when GUARD }
"""
CHECK = 'check c "c" { never bad "x" when no p: P (Place[p] is unset) }\n'

# (guard, way back, parameters, lemma, is it an invariant?)
PLACES = {
    "where one is, the guard was true": (
        "B[n] is y", "", "[p: P, n: N]", "Place[p] is on(n) implies B[n] is y", True),
    "where one is, the guard is no longer true": (
        "B[n] is y", 'y -> x "x"', "[p: P, n: N]", "Place[p] is on(n) implies B[n] is y", False),
    "of another place it says nothing": (
        "B[n] is y", "", "[p: P, n: N, m: N]", "Place[p] is on(n) implies B[m] is y", False),
    "nobody is elsewhere": ("true", "", "[p: P, n: N]", "Place[p] is {unset, on(n)}", False),
    "one is at one place only": (
        "true", "", "[p: P, n: N, m: N]", "Place[p] is on(n) implies (m == n or Place[p] is not on(m))", True),
    "two are at two places": (
        "true", "", "[p: P, q: P, n: N]", "p == q or Place[p] is not on(n) or Place[q] is not on(n)", False),
    "two are at two places if the guard says so": (
        "no q: P (Place[q] is on(n))", "", "[p: P, q: P, n: N]",
        "p == q or Place[p] is not on(n) or Place[q] is not on(n)", True),
    "no more than one at a place": (
        "true", "", "[n: N]", "count p: P (Place[p] is on(n)) <= 1", False),
    "no more than one at a place if the guard says so": (
        "no q: P (Place[q] is on(n))", "", "[n: N]", "count p: P (Place[p] is on(n)) <= 1", True),
    "nobody is anywhere": ("true", "", "[p: P]", "Place[p] is unset", False),
    "somebody is somewhere": ("true", "", "[p: P]", "Place[p] is on", False),
}  # fmt: skip


# The other true ones need not be proven; none that is wrong may be.
PROVEN = {"one is at one place only"}


@pytest.mark.parametrize("name", PLACES)
def test_by_hand(name: str, tmp_path: Path) -> None:
    guard, back, parameters, always, wanted = PLACES[name]
    guard = "(true)" if guard == "true" else guard
    head = changed(HEAD, ("GUARD", guard), ("WAY_BACK", back))
    text = f'{head}lemma asked{parameters} "x": always {always}\n{CHECK}'
    (tmp_path / "by_hand.model").write_text(text, "utf-8")
    of = program("use by_hand\nthings a { pods = 2; nodes = 2 }\nverify c\n", tmp_path)
    assert holds(of, of.lemmas[0], 5000) is wanted
    assert ("asked" in proven(of)) is (name in PROVEN)


# -- somebody chosen ---------------------------------------------------------------------------------------------------


def choosing(seed: int) -> str:
    """A model of lemmas by which somebody may be chosen, and of conditions that may be settled thereby."""
    r = random.Random(seed)

    def cls() -> str:
        return r.choice(("", "", " old", " new"))

    def good(p: str) -> str:
        return f"A[{p}] is {r.choice(('s', 't', '{s, t}'))}"

    def here(n: str) -> str:
        return r.choice((f"B[{n}] is y", f"B[{n}] is y", f"B[{n}] is x", f"some q: P (Place[q] is on({n}))"))

    def lemma(i: int) -> str:
        head = f"lemma l{i}"
        return r.choice((
            f'{head} "x": always some p: P{cls()} ({good("p")})',
            f'{head} "x": always count p: P{cls()} ({good("p")}) >= 1',
            f'{head} "x": always some p: P{cls()} (Place[p] is on)',
            f'{head}[p: P{cls()}] "x": always {good("p")} implies Place[p] is on',
            f'{head}[p: P{cls()}] "x": always Place[p] is {{on, unset}}',
            f'{head}[p: P{cls()}, n: N] "x": always (Place[p] is on(n) and {good("p")}) implies {here("n")}',
            f'{head}[p: P{cls()}, n: N] "x": always Place[p] is on(n) implies {here("n")}',
        ))  # fmt: skip

    def condition() -> str:
        first = r.choice((f"no n: N ({here('n')})", f"no p: P{cls()} (some n: N (Place[p] is on(n) and {here('n')}))"))
        more = r.choice(("", "", f" and no p: P{cls()} (Place[p] is unset)", f" and no p: P{cls()} ({good('p')})"))
        return first + more

    begins = r.choice(("unset", "on(each things.nodes)", "on(each things.nodes) if p is old, unset"))
    gone = r.choice(("", '  on -> gone "x"', '  on -> gone "x" when A[p] is u'))
    guards = ("(true)", "B[n] is y", "B[n] is y", "A[p] is t", "p is new")
    steps = ("(true)", "p is new", "Place[p] is on", "some q: P old (A[q] is t)", "count q: P (A[q] is t) >= 2")
    return "\n".join((
        'settings things "sizes" { old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x" }',
        "index P = old: things.old, new: things.new",
        "index N = node: things.nodes",
        f'machine Place[p: P] {{ states unset, on(n: N), gone  initially {begins}',
        f'  unset -> on(n) "x" when {r.choice(guards)}',
        gone,
        "}",
        f'machine A[p: P] {{ states s, t, u  initially {r.choice(("s", "t", "t if p is old, s"))}',
        f'  s -> t "x" when {r.choice(steps)}',
        f'  t -> u "x" when {r.choice(steps)}' if r.random() < 0.6 else "",
        "}",
        f'machine B[n: N] {{ states x, y  initially {r.choice("xy")}',
        f'  x -> y "x" when {r.choice(("(true)", "some q: P (Place[q] is on(n))"))} }}',
        *(lemma(i) for i in range(12)),
        'check c "c" {',
        *(f'  never closed{i} "x" when {condition()}' for i in range(6)),
        "}\n",
    ))  # fmt: skip


def with_true_lemmas(of: Program, states_max: int) -> Induction:
    """An induction that has accepted every lemma that holds here, as if each had been shown by other means."""
    induction = Induction(of)
    for lemma in induction.unproven():
        if holds(of, lemma, states_max):
            induction.accept(lemma, THIS_TOPOLOGY)
    return induction


def wrongly_settled(seeds: range, states_max: int) -> tuple[list[str], Counter[str]]:
    """Conditions about nobody in particular to which the induction gives a value that they do not keep."""
    wrong, tally = [], Counter[str]()
    denied = choice.denied_by_choice

    def counted(book: Book, condition: Condition) -> tuple[str, ...] | None:
        found = denied(book, condition)
        tally["by choice"] += found is not None
        return found

    for seed in seeds:
        of = with_places(choosing(seed), *SIZES[seed % 4])
        try:
            induction = with_true_lemmas(of, states_max)
            with patch.object(proof, "denied_by_choice", counted):
                for part in of.checks["c"].parts:
                    known = induction.settled(part.when, {})
                    if known is None:
                        continue
                    tally["settled"] += 1
                    asked = Boolean("not", (part.when,), part.span) if known.value else part.when
                    if occurs(of, replace(part, when=asked), states_max):
                        wrong.append(f"{seed}: {part.name} is not {known.value}, by {known.lemmas}")
        except TooLarge:
            continue
    return wrong, tally


def test_what_is_settled_is_so() -> None:
    wrong, tally = wrongly_settled(range(60), 1200)
    assert wrong == []
    assert tally["by choice"] > 5, tally


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_500])
def test_what_is_settled_is_so_at_length(first: int) -> None:
    assert wrongly_settled(range(first, first + 500), 5000)[0] == []


SELF = """
settings things "sizes" { one: size = 1 "x" }
index P = one: things.one
machine B[p: P] { states x, y  initially x  x -> y "x" }
machine Place[p: P] { states unset, on(q: P)  initially unset  unset -> on(q) "x" when p == q or B[q] is y }
lemma elsewhere[p: P, q: P] "x": always p == q or (Place[p] is on(q) implies B[q] is y)
check c "c" { never bad "x" when no q: P (B[q] is y) and no p: P (Place[p] is unset) }
"""


def test_one_may_be_at_oneself(tmp_path: Path) -> None:
    """The lemma says nothing of one who is at oneself, and there is nobody else."""
    (tmp_path / "by_hand.model").write_text(SELF, "utf-8")
    of = program("use by_hand\nthings a { one = 1 }\nverify c\n", tmp_path)
    (part,) = of.checks["c"].parts
    assert occurs(of, part, 1000)
    assert with_true_lemmas(of, 1000).settled(part.when, {}) is None


# -- the shipped models ------------------------------------------------------------------------------------------------

LOCAL = """use kubernetes
use load_balancers/alibaba_clb
cluster ack { nodes = 2 }
app web { startup_time = 5s; on_sigterm = drains; longest_request = 2s }
deployment web { replicas = 2; max_surge = 1; max_unavailable = 0; readiness_probe { period = 3s } }
service web { external_traffic_policy = Local }
verify no_lost_request
"""


def no_backend(of: Program) -> CheckTemplate:
    (part,) = (part for part in of.checks["no_lost_request"].parts if part.name == "no_backend")
    return part


def accepted(of: Program, name: str) -> Induction:
    induction = Induction(of)
    (lemma,) = (lemma for lemma in of.lemmas if lemma.name == name)
    assert lemma in induction.unproven()
    induction.accept(lemma, ANY_SIZE)
    return induction


def settles(induction: Induction, of: Program) -> Settled | None:
    """What is known of `some n: Node (sends_to(n))`."""
    condition = next(c for c in everything(no_backend(of).when) if isinstance(c, Quantified) and c.type == "Node")
    some = Quantified("some", condition.var, condition.type, condition.cls, condition.body, condition.span)
    return induction.settled(some, {})


def everything(condition: Condition) -> Iterator[Condition]:
    yield condition
    if isinstance(condition, Boolean):
        for part in condition.args:
            yield from everything(part)


def test_that_there_is_a_backend_takes_the_lemma_that_available_pods_are_sent_to(tmp_path: Path) -> None:
    of = program(LOCAL, tmp_path)
    assert settles(Induction(of), of) is None
    for other in ("sent_to_has_local", "available_is_sent_to_directly"):
        if other in {lemma.name for lemma in Induction(of).unproven()}:
            assert settles(accepted(of, other), of) is None
    known = settles(accepted(of, "available_is_sent_to"), of)
    assert known is not None
    assert known.value
    assert "available_is_sent_to" in known.lemmas


def test_without_somebody_available_there_may_be_no_backend(tmp_path: Path) -> None:
    """Recreate leaves nobody available for some time: the lemma speaks about nobody then."""
    of = program(changed(LOCAL, ("max_surge = 1; max_unavailable = 0", "strategy = Recreate")), tmp_path)
    assert settles(accepted(of, "available_is_sent_to"), of) is None


CHOSEN = """
settings things "sizes" { old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x" }
index P = old: things.old, new: things.new - 1
index N = node: things.nodes
machine A[p: P] { states s, t  initially s }
machine B[n: N] { states x, y  initially y  y -> x "x" }
machine Place[p: P] { states unset, on(n: N), gone  initially on(each things.nodes) if p is old, unset }
lemma somebody "x": always SOMEBODY
lemma placed[p: P] "x": always Place[p] is PLACES
lemma there[p: P CLASS, n: N] "x": always (Place[p] is on(n) and A[p] is s) implies B[n] is y
check c "c" { never bad "x" when no n: N (B[n] is y) }
"""
OLD = ("SOMEBODY", "some p: P old (A[p] is s)")
# (changes, is it settled?) All lemmas are accepted, true or not: what follows from them is asked.
BY_CHOICE = {
    "an old one, and it is somewhere": ((OLD, ("PLACES", "on"), ("CLASS", "old")), True),
    "it may be nowhere": ((OLD, ("PLACES", "{on, unset}"), ("CLASS", "old")), False),
    "the other lemma is about another class": ((OLD, ("PLACES", "on"), ("CLASS", "new")), False),
    "the one there is may be of another class": (
        (("SOMEBODY", "some p: P (A[p] is s)"), ("PLACES", "on"), ("CLASS", "old")), False),
    "the one there is is in another state": (
        (("SOMEBODY", "some p: P old (A[p] is t)"), ("PLACES", "on"), ("CLASS", "old")), False),
    "a class that may be empty": (
        (("SOMEBODY", "(every p: P new (A[p] is s))"), ("PLACES", "on"), ("CLASS", "new")), False),
    "there need not be anybody": (
        (("SOMEBODY", "count p: P old (A[p] is s) >= 0"), ("PLACES", "on"), ("CLASS", "old")), False),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_CHOICE)
def test_somebody_chosen_must_be_there_and_somewhere(name: str, tmp_path: Path) -> None:
    changes, wanted = BY_CHOICE[name]
    (tmp_path / "by_hand.model").write_text(changed(CHOSEN, *changes), "utf-8")
    new = 1 if "empty" in name else 2  # there is one less
    of = program(f"use by_hand\nthings a {{ old = 1; new = {new}; nodes = 2 }}\nverify c\n", tmp_path)
    induction = Induction(of)
    with patch.object(Book, "proves", lambda *_: False):  # only what is accepted is known
        for lemma in induction.unproven():
            induction.accept(lemma, ANY_SIZE)
    known = induction.settled(of.checks["c"].parts[0].when, {})
    assert (known is not None) is wanted
