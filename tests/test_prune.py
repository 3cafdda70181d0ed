"""Steps and states that `prune` leaves out: no verdict changes, and something is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from oracle import TooLarge, violated
from systems import chained, small

from verifier.system.ir import TRUE, Check, In, Machine, Step, System
from verifier.system.prune import prune


@pytest.mark.parametrize("make", [small, chained, lambda seed: small(seed, True)], ids=["small", "chained", "cyclic"])
def test_pruning_does_not_change_a_verdict(make: Callable[[int], System]) -> None:
    fewer = 0
    for seed in range(5000, 5200):
        system = make(seed)
        for check in system.checks:
            small_one = prune(replace(system, checks=(check,)))
            fewer += len(small_one.steps) < len(system.steps)
            try:
                assert violated(small_one, small_one.checks[0], 3000) == violated(system, check, 3000), seed
            except TooLarge:
                continue
    assert fewer > 20


def slow_against_fast(lo: int, hi: int) -> System:
    """From `a`, `fast` leaves at `hi` at the latest; `slow` needs `lo`."""
    steps = (
        Step("fast", "m", "a", "b", TRUE, 0, hi),
        Step("slow", "m", "a", "c", TRUE, lo, None),
    )
    check = Check("c", "never", In("m", frozenset("c")))
    return System(1000, (Machine("m", ("a", "b", "c"), "a"),), (), steps, (check,))


def test_a_step_that_is_always_outrun_is_left_out() -> None:
    assert [s.name for s in prune(slow_against_fast(lo=4, hi=3)).steps] == ["fast"]


def test_a_tie_is_no_reason_to_leave_a_step_out() -> None:
    assert len(prune(slow_against_fast(lo=3, hi=3)).steps) == 2


def test_a_self_loop_outruns_nobody() -> None:
    system = slow_against_fast(lo=4, hi=3)
    loop = replace(system.steps[0], target="a", lo=1)
    looping = replace(system, steps=(loop, system.steps[1]))
    assert len(prune(looping).steps) == 2
    assert violated(looping, looping.checks[0])
