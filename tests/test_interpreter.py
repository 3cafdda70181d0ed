"""The interpreter against the sentences of docs/semantics.md, section 2, one by one."""

from __future__ import annotations

import time

from systems import small

from verifier.interpreter import Interpreter, Refusal, Replayed, replay
from verifier.system.ir import FALSE, TRUE, And, AtLeast, Check, Expr, In, Machine, Not, Seen, Step, System, View
from verifier.system.run import Event, Run


def at(machine: str, *states: str) -> In:
    return In(machine, frozenset(states))


def two_state(name: str) -> Machine:
    return Machine(name, ("off", "on"), "off")


def switch(machine: str, guard: Expr = TRUE, lo: int = 0, hi: int | None = None) -> Step:
    return Step(f"{machine}!", machine, "off", "on", guard, lo, hi)


def make(machines: list[Machine], steps: list[Step], views: list[View] | None = None) -> System:
    return System(1000, tuple(machines), tuple(views or []), tuple(steps))


def never(expr: Expr) -> Check:
    return Check("check", "never", expr)


def test_a_clock_starts_when_the_guard_comes_true_and_starts_anew_after_a_break() -> None:
    light = Machine("light", ("red", "green", "dark"), "red")
    system = make(
        [light, two_state("car")],
        [
            Step("go", "light", "red", "green", TRUE, 0, None),
            Step("stop", "light", "green", "red", TRUE, 1, None),
            switch("car", at("light", "green"), lo=2, hi=3),
        ],
    )
    meaning = Interpreter(system)
    state = meaning.fire(meaning.initial(), "go")
    state = meaning.tick(state, 2)
    assert "car!" in meaning.may_fire(state)
    state = meaning.fire(meaning.fire(state, "stop"), "go")
    assert "car!" in meaning.enabled(state)
    assert "car!" not in meaning.may_fire(state)
    assert meaning.room(state) == 3


def test_a_self_loop_restarts_its_own_clock_and_no_other() -> None:
    system = make(
        [two_state("m")],
        [Step("loop", "m", "off", "off", TRUE, 1, 2), Step("leave", "m", "off", "on", TRUE, 3, 4)],
    )
    meaning = Interpreter(system)
    state = meaning.fire(meaning.tick(meaning.initial(), 2), "loop")
    assert state.clocks == (0, 2)
    assert meaning.may_fire(meaning.tick(state)) == ["loop", "leave"]


def test_a_view_is_behind_until_it_is_refreshed_or_its_sources_return() -> None:
    m = Machine("m", ("a", "b"), "a")
    there, back = Step("there", "m", "a", "b", TRUE, 0, None), Step("back", "m", "b", "a", TRUE, 1, None)
    meaning = Interpreter(make([m], [there, back], [View("v", ("m",), 2)]))
    state = meaning.fire(meaning.initial(), "there")
    assert meaning.behind(state) == ["v"]
    assert meaning.holds(Seen("v", at("m", "a")), state)
    returned = meaning.fire(meaning.tick(state), "back")
    assert meaning.behind(returned) == []
    forced = meaning.tick(state, 2)
    assert not meaning.can_tick(forced)
    assert meaning.due(forced) == ("v",)
    assert meaning.holds(Seen("v", at("m", "b")), meaning.refresh(forced, "v"))


def test_a_view_of_a_view_holds_the_whole_copy() -> None:
    system = make([two_state("m")], [switch("m")], [View("far", ("near",), None), View("near", ("m",), None)])
    meaning = Interpreter(system)
    on = Seen("far", Seen("near", at("m", "on")))
    state = meaning.refresh(meaning.fire(meaning.initial(), "m!"), "near")
    assert meaning.behind(state) == ["far"]
    assert not meaning.holds(on, state)
    assert meaning.holds(on, meaning.refresh(state, "far"))


