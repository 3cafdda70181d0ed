"""From templates to a system: one part of a check for given members, and of the rest only what it can depend on.

Lowering starts at the condition of the check and follows what it reads, so a machine that cannot matter is never built.
Views get the sources that somebody reads through them; leaving out the others is exact (a view may refresh at once
whenever only an unread part differs, docs/semantics.md section 5).

With `relaxed`, conditions about many members are dropped (verifier/system/relax.py). `Lowered.for_any_size` tells
whether what is left is free of sizes and of members other than the check's own, which makes it the same for every
topology.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial, reduce
from itertools import product
from math import gcd
from typing import Any

from verifier.language.program import (
    Boolean,
    Call,
    CheckTemplate,
    Condition,
    CountCompare,
    Counted,
    Duration,
    Each,
    IfStatic,
    InState,
    Lull,
    MachineTemplate,
    Parameter,
    Quantified,
    SeenBy,
    Span,
    StateFamily,
    StatePattern,
    StepTemplate,
    Summary,
    Variable,
    ViewTemplate,
    When,
    Window,
)
from verifier.language.reads import reachable_settings
from verifier.language.text import duration_text
from verifier.records import dataclass
from verifier.resources import shown
from verifier.system import ir
from verifier.system.alike import alike
from verifier.system.outline import entails, outline
from verifier.system.patience import look
from verifier.system.prune import at_start
from verifier.system.relax import DROPPED, mentions_dropped, weakened
from verifier.system.relax import relaxed as split
from verifier.system.slice import slice_for
from verifier.system.values import Env, Member, NotGiven, Reads, Values


@dataclass(frozen=True)
class Moves:
    """What a single member may do, as a summary sees it: `pairs` of aspects (0: none, 1, 2), and for how long at least
    (milliseconds) it stays in the second once it has come there from the first. `rests_on`: settings behind that.
    """

    pairs: frozenset[tuple[int, int]]
    dwell_ms: int
    rests_on: tuple[str, ...]


# Tells what the members of each class that a summary speaks about may do; None: not known.
Summarised = Callable[[Summary], Mapping[str, Moves] | None]

# Tells a condition over many members that holds (or fails) in every reachable state; None: not known.
Settled = Callable[[Condition, Env], bool | None]

# Tells, for a condition over many members, another one that holds wherever it does, with its own members; or None.
Implied = Callable[[Condition, Env], tuple[Condition, Env] | None]


@dataclass(frozen=True)
class Lowered:
    """A system with one check, and what its names were before.

    `members_of`: the index of each machine and view that comes from a template. `placed`: it depends on where members
    begin, which tells members of one class apart.
    """

    system: ir.System
    check: ir.Check
    members_of: dict[str, tuple[Member, ...]]
    for_any_size: bool
    placed: bool


def lower(
    values: Values,
    part: CheckTemplate,
    env: Env,
    *,
    relaxed: bool,
    settled: Settled = lambda condition, env: None,
    summarised: Summarised = lambda summary: None,
    implied: Implied = lambda condition, env: None,
    near: bool = False,
    lulls: tuple[Lull, ...] = (),
    whole: bool = False,
) -> Lowered:
    """The system that decides `part` for the members in `env`. `settled` replaces what lemmas have decided; relaxed,
    `summarised` puts one machine in place of all members that a summary speaks about, `implied` keeps something of
    what is dropped, and `near` adds those that begin at the members in `env` and stay there: of what all others are
    elsewhere for, nothing is dropped, and of the others no more than what summaries tell. `lulls` hold of who joins
    those. `whole`: every machine there is, since a state is stuck only if nobody at all can
    move.
    """
    own = {m for m in env.values() if isinstance(m, Member)}
    if near:
        own |= _staying_at(values, own)
    return _Lowering(values, relaxed, settled, own, summarised, near, implied, lulls).run(part, env, whole)


def lower_with(
    values: Values, part: CheckTemplate, env: Env, conditions: tuple[Condition, ...], settled: Settled
) -> tuple[Lowered, tuple[ir.Expr, ...]]:
    """The relaxed system of `part`, not sliced, and `conditions` over it, which may read what the part reads."""
    own = {m for m in env.values() if isinstance(m, Member)}
    lowering = _Lowering(values, True, settled, own, lambda summary: None)
    exprs = tuple(lowering._condition(condition, env) for condition in conditions)
    return lowering.run(part, env), exprs


def first_members(values: Values, summary: Summary, members: tuple[Member, ...]) -> frozenset[str]:
    """The machines of those members that a summary speaks about at the start."""
    lowering = _Lowering(values, False, lambda condition, env: None, set())
    outer = dict(zip((p.name for p in summary.parameters), members, strict=True))
    found: set[str] = set()
    for member in values.members(summary.type):
        expr = ir.disj(lowering._condition(when, {**outer, summary.var: member}) for _, when, _ in summary.aspects)
        if at_start(expr, {name: machine.initial for name, machine in lowering.machines.items()}):
            found.update(ir.mentions(expr))
    return frozenset(found)


def skeleton(values: Values) -> ir.System:
    """Every machine, for one choice of members of each class, with conditions about many members left open."""
    lowering = _Skeleton(values, False, lambda condition, env: None, set())
    for template in values.program.machines.values():
        for chosen in product(*([m for m in _kinds(values, p) if p.cls in (None, m.cls)] for p in template.parameters)):
            name = instance_name(template.name, chosen)
            if name not in lowering.machines:
                lowering._declare(template, chosen, name)
    while lowering.todo:
        with suppress(NotGiven):  # a machine that no check asked for depends on
            lowering._machine(*lowering.todo.pop())
    steps = tuple(step for steps in lowering.steps.values() for step in steps)
    return ir.System(1, tuple(lowering.machines.values()), (), steps)


def _kinds(values: Values, parameter: Parameter) -> list[Member]:
    return [Member(parameter.type, cls, 0) for cls in values.classes(parameter.type)]


def begins_as(values: Values, machine: MachineTemplate, members: tuple[Member, ...]) -> StatePattern:
    """The pattern of the initial state of a machine of these members."""
    return _Lowering(values, False, lambda condition, env: None, set())._pattern(machine, members)[0]


def initially(values: Values, condition: Condition, env: Env, settled: Settled) -> bool:
    """The value of `condition` in the initial state."""
    lowering = _Lowering(values, False, settled, set())
    expr = lowering._condition(condition, env)
    return at_start(expr, {name: machine.initial for name, machine in lowering.machines.items()})


def instance_name(family: str, members: Iterable[Member]) -> str:
    inside = ", ".join(member.name for member in members)
    return f"{family}[{inside}]" if inside else family


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


class _Lowering:
    def __init__(
        self,
        values: Values,
        relaxed: bool,
        settled: Settled,
        own: set[Member],
        summarised: Summarised = lambda summary: None,
        near: bool = False,
        implied: Implied = lambda condition, env: None,
        lulls: tuple[Lull, ...] = (),
    ) -> None:
        self.summarised = summarised
        self.lulls = lulls
        self.implied = implied
        self.exactly = _Lowering(values, False, lambda condition, env: None, own) if near else None
        self.values = values
        self.program = values.program
        self.relaxed = relaxed
        self.settled = settled
        self.own = own
        self.machines: dict[str, ir.Machine] = {}
        self.steps: dict[str, list[ir.Step]] = {}
        self.members_of: dict[str, tuple[Member, ...]] = {}
        self.todo: list[tuple[MachineTemplate, tuple[Member, ...]]] = []
        self.memo: dict[tuple[object, ...], ir.Expr] = {}
        self.plans: dict[tuple[object, ...], list[_Plan]] = {}
        self.every_state: dict[tuple[str, str], frozenset[str]] = {}
        self.sized = near
        self.placed = False

    def run(self, part: CheckTemplate, env: Env, whole: bool = False) -> Lowered:
        exact = self._condition(part.when, env)
        when = weakened(exact) if self.relaxed else exact
        name = instance_name(part.name, (m for m in env.values() if isinstance(m, Member)))
        extra_machines: list[ir.Machine] = []
        extra_steps: list[ir.Step] = []
        if part.lasts is not None:
            reads = Reads()
            lasts = self.values.window(part.lasts, env, reads).hi_ms or 0
            observer, step = _observer(f"{name} lasts", when, lasts, None, _origin(part.span), _rests_on(reads))
            step = replace(step, label=f"this has lasted for {duration_text(lasts)}")
            extra_machines, extra_steps = [observer], [step]
            when = ir.conj([ir.In(observer.name, frozenset({"yes"})), when])  # and still does
        if part.deadline is not None:
            reads = Reads()
            deadline = self.values.window(part.deadline, env, reads).hi_ms or 0
            done, reach = _observer(f"{name} reached", when, 0, 0, _origin(part.span), ())
            late, wait = _observer(f"{name} late", ir.TRUE, deadline, deadline, _origin(part.span), _rests_on(reads))
            wait = replace(wait, label=f"{duration_text(deadline)} are over")
            extra_machines, extra_steps = [done, late], [replace(reach, label="it is reached"), wait]
            when = ir.conj([ir.In(late.name, frozenset({"yes"})), ir.In(done.name, frozenset({"no"}))])
        kind = "never" if part.deadline is not None else part.kind
        covers: tuple[ir.Expr, ...] = ()
        if not self.relaxed:
            covers = tuple(self._condition(cover, env) for cover in part.covers)
        if whole:
            self._everything()
        while self.todo:
            self._machine(*self.todo.pop())
        check = ir.Check(name, kind, when, covers, _origin(part.span))
        machines = tuple(sorted(self.machines.values(), key=lambda m: m.name)) + tuple(extra_machines)
        steps = [step for machine in machines for step in self.steps.get(machine.name, [])] + extra_steps
        views = self._views([when, *covers, *(step.guard for step in steps)])
        system = in_ticks(ir.System(1, machines, views, tuple(steps), (check,)))
        if not whole:
            system = slice_for(system, check)
        kept = (*system.machine, *system.view)
        members_of = {name: self.members_of[name] for name in kept if name in self.members_of}
        any_size = self.relaxed and not self.sized and all(self.own.issuperset(m) for m in members_of.values())
        return Lowered(system, check, members_of, any_size, self.placed)

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
                    self._declare(template, members, name)

    # -- conditions ----------------------------------------------------------------------------------------------------

    def _condition(self, condition: Condition, env: Env) -> ir.Expr:
        """The condition over machines of this system; equal conditions under equal indices share one value."""
        names = self.values.free_names(condition)
        key = (id(condition), *(env[name] for name in names if name in env))
        if key not in self.memo:
            look()
            self.memo[key] = self._build(condition, env)
        return self.memo[key]

    def _build(self, condition: Condition, env: Env) -> ir.Expr:
        match condition:
            case When(value):
                return ir.Const(self._static(value, env))
            case InState(machine, index, patterns):
                return self._in_state(machine, index, patterns, env)
            case Boolean("not", (body,)):
                return ir.neg(self._condition(body, env))
            case Boolean("and", args):
                return self._until(args, env, ir.FALSE, ir.conj)
            case Boolean("or", args):
                return self._until(args, env, ir.TRUE, ir.disj)
            case Boolean("implies", (left, right)):
                premise = self._condition(left, env)
                return ir.TRUE if premise == ir.FALSE else ir.disj([ir.neg(premise), self._condition(right, env)])
            case IfStatic(test, then, other):
                return self._condition(then if self._static(test, env) else other, env)
            case Call(name, args):
                let = self.program.lets[name]
                inner = {p.name: env[a] for p, a in zip(let.parameters, args, strict=True)}
                assert not let.static
                together = self._together(name, inner) if self.relaxed else None
                if together is not None:
                    return together
                return self._condition(let.body, inner)  # type: ignore[arg-type]
            case SeenBy(view, index, body):
                return self._seen(self.program.views[view], tuple(_member(env, i) for i in index), body, env)
            case Quantified() | CountCompare():
                return self._over_many(condition, env)
        raise AssertionError(condition)

    def _until(
        self, args: tuple[Condition, ...], env: Env, stop: ir.Expr, join: Callable[[list[ir.Expr]], ir.Expr]
    ) -> ir.Expr:
        """Joins the parts; once one decides the whole, the rest is not even instantiated."""
        parts: list[ir.Expr] = []
        for arg in sorted(args, key=_over_many_first):
            part = self._condition(arg, env)
            if part == stop:
                return stop
            parts.append(part)
        return join(parts)

    def _static(self, value: object, env: Env) -> bool:
        reads = Reads()
        result = self.values.evaluate(value, env, reads)  # type: ignore[arg-type]
        self.sized |= reads.size
        assert isinstance(result, bool)
        return result

    def _in_state(self, family: str, index: tuple[str, ...], patterns: tuple[StatePattern, ...], env: Env) -> ir.Expr:
        template = self.program.machines[family]
        members = tuple(_member(env, i) for i in index)
        if any(p.cls not in (None, m.cls) for p, m in zip(template.parameters, members, strict=True)):
            return ir.FALSE
        if not all(member.spelt_out for member in members):
            return DROPPED
        sure: set[str] = set()
        vague: set[str] = set()  # being at one of the others, but at which one is not told
        for pattern in patterns:
            named = all(_member(env, arg).spelt_out for arg in pattern.args if isinstance(arg, str))
            (sure if named else vague).update(self._states(template, pattern, env))
        reading = self._reading(template, members, frozenset(sure))
        return ir.disj([reading, ir.conj([self._reading(template, members, frozenset(vague)), DROPPED])])

    def _reading(self, template: MachineTemplate, members: tuple[Member, ...], wanted: frozenset[str]) -> ir.Expr:
        if not wanted:
            return ir.FALSE
        name = instance_name(template.name, members)
        if name not in self.machines:
            pattern, first = self._pattern(template, members)
            if _stays(template, first):
                # Where it stays is looked at only if that makes a difference.
                everywhere = wanted.issuperset(self._every_state(template, first))
                return ir.Const(everywhere or self._first(template, members, pattern, first) in wanted)
            self._declare(template, members, name)
        return ir.TRUE if wanted == frozenset(self.machines[name].states) else ir.In(name, wanted)

    def _every_state(self, template: MachineTemplate, family: StateFamily) -> frozenset[str]:
        key = (template.name, family.name)
        if key not in self.every_state:
            self.every_state[key] = frozenset(self._all_states(family))
        return self.every_state[key]

    def _states(self, template: MachineTemplate, pattern: StatePattern, env: Env) -> list[str]:
        """The states that a pattern stands for; `k + 1` outside of the declared range stands for none."""
        family = next(f for f in template.states if f.name == pattern.name)
        ranges: list[list[int | Member]] = []
        for i, due in enumerate(family.args):
            arg = pattern.args[i] if i < len(pattern.args) else None
            if isinstance(arg, str):
                ranges.append([_member(env, arg)])
            elif arg is None:
                ranges.append(self._range(due))
            else:
                assert not isinstance(arg, Each)
                value = self.values.evaluate(arg, env, Reads())
                ranges.append([value] if value in self._range(due) else [])
        return [_state_name(family.name, chosen) for chosen in product(*ranges)]

    def _range(self, arg: tuple[str, int, int] | tuple[str, str]) -> list[int | Member]:
        """The values of a state's argument. Relaxed, all members but the check's own are one."""
        if len(arg) == 3:
            return list(range(arg[1], arg[2] + 1))
        if not self.relaxed:
            self.sized = True
            return list(self.values.members(arg[1]))
        return [*self._own(arg[1]), *(Member(arg[1], cls, -1) for cls in self.values.classes(arg[1]))]

    def _own(self, type_name: str, cls: str | None = None) -> list[Member]:
        return sorted(
            (m for m in self.own if m.type == type_name and cls in (None, m.cls)), key=lambda m: (m.cls, m.ordinal)
        )

    def _pattern(self, template: MachineTemplate, members: tuple[Member, ...]) -> tuple[StatePattern, StateFamily]:
        """How a machine begins, and the family of states that it begins in."""
        env = _bind(template, members)
        pattern = next(pattern for pattern, test in template.initially if test is None or self._begins(test, env))
        return pattern, next(f for f in template.states if f.name == pattern.name)

    def _first(
        self, template: MachineTemplate, members: tuple[Member, ...], pattern: StatePattern, family: StateFamily
    ) -> str:
        """The initial state of a machine."""
        chosen: dict[str, Member | int] = dict(_bind(template, members))
        args: list[Any] = []
        for i, arg in enumerate(pattern.args):
            if isinstance(arg, Each):
                self.placed = True
                place = self.values.place(arg, family.args[i][1], members[0])  # type: ignore[arg-type]
                known = not self.relaxed or place in self.own
                chosen[f"each {i}"] = place if known else replace(place, ordinal=-1)
                args.append(f"each {i}")
            else:
                args.append(arg)
        return self._states(template, replace(pattern, args=tuple(args)), chosen)[0]

    def _begins(self, test: Condition, env: Env) -> bool:
        """Whether an initial state is the one: known before the search, or from where the others begin."""
        if isinstance(test, When):
            return self._static(test.value, env)
        start = _Lowering(self.values, False, lambda condition, env: None, set())
        expr = start._condition(test, env)
        self.placed |= start.placed
        return at_start(expr, {name: machine.initial for name, machine in start.machines.items()})

    def _together(self, let: str, env: Env) -> ir.Expr | None:
        """A state of a summary: of the check's own members as it is, of all others read from the machine that stands
        for them; None if there is none.
        """
        name, _, state = let.partition(" is ")
        summary = self.program.summaries.get(name) if state else None
        members = tuple(m for m in env.values() if isinstance(m, Member))
        if summary is None or not all(member.spelt_out for member in members):
            return None
        moves = self.summarised(summary)
        if moves is None:
            return None
        aspects = [when for _, when, _ in summary.aspects]
        classes = (c for c in moves if not self._elsewhere(aspects, summary.var, summary.type, c, env))
        others = [self._stand_in(summary, cls, members, env, moves[cls]) for cls in classes]
        before: list[ir.Expr] = []
        for aspect, when, _ in summary.aspects:
            own = [self._condition(when, {**env, summary.var: m}) for m in self._own(summary.type)]
            some = ir.disj([*own, *(ir.In(machine, frozenset({aspect})) for machine in others)])
            if aspect == state:
                return ir.conj([*map(ir.neg, before), some])
            before.append(some)
        return ir.conj(map(ir.neg, before))

    def _stand_in(self, summary: Summary, cls: str, members: tuple[Member, ...], env: Env, moves: Moves) -> str:
        """The machine for all members of a class that are not the check's own, and its name.

        Beside own ones there may be others at the start or not, in some topology: then it begins as if there were none,
        and may take some for there at any time.
        """
        machine = f"{instance_name(summary.name, members)} {cls}"
        if machine in self.machines:
            return machine
        states = ("none", *(state for state, _, _ in summary.aspects))
        arrows = list(_together_moves(moves))
        initial = "none"
        if not self._own(summary.type, cls):
            somebody = (
                Quantified("some", summary.var, summary.type, cls, when, summary.span) for _, when, _ in summary.aspects
            )
            found = (s for s, some in zip(states[1:], somebody, strict=True) if self._begins(some, env))
            initial = next(found, "none")
        self.machines[machine] = ir.Machine(machine, states, initial)
        if self._own(summary.type, cls):
            self.machines[machine] = ir.Machine(machine, ("nobody yet", *states), "nobody yet")
        names = [(states[a], states[b], lo) for a, b, lo in arrows]
        if self._own(summary.type, cls):
            names += [("nobody yet", state, 0) for state in states[1:]]
        self.members_of[machine] = members
        busy = ir.conj(self._no_lull(summary, cls, members))
        self.steps[machine] = [
            ir.Step(
                f"{machine}: {a} -> {b}",
                machine,
                a,
                b,
                busy if b == states[1] and a != "nobody yet" else ir.TRUE,
                lo,
                None,
                _origin(summary.span),
                moves.rests_on if lo else (),
                f"{machine} is {b}",
            )
            for a, b, lo in names
        ]
        return machine

    def _no_lull(self, summary: Summary, cls: str, members: tuple[Member, ...]) -> Iterator[ir.Expr]:
        """That it is no time in which nobody of a class joins a summary of `members`, as far as the check's own members
        tell. The machine that measures this time disturbs nobody, so every run has one with it."""
        for lull in self.lulls:
            if lull.summary != summary.name or lull.joiner.cls not in (None, cls):
                continue
            joiner = {lull.joiner.name: Member(summary.type, cls, 0)}
            for chosen in product(*(self._own(p.type, p.cls) for p in lull.parameters)):
                env = dict(zip((p.name for p in lull.parameters), chosen, strict=True))
                since = self._condition(lull.since, env)
                if tuple(env[name] for name in lull.index) != members or mentions_dropped(since) or since == ir.FALSE:
                    continue
                reads = Reads()
                by = self.values.evaluate(lull.by, {**env, **joiner}, reads)
                assert isinstance(by, Duration)
                name = instance_name(f"{lull.name} {cls}", chosen)
                watch, step = _observer(name, since, by.ms, by.ms, _origin(lull.span), _rests_on(reads))
                self.machines[name], self.steps[name], self.members_of[name] = watch, [step], chosen
                yield ir.neg(ir.conj([ir.In(name, frozenset({"yes"})), since]))

    def _seen(self, template: ViewTemplate, members: tuple[Member, ...], body: Condition, env: Env) -> ir.Expr:
        if not all(member.spelt_out for member in members):
            return DROPPED
        inside = self._condition(body, env)
        name = instance_name(template.name, members)
        self.members_of[name] = members
        return ir.seen(name, inside)

    def _over_many(self, condition: Quantified | CountCompare, env: Env) -> ir.Expr:
        known = self.settled(condition, env)
        if known is not None:
            return ir.Const(known)
        found = self._one_by_one(condition, env)
        more = self.implied(condition, env) if mentions_dropped(found) else None
        return found if more is None else ir.conj([found, self._condition(*more)])

    def _one_by_one(self, condition: Quantified | CountCompare, env: Env) -> ir.Expr:
        if isinstance(condition, Quantified):
            everybody = self._own if self.relaxed else self.values.members
            parts = [
                self._condition(condition.body, {**env, condition.var: member})
                for member in everybody(condition.type, condition.cls)
            ]
            wanted = condition.body if condition.kind == "some" else Boolean("not", (condition.body,), condition.span)
            if self.relaxed:
                others = self._others(wanted, condition, env)
                parts.append(others if condition.kind == "some" else ir.neg(others))
            return ir.disj(parts) if condition.kind == "some" else ir.conj(parts)
        if self.relaxed:
            return DROPPED
        bound = self.values.evaluate(condition.bound, env, Reads())
        # count P - count Q >= b is "at least b + |Q| of: the P, and the negations of the Q".
        literals: list[ir.Expr] = []
        for term in condition.terms:
            found = list(self._counted(term, env))
            literals.extend(found if term.sign > 0 else map(ir.neg, found))
            bound += len(found) if term.sign < 0 else 0
        return ir.at_least(bound, literals)

    def _elsewhere(self, conditions: list[Condition], var: str, type_name: str, cls: str | None, env: Env) -> bool:
        """Nobody but the check's own members can ever satisfy one of `conditions`, because of where the others stay."""
        if self.exactly is None:
            return False
        exactly, others = self.exactly, self.exactly._others_like(type_name, cls)
        return all(exactly._condition(c, {**env, var: member}) == ir.FALSE for member in others for c in conditions)

    def _others(self, wanted: Condition, condition: Quantified, env: Env) -> ir.Expr:
        """That somebody else satisfies `wanted`: dropped, but for what a summary says of all of them together."""
        if self.exactly is None:
            return DROPPED
        told = []
        for other in self.exactly._others_like(condition.type, condition.cls):
            exact = self.exactly._condition(wanted, {**env, condition.var: other})
            told.append(outline(exact, partial(self._told, other)))
        return ir.conj([DROPPED, ir.disj(told)])

    def _others_like(self, type_name: str, cls: str | None) -> Iterator[Member]:
        """One of the others for each that differ in more than names."""
        seen: set[int] = set()
        for other in self.values.members(type_name, cls):
            if other not in self.own and self._alike[other] not in seen:
                seen.add(self._alike[other])
                yield other

    @cached_property
    def _alike(self) -> dict[Member, int]:
        """A number for each member, equal for those that differ in names only, the check's own staying as they are."""
        templates = self.program.machines.values()
        if any(_begins_somewhere(template) and len(template.parameters) != 1 for template in templates):
            return {m: number for number, m in enumerate(_everybody(self.values))}
        at = {m: [place for _, places in _begins_at(self, m) for place in places] for m in _everybody(self.values)}
        return alike(at, self.own)

    def _told(self, other: Member, expr: ir.Expr) -> ir.Expr:
        """What the machines that stand for many say, if `expr` is so of `other`."""
        assert self.exactly is not None
        found = []
        for summary in self.program.summaries.values():
            moves = self.summarised(summary) if summary.type == other.type else None
            if moves is None:
                continue
            for members in product(*(self._own(p.type, p.cls) for p in summary.parameters)):
                outer = dict(zip((p.name for p in summary.parameters), members, strict=True))
                aspects = [
                    self.exactly._condition(when, {**outer, summary.var: other}) for _, when, _ in summary.aspects
                ]
                told = next((i for i, aspect in enumerate(aspects) if entails(expr, aspect)), None)
                if told is not None:
                    machine = self._stand_in(summary, other.cls, members, outer, moves[other.cls])
                    found.append(ir.In(machine, frozenset(state for state, _, _ in summary.aspects[: told + 1])))
        return ir.conj(found)

    def _counted(self, term: Counted, env: Env) -> Iterator[ir.Expr]:
        for member in self.values.members(term.type, term.cls):
            yield self._condition(term.body, {**env, term.var: member})

    # -- machines and views --------------------------------------------------------------------------------------------

    def _declare(self, template: MachineTemplate, members: tuple[Member, ...], name: str) -> None:
        states = tuple(state for family in template.states for state in self._all_states(family))
        self.machines[name] = ir.Machine(
            name, states, self._first(template, members, *self._pattern(template, members))
        )
        self.members_of[name] = members
        self.todo.append((template, members))

    def _all_states(self, family: StateFamily) -> list[str]:
        return [_state_name(family.name, chosen) for chosen in product(*map(self._range, family.args))]

    def _machine(self, template: MachineTemplate, members: tuple[Member, ...]) -> None:
        name = instance_name(template.name, members)
        env = _bind(template, members)
        steps: dict[str, ir.Step] = {}
        for plan in self._plans(template, members):
            for made in self._step(name, plan, {**env, **plan.numbers}):
                unique = made.name
                while unique in steps:
                    unique += "'"
                steps[unique] = replace(made, name=unique) if unique != made.name else made
        self.steps[name] = list(steps.values())

    def _plans(self, template: MachineTemplate, members: tuple[Member, ...]) -> list[_Plan]:
        """What the steps of such members have in common: members of a class differ in nothing but their names, which
        only states named by an index can show."""
        named = any(len(arg) == 2 for family in template.states for arg in family.args)
        key = (template.name, *(members if named else ((m.type, m.cls, members.index(m)) for m in members)))
        if key not in self.plans:
            self.plans[key] = list(self._planned(template, members))
        return self.plans[key]

    def _planned(self, template: MachineTemplate, members: tuple[Member, ...]) -> Iterator[_Plan]:
        env = _bind(template, members)
        states = self.machines[instance_name(template.name, members)].states
        for step in template.steps:
            for source, target, inner in self._arrows(template, step, env, states):
                if self._condition(step.guard, inner) == ir.FALSE:
                    continue
                reads = Reads()
                window = Window(0, None) if step.delay is None else self.values.window(step.delay, inner, reads)
                numbers = {name: value for name, value in inner.items() if name not in env}
                origin = _origin(step.span)
                yield _Plan(step, source, target, numbers, window, origin, _rests_on(reads), reads.size)

    def _arrows(
        self, template: MachineTemplate, step: StepTemplate, env: Env, states: tuple[str, ...]
    ) -> Iterator[tuple[str, str, Env]]:
        """Every source and target that a step template stands for, with the names that its source pattern binds."""
        if not step.sources:
            for target in self._states(template, step.target, env):
                yield from ((source, target, env) for source in states if source != target)
        for pattern in step.sources:
            for inner in self._bound(template, step, pattern, env):
                for source in self._states(template, pattern, inner):
                    for bound in self._bound(template, step, step.target, inner):
                        for target in self._states(template, step.target, bound):
                            yield source, target, bound

    def _bound(
        self, template: MachineTemplate, step: StepTemplate, pattern: StatePattern, env: Env
    ) -> Iterator[dict[str, Member | int]]:
        """`env` with a value for each name that `pattern` binds: every number of a range, every member."""
        family = next(f for f in template.states if f.name == pattern.name)
        free: dict[str, list[int | Member]] = {}
        for arg, due in zip(pattern.args, family.args, strict=False):
            if isinstance(arg, Variable) and arg.name in step.bound and arg.name not in env:
                free[arg.name] = self._range(due)
            elif isinstance(arg, str) and arg not in env:
                free[arg] = self._range(due)
        for chosen in product(*free.values()):
            yield {**env, **dict(zip(free, chosen, strict=True))}

    def _step(self, machine: str, plan: _Plan, env: Env) -> Iterator[ir.Step]:
        """The step, or, relaxed, what stands for it."""
        made = ir.Step(
            f"{machine}: {plan.source} -> {plan.target}",
            machine,
            plan.source,
            plan.target,
            self._condition(plan.step.guard, env),
            plan.window.lo_ms,
            plan.window.hi_ms,
            plan.origin,
            plan.rests_on,
            _filled(plan.step.label, env),
        )
        self.sized |= plan.sized
        yield from split(made) if self.relaxed else [made]

    def _views(self, exprs: list[ir.Expr]) -> tuple[ir.View, ...]:
        """The views that `exprs` read, each with the sources that are read through it."""
        sources: dict[str, dict[str, None]] = {}
        _collect_sources(exprs, sources)
        found = []
        for name in sorted(sources):
            family = name.split("[")[0]
            template = self.program.views[family]
            reads = Reads()
            env = dict(zip((p.name for p in template.parameters), self.members_of[name], strict=True))
            stale = None if template.stale is None else self.values.window(template.stale, env, reads).hi_ms
            self.sized |= reads.size
            read = tuple(sorted(sources[name]))
            label = _filled(template.label, env)
            found.append(ir.View(name, read, stale, _origin(template.span), _rests_on(reads), label))
        return tuple(found)


