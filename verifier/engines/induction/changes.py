"""What may happen in one step: a machine of one member moves, or a view refreshes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from verifier.engines.induction.forms import states_of
from verifier.engines.induction.readings import SEPARATOR, Leaf
from verifier.engines.induction.trees import Trees
from verifier.language.program import Condition, MachineTemplate, StatePattern, StepTemplate, Variable
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import instance_name
from verifier.system.values import Env, Member, Values


@dataclass(frozen=True)
class Firing:
    machine: str
    source: str
    target: str
    condition: Condition | None  # None: one that is about somebody who is not spelt out
    env: Env

    def guard(self, trees: Trees) -> ir.Expr:
        """What holds when the step fires; parts that the induction does not treat are left out: more steps fire."""
        more = ir.TRUE if self.condition is None else trees.weakened(self.condition, self.env)
        return ir.conj([ir.In(self.machine, frozenset({self.source})), more])

    def may_touch(self, readings: set[str]) -> bool:
        return self.machine in readings

    def leaf(self, trees: Trees) -> Leaf:
        return lambda at: ir.Const(self.target in at.states) if at.machine == self.machine else at


@dataclass(frozen=True)
class Refresh:
    view: str

    def guard(self, trees: Trees) -> ir.Expr:
        return ir.TRUE

    def may_touch(self, readings: set[str]) -> bool:
        return any(reading.startswith(self.view + SEPARATOR) for reading in readings)

    def leaf(self, trees: Trees) -> Leaf:
        prefix = self.view + SEPARATOR
        return lambda at: ir.In(at.machine.removeprefix(prefix), at.states)


Change = Firing | Refresh


def firings(
    values: Values, machine: MachineTemplate, step: StepTemplate, env: Env, members: list[Member]
) -> Iterator[Firing]:
    """The instances of a step, one for each value of the numbers that its source pattern binds. A member that a state
    names may be one of `members` or any other: then nothing is asked of the guard.
    """
    name = instance_name(machine.name, [m for m in env.values() if isinstance(m, Member)])
    sources = step.sources or tuple(StatePattern(f.name) for f in machine.states)
    for pattern in sources:
        family = next(f for f in machine.states if f.name == pattern.name)
        ranges: dict[str, range] = {}
        for arg, declared in zip(pattern.args, family.args, strict=False):
            if isinstance(arg, Variable) and arg.name in step.bound and len(declared) == 3:
                ranges[arg.name] = range(declared[1], declared[2] + 1)
        for chosen in product(*ranges.values()):
            inner: Env = {**env, **dict(zip(ranges, chosen, strict=True))}
            open_ = any(isinstance(arg, str) and arg not in inner for arg in (*pattern.args, *step.target.args))
            for source in states_of(values, machine, pattern, inner, members):
                for target in states_of(values, machine, step.target, inner, members):
                    yield Firing(name, source, target, None if open_ else step.guard, inner)
