"""A used-up budget is an answer, and that answer is UNKNOWN: never HOLDS, never an exception."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from cases import blog, program
from systems import small

from verifier.analysis.both import MACHINES_MAX, answered
from verifier.analysis.decide import Decider
from verifier.analysis.verdict import Verdict
from verifier.analysis.verify import verify_program
from verifier.engines import events, graph, terms
from verifier.engines.clock import OutOfBudget
from verifier.engines.graph.layout import layout_of
from verifier.engines.graph.symmetry import symmetry_of
from verifier.engines.terms import Sat
from verifier.system.ir import TRUE, And, AtLeast, Check, In, Machine, Seen, Step, System, View
from verifier.system.patience import OutOfTime, patience
from verifier.system.run import Answer, Budget


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


def heavy(count: int) -> System:
    """Holds, and takes long: `count` machines one after another within bounds that only just suffice."""
    machines = tuple(Machine(f"m{i}", ("a", "b", "c"), "a") for i in range(count))
    views = tuple(View(f"v{i}", tuple(f"m{j}" for j in range(count)), 3) for i in range(3))
    steps = []
    for i in range(count):
        half = AtLeast(count // 3, tuple(at(f"m{j}", "a", "c") for j in range(count) if j != i))
        steps.append(Step(f"m{i} b", f"m{i}", "a", "b", And((half, Seen(f"v{i % 3}", half))), 1, 7))
        steps.append(Step(f"m{i} c", f"m{i}", "b", "c", Seen(f"v{(i + 1) % 3}", half), 2, 9))
    when = And((AtLeast(count, tuple(at(m.name, "b") for m in machines)), Seen("v0", at("m0", "a"))))
    return System(1000, machines, views, tuple(steps), (Check("c", "never", when),))


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e-9, 1e-4, 1e-3, 0.01, 0.1, 0.5])
def test_a_timeout_is_unknown(seconds: float) -> None:
    system = heavy(15)
    started = time.monotonic()
    outcome = events.check(system, system.checks[0], Budget(seconds))
    assert outcome.answer is Answer.UNKNOWN
    assert "time" in outcome.reason
    assert time.monotonic() - started < seconds + 2.0


@pytest.mark.parametrize("memory_mb", [0, 1, 10, 30])
def test_a_memory_limit_is_unknown_and_is_gone_with_its_budget(memory_mb: int) -> None:
    system = heavy(9)
    outcome = events.check(system, system.checks[0], Budget(20.0, memory_mb=memory_mb))
    assert outcome.answer is Answer.UNKNOWN
    assert "memory" in outcome.reason
    assert events.check(heavy(2), heavy(2).checks[0], Budget(20.0)).answer is Answer.VIOLATED


def test_what_the_solver_does_not_know_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def shrug(self: terms.Solver, *_: Any, **__: Any) -> Sat:
        return Sat.UNKNOWN

    monkeypatch.setattr(terms.Solver, "solve", shrug)
    for seed in range(10):
        system = small(seed)
        for check in system.checks:
            assert events.check(system, check, Budget()).answer is Answer.UNKNOWN


def test_what_the_solver_throws_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: terms.Solver, *_: Any, **__: Any) -> Sat:
        raise terms.SolverError("out of memory")

    monkeypatch.setattr(terms.Solver, "solve", fail)
    system = small(1)
    outcome = events.check(system, system.checks[0], Budget())
    assert outcome.answer is Answer.UNKNOWN
    assert "out of memory" in outcome.reason


def test_a_machine_that_goes_round_for_ever_is_unknown_where_it_is_not_unsafe() -> None:
    m, n = Machine("m", ("a", "b"), "a"), Machine("n", ("a", "b"), "a")
    steps = (Step("there", "m", "a", "b", TRUE, 1, 2), Step("back", "m", "b", "a", TRUE, 1, 2))
    check = Check("c", "never", at("n", "b"))
    outcome = events.check(System(1000, (m, n), (), steps, (check,)), check, Budget())
    assert outcome.answer is Answer.UNKNOWN
    assert "repetition was cut" in outcome.reason


def test_a_search_for_a_better_witness_that_runs_out_keeps_the_one_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    first = terms.Solver.solve

    def only_once(self: terms.Solver, *args: Any, **kwargs: Any) -> Sat:
        if self.calls:
            raise OutOfBudget("the time budget ran out")
        return first(self, *args, **kwargs)

    monkeypatch.setattr(terms.Solver, "solve", only_once)
    m = Machine("m", ("a", "b"), "a")
    check = Check("c", "never", at("m", "b"))
    system = System(1000, (m,), (), (Step("go", "m", "a", "b", TRUE, 1, 2),), (check,))
    outcome = events.check(system, check, Budget())
    assert outcome.answer is Answer.VIOLATED
    assert outcome.run is not None


def test_building_a_system_keeps_to_the_budget(tmp_path: Path) -> None:
    """A slice that takes longer to build than there is time: a verdict, and no engine is asked."""
    of = program(blog("09a-local-30-unhealthy-30", ("replicas        = 3", "replicas = 40")), tmp_path)
    (found,) = verify_program(of, (), Budget(0.2)).checks
    assert found.verdict is Verdict.INCONCLUSIVE
    assert [part.reason for part in found.parts] == ["the time budget ran out"]


def test_preparing_an_exhaustive_search_keeps_to_the_budget() -> None:
    two = tuple(Machine(f"m[{i}]", ("a", "b"), "a") for i in range(2))
    steps = tuple(Step(m.name, m.name, "a", "b", TRUE, 1, 2) for m in two)
    layout = layout_of(System(1000, two, (), steps, ()), timed=True)
    assert symmetry_of(layout, None, True).classes
    with pytest.raises(OutOfTime), patience(time.monotonic() - 1):
        symmetry_of(layout, None, True)


def test_a_large_system_that_goes_round_is_not_searched_exhaustively(monkeypatch: pytest.MonkeyPatch) -> None:
    """To prepare the search took minutes (row 12b with 100 replicas, 25 of them at a time)."""
    many = [Machine(f"m[{i}]", ("a", "b"), "a") for i in range(MACHINES_MAX + 1)]
    steps = [Step(f"{m.name} {s}", m.name, s, t, TRUE, 1, 2) for m in many for s, t in (("a", "b"), ("b", "a"))]
    check = Check("c", "never", AtLeast(len(many) + 1, tuple(at(m.name, "b") for m in many) * 2))
    system = System(1000, tuple(many), (), tuple(steps), (check,))

    def no_search(*_: Any, **__: Any) -> Any:
        raise AssertionError("searched")

    monkeypatch.setattr(graph, "check", no_search)
    assert answered(system, Budget(20.0, work=1)).answer is Answer.UNKNOWN


def test_what_was_found_in_time_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_time(*_: object) -> None:
        raise OutOfTime

    monkeypatch.setattr(Decider, "_grade", no_time)
    (lost,) = verify_program(program(blog("03a-no-pre-stop"), tmp_path), (), Budget(60)).checks
    assert lost.verdict is Verdict.UNSAFE
    (safe,) = verify_program(program(blog("04a-pre-stop-11"), tmp_path), (), Budget(60)).checks
    assert safe.verdict is Verdict.INCONCLUSIVE
