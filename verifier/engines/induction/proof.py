"""Lemmas proven in order, and conditions that they settle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import copy
from itertools import product
from math import inf
from typing import Any, TypeAlias
from weakref import finalize

from verifier.engines.clock import Clock
from verifier.engines.induction.changes import Change, Refresh, firings
from verifier.engines.induction.choice import denied_by_choice
from verifier.engines.induction.symbols import Symbols, Unsupported
from verifier.engines.induction.trees import Trees
from verifier.engines.terms import Terms
from verifier.language.program import Boolean, Condition, Lemma, Parameter, Program, Quantified, SettingRead, Span
from verifier.records import dataclass
from verifier.system import ir
from verifier.system.lower import instance_name
from verifier.system.names import free_names
from verifier.system.run import Budget
from verifier.system.scope import THIS_TOPOLOGY, Scope
from verifier.system.values import Env, Member, Reads, Values

# Ordinals of members that are spelt out in a proof; any numbers, as long as they differ.
_FRESH = 100


Reading: TypeAlias = tuple[str, frozenset[str]]  # a machine family, and the states one of it is in


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
        sizes = program.sizes()
        given = Values(program)
        actual = tuple((path, given.evaluate(_read(path), {}, Reads())) for path in sizes)
        # The widest scope first: every size from 1 up, then one after the other from its actual value up. What holds
        # for every size holds in all of them.
        choices = sorted(product(*([1, value] for _, value in actual)), key=lambda c: sum(n > 1 for n in c))
        scopes = [Scope(tuple(zip(sizes, choice, strict=True))) for choice in choices]
        terms = Terms()
        self._freed = finalize(self, terms.close)
        self._freed.atexit = False
        self._books = [Book(program, scope, terms) for scope in dict.fromkeys([*scopes, THIS_TOPOLOGY])]
        self._tried = False
        self._untouched: Induction | None = None

    def settled(self, condition: Condition, env: Env) -> Settled | None:
        """The value of `condition` in every reachable state, if the lemmas decide it; None if they do not.

        What the narrowest scope does not settle no other one does. It is asked first only where that is likely: most of
        what holds at first is meant to stay so, and settled for the widest scope, which is the one that is wanted.
        """
        self._prove_all()
        if not self._books[-1].begins_with(condition, env) and self._books[-1].settled(condition, env) is None:
            return None
        for i, book in enumerate(self._books):
            found = book.settled(condition, env)
            if found is not None:
                return found
            if i == 0 and self._books[-1].settled(condition, env) is None:
                return None
        return None

    def implied(self, members: tuple[Member, ...], one: Reading, other: Reading) -> Settled | None:
        """Whether, for such members, a machine in some of its states is only found with another one in some of its."""
        self._prove_all()
        if self._books[-1].implied(members, one, other) is None:
            return None
        return next((known for book in self._books if (known := book.implied(members, one, other)) is not None), None)

    def unproven(self) -> list[Lemma]:
        """The lemmas that induction does not show, in order."""
        self._prove_all()
        narrowest = self._books[-1]
        return [lemma for lemma in self.program.lemmas if lemma not in (*narrowest.proven, *narrowest.of_the_first)]

    def follows(self, lemma: Lemma) -> Scope | None:
        """The widest scope for which a lemma follows from those that hold; None if it does not."""
        self._prove_all()
        if not self._books[-1].implies(lemma):
            return None
        return next(book.scope for book in self._books if book.implies(lemma))

    def apart(self) -> Induction:
        """One of its own that knows the same lemmas, and was asked nothing yet; what it accepts is its own."""
        if self._untouched is None:
            self._prove_all()
            self._untouched = self._anew()
            self._untouched._tried = True
            for book, mine in zip(self._untouched._books, self._books, strict=True):
                book.proven = list(mine.proven)
        other = copy(self._untouched)
        other._untouched = self._untouched  # whose terms they are
        other._books = [book.apart() for book in self._untouched._books]
        return other

    def _anew(self) -> Induction:
        return Induction(self.program)

    def accept(self, lemma: Lemma, scope: Scope) -> None:
        """Takes a lemma that was decided otherwise, for the sizes for which it was; one about the first member of a
        class for that one only."""
        self._prove_all()
        for book in self._books:
            if scope.covers(book.scope):
                book.accept(lemma, book.of_the_first if lemma.first else book.proven)

    def proven(self) -> dict[str, Scope]:
        """Every lemma that holds, with the widest scope it was shown for."""
        self._prove_all()
        books = reversed(self._books)
        return {lemma.name: book.scope for book in books for lemma in (*book.proven, *book.of_the_first)}

    def _prove_all(self) -> None:
        """Proves what it can, in order, once.

        What fails without a size in it fails for every scope. What fails for the actual sizes is not tried for those
        between.
        """
        if self._tried:
            return
        self._tried = True
        widest, *others = self._books
        for lemma in self.program.lemmas:
            asked = widest.symbols.asked
            if widest.proves(lemma):
                holds = self._books
            elif others and widest.symbols.asked > asked and others[-1].proves(lemma):
                holds = [*(book for book in others[:-1] if book.proves(lemma)), others[-1]]
            else:
                holds = []
            for book in holds:
                book.accept(lemma, book.proven)


class Book:
    """The lemmas proven for one scope."""

    def __init__(self, program: Program, scope: Scope, terms: Terms) -> None:
        self.program = program
        self.terms, self.clock = terms, Clock(inf, Budget().memory_mb)
        self.scope = scope
        self.symbols = Symbols(scope)
        self.values = Values(program, self.symbols)
        self.proven: list[Lemma] = []
        self.of_the_first: list[Lemma] = []
        self._trees: dict[tuple[Member, ...], Trees] = {}
        self.free: dict[int, tuple[list[str], Condition]] = {}  # with the condition, so that its id stays its own
        self.excluded: dict[tuple[object, ...], tuple[str, ...] | None] = {}
        self._memo: dict[tuple[object, ...], Settled | None] = {}
        self._implied: dict[tuple[tuple[Member, ...], Reading, Reading], Settled | None] = {}

    def trees(self, members: Iterable[Member]) -> Trees:
        key = tuple(dict.fromkeys(members))
        if key not in self._trees:
            self._trees[key] = Trees(self, list(key))
        return self._trees[key]

    def apart(self) -> Book:
        other = copy(self)
        other.proven, other.of_the_first = list(self.proven), list(self.of_the_first)
        other._memo, other._implied = dict(self._memo), dict(self._implied)
        return other

    def accept(self, lemma: Lemma, among: list[Lemma]) -> None:
        among.append(lemma)
        self._memo.clear()
        self._implied.clear()

    # -- questions -----------------------------------------------------------------------------------------------------

    def settled(self, condition: Condition, env: Env) -> Settled | None:
        relevant = _renamed({name: env[name] for name in sorted(free_names(condition)) if name in env})
        key = (id(condition), tuple(relevant.items()))
        if key not in self._memo:
            self._memo[key] = self._settle(condition, relevant)
        return self._memo[key]

    def implied(self, members: tuple[Member, ...], one: Reading, other: Reading) -> Settled | None:
        key = (members, one, other)
        if key not in self._implied:
            self._implied[key] = self._imply(*key)
        return self._implied[key]

    def _imply(self, members: tuple[Member, ...], one: Reading, other: Reading) -> Settled | None:
        trees = self.trees(members)
        readings = []
        for family, states in (one, other):
            machine = self.program.machines.get(family)
            if machine is None or any(len(arg) == 2 for f in machine.states for arg in f.args):
                return None
            readings.append(ir.In(trees.declare(machine, members), states))
        try:
            used = trees.refuted([readings[0], ir.neg(readings[1])], self.proven)
        except Unsupported:
            return None
        return None if used is None else Settled(True, self.scope, used)

    def begins_with(self, condition: Condition, env: Env) -> bool:
        """Does `condition` hold in the initial state, as far as that can be told?"""
        env = _renamed({name: env[name] for name in sorted(free_names(condition)) if name in env})
        trees = self.trees([m for m in env.values() if isinstance(m, Member)])
        try:
            return trees.initially(trees.tree(condition, env, ()))
        except Unsupported:
            return False

    def _settle(self, condition: Condition, env: Env) -> Settled | None:
        own = [m for m in env.values() if isinstance(m, Member)]
        trees = self.trees(own)
        used = None
        try:
            tree = trees.tree(condition, env, ())
            value = trees.initially(tree)
            used = trees.refuted([ir.neg(tree) if value else tree], self.proven)
        except Unsupported:
            value = False
        if used is None and not env and isinstance(condition, Quantified | Boolean):
            value, used = self._by_choice(condition)
        return None if used is None else Settled(value, self.scope, used)

    def _by_choice(self, condition: Condition) -> tuple[bool, tuple[str, ...] | None]:
        """`condition`, or else its negation, denied by choosing somebody."""
        for value in (False, True):
            denied = Boolean("not", (condition,), condition.span) if value else condition
            with suppress(Unsupported):
                used = denied_by_choice(self, denied)
                if used is not None:
                    return value, used
        return False, None

    # -- one lemma -----------------------------------------------------------------------------------------------------

    def proves(self, lemma: Lemma) -> bool:
        try:
            return all(self._holds_for(lemma, own) for own in self._assignments(lemma.parameters))
        except Unsupported:
            return False

    def implies(self, lemma: Lemma) -> bool:
        """Does it follow from the lemmas that hold?"""
        try:
            return all(self._implied_for(lemma, own) for own in self._assignments(lemma.parameters))
        except Unsupported:
            return False

    def _implied_for(self, lemma: Lemma, own: dict[str, Member]) -> bool:
        trees = self.trees(list(own.values()))
        return trees.refuted([ir.neg(trees.tree(lemma.always, own, ()))], self.proven) is not None

    def _holds_for(self, lemma: Lemma, own: dict[str, Member]) -> bool:
        """Implied by earlier lemmas, or kept by every step: by those of the lemma's members, and of one other."""
        if self._implied_for(lemma, own):
            return True
        mine = list(dict.fromkeys(own.values()))
        trees = self.trees(mine)
        goal = trees.tree(lemma.always, own, ())
        if not trees.initially(goal):
            return False
        return all(
            self._kept(lemma, own, [*mine, *extra], change) for extra, change in self._changes(goal, trees, mine)
        )

    def _kept(self, lemma: Lemma, own: Env, members: list[Member], change: Change) -> bool:
        trees = self.trees(members)
        before = trees.tree(lemma.always, own, ())
        if not change.may_touch(trees.readings(before)):
            return True
        after = trees.mapped(before, change.leaf(trees))
        if after == before:
            return True
        return trees.refuted([change.guard(trees), ir.neg(after)], self.proven, also=lemma) is not None

    def _changes(self, goal: ir.Expr, trees: Trees, mine: list[Member]) -> Iterator[tuple[list[Member], Change]]:
        """Every step and refresh that may touch what the goal reads, by members of the lemma and by one other each."""
        for family in sorted(trees.families(goal)):
            if family in self.program.machines:
                machine = self.program.machines[family]
                for bound in self._assignments(machine.parameters, tuple(mine)):
                    extra = list(bound.values())
                    for step in machine.steps:
                        for change in firings(self.values, machine, step, bound, [*mine, *extra]):
                            yield extra, change
            else:
                view = self.program.views[family]
                for bound in self._assignments(view.parameters, tuple(mine)):
                    yield list(bound.values()), Refresh(instance_name(family, bound.values()))

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


def _renamed(env: Env) -> Env:
    """The same choice of members up to their names: members of a class are interchangeable."""
    new: dict[Member, Member] = {}
    for member in env.values():
        if isinstance(member, Member) and member not in new:
            new[member] = Member(
                member.type, member.cls, sum((m.type, m.cls) == (member.type, member.cls) for m in new)
            )
    return {name: new[value] if isinstance(value, Member) else value for name, value in env.items()}


def _read(path: str) -> Any:
    return SettingRead(path, None, Span("", 0, 0, 0, 0))
