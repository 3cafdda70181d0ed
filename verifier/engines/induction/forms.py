"""Conditions over readings, with single members spelt out and all others of their class counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain, product
from typing import TYPE_CHECKING, Any

from verifier.engines.induction.readings import SEPARATOR, SUM, Leaf, generic, is_generic
from verifier.engines.induction.symbols import Symbolic, Unsupported, plain
from verifier.language.program import (
    Boolean,
    Call,
    Condition,
    CountCompare,
    Each,
    IfStatic,
    InState,
    MachineTemplate,
    Quantified,
    SeenBy,
    StatePattern,
    When,
)
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import instance_name
from verifier.system.names import free_names
from verifier.system.values import Env, Member, Reads, Values

if TYPE_CHECKING:
    from verifier.engines.induction.proof import Book


@dataclass(frozen=True, slots=True)
class Sum:
    """`sum of +-[one] + sum of +-N(class, each) >= bound`: literals of single members, and counts over all others."""

    ones: tuple[tuple[int, ir.Expr], ...]
    rest: tuple[tuple[int, tuple[str, str], ir.Expr], ...]  # (sign, (type, class), condition of the generic member)
    bound: Any

    def parts(self) -> Iterator[ir.Expr]:
        yield from (one for _, one in self.ones)
        yield from (each for _, _, each in self.rest)


class Forms:
    """Conditions as `ir.Expr` over readings, with single members spelt out and all others counted."""

    def __init__(self, book: Book, members: list[Member]) -> None:
        self.book = book
        self.program = book.program
        self.members = members
        self.sums: dict[str, Sum] = {}
        self._names: dict[Sum, str] = {}
        self.initial: dict[str, str | None] = {}  # None: it depends on where the others begin, or on a size
        self.all_states: dict[str, tuple[str, ...]] = {}
        self.placed = False  # something is read whose states are named by members
        self._memo: dict[tuple[object, ...], ir.Expr | str] = {}  # a text: why there is none
        self._readings: dict[int, tuple[ir.Expr, set[str]]] = {}  # with the expression, so that its id stays its own

    def tree(self, condition: Condition, env: Env, views: tuple[str, ...]) -> ir.Expr:
        """`condition` for the members in `env`, read through `views`."""
        if id(condition) not in self.book.free:
            self.book.free[id(condition)] = (sorted(free_names(condition)), condition)
        key = (id(condition), views, *(env[name] for name in self.book.free[id(condition)][0]))
        if key not in self._memo:
            try:
                self._memo[key] = self._tree(condition, env, views)
            except Unsupported as reason:
                self._memo[key] = str(reason)
        made = self._memo[key]
        if isinstance(made, str):
            raise Unsupported(made)
        return made

    def _tree(self, condition: Condition, env: Env, views: tuple[str, ...]) -> ir.Expr:
        match condition:
            case When(value):
                return self._static(value, env)
            case InState(family, index, patterns):
                return self._in_state(family, [self._member(env, i) for i in index], patterns, env, views)
            case Boolean("not", (body,)):
                return ir.neg(self.tree(body, env, views))
            case Boolean("and" | "or" as op, args):
                return self._joined(op, args, env, views)
            case Boolean("implies", (left, right)):
                return self._joined("or", (Boolean("not", (left,), left.span), right), env, views)
            case IfStatic(test, then, other):
                chosen = self._static(test, env)
                if not isinstance(chosen, ir.Const):
                    raise Unsupported("a choice that depends on a size")
                return self.tree(then if chosen.value else other, env, views)
            case Call(name, args):
                let = self.program.lets[name]
                inner = {p.name: env[a] for p, a in zip(let.parameters, args, strict=True)}
                return self.tree(let.body, inner, views)  # type: ignore[arg-type]
            case SeenBy(view, index, body):
                name = instance_name(view, [self._member(env, i) for i in index])
                return self.tree(body, env, (*views, name))
            case Quantified(kind, var, type_name, cls, body):
                wanted = body if kind == "some" else Boolean("not", (body,), condition.span)
                some = self._sum([(1, var, type_name, cls, wanted)], 1, env, views)
                return some if kind == "some" else ir.neg(some)
            case CountCompare(terms, bound):
                value = self.book.values.evaluate(bound, env, Reads())
                return self._sum([(t.sign, t.var, t.type, t.cls, t.body) for t in terms], value, env, views)
        raise AssertionError(condition)

    def _joined(self, op: str, args: tuple[Condition, ...], env: Env, views: tuple[str, ...]) -> ir.Expr:
        """A part that decides the whole does so whatever the other parts are."""
        parts: list[ir.Expr] = []
        missing: list[Unsupported] = []
        for arg in args:
            try:
                parts.append(self.tree(arg, env, views))
            except Unsupported as reason:
                missing.append(reason)
        joined = ir.conj(parts) if op == "and" else ir.disj(parts)
        if missing and joined != ir.Const(op == "or"):
            raise missing[0]
        return joined

    def weakened(self, condition: Condition, env: Env) -> ir.Expr:
        """What follows from `condition`: parts of a form that the induction does not treat are left out."""
        return self._bounded(condition, env, (), True)

    def _bounded(self, condition: Condition, env: Env, views: tuple[str, ...], above: bool) -> ir.Expr:
        """An expression that `condition` implies (`above`), or that implies it; the exact one where there is one."""
        with suppress(Unsupported):
            return self.tree(condition, env, views)
        match condition:
            case Boolean("not", (body,)):
                return ir.neg(self._bounded(body, env, views, not above))
            case Boolean("and", args):
                return ir.conj([self._bounded(a, env, views, above) for a in args])
            case Boolean("or", args):
                return ir.disj([self._bounded(a, env, views, above) for a in args])
            case Boolean("implies", (left, right)):
                without = ir.neg(self._bounded(left, env, views, not above))
                return ir.disj([without, self._bounded(right, env, views, above)])
            case IfStatic(test, then, other):
                with suppress(Unsupported):
                    chosen = self._static(test, env)
                    if isinstance(chosen, ir.Const):
                        return self._bounded(then if chosen.value else other, env, views, above)
            case Call(name, args):
                let = self.program.lets[name]
                inner = {p.name: env[a] for p, a in zip(let.parameters, args, strict=True)}
                return self._bounded(let.body, inner, views, above)  # type: ignore[arg-type]
            case SeenBy(view, index, body):
                name = instance_name(view, [self._member(env, i) for i in index])
                return self._bounded(body, env, (*views, name), above)
        return ir.Const(above)

    def _static(self, value: object, env: Env) -> ir.Expr:
        result = self.book.values.evaluate(value, env, Reads())  # type: ignore[arg-type]
        if isinstance(result, bool):
            return ir.Const(result)
        # A truth value over symbols: a sum without members.
        return self._named(Sum((), (), Symbolic("if", (result, 0, 1))))

    def _in_state(
        self, family: str, members: list[Member], patterns: tuple[StatePattern, ...], env: Env, views: tuple[str, ...]
    ) -> ir.Expr:
        template = self.program.machines[family]
        if any(p.cls not in (None, m.cls) for p, m in zip(template.parameters, members, strict=True)):
            return ir.FALSE
        name = self.declare(template, members)
        values = self.book.values
        states = frozenset(s for pattern in patterns for s in states_of(values, template, pattern, env, self.members))
        return ir.In(SEPARATOR.join((*views, name)), states) if states else ir.FALSE

    def declare(self, template: MachineTemplate, members: Iterable[Member]) -> str:
        """The name of a machine, whose states are known from now on."""
        name = instance_name(template.name, members)
        if name not in self.initial:
            bound = dict(zip((p.name for p in template.parameters), members, strict=True))
            values = self.book.values
            self.placed |= any(len(arg) == 2 for family in template.states for arg in family.args)
            whole = (StatePattern(family.name) for family in template.states)
            states = (states_of(values, template, pattern, bound, self.members) for pattern in whole)
            self.all_states[name] = tuple(chain.from_iterable(states))
            self.initial[name] = self._first(template, bound)
        return name

    def _first(self, template: MachineTemplate, bound: Env) -> str | None:
        try:
            first = next(pattern for pattern, test in template.initially if self._begins(test, bound))
            [state] = states_of(self.book.values, template, first, bound, self.members)
        except (Unsupported, ValueError):
            return None
        return state

    def _begins(self, test: Condition | None, env: Env) -> bool:
        """Whether an alternative of `initially` is the one for this member."""
        if test is not None and not isinstance(test, When):
            raise Unsupported("an initial state that depends on where the others begin")
        holds = ir.TRUE if test is None else self._static(test.value, env)
        if not isinstance(holds, ir.Const):
            raise Unsupported("an initial state that depends on a size")
        return holds.value

    def _member(self, env: Env, name: str) -> Member:
        member = env[name]
        assert isinstance(member, Member)
        return member

    def _sum(
        self,
        terms: list[tuple[int, str, str, str | None, Condition]],
        bound: Any,
        env: Env,
        views: tuple[str, ...],
    ) -> ir.Expr:
        ones: list[tuple[int, ir.Expr]] = []
        rest: list[tuple[int, tuple[str, str], ir.Expr]] = []
        for sign, var, type_name, cls, body in terms:
            if any(is_generic(env.get(name)) for name in free_names(body) - {var}):
                raise Unsupported("a count inside a count that depends on its member")
            for c in self.book.values.classes(type_name):
                if cls not in (None, c):
                    continue
                for member in self.members:
                    if (member.type, member.cls) == (type_name, c):
                        ones.append((sign, self.tree(body, {**env, var: member}, views)))
                each = self.tree(body, {**env, var: generic(type_name, c)}, views)
                if each != ir.FALSE:
                    rest.append((sign, (type_name, c), each))
        return self._named(Sum(tuple(ones), tuple(rest), bound))

    def _named(self, made: Sum) -> ir.Expr:
        """A sum as a leaf of the tree. A sum of constants is decided here."""
        if plain(made.bound) and all(isinstance(part, ir.Const) for part in made.parts()):
            total = sum(sign for sign, one in made.ones if one == ir.TRUE)
            others = [(sign, self.others(cls)) for sign, cls, each in made.rest if each == ir.TRUE]
            if plain(*(count for _, count in others)):
                return ir.Const(total + sum(sign * count for sign, count in others) >= made.bound)
        name = self._names.get(made)
        if name is None:
            name = self._names[made] = f"{SUM}{len(self.sums)}"
            self.sums[name] = made
        return ir.In(name, frozenset({"yes"}))

    def others(self, cls: tuple[str, str]) -> Any:
        """How many members of a class are not spelt out."""
        return self.book.values.count(*cls) - sum((m.type, m.cls) == cls for m in self.members)

    @cached_property
    def impossible(self) -> bool:
        """More members are spelt out than there are: whatever is asked of them is so."""
        counts = [self.others((m.type, m.cls)) for m in self.members]
        return any(plain(count) and count < 0 for count in counts)

    def mapped(self, expr: ir.Expr, leaf: Leaf) -> ir.Expr:
        """`expr` with every reading replaced, inside sums too."""
        match expr:
            case ir.In(name, _):
                if not name.startswith(SUM):
                    return leaf(expr)
                made = self.sums[name]
                ones = tuple((sign, self.mapped(one, leaf)) for sign, one in made.ones)
                rest = tuple((sign, cls, self.mapped(each, leaf)) for sign, cls, each in made.rest)
                return self._named(Sum(ones, rest, made.bound))
            case ir.Not(body):
                return ir.neg(self.mapped(body, leaf))
            case ir.And(parts):
                return ir.conj([self.mapped(p, leaf) for p in parts])
            case ir.Or(parts):
                return ir.disj([self.mapped(p, leaf) for p in parts])
        return expr

    def readings(self, expr: ir.Expr) -> set[str]:
        """All readings in an expression, those that are counted too."""
        known = self._readings.get(id(expr))
        if known is not None:
            return known[1]
        found: set[str] = set()
        self._readings[id(expr)] = expr, found
        todo = [expr]
        while todo:
            here = todo.pop()
            if isinstance(here, ir.In) and here.machine.startswith(SUM):
                made = self.sums[here.machine]
                todo.extend([one for _, one in made.ones] + [each for _, _, each in made.rest])
            elif isinstance(here, ir.In):
                found.add(here.machine)
            todo.extend(ir.children(here))
        return found

    def families(self, expr: ir.Expr) -> set[str]:
        """The machine families read in the present, and the view families read at all."""
        found: set[str] = set()
        for reading in self.readings(expr):
            *views, machine = reading.split(SEPARATOR)
            found.add((views[0] if views else machine).split("[")[0])
        return found


def states_of(
    values: Values, machine: MachineTemplate, pattern: StatePattern, env: Env, members: Iterable[Member] = ()
) -> list[str]:
    """The states that a pattern stands for. Of those named by an index there is one for each of `members`, and one for
    all others; a name without a member stands for any.
    """
    family = next(f for f in machine.states if f.name == pattern.name)
    ranges: list[Sequence[int | str]] = []
    for i, declared in enumerate(family.args):
        arg = pattern.args[i] if i < len(pattern.args) else None
        if len(declared) == 2:
            spelt = [m for m in dict.fromkeys(members) if m.type == declared[1]]
            at = env.get(arg) if isinstance(arg, str) else None
            if at is not None and at not in spelt:
                raise Unsupported("a state named by somebody who is not spelt out")
            ranges.append([m.name for m in spelt if at in (None, m)] + ([] if at else [f"another {declared[1]}"]))
            continue
        numbers = list(range(declared[1], declared[2] + 1))
        if arg is not None:
            assert not isinstance(arg, str | Each)
            wanted = values.evaluate(arg, env, Reads())
            if not isinstance(wanted, int):
                raise Unsupported("a state that depends on a size")
            numbers = [number for number in numbers if number == wanted]
        ranges.append(numbers)
    chosen = product(*ranges)
    return [f"{family.name}({', '.join(map(str, v))})" if v else family.name for v in chosen]
