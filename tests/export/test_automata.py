"""The exported timed automata mean what the system means: their places are searched tick by tick."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from automata import Network, from_tchecker, from_uppaal
from oracle import TooLarge, violated
from systems import chained, peers, small

from verifier.export.automata import tchecker, uppaal
from verifier.system.ir import System


def cyclic(seed: int) -> System:
    return small(seed, cycles=True)


@pytest.mark.parametrize(("write", "read"), [(tchecker, from_tchecker), (uppaal, from_uppaal)])
@pytest.mark.parametrize("make", [small, chained, cyclic, pytest.param(peers, marks=pytest.mark.slow)])
def test_the_automata_reach_bad_exactly_if_the_check_is_violated(
    write: Callable[[System], str], read: Callable[[str], Network], make: Callable[[int], System]
) -> None:
    counts = {True: 0, False: 0}
    for seed in range(9000, 9024):
        system = make(seed)
        for check in system.checks:
            asked = replace(system, checks=(check,))
            try:
                wanted = violated(system, check, 300)
                reached = read(write(asked)).reaches(8000)
            except (TooLarge, OverflowError):
                continue
            assert reached == wanted, (seed, check.name)
            counts[wanted] += 1
    assert min(counts.values()) >= 3, counts


# TChecker's grammar of a guard: comparisons of terms, joined by &&.
TERM = re.compile(r"\b(?:\d+|[vex]\d+)\b|\(t - t\)|\(if t(?: \+ t)* (?:==|!=|>=) t then t else t\)")


@pytest.mark.parametrize("seed", range(9100, 9110))
def test_guards_are_conjunctions_of_comparisons(seed: int) -> None:
    for guard in re.findall(r"provided: (.*?)(?: : do:|\})", tchecker(small(seed))):
        for part in guard.split(" && "):
            while (shorter := TERM.sub("t", part)) != part:
                part = shorter
            assert re.fullmatch(r"t (==|!=|>=|<=) t", part), guard
