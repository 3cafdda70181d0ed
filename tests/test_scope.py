"""What is SAFE for any size is violated for none: drawn models, shown at one size and searched at others."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from unittest.mock import patch

import pytest
from oracle import TooLarge, violated
from placed_programs import THINGS, with_places

from verifier.analysis import kinds as analysis_kinds
from verifier.analysis.kinds import kinds
from verifier.analysis.proofs import Proofs
from verifier.analysis.questions import Deadline
from verifier.engines.induction import Induction
from verifier.language.program import Program
from verifier.system.lower import conditions, lower
from verifier.system.lower.conditions import Conditions, _AtStart
from verifier.system.run import Budget
from verifier.system.scope import weakest
from verifier.system.values import Values

SIZES = ((1, 1, 1), (2, 1, 1), (1, 1, 2), (2, 1, 2), (1, 1, 3), (2, 1, 3), (2, 2, 3), (3, 1, 2), (1, 2, 3))
THERE = "Place[q] is on(n)"
# What a place may be told by at the start: who is there, how many, and who is not.
MARKS = (
    f"some q: P ({THERE})",
    f"some q: P old ({THERE})",
    f"some q: P new ({THERE})",
    f"no q: P ({THERE})",
    f"count q: P ({THERE}) >= 2",
    f"count q: P ({THERE}) >= things.old",
    f"every q: P old ({THERE})",
    "some q: P old (Place[q] is not on(n))",
    f"some q: P old ({THERE} and no r: P old (Place[r] is on(n) and r != q))",
    "some q: P old (Place[q] is on(n) and Alone[q] is yes)",
    f"some q: P ({THERE}) and things.old >= 2",
    "things.nodes >= 2",
)
MARKED = "some n: N (Place[p] is on(n) and Mark[n] is yes)"
PLACES = ("on(each things.nodes) if p is old, unset", "on(each things.nodes)")
STARTS = (
    "s",
    f"t if {MARKED}, s",
    "t if some n: N (Place[p] is on(n) and Mark[n] is no), s",
    "t if some q: P old (q != p), s",
    "t if count q: P old (A0[q] is s) >= 2, s",
    "t if some n: N (Mark[n] is yes), s",
)


def drawn(seed: int) -> str:
    """Members are where they begin; what a place is, and how a member begins, depends on who else is where."""
    draw = random.Random(seed)
    here = draw.choice(
        ("A[p] is t", "A[p] is s", "Mark[n] is yes", "Mark[n] is no", "some q: P (Place[q] is on(n) and A[q] is u)")
    )
    about = draw.choice(("[n: N]", "[p: P, n: N]")) if "p]" not in here else "[p: P, n: N]"
    also = "Place[p] is on(n) and" if "p:" in about else ""
    return f"""{THINGS}
