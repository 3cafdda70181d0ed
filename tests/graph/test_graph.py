"""What the graph engine does besides answering: budgets, symmetry, packing, time that stops."""

from __future__ import annotations

import pytest
from systems import peers, round_and_round, small
from test_budget import heavy

from verifier.engines import graph
from verifier.engines.graph.search import Search, search_of
from verifier.interpreter import Interpreter
from verifier.system.ir import TRUE, And, Check, In, Machine, Not, Step, System, View
from verifier.system.run import Answer, Budget


def explored(system: System, *, timed: bool = False, symmetry: bool = False) -> Search:
    search = search_of(system, Budget(20.0), timed=timed, symmetry=symmetry)
    assert search.find(None) is None
    assert not search.cut
    return search


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


# -- budgets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01, 0.3])
def test_a_timeout_is_unknown_and_says_how_far_it_came(seconds: float) -> None:
    system = heavy(15)
    outcome = graph.check(system, system.checks[0], Budget(seconds))
    assert outcome.answer is Answer.UNKNOWN
    assert "time budget" in outcome.reason
    assert "states/s" in outcome.reason
    assert outcome.statistics["states"] >= 1
    assert outcome.seconds < seconds + 3.0


@pytest.mark.parametrize("memory_mb", [0, 1, 20])
def test_a_memory_limit_is_unknown(memory_mb: int) -> None:
    system = heavy(15)
    outcome = graph.check(system, system.checks[0], Budget(60.0, memory_mb=memory_mb))
    assert outcome.answer is Answer.UNKNOWN
    assert "memory budget" in outcome.reason


# -- the graph itself --------------------------------------------------------------------------------------------------


def oracle_states(system: System) -> set[object]:
    """The untimed states, by the interpreter: whatever is enabled may fire."""
    meaning = Interpreter(system)
    first = meaning.initial()
    seen, todo = {(first.machines, first.copies)}, [first]
    while todo:
        state = todo.pop()
        after = [meaning.fire(state, name) for name in meaning.enabled(state)]
        after += [meaning.refresh(state, name) for name in meaning.behind(state)]
        for one in after:
            if (one.machines, one.copies) not in seen:
                seen.add((one.machines, one.copies))
                todo.append(one)
    return seen


def test_untimed_states_are_counted_exactly() -> None:
    for seed in range(6000, 6060):
        for system in (small(seed), small(seed, cycles=True)):
            assert explored(system).states == len(oracle_states(system)), seed


def wide(count: int) -> System:
    """A state of many words: `count` machines of five states, each copied by a view, all going one after another."""
    machines = tuple(Machine(f"m{i}", tuple("abcde"), "a") for i in range(count))
    steps = []
    for i in range(count):
        before = at(f"m{i - 1}", "e") if i else TRUE
        steps += [Step(f"m{i}{a}", f"m{i}", a, b, before, 0, 1) for a, b in zip("abcd", "bcde", strict=True)]
    views = tuple(View(f"v{i}", (f"m{i}",), 1) for i in range(count))
    never = Check("c", "never", And((at(f"m{count - 1}", "e"), *(Not(at(m.name, "a")) for m in machines))))
    return System(1000, machines, views, tuple(steps), (never,))


def test_states_of_many_words() -> None:
    system = wide(3)
    assert explored(system).states == len(oracle_states(system))
    large = wide(30)
    search = search_of(large, Budget(1.0), timed=False, symmetry=False)
    assert search.layout.words > 2
    quick = System(large.tick_ms, large.machines, (), large.steps, large.checks)
    outcome = graph.check(quick, quick.checks[0], Budget(20.0))
    assert outcome.answer is Answer.VIOLATED
    assert outcome.run is not None
    assert len(outcome.run.events) == 120


def test_a_run_has_the_fewest_moves() -> None:
    m = Machine("m", ("a", "b", "c"), "a")
    steps = (
        Step("slow", "m", "a", "c", TRUE, 3, 5),
        Step("one", "m", "a", "b", TRUE, 0, 9),
        Step("two", "m", "b", "c", TRUE, 1, 9),
    )
    check = Check("c", "never", at("m", "c"))
    outcome = graph.check(System(1000, (m,), (), steps, (check,)), check, Budget())
    assert outcome.run is not None
    assert [event.name for event in outcome.run.events] == ["one", "two"]
    assert outcome.run.end == 1


# -- symmetry ----------------------------------------------------------------------------------------------------------


def test_symmetry_saves_states_and_leaves_the_depth() -> None:
    saved = 0
    for seed in range(7000, 7040):
        system = peers(seed)
        whole, merged = explored(system, timed=True), explored(system, timed=True, symmetry=True)
        assert merged.depth == whole.depth, seed
        assert merged.states <= whole.states, seed
        saved += merged.states < whole.states
    assert saved > 25


def test_members_that_differ_are_not_exchanged() -> None:
    machines = tuple(Machine(f"F[p-{i}]", ("a", "b"), "a") for i in range(3))
    alike = [Step(f"s{i}", f"F[p-{i}]", "a", "b", TRUE, 1, 2) for i in range(3)]
    plain = System(1000, machines, (), tuple(alike))
    classes = [explored(plain, timed=True, symmetry=True).symmetry.classes]
    slower = System(1000, machines, (), (*alike[:2], Step("s2", "F[p-2]", "a", "b", TRUE, 1, 3)))
    classes.append(explored(slower, timed=True, symmetry=True).symmetry.classes)
    asked = Check("c", "never", at("F[p-0]", "b"))
    search = search_of(plain, Budget(), timed=True, symmetry=True, check=asked)
    assert [*classes, search.symmetry.classes] == [
        (("p-0", "p-1", "p-2"),),
        (("p-0", "p-1"),),
        (("p-1", "p-2"),),
    ]


# -- time that stops ---------------------------------------------------------------------------------------------------


def test_time_that_stops_is_named_with_its_cycle() -> None:
    system = round_and_round(at("gate", "open"))
    outcome = graph.check(system, system.checks[0], Budget())
    assert outcome.answer is Answer.UNKNOWN
    assert outcome.reason == "time can stop: 'there', 'back' go round for ever without a tick"


def test_a_cycle_that_is_never_entered_stops_nothing() -> None:
    system = round_and_round(at("gate", "gone"))
    assert graph.check(system, system.checks[0], Budget()).answer is Answer.HOLDS
