"""Why a guard may not be weakened while its bounded `hi` stays (docs/semantics.md, section 5).

A step that is forced to fire earlier takes runs away, so the "abstraction" below is SAFE where the system is UNSAFE.
"""

from __future__ import annotations

from dataclasses import replace

from oracle import violated

from verifier.engines import events
from verifier.system.ir import TRUE, And, Check, In, Machine, Step, System
from verifier.system.run import Answer, Budget

PERMIT = In("permit", frozenset({"given"}))
OPEN, LATE = In("door", frozenset({"open"})), In("clock", frozenset({"late"}))
CHECK = Check("open late", "never", And((OPEN, LATE)))

# The door shuts at once when the permit is given, which may be never; after 3 ticks it is late.
SYSTEM = System(
    1000,
    (
        Machine("permit", ("none", "given"), "none"),
        Machine("door", ("open", "shut"), "open"),
        Machine("clock", ("early", "late"), "early"),
    ),
    (),
    (
        Step("give", "permit", "none", "given", TRUE, 0, None),
        Step("shut", "door", "open", "shut", PERMIT, 0, 0),
        Step("tick", "clock", "early", "late", TRUE, 3, 3),
    ),
    (CHECK,),
)


def with_shut(*steps: Step) -> System:
    return replace(SYSTEM, steps=(SYSTEM.steps[0], *steps, SYSTEM.steps[2]))


def answer(system: System) -> Answer:
    found = events.check(system, CHECK, Budget()).answer
    assert (found is Answer.VIOLATED) == violated(system, CHECK)
    return found


def test_the_system_is_unsafe() -> None:
    assert answer(SYSTEM) is Answer.VIOLATED


def test_dropping_the_guard_and_keeping_hi_hides_it() -> None:
    assert answer(with_shut(replace(SYSTEM.step["shut"], guard=TRUE))) is Answer.HOLDS


def test_dropping_the_guard_and_the_deadline_with_it_does_not() -> None:
    assert answer(with_shut(replace(SYSTEM.step["shut"], guard=TRUE, hi=None))) is Answer.VIOLATED
