"""What a condition over templates reads: machines of one system, which are declared as they are met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from verifier.language.program import (
    Boolean,
    Call,
    Condition,
    CountCompare,
    Counted,
    Each,
    IfStatic,
    InState,
    Let,
    MachineTemplate,
    Quantified,
    SeenBy,
    StateFamily,
    StatePattern,
    ViewTemplate,
    When,
)
from verifier.language.reads import compared
from verifier.system import ir
from verifier.system.lower.instances import bound, instance_name, member, state_name
from verifier.system.patience import look
from verifier.system.prune import at_start
from verifier.system.values import Env, Member, Reads, Values

# Tells a condition over many members that holds (or fails) in every reachable state; None: not known.
Settled = Callable[[Condition, Env], bool | None]


def nothing_settled(condition: Condition, env: Env) -> None:
    """Without lemmas."""


class Conditions:
    """Conditions as they are. `settled` replaces what lemmas have decided.

    `todo`: declared machines whose steps were not looked at yet. `sized`: a size was read, or at the start more of
    others than who is there. `placed`: it was read where members begin, which tells members of one class apart.
    """

    def __init__(self, values: Values, settled: Settled = nothing_settled) -> None:
        self.values = values
        self.program = values.program
        self.settled = settled
        self.machines: dict[str, ir.Machine] = {}
        self.members_of: dict[str, tuple[Member, ...]] = {}
        self.todo: list[tuple[MachineTemplate, tuple[Member, ...]]] = []
        self.sized = False
        self.placed = False
        self._memo: dict[tuple[object, ...], ir.Expr] = {}
        self._every_state: dict[tuple[str, str], frozenset[str]] = {}

    def condition(self, condition: Condition, env: Env) -> ir.Expr:
        """The condition over machines of this system; equal conditions under equal indices share one value."""
        names = self.values.free_names(condition)
        key = (id(condition), *(env[name] for name in names if name in env))
        if key not in self._memo:
            look()
            self._memo[key] = self._build(condition, env)
        return self._memo[key]

    def at_start(self, expr: ir.Expr) -> bool:
        """The value of an expression over the machines of this system in the initial state."""
        return at_start(expr, {name: machine.initial for name, machine in self.machines.items()})

    def _build(self, condition: Condition, env: Env) -> ir.Expr:
        match condition:
            case When(value):
                return ir.Const(self.static(value, env))
            case InState(machine, index, patterns):
                template = self.program.machines[machine]
                members = tuple(member(env, i) for i in index)
                if any(p.cls not in (None, m.cls) for p, m in zip(template.parameters, members, strict=True)):
                    return ir.FALSE
                return self.in_state(template, members, patterns, env)
            case Boolean("not", (body,)):
                return ir.neg(self.condition(body, env))
            case Boolean("and", args):
                return self._until(args, env, ir.FALSE, ir.conj)
            case Boolean("or", args):
                return self._until(args, env, ir.TRUE, ir.disj)
            case Boolean("implies", (left, right)):
                premise = self.condition(left, env)
                return ir.TRUE if premise == ir.FALSE else ir.disj([ir.neg(premise), self.condition(right, env)])
            case IfStatic(test, then, other):
                return self.condition(then if self.static(test, env) else other, env)
            case Call(name, args):
                let = self.program.lets[name]
                assert not let.static
                return self.called(name, {p.name: env[a] for p, a in zip(let.parameters, args, strict=True)})
            case SeenBy(view, index, body):
                return self.seen(self.program.views[view], tuple(member(env, i) for i in index), body, env)
            case Quantified() | CountCompare():
                return self.over_many(condition, env)
        raise AssertionError(condition)

    def _until(
        self, args: tuple[Condition, ...], env: Env, stop: ir.Expr, join: Callable[[list[ir.Expr]], ir.Expr]
    ) -> ir.Expr:
        """Joins the parts; once one decides the whole, the rest is not even instantiated."""
        parts: list[ir.Expr] = []
        for arg in sorted(args, key=_over_many_first):
            part = self.condition(arg, env)
            if part == stop:
                return stop
            parts.append(part)
        return join(parts)

    def static(self, value: object, env: Env) -> bool:
        reads = Reads()
        result = self.values.evaluate(value, env, reads)  # type: ignore[arg-type]
        self.sized |= reads.size
        assert isinstance(result, bool)
        return result

    # -- what a relaxation reads differently ---------------------------------------------------------------------------

    def in_state(
        self, template: MachineTemplate, members: tuple[Member, ...], patterns: Iterable[StatePattern], env: Env
    ) -> ir.Expr:
        """That a machine is in a state of one of the patterns."""
        wanted: set[str] = set()
        named = False
        for pattern in patterns:
            wanted.update(self.states(template, pattern, env))
            named |= any(isinstance(arg, str) for arg in pattern.args)
        return self._reading(template, members, frozenset(wanted), named)

    def called(self, name: str, env: Env) -> ir.Expr:
        """A condition that has a name."""
        return self.condition(self.program.lets[name].body, env)  # type: ignore[arg-type]

    def seen(self, template: ViewTemplate, members: tuple[Member, ...], body: Condition, env: Env) -> ir.Expr:
        """A condition read through a view."""
        inside = self.condition(body, env)
        name = instance_name(template.name, members)
        self.members_of[name] = members
        return ir.seen(name, inside)

    def over_many(self, condition: Quantified | CountCompare, env: Env) -> ir.Expr:
        """A condition about many members."""
        known = self.settled(condition, env)
        if known is not None:
            return ir.Const(known)
        return self.counted(condition, env) if isinstance(condition, CountCompare) else self.quantified(condition, env)

    def quantified(self, condition: Quantified, env: Env) -> ir.Expr:
        """That some member satisfies it, or each one."""
        parts = [
            self.condition(condition.body, {**env, condition.var: each})
            for each in self.everybody(condition.type, condition.cls)
        ]
        return ir.disj(parts) if condition.kind == "some" else ir.conj(parts)

    def counted(self, condition: CountCompare, env: Env) -> ir.Expr:
        """That so many satisfy it: `count P - count Q >= b` is "at least b + |Q| of: the P, and the negations of the
        Q"."""
        bound = self.values.evaluate(condition.bound, env, Reads())
        literals: list[ir.Expr] = []
        for term in condition.terms:
            found = list(self._each(term, env))
            literals.extend(found if term.sign > 0 else map(ir.neg, found))
            bound += len(found) if term.sign < 0 else 0
        return ir.at_least(bound, literals)

    def everybody(self, type_name: str, cls: str | None = None) -> Iterable[Member]:
        """The members of a class that are told apart."""
        return self.values.members(type_name, cls)

    def range_of(self, arg: tuple[str, int, int] | tuple[str, str]) -> list[int | Member]:
        """The values of a state's argument."""
        return list(range(arg[1], arg[2] + 1) if len(arg) == 3 else self.values.members(arg[1]))

    def place(self, place: Member) -> Member:
        """A member at which another one begins."""
        return place

    # -- machines and their states -------------------------------------------------------------------------------------

    def _each(self, term: Counted, env: Env) -> Iterator[ir.Expr]:
        for each in self.values.members(term.type, term.cls):
            yield self.condition(term.body, {**env, term.var: each})

    def _reading(
        self, template: MachineTemplate, members: tuple[Member, ...], wanted: frozenset[str], named: bool
    ) -> ir.Expr:
        if not wanted:
            return ir.FALSE
        name = instance_name(template.name, members)
        if name not in self.machines:
            pattern, first = self.pattern(template, members)
            if stays(template, first):
                # Where it stays is looked at only if that makes a difference, in a larger topology at least.
                everywhere = not named and wanted.issuperset(self._all_of(template, first))
                return ir.Const(everywhere or self._first(template, members, pattern, first) in wanted)
            self.declare(template, members, name)
        return ir.TRUE if wanted == frozenset(self.machines[name].states) else ir.In(name, wanted)

    def declare(self, template: MachineTemplate, members: tuple[Member, ...], name: str) -> None:
        """Makes a machine, whose steps are still to be looked at."""
        states = tuple(state for family in template.states for state in self._states_of(family))
        first = self._first(template, members, *self.pattern(template, members))
        self.machines[name] = ir.Machine(name, states, first)
        self.members_of[name] = members
        self.todo.append((template, members))

    def states(self, template: MachineTemplate, pattern: StatePattern, env: Env) -> list[str]:
        """The states that a pattern stands for; `k + 1` outside of the declared range stands for none."""
        family = next(f for f in template.states if f.name == pattern.name)
        ranges: list[list[int | Member]] = []
        for i, due in enumerate(family.args):
            arg = pattern.args[i] if i < len(pattern.args) else None
            if isinstance(arg, str):
                ranges.append([member(env, arg)])
            elif arg is None:
                ranges.append(self.range_of(due))
            else:
                assert not isinstance(arg, Each)
                value = self.values.evaluate(arg, env, Reads())
                ranges.append([value] if value in self.range_of(due) else [])
        return [state_name(family.name, chosen) for chosen in product(*ranges)]

    def _all_of(self, template: MachineTemplate, family: StateFamily) -> frozenset[str]:
        key = (template.name, family.name)
        if key not in self._every_state:
            self._every_state[key] = frozenset(self._states_of(family))
        return self._every_state[key]

    def _states_of(self, family: StateFamily) -> list[str]:
        return [state_name(family.name, chosen) for chosen in product(*map(self.range_of, family.args))]

    def pattern(self, template: MachineTemplate, members: tuple[Member, ...]) -> tuple[StatePattern, StateFamily]:
        """How a machine begins, and the family of states that it begins in."""
        env = bound(template, members)
        pattern = next(pattern for pattern, test in template.initially if test is None or self.begins(test, env))
        return pattern, next(f for f in template.states if f.name == pattern.name)

    def begins(self, test: Condition, env: Env) -> bool:
        """Whether a condition holds at first: known before the search, or from where the others begin."""
        if isinstance(test, When):
            return self.static(test.value, env)
        start = self.start()
        holds = start.at_start(start.condition(test, env))
        self.placed |= start.placed
        self.sized |= start.sized or (start.placed and start.more)
        return holds

    def start(self) -> _AtStart:
        """What conditions on the beginning are read with."""
        return _AtStart(self.values)

    def _first(
        self, template: MachineTemplate, members: tuple[Member, ...], pattern: StatePattern, family: StateFamily
    ) -> str:
        """The initial state of a machine."""
        chosen: dict[str, Member | int] = dict(bound(template, members))
        args: list[Any] = []
        for i, arg in enumerate(pattern.args):
            if isinstance(arg, Each):
                self.placed = True
                chosen[f"each {i}"] = self.place(self.values.place(arg, family.args[i][1], members[0]))  # type: ignore[arg-type]
                args.append(f"each {i}")
            else:
                args.append(arg)
        return self.states(template, replace(pattern, args=tuple(args)), chosen)[0]


