"""Machines that go round, known by their last changes only: whatever is violated is violated so."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest
from oracle import TooLarge, violated
from systems import small

from verifier.system import suffix
from verifier.system.ir import TRUE, Check, Const, In, Machine, Seen, Step, System, conj, neg
from verifier.system.suffix import going_round, last_changes


def asked(system: System, seed: int) -> Iterator[Check]:
    """The `never` checks of a system, and what machines that go round are seen in."""
    yield from (check for check in system.checks if check.kind == "never")
    draw = random.Random(seed)
    for name in going_round(system):
        state = In(name, frozenset({draw.choice(system.machine[name].states)}))
        other = draw.choice(system.machines)
        beside = In(other.name, frozenset({draw.choice(other.states)}))
        for view in system.views:
            if name in view.sources:
                yield Check("seen", "never", conj([Seen(view.name, state), neg(state), beside]))
        yield Check("state", "never", conj([state, beside]))


def lost(seeds: Iterable[int], changes: int, states_max: int = 2500) -> tuple[list[str], Counter[str]]:
    """What is violated, and not among runs of the last changes."""
    wrong, tally = [], Counter[str]()
    for seed in seeds:
        system = small(seed, cycles=True)
        for check in asked(system, seed):
            try:
                whole = violated(system, check, states_max)
                last = last_changes(system, check, going_round(system), changes)
                few = last.checks[0].when == TRUE or violated(last, last.checks[0], 20 * states_max)
            except TooLarge:
                continue
            tally[f"{'violated' if whole else 'holds'}, {'violated' if few else 'holds'}"] += 1
            if whole and not few:
                wrong.append(f"{seed}: {check.name}")
    return wrong, tally


# Where a step that leads back to its source would have been taken for a change, which stops all clocks.
LOOPS = (1052, 1398, 1779, 1894, 2548, 2669, 2777, 2833)


@pytest.mark.parametrize("changes", [0, 1, 2])
def test_what_is_violated_is_violated_by_the_last_changes(changes: int) -> None:
    wrong, tally = lost((*range(80), *LOOPS), changes)
    assert wrong == []
    assert tally["violated, violated"] > 90, tally
    assert tally["holds, holds"] > 25, tally


@pytest.mark.slow
@pytest.mark.parametrize("changes", [0, 1, 2])
def test_what_is_violated_is_violated_by_the_last_changes_at_length(changes: int) -> None:
    assert lost(range(10_000, 12_000), changes)[0] == []


TAKEN = suffix._taken


def never_anywhere(step: Step, machine: Machine, changes: int) -> list[Step]:
    return [made for made in TAKEN(step, machine, changes) if made.target != suffix.ANYWHERE]


def only_anywhere(step: Step, machine: Machine, changes: int) -> list[Step]:
    made = TAKEN(step, machine, changes)
    return [one for one in made if one.source != machine.initial or one.target == suffix.ANYWHERE]


def forced_from_anywhere(step: Step, machine: Machine, changes: int) -> list[Step]:
    return [replace(made, hi=step.hi) for made in TAKEN(step, machine, changes)]


# (what is patched, what takes its place, draws that show it)
NEEDED = {
    "that it may be anywhere": ("_taken", never_anywhere, (252, 253)),
    "that it need not be": ("_taken", only_anywhere, (8, 14)),
    "that nothing is due from anywhere": ("_taken", forced_from_anywhere, (252, 861)),
    "that readings of it are dropped there": ("DROPPED", Const(False), (505, 861)),
    "that it may stay where it begins": ("_ends", lambda machine, _: machine.states[1:], (2, 7)),
}


@pytest.mark.parametrize("what", NEEDED)
def test_each_fact_is_needed(what: str) -> None:
    name, instead, seeds = NEEDED[what]
    with patch.object(suffix, name, instead):
        assert lost(seeds, 1)[0]
