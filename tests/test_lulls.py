"""Times in which nobody joins a summary, and what a summary says of who is dropped: what is shown so holds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from cases import blog, program
from oracle import TooLarge, violated
from placed_programs import with_places

from verifier.analysis import slices
from verifier.analysis.proofs import Proofs
from verifier.analysis.questions import Deadline
from verifier.analysis.verdict import Verdict
from verifier.analysis.verify import verify_program
from verifier.engines.induction import Induction
from verifier.language.program import Program
from verifier.system import ir
from verifier.system.lower import lower, relaxed
from verifier.system.lower.instances import observer
from verifier.system.run import Budget
from verifier.system.values import Values

SIZES = ((1, 1, 1), (1, 1, 2), (2, 1, 2), (1, 2, 2), (1, 2, 1))
DELAYS = ("immediately", "within 1s", "within 2s", "within 1s..2s", "after 1s", "within 3s..4s")
HERE = "Place[q] is on(n)"


def drawn(seeds: range) -> Iterator[tuple[int, Program]]:
    """Old ones leave, new ones come, and something happens at a place where an old one left some time ago."""
    for seed in seeds:
        draw = random.Random(seed)
        comes = draw.choice(
            (
                "",
                "when some q: P old (A[q] is u)",
                "when some q: P old (A[q] is u)",
                "when no q: P old (A[q] is t)",
                "when count q: P old (A[q] is u) >= 1 + count q: P new (A[q] is t)",
            )
        )
        leaves = draw.choice(("", "", "when some q: P new (A[q] is t)", "when no q: P new (A[q] is t)"))
        late = draw.choice(("S[n] is ready", "S[n] is {ready, leaving}", "V", "V"))
        usable = draw.choice(
            (
                f"{HERE} and A[q] is t",
                f"{HERE} and A[q] is t and S[n] is not ready",
                f"{HERE} and (A[q] is t or (A[q] is u and S[n] is not ready))",
            )
        )
        seen = f"some q: P ((({usable}) seen by V){draw.choice(('', ' and C[q] is y'))})"
        again = draw.choice(("", "", f'  t -> s "x" when p is new {draw.choice(DELAYS[2:])}'))
        text = f"""settings things "sizes" {{ old: size = 1 "x"  new: size = 1 "x"  nodes: size = 1 "x" }}
index P = old: things.old, new: things.new
index N = node: things.nodes
machine Place[p: P] {{
  states unset, on(n: N)
  initially on(each things.nodes) if p is old, unset
  unset -> on(n) "x" {draw.choice(("immediately", "within 1s"))}
}}
machine A[p: P] {{
  states s, t, u
  initially t if p is old, s
  s -> t "x" {comes} {draw.choice(DELAYS[:4])}
  t -> u "x" when p is old {leaves.replace("when", "and")} {draw.choice(DELAYS)}
{again}
}}
machine C[p: P] {{ states x, y  initially x  x -> y "x" when A[p] is {draw.choice("tu")} {draw.choice(DELAYS)} }}
view V of A, Place stale at most 1s
summary S[n: N] of p: P {{
  ready   when Place[p] is on(n) and A[p] is t
  leaving when Place[p] is on(n) and A[p] is {{t, u}} {draw.choice(("", "", "at least 2s", "at least 4s"))}
}}
machine Left[p: P old] {{ states no, yes  initially no  no -> yes "x" when A[p] is u after {draw.choice("1234")}s }}
machine J[n: N] {{
  states before, nobody, late
  initially before
  before -> nobody "x" when S[n] is not ready and some o: P old (Place[o] is on(n) and Left[o] is yes)
  nobody -> late "x" when {late.replace("V", seen)} {draw.choice(DELAYS)}
}}
lemma lull[n: N, p: P old] once (Place[p] is on(n) and A[p] is u) for {draw.choice("1123")}s:
  no q: P{draw.choice((" new", " new", ""))} joins S[n] is ready
check c "c" {{ never bad[n: N, p: P old] "x" when Place[p] is on(n) and J[n] is late }}
"""
        yield seed, with_places(text, *SIZES[seed % len(SIZES)])


def lost(seeds: range, states_max: int = 4000) -> tuple[list[str], Counter[str]]:
    """What is violated and shown SAFE; how much more is shown from one step to the next."""
    wrong, tally = [], Counter[str]()
    for seed, of in drawn(seeds):
        known = Proofs(Values(of), Deadline(Budget(seconds=60)), Induction(of))
        with closing(known.session):
            for question in known.questions(of.checks["c"].parts[0], {}):
                how = "relaxed"
                if question.result is None:
                    how, question.result = "near", known.near(question)
                if question.result is None:
                    how, question.result = "with lulls", known.with_lulls(question)
                if question.result is None:
                    how = "not"
                try:
                    exact = lower(Values(of), question.part, question.env, relaxed=False)
                    fails = violated(exact.system, exact.check, states_max)
                except TooLarge:
                    continue
                tally[f"{'fails' if fails else 'holds'}, {how} shown"] += 1
                if fails and question.result is not None:
                    wrong.append(f"{seed}: {question.env}, {how}")
    return wrong, tally


def test_what_is_violated_is_not_shown() -> None:
    wrong, tally = lost(range(40))
    assert wrong == []
    assert tally["holds, with lulls shown"] > 2, tally
    assert tally["fails, not shown"] > 10, tally


@pytest.mark.slow
@pytest.mark.parametrize("first", [10_000, 10_500, 11_000, 11_500])
def test_what_is_violated_is_not_shown_at_length(first: int) -> None:
    assert lost(range(first, first + 500))[0] == []


def at_once(name: str, when: ir.Expr, lo: int, hi: int | None, *more: Any) -> tuple[ir.Machine, ir.Step]:
    return observer(name, when, lo if hi is None else 0, hi and 0, *more)


# (what is patched, what takes its place, draws that show it)
NEEDED = {
    "that a lull is shown": (Proofs, "_shown", lambda *_: True, (144, 171)),
    "that somebody joins by a step": (slices, "turning", lambda *_: iter(()), (144, 171)),
    "that it has lasted so long": (relaxed, "observer", at_once, (23, 82)),
    "what a summary says of a condition": (relaxed, "entails", lambda *_: True, (43, 296)),
    "that others may satisfy what no summary speaks of": (relaxed.Relaxed, "_told", lambda *_: ir.FALSE, (43, 59)),
}


@pytest.mark.parametrize("what", NEEDED)
def test_each_fact_is_needed(what: str) -> None:
    """Without it something is shown that does not hold."""
    owner, name, instead, seeds = NEEDED[what]
    with patch.object(owner, name, instead):
        assert any(lost(range(seed, seed + 1))[0] for seed in seeds)


@pytest.mark.slow
def test_without_what_summaries_say_of_others_less_is_shown() -> None:
    with patch.object(relaxed, "outline", lambda *_: ir.TRUE):
        assert lost(range(60))[1]["holds, with lulls shown"] < 4


# -- the shipped models ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("replicas", ["4"])
def test_more_pods_that_go_one_by_one(replicas: str, tmp_path: Path) -> None:
    """Row 9a with more replicas than the blog has, each on a node of its own."""
    more = (("replicas        = 3", f"replicas = {replicas}"), ("nodes      = 4", f"nodes = {replicas}"))
    of = program(blog("09a-local-30-unhealthy-30", *more), tmp_path)
    (found,) = verify_program(of, (), Budget(60)).checks
    assert found.verdict is Verdict.SAFE
    assert "joins_soon_or_late" in {name for part in found.parts for name in part.lemmas}
