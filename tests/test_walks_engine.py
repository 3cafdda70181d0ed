"""The walks engine: what it says happens is what the interpreter says, and it meets most of what is there to meet."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from cases import blog, program
from oracle import TooLarge, violated
from systems import chained, forked, peers, small

from verifier.analysis.verdict import Verdict
from verifier.analysis.verify import verify_program
from verifier.engines import walks
from verifier.engines.times import longer_than_any, timed
from verifier.engines.walks.motion import Motion, Plan
from verifier.interpreter import Interpreter, Replayed, replay
from verifier.system.ir import Check, In, Machine, Step, System
from verifier.system.run import Answer, Budget


def cyclic(seed: int) -> System:
    return small(seed, cycles=True)


MAKERS: list[Callable[[int], System]] = [small, chained, forked, peers, cyclic]


@pytest.mark.parametrize("make", MAKERS)
def test_each_event_changes_what_the_interpreter_changes(make: Callable[[int], System]) -> None:
    """States, copies, clocks and conditions, after every event of random runs."""
    events = 0
    for seed in range(60):
        system, chance = make(seed), random.Random(seed)
        plan, meaning = Plan(system), Interpreter(system)
        whens = [(check.when, plan.circuit.gate(check.when)) for check in system.checks]
        motion, state = Motion(plan), meaning.initial()
        for _ in range(40):
            assert tuple(motion.state) == state.machines
            assert tuple(motion.copies) == state.copies
            clocks = tuple(None if since is None else motion.now - since for since in motion.since)
            assert clocks == state.clocks
            for when, gate in whens:
                assert motion.value[gate] is meaning.holds(when, state)
            possible = [*meaning.may_fire(state), *meaning.behind(state)]
            if meaning.can_tick(state) and (not possible or chance.random() < 0.3):
                state = meaning.tick(state)
                motion.now += 1
            elif possible:
                name = chance.choice(possible)
                state = meaning.refresh(state, name) if name in meaning.view_at else meaning.fire(state, name)
                before = list(motion.since)
                anew = motion.do(plan.names.index(name))
                assert {act for act in anew if before[act] is None} == {
                    act for act, since in enumerate(motion.since) if since is not None and before[act] is None
                }
                events += 1
    assert events > 150


@pytest.mark.parametrize("make", MAKERS)
def test_what_it_finds_is_one_and_it_finds_most(make: Callable[[int], System]) -> None:
    met = missed = 0
    for seed in range(5_000, 5_045):
        system = make(seed)
        for check in system.checks:
            if check.kind != "never":
                continue
            found = walks.Search(system, check).until(3_000)
            if found.run is not None:
                replayed = replay(system, check, found.run)
                assert isinstance(replayed, Replayed), replayed
                assert (replayed.since, replayed.end) == (found.run.since, found.run.end)
                names = tuple((event.name, event.refresh) for event in found.run.events)
                best = timed(Interpreter(system), check, names, longer_than_any(system))
                assert best is not None
                assert best.run == found.run  # its times are those that the interpreter finds for this order
                met += 1
                continue
            try:
                missed += violated(system, check, 1500)
            except TooLarge:
                continue
    assert met > 8
    assert missed <= met // 20


def test_the_same_seed_gives_the_same_run() -> None:
    system = small(3)
    check = next(check for check in system.checks if check.kind == "never")
    assert walks.Search(system, check, seed=7).until(2_000) == walks.Search(system, check, seed=7).until(2_000)


def test_a_search_goes_on_where_it_stopped() -> None:
    """Over as many climbs as there are: each is steady after 120 walks of two events."""
    machine = Machine("m", ("a", "b", "bad"), "a")
    always, never = In("m", frozenset(machine.states)), In("m", frozenset({"bad"}))
    steps = (Step("to b", "m", "a", "b", always, 0, 3), Step("to bad", "m", "b", "bad", never, 0, 3))
    system = System(1000, (machine,), (), steps, ())
    at_once, parted = (walks.Search(system, Check("c", "never", never)) for _ in range(2))
    found = [parted.until(events) for events in (0, 1, 100, 101, 900)]
    assert found[-1] == at_once.until(900)
    assert found[-1].statistics["walks"] == 450
    assert found[2].statistics["walks"] == 50


def test_the_violation_lasts_as_long_as_it_may() -> None:
    """`bad` begins after 0 to 3 ticks and ends 1 to 9 ticks later."""
    machine = Machine("m", ("good", "bad", "over"), "good")
    always = In("m", frozenset(machine.states))
    steps = (Step("begin", "m", "good", "bad", always, 0, 3), Step("end", "m", "bad", "over", always, 1, 9))
    check = Check("c", "never", In("m", frozenset({"bad"})))
    run = walks.Search(System(1000, (machine,), (), steps, (check,)), check).until(100).run
    assert run is not None
    assert run.since == 0  # nothing waits without need
    assert run.end == 9


def test_a_condition_that_some_run_avoids() -> None:
    machine = Machine("m", ("a", "b", "c"), "a")
    always = In("m", frozenset(machine.states))
    steps = (Step("to b", "m", "a", "b", always, 0, 2), Step("to c", "m", "a", "c", always, 1, 2))
    system = System(1000, (machine,), (), steps, ())
    assert walks.avoided(system, In("m", frozenset({"b"})), 40)
    assert not walks.avoided(system, In("m", frozenset({"b", "c"})), 40)
    assert not walks.avoided(system, In("m", frozenset({"a"})), 40)


def test_no_event_is_no_answer() -> None:
    system = small(3)
    found = walks.Search(system, system.checks[0]).until(0)
    assert found.answer is Answer.UNKNOWN
    assert found.statistics == {"walks": 0, "events": 0}


@pytest.mark.slow
def test_it_meets_a_violation_among_many(tmp_path: Path) -> None:
    """Twenty replicas on ten nodes: a node loses its second pod when ten others have gone before."""
    text = blog("09b-local-17-healthy-0", ("replicas        = 3", "replicas = 20"), ("nodes      = 4", "nodes = 10"))
    (check,) = verify_program(program(text, tmp_path), (), Budget(60)).checks
    assert check.verdict is Verdict.UNSAFE