class _Skeleton(_Lowering):
    def _over_many(self, condition: Quantified | CountCompare, env: Env) -> ir.Expr:
        return DROPPED


# -- helpers -----------------------------------------------------------------------------------------------------------


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


def _together_moves(moves: Moves) -> Iterator[tuple[int, int, int]]:
    """What members that may do `moves` each do together, with the least time: the summary is in the first aspect that
    some member is in.

    Together they come to the second aspect from the first, when the last member leaves that. If a member neither falls
    from the first to none nor comes from none to the second, that last member is now in the second, for its dwell.
    """
    pairs = moves.pairs
    if (0, 1) in pairs:
        yield 0, 1, 0
    if (0, 2) in pairs:
        yield 0, 2, 0
    if (1, 2) in pairs or ((1, 0) in pairs and (0, 2) in pairs):
        yield 1, 2, 0
    if (1, 0) in pairs:
        yield 1, 0, 0
    if (0, 1) in pairs or (2, 1) in pairs:
        yield 2, 1, 0
    if (2, 0) in pairs:
        yield 2, 0, 0 if {(1, 0), (0, 2)} & pairs else moves.dwell_ms


def _staying_at(values: Values, own: set[Member]) -> set[Member]:
    """Those with a machine that begins at a member of `own` and stays there."""
    lowering = _Lowering(values, False, lambda condition, env: None, set())
    everybody = _everybody(values)
    return {m for m in everybody if any(stays and own.intersection(at) for stays, at in _begins_at(lowering, m))}


