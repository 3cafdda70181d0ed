"""Conditions made shorter by what lemmas say of single members: no verdict changes, as long as it is true."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import cast

import pytest
from cases import program
from oracle import TooLarge, _Graph, violated
from shrunk import parts
from template_programs import model, with_sizes
from test_reductions import QUICK, shrunk

from verifier.analysis.questions import Lemmas
from verifier.analysis.simplify import simplified
from verifier.engines.induction import Induction, Reading
from verifier.interpreter import State
from verifier.language.program import Program
from verifier.system.ir import In, Or, System, neg
from verifier.system.lower import Lowered, instance_name, lower
from verifier.system.values import Member, Values


class Known:
    """Implications that hold in every reachable state of the exact system, for all such members: what lemmas may at
    best say.
    """

    def __init__(self, lowered: Lowered, states_max: int) -> None:
        self.lowered = lowered
        self.meaning = _Graph(lowered.system).meaning
        self.states = reachable(lowered.system, states_max)

    def implies(self, members: tuple[Member, ...], one: Reading, other: Reading) -> bool:
        there = dict.fromkeys(m for chosen in self.lowered.members_of.values() for m in chosen)
        found = 0
        for chosen in permutations(there, len(set(members))):
            named = dict(zip(dict.fromkeys(members), chosen, strict=True))
            if any((a.type, a.cls) != (b.type, b.cls) for a, b in named.items()):
                continue
            machines = [instance_name(family, (named[m] for m in members)) for family, _ in (one, other)]
            if not all(name in self.lowered.system.machine for name in machines):
                continue
            found += 1
            says = Or((neg(In(machines[0], one[1])), In(machines[1], other[1])))
            if not all(self.meaning.holds(says, state) for state in self.states):
                return False
        return found > 0


class Anything:
    """A wrong induction: it takes everything for implied."""

    def implies(self, members: tuple[Member, ...], one: Reading, other: Reading) -> bool:
        return True


def reachable(system: System, states_max: int) -> list[State]:
    graph = _Graph(system)
    seen, todo = {graph.first()}, deque([graph.first()])
    while todo:
        state = todo.popleft()
        tick = graph.tick(state)
        for after in (*graph.events(state), *([] if tick is None else [tick])):
            if after not in seen:
                if len(seen) >= states_max:
                    raise TooLarge
                seen.add(after)
                todo.append(after)
    return list(seen)


def shorter(lowered: Lowered, lemmas: object) -> System:
    return simplified(lowered, cast(Lemmas, lemmas))


def differs(lowered: Lowered, small: System) -> bool:
    return small.steps != lowered.system.steps or small.checks[0].when != lowered.check.when


def exact(of: Program) -> Iterator[tuple[str, Lowered]]:
    for name, part, env in parts(of):
        yield f"{name}/{part.name}", lower(Values(of), part, env, relaxed=False)


def programs(seeds: range) -> Iterator[tuple[int, Program]]:
    return ((seed, with_sizes(model(seed, lemmas=0, timed=True), seed % 2 + 1, seed // 2 % 2 + 1)) for seed in seeds)


def compare(seeds: range, states_max: int, lemmas: Callable[[Lowered], object]) -> tuple[list[str], int]:
    """Where a verdict changes, and how many systems became shorter."""
    wrong, fewer = [], 0
    for seed, of in programs(seeds):
        for name, lowered in exact(of):
            try:
                small = shorter(lowered, lemmas(lowered))
                if not differs(lowered, small):
                    continue
                fewer += 1
                if violated(small, small.checks[0], states_max) != violated(lowered.system, lowered.check, states_max):
                    wrong.append(f"{seed}: {name}")
            except TooLarge:
                continue
    return wrong, fewer


def test_what_is_always_so_changes_no_verdict() -> None:
    wrong, fewer = compare(range(150), 1200, lambda lowered: Known(lowered, 1200))
    assert wrong == []
    assert fewer > 60


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_500, 11_000])
def test_what_is_always_so_changes_no_verdict_at_length(first: int) -> None:
    assert compare(range(first, first + 500), 4000, lambda lowered: Known(lowered, 4000))[0] == []


def test_a_false_implication_changes_verdicts() -> None:
    wrong, fewer = compare(range(300), 1200, lambda lowered: Anything())
    assert fewer > 30
    assert len(wrong) > 5


def of_induction(of: Program, states_max: int) -> tuple[int, int]:
    """How many systems there are, and how many the lemmas make shorter; the search says the same of both."""
    induction, count, fewer = Induction(of), 0, 0
    for name, part, env in parts(of):
        lowered = lower(Values(of), part, env, relaxed=False)
        small = shorter(lowered, Lemmas(induction))
        count += 1
        if differs(lowered, small):
            fewer += 1
            expected = violated(lowered.system, lowered.check, states_max)
            assert violated(small, small.checks[0], states_max) == expected, name
    return count, fewer


@pytest.mark.parametrize("stem", ["04a-pre-stop-11", "15a-longest-request-34"])
def test_a_shrunk_case(stem: str, tmp_path: Path) -> None:
    count, fewer = of_induction(shrunk(stem, tmp_path), 200_000)
    assert 0 < fewer <= count


@pytest.mark.slow
@pytest.mark.parametrize("stem", QUICK)
def test_a_shrunk_case_at_length(stem: str, tmp_path: Path) -> None:
    of_induction(shrunk(stem, tmp_path), 200_000)


# -- by hand -----------------------------------------------------------------------------------------------------------

HEAD = 'settings things "sizes" { one: size = 1 "x" }\nindex P = one: things.one\n'
BOTH = """
machine K[p: P, q: P] { states a, b  initially a  a -> b "x" when p == q or L[p, q] is b }
machine L[p: P, q: P] { states a, b  initially a  a -> b "x" }
lemma follows[p: P, q: P] "x": always p == q or (K[p, q] is b implies L[p, q] is b)
check c "c" { never bad[p: P, q: P] "x" when K[p, q] is b and not (L[p, q] is b) }
"""
VIEWED = """
machine K[p: P] { states a, b  initially a  a -> b "x" when L[p] is b }
machine L[p: P] { states a, b  initially a  a -> b "x" }
view V of L
lemma follows[p: P] "x": always K[p] is b implies L[p] is b
check c "c" { never bad[p: P] "x" when K[p] is b and not (L[p] is b seen by V) }
"""
EITHER = """
machine K[p: P] { states a, b  initially a  a -> b "x" when L[p] is b }
machine L[p: P] { states a, b  initially a  a -> b "x" when K[p] is b }
lemma follows[p: P] "x": always K[p] is b implies L[p] is b
check c "c" { never bad[p: P] "x" when K[p] is b or L[p] is b }
"""


def by_hand(text: str, folder: Path) -> list[tuple[bool, bool, System]]:
    """For each kind of members: violated, violated once simplified, the simplified system."""
    (folder / "by_hand.model").write_text(HEAD + text, "utf-8")
    of = program("use by_hand\nthings a { one = 2 }\nverify c\n", folder)
    induction = Induction(of)
    assert set(induction.proven()) == {"follows"}
    found = []
    for _, lowered in exact(of):
        small = shorter(lowered, Lemmas(induction))
        found.append((violated(lowered.system, lowered.check), violated(small, small.checks[0]), small))
    return found


def test_a_lemma_about_two_says_nothing_of_one_that_is_both(tmp_path: Path) -> None:
    """`p == q or ...` holds of one member with itself whatever the rest says."""
    assert sorted((was, now) for was, now, _ in by_hand(BOTH, tmp_path)) == [(False, False), (True, True)]


def test_the_present_says_nothing_of_a_copy(tmp_path: Path) -> None:
    assert [(was, now) for was, now, _ in by_hand(VIEWED, tmp_path)] == [(True, True)]


def test_an_alternative_says_nothing_of_the_others(tmp_path: Path) -> None:
    assert [(was, now) for was, now, _ in by_hand(EITHER, tmp_path)] == [(False, False)]


def test_two_machines_that_imply_each_other_do_not_both_go(tmp_path: Path) -> None:
    of = with_sizes(
        'settings things "sizes" { one: size = 1 "x"  two: size = 1 "x" }\n'
        "index P = one: things.one, two: things.two\n"
        'machine K[p: P] { states a, b  initially a  a -> b "x" when L[p] is a }\n'
        'machine L[p: P] { states a, b  initially a  a -> b "x" when K[p] is a }\n'
        'check c "c" { never bad[p: P one] "x" when K[p] is b and L[p] is b }\n',
        1,
        1,
    )
    ((_, lowered),) = exact(of)
    small = shorter(lowered, Anything())
    assert {name for name in ("K", "L") if name in repr(small.checks[0].when)}
    assert replace(small.checks[0], when=lowered.check.when) == lowered.check
