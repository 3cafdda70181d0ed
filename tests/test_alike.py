"""Members have equal numbers if, and only if, a renaming takes the one to the other."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations
from unittest.mock import patch

import networkx as nx
import pytest
from networkx.algorithms.isomorphism import DiGraphMatcher, categorical_node_match

from verifier.system import alike as system_alike
from verifier.system.alike import Begun, alike
from verifier.system.values import Member


def drawn(seed: int) -> tuple[dict[Member, list[tuple[str, Member]]], list[Member]]:
    """Pods begin at nodes or racks, one after the other, and nodes in racks; some members stay as they are."""
    draw = random.Random(seed)
    nodes = [Member("N", "node", i) for i in range(draw.randint(2, 3))]
    racks = [Member("K", "rack", i) for i in range(draw.randint(1, 3))]
    pods = [Member("P", "old", i) for i in range(draw.randint(3, 8))]
    begun: dict[Member, list[tuple[str, Member]]] = {m: [] for m in (*nodes, *racks, *pods)}
    for name in ("Place", "Home", "Next")[: draw.choice((1, 2, 2, 3))]:
        pool = draw.choice((nodes, nodes, racks))
        number = draw.randint(1, len(pool))
        for pod in pods:
            begun[pod].append((name, pool[pod.ordinal % number]))
    for node in draw.choice(([], nodes)):
        begun[node].append(("Rack", racks[node.ordinal % len(racks)]))
    return begun, draw.sample([*pods, *nodes], draw.choice((0, 0, 1)))


def graph(begun: Begun, own: list[Member], member: Member) -> nx.DiGraph:
    """What begins where, with `member` marked."""
    found = nx.DiGraph()
    for m, places in begun.items():
        found.add_node(m, is_=("own", m) if m in own else (m.type, m.cls, m == member))
        for name, place in places:
            found.add_node((name, m), is_=name)
            found.add_edges_from(((m, (name, m)), ((name, m), place)))
    return found


def renamed(begun: Begun, own: list[Member], one: Member, other: Member) -> bool:
    """Whether a renaming takes the one to the other, searched."""
    same_is = categorical_node_match("is_", None)
    graphs = graph(begun, own, one), graph(begun, own, other)
    return (one.type, one.cls) == (other.type, other.cls) and DiGraphMatcher(*graphs, same_is).is_isomorphic()


def wrong(seeds: Iterable[int]) -> tuple[int, int]:
    """How many members are like another one by number only, and how many numbers are for members that are alike."""
    by_number = by_renaming = 0
    for seed in seeds:
        begun, own = drawn(seed)
        number = alike(begun, own)
        first: dict[int, Member] = {}
        for member in (m for m in begun if m not in own):
            other = first.setdefault(number[member], member)
            by_number += other != member and not renamed(begun, own, other, member)
        by_renaming += sum(renamed(begun, own, a, b) for a, b in combinations(first.values(), 2))
    return by_number, by_renaming


def test_equal_numbers_are_those_of_a_renaming() -> None:
    assert wrong(range(60)) == (0, 0)


@pytest.mark.slow
def test_equal_numbers_are_those_of_a_renaming_at_length() -> None:
    assert wrong(range(1000, 1300)) == (0, 0)


def test_colours_alone_take_some_for_alike() -> None:
    with patch.object(system_alike, "_has_circle", lambda *_: False):
        assert wrong((11, 47, 75))[0]


def test_without_renamings_some_are_told_apart_for_nothing() -> None:
    with patch.object(system_alike, "_renames", lambda *_: False):
        assert wrong(range(5))[1]


def test_a_renaming_is_looked_at() -> None:
    with patch.object(
        system_alike, "_renames", lambda _, colours, order, other: colours[order[0]] == colours[other[0]]
    ):
        assert wrong((11, 47, 75))[0]
