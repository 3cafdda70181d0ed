"""What is assumed changes no verdict where it is true, and brings back what a relaxed system has lost."""

from __future__ import annotations

import pytest
from oracle import TooLarge, violated
from systems import chained, forked, small

from verifier.engines import events
from verifier.system.ir import TRUE, And, Check, In, Machine, Not, Seen, Step, System, View, neg
from verifier.system.run import Answer, Budget


@pytest.mark.parametrize("once", [True, False])
def test_true_assumptions_change_no_verdict(once: bool) -> None:
    used = 0
    for seed in range(7000, 7150):
        system = (small, chained, forked)[seed % 3](seed)
        others = (small, chained, forked)[seed % 3](seed).checks
        candidates = [neg(check.when) for check in others] + [Not(And((step.guard,))) for step in system.steps]
        try:
            known = tuple(e for e in candidates if not violated(system, Check("x", "never", neg(e)), 2000))
            expected = [violated(system, check, 2000) for check in system.checks]
        except TooLarge:
            continue
        used += bool(known)
        for check, unsafe in zip(system.checks, expected, strict=True):
            outcome = events.check(system, check, Budget(20), once=once, assume=known)
            assert (outcome.answer is Answer.VIOLATED) == unsafe, f"{seed}/{check.name}"
            assert outcome.answer is not Answer.UNKNOWN
    assert used > 30


def test_an_assumption_holds_in_copies_too() -> None:
    # The relaxed system has lost why two machines are never off together; a view of them is asked.
    machines = tuple(Machine(name, ("on", "off"), "on") for name in ("m", "n"))
    steps = tuple(Step(f"{m.name} off", m.name, "on", "off", TRUE, 0, None) for m in machines)
    dark = And(tuple(In(m.name, frozenset({"off"})) for m in machines))
    check = Check("c", "never", Seen("v", dark))
    system = System(1000, machines, (View("v", ("m", "n"), 3),), steps, (check,))
    for once in (True, False):
        assert events.check(system, check, Budget(), once=once).answer is Answer.VIOLATED
        assert events.check(system, check, Budget(), once=once, assume=(Not(dark),)).answer is Answer.HOLDS
