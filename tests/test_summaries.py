"""One machine in place of all members that a summary speaks about: whatever is violated is violated with it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from unittest.mock import patch

import pytest
from oracle import TooLarge, violated
from placed_programs import with_places

from verifier.analysis.proofs import Proofs
from verifier.analysis.questions import Deadline
from verifier.analysis.summaries import _Aspects
from verifier.engines.induction import Induction
from verifier.language.program import Program
from verifier.system.lower import lower
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
        text = f"""settings things "sizes" {{ old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x" }}
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