index P = old: things.old, new: things.new
index N = node: things.nodes
machine Place[p: P] {{ states unset, on(n: N)  initially {draw.choice(PLACES)} }}
machine A0[p: P] {{ states s  initially s }}
machine Alone[p: P] {{
  states yes, no
  initially yes if no q: P old (q != p and some n: N (Place[q] is on(n) and Place[p] is on(n))), no
}}
machine Mark[n: N] {{
  states yes, no
  initially yes if {draw.choice(MARKS)}, no
}}
machine A[p: P] {{
  states s, t, u
  initially {draw.choice(STARTS)}
  {draw.choice(("s", "t"))} -> u "x" {draw.choice(("", "when p is old", f"when {MARKED}"))}
}}
check c "c" {{ never bad{about} "x" when {also} {here} {draw.choice(("", "and J[n] is b"))} }}
machine J[n: N] {{
  states a, b
  initially a
  a -> b "x" when {draw.choice(("Mark[n] is yes", f"some q: P ({THERE})", f"no q: P ({THERE})"))}
}}
"""


def any_size(of: Program) -> bool | None:
    """Whether the check is shown for any size; None: it is not shown."""
    known = Proofs(Values(of), Deadline(Budget(seconds=60)), Induction(of))
    with closing(known.session):
        results = known._safe(of.checks["c"].parts[0])
    return weakest(result.scope for result in results).any_size if results else None


def fails(of: Program) -> bool:
    """Whether the check is violated, searched state by state; no, if that takes too many states."""
    (part,) = of.checks["c"].parts
    for env in kinds(Values(of), part, placed=True):
        exact = lower(Values(of), part, env, relaxed=False)
        try:
            if violated(exact.system, exact.check, 2000):
                return True
        except TooLarge:
            continue
    return False


def overstated(seeds: Iterable[int]) -> tuple[list[str], Counter[str]]:
    """What is shown for any size, and violated at one."""
    wrong, tally = [], Counter[str]()
    for seed in seeds:
        programs = {size: with_places(drawn(seed), *size) for size in SIZES}
        failing = [size for size, of in programs.items() if fails(of)]
        for size, of in programs.items():
            shown = any_size(of)
            tally[f"any size: {shown}, {'fails' if failing else 'holds'}"] += 1
            if failing and shown:
                wrong.append(f"{seed}: shown at {size}, fails at {failing}")
    return wrong, tally


# -- by hand -----------------------------------------------------------------------------------------------------------

# A rack is full if one of its nodes has somebody: those who are at a place are asked for who is at theirs.
RACKS = """
index P = pod: things.old
index N = node: things.nodes
index K = rack: things.new
machine Place[p: P] { states on(n: N)  initially on(each things.nodes) }
machine Rack[n: N] { states on(k: K)  initially on(each things.new) }
machine Used[n: N] { states yes, no  initially yes if some q: P (Place[q] is on(n)), no }
machine Full[k: K] {
  states yes, no
  initially yes if some n: N (Rack[n] is on(k) and USED), no
}
machine Held[k: K] { states yes, no  initially yes if some n: N (Rack[n] is on(k)), no }
check c "c" { never bad[k: K] "x" when Held[k] is yes and Full[k] is no }
"""
# Somebody has company if somebody else is at the same place.
COMPANY = """
index P = old: things.old
index N = node: things.nodes
machine Place[p: P] { states on(n: N)  initially on(each things.nodes) }
machine Company[p: P, n: N] { states yes, no  initially yes if some q: P (Place[q] is on(n) and q != p), no }
check c "c" { never bad[p: P, n: N] "x" when Place[p] is on(n) and Company[p, n] is yes }
"""
# The same wherever they are.
COMPANY_ANYWHERE = """
index P = old: things.old, new: things.new
machine Company[p: P] { states yes, no  initially yes if some q: P old (other(q, p)), no }
let other(q: P, p: P) = q != p
check c "c" { never bad[p: P] "x" when p is old and Company[p] is yes }
"""
# One node is all there is, and all that is asked for.
ONLY = """
index P = old: things.old
index N = node: things.nodes
machine Place[p: P] { states on(n: N)  initially on(each things.nodes) }
machine Used[n: N] { states yes, no  initially yes if some q: P old (Place[q] is on(n)), no }
check c "c" { never bad[n: N] "x" when Used[n] is no }
"""
# Where there are as many of both, somebody is with somebody of the other class.
BOTH = """
index P = old: things.old, new: things.new
index N = node: things.nodes
machine Place[p: P] { states on(n: N)  initially on(each things.nodes) }
machine Used[n: N] { states yes, no  initially yes if some q: P old (Place[q] is on(n)), no }
machine New[n: N] { states yes, no  initially yes if some q: P new (Place[q] is on(n)), no }
check c "c" { never bad[n: N] "x" when Used[n] is yes and New[n] is no }
"""
# Somebody is at home wherever somebody is, while there are no more than four nodes.
HOMES = """
index P = old: things.old
index N = node: things.nodes
machine Place[p: P] { states on(n: N)  initially on(each 5) }
machine Home[p: P] { states on(n: N)  initially on(each 4) }
machine Used[n: N] { states yes, no  initially yes if some q: P (Place[q] is on(n)), no }
machine Kept[n: N] { states yes, no  initially yes if some q: P (Home[q] is on(n)), no }
check c "c" { never bad[n: N] "x" when Used[n] is yes and Kept[n] is no }
"""
BY_HAND = {
    "who is asked for who is there": (RACKS.replace("USED", "some q: P (Place[q] is on(n))"), (2, 3, 2), (1, 3, 2)),
    "the same by another machine": (RACKS.replace("USED", "Used[n] is yes"), (2, 3, 2), (1, 3, 2)),
    "somebody else": (COMPANY, (2, 1, 3), (2, 1, 1)),
    "somebody else anywhere": (COMPANY_ANYWHERE, (1, 1, 1), (2, 1, 1)),
    "the only place": (ONLY, (1, 1, 1), (1, 1, 2)),
    "somebody elsewhere": (ONLY.replace("is on(n)", "is not on(n)"), (2, 1, 3), (1, 1, 2)),
    "both or none": (BOTH, (2, 2, 3), (2, 1, 3)),
    "at two places": (HOMES, (1, 1, 2), (5, 1, 5)),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    text, holds, breaks = BY_HAND[name]
    assert any_size(with_places(THINGS + text, *holds)) is False
    assert not fails(with_places(THINGS + text, *holds))
    assert fails(with_places(THINGS + text, *breaks))


# -- drawn -------------------------------------------------------------------------------------------------------------


def test_what_is_shown_for_any_size_holds_at_each() -> None:
    wrong, tally = overstated(range(20))
    assert wrong == []
    assert tally["any size: True, holds"] > 0, tally


@pytest.mark.slow
def test_what_is_shown_for_any_size_holds_at_each_at_length() -> None:
    assert overstated(range(1000, 1500))[0] == []


# (what is patched, in conditions.py or kinds.py, what takes its place, what shows it)
NEEDED = {
    "at_several_places": (analysis_kinds, lambda _: False, "at two places"),
    "_is_there": (conditions, lambda *_: True, "somebody elsewhere"),
    "compared": (conditions, lambda *_: set(), "somebody else"),
    "counted": (_AtStart, Conditions.counted, (3, 22)),
    "start": (_AtStart, lambda self: _AtStart(self.values), "the same by another machine"),
}


@pytest.mark.parametrize("name", NEEDED)
def test_each_fact_is_needed(name: str) -> None:
    owner, instead, shown = NEEDED[name]
    with patch.object(owner, name, instead):
        if isinstance(shown, str):
            text, holds, _ = BY_HAND[shown]
            assert any_size(with_places(THINGS + text, *holds)) is True
        else:
            assert overstated(shown)[0]