def _begins_somewhere(template: MachineTemplate) -> bool:
    return any(isinstance(arg, Each) for pattern, _ in template.initially for arg in pattern.args)


def _everybody(values: Values) -> Iterator[Member]:
    return (member for index in values.program.indices for member in values.members(index))


def _begins_at(lowering: _Lowering, member: Member) -> Iterator[tuple[bool, list[Member]]]:
    """Where the machines of a member that are at others begin, and whether they stay there."""
    for template in lowering.program.machines.values():
        named = any(len(arg) == 2 for family in template.states for arg in family.args)
        if not named or len(template.parameters) != 1:
            continue
        (parameter,) = template.parameters
        if member.type == parameter.type and parameter.cls in (None, member.cls):
            pattern, family = lowering._pattern(template, (member,))
            each = [(a, due[1]) for a, due in zip(pattern.args, family.args, strict=False) if isinstance(a, Each)]
            yield _stays(template, family), [lowering.values.place(arg, str(due), member) for arg, due in each]


def _stays(template: MachineTemplate, first: StateFamily) -> bool:
    """No step leaves the states of this family: the machine stays where it begins."""
    return all(step.sources and all(s.name != first.name for s in step.sources) for step in template.steps)


def _over_many_first(condition: Condition) -> int:
    """Cheap parts first: what is static, then states, and only then what speaks about many members."""
    match condition:
        case When():
            return 0
        case InState():
            return 1
        case Quantified() | CountCompare():
            return 3
    return 2


