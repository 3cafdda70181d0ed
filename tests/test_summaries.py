"""One machine in place of all members that a summary speaks about: whatever is violated is violated with it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import compress, permutations, product
from unittest.mock import patch

import pytest
from oracle import TooLarge, violated
from placed_programs import THINGS, with_places

from verifier.analysis.proofs import Proofs
from verifier.analysis.questions import Deadline
from verifier.analysis.summaries import _Aspects
from verifier.engines.induction import Induction
from verifier.language.program import Program
from verifier.system.lower import Moves, lower
from verifier.system.lower.relaxed import together
from verifier.system.run import Budget
from verifier.system.values import Values

SIZES = ((1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 2))
DELAYS = ("", "immediately", "within 1s", "within 1s..2s", "after 1s", "within 2s..3s", "within 3s..4s")
STATES = ("ready", "leaving", "none", "{ready, leaving}", "{leaving, none}")


def drawn(seeds: Iterable[int]) -> Iterator[tuple[int, Program]]:
    """Members come to a place, turn ready, leaving, and neither; something there follows what they are together."""
    for seed in seeds:
        draw = random.Random(seed)
        timed = draw.random() < 0.4  # how long members stay is all that matters
        arrows = [(a, b) for a, b in ("st", "tu", "uv", "ts", "su", "ut", "tv", "us") if draw.random() < 0.4]
        arrows = [("t", "u"), ("u", "v"), draw.choice((("t", "u"), ("t", "v"), ("s", "u")))] if timed else arrows
        steps = []
        for a, b in arrows:
            cls = draw.choice(("", "", "p is old", "p is new"))
            many = draw.choice(("", "", "", "some q: P (A[q] is u)", "no q: P (A[q] is s)", "Place[p] is on"))
            guard = "" if timed else " and ".join(part for part in (cls, many) if part)
            steps.append(f'  {a} -> {b} "x" {f"when {guard}" if guard else ""} {draw.choice(DELAYS)}')
        begins = (
            draw.choice(("t", "t", "t if p is old, s"))
            if timed
            else draw.choice(("s", "t", "t if p is old, s", "u if p is old, s"))
        )
        places = draw.choice(("on(each things.nodes)", "on(each things.nodes) if p is old, unset", "unset"))
        least = draw.choice(("", "at least 1s", "at least 2s", "at least 3s", "at least 4s"))
        seen = draw.choice(("{0}", "{0}", "({0} seen by V)"))
        first, then, back, last = (seen.format(f"S[n] is {draw.choice(STATES)}") for _ in range(4))
        if timed:
            first, then, last = "S[n] is leaving", "S[n] is none", "S[n] is none"
        text = f"""{THINGS}