def test_a_refresh_of_nothing_changes_nothing() -> None:
    system = make([two_state("m")], [switch("m")], [View("v", ("m",), 2)])
    run = Run((Event(0, "v", True), Event(1, "m!"), Event(1, "v", True), Event(2, "v", True)), 5, 0)
    replayed = replay(system, never(at("m", "on")), run)
    assert isinstance(replayed, Replayed)
    assert [(e.at, e.subject, e.source, e.target) for e in replayed.effects] == [
        (1, "m", "off", "on"),
        (1, "v", "", ""),
    ]


def test_since_is_the_beginning_of_the_last_unbroken_violation() -> None:
    m = Machine("m", ("a", "b", "c", "d"), "a")
    steps = [Step(f"to {t}", "m", s, t, TRUE, 0, None) for s, t in ("ab", "bc", "cd")]
    system = make([m], steps)
    run = Run((Event(1, "to b"), Event(2, "to c"), Event(4, "to d")), 9, 0)
    replayed = replay(system, never(at("m", "a", "b", "d")), run)
    assert isinstance(replayed, Replayed)
    assert (replayed.since, replayed.end) == (4, 9)


def test_refusals_say_why() -> None:
    system = make([two_state("m"), two_state("n")], [switch("m", lo=2, hi=3), switch("n", at("m", "on"))])
    check = never(at("m", "on"))

    def refused(*events: Event, end: int = 4) -> Refusal:
        result = replay(system, check, Run(events, end, end))
        assert isinstance(result, Refusal)
        return result

    assert "enabled for 1 at 1, and needs 2" in refused(Event(1, "m!")).reason
    assert "not enabled" in refused(Event(0, "n!")).reason
    assert "no step" in refused(Event(0, "x!")).reason
    assert "no view" in refused(Event(0, "m!", True)).reason
    assert "order" in refused(Event(2, "m!"), end=1).reason
    assert "not violated" in refused(end=1).reason
    late = refused(end=4)
    assert (late.at, late.forced) == (3, ("m!",))


def test_at_a_deadline_both_orders_are_runs() -> None:
    system = make([two_state("m"), two_state("n")], [switch("m", lo=2, hi=2), switch("n", Not(at("m", "on")), 2, 2)])
    check = never(at("m", "on"))
    assert isinstance(replay(system, check, Run((Event(2, "n!"), Event(2, "m!")), 2, 2)), Replayed)
    assert isinstance(replay(system, check, Run((Event(2, "m!"),), 9, 2)), Replayed)


def test_ends_with_needs_a_stuck_end() -> None:
    system = make([two_state("m")], [switch("m")], [View("v", ("m",), None)])
    check = Check("check", "ends_with", FALSE)
    assert isinstance(replay(system, check, Run((), 3, 3)), Refusal)
    assert isinstance(replay(system, check, Run((Event(1, "m!"),), 3, 3)), Refusal)
    assert isinstance(replay(system, check, Run((Event(1, "m!"), Event(2, "v", True)), 3, 2)), Replayed)


def test_a_long_tick_is_as_many_short_ones() -> None:
    for seed in range(40):
        meaning = Interpreter(small(seed))
        state = meaning.initial()
        room = meaning.room(state) or 5
        one_by_one = state
        for _ in range(room):
            one_by_one = meaning.tick(one_by_one)
        assert one_by_one == meaning.tick(state, room)


def test_large_systems_replay_fast() -> None:
    machines = [two_state(f"m{i}") for i in range(2000)]
    many: Expr = AtLeast(150, tuple(at(f"m{i}", "on") for i in range(200)))
    steps = [switch(f"m{i}", And((Not(many), Not(at(f"m{i + 1}", "on")))) if i < 100 else TRUE) for i in range(1999)]
    steps += [Step(f"back {i}", f"m{i}", "on", "off", TRUE, 1, None) for i in range(1999)]
    system = make(machines, steps)
    events = tuple(Event(i * 10, f"m{1 + i}!") for i in range(60))
    started = time.perf_counter()
    assert isinstance(replay(system, never(at("m1", "on")), Run(events, 10**9, 0)), Replayed)
    assert time.perf_counter() - started < 1.5  # measured at 0.1 s; room for a slow machine
