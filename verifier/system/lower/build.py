"""What may be made of templates for members of one's choice."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

from verifier.language.program import (
    CheckTemplate,
    Condition,
    CountCompare,
    Lull,
    Parameter,
    Quantified,
    Summary,
)
from verifier.system import ir
from verifier.system.lower.conditions import Conditions, Settled, nothing_settled
from verifier.system.lower.instances import instance_name
from verifier.system.lower.machines import Lowered, Lowering
from verifier.system.lower.places import staying_at
from verifier.system.lower.relaxed import Implied, Relaxed, Summarised, nothing_implied, nothing_summarised
from verifier.system.relax import DROPPED
from verifier.system.values import Env, Member, NotGiven, Values


def lower(
    values: Values,
    part: CheckTemplate,
    env: Env,
    *,
    relaxed: bool,
    settled: Settled = nothing_settled,
    summarised: Summarised = nothing_summarised,
    implied: Implied = nothing_implied,
    near: bool = False,
    lulls: tuple[Lull, ...] = (),
    whole: bool = False,
) -> Lowered:
    """The system that decides `part` for the members in `env`. `settled` replaces what lemmas have decided; relaxed,
    `summarised` puts one machine in place of all members that a summary speaks about, `implied` keeps something of
    what is dropped, and `near` adds those that begin at the members in `env` and stay there: of what all others are
    elsewhere for, nothing is dropped, and of the others no more than what summaries tell. `lulls` hold of who joins
    those. `whole`, not relaxed: every machine there is, since a state is stuck only if nobody at all can move.
    """
    if not relaxed:
        return Lowering(values, settled).run(part, env, whole=whole)
    own = _members(env)
    if near:
        own |= staying_at(values, own)
    return Relaxed(values, settled, own, summarised, implied, near=near, lulls=lulls).run(part, env)


def lower_with(
    values: Values, part: CheckTemplate, env: Env, conditions: tuple[Condition, ...], settled: Settled
) -> tuple[Lowered, tuple[ir.Expr, ...]]:
    """The relaxed system of `part`, not sliced, and `conditions` over it, which may read what the part reads."""
    lowering = Relaxed(values, settled, _members(env))
    exprs = tuple(lowering.condition(condition, env) for condition in conditions)
    return lowering.run(part, env), exprs


def first_members(values: Values, summary: Summary, members: tuple[Member, ...]) -> frozenset[str]:
    """The machines of those members that a summary speaks about at the start."""
    conditions = Conditions(values)
    outer = dict(zip((p.name for p in summary.parameters), members, strict=True))
    found: set[str] = set()
    for member in values.members(summary.type):
        expr = ir.disj(conditions.condition(when, {**outer, summary.var: member}) for _, when, _ in summary.aspects)
        if conditions.at_start(expr):
            found.update(ir.mentions(expr))
    return frozenset(found)


def initially(values: Values, condition: Condition, env: Env, settled: Settled) -> bool:
    """The value of `condition` in the initial state."""
    conditions = Conditions(values, settled)
    return conditions.at_start(conditions.condition(condition, env))


def skeleton(values: Values) -> ir.System:
    """Every machine, for one choice of members of each class, with conditions about many members left open."""
    lowering = _Skeleton(values)
    for template in values.program.machines.values():
        for chosen in product(*([m for m in _kinds(values, p) if p.cls in (None, m.cls)] for p in template.parameters)):
            name = instance_name(template.name, chosen)
            if name not in lowering.machines:
                lowering.declare(template, chosen, name)
    while lowering.todo:
        with suppress(NotGiven):  # a machine that no check asked for depends on
            lowering.machine(*lowering.todo.pop())
    steps = tuple(step for steps in lowering.steps.values() for step in steps)
    return ir.System(1, tuple(lowering.machines.values()), (), steps)


class _Skeleton(Lowering):
    def over_many(self, condition: Quantified | CountCompare, env: Env) -> ir.Expr:
        return DROPPED


def _kinds(values: Values, parameter: Parameter) -> list[Member]:
    return [Member(parameter.type, cls, 0) for cls in values.classes(parameter.type)]


def _members(env: Env) -> set[Member]:
    return {m for m in env.values() if isinstance(m, Member)}
