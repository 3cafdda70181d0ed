"""The graph engine, the events engine and an exhaustive tick search written apart from both give one answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cases import STEMS
from oracle import TooLarge, violated
from shrunk import parts
from systems import chained, forked, peers, small
from test_reductions import expected, shrunk

from verifier.engines import events, graph
from verifier.interpreter import Refusal, replay
from verifier.system.ir import Check, System
from verifier.system.lower import lower
from verifier.system.run import Answer, Budget, Outcome
from verifier.system.values import Values

BUDGET = Budget(20.0)


def cyclic(seed: int) -> System:
    return small(seed, cycles=True)


def answers(system: System, check: Check) -> bool:
    """With and without symmetry; witnesses are replayed."""
    found = [graph.check(system, check, BUDGET, symmetry=symmetry) for symmetry in (True, False)]
    for outcome in found:
        assert outcome.answer is not Answer.UNKNOWN
        if outcome.run is not None:
            replayed = replay(system, check, outcome.run)
            assert not isinstance(replayed, Refusal), replayed
            assert (replayed.since, replayed.end) == (outcome.run.since, outcome.run.end)
    assert found[0].answer is found[1].answer
    assert found[0].statistics["depth"] == found[1].statistics["depth"]
    return found[0].answer is Answer.VIOLATED


def agrees(make: Callable[[int], System], seeds: range, with_events: bool = False) -> None:
    counts = {True: 0, False: 0}
    for seed in seeds:
        system = make(seed)
        for check in system.checks:
            try:
                wanted = violated(system, check, 3000)
            except TooLarge:
                continue
            assert answers(system, check) == wanted, (make.__name__, seed, check.name)
            counts[wanted] += 1
            if with_events:
                outcome = events.check(system, check, BUDGET, best=False, core=False)
                assert outcome.answer is Answer.UNKNOWN or (outcome.answer is Answer.VIOLATED) == wanted, seed
    assert min(counts.values()) > len(seeds) / 10, counts


@pytest.mark.parametrize("make", [small, chained, forked, cyclic, peers])
def test_agrees_with_the_oracle(make: Callable[[int], System]) -> None:
    agrees(make, range(3000, 3120))


@pytest.mark.parametrize("make", [small, chained, peers])
def test_agrees_with_the_events_engine(make: Callable[[int], System]) -> None:
    agrees(make, range(4000, 4018), with_events=True)


@pytest.mark.slow
@pytest.mark.parametrize("make", [small, chained, forked, cyclic, peers])
@pytest.mark.parametrize("first", [20_000, 20_500])
def test_agrees_with_the_oracle_at_length(make: Callable[[int], System], first: int) -> None:
    agrees(make, range(first, first + 500))


@pytest.mark.parametrize("make", [small, chained, cyclic, peers])
def test_safe_without_clocks_is_safe_with_any(make: Callable[[int], System]) -> None:
    held = 0
    for seed in range(5000, 5060):
        system = make(seed)
        for check in system.checks:
            untimed = graph.check(system, check, BUDGET, timed=False)
            if untimed.answer is Answer.HOLDS and check.kind == "never":
                held += 1
                assert graph.check(system, check, BUDGET).answer is Answer.HOLDS, seed
    assert held > 10


def of_case(stem: str, folder: Path) -> dict[str, str]:
    """The verdicts of a shrunk case of the blog, from the graph alone."""
    of = shrunk(stem, folder)
    found = {asked.check: "SAFE" for asked in of.asked}
    for name, part, env in parts(of):
        exact = lower(Values(of), part, env, relaxed=False)
        outcome: Outcome = graph.check(exact.system, exact.check, Budget(60.0))
        assert outcome.answer is not Answer.UNKNOWN, outcome.reason
        if outcome.run is not None:
            assert not isinstance(replay(exact.system, exact.check, outcome.run), Refusal)
            found[name] = "UNSAFE"
    return found


@pytest.mark.parametrize("stem", STEMS)
def test_a_shrunk_case_of_the_blog(stem: str, tmp_path: Path) -> None:
    assert of_case(stem, tmp_path) == expected(stem)
