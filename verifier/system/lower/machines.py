"""The system of what a check reads: machines with their steps, and views with what is read through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import reduce
from itertools import product
from math import gcd

from verifier.language.program import (
    CheckTemplate,
    MachineTemplate,
    StatePattern,
    StepTemplate,
    Variable,
    Window,
)
from verifier.language.reads import reachable_settings
from verifier.language.text import duration_text
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower.conditions import Conditions, Settled, nothing_settled
from verifier.system.lower.instances import bound, filled, instance_name, observer, origin, rests_on
from verifier.system.relax import DROPPED
from verifier.system.slice import slice_for
from verifier.system.values import Env, Member, Reads, Values


@dataclass(frozen=True)
class Lowered:
    """A system with one check, and what its names were before.

    `members_of`: the index of each machine and view that comes from a template. `for_any_size`: it is free of sizes and
    of members other than the check's own, which makes it the same for every topology. `placed`: it depends on where
    members begin, which tells members of one class apart.
    """

    system: ir.System
    check: ir.Check
    members_of: dict[str, tuple[Member, ...]]
    for_any_size: bool
    placed: bool


@dataclass(frozen=True)
class _Plan:
    """One step of a template between two states, for members of certain classes. `numbers`: bound by the source."""

    step: StepTemplate
    source: str
    target: str
    numbers: dict[str, Member | int]
    window: Window
    origin: str
    rests_on: tuple[str, ...]
    sized: bool


class Lowering(Conditions):
    """The system as it is."""

    def __init__(self, values: Values, settled: Settled = nothing_settled) -> None:
        super().__init__(values, settled)
        self.steps: dict[str, list[ir.Step]] = {}
        self._plans: dict[tuple[object, ...], list[_Plan]] = {}

    def run(self, part: CheckTemplate, env: Env, *, whole: bool = False) -> Lowered:
        """The system that decides `part`; `whole`: with every machine there is."""
        when = self.goal(part, env)
        name = instance_name(part.name, (m for m in env.values() if isinstance(m, Member)))
        extra_machines: list[ir.Machine] = []
        extra_steps: list[ir.Step] = []
        if part.lasts is not None:
            reads = Reads()
            lasts = self.values.window(part.lasts, env, reads).hi_ms or 0
            watch, step = observer(f"{name} lasts", when, lasts, None, origin(part.span), rests_on(reads))
            step = replace(step, label=f"this has lasted for {duration_text(lasts)}")
            extra_machines, extra_steps = [watch], [step]
            when = ir.conj([ir.In(watch.name, frozenset({"yes"})), when])  # and still does
        if part.deadline is not None:
            reads = Reads()
            deadline = self.values.window(part.deadline, env, reads).hi_ms or 0
            done, reach = observer(f"{name} reached", when, 0, 0, origin(part.span), ())
            late, wait = observer(f"{name} late", ir.TRUE, deadline, deadline, origin(part.span), rests_on(reads))
            wait = replace(wait, label=f"{duration_text(deadline)} are over")
            extra_machines, extra_steps = [done, late], [replace(reach, label="it is reached"), wait]
            when = ir.conj([ir.In(late.name, frozenset({"yes"})), ir.In(done.name, frozenset({"no"}))])
        kind = "never" if part.deadline is not None else part.kind
        covers = tuple(self.condition(cover, env) for cover in part.covers)
        if whole:
            self._everything()
        while self.todo:
            self.machine(*self.todo.pop())
        check = ir.Check(name, kind, when, covers, origin(part.span))
        machines = tuple(sorted(self.machines.values(), key=lambda m: m.name)) + tuple(extra_machines)
        steps = [step for machine in machines for step in self.steps.get(machine.name, [])] + extra_steps
        views = self._views([when, *covers, *(step.guard for step in steps)])
        system = in_ticks(ir.System(1, machines, views, tuple(steps), (check,)))
        if not whole:
            system = slice_for(system, check)
        kept = (*system.machine, *system.view)
        members_of = {name: self.members_of[name] for name in kept if name in self.members_of}
        return Lowered(system, check, members_of, False, self.placed)

    def goal(self, part: CheckTemplate, env: Env) -> ir.Expr:
        """What the check asks about."""
        return self.condition(part.when, env)

    def _everything(self) -> None:
        """Every machine of every member: a state is stuck only if nobody at all can move.

        Without those that need a setting that nobody gives: the check depends on none of them.
        """
        given = {path for path, _ in self.program.values}
        there = {None, *(block for block, _ in self.program.given_blocks)}
        missing = {
            path
            for path, setting in self.program.settings.items()
            if setting.default is None and setting.block in there and path not in given
        }
        templates = self.program.machines.values()
        some_need_it = bool(missing & reachable_settings(self.program, templates))
        for template in templates:
            if some_need_it and missing & reachable_settings(self.program, [template]):
                continue
            pools = [self.values.members(p.type, p.cls) for p in template.parameters]
            for members in product(*pools):
                name = instance_name(template.name, members)
                if name not in self.machines:
                    self.declare(template, members, name)

    # -- steps ---------------------------------------------------------------------------------------------------------

    def machine(self, template: MachineTemplate, members: tuple[Member, ...]) -> None:
        """Makes the steps of a machine that was declared."""
        name = instance_name(template.name, members)
        env = bound(template, members)
        steps: dict[str, ir.Step] = {}
        for plan in self._plans_for(template, members):
            self.sized |= plan.sized
            for made in self.standing_for(self._step(name, plan, {**env, **plan.numbers})):
                unique = made.name
                while unique in steps:
                    unique += "'"
                steps[unique] = replace(made, name=unique) if unique != made.name else made
        self.steps[name] = list(steps.values())

    def standing_for(self, step: ir.Step) -> Iterable[ir.Step]:
        """The steps that stand for one in the system."""
        return (step,)

    def _plans_for(self, template: MachineTemplate, members: tuple[Member, ...]) -> list[_Plan]:
        """What the steps of such members have in common: members of a class differ in nothing but their names, which
        only states named by an index can show."""
        named = any(len(arg) == 2 for family in template.states for arg in family.args)
        key = (template.name, *(members if named else ((m.type, m.cls, members.index(m)) for m in members)))
        if key not in self._plans:
            self._plans[key] = list(self._planned(template, members))
        return self._plans[key]

    def _planned(self, template: MachineTemplate, members: tuple[Member, ...]) -> Iterator[_Plan]:
        env = bound(template, members)
        states = self.machines[instance_name(template.name, members)].states
        for step in template.steps:
            for source, target, inner in self._arrows(template, step, env, states):
                if self.condition(step.guard, inner) == ir.FALSE:
                    continue
                reads = Reads()
                window = Window(0, None) if step.delay is None else self.values.window(step.delay, inner, reads)
                numbers = {name: value for name, value in inner.items() if name not in env}
                yield _Plan(step, source, target, numbers, window, origin(step.span), rests_on(reads), reads.size)

    def _arrows(
        self, template: MachineTemplate, step: StepTemplate, env: Env, states: tuple[str, ...]
    ) -> Iterator[tuple[str, str, Env]]:
        """Every source and target that a step template stands for, with the names that its source pattern binds."""
        if not step.sources:
            for target in self.states(template, step.target, env):
                yield from ((source, target, env) for source in states if source != target)
        for pattern in step.sources:
            for inner in self._chosen(template, step, pattern, env):
                for source in self.states(template, pattern, inner):
                    for chosen in self._chosen(template, step, step.target, inner):
                        for target in self.states(template, step.target, chosen):
                            yield source, target, chosen

    def _chosen(
        self, template: MachineTemplate, step: StepTemplate, pattern: StatePattern, env: Env
    ) -> Iterator[dict[str, Member | int]]:
        """`env` with a value for each name that `pattern` binds: every number of a range, every member."""
        family = next(f for f in template.states if f.name == pattern.name)
        free: dict[str, list[int | Member]] = {}
        for arg, due in zip(pattern.args, family.args, strict=False):
            if isinstance(arg, Variable) and arg.name in step.bound and arg.name not in env:
                free[arg.name] = self.range_of(due)
            elif isinstance(arg, str) and arg not in env:
                free[arg] = self.range_of(due)
        for values in product(*free.values()):
            yield {**env, **dict(zip(free, values, strict=True))}

    def _step(self, machine: str, plan: _Plan, env: Env) -> ir.Step:
        return ir.Step(
            f"{machine}: {plan.source} -> {plan.target}",
            machine,
            plan.source,
            plan.target,
            self.condition(plan.step.guard, env),
            plan.window.lo_ms,
            plan.window.hi_ms,
            plan.origin,
            plan.rests_on,
            filled(plan.step.label, env),
        )

    # -- views ---------------------------------------------------------------------------------------------------------

    def _views(self, exprs: list[ir.Expr]) -> tuple[ir.View, ...]:
        """The views that `exprs` read, each with the sources that are read through it."""
        sources: dict[str, dict[str, None]] = {}
        _collect_sources(exprs, sources)
        found = []
        for name in sorted(sources):
            template = self.program.views[name.split("[")[0]]
            reads = Reads()
            env = dict(zip((p.name for p in template.parameters), self.members_of[name], strict=True))
            stale = None if template.stale is None else self.values.window(template.stale, env, reads).hi_ms
            self.sized |= reads.size
            read = tuple(sorted(sources[name]))
            label = filled(template.label, env)
            found.append(ir.View(name, read, stale, origin(template.span), rests_on(reads), label))
        return tuple(found)


def in_ticks(system: ir.System) -> ir.System:
    """The same system with its milliseconds counted in ticks of their greatest common divisor."""
    bounds = [b for step in system.steps for b in (step.lo, step.hi) if b]
    bounds += [view.stale for view in system.views if view.stale]
    tick = reduce(gcd, bounds, 0) or 1

    def ticks(value: int | None) -> int | None:
        return None if value is None else value // tick

    def counted(s: ir.Step) -> ir.Step:
        return ir.Step(
            s.name, s.machine, s.source, s.target, s.guard, s.lo // tick, ticks(s.hi), s.origin, s.rests_on, s.label
        )

    return replace(
        system,
        tick_ms=system.tick_ms * tick,
        steps=system.steps if tick == 1 else tuple(map(counted, system.steps)),
        views=tuple(replace(view, stale=ticks(view.stale)) for view in system.views),
    )


def _collect_sources(exprs: Iterable[ir.Expr], sources: dict[str, dict[str, None]]) -> None:
    todo = list(exprs)
    visited: set[int] = set()
    memo: dict[int, frozenset[str]] = {}
    while todo:
        expr = todo.pop()
        if id(expr) in visited:
            continue
        visited.add(id(expr))
        if isinstance(expr, ir.Seen):
            known = sources.setdefault(expr.view, {})
            known.update(dict.fromkeys(name for name in sorted(ir.reads(expr.body, memo)) if name != DROPPED.machine))
        todo.extend(ir.children(expr))
