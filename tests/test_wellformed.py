"""Each thing that `problems` must notice, and what it must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from systems import chained, small

from verifier.system.ir import FALSE, TRUE, AtLeast, Check, Expr, In, Machine, Not, Seen, Step, System, View
from verifier.system.wellformed import problems


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


M = Machine("m", ("a", "b"), "a")
V, W = View("v", ("m",), 2), View("w", ("v", "m"), None)
S = Step("s", "m", "a", "b", TRUE, 0, 5)
GOOD = System(1000, (M,), (V, W), (S,), (Check("c", "never", Seen("w", Seen("v", at("m", "b")))),))


def guarded(expr: Expr) -> System:
    return replace(GOOD, steps=(replace(S, guard=expr),))


@pytest.mark.parametrize("seed", range(50))
def test_random_systems_are_well_formed(seed: int) -> None:
    assert problems(GOOD) == problems(small(seed)) == problems(small(seed, True)) == problems(chained(seed)) == []


@pytest.mark.parametrize(
    ("system", "said"),
    [
        (replace(GOOD, tick_ms=0), "at least 1"),
        (replace(GOOD, machines=(M, replace(M, name="v"))), "'v' is taken"),
        (replace(GOOD, machines=(replace(M, initial="c"),)), "'c' is not a state"),
        (replace(GOOD, machines=(replace(M, states=("a", "b", "b")),)), "listed twice"),
        (replace(GOOD, machines=(M, Machine("n", (), "a"))), "no states"),
        (replace(GOOD, views=(V, W, View("x", (), 0))), "no sources"),
        (replace(GOOD, views=(V, W, View("x", ("m", "m"), 0))), "listed twice"),
        (replace(GOOD, views=(V, W, View("x", ("nn",), 0))), "no machine or view 'nn'"),
        (replace(GOOD, views=(V, W, View("x", ("x",), 0))), "a view of itself"),
        (replace(GOOD, views=(V, W, View("x", ("m",), -1))), "-1 is less than 0"),
        (replace(GOOD, views=(V, W, View("x", ("y",), 1), View("y", ("x",), 1))), "x of y of x"),
        (replace(GOOD, steps=(S, S)), "'s' is taken"),
        (replace(GOOD, checks=GOOD.checks * 2), "'c' is taken"),
        (replace(GOOD, steps=(replace(S, machine="v"),)), "a view, not a machine"),
        (replace(GOOD, steps=(replace(S, machine="k"),)), "no machine"),
        (replace(GOOD, steps=(replace(S, target="c"),)), "'c' is not a state of 'm'"),
        (replace(GOOD, steps=(replace(S, lo=-1),)), "-1 is less than 0"),
        (replace(GOOD, steps=(replace(S, lo=6),)), "hi 5 is less than lo 6"),
        (guarded(at("mm", "a")), "did you mean 'm'?"),
        (guarded(at("m", "z")), "'z' is not a state"),
        (guarded(at("v", "a")), "write it with 'seen'"),
        (guarded(Seen("m", TRUE)), "write it with 'in'"),
        (guarded(Seen("w", Seen("w", TRUE))), "not a direct source of the view 'w'"),
        (guarded(Seen("v", Not(AtLeast(1, (Seen("w", TRUE),))))), "not a direct source of the view 'v'"),
    ],
)
def test_a_mistake_is_named_once(system: System, said: str) -> None:
    found = problems(system)
    assert len(found) == 1, found
    assert said in found[0]


def test_deep_expressions_are_refused() -> None:
    expr: Expr = at("m", "a")
    for _ in range(200):
        expr = Not(expr)
    assert "nested" in problems(guarded(expr))[0]


def test_a_cycle_without_time_stops_time() -> None:
    back = Step("back", "m", "b", "a", at("m", "b"), 0, 0)
    assert "'s', 'back' can go round" in problems(replace(GOOD, steps=(S, back)))[0]
    assert "'loop' can go round" in problems(replace(GOOD, steps=(Step("loop", "m", "a", "a", TRUE, 0, 1),)))[0]


@pytest.mark.parametrize("change", [{"lo": 1, "hi": 1}, {"hi": None}, {"guard": FALSE}])
def test_a_cycle_that_takes_time_or_need_not_happen_does_not(change: dict[str, object]) -> None:
    back = Step("back", "m", "b", "a", TRUE, 0, 0)
    assert problems(replace(GOOD, steps=(S, replace(back, **change)))) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("turns", [False, True])
def test_what_follows_a_machine_that_takes_time_takes_time(turns: bool) -> None:
    """`far` follows `near`, which follows `slow`: whether all of them can go round is told by the first."""
    machines = tuple(Machine(name, ("a", "b"), "a") for name in ("far", "near", "slow"))
    steps = (
        Step("slow on", "slow", "a", "b", TRUE, 0 if turns else 1, 1),
        Step("slow off", "slow", "b", "a", TRUE, 0, 1),
        *(
            Step(f"{name} {target}", name, source, target, at(after, target), 0, 0)
            for name, after in (("far", "near"), ("near", "slow"))
            for source, target in (("a", "b"), ("b", "a"))
        ),
    )
    found = problems(System(1000, machines, (), steps, (Check("c", "never", at("far", "b")),)))
    assert len(found) == (3 if turns else 0)
