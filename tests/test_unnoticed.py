"""Steps that nobody notices are left out: no `never` verdict changes, and what is noticed from afar is kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from oracle import TooLarge, violated
from systems import chained, forked, peers, small

from verifier.system import unnoticed
from verifier.system.ir import TRUE, And, Check, Expr, In, Machine, Not, Seen, Step, System, View, children
from verifier.system.told_apart import groups
from verifier.system.unnoticed import without_unnoticed


def cyclic(seed: int) -> System:
    return small(seed, cycles=True)


MAKERS: list[Callable[[int], System]] = [small, chained, forked, peers, cyclic]


def asked(system: System, seed: int) -> list[Check]:
    """The `never` checks of a system, and a narrow one: one state of one machine, now or through a view."""
    r = random.Random(seed)
    machine = r.choice(system.machines)
    narrow: Expr = In(machine.name, frozenset({machine.states[-1]}))
    seen_by = [view.name for view in system.views if machine.name in view.sources]
    if seen_by and r.random() < 0.5:
        narrow = Seen(r.choice(seen_by), narrow)
    other = r.choice(system.machines)
    both = And((narrow, Not(In(other.name, frozenset({other.states[0]})))))
    return [check for check in system.checks if check.kind == "never"] + [
        Check("narrow", "never", narrow),
        Check("both", "never", both),
    ]


def disagreements(make: Callable[[int], System], seeds: range, states_max: int) -> tuple[list[str], int, int]:
    """Where a verdict changes; how many questions became smaller, and how many of these are violated."""
    wrong, fewer, true = [], 0, 0
    for seed in seeds:
        system = make(seed)
        for check in asked(system, seed):
            whole = replace(system, checks=(check,))
            part = without_unnoticed(whole)
            if len(part.steps) == len(whole.steps):
                continue
            fewer += 1
            try:
                found = violated(whole, check, states_max)
                true += found
                if violated(part, check, states_max) != found:
                    wrong.append(f"{make.__name__}({seed})/{check.name}: {found} before")
            except TooLarge:
                continue
    return wrong, fewer, true


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_no_verdict_changes(make: Callable[[int], System]) -> None:
    wrong, fewer, true = disagreements(make, range(8000, 8250), 2500)
    assert wrong == []
    assert fewer > 40
    assert true > 10


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_no_verdict_changes_at_length(make: Callable[[int], System]) -> None:
    assert disagreements(make, range(20_000, 21_500), 8000)[0] == []


def not_through_views(expr: Expr) -> tuple[Expr, ...]:
    return () if isinstance(expr, Seen) else children(expr)


def crossing(self: unnoticed._Noticing, machine: str) -> list[Step]:
    """Only the steps between two groups."""
    parts = groups(self.system.machine[machine].states, self.tests[machine])
    steps = self.system.steps_of.get(machine, ())
    return [s for s in steps if any(s.source in group and s.target not in group for group in parts)]


BROKEN: dict[str, tuple[object, str, object]] = {
    "views are not looked through": (unnoticed, "children", not_through_views),
    "steps inside a group that is left are dropped": (unnoticed._Noticing, "noticed", crossing),
    "guards are not read": (unnoticed._Noticing, "changed", property(lambda self: set(), lambda self, value: None)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_comparison_bites(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, attribute, value = BROKEN[name]
    monkeypatch.setattr(target, attribute, value, raising=False)
    assert [w for make in (small, chained, cyclic) for w in disagreements(make, range(8000, 8120), 2500)[0]]


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


def machine(name: str, *states: str) -> Machine:
    return Machine(name, states or ("a", "b"), (states or ("a",))[0])


def step(name: str, guard: Expr = TRUE, source: str = "a", target: str = "b", lo: int = 0) -> Step:
    return Step(f"{name}: {source} -> {target}", name, source, target, guard, lo, None)


def of(machines: tuple[Machine, ...], views: tuple[View, ...], steps: tuple[Step, ...], when: Expr) -> System:
    return System(1000, machines, views, steps, (Check("c", "never", when),))


def names(system: System) -> list[str]:
    return [s.name for s in without_unnoticed(system).steps]


def test_a_group_that_reads_only_itself_is_dropped() -> None:
    """p, q and r read each other, p also reads what is asked about; of them only x is read, by nobody else."""
    steps = (
        step("x"),
        step("p", And((at("r", "a"), at("x", "b")))),
        step("q", at("p", "b")),
        step("r", Seen("v", at("q", "b"))),
    )
    machines = tuple(machine(name) for name in "xpqr")
    system = of(machines, (View("v", ("q", "x"), 1),), steps, at("x", "b"))
    assert names(system) == ["x: a -> b"]
    read = replace(system, checks=(Check("c", "never", And((at("x", "b"), at("r", "b")))),))
    assert without_unnoticed(read) is read


def test_a_group_that_is_read_where_it_cannot_differ_is_dropped_too() -> None:
    """The guard of x reads p, but tells apart only what no step of p leads between."""
    p = machine("p", "a", "b", "c")
    steps = (step("x", at("p", "a", "b")), step("p"), step("p", at("q", "b"), "b", "a", lo=1), step("q", at("p", "b")))
    system = of((machine("x"), p, machine("q")), (), steps, at("x", "b"))
    assert names(system) == ["x: a -> b"]
    leaving = replace(system, steps=(*steps, step("p", at("q", "b"), "b", "c")))
    assert without_unnoticed(leaving) is leaving


def deep() -> System:
    """x reads p only as w remembers what v remembers of it."""
    steps = (step("x", Seen("w", Seen("v", at("p", "b")))), step("p", at("q", "b")), step("q"), step("idle"))
    machines = tuple(machine(name) for name in ("x", "p", "q", "idle"))
    views = (View("v", ("p", "idle"), 1), View("w", ("v",), 2))
    return of(machines, views, steps, at("x", "b"))


def test_what_is_noticed_through_a_view_of_a_view_is_kept() -> None:
    assert names(deep()) == ["x: a -> b", "p: a -> b", "q: a -> b"]
    kept = without_unnoticed(deep())
    assert violated(deep(), deep().checks[0])
    assert violated(kept, kept.checks[0])
    without_p = replace(kept, steps=tuple(s for s in kept.steps if s.machine != "p"))
    assert not violated(without_p, without_p.checks[0]), "this is why it is kept"


def test_a_step_inside_a_group_that_is_left_is_kept() -> None:
    """From a nothing is told apart from b, but only b leads to c, and not before b has lasted."""
    steps = (step("m"), step("m", TRUE, "b", "c", lo=3))
    system = of((machine("m", "a", "b", "c"),), (), steps, at("m", "c"))
    assert len(without_unnoticed(system).steps) == 2
    assert violated(system, system.checks[0])


def test_what_is_covered_is_noticed() -> None:
    system = of((machine("x"), machine("p")), (), (step("x"), step("p")), at("x", "b"))
    covering = replace(system, checks=(replace(system.checks[0], covers=(at("p", "b"),)),))
    assert names(system) == ["x: a -> b"]
    assert len(without_unnoticed(covering).steps) == 2


def test_of_ends_with_it_is_not_asked() -> None:
    """Where a step that nobody notices is left out, something is stuck that was not: why `pruned` leaves them in."""
    steps = (step("x", at("y", "b")), step("y", TRUE, "a", "a", lo=1))
    system = of((machine("x"), machine("y")), (), steps, at("x", "b"))
    ends = Check("c", "ends_with", at("x", "b"))
    assert not violated(replace(system, checks=(ends,)), ends)
    part = without_unnoticed(replace(system, checks=(ends,)))
    assert [s.name for s in part.steps] == ["x: a -> b"]
    assert violated(part, ends)
