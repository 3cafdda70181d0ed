"""*In every run*: never said where a search finds a run that avoids the violation, and said often enough."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cases import STEMS, blog, program, results
from oracle import TooLarge, avoidable, longest
from systems import chained, forked, small
from template_programs import model, with_sizes
from test_reductions import shrunk

from verifier.analysis.grade import in_every_run
from verifier.analysis.kinds import kinds
from verifier.analysis.schedules import avoiding_run
from verifier.analysis.verdict import Verdict
from verifier.analysis.verify import merged
from verifier.engines import events
from verifier.engines.events.moments import Copies
from verifier.interpreter import Interpreter, Replayed, replay
from verifier.language.load import load
from verifier.language.program import Program
from verifier.system.ir import FALSE, TRUE, Check, Expr, In, Machine, Not, Seen, Step, System, View, disj
from verifier.system.keep import keep
from verifier.system.lower import lower
from verifier.system.run import Answer, Budget, Run
from verifier.system.slice import slice_for
from verifier.system.values import Member, Values

STATES_MAX = 2000


def cyclic(seed: int) -> System:
    return small(seed, cycles=True)


def questions(make: Callable[[int], System], seeds: range) -> Iterator[tuple[str, System, Expr, bool]]:
    """Slices with their conditions, and whether the search says that every run satisfies them."""
    for seed in seeds:
        system = make(seed)
        for check in system.checks:
            asked = Check(check.name, "never", check.when)
            small_system = slice_for(system, asked)
            try:
                every = not avoidable(small_system, check.when, STATES_MAX)
            except TooLarge:
                continue
            yield f"{make.__name__}({seed})/{check.name}", small_system, check.when, every


def shown(system: System, condition: Expr) -> bool:
    return events.inevitable(system, condition, Budget(20), 200).answer is Answer.HOLDS


@dataclass
class Tally:
    """`every`, `some`: what the search says; `shown` and `avoided`: how often the engine and the schedules say it."""

    every: int = 0
    some: int = 0
    shown: int = 0
    avoided: int = 0
    wrong: list[str] = field(default_factory=list)


def compare(make: Callable[[int], System], seeds: range) -> Tally:
    tally = Tally()
    for name, system, condition, every in questions(make, seeds):
        tally.every += every
        tally.some += not every
        if shown(system, condition):
            tally.shown += 1
            if not every:
                tally.wrong.append(f"{name}: shown, but there is a run without")
        run = avoiding_run(Interpreter(system), condition)
        if run is not None:
            tally.avoided += 1
            at_end = Check("at its end", "never", Not(condition))
            if every or not isinstance(replay(system, at_end, run), Replayed) or not lasts_for_ever(system, run):
                tally.wrong.append(f"{name}: a schedule that does not avoid it")
    return tally


@pytest.mark.parametrize("make", [small, chained, forked, cyclic])
def test_engine_and_schedules_agree_with_the_search(make: Callable[[int], System]) -> None:
    tally = compare(make, range(80))
    assert tally.wrong == []
    assert tally.every > 8
    assert tally.shown > 0.7 * tally.every
    assert tally.avoided > 0.8 * tally.some


@pytest.mark.slow
@pytest.mark.parametrize("make", [small, chained, forked, cyclic])
def test_engine_and_schedules_agree_with_the_search_on_many(make: Callable[[int], System]) -> None:
    tally = compare(make, range(80, 1500))
    assert tally.wrong == []
    assert tally.every > 80


def lasts_for_ever(system: System, run: Run) -> bool:
    """Nothing is owed at the end of the run."""
    meaning = Interpreter(system)
    state, now = meaning.initial(), 0
    for event in run.events:
        state, now = meaning.tick(state, event.at - now), event.at
        state = meaning.refresh(state, event.name) if event.refresh else meaning.fire(state, event.name)
    return meaning.room(meaning.tick(state, run.end - now)) is None


# -- for how long at most ------------------------------------------------------------------------------------------

CAP = 8  # longer than the delays of these systems: what lasts as long may last for ever


def bounded(make: Callable[[int], System], seeds: range) -> tuple[list[str], int, int]:
    """Where the engine says too much; how many longest times it shows, and how many there are."""
    mistakes, found, known = [], 0, 0
    for seed in seeds:
        system = make(seed)
        for check in system.checks:
            part = slice_for(system, Check(check.name, "never", check.when))
            try:
                most = longest(part, check.when, CAP, 2 * STATES_MAX)
            except TooLarge:
                continue
            if most is None:
                continue

            def shorter(ticks: int, part: System = part, when: Expr = check.when) -> bool:
                return events.lasts_at_most(part, when, ticks, Budget(20), 200).answer is Answer.HOLDS

            if most > 0 and shorter(most - 1):
                mistakes.append(f"{make.__name__}({seed})/{check.name}: at most {most - 1}, but {most}")
            if most < CAP:
                known += 1
                found += shorter(most)
    return mistakes, found, known


@pytest.mark.parametrize("make", [small, chained, forked, cyclic])
def test_how_long_at_most_agrees_with_the_search(make: Callable[[int], System]) -> None:
    mistakes, found, known = bounded(make, range(50))
    assert mistakes == []
    assert known > 3
    assert make is cyclic or found > 0.5 * known  # what goes round is not decided


@pytest.mark.slow
@pytest.mark.parametrize("make", [small, chained, forked, cyclic])
def test_how_long_at_most_agrees_with_the_search_on_many(make: Callable[[int], System]) -> None:
    assert bounded(make, range(50, 1000))[0] == []


# -- parts of systems ----------------------------------------------------------------------------------------------


def test_what_every_run_of_a_part_satisfies_every_run_of_the_whole_does() -> None:
    told = 0
    for seed in range(200):
        system = small(seed)
        names = [machine.name for machine in system.machines]
        kept = set(random.Random(seed).sample(names, max(1, len(names) - 1)))
        for check in system.checks:
            part, condition = keep(system, check.when, kept, {})
            try:
                if condition == FALSE or avoidable(part, condition, STATES_MAX):
                    continue
                told += condition != TRUE
                assert not avoidable(system, check.when, STATES_MAX), f"{seed}/{check.name}"
            except TooLarge:
                continue
    assert told > 10


# -- the programs' members -----------------------------------------------------------------------------------------


def every_run_of(of: Program) -> tuple[bool, bool]:
    """What is shown for each part by itself, and what the search says of all parts and members together."""
    values = Values(of)
    parts = of.checks["c"].parts
    said = False
    for part in parts:
        for env in kinds(values, part):
            exact = lower(values, part, env, relaxed=False)
            own = [m for m in env.values() if isinstance(m, Member)]
            said |= in_every_run(exact, own, Interpreter(exact.system), Budget(20))
    systems = [
        lower(values, part, dict(zip((p.name for p in part.parameters), members, strict=True)), relaxed=False).system
        for part in parts
        for members in ([(m,) for m in values.members("P")] if part.parameters else [()])
    ]
    whole = merged(systems)
    return said, not avoidable(whole, disj(check.when for check in whole.checks), 1500)


@pytest.mark.parametrize(("one", "two"), [(1, 1), (2, 1)])
def test_what_is_said_of_one_member_holds_for_some_member(one: int, two: int) -> None:
    told = possible = 0
    for seed in range(60):
        try:
            said, every = every_run_of(with_sizes(model(seed, lemmas=0, timed=True), one, two))
        except TooLarge:
            continue
        possible += every
        told += said
        assert not said or every, seed
    assert told > 3
    assert told > possible / 3


# One member at a time is let in; it waits for 5 s, and whoever waits is seen within 3 s.
FIRST_COME = """
settings things "sizes" { size: size = 1 "x" }
index P = one: things.size
machine A[p: P] {
  states out, wanted, there
  initially out
  out -> wanted "x" when count q: P (A[q] is wanted) < 1 within 1s
  wanted -> there "x" after 5s
}
view V of A stale at most 3s
check c "c" {
  never seen_waiting[p: P] "x" when A[p] is wanted seen by V
}
"""


@pytest.mark.parametrize("size", [1, 2, 50])
def test_who_comes_first_needs_no_counting(size: int) -> None:
    overlay = {"made.model": FIRST_COME, "case.rollout": f"use made\nthings a {{ size = {size} }}\nverify c\n"}
    loaded = load(("case.rollout",), overlay=overlay)
    assert not loaded.diagnostics, [d.message for d in loaded.diagnostics]
    ((_, program),) = loaded.programs
    values = Values(program)
    (part,) = program.checks["c"].parts
    (env,) = kinds(values, part)
    exact = lower(values, part, env, relaxed=False)
    assert in_every_run(exact, list(env.values()), Interpreter(exact.system), Budget(20))


# -- the blog's cases ----------------------------------------------------------------------------------------------

IN_EVERY_RUN = ("01b-starts-later-than-rules", "02b-probe-on-another-port", "14-recreate")
IN_SOME_RUNS = ("01-no-readiness-probe", "03a-no-pre-stop", "04b-pre-stop-10", "07c-this-rollout-adds-it")


def grades(of: Program) -> list[bool]:
    """For each check that is UNSAFE, whether it is so in every run."""
    unsafe = [check for check in results(of, best=True) if check.verdict is Verdict.UNSAFE]
    return [any(part.in_every_run for part in check.parts) for check in unsafe]


@pytest.mark.parametrize("stem", STEMS)
def test_grade_of_a_case(stem: str, tmp_path: Path) -> None:
    found = grades(program(blog(stem), tmp_path))
    assert set(found) <= {stem in IN_EVERY_RUN}
    assert found or stem not in (*IN_EVERY_RUN, *IN_SOME_RUNS)


@pytest.mark.parametrize("stem", [*IN_EVERY_RUN, *IN_SOME_RUNS])
def test_grade_of_a_shrunk_case_agrees_with_the_search(stem: str, tmp_path: Path) -> None:
    """One pod of each kind, one node, short delays: no run of them avoids the loss, or one does.

    Shrunk, the rules of 02b may be as late as the application.
    """
    of = shrunk(stem, tmp_path)
    values = Values(of)
    (asked,) = of.asked
    every = False
    for part in of.checks[asked.check].parts:
        for env in kinds(values, part, placed=True):
            exact = lower(values, part, env, relaxed=False)
            every |= not avoidable(exact.system, exact.check.when, 200_000)
    assert grades(of) == [every] == [stem in IN_EVERY_RUN and stem[:3] != "02b"]


# -- that the comparison would notice ------------------------------------------------------------------------------


def test_a_view_that_is_never_late_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change seen by a view of at most 2 is seen for sure only if it lasts longer."""
    flips = (Step("on", "m", "a", "b", TRUE, 1, 1), Step("off", "m", "b", "c", TRUE, 2, 2))
    for stale, every in ((1, True), (2, False), (None, False)):
        system = System(
            1000,
            (Machine("m", ("a", "b", "c"), "a"),),
            (View("v", ("m",), stale),),
            flips,
            (Check("c", "never", TRUE),),
        )
        condition = Seen("v", In("m", frozenset("b")))
        assert (not avoidable(system, condition)) is every
        assert shown(system, condition) is every
    monkeypatch.setattr(Copies, "oldest", lambda self, view: 0)
    assert [m for make in (chained, forked) for m in compare(make, range(40)).wrong]
    assert [m for make in (chained, forked) for m in bounded(make, range(40))[0]]