class _AtStart(Conditions):
    """Conditions that are read at the start only.

    Outlines (verifier/analysis/kinds.py) tell topologies apart by whether somebody is at a place. A condition that asks
    for more depends on sizes: for how many there are, or for somebody else; and, where it matters where members begin,
    for those at no place that is named, or for what others ask of others (`more`).
    """

    def __init__(self, values: Values, within: bool = False) -> None:
        super().__init__(values)
        self._within = within  # a quantifier
        self.more = False

    def start(self) -> _AtStart:
        return _AtStart(self.values, self._within)

    def static(self, value: object, env: Env) -> bool:
        members = [name for name in self.values.free_names(value) if isinstance(env.get(name), Member)]  # type: ignore[arg-type]
        if self._within and len(members) > 1:
            self.sized |= bool(compared(value, self.program.lets))
        return super().static(value, env)

    def quantified(self, condition: Quantified, env: Env) -> ir.Expr:
        there = condition.kind == "some" and _is_there(condition.body, condition.var, self.program.lets)
        self.more |= self._within or not there
        around, self._within = self._within, True
        found = super().quantified(condition, env)
        self._within = around
        return found

    def counted(self, condition: CountCompare, env: Env) -> ir.Expr:
        self.sized = True
        return super().counted(condition, env)


def _is_there(condition: Condition, name: str, lets: Mapping[str, Let]) -> bool:
    """Does it hold only of members, under this name, that are at some place that is named?"""
    match condition:
        case InState(_, index, patterns):
            return name in index and all(any(isinstance(arg, str) for arg in pattern.args) for pattern in patterns)
        case Boolean("and", args):
            return any(_is_there(arg, name, lets) for arg in args)
        case IfStatic(_, then, other):
            return _is_there(then, name, lets) and _is_there(other, name, lets)
        case Call(called, args):
            let = lets[called]
            inner = [p.name for p, arg in zip(let.parameters, args, strict=True) if arg == name]
            return any(_is_there(let.body, own, lets) for own in inner)  # type: ignore[arg-type]
    return False


def stays(template: MachineTemplate, first: StateFamily) -> bool:
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
