"""The cone of influence: what it keeps, and that verdicts do not change by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from oracle import TooLarge, violated
from systems import chained, small

from verifier.engines import events
from verifier.system.ir import TRUE, Check, Const, In, Machine, Seen, Step, System, View
from verifier.system.run import Answer, Budget
from verifier.system.slice import slice_for
from verifier.system.wellformed import problems


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


def machine(name: str) -> Machine:
    return Machine(name, ("a", "b"), "a")


def step(name: str, guard: object = TRUE) -> Step:
    return Step(f"{name}!", name, "a", "b", guard, 0, None)  # type: ignore[arg-type]


def test_only_what_the_check_can_depend_on_is_kept() -> None:
    machines = tuple(machine(name) for name in ("m", "n", "far", "unread", "other"))
    views = (View("v", ("n", "unread"), 1), View("w", ("v", "other"), 2), View("x", ("other",), 2))
    steps = (step("m", Seen("w", Seen("v", at("n", "b")))), step("n", at("far", "b")), step("far"), step("other"))
    check = Check("c", "never", at("m", "b"))
    kept = slice_for(System(1000, machines, views, steps, (check, Check("d", "never", TRUE))), check)
    assert [m.name for m in kept.machines] == ["m", "n", "far"]
    assert [(v.name, v.sources) for v in kept.views] == [("v", ("n",)), ("w", ("v",))]
    assert [s.name for s in kept.steps] == ["m!", "n!", "far!"]
    assert kept.checks == (check,)
    assert problems(kept) == []


def test_what_is_covered_is_kept() -> None:
    check = Check("c", "never", at("m", "b"), covers=(at("n", "b"),))
    system = System(1000, (machine("m"), machine("n")), (), (step("m"), step("n")), (check,))
    assert slice_for(system, check).machines == system.machines


def test_a_view_of_which_nothing_is_read_stays_a_view() -> None:
    check = Check("c", "never", Seen("w", Seen("v", Const(True))))
    system = System(1000, (machine("m"),), (View("v", ("m",), 1), View("w", ("v",), 1)), (step("m"),), (check,))
    assert problems(slice_for(system, check)) == []


@pytest.mark.parametrize("make", [small, chained, lambda seed: small(seed, True)], ids=["small", "chained", "cyclic"])
def test_slicing_does_not_change_what_never_says(make: Callable[[int], System]) -> None:
    smaller = 0
    for seed in range(3000, 3150):
        system = make(seed)
        for check in system.checks:
            kept = slice_for(system, check)
            assert problems(kept) == []
            smaller += len(kept.machines) < len(system.machines)
            try:
                whole, part = violated(system, check, 3000), violated(kept, check, 3000)
            except TooLarge:
                continue
            # For `ends with` a slice may be stuck where the system never is; the other way it may not be.
            assert part == whole if check.kind == "never" else part >= whole, f"{seed}/{check.name}"
    assert smaller > 20


@pytest.mark.parametrize("make", [small, chained], ids=["small", "chained"])
def test_the_engine_says_the_same_of_slice_and_system(make: Callable[[int], System]) -> None:
    for seed in range(3200, 3300):
        system = make(seed)
        for check in system.checks:
            if check.kind == "never":
                answers = [events.check(s, check, Budget(20)).answer for s in (system, slice_for(system, check))]
                assert answers[0] is answers[1], f"{seed}/{check.name}"
                assert answers[0] is not Answer.UNKNOWN
