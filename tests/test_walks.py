"""Random runs of the whole system, by the interpreter alone, never violate a check that was called SAFE.

That the walks would notice is shown by the checks that are UNSAFE: they find most of those by themselves.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from random_scenarios import balanced, scenario

from verifier.analysis.verdict import Verdict
from verifier.analysis.verify import compile_program, verify_program
from verifier.interpreter import Interpreter
from verifier.language.load import load
from verifier.system.ir import System
from verifier.system.run import Budget

SCENARIOS = 24
WALKS = 40
TICKS_MAX = 400


@pytest.mark.slow
@pytest.mark.parametrize("draw", [scenario, balanced])
def test_what_is_safe_survives_random_runs(draw: Callable[[int], str], tmp_path: Path) -> None:
    walked: Counter[tuple[Verdict, bool]] = Counter()
    for seed in range(SCENARIOS):
        path = tmp_path / f"{seed}.rollout"
        path.write_text(draw(seed), "utf-8")
        loaded = load((path,))
        for _, program in loaded.programs:
            for check in verify_program(program, (), Budget(10)).checks:
                if check.verdict not in (Verdict.SAFE, Verdict.UNSAFE):
                    continue
                system = compile_program(program, check.name.split()[0])
                violated = any(walk(system, random.Random(f"{seed} {turn}")) for turn in range(WALKS))
                assert not (violated and check.verdict is Verdict.SAFE), f"scenario {seed}: {check.name}"
                walked[check.verdict, violated] += 1
    assert walked[Verdict.SAFE, False] >= SCENARIOS // 2
    met, missed = (walked[Verdict.UNSAFE, found] for found in (True, False))
    assert 2 * met > missed if draw is scenario else met >= 2  # walks meet what is there to meet


def walk(system: System, chance: random.Random) -> bool:
    """One random run: each delay is the shortest, the longest, or one between. Whether it violates a check."""
    return _Walk(system, chance).violates()


class _Walk:
    def __init__(self, system: System, chance: random.Random) -> None:
        self.meaning = Interpreter(system)
        self.checks = system.checks
        self.chance = chance
        self.bounds: dict[str, tuple[int, int | None]] = {step.name: (step.lo, step.hi) for step in system.steps}
        self.bounds |= {view.name: (0, view.stale) for view in system.views}
        self.place = {name: i for i, name in enumerate(self.bounds)}
        self.habits: dict[str, str] = {}
        self.plan: dict[str, int] = {}

    def violates(self) -> bool:
        meaning, state, now = self.meaning, self.meaning.initial(), 0
        while now < TICKS_MAX:
            if any(meaning.holds(check.when, state) for check in self.checks):
                return True
            behind = meaning.behind(state)
            names = [*meaning.may_fire(state), *behind]
            self.chance.shuffle(names)
            chosen = next((name for name in names if self._now(name, state.clocks[self.place[name]] or 0)), None)
            if chosen is not None:
                state = meaning.refresh(state, chosen) if chosen in behind else meaning.fire(state, chosen)
                del self.plan[chosen]
            elif meaning.stuck(state):
                return False
            else:
                assert meaning.can_tick(state)
                state, now = meaning.tick(state), now + 1
                possible = {*meaning.enabled(state), *meaning.behind(state)}
                self.plan = {name: at for name, at in self.plan.items() if name in possible}
        return False

    def _now(self, name: str, clock: int) -> bool:
        """Whether `name` happens now that it has been possible for `clock`; it must at its upper bound."""
        low, high = self.bounds[name]
        if name not in self.plan:
            last = high if high is not None else low + self.chance.choice([0, 3, 10, 60])
            self.plan[name] = {"low": low, "high": last, "any": self.chance.randint(low, last)}[self._habit(name)]
        return clock >= self.plan[name]

    def _habit(self, name: str) -> str:
        """Components of a kind are often all fast or all slow."""
        own = self.chance.choice(["low", "high", "any"])
        return own if self.chance.random() < 0.5 else self.habits.setdefault(name.split("[")[0], own)
