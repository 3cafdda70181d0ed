"""One choice of members for each kind: whatever some members violate is violated by those that are asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from unittest.mock import patch

import pytest
from oracle import violated
from placed_programs import THINGS, with_places

from verifier.analysis.kinds import kinds
from verifier.language.program import Program
from verifier.system import alike as system_alike
from verifier.system.alike import alike
from verifier.system.lower import lower, places
from verifier.system.values import Env, Member, Values

Sizes = tuple[tuple[int, int, int], ...]
SIZES: Sizes = ((1, 1, 2), (2, 2, 2), (3, 2, 2), (1, 3, 2), (3, 1, 4), (2, 3, 3))


def drawn(seed: int) -> str:
    """Pods are on nodes, and nodes in racks; what something is at first depends on who is there."""
    draw = random.Random(seed)

    def node(n: str) -> str:
        who = draw.choice(("Place[q]", "Place[q]", "Home[q]"))
        some, many = f"some q: P ({who} is on({n}))", f"count q: P ({who} is on({n})) >= 2"
        return draw.choice((some, many, f"Used[{n}] is yes"))

    used = draw.choice(("Used[n] is yes", "count q: P (Place[q] is on(n)) >= 2"))
    home = draw.choice((f"some n: N (Place[p] is on(n) and {used})", "things.old >= 2"))
    pod = f"some n: N ({draw.choice(('Place', 'Home'))}[p] is on(n) and {node('n')})"
    rack = f"some n: N (Rack[n] is on(k) and {node('n')})"
    about, bad = draw.choice(
        (
            ("k: K", f"{draw.choice(('', 'not '))}Full[k] is yes and J[k] is b"),
            ("n: N", f"{draw.choice(('', 'not '))}({node('n')})"),
            ("p: P", f"A[p] is {draw.choice('tu')}"),
            ("p: P, n: N", f"Place[p] is on(n) and A[p] is {draw.choice('tu')} and {node('n')}"),
            ("p: P, k: K", f"Full[k] is {draw.choice(('yes', 'no'))} and A[p] is {draw.choice('tu')}"),
        )
    )
    return f"""{THINGS}
index P = pod: things.old
index N = node: things.nodes
index K = rack: things.new
machine Place[p: P] {{ states on(n: N)  initially on(each things.nodes) }}
machine Rack[n: N] {{ states on(k: K)  initially on(each things.new) }}
machine Used[n: N] {{ states yes, no  initially yes if some q: P (Place[q] is on(n)), no }}
machine Home[p: P] {{ states on(n: N), nowhere  initially on(each things.nodes) if {home}, nowhere }}
machine Full[k: K] {{ states yes, no  initially yes if {rack}, no }}
machine J[k: K] {{
  states a, b
  initially a
  a -> b "x" when some n: N (Rack[n] is on(k) and Used[n] is {draw.choice(("yes", "no"))})
}}
machine A[p: P] {{
  states s, t, u
  initially t if {pod}, s
  s -> u "x" when {pod}
}}
check c "c" {{ never bad[{about}] "x" when {bad} }}
"""


def at_home(seed: int) -> str:
    """Pods are on nodes, and at home on others or the same ones: who is where goes round in circles."""
    draw = random.Random(seed)

    def pod(p: str) -> str:
        home, used = f"{draw.choice(('', 'not '))}Home[{p}] is on(m)", draw.choice(("", "Used[m] is yes and "))
        return f"some m: N ({used}Place[{p}] is on(m) and {home})"

    def others() -> str:
        who = draw.choice(("q != p and ", ""))
        found = "some n: N (Home[p] is on(n) and Place[q] is on(n))"
        return f"{draw.choice(('some', 'no'))} q: P ({who}{found} and {draw.choice(('', 'not '))}{pod('q')})"

    same = f"some q: P (Home[q] is on(n) and {draw.choice(('', 'not '))}Place[q] is on(n))"
    used = draw.choice((same, "count q: P (Place[q] is on(n)) >= 3", "some q: P (Place[q] is on(n))"))
    bad = " and ".join(draw.choice((pod("p"), others())) for _ in range(2))
    return f"""{THINGS}
index P = pod: things.old
index N = node: things.nodes
machine Place[p: P] {{ states on(n: N)  initially on(each {draw.choice("23")}) }}
machine Home[p: P] {{ states on(n: N)  initially on(each {draw.choice("234")}) }}
machine Used[n: N] {{ states yes, no  initially yes if {used}, no }}
check c "c" {{ never bad[p: P] "x" when {bad} }}
"""


CIRCLES = tuple((old, 1, nodes) for old in (4, 5, 6, 7, 8) for nodes in (3, 4))


def breaks(of: Program, env: Env) -> bool:
    (part,) = of.checks["c"].parts
    exact = lower(Values(of), part, env, relaxed=False)
    return violated(exact.system, exact.check)


def missed(seeds: range, draw: Callable[[int], str] = drawn, sizes: Sizes = SIZES) -> tuple[list[int], int]:
    """Draws with a violation that no kind has, and how many have some."""
    found, failing = [], 0
    for seed in seeds:
        of = with_places(draw(seed), *sizes[seed % len(sizes)])
        values = Values(of)
        (part,) = of.checks["c"].parts
        pools = [values.members(parameter.type, parameter.cls) for parameter in part.parameters]
        names = [parameter.name for parameter in part.parameters]
        if any(breaks(of, dict(zip(names, chosen, strict=True))) for chosen in product(*pools)):
            failing += 1
            if not any(breaks(of, env) for env in kinds(values, part, placed=True)):
                found.append(seed)
    return found, failing


def test_what_some_members_violate_is_violated_by_a_kind() -> None:
    found, failing = missed(range(150))
    assert found == []
    assert failing > 40


@pytest.mark.slow
def test_what_some_members_violate_is_violated_by_a_kind_at_length() -> None:
    assert missed(range(1000, 5000))[0] == []


def test_to_know_who_begins_there_is_not_enough() -> None:
    """Nodes with nobody differ from those with somebody, and racks of the ones from racks of the others."""

    def once(begins_at: Mapping[Member, Sequence[tuple[str, Member]]], own: Mapping[Member, None]) -> dict[Member, int]:
        there = dict.fromkeys(begins_at, 0)
        for places_ in begins_at.values():
            for _, place in places_:
                there[place] += 1
        told: dict[object, int] = {}
        return {m: told.setdefault(m if m in own else (m.type, m.cls, there[m]), len(told)) for m in begins_at}

    with patch.object(places, "alike", once):
        assert missed(range(60))[0]


def test_what_some_members_violate_is_violated_by_a_kind_in_circles() -> None:
    found, failing = missed(range(200), at_home, CIRCLES)
    assert found == []
    assert failing > 60


@pytest.mark.slow
def test_what_some_members_violate_is_violated_by_a_kind_in_circles_at_length() -> None:
    assert missed(range(1000, 5000), at_home, CIRCLES)[0] == []


def test_colours_are_not_enough_in_circles() -> None:
    """Who is at home where it is has the colours of who is at home elsewhere."""
    with patch.object(system_alike, "_has_circle", lambda *_: False):
        assert missed(range(70, 130), at_home, CIRCLES)[0]


def test_places_of_one_thing_differ_from_places_of_another() -> None:
    pod, here, there = Member("P", "pod", 0), Member("N", "node", 0), Member("N", "node", 1)
    told = alike({pod: [("Place", here), ("Home", there)], here: [], there: []}, ())
    assert told[here] != told[there]
    told = alike({pod: [("Place", here), ("Place", there)], here: [], there: []}, ())
    assert told[here] == told[there]
