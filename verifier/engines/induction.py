"""Lemmas, shown by induction over single steps of the templates, for any number of members.

A lemma is an invariant of the untimed system: it holds initially, and every step and every refresh keeps it (Floyd,
1967; untimed, so it holds whatever the delays are). A step moves one machine of one member. Of that member, and of
those the lemma is about, every machine is a variable; all other members of a class are told apart only by counts: how
many of them satisfy a condition is one unknown number, which a step of somebody else does not change. So nothing
depends on how many there are, and a size may stay a symbol.

Counts of one class are related where a condition implies another for each single member (`Pod is running` implies
`available`, by a lemma about one pod): then the first number is at most the second. All that is left out makes the
assumptions weaker, so a lemma may stay unproven though it is true, never the other way round. Solver unknown is
unproven.

What holds in every state holds in every copy of it, through any chain of views (docs/semantics.md, section 5): proven
lemmas are assumed in the present and in every copy that a question reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import z3

from verifier.language.program import (
    Boolean,
    Call,
    Condition,
    CountCompare,
    IfStatic,
    InState,
    Lemma,
    MachineTemplate,
    Parameter,
    Program,
    Quantified,
    SeenBy,
    StatePattern,
    Static,
    StepTemplate,
    Variable,
    When,
)
from verifier.system import ir
from verifier.system.names import free_names
from verifier.system.scope import THIS_TOPOLOGY, Scope
from verifier.system.values import Env, Member, Numbers, Reads, Values

_SOLVER_MS = 2000
# Ordinals of members that are spelt out in a proof; any numbers, as long as they differ.
_FRESH = 100


@dataclass(frozen=True, slots=True)
class Settled:
    """A condition over many members that has one value in every reachable state; `lemmas` were used."""

    value: bool
    scope: Scope
    lemmas: tuple[str, ...]


class Induction:
    """The lemmas of a program, proven in order when they are first needed."""

    def __init__(self, program: Program) -> None:
        self.program = program
        sizes = tuple(sorted(path for path, setting in program.settings.items() if setting.kind == "size"))
        given = Values(program)
        actual = tuple((path, given.evaluate(_read(path), {}, Reads())) for path in sizes)
        # The widest scope first: every size from 1 up, then one after the other from its actual value up. What holds
        # for every size holds in all of them.
        choices = sorted(product(*([1, value] for _, value in actual)), key=lambda c: sum(n > 1 for n in c))
        scopes = [Scope(tuple(zip(sizes, choice, strict=True))) for choice in choices]
        self._books: list[_Book] = []
        for scope in dict.fromkeys([*scopes, THIS_TOPOLOGY]):
            self._books.append(_Book(program, scope, self._books[0] if self._books else None))

    def settled(self, condition: Condition, env: Env) -> Settled | None:
        """The value of `condition` in every reachable state, if the lemmas decide it; None if they do not."""
        if self._books[-1].settled(condition, env) is None:
            return None
        for book in self._books:
            found = book.settled(condition, env)
            if found is not None:
                return found
        return None

    def proven(self) -> dict[str, Scope]:
        """Every lemma that holds, with the widest scope it was shown for."""
        for book in self._books:
            book._prove_all()
        return {lemma.name: book.scope for book in reversed(self._books) for lemma in book.proven}


def _read(path: str) -> Any:
    from verifier.language.program import SettingRead, Span

    return SettingRead(path, None, Span("", 0, 0, 0, 0))


class _Symbols(Numbers):
    """Arithmetic in which sizes are symbols of at least the scope's values."""

    def __init__(self, scope: Scope) -> None:
        self.least = None if scope.least is None else dict(scope.least)
        self.asked = 0
        self.constraints: dict[str, z3.BoolRef] = {}

    def size(self, path: str, value: int) -> Any:
        self.asked += 1
        if self.least is None:
            return value
        symbol = z3.Int(f"size {path}")
        self.constraints[path] = symbol >= self.least[path]
        return symbol

    def minimum(self, a: Any, b: Any) -> Any:
        return min(a, b) if _plain(a, b) else z3.If(a <= b, a, b)

    def maximum(self, a: Any, b: Any) -> Any:
        return max(a, b) if _plain(a, b) else z3.If(a >= b, a, b)

    def floor_percent(self, percent: int, of: Any) -> Any:
        return percent * of // 100 if _plain(of) else percent * of / 100

    def ceil_percent(self, percent: int, of: Any) -> Any:
        return -(-percent * of // 100) if _plain(of) else (percent * of + 99) / 100

    def choose(self, condition: Any, then: Any, other: Any) -> Any:
        return z3.If(condition, then, other)

    def both(self, parts: list[Any]) -> Any:
        return all(parts) if all(isinstance(p, bool) for p in parts) else z3.And(parts)

    def either(self, parts: list[Any]) -> Any:
        return any(parts) if all(isinstance(p, bool) for p in parts) else z3.Or(parts)

    def negate(self, part: Any) -> Any:
        return not part if isinstance(part, bool) else z3.Not(part)


def _plain(*values: Any) -> bool:
    return all(isinstance(v, int) for v in values)


@dataclass(frozen=True, slots=True)
class _Sum:
    """`sum of +-[one] + sum of +-N(class, each) >= bound`: literals of single members, and counts over all others."""

    ones: tuple[tuple[int, ir.Expr], ...]
    rest: tuple[tuple[int, tuple[str, str], ir.Expr], ...]  # (sign, (type, class), condition of the generic member)
    bound: Any


class _Unsupported(Exception):
    """A form that the induction does not treat; the lemma stays unproven."""


# A reading: `view/view/machine`, outermost view first. In a tree it is the name of the machine of an `ir.In`.
_SEPARATOR = " / "
_SUM = "sum "
Leaf = Callable[[ir.In], ir.Expr]


class _Book:
    """The lemmas proven for one scope."""

    def __init__(self, program: Program, scope: Scope, wider: _Book | None) -> None:
        self.program = program
        self.scope = scope
        self.wider = wider
        self.symbols = _Symbols(scope)
        self.values = Values(program, self.symbols)
        self.proven: list[Lemma] = []
        self._tried = False
        self.sized: set[str] = set()
        self._trees: dict[tuple[Member, ...], _Trees] = {}
        self.free: dict[int, tuple[list[str], Condition]] = {}  # with the condition, so that its id stays its own
        self.excluded: dict[tuple[object, ...], tuple[str, ...] | None] = {}
        self._memo: dict[tuple[object, ...], Settled | None] = {}

    def trees(self, members: Iterable[Member]) -> _Trees:
        key = tuple(dict.fromkeys(members))
        if key not in self._trees:
            self._trees[key] = _Trees(self, list(key))
        return self._trees[key]

    # -- questions -----------------------------------------------------------------------------------------------------

    def settled(self, condition: Condition, env: Env) -> Settled | None:
        self._prove_all()
        relevant = _renamed({name: env[name] for name in sorted(free_names(condition)) if name in env})
        key = (id(condition), tuple(relevant.items()))
        if key not in self._memo:
            self._memo[key] = self._settle(condition, relevant)
        return self._memo[key]

    def _settle(self, condition: Condition, env: Env) -> Settled | None:
        own = [m for m in env.values() if isinstance(m, Member)]
        trees = self.trees(own)
        try:
            tree = trees.tree(condition, env, ())
            value = trees.initially(tree)
            used = trees.refuted([ir.neg(tree) if value else tree], self.proven)
        except _Unsupported:
            return None
        return None if used is None else Settled(value, self.scope, used)

    def _prove_all(self) -> None:
        """Proves what it can, in order. A proof that failed without a size in it fails for narrower scopes too."""
        if self._tried:
            return
        self._tried = True
        if self.wider is not None:
            self.wider._prove_all()
            self.proven = list(self.wider.proven)
        for lemma in self.program.lemmas:
            if lemma in self.proven or (self.wider is not None and lemma.name not in self.wider.sized):
                continue
            before = self.symbols.asked
            try:
                if self._holds(lemma):
                    self.proven.append(lemma)
            except _Unsupported:
                continue
            if self.symbols.asked > before:
                self.sized.add(lemma.name)

    # -- one lemma -----------------------------------------------------------------------------------------------------

    def _holds(self, lemma: Lemma) -> bool:
        return all(self._holds_for(lemma, own) for own in self._assignments(lemma.parameters))

    def _holds_for(self, lemma: Lemma, own: dict[str, Member]) -> bool:
        """Implied by earlier lemmas, or kept by every step: by those of the lemma's members, and of one other."""
        mine = list(dict.fromkeys(own.values()))
        trees = self.trees(mine)
        goal = trees.tree(lemma.always, own, ())
        if trees.refuted([ir.neg(goal)], self.proven) is not None:
            return True
        if not trees.initially(goal):
            return False
        return all(
            self._kept(lemma, own, [*mine, *extra], change) for extra, change in self._changes(goal, trees, mine)
        )

    def _kept(self, lemma: Lemma, own: Env, members: list[Member], change: _Change) -> bool:
        trees = self.trees(members)
        before = trees.tree(lemma.always, own, ())
        after = trees.mapped(before, change.leaf(trees))
        if after == before:
            return True
        guard = change.guard(trees)
        return guard == ir.FALSE or trees.refuted([guard, ir.neg(after)], self.proven, also=lemma) is not None

    def _changes(self, goal: ir.Expr, trees: _Trees, mine: list[Member]) -> Iterator[tuple[list[Member], _Change]]:
        """Every step and refresh that may touch what the goal reads, by members of the lemma and by one other each."""
        for family in sorted(trees.families(goal)):
            if family in self.program.machines:
                machine = self.program.machines[family]
                for bound in self._assignments(machine.parameters, tuple(mine)):
                    for step in machine.steps:
                        for change in _firings(self, machine, step, bound):
                            yield list(bound.values()), change
            else:
                view = self.program.views[family]
                for bound in self._assignments(view.parameters, tuple(mine)):
                    yield list(bound.values()), _Refresh(_instance(family, bound.values()))

    def _assignments(
        self, parameters: tuple[Parameter, ...], known: tuple[Member, ...] = ()
    ) -> Iterator[dict[str, Member]]:
        """Members for the parameters, up to renaming: each a known one, one chosen before, or a fresh one."""
        if not parameters:
            yield {}
            return
        *before, last = parameters
        for chosen in self._assignments(tuple(before), known):
            taken = dict.fromkeys((*known, *chosen.values()))
            pool = [m for m in taken if m.type == last.type and last.cls in (None, m.cls)]
            fresh = _FRESH + len(taken)
            pool += [Member(last.type, c, fresh) for c in self.values.classes(last.type) if last.cls in (None, c)]
            for member in pool:
                yield {**chosen, last.name: member}


# -- changes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Firing:
    machine: str
    source: str
    target: str
    condition: Condition
    env: Env

    def guard(self, trees: _Trees) -> ir.Expr:
        return ir.conj([ir.In(self.machine, frozenset({self.source})), trees.tree(self.condition, self.env, ())])

    def leaf(self, trees: _Trees) -> Leaf:
        return lambda at: ir.Const(self.target in at.states) if at.machine == self.machine else at


@dataclass(frozen=True)
class _Refresh:
    view: str

    def guard(self, trees: _Trees) -> ir.Expr:
        return ir.TRUE

    def leaf(self, trees: _Trees) -> Leaf:
        prefix = self.view + _SEPARATOR
        return lambda at: ir.In(at.machine.removeprefix(prefix), at.states)


_Change = _Firing | _Refresh


def _firings(book: _Book, machine: MachineTemplate, step: StepTemplate, env: Env) -> Iterator[_Firing]:
    """The instances of a step, one for each value of the numbers that its source pattern binds."""
    name = _instance(machine.name, [m for m in env.values() if isinstance(m, Member)])
    sources = step.sources or tuple(StatePattern(f.name) for f in machine.states)
    for pattern in sources:
        family = next(f for f in machine.states if f.name == pattern.name)
        ranges: dict[str, range] = {}
        for arg, declared in zip(pattern.args, family.args, strict=False):
            if isinstance(arg, Variable) and arg.name in step.bound and len(declared) == 3:
                ranges[arg.name] = range(declared[1], declared[2] + 1)
        for chosen in product(*ranges.values()):
            inner: Env = {**env, **dict(zip(ranges, chosen, strict=True))}
            for source in _states(book, machine, pattern, inner):
                for target in _states(book, machine, step.target, inner):
                    yield _Firing(name, source, target, step.guard, inner)


def _states(book: _Book, machine: MachineTemplate, pattern: StatePattern, env: Env) -> list[str]:
    family = next(f for f in machine.states if f.name == pattern.name)
    ranges: list[list[int]] = []
    for i, declared in enumerate(family.args):
        if len(declared) == 2:
            raise _Unsupported("states named by an index")
        values = list(range(declared[1], declared[2] + 1))
        arg = pattern.args[i] if i < len(pattern.args) else None
        if arg is not None:
            assert not isinstance(arg, str)
            wanted = book.values.evaluate(arg, env, Reads())
            if not isinstance(wanted, int):
                raise _Unsupported("a state that depends on a size")
            values = [v for v in values if v == wanted]
        ranges.append(values)
    return [f"{family.name}({', '.join(map(str, v))})" if v else family.name for v in product(*ranges)]


def _instance(family: str, members: Iterable[Member]) -> str:
    inside = ", ".join(member.name for member in members)
    return f"{family}[{inside}]" if inside else family


# -- trees -------------------------------------------------------------------------------------------------------------


class _Trees:
    """Conditions as `ir.Expr` over readings, with single members spelt out and all others counted; and their
    satisfiability.
    """

    def __init__(self, book: _Book, members: list[Member]) -> None:
        self.book = book
        self.program = book.program
        self.members = members
        self.sums: dict[str, _Sum] = {}
        self.initial: dict[str, str] = {}
        self.all_states: dict[str, tuple[str, ...]] = {}
        self._lemmas: dict[tuple[object, ...], ir.Expr] = {}
        self._memo: dict[tuple[object, ...], ir.Expr] = {}
        self.solver = _Solver(self)

    # -- building ------------------------------------------------------------------------------------------------------

    def tree(self, condition: Condition, env: Env, views: tuple[str, ...]) -> ir.Expr:
        """`condition` for the members in `env`, read through `views`."""
        if id(condition) not in self.book.free:
            self.book.free[id(condition)] = (sorted(free_names(condition)), condition)
        key = (id(condition), views, *(env[name] for name in self.book.free[id(condition)][0]))
        if key not in self._memo:
            self._memo[key] = self._tree(condition, env, views)
        return self._memo[key]

    def _tree(self, condition: Condition, env: Env, views: tuple[str, ...]) -> ir.Expr:
        match condition:
            case When(value):
                return self._static(value, env)
            case InState(family, index, patterns):
                return self._in_state(family, [self._member(env, i) for i in index], patterns, env, views)
            case Boolean("not", (body,)):
                return ir.neg(self.tree(body, env, views))
            case Boolean("and", args):
                return ir.conj([self.tree(a, env, views) for a in args])
            case Boolean("or", args):
                return ir.disj([self.tree(a, env, views) for a in args])
            case Boolean("implies", (left, right)):
                return ir.disj([ir.neg(self.tree(left, env, views)), self.tree(right, env, views)])
            case IfStatic(test, then, other):
                chosen = self._static(test, env)
                if not isinstance(chosen, ir.Const):
                    raise _Unsupported("a choice that depends on a size")
                return self.tree(then if chosen.value else other, env, views)
            case Call(name, args):
                let = self.program.lets[name]
                inner = {p.name: env[a] for p, a in zip(let.parameters, args, strict=True)}
                return self.tree(let.body, inner, views)  # type: ignore[arg-type]
            case SeenBy(view, index, body):
                name = _instance(view, [self._member(env, i) for i in index])
                return self.tree(body, env, (*views, name))
            case Quantified(kind, var, type_name, cls, body):
                wanted = body if kind == "some" else Boolean("not", (body,), condition.span)
                some = self._sum([(1, var, type_name, cls, wanted)], 1, env, views)
                return some if kind == "some" else ir.neg(some)
            case CountCompare(terms, bound):
                value = self.book.values.evaluate(bound, env, Reads())
                return self._sum([(t.sign, t.var, t.type, t.cls, t.body) for t in terms], value, env, views)
        raise AssertionError(condition)

    def _static(self, value: object, env: Env) -> ir.Expr:
        result = self.book.values.evaluate(value, env, Reads())  # type: ignore[arg-type]
        if isinstance(result, bool):
            return ir.Const(result)
        # A truth value over symbols: a sum without members.
        return self._named(_Sum((), (), z3.If(result, z3.IntVal(0), z3.IntVal(1))))

    def _in_state(
        self, family: str, members: list[Member], patterns: tuple[StatePattern, ...], env: Env, views: tuple[str, ...]
    ) -> ir.Expr:
        template = self.program.machines[family]
        if any(p.cls not in (None, m.cls) for p, m in zip(template.parameters, members, strict=True)):
            return ir.FALSE
        name = _instance(family, members)
        if name not in self.initial:
            bound = dict(zip((p.name for p in template.parameters), members, strict=True))
            everything = [s for f in template.states for s in _states(self.book, template, StatePattern(f.name), bound)]
            first = next(pattern for pattern, test in template.initially if self._begins(test, bound))
            self.all_states[name] = tuple(everything)
            self.initial[name] = _states(self.book, template, first, bound)[0]
        states = frozenset(s for pattern in patterns for s in _states(self.book, template, pattern, env))
        return ir.In(_SEPARATOR.join((*views, name)), states) if states else ir.FALSE

    def _begins(self, test: Static | None, env: Env) -> bool:
        """Whether an alternative of `initially` is the one for this member."""
        holds = ir.TRUE if test is None else self._static(test, env)
        if not isinstance(holds, ir.Const):
            raise _Unsupported("an initial state that depends on a size")
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
            if any(_is_generic(env.get(name)) for name in free_names(body) - {var}):
                raise _Unsupported("a count inside a count that depends on its member")
            for c in self.book.values.classes(type_name):
                if cls not in (None, c):
                    continue
                for member in self.members:
                    if (member.type, member.cls) == (type_name, c):
                        ones.append((sign, self.tree(body, {**env, var: member}, views)))
                generic = self.tree(body, {**env, var: _generic(type_name, c)}, views)
                if generic != ir.FALSE:
                    rest.append((sign, (type_name, c), generic))
        return self._named(_Sum(tuple(ones), tuple(rest), bound))

    def _named(self, made: _Sum) -> ir.Expr:
        """A sum as a leaf of the tree. A sum of constants is decided here."""
        if not made.rest and all(isinstance(one, ir.Const) for _, one in made.ones) and _plain(made.bound):
            return ir.Const(sum(sign for sign, one in made.ones if one == ir.TRUE) >= made.bound)
        name = next((known for known, other in self.sums.items() if _same_sum(other, made)), None)
        if name is None:
            name = f"{_SUM}{len(self.sums)}"
            self.sums[name] = made
        return ir.In(name, frozenset({"yes"}))

    def mapped(self, expr: ir.Expr, leaf: Leaf) -> ir.Expr:
        """`expr` with every reading replaced, inside sums too."""
        match expr:
            case ir.In(name, _):
                if not name.startswith(_SUM):
                    return leaf(expr)
                made = self.sums[name]
                ones = tuple((sign, self.mapped(one, leaf)) for sign, one in made.ones)
                rest = tuple((sign, cls, self.mapped(each, leaf)) for sign, cls, each in made.rest)
                return self._named(_Sum(ones, rest, made.bound))
            case ir.Not(body):
                return ir.neg(self.mapped(body, leaf))
            case ir.And(parts):
                return ir.conj([self.mapped(p, leaf) for p in parts])
            case ir.Or(parts):
                return ir.disj([self.mapped(p, leaf) for p in parts])
        return expr

    def readings(self, expr: ir.Expr) -> set[str]:
        found: set[str] = set()
        todo = [expr]
        while todo:
            here = todo.pop()
            if isinstance(here, ir.In) and here.machine.startswith(_SUM):
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
            *views, machine = reading.split(_SEPARATOR)
            found.add((views[0] if views else machine).split("[")[0])
        return found

    # -- deciding ------------------------------------------------------------------------------------------------------

    def initially(self, goal: ir.Expr) -> bool:
        """Does `goal` hold in the initial state? Counts of all others are all of them, or none."""
        start = self.mapped(goal, lambda at: ir.Const(self.initial[_machine(at)] in at.states))
        return self.solver.refuted([ir.neg(start)], []) is not None

    def refuted(self, assumed: list[ir.Expr], lemmas: list[Lemma], also: Lemma | None = None) -> tuple[str, ...] | None:
        """The lemmas that contradict `assumed`, or None; `also` is assumed like a lemma."""
        views = self._contexts(assumed)
        known = [*lemmas, also] if also else lemmas
        for lemma in known:
            for own in self.instances(lemma):
                for context in views:
                    self.solver.know(lemma, self.lemma(lemma, own, context))
        if not any(name.startswith(_SUM) for expr in assumed for name in ir.mentions(expr)):
            return self.solver.refuted(assumed, known)
        return self.solver.refuted(assumed, known, _Relations(self, lemmas, views))

    def lemma(self, lemma: Lemma, own: dict[str, Member], views: tuple[str, ...]) -> ir.Expr:
        key = (lemma.name, *own.values(), views)
        if key not in self._lemmas:
            self._lemmas[key] = self.tree(lemma.always, own, views)
        return self._lemmas[key]

    def _contexts(self, exprs: list[ir.Expr]) -> list[tuple[str, ...]]:
        """Every chain of views through which something is read, and its tails: a refresh makes one of the other."""
        found: dict[tuple[str, ...], None] = {(): None}
        for expr in exprs:
            for reading in sorted(self.readings(expr)):
                views = tuple(reading.split(_SEPARATOR)[:-1])
                found.update(dict.fromkeys(views[i:] for i in range(len(views) + 1)))
        return list(found)

    def instances(self, lemma: Lemma, extra: Iterable[Member] = ()) -> Iterator[dict[str, Member]]:
        pools = [
            [m for m in (*self.members, *extra) if m.type == p.type and p.cls in (None, m.cls)]
            for p in lemma.parameters
        ]
        for chosen in product(*pools):
            yield dict(zip((p.name for p in lemma.parameters), chosen, strict=True))


def _machine(reading: ir.In) -> str:
    """The machine that a reading is about, in the present or in a copy."""
    return reading.machine.split(_SEPARATOR)[-1]


def _generic(type_name: str, cls: str) -> Member:
    """Any member of the class that is not spelt out."""
    return Member(type_name, cls, -1)


def _renamed(env: Env) -> Env:
    """The same choice of members up to their names: members of a class are interchangeable."""
    new: dict[Member, Member] = {}
    for member in env.values():
        if isinstance(member, Member) and member not in new:
            new[member] = Member(
                member.type, member.cls, sum((m.type, m.cls) == (member.type, member.cls) for m in new)
            )
    return {name: new[value] if isinstance(value, Member) else value for name, value in env.items()}


def _is_generic(value: Member | int | None) -> bool:
    return isinstance(value, Member) and value.ordinal < 0


def _same_sum(a: _Sum, b: _Sum) -> bool:
    if a.ones != b.ones or a.rest != b.rest:
        return False
    return (
        bool(a.bound == b.bound) if _plain(a.bound, b.bound) else z3.eq(z3.IntVal(0) + a.bound, z3.IntVal(0) + b.bound)
    )


class _Solver:
    """Satisfiability for one choice of members. What is always so is asserted once; a question is pushed and popped.

    Numbers of all others are one unknown for each class and condition.
    """

    def __init__(self, trees: _Trees) -> None:
        self.trees = trees
        self.solver = z3.SimpleSolver()
        self.solver.set("timeout", _SOLVER_MS)
        self.solver.set("random_seed", 1)
        self.variables: dict[str, z3.ArithRef] = {}
        self.numbers: dict[tuple[tuple[str, str], ir.Expr], z3.ArithRef] = {}
        self.terms: dict[ir.Expr, z3.BoolRef] = {}
        self.known: set[tuple[str, ir.Expr]] = set()
        self.related: set[tuple[object, ...]] = set()
        self.model: dict[str, str] = {}
        self.seen: dict[tuple[str, ...], list[dict[str, str]]] = {}

    def know(self, lemma: Lemma, tree: ir.Expr) -> None:
        """A fact that holds where `lemma` is assumed."""
        if (lemma.name, tree) not in self.known:
            self.known.add((lemma.name, tree))
            self.always(z3.Implies(_use(lemma.name), self.term(tree)))

    def always(self, fact: z3.BoolRef) -> None:
        self.solver.add(fact)

    def refuted(
        self,
        assumed: list[ir.Expr],
        lemmas: list[Lemma],
        relations: _Relations | None = None,
        keep_model: bool = False,
    ) -> tuple[str, ...] | None:
        """The names of the lemmas that contradict `assumed`; None if satisfiable, or if the solver does not know."""
        terms = [self.term(expr) for expr in assumed]
        uses = [_use(lemma.name) for lemma in lemmas]
        while True:
            self.solver.push()
            self.solver.add(*terms, *self.trees.book.symbols.constraints.values())
            answer = self.solver.check(*uses)
            core = {c.decl().name() for c in self.solver.unsat_core()} if answer == z3.unsat else set()
            model = self.solver.model() if answer == z3.sat else None
            if keep_model:
                self.model = {} if model is None else self._states(model)
            self.solver.pop()
            if answer == z3.unsat:
                return tuple(lemma.name for lemma in lemmas if f"use {lemma.name}" in core)
            if model is None or relations is None or not relations.refine(self._numbers(model)):
                return None

    def _numbers(self, model: z3.ModelRef) -> dict[tuple[tuple[str, str], ir.Expr], int]:
        return {key: model.eval(number, model_completion=True).as_long() for key, number in list(self.numbers.items())}

    def _states(self, found: z3.ModelRef) -> dict[str, str]:
        """The state of every reading in a model."""
        states = {name: found.eval(variable, model_completion=True) for name, variable in self.variables.items()}
        return {n: self.trees.all_states[n.split(_SEPARATOR)[-1]][value.as_long()] for n, value in states.items()}

    def term(self, expr: ir.Expr) -> z3.BoolRef:
        if expr not in self.terms:
            self.terms[expr] = self._term(expr)
        return self.terms[expr]

    def _term(self, expr: ir.Expr) -> z3.BoolRef:
        match expr:
            case ir.Const(value):
                return z3.BoolVal(value)
            case ir.Not(body):
                return z3.Not(self.term(body))
            case ir.And(parts):
                return z3.And([self.term(p) for p in parts])
            case ir.Or(parts):
                return z3.Or([self.term(p) for p in parts])
            case ir.In(name, _):
                return self._sum(self.trees.sums[name]) if name.startswith(_SUM) else self._reading(expr)
        raise AssertionError(expr)

    def _reading(self, at: ir.In) -> z3.BoolRef:
        everything = self.trees.all_states[_machine(at)]
        if at.machine not in self.variables:
            self.variables[at.machine] = variable = z3.Int(at.machine)
            self.always(z3.And(variable >= 0, variable < len(everything)))
        variable = self.variables[at.machine]
        return z3.Or([variable == i for i, state in enumerate(everything) if state in at.states])

    def _sum(self, made: _Sum) -> z3.BoolRef:
        total: Any = z3.IntVal(0)
        for sign, one in made.ones:
            total = total + sign * z3.If(self.term(one), z3.IntVal(1), z3.IntVal(0))
        for sign, cls, each in made.rest:
            total = total + sign * self._number(cls, each)
        return total >= made.bound

    def _number(self, cls: tuple[str, str], each: ir.Expr) -> Any:
        if each == ir.TRUE:
            return self.others(cls)
        if each == ir.FALSE:
            return z3.IntVal(0)
        if (cls, each) not in self.numbers:
            self.numbers[cls, each] = number = z3.Int(f"number {cls} {len(self.numbers)}")
            self.always(z3.And(number >= 0, number <= self.others(cls)))
        return self.numbers[cls, each]

    def others(self, cls: tuple[str, str]) -> Any:
        """How many members of a class are not spelt out."""
        known = sum((m.type, m.cls) == cls for m in self.trees.members)
        total = self.trees.book.values.count(*cls) - known
        self.always(total >= 0 if not _plain(total) else z3.BoolVal(total >= 0))
        return total


@dataclass
class _Relations:
    """Orders the counts of a class: `each` implies `other` for a single member makes the first number at most the
    second.
    """

    trees: _Trees
    lemmas: list[Lemma]
    views: list[tuple[str, ...]]

    def refine(self, numbers: dict[tuple[tuple[str, str], ir.Expr], int]) -> bool:
        """Asserts relations between counts that these numbers break, and says whether there were any.

        Only what the numbers break is looked at: a model that breaks nothing needs no further relation.
        """
        refined = False
        for (cls, a), (other, b) in combinations(numbers, 2):
            if cls != other:
                continue
            x, y = self.trees.solver.numbers[cls, a], self.trees.solver.numbers[cls, b]
            p, q = numbers[cls, a], numbers[cls, b]
            if p > q:
                refined |= self._fact(cls, a, ir.neg(b), x <= y)
            if q > p:
                refined |= self._fact(cls, b, ir.neg(a), y <= x)
            if a == ir.neg(b) or b == ir.neg(a):
                refined |= self._fact(cls, a, b, x + y == self.trees.solver.others(cls))
        return refined

    def _fact(self, cls: tuple[str, str], a: ir.Expr, b: ir.Expr, fact: z3.BoolRef) -> bool:
        """Asserts `fact`, if no single member satisfies both `a` and `b`; True if that is new."""
        key = (cls, a, b, tuple(lemma.name for lemma in self.lemmas), tuple(self.views))
        if key in self.trees.solver.related:
            return False
        self.trees.solver.related.add(key)
        excluded = self.trees.book.excluded
        if key not in excluded or self._has_sum(a) or self._has_sum(b):
            excluded[key] = self._excluded(cls, a, b)
        used = excluded[key]
        if used is None:
            return False
        self.trees.solver.always(z3.Implies(z3.And([_use(name) for name in used]), fact))
        return True

    def _has_sum(self, expr: ir.Expr) -> bool:
        return any(name.startswith(_SUM) for name in ir.mentions(expr))

    def _excluded(self, cls: tuple[str, str], a: ir.Expr, b: ir.Expr) -> tuple[str, ...] | None:
        """The lemmas by which no single member satisfies both; None if one may. Members seen before are tried first."""
        trees, generic = self.trees, _generic(*cls)
        for lemma in self.lemmas:
            for own in trees.instances(lemma, [generic]):
                if len(own) == 1 and generic in own.values():
                    for context in self.views:
                        trees.solver.know(lemma, trees.lemma(lemma, own, context))
        seen = trees.solver.seen.setdefault(tuple(lemma.name for lemma in self.lemmas), [])
        if any(_satisfies(a, model) and _satisfies(b, model) for model in seen):
            return None
        found = trees.solver.refuted([a, b], self.lemmas, keep_model=True)
        if found is None and trees.solver.model:
            seen.append(trees.solver.model)
        return found


def _satisfies(expr: ir.Expr, model: dict[str, str]) -> bool:
    """Does `expr` hold in `model`? What the model says nothing of fails either way."""
    match expr:
        case ir.In(name, states):
            return model.get(name) in states
        case ir.Not(ir.In(name, states)):
            return name in model and model[name] not in states
        case ir.And(parts):
            return all(_satisfies(part, model) for part in parts)
        case ir.Or(parts):
            return any(_satisfies(part, model) for part in parts)
        case ir.Not(ir.And(parts)):
            return any(_satisfies(ir.neg(part), model) for part in parts)
        case ir.Not(ir.Or(parts)):
            return all(_satisfies(ir.neg(part), model) for part in parts)
    return False


def _use(lemma: str) -> z3.BoolRef:
    return z3.Bool(f"use {lemma}")
