"""Steps and states that `prune` leaves out: no verdict changes, and something is left out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from oracle import TooLarge, violated
from systems import chained, small

from verifier.system.ir import (
    TRUE,
    And,
    AtLeast,
    Check,
    Const,
    Expr,
    In,
    Machine,
    Not,
    Or,
    Seen,
    Step,
    System,
    children,
)
from verifier.system.pairs import Pairs
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


def one_by_one(expr: Expr, here: dict[str, str], everywhere: dict[str, tuple[str, ...]]) -> set[bool]:
    """The values that `expr` may have if machines in `here` are there, all others and all copies anywhere."""
    match expr:
        case Const(value):
            return {value}
        case In(machine, states):
            there = (here[machine],) if machine in here else everywhere[machine]
            return {state in states for state in there}
        case Not(body):
            return {not value for value in one_by_one(body, here, everywhere)}
        case Seen(_, body):
            return one_by_one(body, {}, everywhere)
    parts = [one_by_one(part, here, everywhere) for part in children(expr)]
    least = expr.k if isinstance(expr, AtLeast) else 1 if isinstance(expr, Or) else len(parts)
    counts = range(sum(part == {True} for part in parts), sum(True in part for part in parts) + 1)
    return {count >= least for count in counts}


def test_conditions_in_pairs_of_states() -> None:
    """All pairs at once against one after another; and what is reached, state by state."""
    drawn, fewer = random.Random(3), 0
    for seed in range(400):
        states = {name: tuple("abcd"[: drawn.randint(2, 4)]) for name in ("one", "other", "third", "fourth")}

        def condition(depth: int, states: dict[str, tuple[str, ...]] = states) -> Expr:
            kind = drawn.choice(("in", "not", "and", "or", "at least", "seen")) if depth else "in"
            if kind == "in":
                machine = drawn.choice(list(states))
                return In(machine, frozenset(drawn.sample(states[machine], drawn.randint(1, len(states[machine]) - 1))))
            parts = tuple(condition(depth - 1) for _ in range(drawn.randint(2, 4)))
            if kind in ("not", "seen"):
                return Not(parts[0]) if kind == "not" else Seen("view", parts[0])
            return {"and": And(parts), "or": Or(parts)}.get(kind) or AtLeast(drawn.randint(1, len(parts)), parts)

        steps = [
            Step(f"{machine} {i}", machine, *drawn.sample(states[machine], 2), condition(3), 0, None)
            for machine in ("one", "other")
            for i in range(5)
        ]

        def anywhere(expr: Expr, states: dict[str, tuple[str, ...]] = states) -> tuple[bool, bool]:
            values = one_by_one(expr, {}, states)
            return True in values, False in values

        pairs = Pairs({name: states[name] for name in ("one", "other")}, anywhere, {})
        reached, fired = {("a", "a")}, set[str]()
        for _ in range(16):
            for step in steps:
                for x, y in list(reached):
                    here = {"one": x, "other": y}
                    if here[step.machine] == step.source and True in one_by_one(step.guard, here, states):
                        fired.add(step.name)
                        reached.add((step.target, y) if step.machine == "one" else (x, step.target))
        assert pairs.fired(steps) == fired, seed
        fewer += len(fired) < len(steps)
        for step in steps:
            holds, fails = pairs(step.guard)
            for i, (x, y) in enumerate(product(states["one"], states["other"])):
                values = one_by_one(step.guard, {"one": x, "other": y}, states)
                assert (bool(holds >> i & 1), bool(fails >> i & 1)) == (True in values, False in values), seed
    assert fewer > 20
