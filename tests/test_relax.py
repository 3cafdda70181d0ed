"""Dropping parts of guards: every violation survives it, and it is unsound if a weakened guard keeps its `hi`."""

from __future__ import annotations

import random
from dataclasses import replace

from oracle import TooLarge, violated
from systems import small

from verifier.system.ir import TRUE, And, AtLeast, Check, Expr, In, Machine, Not, Or, Seen, Step, System, children
from verifier.system.relax import DROPPED, relaxed, strengthened, weakened


def without(expr: Expr, machine: str) -> Expr:
    """`expr` with everything that reads `machine` dropped."""
    match expr:
        case In(name, _):
            return DROPPED if name == machine else expr
        case Not(body):
            return Not(without(body, machine))
        case And(parts):
            return And(tuple(without(p, machine) for p in parts))
        case Or(parts):
            return Or(tuple(without(p, machine) for p in parts))
        case AtLeast(k, parts):
            return AtLeast(k, tuple(without(p, machine) for p in parts))
        case Seen(view, body):
            return Seen(view, without(body, machine))
    return expr


def relaxation(system: System, check: Check, machine: str) -> System:
    steps = [s for step in system.steps for s in relaxed(replace(step, guard=without(step.guard, machine)))]
    dropped = replace(check, when=weakened(without(check.when, machine)))
    return replace(system, steps=tuple(steps), checks=(dropped,))


def test_every_violation_survives() -> None:
    changed = 0
    for seed in range(7000, 7300):
        system = small(seed)
        machine = random.Random(seed).choice(system.machines).name
        for check in system.checks:
            if check.kind != "never":
                continue
            loose = relaxation(system, check, machine)
            try:
                before, after = violated(system, check, 3000), violated(loose, loose.checks[0], 6000)
            except TooLarge:
                continue
            assert after >= before, seed
            changed += after > before
    assert changed > 5  # otherwise nothing was relaxed


def gate_and_walker(guard: Expr, hi: int | None) -> tuple[System, Check]:
    """`walker` leaves `a` when the gate is open, and must then do so at once; in `a` it may lose its request."""
    machines = (
        Machine("gate", ("shut", "open"), "shut"),
        Machine("walker", ("a", "b"), "a"),
        Machine("request", ("none", "there"), "none"),
    )
    steps = (
        Step("opens", "gate", "shut", "open", TRUE, 5, 5),
        Step("walks", "walker", "a", "b", guard, 0, hi),
        Step("comes", "request", "none", "there", TRUE, 2, 3),
    )
    lost = And((In("walker", frozenset("a")), In("request", frozenset(["there"]))))
    check = Check("lost", "never", lost)
    return System(1000, machines, (), steps, (check,)), check


def test_a_weakened_guard_that_keeps_its_hi_turns_unsafe_into_safe() -> None:
    exact, check = gate_and_walker(In("gate", frozenset(["open"])), 0)
    assert violated(exact, check)
    wrong, check = gate_and_walker(TRUE, 0)
    assert not violated(wrong, check), "this is why `relaxed` lets `hi` go"
    right = relaxation(exact, exact.checks[0], "gate")
    assert violated(right, right.checks[0])
    assert [s.hi for s in right.steps if s.machine == "walker"] == [None]


def test_what_is_known_of_a_guard_is_kept_with_its_hi() -> None:
    known = In("request", frozenset(["there"]))
    step = Step("s", "walker", "a", "b", Or((known, DROPPED)), 1, 4)
    wide, narrow = relaxed(step)
    assert (wide.guard, wide.lo, wide.hi) == (TRUE, 1, None)
    assert (narrow.guard, narrow.lo, narrow.hi) == (known, 1, 4)


def test_polarity_counts_through_negation_and_views() -> None:
    through = Seen("v", Not(DROPPED))
    assert weakened(through) == TRUE
    assert not children(strengthened(through))
