"""A question of a check, the lemmas its answer leans on, and the budget it has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import field, replace
from itertools import chain
from typing import Any

from verifier.analysis.stages import Stage
from verifier.analysis.verdict import PartResult, Verdict, Witness
from verifier.engines.induction import Induction, Reading
from verifier.engines.walks import Search
from verifier.interpreter import Refusal
from verifier.language.program import CheckTemplate, Condition
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import Lowered
from verifier.system.run import Budget, Outcome, Run
from verifier.system.scope import Scope
from verifier.system.values import Env, Member


class WitnessRefused(Exception):
    """The interpreter refused an engine's witness: our fault. `system` and `run` reproduce it."""

    def __init__(self, system: ir.System, run: Run, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.system = system
        self.run = run
        self.refusal = refusal


class EngineContradicted(Exception):
    """An engine called a system safe for which another answer of its own was a replayed violation: our fault."""

    def __init__(self, system: ir.System, run: Run) -> None:
        super().__init__("the engine found a violation, and then none")
        self.system = system
        self.run = run


class Deadline:
    """The budget that is left."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.end = time.monotonic() + budget.seconds

    def left(self) -> Budget:
        return replace(self.budget, seconds=max(self.end - time.monotonic(), 0.0))

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.end


@dataclass
class Question:
    """One part of a check for one choice of members, and its answer once there is one.

    `placed`: the relaxed slice depends on where members begin; `begins`: the one that decided it does. `close`: the
    machines and views of the relaxed slice, which is what the part is about; `longest_ms`: how long the longest
    violation found there lasts (0: for ever). `exact`: the whole slice; of its system, `whole`: pruned, `shorter`:
    simplified; `walk`: the walks through it; `held`: what everybody together was found to do, if no
    violation; `missed`: few members violate it in a run that the others do not let happen.
    """

    part: CheckTemplate
    env: Env
    lemmas: Lemmas
    choice: dict[str, Member] = field(default_factory=dict)
    placed: bool = False
    begins: bool = False
    close: frozenset[str] = frozenset()
    longest_ms: int = 0
    relaxed: Lowered | None = None
    exact: Lowered | None = None
    whole: ir.System | None = None
    shorter: ir.System | None = None
    walk: Search | None = None
    held: Outcome | None = None
    missed: bool = False
    stages: Iterator[Stage] = field(default_factory=lambda: iter(()))
    witness: Witness | None = None
    result: PartResult | None = None

    @property
    def own(self) -> list[Member]:
        return [m for m in self.env.values() if isinstance(m, Member)]

    def lasts_ms(self) -> int:
        """How long the violation that was found lasts."""
        found = self.result.witness if self.result is not None else None
        return 0 if found is None else lasts(found) * found.system.tick_ms

    def last_stage(self) -> bool:
        """Is the stage to come the one in which everybody may move?"""
        stage = next(self.stages, None)
        if stage is None or self.exact is None:
            return False
        self.stages = chain([stage], self.stages)
        return stage.frees(self.exact)

    def answer(self, verdict: Verdict, scope: Scope, **more: Any) -> PartResult:
        names = {key: value.name if isinstance(value, Member) else value for key, value in self.env.items()}
        return PartResult(self.part.name, self.part.text.format_map(names), verdict, scope, **more)


class Lemmas:
    """Which lemmas were used, and for which sizes they hold."""

    def __init__(self, induction: Induction) -> None:
        self.induction = induction
        self.found: dict[str, Scope] = {}

    def settled(self, condition: Condition, env: Env) -> bool | None:
        known = self.induction.settled(condition, env)
        if known is None:
            return None
        for name in known.lemmas:
            self.found[name] = known.scope
        if not known.lemmas:
            self.found[""] = known.scope
        return known.value

    def implies(self, members: tuple[Member, ...], one: Reading, other: Reading) -> bool:
        """Whether, for such `members`, one machine in some states says that the other one is in some states."""
        known = self.induction.implied(members, one, other)
        if known is not None:
            for name in known.lemmas:
                self.found[name] = known.scope
        return known is not None

    def used(self) -> tuple[str, ...]:
        return tuple(name for name in self.found if name)

    def scopes(self) -> Iterator[Scope]:
        yield from self.found.values()


def lasts(witness: Witness) -> int:
    """How long the violation lasts, in ticks."""
    return witness.replayed.end - witness.replayed.since