index P = old: things.old, new: things.new
index N = node: things.nodes
machine Place[p: P] {{
  states unset, on(n: N), gone
  initially {places}
  unset -> on(n) "x" {draw.choice(DELAYS)}
{draw.choice(("", "", '  on -> gone "x" when A[p] is u'))}
}}
machine A[p: P] {{
  states s, t, u, v
  initially {begins}
{chr(10).join(steps)}
}}
view V of A, Place stale at most 1s
summary S[n: N] of p: P {{
  ready   when Place[p] is on(n) and A[p] is t
  leaving when Place[p] is on(n) and A[p] is {draw.choice(("u", "{t, u}"))} {least}
}}
machine J[n: N] {{
  states a, b, c, d
  initially a
  a -> b "x" when {first} {draw.choice(DELAYS)}
  b -> c "x" when {then} {draw.choice(DELAYS)}
  {draw.choice(("", f'b -> a "x" when {back} immediately', 'b -> d "x" within 1s', 'b -> d "x" within 2s'))}
}}
check c "c" {{ never bad[n: N] "x" when J[n] is c and {last} }}
"""
        yield seed, with_places(text, *SIZES[seed % len(SIZES)])


def lost(seeds: Iterable[int], states_max: int = 4000) -> tuple[list[str], Counter[str]]:
    """What is violated and shown SAFE."""
    wrong, tally = [], Counter[str]()
    for seed, of in drawn(seeds):
        known = Proofs(Values(of), Deadline(Budget(seconds=60)), Induction(of))
        with closing(known.session):
            for question in known.questions(of.checks["c"].parts[0], {}):
                try:
                    exact = lower(Values(of), question.part, question.env, relaxed=False)
                    fails = violated(exact.system, exact.check, states_max)
                except TooLarge:
                    continue
                tally[f"{'fails' if fails else 'holds'}, {'shown' if question.result else 'not shown'}"] += 1
                if fails and question.result:
                    wrong.append(f"{seed}: {question.env}")
    return wrong, tally


def test_what_is_violated_is_not_shown() -> None:
    wrong, tally = lost(range(40))
    assert wrong == []
    assert tally["holds, shown"] > 10, tally
    assert tally["fails, not shown"] > 10, tally


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_500, 11_000, 11_500])
def test_what_is_violated_is_not_shown_at_length(first: int) -> None:
    assert lost(range(first, first + 500))[0] == []


MOVES = {(0, 1): (54, 57), (0, 2): (72, 78), (1, 0): (77, 170), (1, 2): (14, 25), (2, 0): (1, 14)}


@pytest.mark.parametrize("move", MOVES)
def test_each_move_is_needed(move: tuple[int, int]) -> None:
    """Were it thought impossible, something would be shown that does not hold."""
    may = _Aspects.may
    with patch.object(_Aspects, "may", lambda self, pair: pair != move and may(self, pair)):
        assert lost(MOVES[move])[0]


def test_that_members_stay_so_long_is_shown() -> None:
    with patch.object(_Aspects, "stays", lambda *_: True):
        assert lost([301])[0]


# -- what members do together ------------------------------------------------------------------------------------------

DWELL = 2
AllAt = tuple[tuple[int, int], ...]  # for each member its aspect, and how long it has been there, up to DWELL


def at_first(members: AllAt) -> int:
    """The aspect of all together: the first one that somebody is in."""
    return min((aspect for aspect, _ in members if aspect), default=0)


def observed(pairs: frozenset[tuple[int, int]], many: int, begins: range) -> dict[tuple[int, int], int]:
    """How so `many` members that may do `pairs` change together, and the least time after which each change is seen."""
    least: dict[tuple[int, int], int] = {}
    todo: list[tuple[AllAt, int]] = [(tuple((a, 0) for a in start), 0) for start in product(begins, repeat=many)]
    seen = set(todo)
    while todo:
        members, age = todo.pop()
        after = [(tuple((a, min(since + 1, DWELL)) for a, since in members), min(age + 1, DWELL))]
        for i, (aspect, since) in enumerate(members):
            for _, there in (pair for pair in pairs if pair[0] == aspect):
                if (aspect, there) == (2, 0) and since < DWELL:
                    continue
                moved = (*members[:i], (there, 0), *members[i + 1 :])
                change = at_first(members), at_first(moved)
                if change[0] != change[1]:
                    least[change] = min(least.get(change, age), age)
                after.append((moved, 0 if change[0] != change[1] else age))
        todo += [state for state in after if state not in seen]
        seen.update(after)
    return least


@pytest.mark.parametrize("begins_second", [False, True])
@pytest.mark.parametrize("many", [1, 2, 3])
def test_members_do_together_what_is_said_of_them(many: int, begins_second: bool) -> None:
    """For every choice of moves; and nothing is said that no three of them do, wherever they may begin."""
    every = list(permutations(range(3), 2))
    for chosen in product((False, True), repeat=len(every)):
        pairs = frozenset(compress(every, chosen))
        said = {(a, b): lo for a, b, lo in together(Moves(pairs, begins_second, DWELL, ()))}
        seen = observed(pairs, many, range(3 if begins_second else 2))
        assert all(said.get(change, DWELL + 1) <= least for change, least in seen.items()), (pairs, said, seen)
        assert many < 3 or not begins_second or said.keys() == seen.keys(), (pairs, said, seen)


# -- by hand -----------------------------------------------------------------------------------------------------------

PLACED = f"""{THINGS}
index P = old: things.old, new: things.new
index N = node: things.nodes
machine Place[p: P] {{
  states unset, on(n: N)
  initially on(each things.nodes) if p is old, unset
}}
"""
# Members on a crowded node begin in the second aspect and leave it at once, the others come to it and stay.
CROWDED = (
    PLACED
    + """machine Crowded[n: N] {
  states yes, no
  initially yes if count q: P (Place[q] is on(n)) >= 2, no
}
machine Early[p: P] {
  states yes, no
  initially yes if some n: N (Place[p] is on(n) and Crowded[n] is yes), no
}
machine A[p: P] {
  states t, u, v
  initially u if Early[p] is yes, t
  t -> u "x"
  u -> v "x" when Early[p] is yes immediately
  u -> v "x" when Wait[p] is over
}
machine Wait[p: P] {
  states running, over
  initially running
  running -> over "x" when A[p] is u after 3s
}
summary S[n: N] of p: P {
  ready   when Place[p] is on(n) and A[p] is t
  leaving when Place[p] is on(n) and A[p] is u at least 3s
}
machine J[n: N] {
  states a, b
  initially a if some q: P (Place[q] is on(n)), b
  a -> b "x" within 1s..2s
}
check c "c" { never bad[n: N] "x" when J[n] is a and S[n] is none }
"""
)


def answers(of: Program) -> list[tuple[bool, bool]]:
    """For each kind of member: whether it is violated, and whether the relaxed slice shows that it is not."""
    known = Proofs(Values(of), Deadline(Budget(seconds=60)), Induction(of))
    found = []
    with closing(known.session):
        for question in known.questions(of.checks["c"].parts[0], {}):
            exact = lower(Values(of), question.part, question.env, relaxed=False)
            found.append((violated(exact.system, exact.check, 10_000), question.result is not None))
    return found


def test_who_begins_in_the_second_aspect_must_stay_there_too() -> None:
    assert sorted(answers(with_places(CROWDED, 2, 1, 2))) == [(False, True)]
    assert sorted(answers(with_places(CROWDED, 3, 1, 2))) == [(False, False), (True, False)]


# Of two members that begin in the second aspect one stays there, while the other one comes to the first and leaves it.
AGAIN = (
    PLACED
    + """machine A[p: P] {
  states s, t, u
  initially u
  u -> s "x"
  s -> t "x"
  t -> s "x"
}
summary S[n: N] of p: P {
  ready   when Place[p] is on(n) and A[p] is t
  leaving when Place[p] is on(n) and A[p] is u
}
machine J[n: N] {
  states a, b, c
  initially a
  a -> b "x" when S[n] is ready
  b -> c "x" when S[n] is leaving
}
check c "c" { never bad[n: N] "x" when J[n] is c }
"""
)


def test_who_begins_in_the_second_aspect_may_be_there_when_the_last_one_leaves_the_first() -> None:
    assert answers(with_places(AGAIN, 1, 1, 1)) == [(False, False)]
    assert answers(with_places(AGAIN, 2, 1, 1)) == [(True, False)]