def _observer(
    name: str, when: ir.Expr, lo: int, hi: int | None, origin: str, rests_on: tuple[str, ...]
) -> tuple[ir.Machine, ir.Step]:
    machine = ir.Machine(name, ("no", "yes"), "no")
    return machine, ir.Step(f"{name}: no -> yes", name, "no", "yes", when, lo, hi, origin, rests_on, name)


def _bind(template: MachineTemplate, members: tuple[Member, ...]) -> Env:
    return dict(zip((p.name for p in template.parameters), members, strict=True))


def _filled(text: str, env: Env) -> str:
    """A text of the models with the names of its members filled in."""
    return text.format_map({k: v.name if isinstance(v, Member) else str(v) for k, v in env.items()})


def _member(env: Env, name: str) -> Member:
    member = env[name]
    assert isinstance(member, Member)
    return member


def _state_name(family: str, args: Iterable[int | Member]) -> str:
    inside = ", ".join(a.name if isinstance(a, Member) else str(a) for a in args)
    return f"{family}({inside})" if inside else family


def _origin(span: Span) -> str:
    return f"{shown(span.file)}:{span.line}"


def _rests_on(reads: Reads) -> tuple[str, ...]:
    return tuple(path if cls is None else f"{path}[{cls}]" for path, cls in reads.settings)
