"""Where only a violation is wanted: nothing that was cut is called safe, and what is violated stays so."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from oracle import TooLarge, violated
from systems import small

from verifier.engines import events
from verifier.interpreter import Refusal, replay
from verifier.system.ir import TRUE, Check, In, Machine, Step, System
from verifier.system.run import Answer, Budget


def turning(target: int) -> System:
    """`m` goes round; `count` follows, one state for every turn; `target` is one of its states."""
    states = tuple(str(i) for i in range(12))
    machines = (Machine("m", ("a", "b"), "a"), Machine("count", states, "0"))
    steps = [Step("there", "m", "a", "b", TRUE, 1, None), Step("back", "m", "b", "a", TRUE, 1, None)]
    for i in range(8):
        here = In("m", frozenset({"ab"[(i + 1) % 2]}))
        steps.append(Step(f"count {i}", "count", states[i], states[i + 1], here, 0, None))
    return System(1000, machines, (), tuple(steps), (Check("c", "never", In("count", frozenset({states[target]}))),))


def answer(system: System, proof: bool) -> Answer:
    return events.check(system, system.checks[0], Budget(20), best=False, core=False, proof=proof).answer


def test_a_cut_is_no_proof() -> None:
    """The ninth state is reached after more turns than the first attempt follows."""
    system = turning(8)
    assert violated(system, system.checks[0])
    assert answer(system, proof=True) is Answer.VIOLATED
    assert answer(system, proof=False) is Answer.UNKNOWN


def test_what_takes_few_turns_is_found() -> None:
    system = turning(1)
    assert answer(system, proof=True) is answer(system, proof=False) is Answer.VIOLATED


def test_what_never_happens_is_not_called_safe_where_something_was_cut() -> None:
    system = turning(11)
    assert not violated(system, system.checks[0])
    assert answer(system, proof=False) is Answer.UNKNOWN


def test_without_a_cut_there_is_nothing_to_prove() -> None:
    system = turning(11)
    straight = replace(system, steps=tuple(s for s in system.steps if s.name != "back"))
    assert answer(straight, proof=False) is Answer.HOLDS


def compare(seeds: range, states_max: int) -> tuple[list[str], Counter[str]]:
    """Answers with and without `proof` and what the search says, where machines go round."""
    wrong, tally = [], Counter[str]()
    for seed in seeds:
        system = small(seed, cycles=True)
        for check in system.checks:
            try:
                expected = violated(system, check, states_max)
            except TooLarge:
                continue
            one, other = (
                events.check(system, check, Budget(10), best=False, core=False, proof=proof) for proof in (True, False)
            )
            tally[f"{one.answer.value}, {other.answer.value}"] += 1
            allowed = {Answer.VIOLATED if expected else Answer.HOLDS, Answer.UNKNOWN}
            if not {one.answer, other.answer} <= allowed:
                wrong.append(f"{seed}/{check.name}: {one.answer}, {other.answer}, violated {expected}")
            if other.run is not None and isinstance(replay(system, check, other.run), Refusal):
                wrong.append(f"{seed}/{check.name}: refused")
            if other.answer is Answer.VIOLATED and one.answer is not Answer.VIOLATED:
                wrong.append(f"{seed}/{check.name}: found only where no proof was wanted")
            if other.answer is Answer.HOLDS and one.answer is not Answer.HOLDS:
                wrong.append(f"{seed}/{check.name}: held only where no proof was wanted")
    return wrong, tally


def test_agrees_where_machines_go_round() -> None:
    wrong, tally = compare(range(60), 2000)
    assert wrong == []
    assert tally["violated, violated"] > 20, tally
    assert tally["holds, unknown"] > 2, tally


@pytest.mark.slow
@pytest.mark.parametrize("first", [30_000, 30_300])
def test_agrees_where_machines_go_round_at_length(first: int) -> None:
    assert compare(range(first, first + 300), 6000)[0] == []
